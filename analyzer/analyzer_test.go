package analyzer_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// hops reports each FastCGI hop with what it leads to.
var hops = analyzer.Rule{
	ID: "hops",
	OnHop: func(p *analyzer.Pass, h *stack.Hop) {
		to := "nothing"
		for _, l := range h.Listeners {
			to = l.Span.File.Path
		}
		p.Report(h.Target.Pass, nil, diag.Finding{
			Severity: diag.Info, Summary: "hop",
			Subject: diag.Label{Span: h.Peer.Span, Text: fmt.Sprintf("%s in scope %s to %s", h.Peer.Span.File.Path, p.Scope.Name, to)},
		})
	},
}

// pools reports each pool with its scope.
var pools = analyzer.Rule{
	ID: "pools",
	OnPool: func(p *analyzer.Pass, pool *fpm.Pool) {
		p.Report(nginx.Ref{}, nil, diag.Finding{
			Severity: diag.Info, Summary: "pool",
			Subject: diag.Label{Span: pool.Heads[0], Text: fmt.Sprintf("pool %s in scope %s, complete %v", pool.Name, p.Scope.Name, p.Scope.Complete())},
		})
	},
}

func server(pass string) string {
	return "server {\n  listen 80;\n  location ~ \\.php$ {\n    fastcgi_pass " + pass + ";\n  }\n}\n"
}

func mainWith(body string) string { return "events {}\nhttp {\n" + body + "}\n" }

func pool(name, listen string) string {
	return "[" + name + "]\nlisten = " + listen + "\npm = static\npm.max_children = 1\n"
}

func run(t *testing.T, files map[string]string, opts analyzer.Options) *diag.Report {
	t.Helper()
	opts.FS = source.Mem(files)
	if opts.Paths == nil {
		opts.Paths = []string{"."}
	}
	report, err := analyzer.Run(opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func texts(r *diag.Report) []string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, f.Subject.Text)
	}
	slices.Sort(all)
	return all
}

