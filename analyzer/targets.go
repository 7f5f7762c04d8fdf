package analyzer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// accounts says of each target where it leads: to what listens there, to a finding,
// or why that is not known. One that is included in several places and leads to
// the same in each is listed once.
func (d *driver) accounts() {
	found := map[*source.File][]diag.Finding{}
	for _, f := range d.report.Findings {
		at := f.Subject.Span.File
		found[at] = append(found[at], f)
	}
	rules := func(at source.Span) []string { // of findings on an address
		var rules []string
		for _, f := range found[at.File] {
			if s := f.Subject.Span; at.Start <= s.Start && s.Start < at.End {
				rules = append(rules, f.Rule)
			}
		}
		return rules
	}
	places := map[diag.Target]int{}
	for _, s := range d.scopes {
		named := s.Containers != nil && slices.ContainsFunc(s.Containers.Project.Files, func(f *source.File) bool { return d.names(f.Path) })
		for _, t := range s.Targets {
			at := t.Pass.Head()
			if !named && !d.isNamed(at.File.Path) || d.leftOut(at.File.Path) {
				continue
			}
			add := func(address, leads string) {
				places[diag.Target{Span: at, What: directive(t.Pass), Address: address, Leads: leads}]++
			}
			if t.Unknown != "" {
				if wrong := rules(t.Pass.ArgSpan(0)); len(wrong) > 0 {
					add("", "a finding: "+strings.Join(wrong, ", "))
				} else {
					add("", "unknown: "+whyUnknown[t.Unknown])
				}
			}
			for _, h := range t.Hops {
				wrong := append(rules(t.Pass.ArgSpan(0)), rules(h.Peer.Span)...)
				slices.Sort(wrong)
				add(h.Peer.Endpoint.String(), leads(h, slices.Compact(wrong)))
			}
		}
	}
	for c := range d.unusedNginx {
		for b := range c.Blocks(catalog.Location | catalog.IfInLocation | catalog.LimitExcept) {
			for _, r := range stack.Passes(b) {
				if d.unusedNginx[c] && d.isNamed(r.Head().File.Path) && !d.leftOut(r.Head().File.Path) {
					places[diag.Target{Span: r.Head(), What: directive(r), Leads: "not in use: no main file beside it includes it"}]++
				}
			}
		}
	}
	for t, n := range places {
		t.Places = n
		d.report.Accounts = append(d.report.Accounts, t)
	}
	slices.SortFunc(d.report.Accounts, func(a, b diag.Target) int {
		return cmp.Or(a.Span.Compare(b.Span), strings.Compare(a.Address, b.Address), strings.Compare(a.Leads, b.Leads))
	})
}

// directive is a directive with its argument, as short as it can be written.
func directive(r nginx.Ref) string { return r.Name() + " " + r.Arg(0) }

// whyUnknown says why the address of a target is not known.
var whyUnknown = map[diag.Reason]string{
	diag.Variable:       "a variable in it may be anything",
	diag.Template:       "it is filled in before nginx reads it",
	diag.MissingInclude: "the upstream stands in no file that was read",
	diag.LimitReached:   "there are too many",
}

// mostListeners is how many listeners are named of those that a target may lead to.
const mostListeners = 3

// leads says what a hop arrives at. wrong are the rules that report it.
func leads(h *stack.Hop, wrong []string) string {
	var to []string
	for _, l := range h.Listeners[:min(len(h.Listeners), mostListeners)] {
		to = append(to, listener(h.Scope, l))
	}
	if more := len(h.Listeners) - mostListeners; more > 0 {
		to = append(to, fmt.Sprintf("%d others", more))
	}
	switch {
	case len(to) > 0 && h.Certain:
		return "joined to " + strings.Join(to, ", ")
	case len(wrong) > 0:
		return "a finding: " + strings.Join(wrong, ", ")
	case len(to) > 0:
		return "unknown: may be " + strings.Join(to, ", or ")
	case h.Peer.Down:
		return "nowhere: the server is down"
	case len(h.Scope.UnknownPools) > 0 && h.Target.Protocol == stack.FastCGI:
		pool := h.Scope.UnknownPools[0]
		return fmt.Sprintf("unknown: the address of pool %s, %s, is not known", pool.Name, position(pool.Get("listen").Span))
	case h.Service() != nil:
		return "unknown: " + inProject(h)
	case h.Target.Protocol == stack.FastCGI && !slices.ContainsFunc(h.Scope.Listeners, func(l *stack.Listener) bool { return l.Protocol == stack.FastCGI }):
		return "unknown: of PHP-FPM nothing was read beside it"
	case h.Peer.Endpoint.Local():
		return "unknown: nothing that was read listens there"
	}
	return "unknown: another machine or container, of which nothing was read"
}

// inProject says why nothing is known of where a hop of a compose project arrives.
func inProject(h *stack.Hop) string {
	c, from, e := h.Scope.Containers, h.Service(), h.Peer.Endpoint
	to := []*compose.Service{from}
	if !e.Local() {
		to, _ = c.Resolve(from, e.Host)
	}
	switch {
	case len(to) == 0:
		return "no service that was read has this name"
	case len(to) > 1:
		return "several services have this name"
	}
	switch v := c.Views[to[0]]; {
	case e.Net == stack.Unix:
		return "nothing that was read listens there"
	case v.Image == nil:
		return "what the image of service " + to[0].Name + " runs is not known"
	}
	return "nothing that was read listens there in service " + to[0].Name
}

// listener names what listens, and where that is written.
func listener(s *stack.Scope, l *stack.Listener) string {
	var name string
	switch {
	case l.Pool != nil:
		name = "pool " + l.Pool.Name
	case l.Address != nil:
		name = "nginx"
	case l.Backend != nil:
		name = l.Backend.Program
	case l.Image:
		name = "the image"
	default:
		name = "what the settings declare"
	}
	if s.Containers != nil {
		if of := s.Containers.Of(l); len(of) == 1 {
			name += " of service " + of[0].Name
		}
	}
	if at := position(l.Span); at != "" {
		name += ", " + at
	}
	return name
}

// position is the file and line of a span; "" where it has none.
func position(at source.Span) string {
	if at.IsZero() {
		return ""
	}
	return at.File.Path + ":" + itoa(at.Line())
}
