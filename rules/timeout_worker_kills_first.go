package rules

import (
	"fmt"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var timeoutWorkerKillsFirst = analyzer.Rule{
	ID:         "timeout-worker-kills-first",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	Options: []analyzer.Option{{
		Name: "factor", Default: 2, Min: 1,
		Doc: "how many times the program's limit nginx must be told to wait before it is reported",
	}},
	OnHop: workerKillsFirst,
	Doc: analyzer.Doc{
		Summary: "nginx is told to wait far longer than gunicorn or uWSGI lets a request live",
		What: "A `proxy_read_timeout` or `uwsgi_read_timeout` that somebody wrote is at least twice (option `factor`) the time after which the program that serves the location kills the worker: " +
			"gunicorn's `timeout` (30s by default) with sync workers, uWSGI's `harakiri`.",
		Why: "Whatever takes longer than the program's limit ends as 502, however long nginx would wait: error.log has `upstream prematurely closed connection while reading response header from upstream`, gunicorn's log `WORKER TIMEOUT`, uWSGI's `HARAKIRI ON WORKER`. " +
			"Most of the wait that nginx was told to allow can never be used, so one of the two does not say what was meant.",
		Gaps: "Known are programs that a systemd unit or supervisord starts in the host tree that nginx's files are in, with all that decides the limit: options, literals of `gunicorn.conf.py`, one ini file. " +
			"Silent for gunicorn's other workers, gthread among them, whose requests the timeout does not end; where nginx's limit is its default; and where an upstream has other servers.",
		Remedy:    "Raise the program's limit to just below what nginx was told to allow, or lower nginx's to just above what the program allows.",
		FixSafety: "Manual: which of the two is meant is in neither file.",
		Refs:      []string{"https://docs.gunicorn.org/en/stable/settings.html#timeout", "https://uwsgi-docs.readthedocs.io/en/latest/Options.html#harakiri"},
		Since:     "0.1.0",
	},
}

// killDelay is how much later than their limit gunicorn and uWSGI may kill a
// worker: they look once a second (measured: 2.9 s with a limit of 2 s).
const killDelay = 2 * time.Second

func workerKillsFirst(p *analyzer.Pass, h *stack.Hop) {
	l := backendOf(h)
	if l == nil || len(h.Target.Peers) != 1 || h.Target.Protocol != l.Protocol || !l.Backend.Kill.Known || l.Backend.Kill.Time <= 0 {
		return
	}
	kill := l.Backend.Kill
	name := familyOf[h.Target.Protocol] + "_read_timeout"
	read := h.Target.Block.Value(name)
	limit, known := read.Duration()
	if !known || !read.Explicit() || limit.Seconds() < p.Option("factor")*kill.Time.Seconds() || limit <= kill.Time+killDelay {
		return
	}
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "nginx is told to wait far longer than the program lets a request live",
		Subject:  label(read.From.Head(), "nginx would wait %s", seconds(limit)),
		Related:  []diag.Label{label(h.Target.Pass.Head(), "requests go to %s here", l.Backend.Program)},
		Notes: []string{fmt.Sprintf("what takes longer than %s ends as 502; error.log: upstream prematurely closed connection while reading response header from upstream",
			seconds(kill.Time))},
		Remedy: fmt.Sprintf("raise %s of %s, or lower %s", kill.Name, l.Backend.Program, name),
		Fixes:  []diag.Fix{{Title: fmt.Sprintf("raise %s of %s, to %s at most", kill.Name, l.Backend.Program, seconds(limit-killDelay-time.Second)), Safety: diag.Manual}},
	}
	text := fmt.Sprintf("%s kills a worker whose request takes longer than %s", l.Backend.Program, seconds(kill.Time))
	if kill.Span.IsZero() {
		f.Related = append(f.Related, label(l.Backend.At, "%s, its default", text))
	} else {
		f.Related = append(f.Related, label(kill.Span, "%s", text))
	}
	if read.Origin == nginx.Outer {
		f.Notes = append(f.Notes, fmt.Sprintf("%s has it from %s", blockName(h.Target.Block), blockName(read.In)))
	}
	p.Report(read.From, l.Backend, f)
}
