package rules_test

import (
	"fmt"
	"slices"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// TestSharedSnippet: what is wrong in a snippet is said once, with in how many places
// it is included, whichever way the rule comes to it; what is wrong in some of them only, with how many these are.
func TestSharedSnippet(t *testing.T) {
	t.Parallel()
	const vhosts, odd = 2000, 3
	tree := source.Mem{
		"etc/nginx/nginx.conf":            "events {}\nhttp { server_names_hash_max_size 8192; include sites/*; }\n",
		"etc/nginx/snippets/php.conf":     "location ~ \\.php$ { fastcgi_pass unix:/run/gone.sock; fastcgi_buffers 1 4k; include fastcgi.conf; }\n",
		"etc/nginx/snippets/words.conf":   "gzip_mistype on;\nexpires soon;\nexpires 1h;\nlimit_except GET { deny all; }\n",
		"etc/nginx/snippets/broken.conf":  "charset utf-8\n",
		"etc/php/8.2/fpm/pool.d/www.conf": "[www]\nuser = www-data\nlisten = /run/php.sock\nlisten.owner = www-data\npm = static\npm.max_children = 5\n",
	}
	for i := range vhosts {
		more := "include snippets/words.conf;"
		if i < odd {
			more = "location / { include snippets/words.conf; }"
		}
		tree[fmt.Sprintf("etc/nginx/sites/%05d", i)] = fmt.Sprintf("server {\nlisten 80;\nserver_name a%d.test;\ninclude snippets/php.conf; %s include snippets/broken.conf;\n}\n", i, more)
	}
	on := slices.DeleteFunc(rules.All(), func(r *analyzer.Rule) bool { return r.Off })
	report, err := analyzer.Run(analyzer.Options{FS: tree, Paths: []string{"."}, Rules: on})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"target-no-listener":  vhosts, // by requests
		"buffer-sizes":        vhosts, // by blocks
		"unknown-directive":   vhosts, // by names, looked up once for each kind of block
		"directive-value":     vhosts,
		"directive-duplicate": vhosts,
		"directive-context":   vhosts - odd, // `limit_except` may stand in a location
		"syntax":              vhosts,
	}
	got := map[string]*diag.Finding{}
	for i, f := range report.Findings {
		if got[f.Rule] != nil {
			t.Errorf("%s twice: line %d and %d", f.Rule, got[f.Rule].Subject.Span.Line(), f.Subject.Span.Line())
		}
		got[f.Rule] = &report.Findings[i]
	}
	for rule, places := range want {
		f := got[rule]
		if f == nil {
			t.Errorf("no %s", rule)
			continue
		}
		if f.Places != places {
			t.Errorf("%s: in %d places, want %d", rule, f.Places, places)
		}
		if chain := f.IncludeChain; len(chain) != 2 || chain[0].File.Path != "etc/nginx/nginx.conf" {
			t.Errorf("%s: included from %v", rule, chain)
		}
		delete(got, rule)
	}
	if len(got) > 0 {
		t.Errorf("other findings: %v", got)
	}
}
