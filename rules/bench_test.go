package rules_test

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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

// sites is how many the benchmark's host has: 1,000, or what NGINX_LINT_SITES says.
func sites(tb testing.TB) int {
	tb.Helper()
	text := os.Getenv("NGINX_LINT_SITES")
	if text == "" {
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// BenchmarkHost lints a host of many sites and pools. x-read is the time as a
// multiple of what reading the same files takes, one after another.
func BenchmarkHost(b *testing.B) {
	dir, want := host(b, sites(b))
	var reading time.Duration
	for b.Loop() {
		b.StopTimer()
		start := time.Now()
		readAll(b, dir)
		reading += time.Since(start)
		b.StartTimer()
		if got := lint(b, dir); !slices.Equal(got, want) {
			b.Fatalf("%d findings, want %d", len(got), len(want))
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(reading), "x-read")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapSys-m.HeapReleased)/(1<<20), "heap-MiB")
}

func readAll(tb testing.TB, dir string) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		_, err = os.ReadFile(name)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}
