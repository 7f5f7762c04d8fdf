package compose

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	v3 "go.yaml.in/yaml/v3"

	"nginx-lint/analyzer/source"
)

// Limits on one YAML file. The parser takes time and memory that grow with the
// square of the number of keys in a mapping and of the depth (measured: 20,000 keys take 1.3 s).
const (
	maxFile   = 1 << 20 // bytes
	maxMarks  = 30_000  // bytes that YAML's structure is written with
	maxIndent = 200     // columns
	maxOpen   = 100     // brackets inside each other
)

type kind uint8

const (
	null kind = iota
	scalar
	list
	mapping
)

// A node is one YAML value. Aliases share the node of their anchor, so that a
// file that repeats itself without end takes no more memory than its text.
type node struct {
	kind  kind
	text  string // of a scalar
	span  source.Span
	tag   string  // "!reset", "!override"; others are left out
	items []*node // of a list, or the values of a mapping
	keys  []*node // of a mapping
}

// get is the value of a key; nil where there is none.
func (n *node) get(key string) *node {
	if n == nil || n.kind != mapping {
		return nil
	}
	for i, k := range n.keys {
		if k.text == key {
			return n.items[i]
		}
	}
	return nil
}

// parseYAML reads the documents of a file.
func parseYAML(f *source.File) (docs []*node, problem *Problem) {
	text := strings.TrimPrefix(f.Text, bom)
	if at := tooMuch(text); at >= 0 {
		at += len(f.Text) - len(text)
		return nil, &Problem{Span: source.Span{File: f, Start: at, End: at + 1}, Text: "too long or nested too deep to be read", Limit: true}
	}
	defer func() {
		if r := recover(); r != nil { // of the parser, at texts that are no YAML
			docs, problem = nil, &Problem{Span: source.Span{File: f}, Text: fmt.Sprint("no valid YAML: ", r)}
		}
		if problem != nil {
			problem.Refused = refused(text)
		}
	}()
	parsed, err := parser.ParseBytes([]byte(withoutCR(text)), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		p := &Problem{Span: source.Span{File: f}, Text: "no valid YAML"}
		if wrong, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			p.Text = wrong.Message
			if at := spanOf(f, wrong.Token); !at.IsZero() {
				p.Span = at
			}
		}
		return nil, p
	}
	for _, d := range parsed.Docs {
		c := converter{file: f, anchors: map[string]*node{}}
		if n := c.node(d.Body); n != nil && n.kind != null {
			docs = append(docs, n)
		}
	}
	return docs, nil
}

// withoutCR is a text with the same lines and columns for the parser, which counts
// the end of a line with CR twice after a comment.
func withoutCR(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// refused is what the parser that compose itself uses says of a text; "" where it takes it.
func refused(text string) string {
	decoder := v3.NewDecoder(strings.NewReader(text))
	for {
		var n v3.Node
		switch err := decoder.Decode(&n); {
		case errors.Is(err, io.EOF):
			return ""
		case err != nil:
			return err.Error()
		}
	}
}

const bom = "\ufeff"

// tooMuch is the offset at which a text goes beyond the limits, or -1.
func tooMuch(text string) int {
	if len(text) > maxFile {
		return maxFile
	}
	marks, open, indent, start := 0, 0, 0, true
	for i := range len(text) {
		c := text[i]
		switch c {
		case '\n':
			start, indent = true, 0
		case ' ', '-', '?', '\t':
			if start {
				indent++
			}
		default:
			start = false
		}
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open = max(open-1, 0)
		}
		if strings.IndexByte("\n:,-?[]{}&*!|>#", c) >= 0 {
			marks++
		}
		if marks > maxMarks || open > maxOpen || indent > maxIndent {
			return i
		}
	}
	return -1
}

// A converter makes nodes of what the parser reads.
type converter struct {
	file    *source.File
	anchors map[string]*node
	merged  int // entries that merge keys have brought
}

// maxMerged bounds what merge keys bring into the mappings of a file.
const maxMerged = 100_000

