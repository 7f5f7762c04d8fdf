package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var upstreamDeadMember = analyzer.Rule{
	ID:         "upstream-dead-member",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	YieldsTo:   []string{"fpm-listen-syntax", "fpm-pool-redefined", "fpm-duplicate-key", "target-port-missing"},
	OnScope:    deadMember,
	Doc: analyzer.Doc{
		Summary: "an upstream server on which nothing listens, beside others that serve",
		What: "Some servers of an `upstream` that `fastcgi_pass` uses lead to a PHP-FPM pool, another one leads to a unix socket or loopback address on which no pool of the host listens. " +
			"Copied from an example that lists both the socket and the port, most of the time.",
		Why: "Requests are answered all the same: nginx notices, logs `connect() to unix:PATH failed (2: No such file or directory)` or `connect() failed (111: Connection refused) while connecting to upstream`, and asks the next server. " +
			"It tries the dead one again every `fail_timeout` (10 s). With `fastcgi_next_upstream off` those requests end as 502; with a dead `backup` there is nobody to fall back to.",
		Gaps:      "Only where every PHP-FPM main file of the host was read with its includes; upstreams of other kinds of pass only in a scope that the settings declare `closed`. Servers marked `down` are not judged, nor other hosts' addresses.",
		Remedy:    "Remove the server, or let a pool listen there.",
		FixSafety: "Which of the two is right is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server", "https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_next_upstream"},
		Since:     "0.1.0",
	},
}

func deadMember(p *analyzer.Pass, s *stack.Scope) {
	if !s.Complete() || len(s.UnknownPools) > 0 {
		return
	}
	for _, u := range uses(s) {
		if !s.InUse(u.target.Config) {
			continue
		}
		var served *stack.Hop
		for _, h := range u.hops {
			if h.Certain && len(h.Listeners) > 0 && !h.Peer.Down {
				served = h
			}
		}
		for _, h := range u.hops {
			if served == nil || h.Peer.Down || !deadInClosed(h) && (!unserved(h) || !looksLikePHP(h)) {
				continue
			}
			nobody, remedy := "no PHP-FPM pool", "remove the server, or let a pool listen there"
			if h.Target.Protocol != stack.FastCGI {
				nobody, remedy = "nothing", "remove the server, or declare what listens there in the settings"
			}
			_, notes := nobodyListens(h).of(h)
			f := diag.Finding{
				Severity: diag.Warning,
				Summary:  "nothing listens on a server of the upstream",
				Subject:  label(h.Peer.Span, "%s listens on %s", nobody, h.Peer.Endpoint),
				Related:  []diag.Label{label(served.Peer.Span, "this one is served"), label(u.target.Pass.Head(), "used here")},
				Notes:    notes,
				Remedy:   remedy,
				Fixes:    []diag.Fix{{Title: "remove server " + h.Peer.Span.Text(), Safety: diag.Manual}},
			}
			p.Report(h.Peer.Server, analyzer.Causes{h.Peer.Server, h.Reach}, f)
		}
	}
}
