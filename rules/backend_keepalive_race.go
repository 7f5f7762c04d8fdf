package rules

import (
	"fmt"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var backendKeepaliveRace = analyzer.Rule{
	ID:         "backend-keepalive-race",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	OnHop:      keepaliveRace,
	Doc: analyzer.Doc{
		Summary: "the backend closes idle connections before nginx does",
		What:    "An upstream keeps connections (`keepalive`, with `proxy_http_version 1.1` and an empty `Connection` header) for as long as the backend does or longer: its `keepalive_timeout`, 60s by default, is not below gunicorn's `keepalive` (2s by default, for gthread workers) or Apache's `KeepAliveTimeout` (5s).",
		Why: "A request that nginx sends on such a connection just as the backend closes it is lost. nginx sends a GET again, on a new connection; a POST, LOCK or PATCH ends as 502, now and then and without a pattern: " +
			"error.log has `upstream prematurely closed connection while reading response header from upstream` or `recv() failed (104: Connection reset by peer)`. The backend logs nothing.",
		Gaps: "Known are Apache and the gunicorn of a systemd unit or supervisord program in the host tree that nginx's files are in, with all that decides the time. Silent for gunicorn's sync workers, which close after each answer, for uWSGI, and with `proxy_next_upstream … non_idempotent`. " +
			"nginx keeps connections by itself from 1.29.7 on; that is not judged.",
		Remedy:    "Let nginx close first: `keepalive_timeout` in the upstream below the backend's, or a longer time in the backend.",
		FixSafety: "Manual: which of the two is to change is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive_timeout", "https://docs.gunicorn.org/en/stable/settings.html#keepalive", "https://httpd.apache.org/docs/2.4/mod/core.html#keepalivetimeout"},
		Since:     "0.1.0",
	},
}

func keepaliveRace(p *analyzer.Pass, h *stack.Hop) {
	l, upstream := backendOf(h), h.Peer.Upstream
	if l == nil || upstream == nil || upstream.Missing || h.Target.Protocol != stack.HTTP || l.Protocol != stack.HTTP {
		return
	}
	idle := l.Backend.Idle
	keepalive := upstream.Own("keepalive")
	version := h.Target.Block.Value("proxy_http_version")
	if !idle.Known || idle.Time <= 0 || len(keepalive) != 1 || !version.Explicit() || version.Arg(0) != "1.1" || !clearsConnection(h.Target.Block) {
		return
	}
	words := h.Target.Block.Value("proxy_next_upstream")
	if n, ok := nginx.ParseNumber(keepalive[0].Arg(0)); !ok || n <= 0 || !words.Known() || nextWord(h.Target, "non_idempotent") {
		return
	}
	kept, at := time.Minute, keepalive[0] // nginx's default
	if own := upstream.Own("keepalive_timeout"); len(own) > 0 {
		var ok bool
		if kept, ok = nginx.ParseTime(own[0].Arg(0)); !ok {
			return
		}
		at = own[0]
	}
	if kept < idle.Time {
		return
	}
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "the backend closes idle connections before nginx does",
		Subject:  label(at.Head(), "nginx keeps an idle connection for %s", seconds(kept)),
		Related:  []diag.Label{label(h.Target.Pass.Head(), "requests go to %s here", l.Backend.Program)},
		Notes: []string{"a POST, LOCK or PATCH that is sent just as the connection closes ends as 502; " +
			"error.log: upstream prematurely closed connection while reading response header from upstream"},
		Remedy: fmt.Sprintf("set keepalive_timeout of the upstream below %s, or %s of %s above %s", seconds(idle.Time), idle.Name, l.Backend.Program, seconds(kept)),
		Fixes:  []diag.Fix{{Title: fmt.Sprintf("set keepalive_timeout of the upstream below %s, or %s of %s above %s", seconds(idle.Time), idle.Name, l.Backend.Program, seconds(kept)), Safety: diag.Manual}},
	}
	text := fmt.Sprintf("%s closes one after %s", l.Backend.Program, seconds(idle.Time))
	if idle.Span.IsZero() {
		f.Related = append(f.Related, label(l.Backend.At, "%s, its default", text))
	} else {
		f.Related = append(f.Related, label(idle.Span, "%s", text))
	}
	p.Report(at, l.Backend, f)
}

// clearsConnection reports whether nginx sends no Connection header, so that the
// backend keeps the connection.
func clearsConnection(b *nginx.Block) bool {
	headers, known := b.ListOf("proxy_set_header", "Connection")
	return known && len(headers) == 1 && headers[0].NArgs() == 2 && headers[0].Arg(1) == ""
}
