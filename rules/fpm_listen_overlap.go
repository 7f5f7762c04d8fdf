package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fpmListenOverlap = analyzer.Rule{
	ID:            "fpm-listen-overlap",
	RefusedPartly: []diag.Program{diag.PHPFPM},
	Severities:    []diag.Severity{diag.Error},
	OnScope:       listenOverlap,
	Doc: analyzer.Doc{
		Summary: "two pools of one PHP-FPM want the same address",
		What: "Two pools of one master listen on the same unix socket, or on the same port with addresses that include each other: a port alone and `[::]:port` hold for IPv6 and IPv4, `0.0.0.0:port` for IPv4. " +
			"Pools are bound in their order. A port alone that finds IPv6 taken makes do with IPv4: `[::1]:9000` before `9000` works, and is not reported.",
		Why: "php-fpm does not start: `ERROR: unable to bind listening socket for address '9000': Address already in use (98)`, for sockets `Another FPM instance seems to already listen on`. `php-fpm -t` notices only addresses that are written alike. " +
			"Where both stand for the very same address (`9000` and `[::]:9000`), php-fpm starts and gives both pools one socket: each request goes to either, with its user and its settings (23 and 17 of 40 requests).",
		Gaps:   "What a host name stands for is not known: `localhost:9000` beside `127.0.0.1:9000` is not reported. Nor is `*:9000`: that is no wildcard, but the loopback interface.",
		Remedy: "Give each pool its own socket or port.",
		Refs:   []string{"https://www.php.net/manual/en/install.fpm.configuration.php#listen"},
		Since:  "0.1.0",
	},
}

func listenOverlap(p *analyzer.Pass, s *stack.Scope) {
	for _, m := range s.Masters {
		if together(s, m) {
			overlaps(p, m)
		}
	}
}

func overlaps(p *analyzer.Pass, m *fpm.Master) {
	ports := map[int]*port{}
	type socket struct{ path, prefix string }
	sockets := map[socket]binding{}
	for _, pool := range m.Pools {
		b, ok := bindingOf(pool)
		if !ok {
			continue
		}
		if b.path == "" {
			if ports[b.port] == nil {
				ports[b.port] = newPort()
			}
			if beside, what := ports[b.port].bind(b); what > free {
				overlap(p, b, beside, what)
			}
			continue
		}
		at := socket{path: b.path}
		if b.relative {
			at.prefix = pool.Get("prefix").Text
		}
		if a, taken := sockets[at]; taken {
			overlap(p, b, a, refused)
		} else {
			sockets[at] = b
		}
	}
}

func overlap(p *analyzer.Pass, b, a binding, what outcome) {
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "two pools of one php-fpm want the same address",
		Subject:  label(b.listen.Span, "pool %s cannot listen on this beside pool %s", b.pool.Name, a.pool.Name),
		Related:  []diag.Label{label(a.listen.Span, "pool %s listens here", a.pool.Name)},
		Notes:    []string{"php-fpm does not start, though php-fpm -t is content: " + b.bindError()},
		Remedy:   "give each pool its own socket or port",
	}
	switch {
	case b.listen.Text == a.listen.Text:
		f.RefusedBy = diag.PHPFPM
		f.Notes = []string{fmt.Sprintf("php-fpm does not start: ERROR: [pool %s] unable to set listen address as it's already used in another pool '%s'", b.pool.Name, a.pool.Name)}
	case what == shared:
		f.Subject.Text = "the very address of pool " + a.pool.Name
		f.Notes = []string{"php-fpm starts and gives both pools one socket: each request goes to either, with its user and its settings"}
	}
	p.Report(nginx.Ref{}, b.pool, f)
}
