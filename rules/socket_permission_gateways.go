package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// gatewayPermission reports a pool whose socket Apache's workers may not open.
func gatewayPermission(p *analyzer.Pass, g *stack.Gateway) {
	pool, user, group := g.Pool(), g.Backend.User, g.Backend.Group
	if pool == nil || g.Endpoint.Net != stack.Unix || user == "" || group == "" || user == "root" {
		return
	}
	a, plain := socketAccess(pool)
	if !plain {
		return
	}
	subject, severity := a.verdict(user, group)
	if severity == 0 {
		return
	}
	f := diag.Finding{
		Severity: severity,
		Summary:  "the pool's socket is not Apache's to open",
		Subject:  diag.Label{Span: subject.Span, Text: a.describe() + fmt.Sprintf("; Apache's workers are %s:%s", user, group)},
		Related:  []diag.Label{passesOn(g)},
		Notes:    gatewayFails("503", unreachableSocket(g, "(13)Permission denied")),
		Remedy:   fmt.Sprintf("let the user %s or the group %s open the socket: listen.owner, listen.group and listen.mode of pool %s", user, group, pool.Name),
	}
	if subject.Span != a.listen.Span {
		f.Related = append(f.Related, label(a.listen.Span, "the socket"))
	}
	f.Related = append(f.Related, label(g.Backend.UserAt, "Apache's user"))
	if severity == diag.Warning {
		_, socketGroup := a.names()
		f.Notes = append(f.Notes, fmt.Sprintf("it works where %s is a member of the group %s, which only the host tells", user, socketGroup))
	}
	f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Manual}}
	p.Report(nginx.Ref{}, g, f)
}
