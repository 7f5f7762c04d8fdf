package rules_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/fixer"
)

// plan makes of a case what --fix or --fix=unsafe makes of it, for one rule or, where
// it is "", for all: the files that are others afterwards.
func (c ruleCase) plan(t *testing.T, unsafe bool, rule string) (*fixer.Result, source.Mem) {
	t.Helper()
	check := func(texts map[string]string) (*diag.Report, error) {
		again := c.opts
		again.FS = source.Overlay{Base: c.files, Files: texts}
		again.Rules, again.Known = c.rules()
		return analyzer.Run(again)
	}
	report, err := check(nil)
	if err != nil {
		t.Fatal(err)
	}
	result := fixer.Plan(report, fixer.Options{
		Check: check, Unsafe: unsafe, SyntaxRule: analyzer.RuleSyntax,
		Wanted: func(f *diag.Finding) bool { return rule == "" || f.Rule == rule },
	})
	changed := source.Mem{}
	for _, f := range result.Changes {
		changed[f.File.Path] = f.Text
	}
	return result, changed
}

// TestFixed runs --fix and --fix=unsafe on every case: no fix is refused, what
// was fixed is silent afterwards, a second run changes nothing. Of the case "bad"
// what becomes of it by the rule's own fixes is kept beside its files, in the sections
// fixed/NAME: by --fix or, where this changes nothing, by --fix=unsafe.
func TestFixed(t *testing.T) {
	t.Parallel()
	for _, name := range caseFiles(t, "*") {
		t.Run(caseName(name), func(t *testing.T) {
			t.Parallel()
			c := parseCase(t, name)
			for _, unsafe := range []bool{false, true} {
				result, changed := c.plan(t, unsafe, "")
				for _, b := range result.Refused {
					t.Error(b)
				}
				checkGone(t, result, unsafe)
				again := c
				again.files = maps.Clone(c.files)
				maps.Copy(again.files, changed)
				if _, twice := again.plan(t, unsafe, ""); len(twice) > 0 {
					t.Errorf("a second run changes %v", slices.Sorted(maps.Keys(twice)))
				}
			}
			if rule, situation, _ := strings.Cut(caseName(name), "/"); situation == "bad" {
				_, golden := c.plan(t, false, rule)
				if len(golden) == 0 {
					_, golden = c.plan(t, true, rule)
				}
				checkGolden(t, name, golden)
			}
		})
	}
}

// checkGone: what a fix was applied for is not found any more, and nothing is left that one could be applied for.
func checkGone(t *testing.T, result *fixer.Result, unsafe bool) {
	t.Helper()
	limit := diag.Safe
	if unsafe {
		limit = diag.Unsafe
	}
	for _, f := range result.Report.Findings {
		for _, fix := range f.Fixes {
			if fix.Safety <= limit {
				t.Errorf("left: %s", describe(f))
			}
		}
	}
	for _, fixed := range result.Fixed {
		before, after := 0, 0
		for _, other := range result.Fixed {
			if like(other.Finding, fixed.Finding) {
				before++
			}
		}
		for _, f := range result.Report.Findings {
			if like(f, fixed.Finding) && len(f.Fixes) > 0 {
				after++
			}
		}
		if after >= before {
			t.Errorf("still there: %s", describe(fixed.Finding))
		}
	}
}

// like reports whether two findings say the same of the same words.
func like(a, b diag.Finding) bool {
	return a.Rule == b.Rule && a.Summary == b.Summary && a.Subject.Text == b.Subject.Text &&
		a.Subject.Span.File.Path == b.Subject.Span.File.Path && a.Subject.Span.Text() == b.Subject.Span.Text() && a.Context.Text() == b.Context.Text()
}

func checkGolden(t *testing.T, name string, fixed source.Mem) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "fixed/"
	want := source.Mem{}
	var files []txtar.File
	for _, f := range archive.Files {
		if path, ok := strings.CutPrefix(f.Name, prefix); ok {
			want[path] = unquoted(string(f.Data))
		} else {
			files = append(files, f)
		}
	}
	if !*update {
		if diff := cmp.Diff(want, fixed); diff != "" {
			t.Errorf("--fix makes of %s what -update would write (-want +got):\n%s", name, diff)
		}
		return
	}
	for _, path := range slices.Sorted(maps.Keys(fixed)) {
		text := fixed[path]
		if !strings.HasSuffix(text, "\n") || unquoted(text) != text || strings.ContainsAny(text, "\r\x00") || strings.Contains("\n"+text, "\n-- ") {
			text = strconv.Quote(text) + "\n"
		}
		files = append(files, txtar.File{Name: prefix + path, Data: []byte(text)})
	}
	archive.Files = files
	if text := txtar.Format(archive); fmt.Sprint(want) != fmt.Sprint(fixed) {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// unquoted is a file of a case that is written as one Go string, or as it stands.
func unquoted(text string) string {
	if raw, err := strconv.Unquote(strings.TrimSpace(text)); err == nil {
		return raw
	}
	return text
}
