package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// A failure is how a server fails the requests that nginx sends to it.
type failure struct {
	// status is what nginx ends such a request with.
	status string
	// log is the line in error.log; empty where there is none.
	log string
	// cause is the word of `*_next_upstream` for it: error, timeout, invalid_header
	// (invalid_response for memcached). Empty where it is an answer that nginx
	// passes on, anyCause where it may be each of these.
	cause string
	// sent is set where the request was sent before: then nginx does not send a
	// POST, LOCK or PATCH to another server (measured on nginx 1.22).
	sent bool
}

const anyCause = "*"

// noConnection is a server that nginx cannot connect to.
func noConnection(log string) failure { return failure{status: "502", log: log, cause: "error"} }

// nobodyListens is how a hop fails where nobody listens at its peer's address.
func nobodyListens(h *stack.Hop) failure {
	return noConnection(connectError(h.Target.Protocol, h.Peer.Endpoint))
}

// of says how grave a failure of a hop is, and what becomes of the requests: nginx
// may ask another server of the upstream, and error_page may answer.
func (f failure) of(h *stack.Hop) (diag.Severity, []string) {
	fails := "requests that reach it fail with " + f.status
	if !strings.Contains(h.Target.Pass.Arg(0), "$") && h.Peer.Upstream == nil {
		fails = "every request that is passed on here fails with " + f.status
	}
	line := ""
	if f.log != "" {
		line = "; error.log: " + f.log
	}
	first, backup := others(h)
	severity := diag.Error
	if h.Scope.Containers != nil && !h.Scope.InUse(h.Target.Config) {
		severity = diag.Warning // a site that may be enabled
	}
	if page, otherwise := errorPage(h.Scope, h.Target, f); !page.IsZero() {
		fails += fmt.Sprintf(", for which error_page is set (%s)", place(page.Head()))
		if otherwise {
			severity = diag.Warning
		}
	}
	if h.Peer.Backup && first && !backup {
		return diag.Warning, []string{"nginx asks this backup when the other servers fail; " + fails + line}
	}
	if !first && !backup || f.cause == "" {
		return severity, []string{fails + line}
	}
	switch f.next(h.Target) {
	case stack.No:
		if why := noNext(h.Target, f.cause); why != "" {
			fails += fmt.Sprintf(" (%s)", why)
		}
		return severity, []string{fails + ": nginx asks no other server" + line}
	case stack.Maybe:
		return diag.Warning, []string{fails + ", or nginx asks another server" + line}
	case stack.Yes:
	}
	notes := []string{"nginx asks another server, and comes back to this one later" + line}
	if f.sent && !nextWord(h.Target, "non_idempotent") {
		notes = append(notes, "POST, LOCK and PATCH "+fails+": they are not sent again")
	}
	return diag.Warning, notes
}

// graded is a safe fix of a failing hop, unsafe where the requests are, or may be,
// answered elsewhere today.
func (f failure) graded(h *stack.Hop, fix diag.Fix) diag.Fix {
	first, backup := others(h)
	_, otherwise := errorPage(h.Scope, h.Target, f)
	if fix.Safety == diag.Safe && (otherwise || (first || backup) && f.cause != "" && f.next(h.Target) != stack.No) {
		fix.Safety, fix.Risk = diag.Unsafe, "requests that are answered elsewhere now go to this server"
	}
	return fix
}

// next is whether nginx asks another server after a failure.
func (f failure) next(t *stack.Target) stack.Certainty {
	words := t.Block.Value(familyOf[t.Protocol] + "_next_upstream")
	tries := t.Block.Value(familyOf[t.Protocol] + "_next_upstream_tries")
	switch {
	case noNext(t, f.cause) != "":
		return stack.No
	case !words.Known() || !tries.Known():
		return stack.Maybe
	case f.cause == anyCause:
		if nextWord(t, "error") && nextWord(t, "timeout") && (nextWord(t, "invalid_header") || nextWord(t, "invalid_response")) {
			return stack.Yes
		}
		return stack.Maybe
	case nextWord(t, f.cause):
		return stack.Yes
	}
	return stack.No
}

