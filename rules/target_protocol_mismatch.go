package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var targetProtocolMismatch = analyzer.Rule{
	ID:         "target-protocol-mismatch",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnHop:      protocolMismatch,
	OnGateway:  gatewayMismatch,
	Doc: analyzer.Doc{
		Summary: "what listens at the target speaks another protocol",
		What: "A `*_pass` leads to a listener that was read and that speaks something else:\n\n" +
			" - HTTP (this nginx itself, Apache, gunicorn, uWSGI's `http-socket`), with\n" +
			"   `fastcgi_pass`, `uwsgi_pass`, `scgi_pass` or `memcached_pass`;\n" +
			" - FastCGI (a PHP-FPM pool), with any but `fastcgi_pass`:\n" +
			"   `proxy_pass http://127.0.0.1:9000` cannot reach it;\n" +
			" - uwsgi (uWSGI's `socket`), with any but `uwsgi_pass`.\n\n" +
			"So too where Apache passes requests on, with `fcgi://` to what speaks HTTP, with `http://` to a PHP-FPM pool.\n\n" +
			"A warning where nginx asks another server instead, which answers or may do so, or where `error_page` gives another answer.",
		Why: "Every request that goes there fails. FastCGI to an HTTP server ends as 502 with `upstream sent unsupported FastCGI protocol version: 72` (72 is the H of HTTP), uwsgi and SCGI as 400 without a line in the log. " +
			"Apache, gunicorn and uWSGI wait for the end of a line that does not come, so that the request ends as 504 after `*_read_timeout`; uWSGI's `socket` closes what is not uwsgi, 502 with `upstream prematurely closed connection`. " +
			"HTTP, uwsgi or SCGI to PHP-FPM ends as 502 with `recv() failed (104: Connection reset by peer) while reading response header from upstream`. Both servers' own tests accept it.\n\n" +
			"In an upstream with other servers nginx asks the next one after a connection that was reset, but sends no POST again; after an answer of another protocol only where `*_next_upstream` says `invalid_header` (`invalid_response`), after a 400 never.",
		Gaps:      "Only nginx's own servers of the same main file, PHP-FPM pools, listeners named in the settings, and what Apache's configuration, systemd's units and supervisord's programs of a host tree, units beside nginx's files (roles of Ansible), and the command of a compose service, say are known; a pool's port counts only where every PHP-FPM main file of the host was read, its socket always. Servers that are `down`, those without a port (target-port-missing) and those of the stream module are not judged.",
		Remedy:    "Use the directive that speaks the listener's protocol, or the address of the program that was meant.",
		FixSafety: "`uwsgi_pass` to plain HTTP, nginx's own or that of a program that was read, becomes `proxy_pass http://…` safely where no `uwsgi_*` stands beside it: nothing there works today. Everything else needs parameters that are yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass", "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass"},
		Since:     "0.1.0",
	},
}

func protocolMismatch(p *analyzer.Pass, h *stack.Hop) {
	if h.Peer.Down || h.Peer.PortMissing {
		return
	}
	l := otherSpeaker(h)
	if l == nil {
		return
	}
	severity, notes := misunderstood(h, l).of(h)
	f := diag.Finding{
		Severity: severity,
		Summary:  "what listens at the target speaks another protocol",
		Subject:  label(h.Peer.Span, "%s speaks %s, and %s speaks %s", h.Target.Pass.Name(), h.Target.Protocol, speaker(l), l.Protocol),
		Related:  useLabel(h),
		Notes:    notes,
		Remedy:   "use the directive that speaks " + l.Protocol.String() + ", or the address of the program that was meant",
		Fixes:    []diag.Fix{otherDirective(h, l)},
	}
	if !l.Span.IsZero() {
		f.Related = append(f.Related, label(l.Span, "%s listens here", speaker(l)))
	}
	p.Report(targetRef(h), h, f)
}

// otherSpeaker is what certainly answers a hop and speaks another protocol; nil if there is none such.
func otherSpeaker(h *stack.Hop) *stack.Listener {
	other := func(l *stack.Listener) bool {
		over := h.Target.Protocol
		if over == stack.GRPC && l.Pool == nil {
			over = stack.HTTP // gRPC is HTTP/2
		}
		return l.Protocol != over && l.Protocol != stack.Raw
	}
	if len(h.Own) > 0 {
		// Where nginx itself is bound, nothing else can be.
		for _, l := range h.Listeners {
			if !other(l) {
				return nil
			}
		}
		return h.Listeners[slices.IndexFunc(h.Listeners, func(l *stack.Listener) bool { return l.Address == h.Own[0] })]
	}
	for _, l := range h.Listeners {
		if !other(l) || l.Address != nil {
			return nil
		}
	}
	if !h.Certain || len(h.Listeners) == 0 {
		return nil
	}
	// A socket is what its path says; a port may be another program's where not
	// all pools of the host are known.
	pool := h.Listeners[0].Pool != nil
	if c := h.Scope.Containers; c != nil && c.Speaks(h.Listeners[0]) {
		return h.Listeners[0]
	}
	if pool && h.Peer.Endpoint.Net == stack.TCP && (!h.Peer.Endpoint.Local() || !h.Scope.Complete() || !h.Scope.InUse(h.Target.Config)) {
		return nil
	}
	return h.Listeners[0]
}

