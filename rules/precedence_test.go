package rules_test

import (
	"slices"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/rules"
)

// TestPrecedence shows each pair of "one cause, one finding": in some case the
// weaker rule would speak as well, were it not for the stronger one.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	for _, weaker := range rules.All() {
		for _, stronger := range weaker.YieldsTo {
			t.Run(stronger+" over "+weaker.ID, func(t *testing.T) {
				t.Parallel()
				for _, name := range slices.Concat(caseFiles(t, stronger), caseFiles(t, weaker.ID)) {
					c := parseCase(t, name)
					selected, known := c.rules()
					c.opts.Known = known
					c.opts.Rules = selected
					with := countOf(t, c.opts, weaker.ID)
					c.opts.Rules = unyielding(selected, weaker.ID, stronger)
					if countOf(t, c.opts, weaker.ID) > with {
						return
					}
				}
				t.Errorf("no case shows that %s keeps silent where %s speaks", weaker.ID, stronger)
			})
		}
	}
}

// unyielding are the rules, one of which no longer yields to another.
func unyielding(all []*analyzer.Rule, weaker, stronger string) []*analyzer.Rule {
	changed := slices.Clone(all)
	for i, r := range changed {
		if r.ID == weaker {
			other := *r
			other.YieldsTo = slices.DeleteFunc(slices.Clone(r.YieldsTo), func(id string) bool { return id == stronger })
			changed[i] = &other
		}
	}
	return changed
}

func countOf(t *testing.T, opts analyzer.Options, rule string) int {
	t.Helper()
	report, err := analyzer.Run(opts)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range report.Findings {
		if f.Rule == rule {
			n++
		}
	}
	return n
}