func TestScopes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{
			"two hosts are never joined",
			map[string]string{
				"hosts/a/etc/nginx/nginx.conf": mainWith(server("unix:/run/a.sock")), "hosts/a/etc/php/8.2/fpm/php-fpm.conf": "[global]\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
				"hosts/a/etc/php/8.2/fpm/pool.d/a.conf": pool("a", "/run/a.sock"),
				"hosts/b/etc/nginx/nginx.conf":          mainWith(server("unix:/run/a.sock")), "hosts/b/usr/local/etc/php-fpm.conf": "[global]\nerror_log = /x\n" + pool("b", "/run/b.sock"),
			},
			[]string{
				"hosts/a/etc/nginx/nginx.conf in scope hosts/a to hosts/a/etc/php/8.2/fpm/pool.d/a.conf",
				"hosts/b/etc/nginx/nginx.conf in scope hosts/b to nothing",
				"pool a in scope hosts/a, complete true",
				"pool b in scope hosts/b, complete true",
			},
		},
		{
			"the deepest folder that holds both sides is a scope, the rest is none",
			map[string]string{
				"docker/nginx/default.conf": server("127.0.0.1:9000"), "docker/php/www.conf": pool("www", "9000"),
				"vagrant/nginx/site.conf": server("127.0.0.1:9000"),
			},
			[]string{
				"docker/nginx/default.conf in scope docker to docker/php/www.conf",
				"pool www in scope docker, complete false",
				"vagrant/nginx/site.conf in scope . to nothing",
			},
		},
		{
			"a main file elsewhere than in a host tree is not the whole of PHP-FPM",
			map[string]string{"nginx.conf": mainWith(server("unix:/run/a.sock")), "php-fpm.conf": "[global]\ndaemonize = no\n" + pool("www", "/run/a.sock")},
			[]string{"nginx.conf in scope . to php-fpm.conf", "pool www in scope ., complete false"},
		},
		{
			"what is available but not enabled is not in use",
			map[string]string{
				"etc/nginx/nginx.conf":           mainWith("include sites-enabled/*;"),
				"etc/nginx/sites-enabled/a.conf": server("unix:/run/a.sock"), "etc/nginx/sites-available/b.conf": server("unix:/run/b.sock"),
				"etc/php-fpm.conf": "[global]\ndaemonize = no\n" + pool("www", "/run/a.sock"),
			},
			[]string{"etc/nginx/sites-enabled/a.conf in scope . to etc/php-fpm.conf", "pool www in scope ., complete true"},
		},
		{
			"where sites-enabled is not there, what is available stands for it",
			map[string]string{
				"etc/nginx/nginx.conf": mainWith("include /etc/nginx/sites-enabled/*;"), "etc/nginx/sites-available/b.conf": server("unix:/run/b.sock"),
				"etc/nginx/snippets/unused.conf": "location ~ \\.php$ { fastcgi_pass unix:/run/c.sock; }\n",
				"etc/php-fpm.conf":               "[global]\ndaemonize = no\n" + pool("www", "/run/b.sock"),
			},
			[]string{"etc/nginx/sites-available/b.conf in scope . to etc/php-fpm.conf", "pool www in scope ., complete true"},
		},
		{
			"a pool file that the main file's pattern passes by is no listener",
			map[string]string{
				"etc/nginx/nginx.conf":                mainWith(server("unix:/run/a.sock")),
				"etc/php/8.2/fpm/php-fpm.conf":        "[global]\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
				"etc/php/8.2/fpm/pool.d/b.conf":       pool("b", "/run/b.sock"),
				"etc/php/8.2/fpm/pool.d/old.pool":     pool("old", "/run/a.sock"),
				"etc/php/8.2/fpm/pool.d/www.conf.off": pool("www", "/run/a.sock"),
			},
			[]string{"etc/nginx/nginx.conf in scope . to nothing", "pool b in scope ., complete true"},
		},
		{
			"a pool file may be one of those that an include misses",
			map[string]string{
				"etc/nginx/nginx.conf":                mainWith(server("unix:/run/a.sock")),
				"etc/php/8.2/fpm/php-fpm.conf":        "[global]\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\ninclude=/srv/pools/*\n",
				"etc/php/8.2/fpm/pool.d/b.conf":       pool("b", "/run/b.sock"),
				"etc/php/8.2/fpm/pool.d/www.conf.off": pool("www", "/run/a.sock"),
			},
			[]string{
				"etc/nginx/nginx.conf in scope . to etc/php/8.2/fpm/pool.d/www.conf.off",
				"pool b in scope ., complete false",
				"pool www in scope ., complete false",
			},
		},
		{
			"copies out of use are neither main files nor pools",
			map[string]string{
				"etc/nginx/nginx.conf":                    mainWith(server("unix:/run/a.sock")),
				"etc/nginx/nginx.conf.default":            mainWith(server("unix:/run/b.sock")),
				"etc/nginx/nginx.conf.rpmnew":             mainWith(server("unix:/run/b.sock")),
				"etc/nginx/sites-enabled/a.disabled":      server("unix:/run/b.sock"),
				"etc/php/8.2/fpm/pool.d/www.conf.dist":    pool("www", "/run/a.sock"),
				"etc/php/8.2/fpm/pool.d/www.conf.ucf-old": pool("www", "/run/a.sock"),
				"etc/php/8.2/fpm/php-fpm.conf-dist":       "[global]\n" + pool("www", "/run/a.sock"),
			},
			[]string{"etc/nginx/nginx.conf in scope . to nothing"},
		},
		{
			"a copy that is included is in use",
			map[string]string{
				"etc/nginx/nginx.conf":            mainWith("include sites-enabled/*; include more.conf.sample;"),
				"etc/nginx/sites-enabled/a.bak":   server("unix:/run/a.sock"),
				"etc/nginx/more.conf.sample":      server("unix:/run/b.sock"),
				"etc/php-fpm.conf":                "[global]\ninclude=/etc/php-fpm.d/*\n",
				"etc/php-fpm.d/www.conf.disabled": pool("www", "/run/a.sock"),
			},
			[]string{
				"etc/nginx/more.conf.sample in scope . to nothing",
				"etc/nginx/sites-enabled/a.bak in scope . to etc/php-fpm.d/www.conf.disabled",
				"pool www in scope ., complete true",
			},
		},
		{
			"Debian's link leads to the www pool of the newest version",
			map[string]string{
				"etc/nginx/nginx.conf":                mainWith(server("unix:/run/php/php-fpm.sock")),
				"etc/php/7.4/fpm/php-fpm.conf":        "[global]\ninclude=/etc/php/7.4/fpm/pool.d/*.conf\n",
				"etc/php/7.4/fpm/pool.d/www.conf":     pool("www", "/run/php/php7.4-fpm.sock"),
				"etc/php/8.10/fpm/php-fpm.conf":       "[global]\ninclude=/etc/php/8.10/fpm/pool.d/*.conf\n",
				"etc/php/8.10/fpm/pool.d/www.conf":    pool("www", "/run/php/php8.10-fpm.sock"),
				"etc/php/8.10/fpm/pool.d/zother.conf": pool("other", "/run/php/other.sock"),
			},
			[]string{
				"etc/nginx/nginx.conf in scope . to etc/php/8.10/fpm/pool.d/www.conf",
				"pool other in scope ., complete true",
				"pool www in scope ., complete true",
				"pool www in scope ., complete true",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			report := run(t, tt.files, analyzer.Options{Rules: []*analyzer.Rule{&hops, &pools}})
			if diff := cmp.Diff(tt.want, texts(report)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestTargets follows variables, upstreams and addresses to what they lead to.
func TestTargets(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, http string
		want       []string // addresses reached; with "?" the target is unresolved
	}{
		{"upstream", "upstream php { server unix:/run/a.sock; server 127.0.0.1:9000 backup; }\n" + server("php"), []string{"127.0.0.1:9000", "unix:/run/a.sock"}},
		{"the name of an upstream has no case", "upstream PHP { server unix:/run/a.sock; }\n" + server("php"), []string{"unix:/run/a.sock"}},
		{"set in the location", "server { location / { set $p unix:/run/a.sock; fastcgi_pass $p; } }\n", []string{"unix:/run/a.sock"}},
		{"set in the server", "server { set $p unix:/run/a.sock; location / { fastcgi_pass $p; } }\n", []string{"unix:/run/a.sock"}},
		{"set twice, once under a condition", "server { set $p unix:/run/a.sock; if ($uri) { set $p unix:/run/b.sock; } location / { fastcgi_pass ${p}; } }\n", []string{"unix:/run/a.sock", "unix:/run/b.sock"}},
		{"part of the path", "server { set $v 8.2; location / { fastcgi_pass unix:/run/php$v.sock; } }\n", []string{"unix:/run/php8.2.sock"}},
		{"map", "map $host $p { default unix:/run/a.sock; b unix:/run/b.sock; none \"\"; }\n" + server("$p"), []string{"unix:/run/a.sock", "unix:/run/b.sock"}},
		{"map with a variable", "map $host $p { default unix:/run/$host.sock; }\n" + server("$p"), []string{"?"}},
		{"set from a variable", "server { set $p unix:/run/$host.sock; location / { fastcgi_pass $p; } }\n", []string{"?"}},
		{"nobody sets it", server("$http_x_backend"), []string{"?"}},
		{"a capture", "server { server_name ~^(?<p>.+)$; set $p unix:/run/a.sock; location / { fastcgi_pass $p; } }\n", []string{"?"}},
		{"Lua", "server { set $p unix:/run/a.sock; set_by_lua_block $p { return 1 } location / { fastcgi_pass $p; } }\n", []string{"?"}},
		{"a missing include may set it", "server { set $p unix:/run/a.sock; include none.conf; location / { fastcgi_pass $p; } }\n", []string{"?"}},
		{"a template", server("\"{{ socket }}\""), []string{"?"}},
		{"proxy_pass to a socket", "server { location / { proxy_pass http://unix:/run/a.sock:/x; } }\n", []string{"unix:/run/a.sock"}},
		{"proxy_pass without a port", "server { location / { proxy_pass https://127.0.0.1/x$uri; } }\n", []string{"127.0.0.1:443"}},
		{"proxy_pass with a variable path", "server { location / { proxy_pass http://127.0.0.1:3000$request_uri; } }\n", []string{"127.0.0.1:3000"}},
		{"an upstream that was not read", server("php"), []string{"?"}},
	}
	address := analyzer.Rule{ID: "address", OnHop: func(p *analyzer.Pass, h *stack.Hop) {
		p.Report(h.Target.Pass, nil, diag.Finding{Severity: diag.Info, Summary: "address", Subject: diag.Label{Span: h.Peer.Span, Text: h.Peer.Endpoint.String()}})
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			report := run(t, map[string]string{"nginx.conf": mainWith(tt.http)}, analyzer.Options{Rules: []*analyzer.Rule{&address}})
			got := texts(report)
			if report.UnresolvedTargets > 0 {
				got = append(got, "?")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestIncludePaths(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		opts analyzer.Options
		tree map[string]string
		want []string
	}{
		{
			"--root: absolute paths below it, and nothing outside",
			analyzer.Options{Root: "web1", Paths: []string{"web1"}},
			map[string]string{
				"web1/nginx.conf":  mainWith("include /conf/a.conf; include ../secret.conf;"),
				"web1/conf/a.conf": server("unix:/run/a.sock"), "secret.conf": server("unix:/run/b.sock"),
			},
			[]string{"web1/conf/a.conf", "web1/nginx.conf"},
		},
		{
			"--path-map",
			analyzer.Options{PathMap: []analyzer.Mapping{{From: "/opt/app", To: "deploy"}}},
			map[string]string{"nginx.conf": mainWith("include /opt/app/x/*.inc;"), "deploy/x/a.inc": "sendfile on;\n"},
			[]string{"deploy/x/a.inc", "nginx.conf"},
		},
		{
			"--prefix",
			analyzer.Options{Prefix: "base"},
			map[string]string{"conf/nginx.conf": mainWith("include a.inc;"), "base/a.inc": "sendfile on;\n", "conf/a.inc": "sendfile off;\n"},
			[]string{"base/a.inc", "conf/nginx.conf"},
		},
		{
			"a configuration folder by another name",
			analyzer.Options{},
			map[string]string{"docker/nginx.conf": mainWith("include /etc/nginx/conf.d/*.inc;"), "docker/conf.d/a.inc": "sendfile on;\n"},
			[]string{"docker/conf.d/a.inc", "docker/nginx.conf"},
		},
		{
			"a fragment's include is looked for in the folders above it",
			analyzer.Options{},
			map[string]string{"nginx/sites/a.conf": "server { include snippets/a.inc; }\n", "nginx/snippets/a.inc": "sendfile on;\n"},
			[]string{"nginx/sites/a.conf", "nginx/snippets/a.inc"},
		},
		{
			"excluded",
			analyzer.Options{Exclude: []string{"old/**"}},
			map[string]string{"nginx.conf": mainWith(""), "old/nginx.conf": mainWith("")},
			[]string{"nginx.conf"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range run(t, tt.tree, tt.opts).Files {
				got = append(got, f.Path)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestOwnMachine: the configuration of the machine leads to where the system keeps
// configuration, and by links anywhere; that of a repository does neither.
func TestOwnMachine(t *testing.T) {
	t.Parallel()
	const includes = "include sites-enabled/*; include /usr/share/nginx/modules/*.conf; include /home/u/a.conf; include ../../home/u/b.conf; include /etc/letsencrypt/tls.conf;"
	tree := map[string]string{
		"/etc/nginx/nginx.conf": mainWith(includes), "/etc/nginx/sites-enabled/app": source.Link("/var/www/app/nginx.conf"),
		"/srv/repo/.git/HEAD": "", "/srv/repo/nginx.conf": mainWith(strings.ReplaceAll(includes, "../../home", "../../../home")),
		"/srv/repo/sites-enabled/app":     source.Link("/var/www/app/nginx.conf"),
		"/var/www/app/nginx.conf":         "server { listen 80; }\n",
		"/usr/share/nginx/modules/x.conf": "pcre_jit on;\n",
		"/etc/letsencrypt/tls.conf":       "pcre_jit on;\n",
		"/home/u/a.conf":                  "pcre_jit on;\n", "/home/u/b.conf": "pcre_jit on;\n",
	}
	for named, want := range map[string][]string{
		"/etc/nginx": {"/etc/letsencrypt/tls.conf", "/etc/nginx/nginx.conf", "/etc/nginx/sites-enabled/app", "/usr/share/nginx/modules/x.conf"},
		"/srv/repo":  {"/srv/repo/nginx.conf"},
	} {
		var got []string
		for _, f := range run(t, tree, analyzer.Options{Dir: "/", Paths: []string{named}}).Files {
			got = append(got, f.Path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", named, diff)
		}
	}
}

// TestNamedFile: what is named is checked as part of the tree it belongs to, and
// findings with either side in it are given.
func TestNamedFile(t *testing.T) {
	t.Parallel()
	tree := map[string]string{
		".git/HEAD":                       "",
		"etc/nginx/nginx.conf":            mainWith("include sites/*;"),
		"etc/nginx/sites/a.conf":          server("unix:/run/a.sock"),
		"etc/nginx/sites/b.conf":          server("unix:/run/b.sock"),
		"etc/php/8.2/fpm/php-fpm.conf":    "[global]\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
		"etc/php/8.2/fpm/pool.d/www.conf": pool("www", "/run/a.sock"),
		"rhel/etc/nginx/nginx.conf":       mainWith(server("unix:/run/r.sock")),
		"rhel/etc/php-fpm.conf":           "[global]\ninclude=/etc/php-fpm.d/*.conf\n",
		"rhel/etc/php-fpm.d/www.conf":     pool("www", "/run/r.sock"),
	}
	both := analyzer.Rule{ID: "both", OnHop: func(p *analyzer.Pass, h *stack.Hop) {
		f := diag.Finding{Severity: diag.Info, Summary: "hop", Subject: diag.Label{Span: h.Peer.Span, Text: h.Peer.Endpoint.String()}}
		for _, l := range h.Listeners {
			f.Related = append(f.Related, diag.Label{Span: l.Span, Text: "here"})
		}
		p.Report(h.Target.Pass, nil, f)
	}}
	for path, want := range map[string][]string{
		"etc/nginx/sites/a.conf":          {"unix:/run/a.sock"},
		"etc/nginx/sites/b.conf":          {"unix:/run/b.sock"},
		"etc/php/8.2/fpm/pool.d/www.conf": {"unix:/run/a.sock"},
		"etc/nginx":                       {"unix:/run/a.sock", "unix:/run/b.sock"},
		"etc/php":                         {"unix:/run/a.sock"},
		"rhel/etc/nginx":                  {"unix:/run/r.sock"},
		"rhel/etc/php-fpm.d/www.conf":     {"unix:/run/r.sock"},
	} {
		report := run(t, tree, analyzer.Options{Paths: []string{path}, Rules: []*analyzer.Rule{&both}})
		if diff := cmp.Diff(want, texts(report)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", path, diff)
		}
	}
}

// TestUnnamed: without a path this folder is checked where it holds any
// configuration, else the system's own.
func TestUnnamed(t *testing.T) {
	t.Parallel()
	system := source.Mem{
		"/etc/nginx/nginx.conf": mainWith("include /etc/nginx/sites-enabled/*;"), "/etc/nginx/sites-enabled/a": server("unix:/run/a.sock"),
		"/etc/php/8.2/fpm/php-fpm.conf":    "[global]\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
		"/etc/php/8.2/fpm/pool.d/www.conf": pool("www", "/run/a.sock"),
		"/etc/php-fpm.conf":                pool("b", "9000"), "/usr/local/etc/php-fpm.conf": pool("c", "9001"),
		"/etc/ssh/sshd_config": "Port 22\n", "/etc/chrony/chrony.conf": foreign["chrony.conf"], "/srv/site/readme.txt": "hello\n",
	}
	here := maps.Clone(system)
	here["nginx.conf"] = mainWith("")
	for _, test := range []struct {
		files source.Mem
		want  []string
	}{
		{here, []string{"nginx.conf"}},
		{system, []string{
			"/etc/nginx/nginx.conf", "/etc/nginx/sites-enabled/a", "/etc/php-fpm.conf", "/etc/php/8.2/fpm/php-fpm.conf", "/etc/php/8.2/fpm/pool.d/www.conf",
			"/usr/local/etc/php-fpm.conf",
		}},
	} {
		report, err := analyzer.Run(analyzer.Options{FS: test.files, Dir: "/srv/site"})
		if err != nil {
			t.Fatal(err)
		}
		var read []string
		for _, f := range report.Files {
			read = append(read, f.Path)
		}
		if diff := cmp.Diff(test.want, read); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	for _, test := range []struct {
		files source.Mem
		want  string
	}{
		{source.Mem{"readme.txt": "hello\n"}, "no nginx or PHP-FPM configuration in this folder, nor in the system's own"},
		// In a repository, or where settings hold, the system's own is not meant.
		{with(system, ".git/HEAD", "ref: x\n"), "no nginx or PHP-FPM configuration in this folder"},
		{with(system, ".nginx-lint.yaml", "version: 1\n"), "no nginx or PHP-FPM configuration in this folder"},
	} {
		_, err := analyzer.Run(analyzer.Options{FS: test.files, Dir: "/srv/site"})
		if err == nil || err.Error() != test.want {
			t.Errorf("%v, want %s", err, test.want)
		}
	}
}

// with is a tree with one file more.
func with(files source.Mem, name, text string) source.Mem {
	files = maps.Clone(files)
	files[name] = text
	return files
}

// TestNamedSpare: a pool file that the main file passes by is judged where it is
// named, but its pools are no listeners.
func TestNamedSpare(t *testing.T) {
	t.Parallel()
	tree := map[string]string{
		".git/HEAD":                           "",
		"etc/nginx/nginx.conf":                mainWith(server("unix:/run/a.sock")),
		"etc/php/8.2/fpm/php-fpm.conf":        "[global]\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
		"etc/php/8.2/fpm/pool.d/b.conf":       pool("b", "/run/b.sock"),
		"etc/php/8.2/fpm/pool.d/www.conf.off": pool("www", "/run/a.sock"),
	}
	const name = "etc/php/8.2/fpm/pool.d/www.conf.off"
	scope := analyzer.DeclaredScope{Name: "all", Root: ".", PHPFPM: []string{"etc/php/8.2/fpm/php-fpm.conf", name}}
	declared := run(t, tree, analyzer.Options{Scopes: []analyzer.DeclaredScope{scope}, Rules: []*analyzer.Rule{&hops}})
	if diff := cmp.Diff([]string{"etc/nginx/nginx.conf in scope all to " + name}, texts(declared)); diff != "" {
		t.Errorf("named in the settings: -want +got:\n%s", diff)
	}
	for _, path := range []string{name, "etc/php/8.2/fpm/pool.d/"} {
		report := run(t, tree, analyzer.Options{Paths: []string{path}, Rules: []*analyzer.Rule{&hops, &pools}})
		want := []string{"pool b in scope ., complete true"}
		if path == name {
			want = []string{"pool www in scope " + name + ", complete false"}
		}
		if diff := cmp.Diff(want, texts(report)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", path, diff)
		}
	}
}

// TestNamedCycle: a snippet that is not in use is no reason for an error, unless
// it is asked about.
func TestNamedCycle(t *testing.T) {
	t.Parallel()
	tree := map[string]string{
		".git/HEAD":             "",
		"nginx/nginx.conf":      mainWith("server { listen 80; }"),
		"nginx/snippets/a.conf": "expires 1h;\ninclude snippets/a.conf;\n",
	}
	for path, want := range map[string]int{".": 0, "nginx": 0, "nginx/snippets/a.conf": 1} {
		if got := run(t, tree, analyzer.Options{Paths: []string{path}}).Findings; len(got) != want || want > 0 && (got[0].Rule != analyzer.RuleIncludeCycle || got[0].RefusedBy != "") {
			t.Errorf("%s: %v, want %d findings", path, got, want)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	tree := source.Mem{"readme.txt": "hello", "app.ini": "[app]\nport = 1\n", "my.conf": "key value\n", "x/nginx.conf": mainWith("")}
	for path, want := range map[string]string{
		"none":       "none: no such file or folder",
		"readme.txt": "readme.txt: neither nginx nor PHP-FPM configuration; --kind says what it is",
		"my.conf":    "my.conf: neither nginx nor PHP-FPM configuration; --kind says what it is",
	} {
		_, err := analyzer.Run(analyzer.Options{FS: tree, Paths: []string{path}})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	_, err := analyzer.Run(analyzer.Options{FS: source.Mem{"a/app.ini": "[app]\nport = 1\n"}, Paths: []string{"a"}})
	if err == nil || !strings.HasPrefix(err.Error(), "no nginx or PHP-FPM configuration in a") {
		t.Errorf("a folder without configuration: %v", err)
	}
}

// TestTooLarge: a file over the limit is reported and not passed over.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	big := filepath.Join(dir, "big.conf")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, source.MaxFileSize+1); err != nil { // takes no room on the disk
		t.Fatal(err)
	}
	for _, path := range []string{"big.conf", "."} {
		report, err := analyzer.Run(analyzer.Options{FS: source.OS{Dir: dir}, Dir: dir, Paths: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Findings) != 1 || report.Findings[0].Rule != analyzer.RuleReadLimit || !report.LimitReached {
			t.Errorf("%s: %v, limit reached %v", path, texts(report), report.LimitReached)
		}
	}
}

// TestOneName: a file has one name, from whichever folder of a host tree the
// linter is called, and by whatever path.
func TestOneName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"etc/nginx/nginx.conf":            mainWith("include /etc/nginx/sites/*;"),
		"etc/nginx/sites/a.conf":          server("unix:/run/a.sock"),
		"etc/php/8.2/fpm/php-fpm.conf":    "[global]\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
		"etc/php/8.2/fpm/pool.d/www.conf": pool("www", "/run/a.sock"),
	} {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ dir, path string }{
		{"", "."},
		{"", "etc"},
		{"", "etc/nginx"},
		{"etc/nginx", "."},
		{"etc/nginx/sites", ".."},
		{"etc/nginx/sites", "a.conf"},
		{"etc/nginx/sites", "."},
		{"etc/nginx/sites", "../../php"},
		{"etc/php/8.2", "fpm"},
		{"etc/php/8.2/fpm/pool.d", "www.conf"},
	} {
		here := filepath.Join(dir, tt.dir)
		report, err := analyzer.Run(analyzer.Options{FS: source.OS{Dir: here}, Dir: here, Paths: []string{tt.path}, Rules: []*analyzer.Rule{&hops}})
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Files) != 4 {
			t.Errorf("%s in %q: %d files read, want 4: %v", tt.path, tt.dir, len(report.Files), report.Notes)
		}
	}
}

// A comment that silences one of two like findings, or a choice of paths, leaves
// the other its fingerprint.
func TestFingerprintOutlivesFilters(t *testing.T) {
	t.Parallel()
	const pass = "fastcgi_pass unix:/run/a.sock;"
	tree := func() map[string]string {
		site := server("unix:/run/a.sock")
		return map[string]string{"nginx.conf": mainWith("include a/site.conf;\ninclude b/site.conf;\n"), "a/site.conf": site, "b/site.conf": site}
	}
	prints := func(files map[string]string, paths ...string) []string {
		var all []string
		for _, f := range run(t, files, analyzer.Options{Rules: []*analyzer.Rule{&hops}, Known: []string{"hops"}, Paths: paths}).Findings {
			all = append(all, f.Subject.Span.File.Path+" "+f.Fingerprint)
		}
		return all
	}
	all := prints(tree(), ".")
	if len(all) != 2 || all[0][len("a/site.conf "):] == all[1][len("b/site.conf "):] {
		t.Fatalf("not two fingerprints: %q", all)
	}
	silent := tree()
	silent["a/site.conf"] = strings.Replace(silent["a/site.conf"], pass, pass+" # nginx-lint:ignore hops wanted so", 1)
	if got := prints(silent, "."); !slices.Equal(got, all[1:]) {
		t.Errorf("the first silenced: %q, want %q", got, all[1:])
	}
	named := tree()
	named[".git/HEAD"] = ""
	if got := prints(named, "b/site.conf"); !slices.Equal(got, all[1:]) {
		t.Errorf("the second named: %q, want %q", got, all[1:])
	}
}
