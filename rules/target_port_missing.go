package rules

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var targetPortMissing = analyzer.Rule{
	ID:         "target-port-missing",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	OnScope:    portsMissing,
	Doc: analyzer.Doc{
		Summary: "an upstream server without a port, where FastCGI, uwsgi or SCGI is spoken",
		What: "A `server` of an `upstream` that `fastcgi_pass`, `uwsgi_pass` or `scgi_pass` uses has an address without a port. (In these directives themselves nginx insists on one.) " +
			"A warning where nginx asks another server instead, which answers or may do so, or where `error_page 502` gives another answer.",
		Why: "nginx connects to port 80, whatever is spoken there. Where nothing listens, requests fail with 502 and `connect() failed (111: Connection refused) while connecting to upstream, upstream: \"fastcgi://127.0.0.1:80\"`. " +
			"Where it is nginx's own port 80, FastCGI fails with 502 and `upstream sent unsupported FastCGI protocol version: 72`, uwsgi and SCGI with 400. " +
			"After a refused connection nginx asks the next server of the upstream, and this one again after `fail_timeout`; after an answer that is no FastCGI only where `fastcgi_next_upstream` says `invalid_header`, after a 400 never.",
		Gaps:      "Something that speaks FastCGI, uwsgi or SCGI on port 80 would make it work; nobody does that. Servers that are `down` are not judged.",
		Remedy:    "Write the port that the backend listens on.",
		FixSafety: "Safe where exactly one PHP-FPM pool was read at that host, and the upstream serves nothing but `fastcgi_pass`: the request fails without the port; unsafe where another server, or what `error_page` names, answers instead. Otherwise the port is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server", "https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_next_upstream"},
		Since:     "0.1.0",
	},
}

func portsMissing(p *analyzer.Pass, s *stack.Scope) {
	protocols := map[*nginx.Block]map[stack.Protocol]bool{} // by upstream
	for _, t := range s.Targets {
		if protocols[t.Upstream] == nil {
			protocols[t.Upstream] = map[stack.Protocol]bool{}
		}
		protocols[t.Upstream][t.Protocol] = true
	}
	pools := map[stack.Endpoint][]*stack.Listener{}
	for _, h := range s.Hops {
		if !h.Peer.PortMissing || h.Peer.Down {
			continue
		}
		at, known := pools[h.Peer.Endpoint]
		if !known && len(pools) < mostWithoutPort {
			at = poolsAt(s, h.Peer.Endpoint)
			pools[h.Peer.Endpoint] = at
		}
		// An upstream that proxy_pass uses as well may be right with port 80 there.
		portMissing(p, h, at, len(protocols[h.Target.Upstream]) > 1)
	}
}

// mostWithoutPort is for how many hosts the pools that listen there are looked for.
const mostWithoutPort = 1000

// poolsAt are the listeners of pools that an endpoint would reach with the right port.
func poolsAt(s *stack.Scope, e stack.Endpoint) (at []*stack.Listener) {
	for _, l := range s.Listeners {
		e.Port = l.Endpoint.Port
		if l.Pool != nil && e.Reaches(l.Endpoint) == stack.Yes && len(at) < 2 {
			at = append(at, l)
		}
	}
	return at
}

// portMissing reports a hop to where pools listen on other ports.
func portMissing(p *analyzer.Pass, h *stack.Hop, at []*stack.Listener, mixed bool) {
	failure := port80(h)
	severity, notes := failure.of(h)
	f := diag.Finding{
		Severity: severity,
		Summary:  "an upstream server without a port",
		Subject:  label(h.Peer.Span, "nginx connects to port 80 of %s", h.Peer.Server.Arg(0)),
		Related:  []diag.Label{label(h.Target.Pass.Head(), "%s is spoken here", h.Target.Protocol)},
		Notes:    notes,
		Remedy:   "write the port that the backend listens on",
	}
	if l := h.Listeners; len(l) > 0 && l[0].Address != nil {
		f.Related = append(f.Related, label(l[0].Span, "port 80 is nginx's own"))
	}
	fix := diag.Fix{Title: "write the port", Safety: diag.Manual}
	if h.Target.Protocol == stack.FastCGI && len(at) == 1 && len(h.Scope.UnknownPools) == 0 && !mixed {
		e := h.Peer.Endpoint
		e.Port = at[0].Endpoint.Port
		fix = diag.Fix{
			Title: fmt.Sprintf("connect to port %d, where pool %s listens", e.Port, at[0].Pool.Name), Safety: diag.Safe,
			Edits: []diag.Edit{h.Peer.Server.Tree().SetArg(h.Peer.Server.ID, 0, h.Peer.Server.Arg(0)+portSuffix(e.Port))},
		}
		fix = failure.graded(h, fix)
		f.Related = append(f.Related, label(at[0].Span, "pool %s listens here", at[0].Pool.Name))
	}
	f.Fixes = []diag.Fix{fix}
	p.Report(h.Peer.Server, h.Peer.Server, f)
}

// port80 is how port 80 fails what is no HTTP.
func port80(h *stack.Hop) failure {
	switch {
	case len(h.Listeners) == 0:
		return noConnection(fmt.Sprintf("connect() failed (111: Connection refused) while connecting to upstream, upstream: \"%s://%s\"", strings.ToLower(h.Target.Protocol.String()), h.Peer.Endpoint))
	case h.Target.Protocol == stack.FastCGI:
		return failure{status: "502", cause: "invalid_header", sent: true, log: notFastCGI}
	}
	return failure{status: "400"}
}

// notFastCGI is in error.log where an HTTP server answers FastCGI: 72 is the H of HTTP.
const notFastCGI = "upstream sent unsupported FastCGI protocol version: 72 while reading response header from upstream"
