package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
)

var upstreamInvalid = analyzer.Rule{
	ID:         "upstream-invalid",
	Severities: []diag.Severity{diag.Error},
	Refused:    diag.Nginx,
	OnConfig:   upstreams,
	NoProof:    judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "an upstream that nginx refuses",
		What:    "An `upstream` without a server, with backup servers only, with a `backup` behind `ip_hash`, `hash` or `random`, or with the name of an earlier one.",
		Why:     "nginx does not start: `[emerg] no servers are inside upstream`, `no servers in upstream \"X\"`, `balancing method does not support parameter \"backup\"`, `duplicate upstream \"X\"`. A `backup` that stands before the balancing method is not noticed, and has no effect.",
		Gaps:    "Silent where an include of the upstream could not be read, for files that a program fills in, and behind the first syntax error of a file.",
		Remedy:  "Give the upstream a server that is no backup, and a name of its own.",
		Refs:    []string{"https://nginx.org/en/docs/http/ngx_http_upstream_module.html"},
		Since:   "0.2.0",
	},
}

func upstreams(p *analyzer.Pass, c *nginx.Config) {
	type name struct {
		context catalog.Context
		text    string
	}
	first := map[name]*nginx.Block{}
	for u := range c.Blocks(catalog.Upstream | catalog.StreamUpstream) {
		if u.Ref().NArgs() != 1 || !p.Certain(u.Ref()) || templated(u.Ref()) {
			continue
		}
		text := u.Ref().Arg(0)
		if earlier := first[name{u.Context, text}]; earlier != nil {
			p.Report(u.Ref(), u, diag.Finding{
				Severity: diag.Error,
				Summary:  "an upstream stands twice",
				Subject:  label(u.Ref().ArgSpan(0), "the second one of this name"),
				Related:  []diag.Label{label(earlier.Head(), "the first one")},
				Notes:    []string{fmt.Sprintf("nginx says: duplicate upstream %q", text)},
				Remedy:   "join the two, or rename one",
			})
			continue
		}
		first[name{u.Context, text}] = u
		servers(p, u)
	}
}

// servers looks at what stands in an upstream.
func servers(p *analyzer.Pass, u *nginx.Block) {
	var backup, method nginx.Ref
	count, primary := 0, 0
	for r := range u.All() {
		if !p.Certain(r) {
			return
		}
		switch r.Name() {
		case "server":
			count++
			if r.IndexArg("backup", 0) < 0 {
				primary++
				break
			}
			backup = r
			if !method.IsZero() {
				p.Report(r, r, diag.Finding{
					Severity: diag.Error,
					Summary:  "a backup server where the balancing method knows none",
					Subject:  label(r.ArgSpan(r.IndexArg("backup", 0)), "%s knows no backup servers", method.Name()),
					Related:  []diag.Label{label(method.Head(), "the balancing method")},
					Notes:    []string{`nginx says: balancing method does not support parameter "backup"`},
					Remedy:   "drop backup, or use another balancing method",
				})
				return
			}
		case "ip_hash", "hash", "random":
			method = r
		case "least_conn", "least_time", "zone", "keepalive", "keepalive_timeout", "keepalive_requests", "keepalive_time", "ntlm", "queue", "resolver", "resolver_timeout":
		default:
			if entry, standing := catalog.Find(r.Name(), u.Context, u.Config.Version); standing != catalog.Fits || entry.Section != catalog.Core {
				return // a module may bring servers (state, balancer_by_lua, sticky …)
			}
		}
	}
	switch {
	case u.Missing, !backup.IsZero() && primary > 0:
	case count == 0:
		p.Report(u.Ref(), u, diag.Finding{
			Severity: diag.Error,
			Summary:  "an upstream without servers",
			Subject:  label(u.Head(), "no server stands in it"),
			Notes:    []string{"nginx says: no servers are inside upstream"},
			Remedy:   "add a server",
		})
	case primary == 0:
		p.Report(u.Ref(), u, diag.Finding{
			Severity: diag.Error,
			Summary:  "an upstream with backup servers only",
			Subject:  label(u.Head(), "every server of it is a backup"),
			Related:  []diag.Label{label(backup.Head(), "a backup")},
			Notes:    []string{fmt.Sprintf("nginx says: no servers in upstream %q", u.Ref().Arg(0))},
			Remedy:   "make one of them no backup",
		})
	}
}
