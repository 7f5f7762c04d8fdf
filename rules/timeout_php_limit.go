package rules

import (
	"fmt"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// shippedExecutionTime is the max_execution_time that PHP comes with.
const shippedExecutionTime = 30 * time.Second

var timeoutPHPLimit = analyzer.Rule{
	ID:         "timeout-php-limit",
	Severities: []diag.Severity{diag.Warning, diag.Info},
	Safeties:   []diag.Safety{diag.Manual},
	YieldsTo:   []string{"fpm-time-value"},
	OnHop:      phpLimit,
	Doc: analyzer.Doc{
		Summary: "a script may run longer than nginx or PHP-FPM wait for it",
		What: "A `max_execution_time` above PHP's usual 30 is in force (php.ini and its scan directory, the pool, `fastcgi_param PHP_VALUE`, .user.ini), and nginx gives up earlier: the `fastcgi_read_timeout` in force (60s when nobody sets it) is shorter. " +
			"For information only where php-fpm ends the request first, by the pool's `request_terminate_timeout`.",
		Why: "A script that computes for longer than nginx waits ends as 504; error.log has `upstream timed out (110: Connection timed out) while reading response header from upstream`, and the child works on for nobody. " +
			"Under a shorter `request_terminate_timeout` it ends as 502, `recv() failed (104: Connection reset by peer)`, and PHP's own clean end (`Maximum execution time of 300 seconds exceeded`, with a stack and shutdown functions) can never come.",
		Gaps:      "max_execution_time counts the time that PHP computes: waiting for a database, a file or sleep() does not count, so that a request may take longer than it says. A script that sends output now and then is not given up. What a script sets by set_time_limit() is not looked at. Silent for 0 (no limit), where one of the limits is not known, and for status and ping pages.",
		Remedy:    "Let the limits rise from PHP to PHP-FPM to nginx: max_execution_time, then request_terminate_timeout, then fastcgi_read_timeout.",
		FixSafety: "Which of the limits says what was meant is yours to say.",
		Refs:      []string{"https://www.php.net/manual/en/info.configuration.php#ini.max-execution-time", "https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_read_timeout"},
		Since:     "0.1.0",
	},
}

func phpLimit(p *analyzer.Pass, h *stack.Hop) {
	pool := h.Pool()
	if pool == nil || h.Target.Protocol != stack.FastCGI || monitors(h.Target, pool) {
		return
	}
	allowed, ok := phpSeconds(h, "max_execution_time")
	limit := time.Duration(allowed.n) * time.Second
	bound, killKnown := pool.KillBound()
	if !ok || limit <= shippedExecutionTime || allowed.n > 1<<31 || !killKnown {
		return
	}
	read := h.Target.Block.Value("fastcgi_read_timeout")
	wait, waitKnown := read.Duration()
	if waitKnown && wait <= 0 {
		return // timeout-zero: nothing runs for any time
	}
	pass := label(h.Target.Pass.Head(), "requests go to pool %s here", pool.Name)
	f := diag.Finding{
		Subject: allowed.label("PHP lets a script compute for %s", seconds(limit)),
		Notes:   []string{"max_execution_time does not count the time that a script waits"},
		Fixes:   []diag.Fix{{Title: "let the limits rise from PHP to PHP-FPM to nginx", Safety: diag.Manual}},
	}
	if bound > 0 {
		if limit <= bound {
			return // timeout-nginx-gives-up-first compares the pool's limit with nginx's
		}
		terminate := pool.Get("request_terminate_timeout")
		f.Severity = diag.Info
		f.Summary = "PHP-FPM ends a request before PHP's own limit can"
		f.Related = []diag.Label{label(terminate.Span, "pool %s kills a request that takes longer", pool.Name), pass}
		ends := "ends as 502"
		if !waitKnown || wait <= bound {
			ends = "ends as 502, if nginx still waits for it"
		}
		f.Notes = append(f.Notes, fmt.Sprintf("after at most %s the request is killed and %s; error.log: recv() failed (104: Connection reset by peer)", seconds(ceilSeconds(bound)), ends))
		f.Remedy = "set request_terminate_timeout above max_execution_time, or lower the latter"
		p.Report(nginx.Ref{}, terminate.Span, f)
		return
	}
	if !waitKnown || limit <= wait {
		return
	}
	pass.Text += fmt.Sprintf("; fastcgi_read_timeout is %s, %s", seconds(wait), origin(read))
	if read.Explicit() {
		f.Related = append(f.Related, label(read.From.Head(), "nginx gives up after %s without output", seconds(wait)))
	}
	f.Severity = diag.Warning
	f.Summary = "nginx stops waiting while PHP lets the script run on"
	f.Related = append(f.Related, pass)
	f.Notes = append(f.Notes, "the client gets 504; error.log: upstream timed out (110: Connection timed out) while reading response header from upstream")
	f.Remedy = "let nginx wait longer than the script may compute, or lower max_execution_time"
	p.Report(nginx.Ref{}, nil, f)
}
