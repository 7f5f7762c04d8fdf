package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var timeoutNextUpstream = analyzer.Rule{
	ID:         "timeout-next-upstream",
	Severities: []diag.Severity{diag.Info},
	Safeties:   []diag.Safety{diag.Manual},
	Off:        true,
	OnScope:    nextUpstreams,
	Doc: analyzer.Doc{
		Summary: "one slow request takes all servers of an upstream out of use",
		What: "An upstream with two or more servers is passed to with the default `*_next_upstream` (`error timeout`), no limit on the tries, and `max_fails` and `fail_timeout` at their defaults on every server. " +
			"Off by default: it is how nginx comes, and right where all requests are quick.",
		Why: "A request that is slow everywhere is tried on one server after the other (it ends as 504 after the read timeout times the number of servers), and each of them is then `temporarily disabled` (a warning in error.log). " +
			"For the next ten seconds even quick requests end as 502: `no live upstreams while connecting to upstream`.",
		Gaps:      "POST and other requests that are not idempotent are tried once, so each disables one server. Whether there are slow requests is not in the files. Silent where not all servers are known, or may change at run time.",
		Remedy:    "`max_fails=0` on the servers, or `*_next_upstream error;`, or `*_next_upstream_tries 1;` so that a slow request disables one server only.",
		FixSafety: "Manual: each of the ways gives up something.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream", "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#max_fails"},
		Since:     "0.1.0",
	},
}

func nextUpstreams(p *analyzer.Pass, s *stack.Scope) {
	for _, u := range uses(s) {
		family, _, _ := strings.Cut(u.target.Pass.Name(), "_")
		servers := allCounted(u)
		if servers < 2 || !retriesAll(u.target.Block, family, servers) {
			continue
		}
		f := diag.Finding{
			Severity: diag.Info,
			Summary:  "one slow request takes all servers of an upstream out of use",
			Subject:  label(u.upstream.Head(), "one request that times out on all %d servers disables them all", servers),
			Related:  []diag.Label{label(u.target.Pass.Head(), "a request that times out is tried on the next server")},
			Notes:    []string{"for ten seconds quick requests then end as 502; error.log: no live upstreams while connecting to upstream"},
			Remedy:   fmt.Sprintf("set max_fails=0 on the servers, or limit %s_next_upstream", family),
		}
		f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Manual}}
		p.Report(u.upstream.Ref(), nil, f)
	}
}

// allCounted is how many servers of an upstream are in use, if all are known and
// one failure of each counts, else 0.
func allCounted(u use) int {
	if u.upstream.Missing || changeable(u.upstream) {
		return 0
	}
	servers := 0
	for _, h := range u.hops {
		for _, arg := range h.Peer.Server.Args()[1:] {
			name, value, _ := strings.Cut(arg, "=")
			if name == "max_fails" && value != "1" || name == "fail_timeout" && value != "10" && value != "10s" {
				return 0
			}
		}
		if !h.Peer.Down {
			servers++
		}
	}
	return servers
}

// retriesAll reports whether a request that times out is tried on all servers.
func retriesAll(b *nginx.Block, family string, servers int) bool {
	next := b.Value(family + "_next_upstream")
	tries, known := nginx.ParseNumber(b.Value(family + "_next_upstream_tries").Arg(0))
	limit, certain := b.Value(family + "_next_upstream_timeout").Duration()
	waits := next.Known() && slices.Contains(next.Args, "timeout") && !slices.Contains(next.Args, "off") // which undoes the other words
	return waits && known && certain && limit == 0 && (tries == 0 || int(tries) >= servers)
}