var familyOf = map[stack.Protocol]string{
	stack.FastCGI: "fastcgi", stack.HTTP: "proxy", stack.UWSGI: "uwsgi", stack.SCGI: "scgi", stack.GRPC: "grpc", stack.Memcached: "memcached",
}

// nextWord reports whether a word of `*_next_upstream` is in force; nginx takes them in any case.
func nextWord(t *stack.Target, word string) bool {
	v := t.Block.Value(familyOf[t.Protocol] + "_next_upstream")
	return slices.ContainsFunc(v.Args, func(arg string) bool { return strings.EqualFold(arg, word) })
}

// noNext is the directive that keeps nginx from asking another server after a
// failure of that cause; "" where none certainly does.
func noNext(t *stack.Target, cause string) string {
	name := familyOf[t.Protocol] + "_next_upstream"
	if v := t.Block.Value(name); v.Explicit() && (nextWord(t, "off") || cause != anyCause && !nextWord(t, cause)) {
		return v.From.Head().Text()
	}
	if v := t.Block.Value(name + "_tries"); v.Explicit() && v.Arg(0) == "1" {
		return v.From.Head().Text()
	}
	return ""
}

// others reports whether an upstream has another server than that of a hop which
// serves, or may do so: one that is asked first, one that is a backup.
func others(h *stack.Hop) (first, backup bool) {
	if h.Peer.Upstream == nil {
		return false, false
	}
	if len(h.Target.Hops) == 1 {
		return h.Target.Unknown != "", false
	}
	type key struct{ *stack.Target }
	alive := stack.Once(h.Scope, key{h.Target}, func() map[*nginx.Block]serving { return servingIn(h.Target) })[h.Peer.Upstream]
	other := func(server nginx.Ref) bool { return server != h.Peer.Server }
	first = h.Target.Unknown != "" || slices.ContainsFunc(alive.first, other) // Unknown: a server that was not read
	return first, slices.ContainsFunc(alive.backup, other)
}

// serving are servers of an upstream that serve, or may do so: at most two of each kind.
type serving struct{ first, backup []nginx.Ref }

func servingIn(t *stack.Target) map[*nginx.Block]serving {
	found := map[*nginx.Block]serving{}
	for _, h := range t.Hops {
		if h.Peer.Down || hopeless(h) {
			continue
		}
		in := found[h.Peer.Upstream]
		of := &in.first
		if h.Peer.Backup {
			of = &in.backup
		}
		if len(*of) < 2 && !slices.Contains(*of, h.Peer.Server) {
			*of = append(*of, h.Peer.Server)
		}
		found[h.Peer.Upstream] = in
	}
	return found
}

// hopeless reports whether the server of a hop certainly fails every request.
func hopeless(h *stack.Hop) bool {
	switch {
	case h.Peer.PortMissing, dead(h), otherSpeaker(h) != nil, wrongScheme(h), lacksHTTP2(h), toOwnServer(h) && takesProxyProtocol(h):
		return true
	}
	r, refused := refusalOf(h)
	return refused && r.severity == diag.Error
}

// errorPage is the error_page in force for what a failure ends as, and whether it
// may make another answer of it: with another status, by another server.
func errorPage(s *stack.Scope, t *stack.Target, f failure) (page nginx.Ref, otherwise bool) {
	if intercept := t.Block.Value(familyOf[t.Protocol] + "_intercept_errors"); f.cause == "" && intercept.Arg(0) != "on" {
		return nginx.Ref{}, false // it is the server's own answer
	}
	pages, in, _ := t.Block.List("error_page")
	if len(pages) == 0 {
		return nginx.Ref{}, false
	}
	type key struct {
		*nginx.Block
		status string
	}
	page = stack.Once(s, key{in, f.status}, func() nginx.Ref {
		for _, r := range pages {
			args := r.Args()
			if len(args) > 1 && slices.ContainsFunc(args[:len(args)-1], func(arg string) bool { return len(arg) == 3 && strings.Contains(f.status, arg) }) {
				return r
			}
		}
		return nginx.Ref{}
	})
	if page.IsZero() {
		return page, false
	}
	n := page.NArgs()
	return page, !strings.HasPrefix(page.Arg(n-1), "/") || strings.HasPrefix(page.Arg(n-2), "=")
}
