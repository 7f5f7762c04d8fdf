package rules

import (
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// A use is an upstream that a target leads to, with one hop for each of its servers.
type use struct {
	upstream *nginx.Block
	target   *stack.Target
	hops     []*stack.Hop
}

// uses lists the upstreams that targets lead to, where all that a target may
// lead to is known.
func uses(s *stack.Scope) []use {
	type key struct{}
	return stack.Once(s, key{}, func() []use { return findUses(s) })
}

func findUses(s *stack.Scope) []use {
	var found []use
	var at map[*nginx.Block]int // in found, for a target
	for _, t := range s.Targets {
		if t.Unknown != "" {
			continue
		}
		clear(at)
		for _, h := range t.Hops {
			b := h.Peer.Upstream
			if b == nil {
				continue
			}
			i, again := at[b]
			if !again {
				i = len(found)
				if at == nil {
					at = map[*nginx.Block]int{}
				}
				at[b] = i
				found = append(found, use{upstream: b, target: t})
			}
			found[i].hops = append(found[i].hops, h)
		}
	}
	return found
}
