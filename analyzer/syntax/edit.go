package syntax

import (
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// SetArg gives the i-th argument (from 0) a value, which is written so that
// nginx reads exactly it: in the quotes that are there, or in new ones where it
// needs them. Where there is no i-th argument it is added after the last word.
func (t *Tree) SetArg(d ID, i int, value string) diag.Edit {
	span, quote := t.ArgSpan(d, i), byte(0)
	switch {
	case span.IsZero():
		span = t.HeadSpan(d)
		span.Start = span.End
	case t.Quoted(d, i):
		quote = span.Text()[0]
	}
	if quote == 0 && strings.HasSuffix(value, "$") && strings.HasPrefix(t.File.Text[span.End:], "{") {
		quote = '"' // or the brace would be part of the word
	}
	word := quoteWord(value, quote)
	// Only a `)` may touch the word before.
	if w, ok := t.arg(d, i); !ok || int(t.words[w-1].end) == span.Start && word[0] != ')' {
		word = " " + word
	}
	return diag.Edit{Span: span, NewText: word}
}

// quoteWord writes a word so that nginx reads it as value. With quote 0 it is
// quoted only where it must be.
func quoteWord(value string, quote byte) string {
	if quote == 0 {
		if isPlainWord(value) {
			return escapeWord(value, 0)
		}
		quote = '"'
		if strings.Contains(value, `"`) && !strings.Contains(value, "'") {
			quote = '\''
		}
	}
	return string(quote) + escapeWord(value, quote) + string(quote)
}

// isPlainWord reports whether nginx reads the value as one word without quotes.
func isPlainWord(value string) bool {
	if value == "" || strings.ContainsAny(value, " \t\r\n;") || strings.ContainsAny(value[:1], `"'#}`) {
		return false
	}
	// A `{` is part of a word only in `${`, and a backslash may undo the `$`.
	return strings.Count(value, "{") == strings.Count(value, "${") && !strings.Contains(value, `\$`)
}

// escapeWord puts a backslash before the quote, and before a backslash that
// nginx would not keep.
func escapeWord(value string, quote byte) string {
	if strings.IndexByte(value, '\\') < 0 && (quote == 0 || strings.IndexByte(value, quote) < 0) {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		switch c := value[i]; {
		case c == '\\' && (i+1 == len(value) || escapes[value[i+1]] != 0), quote != 0 && c == quote:
			b.WriteString(`\`)
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// Delete removes a directive: with its lines, and a comment that follows it on
// the last, where nothing else stands on them; else with the blanks beside it.
func (t *Tree) Delete(d ID) diag.Edit {
	text := t.File.Text
	span := t.Span(d)
	if start, end, alone := t.aloneOnLine(span.Start, t.commentEnd(span.End)); alone {
		return diag.Edit{Span: source.Span{File: t.File, Start: start, End: end}}
	}
	for span.End < len(text) && isBlank(text[span.End]) {
		span.End++
	}
	if span.End == len(text) || text[span.End] == '\n' || text[span.End] == '\r' {
		for span.Start > 0 && isBlank(text[span.Start-1]) {
			span.Start--
		}
	}
	return diag.Edit{Span: span}
}

// InsertInto adds a line such as "fastcgi_read_timeout 91s;" to a block, or to
// the file where block is Root: after one of its directives, or at its start
// where after is None. It stands on a line of its own, indented like its
// neighbours and ended like the other lines, except in a block on one line.
func (t *Tree) InsertInto(block, after ID, line string) diag.Edit {
	if block == Root && after == None {
		return t.insert(0, line+t.newline())
	}
	var at int
	if after == None {
		at = int(t.nodes[block].open) + 1
	} else {
		at = int(t.nodes[after].end)
	}
	text := t.File.Text
	eol := t.lineEnd(at)
	if strings.Trim(text[t.commentEnd(at):eol], " \t\r") != "" {
		// Something else follows on the line.
		if !isBlank(text[at]) {
			line += " "
		}
		return t.insert(at, " "+line)
	}
	if eol > at && text[eol-1] == '\r' {
		eol--
	}
	return t.insert(eol, t.newline()+t.childIndent(block, after)+line)
}

func (t *Tree) insert(at int, text string) diag.Edit {
	return diag.Edit{Span: source.Span{File: t.File, Start: at, End: at}, NewText: text}
}

// commentEnd is the end of the comment that follows an offset on its line; the offset itself without one.
func (t *Tree) commentEnd(offset int) int {
	comments := t.commentsFrom(int32(offset)) //nolint:gosec // within maxText
	if len(comments) == 0 || strings.Trim(t.File.Text[offset:comments[0].start], " \t") != "" {
		return offset
	}
	return int(comments[0].end)
}

// newline is how the lines of the file end, as the first one tells.
func (t *Tree) newline() string {
	if eol := t.lineEnd(0); eol > 0 && eol < len(t.File.Text) && t.File.Text[eol-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// childIndent is what a line of its own begins with in a block: what the
// directive before it does, or the block's first child, or else the block's own
// indentation and one step more.
func (t *Tree) childIndent(block, after ID) string {
	for _, d := range []ID{after, t.FirstChild(block)} {
		if d == None {
			continue
		}
		if blanks, first := t.blanks(d); first {
			return blanks
		}
	}
	if block == Root {
		return ""
	}
	blanks, _ := t.blanks(block)
	return blanks + t.indentStep()
}

// blanks are what the line begins with that a directive's name stands on; first
// reports whether the name follows them.
func (t *Tree) blanks(d ID) (blanks string, first bool) {
	start := int(t.start(d))
	line := t.File.Text[t.File.LineStart(t.File.Line(start)):start]
	blanks = line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	return blanks, blanks == line
}

// indentStep is how much deeper the file indents the content of a block, as
// the first block tells whose content is on lines of its own.
func (t *Tree) indentStep() string {
	t.indentOnce.Do(func() { t.indent = t.findIndent() })
	return t.indent
}

func (t *Tree) findIndent() string {
	for d := Root + 1; int(d) < len(t.nodes); d++ {
		child := t.FirstChild(d)
		if child == None {
			continue
		}
		outer, _ := t.blanks(d)
		inner, first := t.blanks(child)
		if step, deeper := strings.CutPrefix(inner, outer); first && deeper && step != "" {
			return step
		}
	}
	return "    "
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// aloneOnLine returns the lines of the range from start to end with the last
// one's end; alone reports whether nothing else stands on them.
func (t *Tree) aloneOnLine(start, end int) (from, to int, alone bool) {
	text := t.File.Text
	from, to = t.File.LineStart(t.File.Line(start)), t.lineEnd(end)
	alone = strings.Trim(text[from:start], " \t\r") == "" && strings.Trim(text[end:to], " \t\r") == ""
	return from, min(to+1, len(text)), alone
}

// lineEnd is where the line of an offset ends, before its LF.
func (t *Tree) lineEnd(offset int) int {
	next := t.File.LineStart(t.File.Line(offset) + 1)
	if next > offset && t.File.Text[next-1] == '\n' {
		return next - 1
	}
	return len(t.File.Text)
}
