package gunicorn

import (
	"strconv"
	"strings"

	"nginx-lint/analyzer/source"
)

// A value is what a setting is given, with the place of each part.
type value struct {
	words []word
	known bool
	span  source.Span
}

type word struct {
	text string
	span source.Span
}

// A conf is a configuration file in Python, as far as its settings are literals.
type conf struct {
	values map[string]value
	// opaque is set where the file may set names that it does not write.
	opaque bool
}

// everything are words with which a module sets names that are not written.
var everything = map[string]bool{"exec": true, "eval": true, "globals": true, "locals": true, "vars": true, "setattr": true, "__dict__": true, "execfile": true}

// parsePython reads `NAME = literal` at the top of a module. A name that any other
// statement mentions is not known: it may be set or changed there.
func parsePython(f *source.File, settings map[string]bool) conf {
	c := conf{values: map[string]value{}}
	tokens, _, ok := tokenize(f)
	if !ok {
		c.opaque = true
		return c
	}
	for len(tokens) > 0 {
		n := 0
		for n < len(tokens) && tokens[n].kind != newline {
			n++
		}
		statement := tokens[:n]
		tokens = tokens[min(n+1, len(tokens)):]
		c.statement(statement, settings)
	}
	return c
}

func (c *conf) statement(tokens []token, settings map[string]bool) {
	if len(tokens) >= 3 && tokens[0].kind == name && tokens[0].column == 0 && tokens[1].text == "=" && settings[tokens[0].text] {
		if v, ok := literal(tokens[2:]); ok {
			if old, set := c.values[tokens[0].text]; !set || old.known {
				c.values[tokens[0].text] = v
			}
			return
		}
	}
	for i, t := range tokens {
		switch {
		case t.kind != name:
			c.opaque = c.opaque || t.text == "*" && i > 0 && tokens[i-1].text == "import"
		case everything[t.text]:
			c.opaque = true
		case settings[t.text]:
			c.values[t.text] = value{span: t.span}
		}
	}
}

// literal reads a number, a string, True, False, None, or a list or tuple of strings.
func literal(tokens []token) (value, bool) {
	v := value{known: true, span: source.Span{File: tokens[0].span.File, Start: tokens[0].span.Start, End: tokens[len(tokens)-1].span.End}}
	switch first := tokens[0]; {
	case len(tokens) == 1 && (first.kind == str || first.kind == number):
		v.words = []word{{first.text, first.span}}
		return v, true
	case len(tokens) == 1 && first.kind == name && (first.text == "None" || first.text == "True" || first.text == "False"):
		v.words = []word{{first.text, first.span}}
		return v, true
	case first.text != "[" && first.text != "(" || first.kind != operator:
		return v, false
	}
	closing := map[string]string{"[": "]", "(": ")"}[tokens[0].text]
	commas := 0
	for i, t := range tokens[1:] {
		switch last := i == len(tokens)-2; {
		case last && t.kind == operator && t.text == closing:
			// ("a") is no tuple but the string.
			return v, true
		case last:
			return v, false
		case i%2 == 0 && t.kind == str:
			v.words = append(v.words, word{t.text, t.span})
		case i%2 == 1 && t.kind == operator && t.text == ",":
			commas++
		default:
			return v, false
		}
	}
	return v, false
}

// The kinds of tokens.
const (
	name = iota + 1
	number
	str
	other // a string or number that is no plain literal
	operator
	newline
)

type token struct {
	kind   int
	text   string // of a string, its content
	span   source.Span
	column int
}

// Outline lists the comments of a file, and its statements, each a line with those
// that continue it.
func Outline(f *source.File) (comments, statements []source.Span) {
	tokens, comments, _ := tokenize(f)
	for i, t := range tokens {
		switch {
		case t.kind == newline:
		case i == 0 || tokens[i-1].kind == newline:
			statements = append(statements, t.span)
		default:
			statements[len(statements)-1].End = t.span.End
		}
	}
	return comments, statements
}

