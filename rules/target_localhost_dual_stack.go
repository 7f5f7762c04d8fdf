package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var targetLocalhostDualStack = analyzer.Rule{
	ID:         "target-localhost-dual-stack",
	Severities: []diag.Severity{diag.Info, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe},
	YieldsTo:   []string{"target-protocol-mismatch", "proxy-loop"},
	OnHop:      localhost,
	Doc: analyzer.Doc{
		Summary: "localhost is two addresses, and the target listens on one",
		What: "A target without variables names `localhost`, and the PHP-FPM pool or the server of this nginx that listens on that port does so for IPv4 or IPv6 only. " +
			"A warning where the directive's `*_next_upstream` does not try another address after an error (`off`, no `error`, or `*_next_upstream_tries 1`).",
		Why: "With the hosts file of most systems `localhost` is 127.0.0.1 and ::1, and nginx makes two servers of it that it uses in turn. The one where nothing listens costs a line in error.log once every 10 seconds (`fail_timeout`): `connect() failed (111: Connection refused) while connecting to upstream`; " +
			"the request is then sent to the other one and succeeds. Where nginx may not try the next one, that request ends as 502.",
		Gaps:      "Silent where the hosts file decides alone: for listeners that are in no file that was read, for names other than localhost, and where another file may hold a listener of the other family. Targets with variables ask the resolver, not the hosts file.",
		Remedy:    "Write the address that the listener has: 127.0.0.1 or [::1].",
		FixSafety: "Safe in an upstream, for FastCGI, uwsgi, SCGI and memcached, and for `http://` where `proxy_set_header Host` says what is sent. Else unsafe: the Host header that the backend gets (`$proxy_host`), or the name that a certificate is compared with, changes.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass", "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream"},
		Since:     "0.1.0",
	},
}

func localhost(p *analyzer.Pass, h *stack.Hop) {
	if h.Peer.Down || h.Peer.PortMissing || !h.Certain || h.Peer.Endpoint.Host != "localhost" || strings.Contains(h.Target.Pass.Arg(0), "$") {
		return
	}
	family := boundFamily(h)
	if family != stack.V4 && family != stack.V6 {
		return
	}
	bound, missing := "127.0.0.1", "[::1]"
	if family == stack.V6 {
		bound, missing = missing, bound
	}
	f := diag.Finding{
		Severity: diag.Info,
		Summary:  "localhost is two addresses, and the target listens on one",
		Subject:  label(h.Peer.Span, "localhost is 127.0.0.1 and mostly ::1 as well, and nothing listens on %s:%d", missing, h.Peer.Endpoint.Port),
		Related:  useLabel(h),
		Notes:    []string{"nginx tries both; error.log, once every 10s: connect() failed (111: Connection refused) while connecting to upstream"},
		Remedy:   "write " + bound,
	}
	if at := h.Listeners[0].Span; !at.IsZero() { // zero for one that only the settings name
		f.Related = append(f.Related, label(at, "listens on one of them"))
	}
	if why := noNext(h.Target, "error"); why != "" {
		f.Severity = diag.Warning
		f.Notes = []string{fmt.Sprintf("with %s the requests that go there end as 502; error.log: connect() failed (111: Connection refused) while connecting to upstream", why)}
	}
	r := targetRef(h)
	at := strings.Index(strings.ToLower(r.Arg(0)), "localhost")
	fix := diag.Fix{
		Title: "connect to " + bound, Safety: diag.Safe,
		Edits: []diag.Edit{r.Tree().SetArg(r.ID, 0, r.Arg(0)[:at]+bound+r.Arg(0)[at+len("localhost"):])},
	}
	if sendsTarget(h) {
		fix.Safety, fix.Risk = diag.Unsafe, fmt.Sprintf("the backend is asked for %s instead of localhost", bound)
	}
	f.Fixes = []diag.Fix{fix}
	p.Report(r, h, f)
}

// boundFamily is what the listeners of a hop accept on loopback; 0 where one
// that was not read may accept more.
func boundFamily(h *stack.Hop) (family stack.Family) {
	for _, l := range h.Listeners {
		switch {
		case l.Address == nil:
			family |= l.Endpoint.Families
		case !slices.Contains(h.Own, l.Address) || !l.Address.Complete:
			return 0
		default:
			family |= l.Address.Endpoint.Families
		}
	}
	if len(h.Own) == 0 && (!h.Scope.Complete() || len(h.Scope.UnknownPools) > 0 || !h.Scope.InUse(h.Target.Config)) {
		return 0
	}
	return family
}

// sendsTarget reports whether the backend sees how the target is written.
func sendsTarget(h *stack.Hop) bool {
	t := h.Target
	if t.Upstream != nil || t.Protocol != stack.HTTP && t.Protocol != stack.GRPC {
		return false
	}
	host, known := t.SentHost()
	if host == t.ProxyHost() || strings.Contains(host, "$proxy_") {
		known = false
	}
	return t.Protocol == stack.GRPC || h.Peer.TLS || !known
}
