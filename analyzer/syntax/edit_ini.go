package syntax

import (
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// InsertAfterLine inserts lines behind the line that a span ends on, with that
// line's indentation and line ending. It serves INI files, where a line is a statement.
func InsertAfterLine(at source.Span, lines ...string) diag.Edit {
	f := at.File
	line := f.Line(max(at.End-1, at.Start))
	start, end := f.LineStart(line), f.LineStart(line+1)
	text := f.Text[start:end]
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	newline := "\n"
	if strings.HasSuffix(text, "\r\n") {
		newline = "\r\n"
	}
	var b strings.Builder
	if !strings.HasSuffix(text, "\n") {
		b.WriteString(newline) // the last line of a file that lacks its line end
	}
	for i, l := range lines {
		b.WriteString(indent + l)
		if i < len(lines)-1 || strings.HasSuffix(text, "\n") {
			b.WriteString(newline)
		}
	}
	return diag.Edit{Span: source.Span{File: f, Start: end, End: end}, NewText: b.String()}
}

// DeleteLine removes the line of an INI statement with the comment behind it;
// the statement alone where something else stands before it on the line.
func DeleteLine(at source.Span) diag.Edit {
	f := at.File
	line := f.Line(at.Start)
	if start := f.LineStart(line); strings.Trim(f.Text[start:at.Start], " \t") == "" {
		at = source.Span{File: f, Start: start, End: f.LineStart(line + 1)}
	}
	return diag.Edit{Span: at}
}
