package rules

import (
	"fmt"
	"slices"
	"strings"

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
		Summary: "an upstream server without a port, where FastCGI, uwsgi or SCGI is spoken",
		What:    "A `server` of an `upstream` that `fastcgi_pass`, `uwsgi_pass` or `scgi_pass` uses has an address without a port. (In these directives themselves nginx insists on one.)",
		Why: "nginx connects to port 80, whatever is spoken there. Where nothing listens, every request ends as 502 with `connect() failed (111: Connection refused) while connecting to upstream, upstream: \"fastcgi://127.0.0.1:80\"`. " +
			"Where it is nginx's own port 80, FastCGI ends as 502 with `upstream sent unsupported FastCGI protocol version: 72`, uwsgi and SCGI as 400.",
		Gaps:      "Something that speaks FastCGI, uwsgi or SCGI on port 80 would make it work; nobody does that. Servers that are `down` are not judged.",
		Remedy:    "Write the port that the backend listens on.",
		FixSafety: "Safe where exactly one PHP-FPM pool was read at that host, and the upstream serves nothing but `fastcgi_pass`: the request fails without the port. Otherwise the port is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server"},
		Since:     "0.1.0",
	},
}

func portMissing(p *analyzer.Pass, h *stack.Hop) {
	if !h.Peer.PortMissing || h.Peer.Down {
		return
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "an upstream server without a port",
		Subject:  label(h.Peer.Span, "nginx connects to port 80 of %s", h.Peer.Server.Arg(0)),
		Related:  []diag.Label{label(h.Target.Pass.Head(), "%s is spoken here", h.Target.Protocol)},
		Notes:    []string{port80(h)},
		Remedy:   "write the port that the backend listens on",
	}
	var at []*stack.Listener
	for _, l := range h.Scope.Listeners {
		port := h.Peer.Endpoint
		port.Port = l.Endpoint.Port
		if l.Pool != nil && h.Target.Protocol == stack.FastCGI && port.Reaches(l.Endpoint) == stack.Yes {
			at = append(at, l)
		}
	}
	// An upstream that proxy_pass uses as well may be right with port 80 there.
	mixed := slices.ContainsFunc(h.Scope.Targets, func(t *stack.Target) bool {
		return t.Upstream == h.Target.Upstream && t.Protocol != h.Target.Protocol
	})
	fix := diag.Fix{Title: "write the port", Safety: diag.Manual}
	if len(at) == 1 && len(h.Scope.UnknownPools) == 0 && !mixed {
		e := h.Peer.Endpoint
		e.Port = at[0].Endpoint.Port
		fix = diag.Fix{
			Title: fmt.Sprintf("connect to port %d, where pool %s listens", e.Port, at[0].Pool.Name), Safety: diag.Safe,
			Edits: []diag.Edit{h.Peer.Server.Tree().SetArg(h.Peer.Server.ID, 0, h.Peer.Server.Arg(0)+portSuffix(e.Port))},
		}
		f.Related = append(f.Related, label(at[0].Span, "pool %s listens here", at[0].Pool.Name))
	}
	f.Fixes = []diag.Fix{fix}
	p.Report(h.Peer.Server, h.Peer.Server, f)
}

// port80 says what the requests end as.
func port80(h *stack.Hop) string {
	const refused = "requests that reach it end as 502; error.log: connect() failed (111: Connection refused) while connecting to upstream, upstream: \"%s://%s\""
	switch {
	case len(h.Listeners) == 0:
		return fmt.Sprintf(refused, strings.ToLower(h.Target.Protocol.String()), h.Peer.Endpoint)
	case h.Target.Protocol == stack.FastCGI:
		return "port 80 is nginx's own: requests that reach it end as 502; error.log: upstream sent unsupported FastCGI protocol version: 72 while reading response header from upstream"
	}
	return "port 80 is nginx's own: it answers what is no HTTP with 400"
}
