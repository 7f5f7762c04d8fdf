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
	maxFiles    = 3 // that a line of counts names
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
		fmt.Fprintf(p.w, "  %s  %-*s  %*d  %s\n", p.paint(severityPaint[g.severity()], severity), wide, Clean(g.rule()), len(strconv.Itoa(total)), len(g), g.files())
	}
	fmt.Fprintln(p.w)
}

// files names the files with the most findings of the group.
func (g group) files() string {
	count := map[string]int{}
	var names []string
	for _, f := range g {
		name := f.Subject.Span.File.Path
		if count[name]++; count[name] == 1 {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return count[b] - count[a] })
	parts := make([]string, 0, maxFiles+1)
	for _, name := range names[:min(len(names), maxFiles)] {
		part := Clean(name)
		if count[name] > 1 {
			part += fmt.Sprintf(" (%d)", count[name])
		}
		parts = append(parts, part)
	}
	if more := len(names) - maxFiles; more > 0 {
		parts = append(parts, "and "+plural(more, "more file"))
	}
	return strings.Join(parts, ", ")
}

// next says what may be done about the findings.
func (p *printer) next(findings []*diag.Finding) {
	safe := 0
	for _, f := range findings {
		if slices.ContainsFunc(f.Fixes, func(fix diag.Fix) bool { return fix.Safety == diag.Safe }) {
			safe++
		}
	}
	if safe > 0 {
		have := "have"
		if safe == 1 {
			have = "has"
		}
		fmt.Fprintf(p.w, "%s %s a safe fix: --diff shows it, --fix writes it\n", plural(safe, "finding"), have)
	}
	if len(findings) > fewFindings {
		fmt.Fprintf(p.w, "--write-baseline .nginx-lint-baseline.json parks all %d findings: with --baseline only new ones are reported\n", len(findings))
	}
}
