package render_test

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/cmd/internal/render"
)

// TestSARIFSchema validates the golden files against the schema of OASIS.
func TestSARIFSchema(t *testing.T) {
	t.Parallel()
	for _, r := range []*diag.Report{failed(t), lines(t), {}, hostileReport(everything(), everything())} {
		out := formatted(t, "sarif", r, render.Options{})
		log := readSARIF(t, out)
		if err := log.Validate(); err != nil {
			t.Errorf("%v:\n%s", err, out)
		}
		log.Runs[0].Results = append(log.Runs[0].Results, sarif.NewResult().WithKind("wrong"))
		if err := log.Validate(); err == nil {
			t.Error("the schema accepts what is none")
		}
	}
}

// readSARIF reads a report whole: what it leaves out would not be validated.
func readSARIF(t *testing.T, out string) *sarif.Report {
	t.Helper()
	log, err := sarif.FromString(out, sarif.WithStrictValidation())
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	again, err := json.Marshal(log)
	if err != nil {
		t.Fatal(err)
	}
	var written, read any
	for text, into := range map[string]*any{out: &written, string(again): &read} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(written, read); diff != "" {
		t.Fatalf("-written +read:\n%s", diff)
	}
	return log
}

// validSARIF checks what the schema cannot see.
func validSARIF(t *testing.T, out string, r *diag.Report) {
	t.Helper()
	run := readSARIF(t, out).Runs[0]
	if len(run.Results) != len(r.Findings) {
		t.Fatalf("%d results, want %d", len(run.Results), len(r.Findings))
	}
	for _, result := range run.Results {
		if id := run.Tool.Driver.Rules[result.RuleIndex].ID; *id != *result.RuleID {
			t.Errorf("rule %q at the index of %q", *result.RuleID, *id)
		}
		for i, l := range result.RelatedLocations {
			if l.ID != i+1 {
				t.Errorf("related location %d has id %d", i, l.ID)
			}
		}
	}
	f := r.Files[0]
	first := run.Results[0]
	for _, l := range slices.Concat(first.Locations, first.RelatedLocations) {
		u, err := url.Parse(*l.PhysicalLocation.ArtifactLocation.URI)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(u.Path, "./"); got != strings.TrimPrefix(f.Path, "./") || u.Host != "" || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q is %+v, want path %q", *l.PhysicalLocation.ArtifactLocation.URI, u, f.Path)
		}
	}
	if len(first.RelatedLocations) > 0 && !strings.Contains(*first.Message.Text, "](1)") {
		t.Errorf("the related place is not in the message %q", *first.Message.Text)
	}
}

// SARIF counts UTF-16 code units, and links and placeholders are only those we make.
func TestSARIFText(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a b/[x]:{1}.conf", "# \U0001f600\u00e9 HERE and [x](1) {0}\n")
	span := at(t, f, "HERE")
	r := &diag.Report{Files: []*source.File{f}, Findings: []diag.Finding{{
		Rule: "rule", Severity: diag.Info, Summary: "a [link](1) {0}", Subject: diag.Label{Span: span},
		Related: []diag.Label{{Span: span, Text: "and {1}"}},
		Fixes: []diag.Fix{
			{Title: "one", Safety: diag.Safe, Edits: []diag.Edit{{Span: span, NewText: "\u202e{}\t"}}},
			{Title: "shown only", Safety: diag.Manual, Edits: []diag.Edit{{Span: span, NewText: "x"}}},
			{Title: "no text", Safety: diag.Unsafe, Edits: []diag.Edit{{Span: span, NewText: "\xff"}}},
		},
	}}}
	result := readSARIF(t, formatted(t, "sarif", r, render.Options{})).Runs[0].Results[0]
	want := `a [link\](1) {{0}}` + "\n" + `[a b/\[x\]:{{1}}.conf:1:6](1): and {{1}}` + "\n" +
		"fix (safe): one\nfix (manual): shown only\nfix (unsafe): no text"
	if diff := cmp.Diff(want, *result.Message.Text); diff != "" {
		t.Error(diff)
	}
	place := result.Locations[0].PhysicalLocation
	if got := *place.ArtifactLocation.URI; got != "a%20b/%5Bx%5D:%7B1%7D.conf" {
		t.Error(got)
	}
	if from, to := *place.Region.StartColumn, *place.Region.EndColumn; from != 7 || to != 11 {
		t.Errorf("columns %d to %d, want 7 to 11", from, to)
	}
	if len(result.Fixes) != 1 || *result.Fixes[0].ArtifactChanges[0].Replacements[0].InsertedContent.Text != "\u202e{}\t" {
		t.Errorf("not the one fix: %+v", result.Fixes)
	}
}

// Absolute paths are of this host, others are relative to where the program ran.
func TestSARIFPaths(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"/etc/nginx/nginx.conf": "file:///etc/nginx/nginx.conf",
		"etc/nginx/nginx.conf":  "etc/nginx/nginx.conf",
		"../nginx.conf":         "../nginx.conf",
		"<stdin>":               "%3Cstdin%3E",
		"http:x.conf":           "./http:x.conf",
		"100%.conf":             "100%25.conf",
		"sp ace\xff\u00e9":      "sp%20ace%FF%C3%A9",
	} {
		f := source.NewFile(filepath.ToSlash(name), "x")
		r := &diag.Report{Findings: []diag.Finding{{Rule: "rule", Severity: diag.Error, Subject: diag.Label{Span: source.Span{File: f}}}}}
		out := readSARIF(t, formatted(t, "sarif", r, render.Options{}))
		if got := *out.Runs[0].Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI; got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}
