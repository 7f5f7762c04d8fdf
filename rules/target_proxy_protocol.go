package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var targetProxyProtocol = analyzer.Rule{
	ID:         "target-proxy-protocol",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	OnHop:      wantsProxyProtocol,
	Doc: analyzer.Doc{
		Summary: "the target wants the PROXY protocol, which proxy_pass does not send",
		What: "`proxy_pass` or `grpc_pass` leads to an address of this nginx whose `listen` says `proxy_protocol`. One such `listen` holds for all servers of that address and port. " +
			"A warning where nginx asks another server of the upstream instead, or where `error_page 502` gives another answer.",
		Why: "A connection to it must begin with a line of the PROXY protocol. nginx's http module never sends one (only the stream module's `proxy_protocol on` does), so requests fail with 502. " +
			"error.log has `broken header: \"GET / HTTP/1.0…\" while reading PROXY protocol` and `upstream prematurely closed connection` or `recv() failed (104: Connection reset by peer)`. " +
			"In an upstream with other servers nginx asks the next one, but sends no POST, LOCK or PATCH again.",
		Gaps:   "Silent for listeners of other programs, and where a file that was not read may hold a more specific `listen` of that port.",
		Remedy: "Give the server a second `listen` without `proxy_protocol` for requests from nginx itself, on another port or a unix socket.",
		Refs:   []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#listen"},
		Since:  "0.1.0",
	},
}

func wantsProxyProtocol(p *analyzer.Pass, h *stack.Hop) {
	if !toOwnServer(h) || !takesProxyProtocol(h) {
		return
	}
	severity, notes := failure{status: "502", cause: "error", sent: !h.Peer.TLS, log: "broken header: … while reading PROXY protocol"}.of(h)
	p.Report(targetRef(h), h, diag.Finding{
		Severity: severity,
		Summary:  "the target wants the PROXY protocol",
		Subject:  label(h.Peer.Span, "%s sends no PROXY protocol, and %s takes nothing else", h.Target.Pass.Name(), h.Own[0]),
		Related:  append(useLabel(h), label(h.Own[0].ProxyProtocol.Head(), "holds for all servers of this address")),
		Notes:    notes,
		Remedy:   "give the server a second listen without proxy_protocol, on another port or a unix socket, and pass to that",
	})
}
