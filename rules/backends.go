package rules

import "nginx-lint/analyzer/stack"

// backendOf is the one listener of a program other than nginx and PHP-FPM that
// certainly serves a hop; nil if there is none such.
func backendOf(h *stack.Hop) *stack.Listener {
	if !h.Certain || len(h.Listeners) != 1 || h.Listeners[0].Backend == nil || h.Peer.Down || h.Peer.PortMissing || h.Target.Unknown != "" {
		return nil
	}
	return h.Listeners[0]
}
