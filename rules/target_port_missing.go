package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var targetPortMissing = analyzer.Rule{
	ID:         "target-port-missing",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnHop:      portMissing,
	Doc: analyzer.Doc{
		Summary:   "an upstream server without a port, where FastCGI is spoken",
		What:      "A `server` of an `upstream` that `fastcgi_pass` uses has an address without a port. (In `fastcgi_pass` itself nginx insists on one.)",
		Why:       "nginx connects to port 80, whatever is spoken there. Mostly nothing listens, and every request ends as 502 with `connect() failed (111: Connection refused) while connecting to upstream, upstream: \"fastcgi://127.0.0.1:80\"`.",
		Gaps:      "Something that speaks FastCGI on port 80 would make it work; nobody does that.",
		Remedy:    "Write the port of the pool.",
		FixSafety: "Safe where exactly one FastCGI listener was read at that host: the request fails without the port. Otherwise the port is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server"},
		Since:     "0.1.0",
	},
}

func portMissing(p *analyzer.Pass, h *stack.Hop) {
	if !h.Peer.PortMissing {
		return
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "a FastCGI server without a port",
		Subject:  label(h.Peer.Span, "nginx connects to port 80 of %s", h.Peer.Span.Text()),
		Related:  []diag.Label{label(h.Target.Pass.Head(), "used here")},
		Notes:    []string{"every request through it ends as 502; error.log: connect() failed (111: Connection refused) while connecting to upstream, upstream: \"fastcgi://" + h.Peer.Endpoint.String() + "\""},
		Remedy:   "write the port that the pool listens on",
	}
	var at []*stack.Listener
	for _, l := range h.Scope.Listeners {
		port := h.Peer.Endpoint
		port.Port = l.Endpoint.Port
		if l.Protocol == stack.FastCGI && port.Reaches(l.Endpoint) == stack.Yes {
			at = append(at, l)
		}
	}
	fix := diag.Fix{Title: "write the port", Safety: diag.Manual}
	if len(at) == 1 && len(h.Scope.UnknownPools) == 0 {
		e := h.Peer.Endpoint
		e.Port = at[0].Endpoint.Port
		fix = diag.Fix{
			Title: "add the port of pool " + at[0].Pool.Name, Safety: diag.Safe,
			Edits: []diag.Edit{h.Peer.Server.Tree().SetArg(h.Peer.Server.ID, 0, h.Peer.Server.Arg(0)+portSuffix(e.Port))},
		}
		f.Related = append(f.Related, label(at[0].Span, "pool %s listens here", at[0].Pool.Name))
	}
	f.Fixes = []diag.Fix{fix}
	p.Report(h.Peer.Server, h.Peer.Server, f)
}
