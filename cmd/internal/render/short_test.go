package render_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/cmd/internal/render"
)

// many is a report with so many findings of each rule, in files a, b, c ….
func many(files int, counts map[string]int) *diag.Report {
	r := &diag.Report{}
	for i := range files {
		f := source.NewFile(fmt.Sprintf("%c.conf", 'a'+i), "x;\n")
		r.Files = append(r.Files, f)
	}
	for _, rule := range []string{"buffer-sizes", "syntax", "timeout-race", "worker-capacity", "z1", "z2", "z3"} {
		for i := range counts[rule] {
			f := diag.Finding{Rule: rule, Severity: diag.Info, Summary: "s", Subject: diag.Label{Span: source.Span{File: r.Files[i%files], End: 1}}, Places: 1}
			switch rule {
			case "syntax", "buffer-sizes":
				f.Severity = diag.Error
				f.Fixes = []diag.Fix{{Title: "t", Safety: diag.Safe}}
			case "timeout-race":
				f.Severity = diag.Warning
				f.Fixes = []diag.Fix{{Title: "t", Safety: diag.Unsafe, Risk: "r"}}
			}
			r.Findings = append(r.Findings, f)
		}
	}
	return r
}

func shortText(t *testing.T, r *diag.Report, o render.TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	o.Short, o.Hints = true, true
	if err := render.Text(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// heads are the first lines of the findings that are shown.
func heads(text string) (list []string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, ".conf:1:1 ") {
			list = append(list, strings.TrimSuffix(strings.TrimSpace(line), ": s"))
		}
	}
	return list
}

func TestShort(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		report *diag.Report
		o      render.TextOptions
		heads  []string
		tail   string // from the first line behind the findings on
	}{
		"none": {many(1, nil), render.TextOptions{}, nil, "no problems in 1 file\n"},
		"few, the worst first": {
			many(2, map[string]int{"worker-capacity": 2, "timeout-race": 1, "syntax": 1}),
			render.TextOptions{},
			[]string{"a.conf:1:1 error syntax", "a.conf:1:1 warning timeout-race", "a.conf:1:1 info worker-capacity", "b.conf:1:1 info worker-capacity"},
			"1 error, 1 warning, 2 infos in 2 files\n1 finding has a safe fix: --diff shows it, --fix writes it\n",
		},
		"many": {
			many(5, map[string]int{"buffer-sizes": 2, "syntax": 12, "timeout-race": 1, "worker-capacity": 1, "z1": 1, "z2": 2, "z3": 1}),
			render.TextOptions{},
			[]string{"a.conf:1:1 error syntax", "a.conf:1:1 error buffer-sizes", "a.conf:1:1 warning timeout-race", "a.conf:1:1 info z2", "a.conf:1:1 info worker-capacity"},
			"and 15 more (--all shows them):\n" +
				"  error    syntax        11  b.conf (3), c.conf (2), d.conf (2), and 2 more files\n" +
				"  error    buffer-sizes   1  b.conf\n" +
				"  info     z2             1  b.conf\n" +
				"  info     z1             1  a.conf\n" +
				"  info     z3             1  a.conf\n" +
				"\n14 errors, 1 warning, 5 infos in 5 files\n" +
				"14 findings have a safe fix: --diff shows it, --fix writes it\n" +
				"--write-baseline .nginx-lint-baseline.json parks all 20 findings: with --baseline only new ones are reported\n",
		},
		"what is not shown does not count": {
			many(1, map[string]int{"timeout-race": 1, "worker-capacity": 11}),
			render.TextOptions{Severity: diag.Warning},
			[]string{"a.conf:1:1 warning timeout-race"},
			"1 warning in 1 file\n",
		},
		"only findings": {
			many(1, map[string]int{"syntax": 11}),
			render.TextOptions{Quiet: true},
			[]string{"a.conf:1:1 error syntax"},
			"and 10 more (--all shows them):\n  error    syntax  10  a.conf (10)\n\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.o.Severity == 0 {
				test.o.Severity = diag.Info
			}
			got := shortText(t, test.report, test.o)
			if diff := cmp.Diff(test.heads, heads(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !strings.HasSuffix(got, "\n"+test.tail) && got != test.tail {
				t.Errorf("ends otherwise than in\n%s\nbut:\n%s", test.tail, got)
			}
		})
	}
}
