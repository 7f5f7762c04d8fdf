package keyfile

import (
	"cmp"
	"slices"
	"strings"

	"nginx-lint/analyzer/source"
)

// Outline lists the comments of a file, and its entries: the sections, and the keys
// with their values, in the order in which they start.
func Outline(f *source.File, d Dialect) (comments, entries []source.Span) {
	lines, heads := parse(f, d)
	for i, head := range heads {
		if head.End = len(f.Text); i+1 < len(heads) {
			head.End = heads[i+1].Start
		}
		entries = append(entries, head)
	}
	for _, l := range lines {
		entries = append(entries, source.Span{File: f, Start: f.LineStart(l.Span.Line()), End: l.Span.End})
	}
	slices.SortFunc(entries, func(a, b source.Span) int { return cmp.Compare(a.Start, b.Start) })
	for n := range f.LineCount() {
		line, start := f.LineText(n+1), f.LineStart(n+1)
		at := len(line) - len(strings.TrimLeft(line, " \t"))
		if d == Supervisord && !isComment(line[at:]) {
			at = len(withoutComment(line))
		}
		if isComment(line[at:]) {
			comments = append(comments, source.Span{File: f, Start: start + at, End: start + len(line)})
		}
	}
	return comments, entries
}
