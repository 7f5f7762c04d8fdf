package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

const (
	// maxSettings is the largest settings file that is read, in bytes.
	maxSettings = 128 << 10
	// maxNesting is how deep brackets may be nested in one. The parser's time grows with the square of it.
	maxNesting = 100
)

// A decoder reads values out of a YAML file strictly, and collects all that is
// wrong with them. An empty value is as good as none.
type decoder struct {
	file     *source.File
	problems []diag.Finding
	// at is where each key is written that was read, by its path such as "nginx.version";
	// of those within lists the last.
	at    map[string]source.Span
	trail []string // the path that is being read
}

// within reads a value below a key.
func (d *decoder) within(e entry, read func(ast.Node)) {
	d.trail = append(d.trail, e.name)
	if d.at == nil {
		d.at = map[string]source.Span{}
	}
	d.at[strings.Join(d.trail, ".")] = e.at
	read(e.value)
	d.trail = d.trail[:len(d.trail)-1]
}

func (d *decoder) fail(at source.Span, summary, format string, args ...any) {
	d.problems = append(d.problems, diag.Finding{
		Rule: "settings", Severity: diag.Error, Summary: summary, Places: 1,
		Subject: diag.Label{Span: at, Text: fmt.Sprintf(format, args...)},
	})
}

// root is the top of the file's only document; nil where there is none, or it cannot be read.
func (d *decoder) root() ast.Node {
	text := strings.TrimPrefix(d.file.Text, bom)
	if at := tooDeep(text); at >= 0 {
		at += len(d.file.Text) - len(text)
		d.fail(source.Span{File: d.file, Start: at, End: at + 1}, "nested too deep", "more than %d brackets inside each other", maxNesting)
		return nil
	}
	parsed, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var at source.Span
		message := err.Error()
		if wrong, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			at, message = d.span(wrong.Token), wrong.Message
		}
		if at.IsZero() {
			at = source.Span{File: d.file}
		}
		d.fail(at, "no valid YAML", "%s", message)
		return nil
	}
	var root ast.Node
	for _, document := range parsed.Docs {
		switch {
		case document.Body == nil || document.Body.Type() == ast.NullType:
		case root != nil:
			d.fail(d.spanOf(document.Body), "more than one document", "only the first is read")
		default:
			root = document.Body
		}
	}
	return root
}

const bom = "\ufeff"

// tooDeep is the offset of the first bracket that is nested too deep, or -1.
func tooDeep(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '[', '{':
			if depth++; depth > maxNesting {
				return i
			}
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return -1
}

// spanOf is where a value is written, up to the end of its first line.
func (d *decoder) spanOf(n ast.Node) source.Span {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return d.spanOf(m.Values[0].Key)
	}
	return d.span(n.GetToken())
}

// span is where a token is written; the parser counts lines and runes from 1.
func (d *decoder) span(t *token.Token) source.Span {
	if t == nil || t.Position == nil {
		return source.Span{}
	}
	f := d.file
	start := f.LineStart(t.Position.Line)
	if t.Position.Line == 1 && strings.HasPrefix(f.Text, bom) {
		start += len(bom)
	}
	line := strings.TrimSuffix(f.LineText(f.Line(start)), "\r")
	lineEnd := f.LineStart(f.Line(start)) + len(line)
	for range t.Position.Column - 1 {
		if start >= lineEnd {
			break
		}
		_, size := utf8.DecodeRuneInString(f.Text[start:])
		start += size
	}
	rest := f.Text[start:max(lineEnd, start)]
	end := min(start+1, len(f.Text))
	switch {
	case t.Value != "" && strings.HasPrefix(rest, t.Value):
		end = start + len(t.Value)
	case rest != "" && (rest[0] == '"' || rest[0] == '\''):
		if i := strings.IndexByte(rest[1:], rest[0]); i >= 0 {
			end = start + i + 2
		} else {
			end = lineEnd
		}
	}
	return source.Span{File: f, Start: start, End: end}
}

// none reports whether there is no value.
func none(n ast.Node) bool { return n == nil || n.Type() == ast.NullType }

// kindOf names what a value is.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "an anchor, an alias or a tag, which are not read here"
	case *ast.LiteralNode:
		return "a block of lines"
	case *ast.BoolNode:
		return "a boolean"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.InfinityNode, *ast.NanNode:
		return "not a finite number"
	}
	return "a text"
}

func (d *decoder) wrong(n ast.Node, want string) {
	d.fail(d.spanOf(n), "wrong type", "this is %s; want %s", kindOf(n), want)
}

// An entry is one key of a mapping with its value.
type entry struct {
	name  string
	at    source.Span
	value ast.Node
}

// entries are the keys of a mapping, each once.
func (d *decoder) entries(n ast.Node) []entry {
	if none(n) {
		return nil
	}
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		d.wrong(n, "a mapping (KEY: VALUE)")
		return nil
	}
	var all []entry
	for _, v := range mapping.Values {
		e := entry{v.Key.GetToken().Value, d.spanOf(v.Key), v.Value}
		if i := slices.IndexFunc(all, func(o entry) bool { return o.name == e.name }); i >= 0 {
			d.fail(e.at, "a key twice", "%s is set in line %d already", e.name, all[i].at.Line())
			continue
		}
		all = append(all, e)
	}
	return all
}

// keys reads a mapping of known keys.
func (d *decoder) keys(n ast.Node, known map[string]func(ast.Node)) {
	for _, e := range d.entries(n) {
		read, ok := known[e.name]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			hint := didYouMean(e.name, names)
			if hint == "" {
				hint = ": the keys here are " + strings.Join(names, ", ")
			}
			d.fail(e.at, "unknown key", "there is no key %q%s", e.name, hint)
			continue
		}
		if !none(e.value) {
			d.within(e, read)
		}
	}
}

// list reads a list.
func (d *decoder) list(n ast.Node, each func(ast.Node)) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrong(n, "a list ([…] or lines with a dash)")
		return
	}
	for _, v := range sequence.Values {
		if none(v) {
			d.fail(d.spanOf(v), "an empty entry", "there is nothing in this entry of the list")
			continue
		}
		each(v)
	}
}

// text reads a value that is not empty; a number is the text that is written.
func (d *decoder) text(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		if v.Value == "" {
			d.fail(d.spanOf(n), "an empty value", "there is nothing between the quotes")
		}
		return v.Value, v.Value != ""
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	d.wrong(n, "a text")
	return "", false
}

// texts reads a list of texts, each with its place.
func (d *decoder) texts(n ast.Node, each func(text string, at source.Span)) {
	d.list(n, func(v ast.Node) {
		if s, ok := d.text(v); ok {
			each(s, d.spanOf(v))
		}
	})
}

// choice reads one of several words.
func (d *decoder) choice(n ast.Node, words ...string) (string, bool) {
	word, ok := d.text(n)
	if ok && !slices.Contains(words, word) {
		d.fail(d.spanOf(n), "unknown value", "%q is not one of %s%s", word, strings.Join(words, ", "), didYouMean(word, words))
		return "", false
	}
	return word, ok
}

// into reads a text to where it is wanted.
func (d *decoder) into(to *string) func(ast.Node) {
	return func(n ast.Node) { *to, _ = d.text(n) }
}

// boolean reads true or false.
func (d *decoder) boolean(to *bool) func(ast.Node) {
	return func(n ast.Node) {
		v, ok := n.(*ast.BoolNode)
		if !ok {
			d.wrong(n, "true or false")
			return
		}
		*to = v.Value
	}
}
