package rules_test

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/fixer"
	"nginx-lint/rules"
)

const (
	// secret stands in a file outside of the tree, secretDir, and nowhere else.
	secret    = "HUNTER2"
	secretDir = "secret"
	// linkTo begins a file of an archive that is a symbolic link.
	linkTo = "-> "
)

// fileHead begins a file of an archive; txtar's own reader fails on some bytes.
var fileHead = regexp.MustCompile(`(?m)^-- (.+) --\n`)

// fuzzTree is the tree of an archive below repo, beside what it is not to reach; nil where it is too large.
func fuzzTree(archive string) source.Mem {
	heads := fileHead.FindAllStringSubmatchIndex(archive, -1)
	if len(archive) > 1<<15 || len(heads) > 40 || strings.Contains(archive, secret) {
		return nil
	}
	tree := source.Mem{
		secretDir + "/credentials": "password " + secret + "\n", secretDir + "/a.conf": "server { listen " + secret + "; }\n",
		secretDir + "/www.conf": "[a]\nlisten = /run/" + secret + "\n", secretDir + "/compose.yaml": "services: {" + secret + ": {image: nginx}}\n",
		secretDir + "/.user.ini": "memory_limit = " + secret + "\n", secretDir + "/.env": "A=" + secret + "\n",
	}
	maps.Copy(tree, source.Mem{"/etc/nginx/nginx.conf": tree["secret/a.conf"], "/etc/secret.conf": tree["secret/a.conf"]})
	for i, h := range heads {
		end := len(archive)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		name, text := path.Join("repo", path.Clean("/"+archive[h[2]:h[3]])), archive[h[1]:end]
		if to, ok := strings.CutPrefix(text, linkTo); ok {
			text = source.Link(strings.TrimSpace(to))
		}
		tree[name] = text
	}
	// A file is no folder at the same time.
	for name := range tree {
		for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
			delete(tree, dir)
		}
	}
	return tree
}

// FuzzTree runs all rules on trees of any files: that ends, twice in the same way, with
// spans that are in their files, and nothing outside of the tree is read.
func FuzzTree(f *testing.F) {
	for _, seed := range []string{
		"-- nginx.conf --\nevents {}\nhttp { include conf.d/*.conf; include ../secret/*; include /secret/a.conf; include repo/../../secret/a.conf; }\n-- conf.d/a.conf --\n-> ../../secret/credentials\n-- conf.d/b.conf --\ninclude ../c.inc;\n-- c.inc --\ninclude nginx.conf;\n",
		"-- etc/nginx/nginx.conf --\nevents {}\nhttp { include sites-enabled/*; include /etc/nginx/../../../secret/a.conf; include /etc/secret.conf; }\n-- etc/nginx/sites-enabled/a --\n-> /etc/nginx/sites-available/a\n-- etc/nginx/sites-available/a --\nserver { listen 80; root /srv/../../secret; location ~ \\.php$ { fastcgi_pass unix:/run/a.sock; } }\n-- etc/nginx/sites-enabled/b --\n-> /secret/a.conf\n-- etc/nginx/sites-enabled/c --\n-> ../../../../secret/a.conf\n",
		"-- etc/php/8.2/fpm/php-fpm.conf --\n[global]\ninclude=pool.d/*.conf\ninclude=/etc/php/8.2/fpm/../../../../../secret/*.conf\ninclude = ../../../../../secret/*\n-- etc/php/8.2/fpm/pool.d/a.conf --\n[a]\nlisten = /run/a.sock\ninclude=../php-fpm.conf\n-- etc/php/8.2/fpm/php.ini --\n-> /secret/.user.ini\n-- etc/php/8.2/fpm/conf.d/a.ini --\n-> ../../../../../../secret/.user.ini\n",
		"-- compose.yaml --\ninclude: [../secret/compose.yaml]\nservices:\n  web:\n    image: nginx:1.27\n    env_file: [../secret/.env]\n    extends: {file: ../secret/compose.yaml, service: web}\n    volumes: ['../secret:/etc/nginx/conf.d', './nginx.conf:/etc/nginx/nginx.conf:ro']\n  php: {build: ../secret, image: 'php:8.2-fpm'}\n-- nginx.conf --\nevents {}\nhttp { include /etc/nginx/conf.d/*.conf; server { location ~ \\.php$ { fastcgi_pass php:9000; } } }\n-- Dockerfile --\nFROM nginx\nCOPY ../secret /etc/nginx\n",
		"-- etc/nginx/nginx.conf --\nevents {}\nhttp { server { location / { proxy_pass http://127.0.0.1:8000; } } }\n-- etc/systemd/system/a.service --\n[Service]\nEnvironmentFile=/secret/.env\nWorkingDirectory=/secret\nExecStart=/usr/bin/gunicorn -c /secret/credentials -b :8000 a\n-- etc/systemd/system/b.service --\n[Service]\nExecStart=uwsgi --ini ../../../../secret/www.conf --http-socket :1\n-- etc/apache2/apache2.conf --\nListen 8080\nInclude /secret/*.conf\nInclude ../../../secret/a.conf\n-- etc/supervisor/supervisord.conf --\n[program:a]\ncommand=gunicorn -c ../../secret/credentials a\n[include]\nfiles = ../../../secret/*\n-- etc/uwsgi/apps-enabled/a.ini --\n[uwsgi]\nini = /secret/www.conf\nsocket = :3031\n",
		"-- nginx.conf --\nevents {}\nhttp { include */*/[a-z]*.conf; include a?b/**; include [; include $x; include {{ x }}; include \"\"; include /; include .; include ..; }\n-- a/b/c.conf --\ninclude ../../a/b/c.conf;\n-- loop --\n-> loop\n",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, archive string, root bool) {
		tree := fuzzTree(archive)
		if tree == nil {
			return
		}
		opts := analyzer.Options{FS: tree, Paths: []string{"repo"}, Rules: rules.All()}
		if root {
			opts.Root = "repo"
		}
		report := runTwice(t, opts)
		if report == nil {
			return
		}
		for _, read := range report.Files {
			if !source.Below(read.Path, "repo") || strings.Contains(read.Text, secret) {
				t.Errorf("read: %s", read.Path)
			}
		}
		for _, finding := range report.Findings {
			if text := fmt.Sprintf("%s %q", describe(finding), finding.Notes); strings.Contains(text, secret) {
				t.Error(text)
			}
			checkSpans(t, finding)
		}
		for _, failure := range report.Failures {
			if !source.Below(failure.Path, "repo") {
				t.Errorf("tried: %s", failure.Path)
			}
		}
	})
}

