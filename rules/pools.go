package rules

import (
	"path"
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

// together reports whether the files of a master are certainly read by one
// php-fpm: there is a main file, or only one, or they lie in a folder of which
// the packages' main files include everything. Elsewhere they may be alternatives.
func together(m *fpm.Master) bool {
	if m.Main != nil || len(m.Files) == 1 {
		return true
	}
	for _, f := range m.Files {
		if dir := path.Base(path.Dir(f.File.Path)); dir != "pool.d" && dir != "php-fpm.d" {
			return false
		}
	}
	return true
}

// hopsOf are the hops of each pool that certainly serves them by FastCGI.
func hopsOf(s *stack.Scope) map[*fpm.Pool][]*stack.Hop {
	hops := map[*fpm.Pool][]*stack.Hop{}
	for _, h := range s.Hops {
		if pool := h.Pool(); pool != nil && h.Target.Protocol == stack.FastCGI {
			hops[pool] = append(hops[pool], h)
		}
	}
	return hops
}

// missedBy are the hops that nothing serves and that a pool would serve if it
// listened on one of the values, which it does not since others replace them.
func missedBy(s *stack.Scope, lost []string) (missed []*stack.Hop) {
	for _, text := range lost {
		listen, ok := fpm.ParseListen(text)
		if !ok {
			continue
		}
		endpoint := stack.PoolEndpoint(listen)
		for _, h := range s.Hops {
			if unserved(h) && h.Peer.Endpoint.Reaches(endpoint) == stack.Yes && !slices.Contains(missed, h) {
				missed = append(missed, h)
			}
		}
	}
	return missed
}

// speakFor is the cause of a finding about a pool's listen that also explains why nothing serves the hops.
func speakFor(pool *fpm.Pool, hops []*stack.Hop) analyzer.Causes {
	causes := analyzer.Causes{pool}
	for _, h := range hops {
		causes = append(causes, targetRef(h))
	}
	return causes
}

// connectsHere are labels for the places where nginx connects in vain.
func connectsHere(hops []*stack.Hop) []diag.Label {
	var labels []diag.Label
	for _, h := range hops[:min(len(hops), 3)] {
		labels = append(labels, label(h.Peer.Span, "nginx connects here: 502; error.log: %s", connectError(h.Target.Protocol, h.Peer.Endpoint)))
	}
	return labels
}

// headOf is the [name] line of the pool under which a key stands in its own
// file; empty where the section was opened by a file that includes this one.
func headOf(pool *fpm.Pool, key source.Span) source.Span {
	head := source.Span{File: key.File}
	for _, h := range pool.Heads {
		if h.File == key.File && h.Start < key.Start && h.Start >= head.Start {
			head = h
		}
	}
	return head
}

// scalars are the keys of a pool as written that take one value, each line once
// however often its file is included.
func scalars(pool *fpm.Pool) []*syntax.Entry {
	var entries []*syntax.Entry
	seen := map[*syntax.Entry]bool{}
	for _, e := range pool.Entries() {
		if e.Kind == syntax.Key && !e.Null && !seen[e] {
			seen[e] = true
			entries = append(entries, e)
		}
	}
	return entries
}
