package rules

import (
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

// missedBackends reports a target of another kind of pass than fastcgi_pass where
// nothing that was read listens, while the one program of the host that speaks its
// protocol listens where nginx never goes. Anything else may listen there as well,
// so that this is never an error.
func missedBackends(p *analyzer.Pass, s *stack.Scope) {
	if s.Closed || s.Container || s.Containers != nil || !s.AddressesKnown ||
		slices.ContainsFunc(s.Backends, func(b *stack.Backend) bool { return !b.Complete }) {
		return
	}
	dead := map[stack.Protocol][]*stack.Hop{}
	reached := map[*stack.Listener]bool{}
	for _, h := range s.Hops {
		for _, l := range h.Listeners {
			reached[l] = true
		}
		if h.Target.Protocol != stack.FastCGI && !h.Peer.Down && nowhere(h) && h.Scope.InUse(h.Target.Config) {
			dead[h.Target.Protocol] = append(dead[h.Target.Protocol], h)
		}
	}
	for _, protocol := range []stack.Protocol{stack.HTTP, stack.UWSGI} {
		l := missed(s, protocol, reached)
		hops := dead[protocol]
		if l == nil || len(hops) == 0 || slices.ContainsFunc(hops, func(h *stack.Hop) bool {
			return h.Peer.Endpoint != hops[0].Peer.Endpoint || len(h.Target.Hops) != 1
		}) {
			continue
		}
		for _, h := range hops {
			missedBackend(p, h, l)
		}
	}
}

// missed is the one listener of a program that speaks a protocol, where nothing in
// nginx leads to it; nil if there is none such, or more.
func missed(s *stack.Scope, protocol stack.Protocol, reached map[*stack.Listener]bool) *stack.Listener {
	var found *stack.Listener
	for _, l := range s.Listeners {
		switch {
		case l.Backend == nil && l.Address != nil, l.Protocol != protocol && l.Protocol != stack.Raw:
		case l.Backend == nil, l.Maybe, l.Protocol == stack.Raw, reached[l], found != nil:
			return nil // it may be meant for something else, or more than one may be meant
		default:
			found = l
		}
	}
	if found != nil && (found.Endpoint.Port == 80 || found.Endpoint.Port == 443) {
		return nil // it serves the public itself
	}
	return found
}

func missedBackend(p *analyzer.Pass, h *stack.Hop, l *stack.Listener) {
	target, how := h.Peer.Endpoint, difference(h.Peer.Endpoint, l.Endpoint)
	if there := l.Endpoint; target.Net == stack.TCP && there.Net == stack.TCP && target.Port != there.Port {
		if there.Port = target.Port; target.Reaches(there) == stack.Yes {
			how = ": only the port differs"
		}
	}
	_, notes := nobodyListens(h).of(h)
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "nothing that was read listens where nginx passes requests",
		Subject:  label(h.Peer.Span, "%s is spoken to %s, and %s listens elsewhere", h.Target.Protocol, target, l.Backend.Program),
		Related:  append(useLabel(h), label(l.Span, "%s listens here%s; nothing in nginx leads there", l.Backend.Program, how)),
		Notes:    append(notes, "unless another program listens there, which is in no file that was read"),
		Remedy:   "connect to " + connectAddress(h, l) + ", or declare in the settings' listeners what else there is",
		Fixes:    []diag.Fix{{Title: "connect to " + connectAddress(h, l), Safety: diag.Manual}},
	}
	p.Report(targetRef(h), targetRef(h), f)
}
