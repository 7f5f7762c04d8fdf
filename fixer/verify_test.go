package fixer

import (
	"testing"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// TestImage: a span is followed through edits before, in, around and after it.
func TestImage(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a", "0123456789")
	for _, test := range []struct {
		name       string
		start, end int
		edits      []diag.Edit
		want       string // what the image covers
	}{
		{"none", 3, 6, nil, "345"},
		{"before", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 1, End: 2}, NewText: "abc"}}, "345"},
		{"removed before", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 0, End: 3}}}, "345"},
		{"inserted before", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 3, End: 3}, NewText: "abc"}}, "345"},
		{"inside", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 4, End: 5}, NewText: "abc"}}, "3abc5"},
		{"inserted inside", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 4, End: 4}, NewText: "abc"}}, "3abc45"},
		{"all of it", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 3, End: 6}, NewText: "a"}}, "a"},
		{"into its head", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 1, End: 4}, NewText: "a"}}, "a45"},
		{"into its tail", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 5, End: 8}, NewText: "abcd"}}, "34abcd"},
		{"around it", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 1, End: 9}, NewText: "abcd"}}, "abcd"},
		{"inserted after", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 6, End: 6}, NewText: "abc"}}, "345"},
		{"after", 3, 6, []diag.Edit{{Span: source.Span{File: f, Start: 7, End: 8}}}, "345"},
		{"many", 3, 6, []diag.Edit{
			{Span: source.Span{File: f, Start: 0, End: 1}, NewText: "abc"},
			{Span: source.Span{File: f, Start: 2, End: 4}, NewText: "d"},
			{Span: source.Span{File: f, Start: 4, End: 4}, NewText: "ef"},
			{Span: source.Span{File: f, Start: 5, End: 7}},
			{Span: source.Span{File: f, Start: 8, End: 9}, NewText: "gh"},
		}, "def4"},
	} {
		in := edits{"a": test.edits}
		text := apply(f.Text, test.edits)
		start, end := in.image(source.Span{File: f, Start: test.start, End: test.end})
		if start < 0 || end < start || end > len(text) || text[start:end] != test.want {
			t.Errorf("%s: bytes %d to %d of %q, want %q", test.name, start, end, text, test.want)
		}
	}
}