func speaker(l *stack.Listener) string {
	switch {
	case l.Pool != nil:
		return "PHP-FPM's pool " + l.Pool.Name
	case l.Address != nil:
		return "nginx itself"
	case l.Backend != nil:
		return l.Backend.Program
	}
	return "what listens there"
}

// misunderstood is how the requests fail (measured on nginx 1.22).
func misunderstood(h *stack.Hop, l *stack.Listener) failure {
	protocol := h.Target.Protocol
	if l.Address != nil && !h.Peer.TLS && allOwn(h, func(a *stack.Address) bool { return a.ProxyProtocol.IsZero() && a.HTTP2.IsZero() }) {
		switch protocol {
		case stack.FastCGI:
			return failure{status: "502", cause: "invalid_header", sent: true, log: notFastCGI}
		case stack.Memcached:
			return failure{status: "502", cause: "invalid_response", log: `memcached sent invalid response: "HTTP/1.1 400 Bad Request" while reading response header from upstream`}
		case stack.UWSGI, stack.SCGI:
			return failure{status: "400"}
		case stack.HTTP, stack.GRPC, stack.Raw:
		}
	}
	switch {
	case l.Backend != nil && l.Protocol == stack.UWSGI && protocol != stack.Memcached && !h.Peer.TLS: // measured on uWSGI 2.0.21
		return failure{status: "502", cause: "error", sent: true, log: "upstream prematurely closed connection while reading response header from upstream"}
	case l.Pool == nil:
		return failure{status: "502, or 504 where it waits for more", cause: anyCause, sent: true}
	case protocol == stack.Memcached:
		return failure{status: "504 after memcached_read_timeout", cause: "timeout", log: "upstream timed out (110: Connection timed out) while reading response header from upstream"}
	case h.Peer.TLS:
		return noConnection("peer closed connection in SSL handshake (104: Connection reset by peer) while SSL handshaking to upstream")
	}
	return failure{status: "502", cause: "error", sent: true, log: "recv() failed (104: Connection reset by peer) while reading response header from upstream"}
}

func otherDirective(h *stack.Hop, l *stack.Listener) diag.Fix {
	pass := h.Target.Pass
	if h.Target.Protocol == stack.UWSGI && plainForAll(h.Target) && !strings.Contains(pass.Arg(0), "$") && !hasUWSGI(h.Target) {
		target := "http://" + strings.TrimPrefix(pass.Arg(0), "uwsgi://")
		edit := pass.Tree().SetArg(pass.ID, 0, target)
		edit.Span.Start = pass.Head().Start
		edit.NewText = "proxy_pass " + strings.TrimLeft(edit.NewText, " ")
		return diag.Fix{Title: "proxy_pass " + target, Safety: diag.Safe, Edits: []diag.Edit{edit}}
	}
	switch l.Protocol {
	case stack.HTTP:
		return diag.Fix{Title: fmt.Sprintf("use proxy_pass http://%s, or the address of a program that speaks %s", h.Peer.Endpoint, h.Target.Protocol), Safety: diag.Manual}
	case stack.FastCGI:
		return diag.Fix{Title: fmt.Sprintf("use fastcgi_pass %s, with `include fastcgi_params;` and SCRIPT_FILENAME", h.Peer.Endpoint), Safety: diag.Manual}
	case stack.UWSGI, stack.SCGI, stack.GRPC, stack.Memcached, stack.Raw:
	}
	return diag.Fix{Title: fmt.Sprintf("use the directive that speaks %s", l.Protocol), Safety: diag.Manual}
}

// plainBackend reports whether a hop certainly leads to a program that speaks plain HTTP.
func plainBackend(h *stack.Hop) bool {
	b := backendOf(h)
	return b != nil && b.Protocol == stack.HTTP && b.TLS == stack.No
}

// plainForAll reports whether all that a target leads to is plain HTTP of nginx's
// own or of a program that was read.
func plainForAll(t *stack.Target) bool {
	return t.Unknown == "" && !slices.ContainsFunc(t.Hops, func(h *stack.Hop) bool {
		return h.Peer.TLS || h.Peer.PortMissing || !plainBackend(h) && !allOwn(h, func(a *stack.Address) bool {
			return !a.Stream && a.Complete && a.TLS.IsZero() && a.ProxyProtocol.IsZero() && a.HTTP2.IsZero()
		})
	})
}

// hasUWSGI reports whether another directive for uwsgi stands beside the pass.
func hasUWSGI(t *stack.Target) bool {
	for r := range t.Block.All() {
		if r != t.Pass && strings.HasPrefix(r.Name(), "uwsgi_") {
			return true
		}
	}
	return t.Block.Missing
}
