package analyzer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// composeTree is a project whose nginx connects to a service that PHP-FPM runs in.
func composeTree() source.Mem {
	return source.Mem{
		"app/compose.yaml": "services:\n  web:\n    image: nginx\n    volumes: ['./site.conf:/etc/nginx/conf.d/site.conf']\n  php:\n    image: php:8.1-fpm\n",
		"app/site.conf":    "server {\n    listen 80;\n    location / { fastcgi_pass php:9000; }\n}\n",
	}
}

func TestServicesAreScopes(t *testing.T) {
	t.Parallel()
	p := newProject(Options{FS: composeTree(), Paths: []string{"app"}})
	found, err := p.gather()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.load(found); err != nil {
		t.Fatal(err)
	}
	p.group()
	if len(p.scopes) != 1 || p.scopes[0].Containers == nil || len(p.scopes[0].Nginx) != 1 || len(p.scopes[0].Masters) != 1 {
		t.Fatalf("%d scopes, the first is %+v", len(p.scopes), p.scopes[0])
	}
	pool := p.scopes[0].Masters[0].Pools[0]
	if listen := pool.Get("listen"); listen.Text != "9000" || !listen.Known || pool.Master.Version != "8.1" {
		t.Errorf("%+v in PHP %s", listen, pool.Master.Version)
	}
}

// Where there is too much to tell which files containers have, none is joined with another.
func TestServicesTooMany(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("services:\n")
	for i := range 100 {
		fmt.Fprintf(&text, "  s%d:\n    image: nginx\n    volumes: [%s]\n", i, strings.Repeat("'./a:/b', ", 100))
	}
	tree := source.Mem{
		"app/compose.yaml": text.String(),
		"app/php-fpm.conf": "include = pool.d/*.conf\n", "app/pool.d/www.conf": "[www]\nlisten = /run/a.sock\npm = static\npm.max_children = 1\n",
	}
	for i := range 60 {
		tree[fmt.Sprintf("app/sites-enabled/%d.conf", i)] = "server { location ~ \\.php$ { fastcgi_pass unix:/run/b.sock; } }\n"
	}
	p := newProject(Options{FS: tree, Paths: []string{"app"}})
	if err := p.read(); err != nil {
		t.Fatal(err)
	}
	if p.services.left >= 0 {
		t.Fatal("not too many")
	}
	for _, s := range p.scopes {
		if len(s.Nginx) > 0 && len(s.Masters) > 0 {
			t.Errorf("%d configurations of nginx are joined with %d of PHP-FPM", len(s.Nginx), len(s.Masters))
		}
	}
	d := &driver{project: p}
	d.unresolved()
	if !slices.ContainsFunc(d.report.Unresolved, func(u diag.Unresolved) bool { return u.Reason == diag.LimitReached }) {
		t.Error("nothing says so")
	}
}

// What compose files name elsewhere on the machine is not read.
func TestServicesStayInTheTree(t *testing.T) {
	t.Parallel()
	tree := composeTree()
	tree["app/compose.yaml"] = "include: [../other/compose.yaml, /etc/secret.yaml]\n" + tree["app/compose.yaml"]
	tree["other/compose.yaml"] = "services: {other: {image: nginx}}\n"
	tree["/etc/secret.yaml"] = "services: {secret: {image: nginx}}\n"
	p := newProject(Options{FS: tree, Paths: []string{"app"}})
	found, err := p.gather()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.load(found); err != nil {
		t.Fatal(err)
	}
	for _, s := range p.services.all {
		if s.Name == "other" || s.Name == "secret" || !s.project.Open {
			t.Errorf("service %s; open: %t", s.Name, s.project.Open)
		}
	}
}

// A compose file that cannot be read is a finding where compose refuses it as well,
// and where a limit left it out; else it counts as something that is not resolved.
func TestComposeProblems(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"services:\n  web: [nginx\n":                    RuleSyntax,
		"services:\n  web:\n\timage: nginx\n":           RuleSyntax,
		"services:\n  {{ name }}:\n    - image: x\n  y": string(diag.Template),
		"a: " + strings.Repeat("x", 5<<20):              RuleReadLimit,
		"a: " + strings.Repeat("[", 100_000):            RuleReadLimit,
		"a:\n" + strings.Repeat("- x\n", 1e6):           RuleReadLimit,
		"services: {web: {image: nginx}}\n":             "",
		"services: {web: {image: 'ngi$nx'}}\n":          "",
	} {
		tree := composeTree()
		tree["app/compose.yaml"] = text
		tree["app/compose.override.yaml"] = "services: {web: {image: nginx}}\n"
		tree["app/compose.dev.yaml"] = "services: {web: {ports: ['80:80']}}\n"
		r, err := Run(Options{FS: tree, Paths: []string{"app"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, u := range r.Unresolved {
			if u.Span.File.Path == "app/compose.yaml" {
				got = append(got, string(u.Reason))
			}
		}
		for _, f := range r.Findings {
			got = append(got, f.Rule)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%.30q: %q, not %q", text, got, want)
		}
		if r.LimitReached != (want == RuleReadLimit) {
			t.Errorf("%.30q: limit reached: %t", text, r.LimitReached)
		}
	}
}
