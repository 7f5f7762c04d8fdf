package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var fpmKeepaliveStarves = analyzer.Rule{
	ID:         "fpm-keepalive-starves",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	OnHop:      keepaliveStarves,
	Doc: analyzer.Doc{
		Summary: "idle connections that nginx keeps open can hold every child of a pool",
		What: "An upstream with `keepalive K` is used with `fastcgi_keep_conn on`, and `worker_processes` × K is at least the pool's `pm.max_children`. " +
			"With `worker_processes auto`, or where it was not read, one process is assumed.",
		Why: "A child of PHP-FPM serves one connection at a time, also while nothing comes through it. Once idle connections hold all children, a request that opens a new one waits in the queue while every child sleeps, " +
			"and ends as 504 with `upstream timed out (110: Connection timed out) while reading response header from upstream`. PHP-FPM logs nothing.",
		Gaps:      "It takes as many requests at one time as there are children to get there. The default `keepalive 32` of nginx 1.29.7 and later is not counted.",
		Remedy:    "Drop `fastcgi_keep_conn` (a new connection to a local socket costs little), or keep `worker_processes` × `keepalive` well below `pm.max_children`.",
		FixSafety: "How many children the machine can bear, and how many connections are worth keeping, is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive", "https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_keep_conn"},
		Since:     "0.1.0",
	},
}

func keepaliveStarves(p *analyzer.Pass, h *stack.Hop) {
	pool, upstream := h.Pool(), h.Target.Upstream
	keepConn := h.Target.Block.Value("fastcgi_keep_conn")
	if pool == nil || upstream == nil || h.Peer.Down || h.Target.Protocol != stack.FastCGI || !keepConn.Explicit() || keepConn.Arg(0) != "on" {
		return
	}
	keepalive := upstream.Own("keepalive")
	if len(keepalive) == 0 || h.Peer.Upstream != upstream {
		return
	}
	kept, ok := nginx.ParseNumber(keepalive[0].Arg(0))
	children := pool.Get("pm.max_children")
	most := int64(syntax.Atoi(children.Text))
	workers, from := workerProcesses(h.Target.Config)
	if !ok || !children.Set || !children.Known || most <= 0 || workers*kept < most {
		return
	}
	count := fmt.Sprintf("each worker process may keep %d idle connections", kept)
	if workers > 1 {
		count = fmt.Sprintf("%d worker processes may keep %d idle connections each, %d in all", workers, kept, workers*kept)
	}
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "idle connections can hold every child of the pool",
		Subject:  label(keepalive[0].Head(), "%s", count),
		Related: []diag.Label{
			label(children.Span, "pool %s has %d children", pool.Name, most),
			label(keepConn.From.Head(), "php-fpm is told not to close connections"),
		},
		Notes:  []string{"a request that finds all children held ends as 504; error.log: upstream timed out (110: Connection timed out) while reading response header from upstream"},
		Remedy: "drop fastcgi_keep_conn, or keep fewer connections than the pool has children",
		Fixes:  []diag.Fix{{Title: fmt.Sprintf("drop fastcgi_keep_conn, or keep fewer than %d connections over all worker processes", most), Safety: diag.Manual}},
	}
	if !from.IsZero() {
		f.Related = append(f.Related, label(from.Head(), "worker processes"))
	}
	p.Report(keepalive[0], pool, f)
}

// workerProcesses is how many worker processes there are at least, with the
// directive that says so, if one does.
func workerProcesses(c *nginx.Config) (n int64, from nginx.Ref) {
	if c.Top.Context != catalog.Main {
		return 1, nginx.Ref{}
	}
	v := c.Top.Value("worker_processes")
	if n, ok := nginx.ParseNumber(v.Arg(0)); ok && v.Explicit() {
		return max(n, 1), v.From
	}
	return 1, nginx.Ref{}
}
