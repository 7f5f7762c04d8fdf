package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// deadGateways reports where Apache itself passes PHP requests to an address on
// which no pool listens.
func deadGateways(p *analyzer.Pass, s *stack.Scope, near neighbours) {
	for _, g := range s.Gateways {
		line := g.Span.File.LineText(g.Span.Line())
		if !g.Via.IsZero() {
			line += "\n" + g.Via.File.LineText(g.Via.Line())
		}
		if g.Protocol != stack.FastCGI || !g.Nothing || !g.PHP && !phpWord().MatchString(line) || otherFCGI().MatchString(line) {
			continue
		}
		log := "AH00957: FCGI: attempt to connect to " + g.Endpoint.String() + " failed"
		if g.Endpoint.Net == stack.Unix {
			log = "AH02454: FCGI: attempt to connect to Unix domain socket " + g.Endpoint.Path + " failed"
		}
		f := diag.Finding{
			Severity: diag.Error,
			Summary:  "nothing listens where Apache sends PHP requests",
			Subject:  label(g.Span, "no PHP-FPM pool listens on %s", g.Endpoint),
			Notes:    []string{"every request that is passed on here fails with 503; Apache's error log: " + log},
			Remedy:   "make Apache's directive and the pool's listen name the same socket or port",
		}
		if !s.Complete() {
			f.Severity = diag.Warning
		}
		if !g.Via.IsZero() {
			f.Related = append(f.Related, label(g.Via, "the balancer that it is the member of"))
		}
		for _, l := range near.nearest(g.Endpoint, 3) {
			if l.Pool != nil {
				f.Related = append(f.Related, label(l.Span, "pool %s listens here%s", l.Pool.Name, difference(g.Endpoint, l.Endpoint)))
			}
		}
		f.Fixes = []diag.Fix{{Title: "connect to what is meant", Safety: diag.Manual}}
		p.Report(nginx.Ref{}, g, f)
	}
}
