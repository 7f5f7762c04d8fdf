package render_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/cmd/internal/render"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// at is the span of the first occurrence of text in f.
func at(t *testing.T, f *source.File, text string) source.Span {
	t.Helper()
	i := strings.Index(f.Text, text)
	if i < 0 {
		t.Fatalf("%q is not in %s", text, f.Path)
	}
	return source.Span{File: f, Start: i, End: i + len(text)}
}

func text(t *testing.T, r *diag.Report, o render.TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.Text(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonText(t *testing.T, r *diag.Report, o render.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.JSON(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// stack is a report on a small broken stack, with all that a finding can have.
func stack(t *testing.T) *diag.Report {
	t.Helper()
	main := source.NewFile("etc/nginx/nginx.conf", "events {}\nhttp {\n    fastcgi_read_timeout 30s;\n    include sites/*.conf;\n}\n")
	shop := source.NewFile("etc/nginx/sites/shop.conf", strings.Join([]string{
		"server {",
		"    listen 80;",
		"    location ~ \\.php$ {",
		"        include fastcgi_params;",
		"        fastcgi_pass unix:/run/php/php8.1-fpm.sock;",
		"        fastcgi_read_timeout 60s;",
		"        fastcgi_busy_buffers_size 64k;",
		"    }",
		"    location /app { proxy_pass $backend; }",
		"}",
		"",
	}, "\n"))
	pool := source.NewFile("etc/php/8.2/fpm/pool.d/shop.conf", strings.Join([]string{
		"[shop]", "user = shop", "", "", "", "",
		"listen = /run/php/php8.2-fpm.sock",
		"; slow reports", "", "", "", "",
		"request_terminate_timeout = 300",
		"",
	}, "\n"))
	location := at(t, shop, "location ~ \\.php$ ")
	pass := at(t, shop, "unix:/run/php/php8.1-fpm.sock")
	listen := at(t, pool, "/run/php/php8.2-fpm.sock")
	chain := []source.Span{at(t, main, "include sites/*.conf;")}
	r := &diag.Report{
		Files: []*source.File{main, shop, pool},
		Findings: []diag.Finding{
			{
				Rule: "target-no-listener", Severity: diag.Error,
				Summary: "nothing listens where nginx sends PHP requests",
				Subject: diag.Label{Span: pass, Text: "no pool listens here"},
				Context: location,
				Related: []diag.Label{{Span: listen, Text: "the nearest listener: only the PHP version differs"}},
				Notes:   []string{"each request ends with 502: connect() failed (2: No such file or directory)"},
				Remedy:  "make both sides name the same socket",
				Fixes: []diag.Fix{
					{Title: "send to /run/php/php8.2-fpm.sock", Safety: diag.Safe, Edits: []diag.Edit{{Span: pass, NewText: "unix:/run/php/php8.2-fpm.sock"}}},
					{Title: "listen on /run/php/php8.1-fpm.sock", Safety: diag.Unsafe, Risk: "other servers may use the pool", Edits: []diag.Edit{{Span: listen, NewText: "/run/php/php8.1-fpm.sock"}}},
				},
				IncludeChain: chain, Places: 1,
			},
			{
				Rule: "timeout-nginx-gives-up-first", Severity: diag.Warning,
				Summary: "nginx gives up before PHP may finish",
				Subject: diag.Label{Span: at(t, shop, "fastcgi_read_timeout 60s;"), Text: "nginx waits 60s"},
				Context: location,
				Related: []diag.Label{
					{Span: at(t, pool, "request_terminate_timeout = 300"), Text: "this pool allows 300s"},
					{Span: at(t, main, "fastcgi_read_timeout 30s;"), Text: "instead of the 30s from here"},
				},
				Notes:  []string{"F is 60s, from location, etc/nginx/sites/shop.conf:6"},
				Remedy: "let nginx wait longer than the pool works",
				Fixes:  []diag.Fix{{Title: "choose which of the two is meant", Safety: diag.Manual}},
				Places: 3, IncludeChain: chain,
			},
			{
				Rule: "buffer-sizes", Severity: diag.Error,
				Summary:   "nginx refuses these buffers",
				Subject:   diag.Label{Span: at(t, shop, "64k"), Text: "above the 28k that 8 buffers of 4k allow"},
				Context:   location,
				RefusedBy: diag.Nginx, Places: 1,
			},
		},
		Suppressed: 1,
		Unresolved: []diag.Unresolved{
			{Span: at(t, shop, "fastcgi_params"), Reason: diag.MissingInclude, What: `include "fastcgi_params"`},
			{Span: at(t, shop, "$backend"), Reason: diag.Variable, What: "proxy_pass $backend"},
		},
		Notes: []diag.ReadNote{
			{Path: main.Path, Why: "main file of etc/nginx"},
			{Path: shop.Path, Why: "included at etc/nginx/nginx.conf:4"},
		},
		Accounts: []diag.Target{
			{Span: at(t, shop, "proxy_pass"), What: "proxy_pass $backend", Leads: "unknown: a variable in it may be anything", Places: 1},
			{Span: at(t, shop, "proxy_pass"), What: "proxy_pass shop", Address: "10.0.0.1:80", Leads: "unknown: another machine", Places: 3},
			{Span: at(t, shop, "proxy_pass"), What: "fastcgi_pass php:9000", Address: "php:9000", Leads: "joined to pool www, etc/php/www.conf:3", Places: 1},
		},
		Targets: 2, UnresolvedTargets: 1,
	}
	fingerprint(r)
	return r
}

// fingerprint gives the findings their fingerprints, as the driver does.
func fingerprint(r *diag.Report) {
	for i, name := range diag.Fingerprints(r.Findings) {
		r.Findings[i].Fingerprint = name
	}
}

// lines is a report with one finding per odd line.
func lines(t *testing.T) *diag.Report {
	t.Helper()
	r := &diag.Report{}
	add := func(name, content, subject, label string) {
		f := source.NewFile(name, content)
		r.Files = append(r.Files, f)
		span := source.Span{File: f, Start: len(content), End: len(content)}
		if subject != "" {
			span = at(t, f, subject)
		}
		r.Findings = append(r.Findings, diag.Finding{
			Rule: "rule", Severity: diag.Info, Summary: "look at the line",
			Subject: diag.Label{Span: span, Text: label}, Places: 1,
		})
	}
	long := "map $a $b { " + strings.Repeat("alpha beta; ", 40) + "HERE " + strings.Repeat("gamma delta; ", 40) + "}\n"
	add("tabs.conf", "a;\n\t\tfastcgi_pass\tx:9000;\n", "x:9000", "tabs take columns")
	add("wide.conf", "# 設定: 日本 HERE\n", "HERE", "wide characters take two columns")
	add("combining.conf", "# cafe\u0301 HERE\n", "HERE", "combining marks take none")
	add("long.conf", long, "HERE", "cut on both sides")
	add("long-start.conf", long, "map $a", "cut at the end")
	add("long-end.conf", "x HERE"+strings.Repeat("e", 90)+" "+strings.Repeat("y ", 30)+"END\n", "END", "cut at the start")
	add("long-span.conf", "set $x "+strings.Repeat("0123456789", 30)+";\n", strings.Repeat("0123456789", 30), "the place is longer than what is shown")
	add("block.conf", "http {\n    server {   \n        listen 80;\n    }\n}\n", "server {   \n        listen 80;\n    }", "a span over lines")
	add("end.conf", "http {\n", "", "empty span after the last line end")
	add("no-newline.conf", "http {", "", "empty span at the end, no line end")
	add("empty.conf", "", "", "an empty file")
	add("crlf.conf", "user www;\r\nlisten 80\r\n", "listen 80\r\n", "carriage returns are not shown")
	add("lf.conf", "a\n\nb\n", "\n\nb", "starts at a line end")
	add("bom.conf", "\ufefflisten 80;\n", "listen", "a byte order mark is seen")
	add("bytes.conf", "name \xff\xfe\x00 HERE;\n", "HERE", "no valid UTF-8")
	add("ambush\x1b[2J\u202e.conf", "a \x1b[31mred\x1b[0m \u202eevil\u2066 \u200fHERE\u00a0x\u0085\n", "HERE", "label \x1b]0;title\x07 \u202ereversed\nnext\rline \xff")
	add("label.conf", "    "+strings.Repeat("x", 60)+" HERE;\n", "HERE", "a label that would end beyond the right edge stands on a line of its own below")
	fingerprint(r)
	return r
}

func TestTextGolden(t *testing.T) {
	t.Parallel()
	all := render.TextOptions{Severity: diag.Info}
	golden(t, "stack.golden", text(t, stack(t), all))
	golden(t, "lines.golden", text(t, lines(t), all))
	golden(t, "color.golden", strings.ReplaceAll(text(t, stack(t), render.TextOptions{Severity: diag.Info, Color: true}), "\x1b", "ESC"))
	golden(t, "errors.golden", text(t, stack(t), render.TextOptions{Severity: diag.Error, Quiet: true}))
}

func TestJSONGolden(t *testing.T) {
	t.Parallel()
	golden(t, "stack.json", jsonText(t, stack(t), render.Options{Version: "v1.2.3", Severity: diag.Info}))
	golden(t, "lines.json", jsonText(t, lines(t), render.Options{Version: "v1.2.3", Severity: diag.Info}))
	golden(t, "empty.json", jsonText(t, &diag.Report{}, render.Options{Version: "v1.2.3", Severity: diag.Info}))
}
