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
	o.Short = true
	if o.Next == nil {
		o.Next = &render.Next{Baseline: "base.json"}
	}
	if err := render.Text(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Where names are long, a line of counts has fewer of them.
func TestCountsFit(t *testing.T) {
	t.Parallel()
	r := &diag.Report{}
	for i := range 12 {
		f := source.NewFile(strings.Repeat("long/", 8)+fmt.Sprintf("%c.conf", 'a'+i%3), "x;\n")
		r.Findings = append(r.Findings, diag.Finding{Rule: "syntax", Severity: diag.Error, Summary: "s", Subject: diag.Label{Span: source.Span{File: f, End: 1}}})
	}
	want := "  error    syntax  11  " + strings.Repeat("long/", 8) + "b.conf (4), and 2 more files\n"
	if got := shortText(t, r, render.TextOptions{}); !strings.Contains(got, want) {
		t.Errorf("want %s in\n%s", want, got)
	}
}

// A manual fix that the help tells as well is not told twice.
func TestManualFixIsToldOnce(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a.conf", "x;\n")
	finding := diag.Finding{
		Rule: "r", Severity: diag.Error, Summary: "s", Subject: diag.Label{Span: source.Span{File: f, End: 1}}, Remedy: "move it, or remove it",
		Fixes: []diag.Fix{{Title: "move it", Safety: diag.Manual}, {Title: "correct it", Safety: diag.Manual}},
	}
	want := "  |\n  = fix (manual): correct it\n  = help: move it, or remove it\n"
	if got := text(t, &diag.Report{Findings: []diag.Finding{finding}}, render.TextOptions{Quiet: true}); !strings.HasSuffix(got, want) {
		t.Errorf("want %s at the end of\n%s", want, got)
	}
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
			"1 error, 1 warning, 2 infos in 2 files\n1 finding has a safe fix: --diff shows it, --fix writes it\n" +
				"1 more has one that may change what works: --fix=unsafe --diff shows it\n",
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
				"1 more has one that may change what works: --fix=unsafe --diff shows it\n" +
				"--write-baseline base.json parks all 20 findings: with --baseline only new ones are reported\n",
		},
		"what is not shown does not count": {
			many(1, map[string]int{"timeout-race": 1, "worker-capacity": 11}),
			render.TextOptions{Severity: diag.Warning},
			[]string{"a.conf:1:1 warning timeout-race"},
			"1 warning in 1 file\n1 finding has a fix that may change what works: --fix=unsafe --diff shows it\n",
		},
		"fixed, unsafe ones are left": {
			many(1, map[string]int{"timeout-race": 2, "syntax": 1, "worker-capacity": 11}),
			render.TextOptions{Mended: 1, Next: &render.Next{Fixing: true}},
			[]string{"a.conf:1:1 error syntax", "a.conf:1:1 warning timeout-race", "a.conf:1:1 info worker-capacity"},
			"1 error, 2 warnings, 11 infos in 1 file; 1 fixed\n2 findings have a fix that may change what works: --fix=unsafe --diff shows it\n",
		},
		"nothing to fix": {
			many(1, map[string]int{"worker-capacity": 1}),
			render.TextOptions{Next: &render.Next{Fixing: true, Unsafe: true}},
			[]string{"a.conf:1:1 info worker-capacity"},
			"1 info in 1 file\nnothing to fix: no finding has a fix that can be written\n",
		},
		"no word on what next": {
			many(1, map[string]int{"syntax": 1, "worker-capacity": 11}),
			render.TextOptions{Next: &render.Next{Fixing: true}},
			[]string{"a.conf:1:1 error syntax", "a.conf:1:1 info worker-capacity"},
			"1 error, 11 infos in 1 file\n",
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
			if len(test.heads) > 0 && !test.o.Quiet {
				test.tail += "nginx-lint explain RULE tells what a finding means\n"
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