func (c *converter) node(n ast.Node) *node {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		var at source.Span
		if n != nil {
			at = spanOf(c.file, n.GetToken())
		}
		return &node{kind: null, span: at}
	case *ast.AnchorNode:
		name := n.Name.GetToken().Value
		c.anchors[name] = nil // it cannot hold itself
		v := c.node(n.Value)
		c.anchors[name] = v
		return v
	case *ast.AliasNode:
		if v := c.anchors[n.Value.GetToken().Value]; v != nil {
			return v
		}
		return &node{kind: null, span: spanOf(c.file, n.GetToken())}
	case *ast.TagNode:
		v := c.node(n.Value)
		if tag := n.Start.Value; tag == "!reset" || tag == "!override" {
			copied := *v
			copied.tag = tag
			return &copied
		}
		return v
	case *ast.MappingValueNode:
		m := &node{kind: mapping}
		c.entry(m, n)
		m.span = spanOf(c.file, n.Key.GetToken())
		return m
	case *ast.MappingNode:
		m := &node{kind: mapping, span: spanOf(c.file, n.GetToken())}
		for i, v := range n.Values {
			if i == 0 && !n.IsFlowStyle {
				m.span = spanOf(c.file, v.Key.GetToken())
			}
			c.entry(m, v)
		}
		return m
	case *ast.SequenceNode:
		l := &node{kind: list, span: spanOf(c.file, n.GetToken())}
		for _, v := range n.Values {
			l.items = append(l.items, c.node(v))
		}
		return l
	case *ast.LiteralNode:
		return &node{kind: scalar, text: n.Value.Value, span: spanOf(c.file, n.GetToken())}
	}
	t := n.GetToken()
	if t == nil {
		return &node{kind: null}
	}
	return &node{kind: scalar, text: t.Value, span: spanOf(c.file, t)}
}

// entry adds a key; what stands in the mapping itself goes before what a merge key brings.
func (c *converter) entry(m *node, v *ast.MappingValueNode) {
	value := c.node(v.Value)
	if _, merge := v.Key.(*ast.MergeKeyNode); !merge {
		key := &node{kind: scalar, text: v.Key.GetToken().Value, span: spanOf(c.file, v.Key.GetToken())}
		if k, ok := v.Key.(*ast.MappingKeyNode); ok {
			key = c.node(k.Value)
		}
		for i, k := range m.keys {
			if k.text == key.text {
				m.keys[i], m.items[i] = key, value
				return
			}
		}
		m.keys, m.items = append(m.keys, key), append(m.items, value)
		return
	}
	from := []*node{value}
	if value.kind == list {
		from = value.items
	}
	have := make(map[string]bool, len(m.keys))
	for _, k := range m.keys {
		have[k.text] = true
	}
	for _, f := range from {
		if f.kind != mapping {
			continue
		}
		for i, k := range f.keys {
			if have[k.text] || c.merged >= maxMerged {
				continue
			}
			have[k.text] = true
			c.merged++
			m.keys, m.items = append(m.keys, k), append(m.items, f.items[i])
		}
	}
}

// spanOf is where a token is written, within its line; the parser counts lines and runes from 1.
func spanOf(f *source.File, t *token.Token) source.Span {
	if t == nil || t.Position == nil {
		return source.Span{}
	}
	start := f.LineStart(t.Position.Line)
	if t.Position.Line == 1 && strings.HasPrefix(f.Text, bom) {
		start += len(bom)
	}
	end := start + len(strings.TrimRight(f.Text[start:f.LineStart(f.Line(start)+1)], "\r\n"))
	for range t.Position.Column - 1 {
		if start >= end {
			break
		}
		_, size := utf8.DecodeRuneInString(f.Text[start:])
		start += size
	}
	start = min(start, end)
	rest := f.Text[start:end]
	switch {
	case t.Value != "" && strings.HasPrefix(rest, t.Value):
		end = start + len(t.Value)
	case rest != "" && (rest[0] == '"' || rest[0] == '\''):
		if i := strings.IndexByte(rest[1:], rest[0]); i >= 0 {
			end = start + i + 2
		}
	}
	return source.Span{File: f, Start: start, End: end}
}
