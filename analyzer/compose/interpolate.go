package compose

import (
	"strings"

	"nginx-lint/analyzer/source"
)

// A Value is a text of a compose file or Dockerfile with its variables filled in.
type Value struct {
	Text string
	// Span is where it is written; zero where it is not.
	Span source.Span
	// Known is false where a variable in it has no value that is to be seen.
	Known bool
	// Variable is set where a variable of the environment stands in it: what runs
	// compose may give it another value than the one that is to be seen.
	Variable bool
}

// Literal reports whether the text is what compose will see, whatever its environment.
func (v Value) Literal() bool { return v.Known && !v.Variable }

// variables gives the values of variables.
type variables interface {
	// lookup is the value of a variable; set is false where it has none, known
	// is false where that cannot be told.
	lookup(name string) (text string, set, known bool)
}

// maxValue bounds how long a text may get by its variables, in bytes.
const maxValue = 64 << 10

// interpolate fills in the variables of a text as compose does: `$NAME`, `${NAME}`,
// `${NAME:-default}`, `${NAME-default}`, `${NAME:+other}`, `${NAME:?message}`; `$$` is a dollar.
func interpolate(text string, vars variables) Value {
	v := Value{Known: true}
	var b strings.Builder
	v.interpolate(&b, text, vars, 0)
	v.Text = b.String()
	return v
}

func (v *Value) interpolate(b *strings.Builder, text string, vars variables, depth int) {
	for text != "" && b.Len() < maxValue {
		i := strings.IndexByte(text, '$')
		if i < 0 || i == len(text)-1 {
			b.WriteString(text)
			return
		}
		b.WriteString(text[:i])
		text = text[i+1:]
		switch text[0] {
		case '$':
			b.WriteByte('$')
			text = text[1:]
		case '{':
			end := closing(text)
			if end < 0 || depth > 20 {
				v.Known = false
				return
			}
			v.braced(b, text[1:end], vars, depth)
			text = text[end+1:]
		default:
			n := nameLen(text)
			if n == 0 {
				v.Known = false // compose refuses it
				b.WriteByte('$')
				continue
			}
			v.put(b, text[:n], vars)
			text = text[n:]
		}
	}
	if text != "" {
		v.Known = false
	}
}

// put writes the value of a variable without a default.
func (v *Value) put(b *strings.Builder, name string, vars variables) {
	v.Variable = true
	value, set, known := vars.lookup(name)
	if !set || !known {
		v.Known = false
		return
	}
	b.WriteString(value)
}

// braced writes what stands between braces.
func (v *Value) braced(b *strings.Builder, text string, vars variables, depth int) {
	n := nameLen(text)
	name, rest := text[:n], text[n:]
	if n == 0 {
		v.Known = false
		return
	}
	if rest == "" {
		v.put(b, name, vars)
		return
	}
	v.Variable = true
	value, set, known := vars.lookup(name)
	if strings.HasPrefix(rest, ":") {
		rest = rest[1:]
		set = set && value != ""
	}
	if rest == "" {
		v.Known = false
		return
	}
	operator, other := rest[0], rest[1:]
	switch {
	case !known:
		v.Known = false
	case operator == '-' && !set, operator == '+' && set:
		v.interpolate(b, other, vars, depth+1)
	case operator == '-', operator == '?' && set:
		b.WriteString(value)
	case operator == '+':
	default:
		v.Known = false
	}
}

// closing is the offset of the brace that closes the one at the start of a text, or -1.
func closing(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// nameLen is the length of the variable's name that a text begins with.
func nameLen(text string) int {
	for i := range len(text) {
		c := text[i]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(text)
}

// An Env is what .env files say.
type Env struct {
	values map[string]string
	// open is set where a file that may say more could not be read.
	open bool
}

func (e *Env) lookup(name string) (text string, set, known bool) {
	text, set = e.values[name]
	return text, set, set || !e.open
}

// readEnv adds the variables of a .env file. The later of two values wins.
func (e *Env) readEnv(f *source.File) {
	if len(f.Text) > maxFile {
		e.open = true
		return
	}
	for line := range strings.Lines(strings.TrimPrefix(f.Text, bom)) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "export "))
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || name[0] == '#' || nameLen(name) != len(name) {
			continue
		}
		value = strings.TrimSpace(value)
		switch {
		case len(value) > 1 && (value[0] == '"' || value[0] == '\''):
			end := strings.IndexByte(value[1:], value[0])
			if end < 0 || strings.Contains(value, "\\") {
				delete(e.values, name) // goes on on the next line, or has escapes
				e.open = true
				continue
			}
			quoted := value[0] == '\''
			if value = value[1 : end+1]; quoted {
				e.values[name] = value
				continue
			}
		default:
			if i := strings.Index(value, " #"); i >= 0 {
				value = strings.TrimSpace(value[:i])
			}
			if strings.HasPrefix(value, "#") {
				value = ""
			}
		}
		if v := interpolate(value, e); v.Known {
			e.values[name] = v.Text
		} else {
			delete(e.values, name)
			e.open = true
		}
	}
}
