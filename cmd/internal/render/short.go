package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer/diag"
)

// What a shortened report shows: all findings where they are few, else one of each
// rule of the worst, and the others counted by rule and file.
const (
	fewFindings = 10
	maxExamples = 5
	maxFiles    = 3   // that a line of counts names
	maxCounts   = 100 // columns of such a line, if it can be
)

// A group is the findings of one rule and severity; it is not empty.
type group []*diag.Finding

func (g group) rule() string            { return g[0].Rule }
func (g group) severity() diag.Severity { return g[0].Severity }

// worstFirst groups findings: the gravest first, and of these the most frequent.
func worstFirst(findings []*diag.Finding) []group {
	type key struct {
		severity diag.Severity
		rule     string
	}
	at := map[key]int{}
	var groups []group
	for _, f := range findings {
		k := key{f.Severity, f.Rule}
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(b.severity(), a.severity()), len(b)-len(a), strings.Compare(a.rule(), b.rule()))
	})
	return groups
}

// shorten picks the findings that are shown, and those that are counted.
func shorten(findings []*diag.Finding) (shown []*diag.Finding, counted []group) {
	groups := worstFirst(findings)
	for i, g := range groups {
		n := len(g)
		if len(findings) > fewFindings {
			n = min(n, 1)
			if i >= maxExamples {
				n = 0
			}
		}
		shown = append(shown, g[:n]...)
		if n < len(g) {
			counted = append(counted, g[n:])
		}
	}
	return shown, counted
}

// counts writes how many findings there are of each rule, and where.
func (p *printer) counts(groups []group) {
	total, wide := 0, 0
	for _, g := range groups {
		total += len(g)
		wide = max(wide, len(g.rule()))
	}
	fmt.Fprintf(p.w, "and %d more (--all shows them):\n", total)
	for _, g := range groups {
		severity := fmt.Sprintf("%-*s", len(diag.Warning.String()), g.severity())
		rule := fmt.Sprintf("%-*s  %*d", wide, Clean(g.rule()), len(strconv.Itoa(total)), len(g))
		fmt.Fprintf(p.w, "  %s  %s  %s\n", p.paint(severityPaint[g.severity()], severity), rule, g.files(maxCounts-len(severity)-len(rule)-6))
	}
	fmt.Fprintln(p.w)
}

// files names the files with the most findings of the group, one at least, in so
// many columns.
func (g group) files(columns int) string {
	count := map[string]int{}
	var names []string
	for _, f := range g {
		name := f.Subject.Span.File.Path
		if count[name]++; count[name] == 1 {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return count[b] - count[a] })
	var parts []string
	for _, name := range names[:min(len(names), maxFiles)] {
		part := Clean(name)
		if count[name] > 1 {
			part += fmt.Sprintf(" (%d)", count[name])
		}
		if columns -= width(part) + len(", "); columns < 0 && len(parts) > 0 {
			break
		}
		parts = append(parts, part)
	}
	if more := len(names) - len(parts); more > 0 {
		parts = append(parts, "and "+plural(more, "more file"))
	}
	return strings.Join(parts, ", ")
}

// A Next is what the closing words on what may be done next need to know.
type Next struct {
	// Fixing is set where fixes were asked for, Unsafe where unsafe ones were too.
	Fixing, Unsafe bool
	// Baseline is the name that a baseline might have; empty where none is proposed.
	Baseline string
}

// next says what may be done about the findings.
func (p *printer) next(findings []*diag.Finding, o TextOptions) {
	safe, unsafe := 0, 0
	for _, f := range findings {
		has := func(s diag.Safety) bool {
			return slices.ContainsFunc(f.Fixes, func(fix diag.Fix) bool { return fix.Safety == s })
		}
		switch {
		case has(diag.Safe):
			safe++
		case has(diag.Unsafe):
			unsafe++
		}
	}
	if safe > 0 && !o.Next.Fixing {
		fmt.Fprintf(p.w, "%s a safe fix: --diff shows it, --fix writes it\n", have(safe, plural(safe, "finding")))
	}
	switch {
	case unsafe == 0 || o.Next.Unsafe:
	case safe > 0 && !o.Next.Fixing:
		fmt.Fprintf(p.w, "%s one that may change what works: --fix=unsafe --diff shows it\n", have(unsafe, strconv.Itoa(unsafe)+" more"))
	default:
		fmt.Fprintf(p.w, "%s a fix that may change what works: --fix=unsafe --diff shows it\n", have(unsafe, plural(unsafe, "finding")))
	}
	if o.Next.Fixing && len(findings) > 0 && safe+unsafe+o.Mended == 0 {
		fmt.Fprintln(p.w, "nothing to fix: no finding has a fix that can be written")
	}
	if o.Next.Baseline != "" && len(findings) > fewFindings {
		fmt.Fprintf(p.w, "--write-baseline %s parks all %d findings: with --baseline only new ones are reported\n", o.Next.Baseline, len(findings))
	}
	if o.Short && len(findings) > 0 {
		fmt.Fprintln(p.w, "nginx-lint explain RULE tells what a finding means")
	}
}

func have(n int, what string) string {
	if n == 1 {
		return what + " has"
	}
	return what + " have"
}