// tokenize splits Python into tokens, and the comments between them; ok is false
// where a string or bracket is not closed.
func tokenize(f *source.File) (tokens []token, comments []source.Span, ok bool) {
	text := strings.TrimPrefix(f.Text, "\ufeff")
	base := len(f.Text) - len(text)
	depth, lineStart := 0, 0
	add := func(kind, start, end int, content string) {
		tokens = append(tokens, token{kind, content, source.Span{File: f, Start: base + start, End: base + end}, start - lineStart})
	}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\n':
			if depth == 0 {
				add(newline, i, i+1, "")
			}
			i++
			lineStart = i
		case c == '\\' && (strings.HasPrefix(text[i+1:], "\n") || strings.HasPrefix(text[i+1:], "\r\n")):
			i += 1 + strings.IndexByte(text[i+1:], '\n') + 1
		case c == ' ' || c == '\t' || c == '\r' || c == '\f':
			i++
		case c == '#':
			start := i
			for i < len(text) && text[i] != '\n' {
				i++
			}
			comments = append(comments, source.Span{File: f, Start: base + start, End: base + start + len(strings.TrimSuffix(text[start:i], "\r"))})
		case c == ';' && depth == 0:
			add(newline, i, i+1, "")
			i++
			lineStart = i + len(text[i:]) - len(strings.TrimLeft(text[i:], " \t"))
		case isLetter(c):
			start := i
			for i < len(text) && (isLetter(text[i]) || isDigit(text[i])) {
				i++
			}
			word := text[start:i]
			if i < len(text) && (text[i] == '"' || text[i] == '\'') && len(word) <= 2 && strings.Trim(strings.ToLower(word), "rbuf") == "" {
				end, content, plain := stringAt(text, i)
				if end < 0 {
					return nil, comments, false
				}
				prefix := strings.ToLower(word)
				kind := other
				if prefix == "u" && plain || prefix == "r" {
					kind = str
				}
				add(kind, start, end, content)
				i = end
				continue
			}
			add(name, start, i, word)
		case isDigit(c):
			start := i
			for i < len(text) && (isLetter(text[i]) || isDigit(text[i]) || text[i] == '.') {
				i++
			}
			kind := other
			digits := strings.ReplaceAll(text[start:i], "_", "")
			if _, err := strconv.Atoi(digits); err == nil && (digits[0] != '0' || len(digits) == 1) {
				kind = number
			}
			add(kind, start, i, digits)
		case c == '"' || c == '\'':
			end, content, plain := stringAt(text, i)
			if end < 0 {
				return nil, comments, false
			}
			kind := other
			if plain {
				kind = str
			}
			add(kind, i, end, content)
			i = end
		default:
			switch c {
			case '(', '[', '{':
				depth++
			case ')', ']', '}':
				depth = max(depth-1, 0)
			}
			n := 1
			if strings.HasPrefix(text[i:], "==") || strings.HasPrefix(text[i:], "+=") || strings.HasPrefix(text[i:], "-=") || strings.HasPrefix(text[i:], "*=") || strings.HasPrefix(text[i:], "|=") {
				n = 2
			}
			add(operator, i, i+n, text[i:i+n])
			i += n
		}
	}
	return tokens, comments, depth == 0
}

// stringAt reads a string that starts with its quote; end is -1 where it has none.
// plain is false for one with escapes.
func stringAt(text string, i int) (end int, content string, plain bool) {
	quote := text[i : i+1]
	if strings.HasPrefix(text[i:], strings.Repeat(quote, 3)) {
		quote = strings.Repeat(quote, 3)
	}
	plain = true
	for at := i + len(quote); at < len(text); at++ {
		switch {
		case text[at] == '\\':
			plain = false
			at++
		case text[at] == '\n' && len(quote) == 1:
			return -1, "", false
		case strings.HasPrefix(text[at:], quote):
			return at + len(quote), text[i+len(quote) : at], plain
		}
	}
	return -1, "", false
}

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
