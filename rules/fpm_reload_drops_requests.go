package rules

import (
	"fmt"
	"strings"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var fpmReloadDropsRequests = analyzer.Rule{
	ID:         "fpm-reload-drops-requests",
	Severities: []diag.Severity{diag.Info},
	Safeties:   []diag.Safety{diag.Unsafe, diag.Manual},
	Off:        true,
	OnScope:    reloadDrops,
	Doc: analyzer.Doc{
		Summary: "a reload of PHP-FPM cuts off the requests that run",
		What:    "`process_control_timeout` is 0 or absent in the `[global]` section of a PHP-FPM main file. Off by default: it concerns those who reload under load.",
		Why: "On a reload (or a graceful stop) the master gives its children no time to finish. The requests in work end as 502, and error.log has `recv() failed (104: Connection reset by peer) while reading response header from upstream`. " +
			"With `process_control_timeout = 10s` those that are done within 10 s end as 200.",
		Gaps:      "How long requests take is not known. Silent where an include that was not read may set it, and for pool files without their main file.",
		Remedy:    "Set `process_control_timeout` in `[global]` to as long as a request may take.",
		FixSafety: "Unsafe: a reload then takes up to that long. The value is the longest `request_terminate_timeout` of the pools, or 10s. Manual where the main file has no `[global]` section.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#process-control-timeout"},
		Since:     "0.1.0",
	},
}

func reloadDrops(p *analyzer.Pass, s *stack.Scope) {
	for _, m := range s.Masters {
		timeout := m.Global.Get("process_control_timeout")
		limit, ok := fpm.ParseTime(timeout.Text)
		if m.Main == nil || !timeout.Known || !ok || limit != 0 || len(m.Pools) == 0 {
			continue
		}
		patience := fmt.Sprintf("%ds", longest(m)/time.Second)
		fix := diag.Fix{
			Title: "set process_control_timeout = " + patience, Safety: diag.Unsafe,
			Risk: "a reload waits up to " + patience + " for the requests that run",
		}
		span := timeout.Span
		head := globalHead(m)
		switch {
		case timeout.Set:
			fix.Edits = []diag.Edit{{Span: span, NewText: patience}}
		case !head.IsZero():
			span = head
			fix.Edits = []diag.Edit{syntax.InsertAfterLine(head, "process_control_timeout = "+patience)}
		default:
			span = m.Main.Lines[0].Span()
			fix.Safety, fix.Risk = diag.Manual, ""
		}
		p.Report(nginx.Ref{}, m, diag.Finding{
			Severity: diag.Info,
			Summary:  "a reload of PHP-FPM cuts off the requests that run",
			Subject:  label(span, "process_control_timeout is 0: children get no time to finish"),
			Notes:    []string{"requests in work end as 502; error.log: recv() failed (104: Connection reset by peer) while reading response header from upstream"},
			Remedy:   "set process_control_timeout in [global] to as long as a request may take",
			Fixes:    []diag.Fix{fix},
		})
	}
}

// longest is how long a request may take in the pools of a master, as far as they limit it.
func longest(m *fpm.Master) time.Duration {
	const fallback = 10 * time.Second
	limit := time.Duration(0)
	for _, pool := range m.Pools {
		if t, known := pool.TerminateTimeout(); known {
			limit = max(limit, t)
		}
	}
	if limit == 0 {
		return fallback
	}
	return limit
}

// globalHead is the [global] line of a main file behind which a key can be put; zero
// if there is none: PHP-FPM takes several sections on one line.
func globalHead(m *fpm.Master) source.Span {
	lines := m.Main.Lines
	for i, line := range lines {
		if line.Kind != syntax.Section || !strings.EqualFold(line.Name, "global") {
			continue
		}
		if i+1 == len(lines) || lines[i+1].Kind != syntax.Section || lines[i+1].Span().Line() > line.Span().Line() {
			return line.Span()
		}
	}
	return source.Span{}
}
