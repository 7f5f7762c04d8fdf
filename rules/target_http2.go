package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var targetHTTP2 = analyzer.Rule{
	ID:         "target-http2",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	YieldsTo:   []string{"target-tls-mismatch", "target-proxy-protocol"},
	OnHop:      withoutHTTP2,
	Doc: analyzer.Doc{
		Summary: "gRPC to an address that does not speak HTTP/2",
		What:    "`grpc_pass` leads to an address of this nginx where neither a `listen … http2` nor `http2 on` makes it speak HTTP/2. A warning where nginx asks another server of the upstream instead, or where `error_page 502` gives another answer.",
		Why: "gRPC is spoken over HTTP/2 only, so requests fail with 502: error.log has `upstream sent too large http2 frame: 4740180 while reading response header from upstream` (these are the letters HTT), " +
			"or with `grpcs://` `SSL_do_handshake() failed (SSL: … no application protocol …) while SSL handshaking to upstream`. " +
			"In an upstream with other servers nginx asks the next one after a failed handshake, otherwise only where `grpc_next_upstream` says `invalid_header`.",
		Gaps:      "Silent for listeners of other programs, and where a file that was not read may add HTTP/2 to the address.",
		Remedy:    "Add `http2` to a `listen` of that address, or from nginx 1.25.1 on `http2 on;` to its servers.",
		FixSafety: "How HTTP/2 is switched on depends on nginx's version, and browsers on that address get it as well: it is yours to do.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_v2_module.html", "https://nginx.org/en/docs/http/ngx_http_grpc_module.html#grpc_pass"},
		Since:     "0.1.0",
	},
}

func withoutHTTP2(p *analyzer.Pass, h *stack.Hop) {
	if !lacksHTTP2(h) {
		return
	}
	how := notHTTP2
	if h.Peer.TLS {
		how = noConnection("SSL_do_handshake() failed (SSL: … no application protocol …) while SSL handshaking to upstream")
	}
	severity, notes := how.of(h)
	p.Report(targetRef(h), h, diag.Finding{
		Severity: severity,
		Summary:  "gRPC to an address without HTTP/2",
		Subject:  label(h.Peer.Span, "gRPC needs HTTP/2, and %s does not speak it", h.Own[0]),
		Related:  append(useLabel(h), label(h.Own[0].Listens[0].Ref.Head(), "no listen of this address says http2, and no server `http2 on`")),
		Notes:    notes,
		Remedy:   "add http2 to the listen of that address",
		Fixes:    []diag.Fix{{Title: "add http2 to a listen of that address (`http2 on;` in its servers from nginx 1.25.1 on)", Safety: diag.Manual}},
	})
}

// lacksHTTP2 reports whether gRPC leads to an address that certainly does not speak HTTP/2.
func lacksHTTP2(h *stack.Hop) bool {
	return h.Target.Protocol == stack.GRPC && toOwnServer(h) &&
		allOwn(h, func(a *stack.Address) bool { return a.HTTP2.IsZero() && a.Complete })
}

// notHTTP2 is gRPC to what answers with HTTP/1: 4740180 are the letters HTT.
var notHTTP2 = failure{status: "502", cause: "invalid_header", sent: true, log: "upstream sent too large http2 frame: 4740180 while reading response header from upstream"}
