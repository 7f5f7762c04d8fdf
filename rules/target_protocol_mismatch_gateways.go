package rules

import (
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// gatewayMismatch reports where Apache speaks another protocol than what listens there.
func gatewayMismatch(p *analyzer.Pass, g *stack.Gateway) {
	s := p.Scope
	if !g.Certain || len(g.Listeners) == 0 || slices.ContainsFunc(g.Listeners, func(l *stack.Listener) bool {
		return l.Protocol == g.Protocol || l.Protocol == stack.Raw || l.Address != nil && !s.InUse(l.Address.Config)
	}) {
		return
	}
	l := g.Listeners[0]
	if l.Pool != nil && l.Endpoint.Net == stack.TCP && !s.Complete() {
		return // another program may have the port
	}
	who := speaker(l)
	if l.Address != nil {
		who = "nginx"
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "what listens where Apache passes requests on speaks another protocol",
		Subject:  label(g.Span, "Apache speaks %s here, and %s speaks %s", g.Protocol, who, l.Protocol),
		Related:  []diag.Label{label(l.Span, "%s listens here", who)},
		Remedy:   "use the scheme that the listener speaks, or the address of the program that was meant",
	}
	switch {
	case l.Pool != nil: // with http://
		f.Notes = gatewayFails("502", "(104)Connection reset by peer: AH01102: error reading status line from remote server")
	case l.Address != nil: // with fcgi://
		f.Notes = gatewayFails("503", "AH01068: Got bogus version 72")
	default:
		f.Notes = []string{"no request that is passed on here is answered"}
	}
	f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Manual}}
	p.Report(nginx.Ref{}, g, f)
}
