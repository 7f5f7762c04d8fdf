package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

// nginxGivesUpBeforeWorker reports gunicorn and uWSGI where nginx waits no longer
// than they let a request take. That a request may take so long is somebody's
// wish only where it is written.
func nginxGivesUpBeforeWorker(p *analyzer.Pass, h *stack.Hop) {
	w, ok := workerLimits(h)
	if !ok || w.readLimit > w.bound-killDelay {
		return
	}
	backend := h.Listeners[0].Backend
	f := w.between(
		backend.Program, fmt.Sprintf("nginx gives up after %s without output", seconds(w.readLimit)),
		label(backend.Kill.Span, "%s lets a request take %s", backend.Program, seconds(backend.Kill.Time)),
	)
	f.Severity = diag.Warning
	f.Summary = "nginx stops waiting while the program lets the request go on"
	f.Notes = append(f.Notes, fmt.Sprintf("the client gets 504 after %s, while %s keeps a worker busy for up to %s; error.log: upstream timed out (110: Connection timed out) while reading response header from upstream",
		seconds(w.readLimit), backend.Program, seconds(w.bound)))
	f.Remedy = fmt.Sprintf("let nginx wait longer than %s may take: %s %s", backend.Program, w.directive, seconds(w.patience()))
	f.Fixes = []diag.Fix{w.waitLonger()}
	p.Report(w.at(), backend, f)
}

// workerLimits reads the limits of a hop to gunicorn or uWSGI. ok is false where
// one is not known, nobody wrote the program's, or it never kills.
func workerLimits(h *stack.Hop) (w waiting, ok bool) {
	l := backendOf(h)
	if l == nil || len(h.Target.Peers) != 1 || h.Target.Protocol != l.Protocol || !l.Backend.Kill.Known || l.Backend.Kill.Time <= 0 || l.Backend.Kill.Span.IsZero() {
		return w, false
	}
	w = waiting{hop: h, directive: familyOf[h.Target.Protocol] + "_read_timeout", bound: l.Backend.Kill.Time + killDelay}
	w.read = h.Target.Block.Value(w.directive)
	w.readLimit, ok = w.read.Duration()
	return w, ok && w.readLimit > 0
}
