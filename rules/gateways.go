package rules

import (
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

// gatewayFails says what becomes of the requests that Apache passes on in vain
// (measured on Apache 2.4.71).
func gatewayFails(status, log string) []string {
	return []string{"every request that is passed on here fails with " + status + "; Apache's error log: " + log}
}

// unreachableSocket is what Apache logs where it cannot open a socket.
func unreachableSocket(g *stack.Gateway, reason string) string {
	return reason + ": AH02454: FCGI: attempt to connect to Unix domain socket " + g.Endpoint.Path + " failed"
}

// passesOn is the label of a gateway's address beside another subject.
func passesOn(g *stack.Gateway) diag.Label {
	return label(g.Span, "%s passes requests on here", g.Backend.Program)
}
