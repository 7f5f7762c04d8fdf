package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var uwsgiBufferSize = analyzer.Rule{
	ID:         "uwsgi-buffer-size",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	OnHop:      smallBuffer,
	Doc: analyzer.Doc{
		Summary: "nginx takes headers that uWSGI refuses",
		What:    "`large_client_header_buffers` in `http` lets a single header or request line be longer than what uWSGI's `buffer-size` (4096 by default) allows all of them together, and a location passes requests to that uWSGI with `uwsgi_pass`.",
		Why: "Somebody has told nginx to expect long headers: cookies, tokens, queries. A request that has one ends as 502, error.log has `recv() failed (104: Connection reset by peer) while reading response header from upstream`, uWSGI's log `invalid request block size: 9358 (max 4096)...skip`. " +
			"What counts is the sum of all parameters that nginx sends, and `uwsgi_params` sends a query twice.",
		Gaps: "Silent where nginx's buffers are its default, 8k for one line, though these are more than 4096 as well: few requests come near them. Silent for the directive in `server`, which holds where that server is the default one of its address. " +
			"Known is a uWSGI that a systemd unit or supervisord starts in the host tree that nginx's files are in, with one ini file or none; not one below an emperor.",
		Remedy:    "Raise `buffer-size` above what nginx takes; 65535 is the most.",
		FixSafety: "Manual: the memory is uWSGI's, for each of its workers.",
		Refs:      []string{"https://uwsgi-docs.readthedocs.io/en/latest/Options.html#buffer-size", "https://nginx.org/en/docs/http/ngx_http_core_module.html#large_client_header_buffers"},
		Since:     "0.1.0",
	},
}

func smallBuffer(p *analyzer.Pass, h *stack.Hop) {
	l := backendOf(h)
	if l == nil || l.Protocol != stack.UWSGI || h.Target.Protocol != stack.UWSGI || !l.Backend.Buffer.Known {
		return
	}
	buffers := h.Target.Block.Value("large_client_header_buffers")
	if !buffers.Explicit() || buffers.In.Context != catalog.HTTP {
		return
	}
	most, ok := nginx.ParseSize(buffers.Arg(1))
	if !ok || most <= int64(l.Backend.Buffer.Bytes) {
		return
	}
	limit := l.Backend.Buffer
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "nginx takes headers that uWSGI refuses",
		Subject:  label(buffers.From.Head(), "one header may have %s", size(most)),
		Related:  []diag.Label{label(h.Target.Pass.Head(), "requests go to uWSGI here")},
		Notes:    []string{"a request with such a header ends as 502; error.log: recv() failed (104: Connection reset by peer) while reading response header from upstream"},
		Remedy:   fmt.Sprintf("raise buffer-size of uWSGI above %d", most),
		Fixes:    []diag.Fix{{Title: fmt.Sprintf("raise buffer-size of uWSGI above %d", most), Safety: diag.Manual}},
	}
	text := fmt.Sprintf("uWSGI takes %d bytes for all headers and parameters together", limit.Bytes)
	if limit.Span.IsZero() {
		f.Related = append(f.Related, label(l.Backend.At, "%s, its default", text))
	} else {
		f.Related = append(f.Related, label(limit.Span, "%s", text))
	}
	p.Report(buffers.From, l.Backend, f)
}
