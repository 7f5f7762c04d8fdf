package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var timeoutNginxGivesUpFirst = analyzer.Rule{
	ID:         "timeout-nginx-gives-up-first",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	YieldsTo:   []string{"fpm-time-value"},
	OnHop: func(p *analyzer.Pass, h *stack.Hop) {
		nginxGivesUpFirst(p, h)
		nginxGivesUpBeforeWorker(p, h)
	},
	OnGateway: gatewayGivesUpFirst,
	Doc: analyzer.Doc{
		Summary: "nginx stops waiting while the program behind it lets the request go on",
		What: "The `fastcgi_read_timeout` in force (60s when nobody sets it) is not longer than the `request_terminate_timeout` of the pool that serves the location. " +
			"A request that sends nothing for that long is given up by nginx, and the limit of the pool is never seen by a client.\n\n" +
			"So too for `proxy_read_timeout` and `uwsgi_read_timeout` before the `timeout` of gunicorn's sync workers and the `harakiri` of uWSGI, where somebody wrote that, and for Apache's `ProxyTimeout` or `Timeout` where it passes requests to a pool itself (`SetHandler`, `ProxyPass` with `fcgi://`).",
		Why: "The client gets 504, and error.log has `upstream timed out (110: Connection timed out) while reading response header from upstream`. PHP works on for up to the pool's limit plus the time until php-fpm looks, and keeps a child busy for nobody. " +
			"gunicorn and uWSGI keep a worker busy likewise, until they kill it. Apache answers 504 too, and logs `(70007)The timeout specified has expired: AH01075: Error dispatching request`. " +
			"Equal limits do not help: with both at 3s for PHP-FPM, at 2s for gunicorn and uWSGI, twelve of twelve requests ended as 504.",
		Gaps: "`fastcgi_read_timeout` is the time between two reads, not for the whole response: a script that sends output now and then may run longer. Silent where one of the limits is not known, and for pools without a limit, for gunicorn's default limit, which nobody chose, for its other workers, which the timeout does not limit, and for gunicorn and uWSGI where an upstream has other servers. " +
			"Known are programs that a systemd unit or supervisord starts in the host tree that nginx's files are in.",
		Remedy:    "Let nginx wait longer than the program may take, or give the program a shorter limit.",
		FixSafety: "Safe where nginx's default is in force, there is one server, and no error_page for 504 or stale cache answers instead: only requests that fail today change. Where somebody wrote the value it is unsafe. The new value is the pool's limit plus php-fpm's check interval, rounded up, plus one second; for gunicorn and uWSGI, which look once a second, the limit plus three.",
		Refs:      []string{"https://docs.gunicorn.org/en/stable/settings.html#timeout", "https://uwsgi-docs.readthedocs.io/en/latest/Options.html#harakiri", "https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_read_timeout", "https://www.php.net/manual/en/install.fpm.configuration.php#request-terminate-timeout"},
		Since:     "0.1.0",
	},
}

func nginxGivesUpFirst(p *analyzer.Pass, h *stack.Hop) {
	w, ok := bothLimits(h)
	if !ok || w.readLimit > w.terminateLimit {
		return
	}
	f := w.finding(
		fmt.Sprintf("nginx gives up after %s without output", seconds(w.readLimit)),
		fmt.Sprintf("pool %s lets a request take %s", w.pool.Name, seconds(w.terminateLimit)),
	)
	f.Severity = diag.Warning
	f.Summary = "nginx stops waiting while PHP-FPM lets the request go on"
	f.Notes = append(f.Notes, fmt.Sprintf("the client gets 504 after %s, while PHP works on for up to %s; error.log: upstream timed out (110: Connection timed out) while reading response header from upstream",
		seconds(w.readLimit), seconds(ceilSeconds(w.bound))))
	f.Remedy = "let nginx wait longer than the pool may take: fastcgi_read_timeout " + seconds(w.patience())
	f.Fixes = []diag.Fix{w.waitLonger()}
	p.Report(w.at(), w.terminate.Span, f)
}
