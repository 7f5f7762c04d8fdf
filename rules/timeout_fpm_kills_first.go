package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var timeoutFPMKillsFirst = analyzer.Rule{
	ID:         "timeout-fpm-kills-first",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Unsafe, diag.Manual},
	Options: []analyzer.Option{{
		Name: "factor", Default: 2, Min: 1,
		Doc: "how many times the pool's limit nginx must be told to wait before it is reported",
	}},
	YieldsTo: []string{"fpm-time-value"},
	OnHop:    fpmKillsFirst, OnGateway: fpmKillsBeforeGateway,
	Doc: analyzer.Doc{
		Summary: "nginx is told to wait far longer than PHP-FPM lets a request live",
		What: "A `fastcgi_read_timeout` that somebody wrote is at least twice (option `factor`) the `request_terminate_timeout` of the pool that serves the location, and more than a second longer than php-fpm may take to act on it. " +
			"So too for the `ProxyTimeout` of an Apache that passes requests to a pool itself.",
		Why: "Whatever takes longer than the pool's limit is killed and ends as 502: error.log has `recv() failed (104: Connection reset by peer) while reading response header from upstream`, PHP-FPM's log `execution timed out, terminating`. Apache answers 503 and logs `AH01067: Failed to read FastCGI header`. " +
			"Most of the wait that nginx was told to allow can never be used, so one of the two does not say what was meant.",
		Gaps:      "Silent where nginx's limit is its default, for a modest margin (that is good practice), and where one of the limits is not known. A request that has called fastcgi_finish_request() is not killed.",
		Remedy:    "Raise the pool's limit to what nginx was told to allow, or lower nginx's to what the pool allows.",
		FixSafety: "Unsafe: nginx's limit is lowered to just above the pool's. With several servers, of which others may allow more, that is shown, never applied; so is always raising the pool's limit instead.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#request-terminate-timeout", "https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_read_timeout"},
		Since:     "0.1.0",
	},
}

func fpmKillsFirst(p *analyzer.Pass, h *stack.Hop) {
	w, ok := bothLimits(h)
	if !ok || !w.read.Explicit() || w.readLimit.Seconds() < p.Option("factor")*w.terminateLimit.Seconds() || w.readLimit <= w.patience() {
		return
	}
	f := w.finding(
		"nginx would wait "+seconds(w.readLimit),
		fmt.Sprintf("pool %s kills a request that takes longer than %s", w.pool.Name, seconds(w.terminateLimit)),
	)
	f.Severity = diag.Warning
	f.Summary = "nginx is told to wait far longer than PHP-FPM lets a request live"
	f.Notes = append(f.Notes, fmt.Sprintf("what takes longer than %s ends as 502; error.log: recv() failed (104: Connection reset by peer) while reading response header from upstream", seconds(w.terminateLimit)))
	f.Remedy = fmt.Sprintf("raise request_terminate_timeout of pool %s, or lower fastcgi_read_timeout to %s", w.pool.Name, seconds(w.patience()))
	safety, risk := diag.Unsafe, "a response that pauses for longer between two pieces of output would be cut"
	if len(w.hop.Target.Peers) != 1 {
		safety, risk = diag.Manual, "" // the other servers may let a request take longer
	}
	f.Fixes = []diag.Fix{
		w.setReadTimeout(w.patience(), safety, risk),
		{Title: "raise request_terminate_timeout of pool " + w.pool.Name, Safety: diag.Manual},
	}
	p.Report(w.at(), w.terminate.Span, f)
}
