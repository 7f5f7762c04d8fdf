package rules

import (
	"fmt"
	"regexp"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var fpmListenTwoMasters = analyzer.Rule{
	ID:         "fpm-listen-two-masters",
	Severities: []diag.Severity{diag.Error},
	OnScope:    listenTwoMasters,
	Doc: analyzer.Doc{
		Summary: "two PHP-FPM masters of one host want the same address",
		What: "Pools of two PHP-FPM main files below the same `etc` (PHP 7.4 and 8.2 side by side, for instance) listen on the same unix socket, or on the same port with addresses that include each other. " +
			"Mostly a pool file was copied from one version to the next.",
		Why: "The one that starts second does not come up: `ERROR: Another FPM instance seems to already listen on /run/php/shop.sock`, for ports `unable to bind listening socket for address '127.0.0.1:9000': Address already in use (98)`. " +
			"Which one that is may change with every boot, and with it the PHP version that serves the site. `php-fpm -t` accepts both.",
		Gaps:   "Whether both are installed and started is not in these files. Main files that do not lie below the same `etc`, as those of several images in a repository, are not compared; nor are relative paths and host names.",
		Remedy: "Give each its own socket or port, or remove the pool from the version that is not to serve it.",
		Refs:   []string{"https://www.php.net/manual/en/install.fpm.configuration.php#listen"},
		Since:  "0.1.0",
	},
}

// etcOf matches a path below an etc; the first group is what leads there.
var etcOf = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^((?:.*/)?etc/)`) })

// mostBound is with how many addresses on one port one is compared.
const mostBound = 100

func listenTwoMasters(p *analyzer.Pass, s *stack.Scope) {
	type place struct {
		etc, path string
		port      int
	}
	if s.Containers != nil || len(s.Masters) < 2 {
		return // each container has its own addresses
	}
	made := map[place][]binding{}
	included := map[*syntax.INI]bool{}
	for _, m := range s.Masters {
		for _, f := range m.Files {
			included[f] = included[f] || f != m.Main
		}
	}
	for _, m := range s.Masters {
		etc := etcOf().FindString(m.Path)
		if m.Main == nil || included[m.Main] || etc == "" {
			continue // pool files may include others, too
		}
		own := map[place][]binding{}
		for _, pool := range m.Pools {
			b, ok := bindingOf(pool)
			if !ok || b.relative {
				continue
			}
			at := place{etc, b.path, b.port}
			for _, a := range made[at][:min(len(made[at]), mostBound)] {
				if b.excludes(a) {
					twoMasters(p, b, a)
					break
				}
			}
			own[at] = append(own[at], b)
		}
		for at, bindings := range own {
			made[at] = append(made[at], bindings...)
		}
	}
}

// excludes reports whether only one of two masters can start, whichever comes first.
func (b binding) excludes(a binding) bool {
	if b.path != "" {
		return true
	}
	_, second := newPort(a).bind(b)
	_, first := newPort(b).bind(a)
	return first > free && second > free
}

func twoMasters(p *analyzer.Pass, b, a binding) {
	p.Report(nginx.Ref{}, b.pool, diag.Finding{
		Severity: diag.Error,
		Summary:  "two PHP-FPM masters of one host want the same address",
		Subject:  label(b.listen.Span, "pool %s of %s cannot listen on this beside %s", b.pool.Name, b.pool.Master.Path, a.pool.Master.Path),
		Related:  []diag.Label{label(a.listen.Span, "pool %s of %s listens here", a.pool.Name, a.pool.Master.Path)},
		Notes: []string{
			"the one that starts second does not come up, though php-fpm -t is content: " + b.bindError(),
			fmt.Sprintf("both are taken to be in service: %s and %s", masterName(a.pool.Master), masterName(b.pool.Master)),
		},
		Remedy: "give each its own socket or port, or remove the pool from one of them",
	})
}

// masterName names a master as people do.
func masterName(m *fpm.Master) string {
	if m.Version != "" {
		return "PHP " + m.Version
	}
	return m.Path
}
