package rules

import (
	"fmt"
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var timeoutZero = analyzer.Rule{
	ID:         "timeout-zero",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	OnScope:    zeroTimeouts,
	Doc: analyzer.Doc{
		Summary: "a timeout of 0, which is no time at all and does not switch the timeout off",
		What: "Error: `fastcgi_read_timeout`, `proxy_read_timeout`, `uwsgi_read_timeout`, `scgi_read_timeout` or `grpc_read_timeout` is 0 where requests are passed on; their `*_connect_timeout` is 0 and every server that is connected to is a port; `client_header_timeout` is 0 in the default server of an address.\n\n" +
			"Warning: their `*_send_timeout` or `client_body_timeout` is 0 where requests are passed on; and the former where error_page makes another answer of 504.",
		Why: "nginx gives up before anything can have come. With a read timeout of 0 each request ends as `504` at once, `upstream timed out (110: Connection timed out) while reading response header from upstream`; with a connect timeout of 0 likewise, `while connecting to upstream`, except on unix sockets, where a connection needs no time. " +
			"With `client_header_timeout 0` every connection is closed without an answer. With `*_send_timeout 0` a request body that does not fit into the socket's buffer ends as `504`, `while sending request to upstream` (measured with 3 MB on unix sockets); with `client_body_timeout 0` a body that does not come with the first packet closes the connection.",
		Gaps: "For `send_timeout`, `keepalive_timeout`, `lingering_timeout`, `resolver_timeout` and `*_next_upstream_timeout` 0 is harmless or has a meaning of its own. " +
			"Silent where requests are not passed on, where unix sockets are among the servers, where another location that waits longer leads to the same upstream (its kept connections serve both), and for `client_header_timeout` of servers that are the default of no address: the default server's holds for them.",
		Remedy:    "Write a time; for as good as none a long one, such as `1d`.",
		FixSafety: "Manual: how long nginx is to wait instead is not in the file.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_read_timeout", "https://nginx.org/en/docs/http/ngx_http_core_module.html#client_header_timeout"},
		Since:     "0.1.0",
	},
}

func zeroTimeouts(p *analyzer.Pass, s *stack.Scope) {
	for _, t := range s.Targets {
		if t.Protocol == stack.Memcached { // not measured
			continue
		}
		family := familyOf[t.Protocol]
		passed := label(t.Pass.Head(), "requests are passed on here")
		atOnce := diag.Error
		if page, otherwise := errorPage(p.Scope, t, failure{status: "504", cause: "timeout"}); otherwise {
			atOnce = diag.Warning
			passed.Text += fmt.Sprintf("; for 504 error_page is set (%s)", place(page.Head()))
		}
		if v, ok := zero(t.Block, family+"_read_timeout"); ok {
			reportZero(p, v, passed, atOnce, "each request ends as 504 at once", "upstream timed out (110: Connection timed out) while reading response header from upstream")
		}
		if v, ok := zero(t.Block, family+"_connect_timeout"); ok && needsTime(s, t) {
			reportZero(p, v, passed, atOnce, "each request ends as 504 at once: no connection to a port is made in no time", "upstream timed out (110: Connection timed out) while connecting to upstream")
		}
		if v, ok := zero(t.Block, family+"_send_timeout"); ok {
			reportZero(p, v, passed, diag.Warning, "a request body that the backend does not take at once ends as 504", "upstream timed out (110: Connection timed out) while sending request to upstream")
		}
		if v, ok := zero(t.Block, "client_body_timeout"); ok {
			reportZero(p, v, passed, diag.Warning, "a request body that does not come with the first packet closes the connection", "")
		}
	}
	for _, a := range s.Addresses {
		if v, ok := zero(a.Default, "client_header_timeout"); ok && a.Complete && !a.Stream && !a.UDP {
			listens := label(a.Listens[0].Ref.Head(), "holds for all servers on this address")
			reportZero(p, v, listens, diag.Error, "each connection is closed without an answer", "")
		}
	}
}

// zero is the value of a timeout in force where somebody wrote that it is no time.
func zero(b *nginx.Block, name string) (nginx.Value, bool) {
	v := b.Value(name)
	d, ok := v.Duration()
	return v, ok && v.Explicit() && d == 0
}

// needsTime reports whether each connection of a target takes time: all of its
// servers are ports, and no other target may leave open connections that it can use.
func needsTime(s *stack.Scope, t *stack.Target) bool {
	up := 0
	for _, peer := range t.Peers {
		if peer.Down {
			continue
		}
		if up++; peer.Endpoint.Net != stack.TCP {
			return false
		}
	}
	if up == 0 || t.Unknown != "" {
		return false
	}
	for _, other := range s.Targets {
		if _, ok := zero(other.Block, familyOf[other.Protocol]+"_connect_timeout"); !ok && shareServer(t, other) {
			return false
		}
	}
	return true
}

// shareServer reports whether two targets lead to the same server of an upstream.
func shareServer(a, b *stack.Target) bool {
	return slices.ContainsFunc(a.Peers, func(p *stack.Peer) bool {
		return !p.Server.IsZero() && slices.ContainsFunc(b.Peers, func(q *stack.Peer) bool { return q.Server == p.Server })
	})
}

func reportZero(p *analyzer.Pass, v nginx.Value, where diag.Label, severity diag.Severity, outcome, log string) {
	f := diag.Finding{
		Severity: severity,
		Summary:  "a timeout of 0 is no time at all",
		Subject:  label(v.From.Head(), "%s", outcome),
		Related:  []diag.Label{where},
		Remedy:   "write how long nginx is to wait",
	}
	if log != "" {
		f.Notes = append(f.Notes, "error.log: "+log)
	}
	f.Fixes = []diag.Fix{{Title: "write a time, or remove " + v.From.Name() + " for nginx's default of 60s", Safety: diag.Manual}}
	p.Report(v.From, nil, f)
}
