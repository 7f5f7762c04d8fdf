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
func together(s *stack.Scope, m *fpm.Master) bool {
	type key struct{ *fpm.Master }
	return m.Main != nil || len(m.Files) == 1 || stack.Once(s, key{m}, func() bool {
		return !slices.ContainsFunc(m.Files, func(f *syntax.INI) bool {
			dir := path.Base(path.Dir(m.Place(f.File.Path)))
			return dir != "pool.d" && dir != "php-fpm.d"
		})
	})
}

// hopsOf are the hops of each pool that certainly serves them by FastCGI.
func hopsOf(s *stack.Scope) map[*fpm.Pool][]*stack.Hop {
	type key struct{}
	return stack.Once(s, key{}, func() map[*fpm.Pool][]*stack.Hop {
		hops := map[*fpm.Pool][]*stack.Hop{}
		for _, h := range s.Hops {
			if pool := h.Pool(); pool != nil && h.Target.Protocol == stack.FastCGI {
				hops[pool] = append(hops[pool], h)
			}
		}
		return hops
	})
}

// missedBy are the hops that nothing serves and that a pool would serve if it
// listened on one of the values, which it does not since others replace them.
func missedBy(s *stack.Scope, lost []string) (missed []*stack.Hop) {
	tried := map[stack.Endpoint]bool{}
	seen := map[*stack.Hop]bool{}
	for _, text := range lost {
		listen, ok := fpm.ParseListen(text)
		if !ok {
			continue
		}
		endpoint := stack.PoolEndpoint(listen)
		if tried[endpoint] {
			continue
		}
		tried[endpoint] = true
		for _, h := range s.Unserved(endpoint) {
			if unserved(h) && h.Peer.Endpoint.Reaches(endpoint) == stack.Yes && !seen[h] {
				seen[h] = true
				missed = append(missed, h)
			}
		}
	}
	return missed
}

// speakFor is the cause of a finding about a pool's listen that also explains why nothing serves the hops.
func speakFor(pool *fpm.Pool, hops []*stack.Hop) analyzer.Causes {
	causes := analyzer.Causes{pool}
	seen := map[*stack.Reach]bool{}
	for _, h := range hops {
		if !seen[h.Reach] {
			seen[h.Reach] = true
			causes = append(causes, h.Reach)
		}
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

// heads are the [name] lines of a pool in each file, by their place.
type heads map[*source.File][]source.Span

func headsOf(pool *fpm.Pool) heads {
	in := heads{}
	for _, h := range distinct(pool.Heads) {
		in[h.File] = append(in[h.File], h)
	}
	for _, list := range in {
		slices.SortFunc(list, source.Span.Compare)
	}
	return in
}

// of is the line under which a key stands in its own file; empty where the section
// was opened by a file that includes this one.
func (in heads) of(key source.Span) source.Span {
	list := in[key.File]
	i, _ := slices.BinarySearchFunc(list, key.Start, func(h source.Span, at int) int { return h.Start - at })
	if i == 0 {
		return source.Span{File: key.File}
	}
	return list[i-1]
}

// scalars are the keys of a pool as written that take one value, each line once
// however often its file is included.
func scalars(pool *fpm.Pool) []*syntax.Entry {
	all := pool.Entries()
	seen := make(map[*syntax.Entry]bool, len(all))
	return slices.DeleteFunc(all, func(e *syntax.Entry) bool {
		again := seen[e]
		seen[e] = true
		return again || e.Kind != syntax.Key || e.Null
	})
}
