package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/syntax"
)

var fpmBacklog = analyzer.Rule{
	ID:         "fpm-backlog",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Unsafe},
	YieldsTo:   []string{"fpm-config"},
	OnPool:     backlog,
	Doc: analyzer.Doc{
		Summary: "a pool's queue is shorter than the number of its children",
		What:    "`listen.backlog` is written, not negative and below `pm.max_children`: the queue of connections that wait for a child is shorter than what the pool works on at once. 0 is no word for the default: one connection may then wait.",
		Why: "A short burst fills it. On a unix socket nginx then answers 502 at once: `connect() to unix:PATH failed (11: Resource temporarily unavailable) while connecting to upstream`; " +
			"on a port the client gets 504 after fastcgi_connect_timeout: `upstream timed out (110: Connection timed out) while connecting to upstream`. Measured with one child and a backlog of 1: of ten requests at once three were served. PHP-FPM's log has nothing.",
		Gaps:      "Without the line, and with -1, the queue is as long as the system allows (net.core.somaxconn, mostly 4096). Whether bursts come is not in these files.",
		Remedy:    "Remove the line.",
		FixSafety: "Unsafe: requests that fail at once today wait instead, and somebody may want them to fail.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#listen-backlog"},
		Since:     "0.1.0",
	},
}

func backlog(p *analyzer.Pass, pool *fpm.Pool) {
	queue, children := pool.Get("listen.backlog"), pool.Get("pm.max_children")
	length, workers := syntax.Atoi(queue.Text), syntax.Atoi(children.Text)
	if !queue.Set || !queue.Known || !children.Set || !children.Known || length < 0 || length >= workers {
		return
	}
	log := "requests that find it full end as 502; error.log: connect() to unix:PATH failed (11: Resource temporarily unavailable) while connecting to upstream"
	if listen, ok := fpm.ParseListen(pool.Get("listen").Text); ok && listen.Kind == fpm.TCP {
		log = "requests that find it full end as 504; error.log: upstream timed out (110: Connection timed out) while connecting to upstream"
	}
	p.Report(nginx.Ref{}, analyzer.LineOf(queue.Span), diag.Finding{
		Severity: diag.Warning,
		Summary:  "a pool's queue is shorter than the number of its children",
		Subject:  label(queue.Span, "a queue of %d, while %d are worked on", length, workers),
		Related:  []diag.Label{label(children.Span, "pool %s has %d children", pool.Name, workers)},
		Notes:    []string{log},
		Remedy:   "remove the line: the queue is then as long as the system allows",
		Fixes: []diag.Fix{{
			Title: "remove listen.backlog from pool " + pool.Name, Safety: diag.Unsafe,
			Risk:  "requests that fail at once today wait for a child instead",
			Edits: []diag.Edit{syntax.DeleteLine(queue.Key)},
		}},
	})
}
