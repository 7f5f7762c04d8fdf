package rules

import (
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var listenWithoutSSL = analyzer.Rule{
	ID:         "listen-without-ssl",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnScope:    withoutSSL,
	Doc: analyzer.Doc{
		Summary: "a server with a certificate listens on 443 without ssl",
		What:    "A server with an `ssl_certificate` of its own listens on port 443, and no `listen` of that address in any server says `ssl`, nor does its default server say `ssl on`.",
		Why: "nginx then speaks plain HTTP on 443: browsers that open https:// get a protocol error (`wrong version number`, `ERR_SSL_PROTOCOL_ERROR`), error.log has nothing, and access.log a 400 for each. `nginx -t` accepts it: certificates without a TLS address are no mistake to it. " +
			"IPv6 is forgotten most often: `listen 443 ssl;` with `listen [::]:443;` beside it.",
		Gaps:      "Silent on other ports, where a file that was not read may add `ssl` to the address, for QUIC, for the stream module, and with `proxy_protocol`: what stands before nginx may have taken TLS off.",
		Remedy:    "Add `ssl` to the `listen`.",
		FixSafety: "Safe where all servers of the address have a certificate and nothing read speaks plain HTTP to it: https is what fails today. Else `ssl` would take servers without a certificate along: yours to decide.",
		Refs:      []string{"https://nginx.org/en/docs/http/configuring_https_servers.html"},
		Since:     "0.1.0",
	},
}

func withoutSSL(p *analyzer.Pass, s *stack.Scope) {
	for _, a := range s.Addresses {
		if a.Endpoint.Port != 443 || a.Stream || a.UDP || !a.Complete || !a.TLS.IsZero() || !a.ProxyProtocol.IsZero() {
			continue
		}
		fixable := -1 // not looked at yet
		for _, l := range a.Listens {
			certificates := l.Server.Own("ssl_certificate")
			if len(certificates) == 0 {
				continue
			}
			if fixable < 0 {
				fixable = 0
				if allSpeakTLS(s, a) {
					fixable = 1
				}
			}
			p.Report(l.Ref, a, diag.Finding{
				Severity: diag.Warning,
				Summary:  "a server with a certificate listens on 443 without ssl",
				Subject:  label(l.Ref.Head(), "plain HTTP on %s: no listen of this address says ssl", a),
				Related:  []diag.Label{label(certificates[0].Head(), "the certificate is not used there")},
				Notes:    []string{"clients that open https:// there get a protocol error: wrong version number"},
				Remedy:   "add ssl to the listen",
				Fixes:    []diag.Fix{addSSL(l, fixable > 0)},
			})
		}
	}
}

// allSpeakTLS reports whether nothing that is known would fail if an address spoke TLS.
func allSpeakTLS(s *stack.Scope, a *stack.Address) bool {
	bare := func(server *nginx.Block) bool {
		certificates, _, _ := server.List("ssl_certificate")
		return len(certificates) == 0
	}
	plain := func(h *stack.Hop) bool { return slices.Contains(h.Own, a) && !h.Peer.TLS }
	return !slices.ContainsFunc(a.Servers, bare) && !slices.ContainsFunc(s.Hops, plain)
}

func addSSL(l stack.Listen, allCan bool) diag.Fix {
	if !allCan {
		return diag.Fix{Title: "add ssl, and see that all servers of the address can do with it", Safety: diag.Manual}
	}
	return diag.Fix{
		Title: "add ssl", Safety: diag.Safe,
		Edits: []diag.Edit{l.Ref.Tree().SetArg(l.Ref.ID, l.Ref.NArgs(), "ssl")},
	}
}
