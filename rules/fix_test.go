package rules_test

import (
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

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
	if len(after) >= before {
		t.Errorf("the fix %q of %s leaves:", f.Fixes[i].Title, describe(f))
		for _, f := range after {
			t.Errorf("\t%s", describe(f))
		}
	}
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
