package rules_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// TestHashTables compares the tables for which nginx finds no number of buckets
// with those that the
// rule names, in random configurations. Missed may be only tables of headers, where
// nginx has no room for its own alone. `make oracle` asks about more.
func TestHashTables(t *testing.T) {
	oracle := nginxtest.Version(t)
	count := 60
	if os.Getenv("NGINX_LINT_ORACLE") == "full" {
		count = 1500
	}
	rng := rand.New(rand.NewPCG(1, 2))
	asked, told := 0, 0
	for range count {
		text := nginxtest.Conf(crowdedHTTP(rng))
		conf := write(t, source.Mem{"nginx.conf": text}, "nginx.conf")
		message, _, warnings := nginxtest.TestWarnings(t, conf)
		_ = os.RemoveAll(filepath.Dir(conf))
		if message != "" {
			continue // one key that is too long
		}
		report, err := analyzer.Run(analyzer.Options{Paths: []string{"."}, FS: source.Mem{"nginx.conf": text}, Rules: rules.All(), NginxVersion: oracle})
		if err != nil {
			t.Fatal(err)
		}
		asked++
		for _, f := range report.Findings {
			for _, n := range f.Notes {
				if says, ok := strings.CutPrefix(n, "nginx -t: [warn] could not build"); ok {
					if told++; !slices.Contains(warnings, "could not build"+says) {
						t.Errorf("nginx does not say %q of\n%s", says, text)
					}
				}
			}
		}
		for _, w := range warnings {
			quoted := slices.ContainsFunc(report.Findings, func(f diag.Finding) bool { return slices.Contains(f.Notes, "nginx -t: [warn] "+w) })
			if strings.HasPrefix(w, "could not build") && !quoted && !strings.Contains(w, "proxy_headers_hash") {
				t.Errorf("no finding says %q of\n%s", w, text)
			}
		}
	}
	t.Logf("%d configurations, %d tables", asked, told)
	if asked < count/2 || told < count/4 {
		t.Errorf("%d configurations, %d tables: too few to say anything", asked, told)
	}
}

// crowdedHTTP is the content of a block of http with tables of many sizes.
func crowdedHTTP(rng *rand.Rand) string {
	var b strings.Builder
	pick := func(of ...int) int { return of[rng.IntN(len(of))] }
	word := func() string {
		const letters = "abcdefghijklmnopqrstuvwxyzABC"
		w := make([]byte, 1+rng.IntN(pick(6, 14, 34)))
		for i := range w {
			w[i] = letters[rng.IntN(len(letters))]
		}
		return string(w)
	}
	size := func(table string) {
		if rng.IntN(2) == 0 {
			fmt.Fprintf(&b, "%s_max_size %d; ", table, pick(1, 8, 32, 64, 128, 300, 600, 1024, 11000))
		}
		if rng.IntN(3) == 0 {
			fmt.Fprintf(&b, "%s_bucket_size %d; ", table, pick(1, 32, 64, 100, 128, 256))
		}
	}
	types := func() {
		b.WriteString("types { ")
		for i := range pick(1, 5, 20, 60, 150) {
			fmt.Fprintf(&b, "a/%d e%s; ", i, word())
		}
		b.WriteString("}\n")
	}
	headers := func() {
		for range pick(1, 8, 15, 30, 80) {
			fmt.Fprintf(&b, "proxy_set_header %s x; ", word())
		}
		b.WriteString("\n")
	}
	inBlock := func(odds int) {
		if rng.IntN(odds) == 0 {
			size("types_hash")
			types()
		}
		if rng.IntN(odds) == 0 {
			size("proxy_headers_hash")
			headers()
		}
	}
	size("server_names_hash")
	size("map_hash")
	inBlock(3)
	b.WriteString("map $uri $page { ")
	for i := range pick(1, 30, 200, 900) {
		fmt.Fprintf(&b, "/%s%d 1; ", word(), i)
	}
	b.WriteString("}\n")
	for s := range 1 + rng.IntN(3) {
		b.WriteString("server { listen unix:s.sock; server_name")
		for i := range pick(1, 10, 50, 200) {
			fmt.Fprintf(&b, " n%s%d.%d", strings.ToLower(word()), s, i)
		}
		b.WriteString(";\n")
		inBlock(4)
		b.WriteString("location / { ")
		inBlock(3)
		b.WriteString("} }\n")
	}
	return b.String()
}
