package rules

import (
	"fmt"
	"slices"
	"time"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// waiting is how long both sides of a hop let one request take.
type waiting struct {
	hop *stack.Hop
	// pool is the one that serves the hop; nil for another program.
	pool *fpm.Pool
	// directive is the `*_read_timeout` of the pass, read what is in force where that stands.
	directive string
	read      nginx.Value
	readLimit time.Duration
	// terminate is the pool's request_terminate_timeout.
	terminate      fpm.Value
	terminateLimit time.Duration
	// bound is when the request has been killed at the latest: the programs look only now and then.
	bound time.Duration
}

// bothLimits reads the limits of a hop. ok is false where one is not known, or
// the pool never kills.
func bothLimits(h *stack.Hop) (w waiting, ok bool) {
	w = waiting{hop: h, pool: h.Pool(), directive: "fastcgi_read_timeout"}
	if h.Target.Protocol != stack.FastCGI || w.pool == nil {
		return w, false
	}
	var known [3]bool
	w.terminate = w.pool.Get("request_terminate_timeout")
	w.terminateLimit, known[0] = w.pool.TerminateTimeout()
	w.bound, known[1] = w.pool.KillBound()
	w.read = h.Target.Block.Value(w.directive)
	w.readLimit, known[2] = w.read.Duration()
	return w, known == [3]bool{true, true, true} && w.terminateLimit > 0 && w.bound > 0 && w.readLimit > 0
}

// finding builds what the timeout rules on pools have in common.
func (w waiting) finding(nginxText, poolText string) diag.Finding {
	return w.between("pool "+w.pool.Name, nginxText, label(w.terminate.Span, "%s", poolText))
}

// between is a finding about two limits, with the place of nginx's where somebody
// wrote it, else of the program's, and the other beside it.
func (w waiting) between(program, nginxText string, its diag.Label) diag.Finding {
	pass := label(w.hop.Target.Pass.Head(), "requests go to %s here", program)
	if w.read.Explicit() {
		f := diag.Finding{
			Subject: diag.Label{Span: w.read.From.Head(), Text: nginxText},
			Related: []diag.Label{its, pass},
		}
		if w.read.Origin == nginx.Outer {
			f.Notes = append(f.Notes, fmt.Sprintf("%s has it from %s", blockName(w.hop.Target.Block), blockName(w.read.In)))
		}
		return f
	}
	pass.Text += fmt.Sprintf("; %s is %s, %s", w.directive, seconds(w.readLimit), origin(w.read))
	return diag.Finding{Subject: its, Related: []diag.Label{pass}}
}

// at is the directive that the subject of finding stands in.
func (w waiting) at() nginx.Ref {
	if w.read.Explicit() {
		return w.read.From
	}
	return nginx.Ref{}
}

// patience is a limit for nginx with which the program always ends a request before nginx does.
func (w waiting) patience() time.Duration { return ceilSeconds(w.bound) + time.Second }

// setReadTimeout sets nginx's limit for the location of the hop alone.
func (w waiting) setReadTimeout(to time.Duration, safety diag.Safety, risk string) diag.Fix {
	line := w.directive + " " + seconds(to) + ";"
	location := w.hop.Target.Block.Enclosing(catalog.Location)
	fix := diag.Fix{Title: "set " + w.directive + " " + seconds(to) + " in " + blockName(location), Safety: safety, Risk: risk}
	if w.read.Explicit() && w.read.In == location {
		fix.Edits = []diag.Edit{w.read.From.Tree().SetArg(w.read.From.ID, 0, seconds(to))}
		return fix
	}
	fix.Edits = []diag.Edit{addToLocation(w.hop.Target, line)}
	tree := location.Place.Tree
	if n := location.Config.Placements(tree); n > 1 && safety == diag.Safe {
		fix.Safety, fix.Risk = diag.Unsafe, fmt.Sprintf("the file is included in %d places", n)
	}
	return fix
}

// waitLonger is the fix of the rules in which nginx's limit is too short.
func (w waiting) waitLonger() diag.Fix {
	if w.read.Explicit() {
		return w.setReadTimeout(w.patience(), diag.Unsafe, "somebody chose that nginx waits "+seconds(w.readLimit)+" only")
	}
	if w.handles504() {
		return w.setReadTimeout(w.patience(), diag.Unsafe, "requests that now end as 504 may be answered by error_page, a stale cache entry or another server")
	}
	return w.setReadTimeout(w.patience(), diag.Safe, "")
}

// handles504 reports whether something answers a request that nginx gave up, or may do so.
func (w waiting) handles504() bool {
	b := w.hop.Target.Block
	pages, in, known := b.List("error_page")
	if !known || len(w.hop.Target.Peers) != 1 {
		return true
	}
	if len(pages) > 0 {
		type key struct{ *nginx.Block }
		if stack.Once(w.hop.Scope, key{in}, func() bool {
			return slices.ContainsFunc(pages, func(page nginx.Ref) bool { return page.IndexArg("504", 0) >= 0 })
		}) {
			return true
		}
	}
	stale := b.Value(familyOf[w.hop.Target.Protocol] + "_cache_use_stale")
	return !stale.Known() || slices.Contains(stale.Args, "timeout")
}
