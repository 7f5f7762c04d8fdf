package rules_test

import (
	"slices"
	"testing"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// applyEdits is a text with the edits made.
func applyEdits(text string, edits []diag.Edit) string {
	edits = slices.Clone(edits)
	// From the end, so that offsets hold; of two insertions at one place the first comes first.
	slices.SortStableFunc(edits, func(a, b diag.Edit) int { return a.Span.Start - b.Span.Start })
	for _, e := range slices.Backward(edits) {
		text = text[:e.Span.Start] + e.NewText + text[e.Span.End:]
	}
	return text
}

// TestFixes applies each fix of each case by itself: the finding is gone, and
// nothing new is found.
func TestFixes(t *testing.T) {
	t.Parallel()
	for _, name := range caseFiles(t, "*") {
		c := parseCase(t, name)
		before := c.run(t)
		for _, f := range before.Findings {
			for _, fix := range f.Fixes {
				if len(fix.Edits) == 0 {
					continue
				}
				checkFix(t, name, c, before, f, fix)
			}
		}
	}
}

func checkFix(t *testing.T, name string, c ruleCase, before *diag.Report, f diag.Finding, fix diag.Fix) {
	t.Helper()
	mended := source.Mem{}
	for file, text := range c.files {
		var edits []diag.Edit
		for _, e := range fix.Edits {
			if e.Span.File.Path == file {
				edits = append(edits, e)
			}
		}
		mended[file] = applyEdits(text, edits)
	}
	c.files, c.opts.FS = mended, mended
	after := c.run(t)
	if len(after.Findings) >= len(before.Findings) {
		t.Errorf("%s: the fix %q of %s leaves:", name, fix.Title, describe(f))
		for _, f := range after.Findings {
			t.Errorf("\t%s", describe(f))
		}
	}
}
