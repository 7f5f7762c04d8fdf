// Package keyfile reads files of sections and `key = value` lines, as systemd,
// supervisord and uWSGI write them, with the place of each value. The three agree on
// the form and differ in comments, in what continues a line and in what a second
// line for the same key means: the last is for their own packages.
package keyfile

import (
	"strings"

	"nginx-lint/analyzer/source"
)

// A Dialect is how a program reads such files.
type Dialect uint8

// The dialects.
const (
	// Systemd continues a line that ends in a backslash, also over lines of comments.
	Systemd Dialect = iota
	// Supervisord continues a value on lines that are indented, and takes a `;` or `#`
	// after a blank for a comment (Python's configparser, with its own prefixes).
	Supervisord
	// UWSGI has comments on lines of their own only, and no continuation (measured on uWSGI 2.0.21).
	UWSGI
)

// A Line is one key with its value.
type Line struct {
	// Section is the name in brackets above; "" before the first.
	Section string
	Key     string
	// Value is what is written, without the blanks around it. Where it goes over
	// several lines, these are joined by a blank.
	Value string
	// Span is the value in the file, as it is written there.
	Span source.Span
	// NoValue is set for a line without `=`.
	NoValue bool
}

// Parse lists the lines of a file in order.
func Parse(f *source.File, d Dialect) []Line {
	lines, _ := parse(f, d)
	return lines
}

// parse lists the lines of a file, and the heads of its sections.
func parse(f *source.File, d Dialect) (lines []Line, heads []source.Span) {
	section := ""
	text := f.Text
	for at := 0; at < len(text); {
		start, end := at, lineEnd(text, at)
		at = end + 1
		line := strings.TrimRight(text[start:end], " \t\r")
		trimmed := strings.TrimLeft(line, " \t")
		if d == Supervisord {
			trimmed = strings.TrimRight(withoutComment(trimmed), " \t")
		}
		switch {
		case trimmed == "" || trimmed[0] == ';' || trimmed[0] == '#':
			continue
		case trimmed[0] == '[' && strings.HasSuffix(trimmed, "]"):
			section = trimmed[1 : len(trimmed)-1]
			heads = append(heads, source.Span{File: f, Start: start, End: end})
			continue
		}
		for continues(text, at, line, d) {
			next := lineEnd(text, at)
			line, at = strings.TrimRight(text[at:next], " \t\r"), next+1
			end = next
		}
		key, _, found := strings.Cut(text[start:end], "=")
		l := Line{Section: section, Key: strings.TrimSpace(key), NoValue: !found}
		from := min(start+len(key)+1, end)
		if d == Supervisord {
			end = from + len(withoutComment(text[from:end]))
		}
		for from < end && isBlank(text[from]) {
			from++
		}
		for end > from && isBlank(text[end-1]) {
			end--
		}
		l.Span = source.Span{File: f, Start: from, End: end}
		l.Value = joined(text[from:end], d)
		lines = append(lines, l)
	}
	return lines, heads
}

func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(text)
}

// continues reports whether what stands at a place belongs to the line before it.
func continues(text string, at int, line string, d Dialect) bool {
	if at >= len(text) {
		return false
	}
	switch d {
	case Systemd:
		trimmed := strings.TrimLeft(line, " \t")
		return strings.HasSuffix(line, `\`) || isComment(trimmed)
	case Supervisord:
		next := text[at:lineEnd(text, at)]
		return (next[:min(len(next), 1)] == " " || next[:min(len(next), 1)] == "\t") && strings.TrimSpace(next) != ""
	case UWSGI:
	}
	return false
}

func isComment(line string) bool { return line != "" && (line[0] == '#' || line[0] == ';') }

// withoutComment is a value up to a comment after a blank.
func withoutComment(value string) string {
	for i := 1; i < len(value); i++ {
		if (value[i] == ';' || value[i] == '#') && isBlank(value[i-1]) {
			return value[:i]
		}
	}
	return value
}

// joined is a value with its lines joined.
func joined(value string, d Dialect) string {
	if !strings.Contains(value, "\n") {
		return value
	}
	var parts []string
	for line := range strings.SplitSeq(value, "\n") {
		line = strings.TrimSpace(line)
		if d == Systemd {
			if isComment(line) {
				continue
			}
			line = strings.TrimSpace(strings.TrimSuffix(line, `\`))
		}
		parts = append(parts, line)
	}
	return strings.Join(parts, " ")
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// A Word is one word of a command.
type Word struct {
	Text string
	Span source.Span
	// Known is false where the program that starts the command puts something in:
	// variables, specifiers, escapes.
	Known bool
}

// Words splits a command that stands in a file as the dialect's program does. Lines
// that are continued and the comments between them are blanks. ok is false where a
// quote is not closed.
func Words(at source.Span, d Dialect) (words []Word, ok bool) {
	text := at.Text()
	for i := 0; ; {
		if i = skipBlanks(text, i, d); i >= len(text) {
			return words, true
		}
		start := i
		var b strings.Builder
		known := true
		for i < len(text) && !isBlank(text[i]) && !continued(text, i) {
			if n := templatePart(text[i:]); n > 0 {
				known = false
				b.WriteString(text[i : i+n])
				i += n
				continue
			}
			switch c := text[i]; c {
			case '"', '\'':
				closing := strings.IndexByte(text[i+1:], c)
				if closing < 0 {
					return words, false
				}
				inner := text[i+1 : i+1+closing]
				known = known && !strings.Contains(inner, `\`)
				b.WriteString(inner)
				i += closing + 2
			default:
				known = known && c != '\\'
				b.WriteByte(c)
				i++
			}
		}
		w := Word{Text: b.String(), Span: source.Span{File: at.File, Start: at.Start + start, End: at.Start + i}, Known: known}
		if d == Systemd {
			w.Known = w.Known && !strings.Contains(w.Text, "$")
		}
		if strings.Contains(w.Text, "%") || strings.Contains(w.Text, "{{") { // a specifier, %(name)s, a part of a template
			w.Known = false
		}
		words = append(words, w)
	}
}

// templatePart is the length of the `{{ … }}` that a text begins with: its blanks
// split no words. 0 where there is none.
func templatePart(text string) int {
	end := strings.Index(text, "}}")
	if end < 0 || !strings.HasPrefix(text, "{{") {
		return 0
	}
	return end + len("}}")
}

// continued reports whether a backslash ends the line.
func continued(text string, i int) bool {
	if text[i] != '\\' {
		return false
	}
	i++
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i < len(text) && text[i] == '\n'
}

func skipBlanks(text string, i int, d Dialect) int {
	for i < len(text) {
		switch {
		case isBlank(text[i]):
			i++
		case continued(text, i):
			i = lineEnd(text, i) + 1
		case d == Systemd && isComment(text[i:]) && strings.TrimSpace(text[strings.LastIndexByte(text[:i], '\n')+1:i]) == "" && strings.Contains(text[:i], "\n"):
			i = lineEnd(text, i)
		default:
			return i
		}
	}
	return i
}
