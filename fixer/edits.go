package fixer

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// byPlace orders edits as they stand in a file; of several insertions at one
// point the first stays the first.
func byPlace(a, b diag.Edit) int {
	return cmp.Or(a.Span.Start-b.Span.Start, a.Span.End-b.Span.End)
}

// validate reports what is wrong with a fix by itself: whatever it is, the rule
// that offers the fix is at fault.
func validate(fix diag.Fix, files map[string]*source.File) error {
	if len(fix.Edits) == 0 {
		return errors.New("it has no edits")
	}
	byFile := map[string][]diag.Edit{}
	changes := false
	for _, e := range fix.Edits {
		if e.Span.IsZero() {
			return errors.New("an edit is in no file")
		}
		name := e.Span.File.Path
		switch f := files[name]; {
		case f == nil || f.Text != e.Span.File.Text:
			return fmt.Errorf("an edit is in %s, which was not read", name)
		case e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(f.Text):
			return fmt.Errorf("an edit is outside %s: bytes %d to %d of %d", name, e.Span.Start, e.Span.End, len(f.Text))
		}
		changes = changes || e.Span.Text() != e.NewText
		byFile[realPath(e.Span.File)] = append(byFile[realPath(e.Span.File)], e)
	}
	if !changes {
		return errors.New("it changes nothing")
	}
	for name, edits := range byFile {
		slices.SortStableFunc(edits, byPlace)
		for i := 1; i < len(edits); i++ {
			if edits[i-1].Span.End > edits[i].Span.Start {
				return fmt.Errorf("its edits overlap in %s", name)
			}
		}
	}
	return nil
}

// uniqueTitles reports whether the fixes of a finding can be told apart.
func uniqueTitles(fixes []diag.Fix) bool {
	seen := map[string]bool{}
	for _, fix := range fixes {
		if seen[fix.Title] {
			return false
		}
		seen[fix.Title] = true
	}
	return true
}

// edits are those of fixes that go together: by real path, ordered by place.
type edits map[string][]diag.Edit

// realPath tells a file from others, whatever links lead to it.
func realPath(f *source.File) string { return path.Clean(f.Real) }

// add takes in a fix as a whole, or reports false where it clashes with one that
// is in already. Equal edits of different fixes are one.
func (in edits) add(fix diag.Fix) bool {
	var fresh []diag.Edit
	for _, e := range fix.Edits {
		known, clash := in.meets(e)
		if clash {
			return false
		}
		if !known {
			fresh = append(fresh, e)
		}
	}
	for _, e := range fresh {
		name := realPath(e.Span.File)
		list := in[name]
		at := sort.Search(len(list), func(i int) bool { return byPlace(list[i], e) > 0 })
		in[name] = slices.Insert(list, at, e)
	}
	return true
}

// meets reports whether an equal edit is in already, or one that clashes.
func (in edits) meets(e diag.Edit) (known, clash bool) {
	list := in[realPath(e.Span.File)]
	first := sort.Search(len(list), func(i int) bool { return list[i].Span.End >= e.Span.Start })
	for _, other := range list[first:] {
		if other.Span.Start > e.Span.End {
			break
		}
		if other.Span.Start == e.Span.Start && other.Span.End == e.Span.End && other.NewText == e.NewText {
			return true, false
		}
		clash = clash || clashes(other, e)
	}
	return false, clash
}

// clashes reports whether two edits of different fixes must not be made at once.
// Replaced spans may stand side by side; an insertion may not even touch another
// edit, as nothing says which of the two comes first.
func clashes(a, b diag.Edit) bool {
	if a.Span.Start == a.Span.End || b.Span.Start == b.Span.End {
		return a.Span.Start <= b.Span.End && b.Span.Start <= a.Span.End
	}
	return a.Span.Start < b.Span.End && b.Span.Start < a.Span.End
}

// apply is a text with edits made that are ordered and do not overlap.
func apply(text string, edits []diag.Edit) string {
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(text[at:e.Span.Start])
		b.WriteString(e.NewText)
		at = e.Span.End
	}
	b.WriteString(text[at:])
	return b.String()
}
