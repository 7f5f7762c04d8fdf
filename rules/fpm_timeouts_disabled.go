package rules

import (
	"fmt"
	"math"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fpmTimeoutsDisabled = analyzer.Rule{
	ID:         "fpm-timeouts-disabled",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	OnScope:    timeoutsDisabled,
	Doc: analyzer.Doc{
		Summary: "a negative timeout switches the limits of all pools off",
		What: "`request_terminate_timeout` or `request_slowlog_timeout` of one pool is negative, or longer than 2147483 seconds (about 24.8 days, at which php-fpm's milliseconds overflow), while it or another pool of the same master has a limit that is to work. " +
			"The right value for \"off\" is 0.",
		Why: "php-fpm looks after all limits in one interval, which follows from the smallest of them. A negative one leaves it without a timer: no request of any pool is ended or logged as slow. " +
			"Measured with two pools, 1s and -1: a request of 2.5 seconds in the first one was let run; without the second pool it was killed after 1.19. `php-fpm -t` is content, and the log says nothing.",
		Gaps:      "A negative value where nothing else has a limit does what was meant and is not reported.",
		Remedy:    "Write 0 where a pool is to have no limit.",
		FixSafety: "Shown only: once the limits work, requests that run today are ended.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#request-terminate-timeout"},
		Since:     "0.1.0",
	},
}

// maxLimit is the longest limit whose milliseconds php-fpm can hold.
const maxLimit = math.MaxInt32 / 1000 * time.Second

func timeoutsDisabled(p *analyzer.Pass, s *stack.Scope) {
	for _, m := range s.Masters {
		if !together(s, m) {
			continue
		}
		if tick, known := m.Tick(); !known || tick > 0 {
			continue
		}
		var guilty, dead []diag.Label
		for _, pool := range m.Pools {
			for _, limit := range limitsOf(pool) {
				at := label(limit.Span, "%s has no effect", limit.key)
				switch {
				case limit.length < 0, limit.length > maxLimit:
					at.Text = fmt.Sprintf("switches request_terminate_timeout and request_slowlog_timeout off in all pools, not in %s alone", pool.Name)
					guilty = append(guilty, at)
				case limit.length > 0:
					dead = append(dead, at)
				}
			}
		}
		for _, at := range guilty {
			if len(dead) == 0 {
				break
			}
			p.Report(nginx.Ref{}, at.Span, diag.Finding{
				Severity: diag.Warning,
				Summary:  "a negative timeout switches the limits of all pools off",
				Subject:  at,
				Related:  dead[:min(len(dead), 3)],
				Notes:    []string{"php-fpm looks after all limits with one timer, and sets none where the smallest is negative: requests are neither ended nor logged as slow"},
				Remedy:   "write 0 where a pool is to have no limit",
				Fixes:    []diag.Fix{{Title: "write 0: the limits of the other pools then end requests that run today", Safety: diag.Manual}},
			})
		}
	}
}

// A limit is one of the two times after which php-fpm acts on a request.
type limit struct {
	fpm.Value
	key    string
	length time.Duration
}

// limitsOf are the limits that a pool sets, those at 0 too.
func limitsOf(pool *fpm.Pool) []limit {
	terminate, _ := pool.TerminateTimeout()
	slowlog, _ := pool.SlowlogTimeout()
	return []limit{
		{pool.Get("request_terminate_timeout"), "request_terminate_timeout", terminate},
		{pool.Get("request_slowlog_timeout"), "request_slowlog_timeout", slowlog},
	}
}
