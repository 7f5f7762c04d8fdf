package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fpmTerminateOff = analyzer.Rule{
	ID:         "fpm-terminate-off",
	Severities: []diag.Severity{diag.Info},
	Off:        true,
	OnHop:      terminateOff,
	Doc: analyzer.Doc{
		Summary: "a pool without a limit on how long a request may take",
		What:    "`request_terminate_timeout` is 0 or absent in a pool that nginx passes requests to. Off by default: most pools are so, and many can be.",
		Why: "A request that nginx has given up (504 after `fastcgi_read_timeout`) goes on in PHP and holds its child until it ends by itself. When all children are held so, quick requests end as 504, too: `upstream timed out (110: Connection timed out) while reading response header from upstream`. " +
			"`max_execution_time` does not help: waiting does not count.",
		Gaps:   "Whether the scripts can hang is not known. A negative value, which switches the check off as well, is not this rule's.",
		Remedy: "Set `request_terminate_timeout` a little below nginx's `fastcgi_read_timeout`.",
		Refs:   []string{"https://www.php.net/manual/en/install.fpm.configuration.php#request-terminate-timeout"},
		Since:  "0.1.0",
	},
}

func terminateOff(p *analyzer.Pass, h *stack.Hop) {
	pool := h.Pool()
	if pool == nil || h.Target.Protocol != stack.FastCGI {
		return
	}
	if limit, known := pool.TerminateTimeout(); !known || limit != 0 {
		return
	}
	span := pool.Get("request_terminate_timeout").Span
	if span.IsZero() {
		if len(pool.Heads) == 0 {
			return // an image's own pool
		}
		span = pool.Heads[0]
	}
	p.Report(nginx.Ref{}, pool, diag.Finding{
		Severity: diag.Info,
		Summary:  "no limit on how long a request may take",
		Subject:  label(span, "request_terminate_timeout is 0 in pool %s: off", pool.Name),
		Related:  passedOn([]*stack.Target{h.Target}, "goes to the pool"),
		Notes:    []string{"a request that nginx has given up goes on and holds a child until it ends by itself"},
		Remedy:   "set request_terminate_timeout a little below fastcgi_read_timeout",
	})
}
