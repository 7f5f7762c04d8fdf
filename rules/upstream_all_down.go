package rules

import (
	"fmt"
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var upstreamAllDown = analyzer.Rule{
	ID:         "upstream-all-down",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	OnScope:    allDown,
	Doc: analyzer.Doc{
		Summary: "an upstream in use all of whose servers are down",
		What:    "Every `server` of an `upstream` that some `*_pass` uses is marked `down`, `backup` ones included. A warning where `error_page 502` gives another answer (`=200`, a named location, another site).",
		Why:     "nginx asks none of them: every request fails with 502, and error.log has `no live upstreams while connecting to upstream`. `nginx -t` accepts it.",
		Gaps:    "Silent for upstreams with servers that were not read, and with a balancer written in Lua.",
		Remedy:  "Take `down` from a server, add one that serves, or answer with `return 503` while there is none.",
		Refs:    []string{"https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server"},
		Since:   "0.1.0",
	},
}

func allDown(p *analyzer.Pass, s *stack.Scope) {
	for _, u := range uses(s) {
		if slices.ContainsFunc(u.hops, func(h *stack.Hop) bool { return !h.Peer.Down }) {
			continue
		}
		none := failure{status: "502", cause: "error", log: fmt.Sprintf("no live upstreams while connecting to upstream, upstream: \"…://%s\"", u.upstream.Ref().Arg(0))}
		severity, notes := none.of(u.hops[0])
		f := diag.Finding{
			Severity: severity,
			Summary:  "all servers of the upstream are down",
			Subject:  label(u.upstream.Head(), "each of its servers is marked down (%d)", len(u.hops)),
			Related:  []diag.Label{label(u.target.Pass.Head(), "used here")},
			Notes:    notes,
			Remedy:   "take down from a server, or add one that serves",
		}
		var servers analyzer.Causes
		for _, h := range u.hops {
			servers = append(servers, h.Peer.Server)
		}
		p.Report(u.upstream.Ref(), servers, f)
	}
}
