package fixer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// A findingKey is what a finding keeps when lines are added above it or its block is moved.
type findingKey struct{ rule, path, subject, context string }

func keyOf(f *diag.Finding) findingKey {
	k := findingKey{rule: f.Rule, subject: words(f.Subject.Span.Text()), context: words(f.Context.Text())}
	if !f.Subject.Span.IsZero() {
		k.path = realPath(f.Subject.Span.File)
	}
	return k
}

// words is a text with each run of white space as one blank.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// A fault is why a result is no good.
type fault struct {
	reason string
	// rule is that of the error which is new, if that is the fault.
	rule string
	// unread is set where a file would not be taken for configuration any more.
	unread bool
}

// isOurs reports whether the linter is at fault with a fix that led to the fault. An
// error may have hidden those of other rules, and what a server refuses anything;
// but files that can be read hide no faults of their syntax. What was broken may turn
// out to be no configuration.
func (p *planner) isOurs(f *fault, fixed *diag.Finding) bool {
	hidden := f.rule != "" && f.rule != fixed.Rule && fixed.Severity == diag.Error
	if f.unread && fixed.Rule == p.o.SyntaxRule {
		return false
	}
	return f.rule == p.o.SyntaxRule && f.rule != "" || fixed.RefusedBy == "" && !hidden
}

// worse says what a report has that the one before had not and no fix may bring:
// a file that is not read any more, a limit met, an error. An error is known by
// its key, or by its place where another finding's fix changed its words; and one
// that a rule kept back until another in the same block was mended is not new.
func worse(before, after *diag.Report, fixes []Fixed, together edits) *fault {
	if unread := unread(before, after, together); unread != nil {
		return unread
	}
	byKey := map[findingKey][]*diag.Finding{}
	for i := range before.Findings {
		if f := &before.Findings[i]; f.Severity == diag.Error {
			byKey[keyOf(f)] = append(byKey[keyOf(f)], f)
		}
	}
	var fresh []*diag.Finding
	for i := range after.Findings {
		f := &after.Findings[i]
		if f.Severity != diag.Error {
			continue
		}
		if k := keyOf(f); len(byKey[k]) > 0 {
			byKey[k] = byKey[k][1:]
		} else {
			fresh = append(fresh, f)
		}
	}
	for _, f := range fixes {
		delete(byKey, keyOf(&f.Finding)) // this one is to be gone, not to be found in other words
	}
	next := slices.Clone(fixes)
	for _, f := range fresh {
		if !together.movedTo(f, byKey) && !together.comesNext(f, &next) {
			return &fault{reason: fmt.Sprintf("it would bring an error of %s in %s (%s)", f.Rule, keyOf(f).path, f.Summary), rule: f.Rule}
		}
	}
	return nil
}

// movedTo takes out the finding that the edits have made this one of, if any.
func (in edits) movedTo(f *diag.Finding, old map[findingKey][]*diag.Finding) bool {
	at := f.Subject.Span
	for k, list := range old {
		if k.rule != f.Rule || at.IsZero() || k.path != realPath(at.File) {
			continue
		}
		for i, o := range list {
			start, end := in.image(o.Subject.Span)
			if start <= at.End && at.Start <= end {
				old[k] = slices.Delete(slices.Clone(list), i, i+1)
				return true
			}
		}
	}
	return false
}

// comesNext reports whether a rule that names one fault of a block at a time has
// named the next one, elsewhere in the block: each fix makes way for one.
func (in edits) comesNext(f *diag.Finding, fixed *[]Fixed) bool {
	k := keyOf(f)
	for i, done := range *fixed {
		was := keyOf(&done.Finding)
		if was.rule != k.rule || was.path != k.path || was.context != k.context || done.Finding.Severity != diag.Error {
			continue
		}
		if start, end := in.image(done.Finding.Subject.Span); f.Subject.Span.End < start || end < f.Subject.Span.Start {
			*fixed = slices.Delete(*fixed, i, i+1)
			return true
		}
	}
	return false
}

// image is where a span lies once the edits are made.
func (in edits) image(s source.Span) (start, end int) {
	start, end = s.Start, s.End
	for _, e := range in[realPath(s.File)] {
		grown := len(e.NewText) - (e.Span.End - e.Span.Start)
		switch {
		case e.Span.End <= s.Start:
			start += grown
			end += grown
		case e.Span.Start < s.End: // they overlap: what is written belongs to the image
			start -= max(s.Start-e.Span.Start, 0)
			end = max(end, e.Span.End+end-s.End) + grown
		}
	}
	return start, end
}

// stillBroken is worse for fixes of files that cannot be read as they stand:
// each must have fewer faults of that kind afterwards. What else is found then
// could not be seen before.
func (p *planner) stillBroken(before, after *diag.Report, together edits) *fault {
	if unread := unread(before, after, together); unread != nil {
		return unread
	}
	for _, name := range slices.Sorted(maps.Keys(together)) {
		if p.faults(after, name) >= p.faults(before, name) {
			return &fault{reason: name + " would be no easier to read"}
		}
	}
	return nil
}

// faults counts what keeps a file from being read.
func (p *planner) faults(report *diag.Report, name string) int {
	n := 0
	for i := range report.Findings {
		if f := &report.Findings[i]; f.Rule == p.o.SyntaxRule && keyOf(f).path == name {
			n++
		}
	}
	return n
}

// unread says what could not be checked any more.
func unread(before, after *diag.Report, together edits) *fault {
	for _, name := range slices.Sorted(maps.Keys(together)) {
		if !slices.ContainsFunc(after.Files, func(f *source.File) bool { return realPath(f) == name }) {
			return &fault{reason: name + " would not be read as configuration any more", unread: true}
		}
	}
	if after.LimitReached && !before.LimitReached {
		return &fault{reason: "a limit of reading would be reached"}
	}
	for _, f := range after.Failures {
		if !slices.ContainsFunc(before.Failures, func(b diag.Failure) bool { return b.Path == f.Path }) {
			return &fault{reason: fmt.Sprintf("%s could not be checked any more: %v", f.Path, f.Err)}
		}
	}
	return nil
}
