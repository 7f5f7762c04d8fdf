package rules

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// toOwnServer reports whether HTTP or gRPC leads to servers of the http module
// of the same nginx.
func toOwnServer(h *stack.Hop) bool {
	t := h.Target
	return (t.Protocol == stack.HTTP || t.Protocol == stack.GRPC) && !h.Peer.Down && len(h.Own) > 0 &&
		!slices.ContainsFunc(h.Own, func(a *stack.Address) bool { return a.Stream })
}

// allOwn reports whether something holds for every address of nginx's own that
// answers a hop.
func allOwn(h *stack.Hop, holds func(*stack.Address) bool) bool {
	return len(h.Own) > 0 && !slices.ContainsFunc(h.Own, func(a *stack.Address) bool { return !holds(a) })
}

// takesProxyProtocol reports whether an address certainly answers a target, and
// wants the PROXY protocol.
func takesProxyProtocol(h *stack.Hop) bool {
	return allOwn(h, func(a *stack.Address) bool { return !a.ProxyProtocol.IsZero() && a.Answers(h.Peer.Endpoint) })
}

// schemePlace is where the scheme of a target is written: in the directive, or
// in the value that a variable of it has.
func schemePlace(h *stack.Hop) diag.Label {
	if h.Target.Upstream == nil && strings.HasPrefix(h.Target.Pass.Arg(0), "$") {
		return diag.Label{Span: h.Peer.Span}
	}
	return diag.Label{Span: h.Target.Pass.ArgSpan(0)}
}

// targetRef is the directive that the address of a peer is written in.
func targetRef(h *stack.Hop) nginx.Ref {
	if h.Peer.Server.IsZero() {
		return h.Target.Pass
	}
	return h.Peer.Server
}

// useLabel says where an upstream is used; none for a direct target.
func useLabel(h *stack.Hop) []diag.Label {
	if h.Target.Upstream == nil {
		return nil
	}
	return []diag.Label{label(h.Target.Pass.Head(), "used here")}
}
