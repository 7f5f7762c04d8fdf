package render

import (
	"io"
	"iter"
	"strings"

	"nginx-lint/analyzer/diag"
)

// Options say what a report for programs holds besides the findings.
type Options struct {
	// Version is the program's own.
	Version string
	// Severity is the lowest that is reported and counted.
	Severity diag.Severity
	// FailOn is the lowest that fails the run; 0 for none.
	FailOn diag.Severity
	// Fixed counts the fixes that were written before.
	Fixed int
	// Rules are those that may have findings.
	Rules []Rule
}

// A Rule is what a report says of a rule itself.
type Rule struct {
	// ID and Summary are a line each.
	ID, Summary string
	// Level is the gravest severity that the rule gives.
	Level diag.Severity
	// Help is all there is to know of it, in Markdown.
	Help string
}

// Formats are the forms of a report that programs read, by the name of the form.
var Formats = map[string]func(io.Writer, *diag.Report, Options) error{
	"checkstyle": Checkstyle,
	"github":     GitHub,
	"gitlab":     GitLab,
	"json":       JSON,
	"junit":      JUnit,
	"sarif":      SARIF,
}

// shown are the findings of a severity or above.
func shown(r *diag.Report, lowest diag.Severity) iter.Seq[*diag.Finding] {
	return func(yield func(*diag.Finding) bool) {
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Severity >= lowest && !yield(f) {
				return
			}
		}
	}
}

// headline is a finding in one line.
func headline(f *diag.Finding) string {
	if f.Subject.Text == "" {
		return Clean(f.Summary)
	}
	return Clean(f.Summary) + ": " + Clean(f.Subject.Text)
}

// sentences are all that a finding says, for formats that have one text for it:
// the headline, the other places, and the notes. name writes the i-th related place,
// escape a text that Clean has returned.
func sentences(f *diag.Finding, name func(i int) string, escape func(string) string) []string {
	all := places(f, name, escape)
	for _, n := range notes(f) {
		all = append(all, n.kind+": "+escape(Clean(n.text)))
	}
	return all
}

// places are the headline and the other places.
func places(f *diag.Finding, name func(i int) string, escape func(string) string) []string {
	all := []string{escape(headline(f))}
	for i, l := range f.Related {
		if l.Span.IsZero() {
			continue // among the notes
		}
		text := name(i)
		if l.Text != "" {
			text += ": " + escape(Clean(l.Text))
		}
		all = append(all, text)
	}
	return all
}

// message is all that a finding says, in lines.
func message(f *diag.Finding) string {
	return strings.Join(sentences(f, relatedPlace(f), asIs), "\n")
}

// brief is a finding for formats that show one line of it: what is wrong, where
// else, how often, and what to do.
func brief(f *diag.Finding) string {
	all := places(f, relatedPlace(f), asIs)
	if f.Places > 1 {
		all = append(all, Clean(inclusion(f)))
	}
	if f.Remedy != "" {
		all = append(all, Clean(f.Remedy))
	}
	return strings.Join(all, "; ")
}

func relatedPlace(f *diag.Finding) func(i int) string {
	return func(i int) string { return place(f.Related[i].Span) }
}

func asIs(text string) string { return text }

// fileOf is the path of a finding's file; "-" where it has none.
func fileOf(f *diag.Finding) string {
	if f.Subject.Span.IsZero() {
		return "-"
	}
	return Clean(f.Subject.Span.File.Path)
}
