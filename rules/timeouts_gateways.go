package rules

import (
	"fmt"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// gatewayWaiting is how long Apache and a pool let one request take.
type gatewayWaiting struct {
	pool      *fpm.Pool
	terminate fpm.Value
	limit     time.Duration // the pool's
	bound     time.Duration // when php-fpm has killed at the latest
}

// gatewayLimits reads the limits of a gateway. ok is false where one is not known,
// or the pool never kills.
func gatewayLimits(g *stack.Gateway) (w gatewayWaiting, ok bool) {
	w.pool = g.Pool()
	if w.pool == nil || !g.Wait.Known || g.Wait.Time <= 0 {
		return w, false
	}
	var known [2]bool
	w.terminate = w.pool.Get("request_terminate_timeout")
	w.limit, known[0] = w.pool.TerminateTimeout()
	w.bound, known[1] = w.pool.KillBound()
	return w, known == [2]bool{true, true} && w.limit > 0 && w.bound > 0
}

func gatewayGivesUpFirst(p *analyzer.Pass, g *stack.Gateway) {
	w, ok := gatewayLimits(g)
	if !ok || g.Wait.Time > w.limit {
		return
	}
	its := label(w.terminate.Span, "pool %s lets a request take %s", w.pool.Name, seconds(w.limit))
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "a pool lets requests go on when Apache stops waiting",
		Subject:  its,
		Related:  []diag.Label{passesOn(g)},
		Notes: []string{fmt.Sprintf("the client gets 504 after %s, while PHP works on for up to %s; Apache's error log: (70007)The timeout specified has expired: AH01075: Error dispatching request",
			seconds(g.Wait.Time), seconds(ceilSeconds(w.bound)))},
		Remedy: fmt.Sprintf("let Apache wait longer than the pool may take: ProxyTimeout %d", int((ceilSeconds(w.bound) + time.Second).Seconds())),
	}
	if g.Wait.Span.IsZero() {
		f.Related[0].Text += fmt.Sprintf("; %s is %s, its default", g.Wait.Name, seconds(g.Wait.Time))
	} else {
		f.Subject = label(g.Wait.Span, "Apache gives up after %s without output", seconds(g.Wait.Time))
		f.Related = []diag.Label{its, passesOn(g)}
	}
	f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Manual}}
	p.Report(nginx.Ref{}, w.terminate.Span, f)
}

// fpmKillsBeforeGateway judges what was written for proxies only: Timeout, which
// packages set to minutes, is for much else.
func fpmKillsBeforeGateway(p *analyzer.Pass, g *stack.Gateway) {
	w, ok := gatewayLimits(g)
	if !ok || g.Wait.Name == "Timeout" || g.Wait.Time.Seconds() < p.Option("factor")*w.limit.Seconds() || g.Wait.Time <= ceilSeconds(w.bound)+time.Second {
		return
	}
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "a pool kills requests long before Apache stops waiting",
		Subject:  label(g.Wait.Span, "Apache would wait %s", seconds(g.Wait.Time)),
		Related:  []diag.Label{label(w.terminate.Span, "pool %s kills a request that takes longer than %s", w.pool.Name, seconds(w.limit)), passesOn(g)},
		Notes:    []string{fmt.Sprintf("what takes longer than %s ends as 503; Apache's error log: AH01067: Failed to read FastCGI header", seconds(w.limit))},
		Remedy:   fmt.Sprintf("raise request_terminate_timeout of pool %s, or lower %s", w.pool.Name, g.Wait.Name),
	}
	f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Manual}}
	p.Report(nginx.Ref{}, w.terminate.Span, f)
}
