package rules

import (
	"net/netip"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
)

var upstreamSingleMaxFails = analyzer.Rule{
	ID:         "upstream-single-max-fails",
	Severities: []diag.Severity{diag.Info},
	OnBlock:    singleMaxFails,
	In:         catalog.Upstream,
	Doc: analyzer.Doc{
		Summary: "max_fails or fail_timeout on the only server of an upstream has no effect",
		What:    "An `upstream` has one `server`, given as an IP address or a unix socket, with `max_fails` or `fail_timeout`.",
		Why:     "Where there is no other server to ask, nginx does not count failures: each request is tried (each one logs its own `connect() failed (111: Connection refused)`), and there is never a pause of `fail_timeout`.",
		Gaps:    "Silent for host names (they may stand for several addresses), for upstreams with a `zone` or `state`, to which servers can be added at run time, and with a balancer written in Lua.",
		Remedy:  "Drop the parameters, or add the server that was meant to take over.",
		Refs:    []string{"https://nginx.org/en/docs/http/ngx_http_upstream_module.html#max_fails"},
		Since:   "0.1.0",
	},
}

func singleMaxFails(p *analyzer.Pass, upstream *nginx.Block) {
	servers := upstream.Own("server")
	if upstream.Missing || len(servers) != 1 || changeable(upstream) || !oneAddress(servers[0].Arg(0)) {
		return
	}
	for i, arg := range servers[0].EachArg() {
		name, _, _ := strings.Cut(arg, "=")
		if name != "max_fails" && name != "fail_timeout" {
			continue
		}
		p.Report(servers[0], nil, diag.Finding{
			Severity: diag.Info,
			Summary:  "no effect on the only server of an upstream",
			Subject:  label(servers[0].ArgSpan(i), "%s counts only where there is another server", name),
			Notes:    []string{"nginx tries the server for each request, however often it failed"},
			Remedy:   "drop " + name + ", or add a second server",
		})
	}
}

// changeable reports whether an upstream may have other servers at run time.
func changeable(upstream *nginx.Block) bool {
	for r := range upstream.All() {
		switch name := r.Name(); {
		case name == "zone", name == "state", strings.HasPrefix(name, "balancer_by_lua"):
			return true
		}
	}
	return false
}

// oneAddress reports whether an upstream server is an IP address or a unix socket.
func oneAddress(server string) bool {
	if nginx.Opaque(server) || strings.Contains(server, "$") {
		return false
	}
	if strings.HasPrefix(server, "unix:") {
		return true
	}
	if _, err := netip.ParseAddr(strings.Trim(server, "[]")); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(server)
	return err == nil
}
