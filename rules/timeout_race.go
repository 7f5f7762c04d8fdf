package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var timeoutRace = analyzer.Rule{
	ID:         "timeout-race",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe},
	YieldsTo:   []string{"fpm-time-value"},
	OnHop:      race,
	Doc: analyzer.Doc{
		Summary: "nginx gives up just when PHP-FPM may kill the request",
		What: "The `fastcgi_read_timeout` in force is longer than the pool's `request_terminate_timeout`, but shorter than the moment by which php-fpm has certainly acted on it. " +
			"php-fpm looks at its limits only now and then: every third of the smallest `request_terminate_timeout` and `request_slowlog_timeout` over all pools of the master.",
		Why: "Requests that take too long end as 502 or as 504, at random: with limits of 6s and 7s, seven of ten ended as 504 and three as 502. " +
			"error.log has `recv() failed (104: Connection reset by peer)` for the one and `upstream timed out (110: Connection timed out)` for the other, which makes such an outage hard to read.",
		Gaps:      "Silent where one of the limits is not known.",
		Remedy:    "Let nginx wait until php-fpm has certainly acted.",
		FixSafety: "As for timeout-nginx-gives-up-first.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#request-terminate-timeout"},
		Since:     "0.1.0",
	},
}

func race(p *analyzer.Pass, h *stack.Hop) {
	w, ok := bothLimits(h)
	if !ok || w.readLimit <= w.terminateLimit || w.readLimit >= w.bound {
		return
	}
	f := w.finding(
		fmt.Sprintf("nginx gives up after %s without output", seconds(w.readLimit)),
		fmt.Sprintf("pool %s kills a request somewhere between %s and %s", w.pool.Name, seconds(w.terminateLimit), seconds(ceilSeconds(w.bound))),
	)
	f.Severity = diag.Warning
	f.Summary = "nginx gives up just when PHP-FPM may kill the request"
	f.Notes = append(f.Notes, "requests that take too long end as 502 or as 504, at random; error.log: recv() failed (104: Connection reset by peer), or upstream timed out (110: Connection timed out), while reading response header from upstream")
	f.Remedy = "let nginx wait until php-fpm has certainly acted: fastcgi_read_timeout " + seconds(w.patience())
	f.Fixes = []diag.Fix{w.waitLonger()}
	p.Report(w.at(), w.terminate.Span, f)
}