// runTwice is the report on a tree; nil where there is nothing to check in it.
func runTwice(t *testing.T, opts analyzer.Options) *diag.Report {
	t.Helper()
	var reports [2]string
	var last *diag.Report
	for i := range reports {
		report, err := analyzer.Run(opts)
		if usage := (*analyzer.UsageError)(nil); errors.As(err, &usage) {
			return nil
		} else if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			reports[i] += fmt.Sprintln(describe(f), f.Notes, f.Places, f.Fingerprint)
		}
		last = report
	}
	if reports[0] != reports[1] {
		t.Errorf("once\n%s\nthen\n%s", reports[0], reports[1])
	}
	return last
}

func checkSpans(t *testing.T, f diag.Finding) {
	t.Helper()
	spans := []source.Span{f.Subject.Span, f.Context}
	for _, l := range f.Related {
		spans = append(spans, l.Span)
	}
	for _, fix := range f.Fixes {
		for _, e := range fix.Edits {
			spans = append(spans, e.Span)
		}
	}
	for _, s := range spans {
		if !s.IsZero() && (s.Start < 0 || s.Start > s.End || s.End > len(s.File.Text)) {
			t.Errorf("%s: span %d-%d in %s of %d bytes", f.Rule, s.Start, s.End, s.File.Path, len(s.File.Text))
		}
	}
}

// FuzzFix mends any tree: none of the fixes turns out to be wrong, no more errors are
// found than before, and a second run changes nothing.
func FuzzFix(f *testing.F) {
	names, err := filepath.Glob("../testdata/rules/*/bad*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatalf("%v, %v", names, err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "fixed/") })
		f.Add(string(txtar.Format(archive)), true)
		f.Add(string(txtar.Format(archive)), false)
	}
	f.Fuzz(func(t *testing.T, archive string, unsafe bool) {
		tree := fuzzTree(archive)
		if tree == nil {
			return
		}
		check := func(texts map[string]string) (*diag.Report, error) {
			return analyzer.Run(analyzer.Options{FS: source.Overlay{Base: tree, Files: texts}, Paths: []string{"repo"}, Rules: rules.All()})
		}
		before, err := check(nil)
		if err != nil {
			return // nothing to check
		}
		plan := func(report *diag.Report) *fixer.Result {
			return fixer.Plan(report, fixer.Options{
				Check: check, Unsafe: unsafe, SyntaxRule: analyzer.RuleSyntax, Wanted: func(*diag.Finding) bool { return true },
			})
		}
		result := plan(before)
		for _, r := range result.Refused {
			if r.Bug {
				t.Error(r)
			}
		}
		for _, c := range result.Changes {
			tree[c.File.Real] = c.Text
		}
		after, err := check(nil)
		if err != nil {
			t.Fatal(err)
		}
		if count(before)[analyzer.RuleSyntax] == 0 { // else there was more to find than could be read
			for rule, n := range count(after) {
				if had := count(before)[rule]; n > had {
					t.Errorf("%d errors of %s, %d before", n, rule, had)
				}
			}
		}
		for _, c := range plan(after).Changes {
			t.Errorf("a second run makes of %s\n%q\nwhich was\n%q", c.File.Path, c.Text, c.File.Text)
		}
	})
}

// count counts the errors by rule.
func count(r *diag.Report) map[string]int {
	n := map[string]int{}
	for _, f := range r.Findings {
		if f.Severity == diag.Error {
			n[f.Rule]++
		}
	}
	return n
}
