package analyzer_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// TestDeclaredScopes: what the caller says goes before what folders say.
func TestDeclaredScopes(t *testing.T) {
	t.Parallel()
	tree := map[string]string{
		"a/nginx.conf": mainWith(server("127.0.0.1:9000")), "a/php-fpm.conf": pool("a", "9001"),
		"b/nginx.conf": mainWith(server("127.0.0.1:9001")), "b/php-fpm.conf": pool("b", "9000"),
		"b/deep/fpm/php-fpm.conf": pool("deep", "9002"), "b/site.conf": server("127.0.0.1:9002"),
	}
	listener := func(scope, address string) analyzer.DeclaredListener {
		e, _ := stack.ParseAddress(address)
		text := source.NewFile("declared", address)
		return analyzer.DeclaredListener{Scope: scope, Listener: stack.Listener{
			Endpoint: e, Protocol: stack.FastCGI, Span: source.Span{File: text, End: len(address)},
		}}
	}
	tests := []struct {
		name string
		opts analyzer.Options
		want []string
	}{
		{
			"files of different folders",
			analyzer.Options{Scopes: []analyzer.DeclaredScope{
				{Name: "x", Nginx: []string{"a/nginx.conf"}, PHPFPM: []string{"b/php-fpm.conf"}, Closed: true},
			}},
			[]string{
				"a/nginx.conf in scope x to b/php-fpm.conf", "b/nginx.conf in scope b to nothing",
				"pool a in scope ., complete false", "pool b in scope x, complete true", "pool deep in scope b, complete false",
			},
		},
		{
			"the closest root, and files before roots",
			analyzer.Options{Scopes: []analyzer.DeclaredScope{
				{Name: "deep", Root: "b/deep"},
				{Name: "all", Root: "."},
				{Name: "picked", Nginx: []string{"b/nginx.conf", "b/site.conf"}, PHPFPM: []string{"a"}},
			}},
			[]string{
				"a/nginx.conf in scope all to b/php-fpm.conf", "b/nginx.conf in scope picked to a/php-fpm.conf", "b/site.conf in scope picked to nothing",
				"pool a in scope picked, complete false", "pool b in scope all, complete false", "pool deep in scope deep, complete false",
			},
		},
		{
			"listeners of one scope and of all",
			analyzer.Options{
				Scopes:    []analyzer.DeclaredScope{{Name: "a", Root: "a"}, {Name: "b", Root: "b"}},
				Listeners: []analyzer.DeclaredListener{listener("a", "127.0.0.1:9000"), listener("", "9001")},
			},
			[]string{
				"a/nginx.conf in scope a to declared", "b/nginx.conf in scope b to declared",
				"pool a in scope a, complete false", "pool b in scope b, complete false", "pool deep in scope b, complete false",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.opts.Rules = []*analyzer.Rule{&hops, &pools}
			if diff := cmp.Diff(tt.want, texts(run(t, tree, tt.opts))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestPHPVersion: a path tells the version better than the caller.
func TestPHPVersion(t *testing.T) {
	t.Parallel()
	versions := analyzer.Rule{ID: "versions", OnPool: func(p *analyzer.Pass, pool *fpm.Pool) {
		p.Report(nginx.Ref{}, nil, diag.Finding{Severity: diag.Info, Summary: "version", Subject: diag.Label{
			Span: pool.Heads[0], Text: fmt.Sprintf("%s runs PHP %s", pool.Name, pool.Master.Version),
		}})
	}}
	report := run(t, map[string]string{
		"etc/php/8.2/fpm/php-fpm.conf": pool("a", "9000"), "etc/php-fpm.conf": pool("b", "9001"), "www.conf": pool("c", "9002"),
	}, analyzer.Options{Rules: []*analyzer.Rule{&versions}, PHPVersion: catalog.Version{Major: 8, Minor: 10}})
	if diff := cmp.Diff([]string{"a runs PHP 8.2", "b runs PHP 8.10", "c runs PHP 8.10"}, texts(report)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestLevelsAndOptions: the caller's numbers and severities take the place of the rule's.
func TestLevelsAndOptions(t *testing.T) {
	t.Parallel()
	option := analyzer.Rule{
		ID: "option", Options: []analyzer.Option{{Name: "n", Default: 2}},
		OnPool: func(p *analyzer.Pass, pool *fpm.Pool) {
			p.Report(nginx.Ref{}, nil, diag.Finding{Severity: diag.Info, Summary: "n", Subject: diag.Label{Span: pool.Heads[0], Text: fmt.Sprint(p.Option("n"))}})
		},
	}
	tree := map[string]string{"php-fpm.conf": pool("a", "9000")}
	opts := analyzer.Options{Rules: []*analyzer.Rule{&option}}
	report := run(t, tree, opts)
	if got := report.Findings[0]; got.Severity != diag.Info || got.Subject.Text != "2" {
		t.Errorf("by default: %s %s", got.Severity, got.Subject.Text)
	}
	opts.Levels = map[string]diag.Severity{"option": diag.Error}
	opts.RuleOptions = map[string]map[string]float64{"option": {"n": 3.5}}
	report = run(t, tree, opts)
	if got := report.Findings[0]; got.Severity != diag.Error || got.Subject.Text != "3.5" {
		t.Errorf("as set: %s %s", got.Severity, got.Subject.Text)
	}
}

// TestLinks: a file that is reached through a link is called as the link is, and
// is read once.
func TestLinks(t *testing.T) {
	t.Parallel()
	site := server("unix:/run/a.sock")
	tests := []struct {
		name string
		opts analyzer.Options
		tree map[string]string
		want []string
	}{
		{
			"an absolute link of a host tree",
			analyzer.Options{},
			map[string]string{
				"web1/etc/nginx/nginx.conf":           mainWith("include sites-enabled/*;"),
				"web1/etc/nginx/sites-available/site": site, "/etc/nginx/sites-available/site": "not this one",
				"web1/etc/nginx/sites-enabled/site": source.Link("/etc/nginx/sites-available/site"),
			},
			[]string{"web1/etc/nginx/nginx.conf", "web1/etc/nginx/sites-enabled/site"},
		},
		{
			"an absolute link where no folder is called etc",
			analyzer.Options{},
			map[string]string{
				"conf/nginx.conf": mainWith("include sites-enabled/*;"), "conf/sites-available/site": site,
				"conf/sites-enabled/site": source.Link("/etc/nginx/sites-available/site"),
			},
			[]string{"conf/nginx.conf", "conf/sites-enabled/site"},
		},
		{
			"an absolute link to a folder",
			analyzer.Options{},
			map[string]string{
				"web1/etc/nginx/nginx.conf":   mainWith("include conf.d/*;"),
				"web1/etc/nginx/common/site":  "sendfile on;\n",
				"web1/etc/nginx/conf.d":       source.Link("/etc/nginx/common"),
				"/etc/nginx/common/site.conf": "not this one",
			},
			[]string{"web1/etc/nginx/conf.d/site", "web1/etc/nginx/nginx.conf"},
		},
		{
			"the first name that an include has for a file",
			analyzer.Options{},
			map[string]string{
				"nginx.conf": mainWith("include b.conf; include a.conf; include c.conf;"),
				"a.conf":     site, "b.conf": source.Link("a.conf"), "c.conf": source.Link("b.conf"),
			},
			[]string{"b.conf", "nginx.conf"},
		},
		{
			"a link that nothing includes to a file that is",
			analyzer.Options{},
			map[string]string{
				"nginx.conf": mainWith("include conf.d/*.conf;"), "conf.d/a.conf": site, "old/a.conf": source.Link("../conf.d/a.conf"),
			},
			[]string{"conf.d/a.conf", "nginx.conf"},
		},
		{
			"two hosts that share a file",
			analyzer.Options{},
			map[string]string{
				"a/etc/nginx/nginx.conf": mainWith("include site.conf;"), "a/etc/nginx/site.conf": source.Link("../../../shared.conf"),
				"b/etc/nginx/nginx.conf": mainWith("include site.conf;"), "b/etc/nginx/site.conf": source.Link("../../../shared.conf"),
				"shared.conf": site,
			},
			[]string{"a/etc/nginx/nginx.conf", "a/etc/nginx/site.conf", "b/etc/nginx/nginx.conf", "b/etc/nginx/site.conf"},
		},
		{
			"nothing outside of --root",
			analyzer.Options{Root: "jail", Paths: []string{"jail"}},
			map[string]string{
				"jail/nginx.conf": mainWith("include conf.d/*;"), "jail/conf.d/a.conf": source.Link("../../a.conf"),
				"jail/conf.d/b.conf": source.Link("/b.conf"), "jail/b.conf": site, "a.conf": site, "/b.conf": site,
			},
			[]string{"jail/conf.d/b.conf", "jail/nginx.conf"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			report := run(t, tt.tree, tt.opts)
			var got []string
			for _, f := range report.Files {
				got = append(got, f.Path)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(report.Failures) > 0 {
				t.Errorf("failures: %v", report.Failures)
			}
		})
	}
}
