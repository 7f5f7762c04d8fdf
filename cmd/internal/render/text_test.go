package render_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/cmd/internal/render"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"plain ~ text", "plain ~ text"},
		{"naïve 設定 🙂", "naïve 設定 🙂"},
		{"\x1b[31m", `\x1b[31m`},
		{"a\tb\nc\rd", `a\tb\nc\rd`},
		{"\x00\x7f", `\x00\x7f`},
		{"\u0085\u00a0", `\u0085\u00a0`},
		{"\u202e\u2066\u200e\u200f\u061c", `\u202e\u2066\u200e\u200f\u061c`},
		{"\u2028\ufeff", `\u2028\ufeff`},
		{"\U000e0041", `\U000e0041`},
		{"\xff\xc3", `\xff\xc3`},
		{"\xed\xa0\x80", `\xed\xa0\x80`}, // a surrogate is no valid UTF-8
		{"\ufffd", "\ufffd"},
		{"##[error]x ##vso[task.complete]", `\x23#[error]x \x23#vso[task.complete]`},
		{"###teamcity[x]", `#\x23#teamcity[x]`},
		{"## heading [1], ##1[, ##", "## heading [1], ##1[, ##"},
	} {
		if got := render.Clean(test.in); got != test.want {
			t.Errorf("Clean(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestClosingLines(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a.conf", "x\n")
	span := source.Span{File: f, End: 1}
	finding := diag.Finding{Severity: diag.Warning, Subject: diag.Label{Span: span}}
	unresolved := func(reasons ...diag.Reason) []diag.Unresolved {
		var all []diag.Unresolved
		for _, r := range reasons {
			all = append(all, diag.Unresolved{Span: span, Reason: r})
		}
		return all
	}
	for _, test := range []struct {
		name   string
		report diag.Report
		opts   render.TextOptions
		want   string
	}{
		{"clean", diag.Report{Files: []*source.File{f}}, render.TextOptions{Severity: diag.Info}, "no problems in 1 file\n"},
		{"quiet", diag.Report{Files: []*source.File{f}, Suppressed: 2, Unresolved: unresolved(diag.Variable)}, render.TextOptions{Severity: diag.Info, Quiet: true}, ""},
		{"hidden warning", diag.Report{Findings: []diag.Finding{finding}}, render.TextOptions{Severity: diag.Error}, "no errors in 0 files\n"},
		{"no warning", diag.Report{}, render.TextOptions{Severity: diag.Warning}, "no errors or warnings in 0 files\n"},
		{"silenced", diag.Report{Suppressed: 2}, render.TextOptions{}, "no problems in 0 files; 2 findings silenced by comments\n"},
		{"failed", diag.Report{Failures: []diag.Failure{{Path: "x", Err: errors.New("y")}}}, render.TextOptions{}, "no problems in 0 files; 1 could not be checked\n"},
		{
			"targets only",
			diag.Report{Targets: 41, UnresolvedTargets: 3, Unresolved: unresolved(diag.MissingInclude, diag.Variable, diag.Variable)},
			render.TextOptions{},
			"no problems in 0 files\n3 of 41 *_pass targets could not be resolved (variable: 2, missing-include: 1), and nothing is said about them; -v lists them\n",
		},
		{
			"no targets, listed",
			diag.Report{Targets: 4, Unresolved: unresolved(diag.MissingInclude, diag.MissingInclude)},
			render.TextOptions{Listed: true},
			"no problems in 0 files\n2 places could not be resolved (missing-include: 2), and nothing is said about them\n",
		},
		{
			"targets among others",
			diag.Report{Targets: 1, UnresolvedTargets: 1, Unresolved: unresolved(diag.Variable, diag.Environment)},
			render.TextOptions{},
			"no problems in 0 files\n2 places could not be resolved, among them 1 of 1 *_pass target (environment: 1, variable: 1), and nothing is said about them; -v lists them\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, text(t, &test.report, test.opts)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPlacelessFinding(t *testing.T) {
	t.Parallel()
	r := &diag.Report{Findings: []diag.Finding{{
		Rule: "r", Severity: diag.Error, Summary: "s", Subject: diag.Label{Text: "subject"},
		Related: []diag.Label{{Text: "related"}}, Places: 2, RefusedBy: diag.PHPFPM,
		IncludeChain: []source.Span{},
	}}}
	want := "error r: s\n  |\n  = note: subject\n  = note: related\n" +
		"  = refused: PHP-FPM will not start: `php-fpm -t` refuses this\n  = note: included in 2 places\n"
	if diff := cmp.Diff(want, text(t, r, render.TextOptions{Quiet: true})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDetails(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := render.Details(&b, stack(t)); err != nil {
		t.Fatal(err)
	}
	want := "read etc/nginx/nginx.conf: main file of etc/nginx\n" +
		"read etc/nginx/sites/shop.conf: included at etc/nginx/nginx.conf:4\n" +
		"target etc/nginx/sites/shop.conf:9:21: proxy_pass $backend: unknown: a variable in it may be anything\n" +
		"target etc/nginx/sites/shop.conf:9:21: proxy_pass shop to 10.0.0.1:80 in 3 places: unknown: another machine\n" +
		"target etc/nginx/sites/shop.conf:9:21: fastcgi_pass php:9000: joined to pool www, etc/php/www.conf:3\n" +
		"not resolved etc/nginx/sites/shop.conf:4:17: include \"fastcgi_params\" (missing-include)\n" +
		"not resolved etc/nginx/sites/shop.conf:9:32: proxy_pass $backend (variable)\n" +
		"missing-include: a file that is not here would tell; where absolute paths lie here is said by --path-map FROM=TO, or path-map in .nginx-lint.yaml\n" +
		"variable: only a request, or a program at run time, gives it its value\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Whatever stands in a file, what is printed holds nothing that a terminal obeys.
func TestNothingInvisibleIsPrinted(t *testing.T) {
	t.Parallel()
	hostile := everything()
	r := hostileReport(hostile, hostile)
	var details bytes.Buffer
	if err := render.Details(&details, r); err != nil {
		t.Fatal(err)
	}
	asJSON := jsonText(t, r, render.Options{})
	for name, out := range map[string]string{
		"text": text(t, r, render.TextOptions{}), "details": details.String(), "json": asJSON,
	} {
		for i, c := range out {
			if c != '\n' && !unicode.IsPrint(c) {
				t.Errorf("%s has %U at %d", name, c, i)
			}
		}
	}
	var decoded struct{ Findings []struct{ Summary string } }
	if err := json.Unmarshal([]byte(asJSON), &decoded); err != nil {
		t.Fatal(err)
	}
	if got, want := decoded.Findings[0].Summary, strings.ToValidUTF8(hostile, "\x00"); len([]rune(got)) < len([]rune(want)) ||
		!strings.HasSuffix(got, hostile[256:]) {
		t.Errorf("the summary came back as %q", got)
	}
}

// A file may be one line of many megabytes.
func TestLongLineIsCutInTime(t *testing.T) {
	t.Parallel()
	f := source.NewFile("one-line.conf", strings.Repeat("\x80", 20<<20))
	r := &diag.Report{Findings: []diag.Finding{{
		Severity: diag.Error, Subject: diag.Label{Span: source.Span{File: f, Start: 10 << 20, End: 20 << 20}},
	}}}
	began := time.Now()
	if out := text(t, r, render.TextOptions{Quiet: true}); len(out) > 1000 {
		t.Errorf("%d bytes for one line", len(out))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	if err := render.Text(failing{broken}, stack(t), render.TextOptions{}); !errors.Is(err, broken) {
		t.Errorf("Text: %v", err)
	}
	if err := render.JSON(failing{broken}, stack(t), render.Options{}); !errors.Is(err, broken) {
		t.Errorf("JSON: %v", err)
	}
	if err := render.Details(failing{broken}, stack(t)); !errors.Is(err, broken) {
		t.Errorf("Details: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
