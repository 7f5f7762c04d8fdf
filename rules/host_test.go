package rules_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/hosttest"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// host writes a host with so many sites, and gives its folder and its faults.
func host(tb testing.TB, sites int) (dir string, faults []hosttest.Fault) {
	tb.Helper()
	dir = tb.TempDir()
	faults, err := hosttest.Write(dir, sites)
	if err != nil {
		tb.Fatal(err)
	}
	slices.SortFunc(faults, compareFaults)
	return dir, faults
}

func compareFaults(a, b hosttest.Fault) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), strings.Compare(a.Rule, b.Rule))
}

// lint gives what the default rules find in a folder, in order.
func lint(tb testing.TB, dir string) []hosttest.Fault {
	tb.Helper()
	on := slices.DeleteFunc(rules.All(), func(r *analyzer.Rule) bool { return r.Off })
	report, err := analyzer.Run(analyzer.Options{FS: source.OS{Dir: dir}, Dir: dir, Paths: []string{"."}, Rules: on})
	if err != nil {
		tb.Fatal(err)
	}
	var found []hosttest.Fault
	for _, f := range report.Findings {
		found = append(found, hosttest.Fault{Rule: f.Rule, Path: f.Subject.Span.File.Path, Line: f.Subject.Span.Line()})
	}
	slices.SortFunc(found, compareFaults)
	return found
}

// TestPlantedFaults finds all and only the faults of a generated host.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	dir, want := host(t, 600)
	if diff := gocmp.Diff(want, lint(t, dir)); diff != "" {
		t.Errorf("-planted +found:\n%s", diff)
	}
}
