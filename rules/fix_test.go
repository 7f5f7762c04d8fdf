package rules_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
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
	"nginx-lint/rules"
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

// fixRounds bounds how often fixes are applied: a value that several places
// inherit is mended one place at a time, and a block with two faults one by one.
const fixRounds = 10

// TestFixes applies the fixes of each case, one finding at a time: the finding
// goes, and no other comes in its place.
func TestFixes(t *testing.T) {
	t.Parallel()
	for _, name := range caseFiles(t, "*") {
		t.Run(caseName(name), func(t *testing.T) {
			t.Parallel()
			c := parseCase(t, name)
			before := c.run(t).Findings
			for _, f := range before {
				for i, fix := range f.Fixes {
					if len(fix.Edits) > 0 {
						checkFix(t, c, len(before), f, i)
					}
				}
			}
		})
	}
}

// checkFix applies the i-th fix of a finding.
func checkFix(t *testing.T, c ruleCase, before int, f diag.Finding, i int) {
	t.Helper()
	var after []diag.Finding
	same := func(g diag.Finding) bool {
		return g.Rule == f.Rule && g.Subject.Span.File.Path == f.Subject.Span.File.Path && len(g.Fixes) > i && len(g.Fixes[i].Edits) > 0
	}
	next := f
	for range fixRounds {
		c.files = mend(c.files, next.Fixes[i])
		c.opts.FS = c.files
		after = c.run(t).Findings
		again := slices.IndexFunc(after, same)
		if again < 0 {
			break
		}
		next = after[again]
	}
	after = slices.DeleteFunc(after, func(g diag.Finding) bool { return yields(g.Rule, f.Rule) }) // told only now
	if len(after) >= before {
		t.Errorf("the fix %q of %s leaves:", f.Fixes[i].Title, describe(f))
		for _, f := range after {
			t.Errorf("\t%s", describe(f))
		}
	}
}

func yields(weaker, stronger string) bool {
	return slices.ContainsFunc(rules.All(), func(r *analyzer.Rule) bool { return r.ID == weaker && slices.Contains(r.YieldsTo, stronger) })
}

// mend is a tree with the edits of a fix made.
func mend(files source.Mem, fix diag.Fix) source.Mem {
	mended := source.Mem{}
	for file, text := range files {
		var edits []diag.Edit
		for _, e := range fix.Edits {
			if e.Span.File.Path == file {
				edits = append(edits, e)
			}
		}
		mended[file] = applyEdits(text, edits)
	}
	return mended
}

// applyEdits is a text with the edits made.
func applyEdits(text string, edits []diag.Edit) string {
	edits = slices.Clone(edits)
	// From the end, so that offsets hold; of two insertions at one place the first comes first.
	slices.SortStableFunc(edits, func(a, b diag.Edit) int { return a.Span.Start - b.Span.Start })
	for _, e := range slices.Backward(edits) {
		text = text[:e.Span.Start] + e.NewText + text[e.Span.End:]
	}
	return text
}

// TestFixPlaces holds where a fix adds a line: in the block's own file and not
// in a snippet that stands elsewhere beside the same directive, and where nginx allows it.
func TestFixPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, want string }{
		{"timeout-nginx-gives-up-first/pass-in-snippet", "etc/nginx/nginx.conf", "include snippets/php.conf;\n            fastcgi_read_timeout 401s;"},
		{"timeout-nginx-gives-up-first/in-if", "etc/nginx/nginx.conf", "location / {\n            fastcgi_read_timeout 401s;"},
		{"timeout-nginx-gives-up-first/from-http", "etc/nginx/nginx.conf", "fastcgi_pass unix:/run/php/shop.sock;\n            fastcgi_read_timeout 401s;"},
		{"buffer-sizes/shared-snippet", "nginx.conf", "include big.conf;\n            proxy_buffers 9 4k;"},
		{"socket-permission/bad", "etc/php/8.2/fpm/pool.d/shop.conf", "\nlisten.owner = www-data\nlisten.group = www-data\npm = static"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tree := parseCase(t, dataDir+"/"+c.name+".txtar")
			mended := mend(tree.files, tree.run(t).Findings[0].Fixes[0])
			if !strings.Contains(mended[c.file], c.want) {
				t.Errorf("%s is\n%s", c.file, mended[c.file])
			}
		})
	}
}

// TestFixesProved holds that the proofs of a rule run on the real servers what
// its safe and its unsafe fixes make of a configuration that fails.
func TestFixesProved(t *testing.T) {
	t.Parallel()
	for _, r := range rules.All() {
		if r.NoProof != "" {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			proofs, err := filepath.Glob(filepath.Join(dataDir, r.ID, "proof*.txtar"))
			if err != nil {
				t.Fatal(err)
			}
			proved := map[diag.Safety]bool{}
			for _, name := range proofs {
				archive, err := txtar.ParseFile(name)
				if err != nil {
					t.Fatal(err)
				}
				fixesRun(string(archive.Comment), proved)
			}
			for _, safety := range []diag.Safety{diag.Safe, diag.Unsafe} {
				if offers := slices.Contains(r.Safeties, safety); offers != proved[safety] {
					t.Errorf("%s fixes: %v, and a proof runs the fixed configuration: %v", safety, offers, proved[safety])
				}
			}
		})
	}
}

// fixesRun notes of a script the safeties of the fixes after which a server reads the folder again.
func fixesRun(script string, proved map[diag.Safety]bool) {
	fixed := map[string]diag.Safety{} // by folder
	for line := range strings.Lines(script) {
		words := strings.Fields(strings.TrimPrefix(line, "! "))
		switch {
		case len(words) == 2 && words[0] == "fix":
			fixed[words[1]] = diag.Safe
		case len(words) == 3 && words[0] == "fix":
			fixed[words[2]] = diag.Unsafe
		case len(words) == 2 && slices.Contains([]string{"nginx", "fpm", "nginx-t", "fpm-t"}, words[0]) && !strings.HasPrefix(line, "!"):
			for folder, safety := range fixed {
				if conf, err := filepath.Rel(folder, words[1]); err == nil && filepath.IsLocal(conf) {
					proved[safety] = true
				}
			}
		}
	}
}
