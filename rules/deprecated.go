package rules

import (
	"fmt"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var deprecated = analyzer.Rule{
	ID:         "deprecated",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnScope:    deprecations,
	NoProof:    "`nginx -t` is asked about every case for the version that is installed; the warnings of others are from their release notes",
	Doc: analyzer.Doc{
		Summary: "a directive or parameter that this version of nginx keeps for a while only",
		What: "Directives and parameters that the nginx that will run it warns of as deprecated or obsolete: `ssl on`, the `http2` of `listen` from 1.25.1 on, `http2_max_field_size` and its kin from 1.19.7 on, `http2_push…` from 1.25.1 on, `spdy_…`, `proxy_downstream_buffer`. " +
			"Without `--nginx-version` only what all supported versions (1.18 and later) warn of.",
		Why:    "nginx starts with a warning, such as `[warn] the \"listen ... http2\" directive is deprecated, use the \"http2\" directive instead`. Obsolete directives have no effect at all; deprecated ones work, until a release drops them and nginx no longer starts: `ssl on` is an unknown directive since 1.25.1.",
		Gaps:   "Silent about what only some of the supported versions warn of where the version is not known, for files that a program fills in, and behind the first syntax error of a file.",
		Remedy: "Write what has taken its place.",
		FixSafety: "Safe where the version is known and nothing changes: an obsolete directive without effect is dropped; `http2` moves from `listen` to a directive of its own where all servers of the address have it, and each of them on all its TLS addresses; " +
			"`ssl on` moves to `listen` where the server is alone on its addresses.",
		Refs:  []string{"https://nginx.org/en/docs/http/ngx_http_v2_module.html#http2", "https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl", "https://nginx.org/en/CHANGES"},
		Since: "0.2.0",
	},
}

func deprecations(p *analyzer.Pass, s *stack.Scope) {
	for _, c := range s.Nginx {
		d := deprecation{nginxTest{Pass: p, config: c}, sync.OnceValue(func() servedAddresses { return addressesOf(s, c) })}
		for b, r := range c.InOrder(deprecatedNames()) {
			if b.Context&catalog.Any != 0 && d.written(r) {
				d.directive(b, r)
			}
		}
		for server := range c.Blocks(catalog.Server) {
			d.listenHTTP2(server)
		}
	}
}

// deprecatedNames are those of directives that some version deprecates.
var deprecatedNames = sync.OnceValue(func() *nginx.NameSet {
	return namesOf(func(d *catalog.Directive) bool { return !d.Deprecated.IsZero() })
})

// deprecation looks at one configuration.
type deprecation struct {
	nginxTest
	served func() servedAddresses
}

// servedAddresses are the http addresses of a configuration.
type servedAddresses struct {
	of     map[*nginx.Block][]*stack.Address // by server
	agreed map[*stack.Address]bool           // see agreed
}

func addressesOf(s *stack.Scope, c *nginx.Config) servedAddresses {
	served := servedAddresses{map[*nginx.Block][]*stack.Address{}, map[*stack.Address]bool{}}
	for _, a := range s.Addresses {
		if a.Config == c && !a.Stream {
			served.agreed[a] = agreed(a)
			for _, server := range a.Servers {
				served.of[server] = append(served.of[server], a)
			}
		}
	}
	return served
}

// since reports whether the nginx that will run it has a version or a later one;
// where that is not known, whether all supported ones have.
func (d deprecation) since(v catalog.Version) bool {
	have := d.config.Version
	if have.IsZero() {
		have = catalog.Oldest
	}
	return !v.IsZero() && v.Compare(have) <= 0
}

func (d deprecation) warn(r nginx.Ref, says string, f diag.Finding) {
	f.Severity = diag.Warning
	f.Notes = []string{"nginx -t: [warn] " + says}
	d.Report(r, r, f)
}

func (d deprecation) directive(b *nginx.Block, r nginx.Ref) {
	entry, standing := catalog.Find(r.Name(), b.Context, d.config.Version)
	if standing != catalog.Fits || !d.since(entry.Deprecated) {
		return
	}
	for e := range catalog.Named(r.Name()) { // a directive that does nothing any more has its text in the entry of what it was
		if e.Section == catalog.Past && e.Contexts&b.Context != 0 {
			entry = e
		}
	}
	if entry.Warn == "" {
		return
	}
	works := r.Name() == "ssl" || strings.HasPrefix(r.Name(), "proxy_")
	f := diag.Finding{
		Summary: "a deprecated directive",
		Subject: label(r.Head(), "deprecated since nginx %s", entry.Deprecated),
		Remedy:  "remove it",
	}
	if !works {
		f.Summary = "an obsolete directive"
		f.Subject.Text = fmt.Sprintf("without effect since nginx %s", entry.Deprecated)
	}
	if !entry.Removed.IsZero() {
		f.Subject.Text += ", unknown since " + entry.Removed.String()
	}
	if entry.Use != "" {
		f.Remedy = "write what has taken its place: " + strings.TrimPrefix(entry.Use, "use ")
	}
	if fix, ok := d.mend(b, r, works); ok && !d.config.Version.IsZero() {
		f.Fixes = []diag.Fix{fix}
	}
	d.warn(r, entry.Warn, f)
}

// mend is the fix that changes nothing.
func (d deprecation) mend(b *nginx.Block, r nginx.Ref, works bool) (diag.Fix, bool) {
	fix := diag.Fix{Safety: diag.Safe, Title: "drop " + r.Name()}
	switch {
	case !works:
		fix.Edits = []diag.Edit{r.Tree().Delete(r.ID)}
	case r.Name() == "ssl":
		return d.listenSSL(b, r)
	case len(b.Own("proxy_buffer_size"))+len(b.Own("proxy_downstream_buffer"))+len(b.Own("proxy_upstream_buffer")) == 1 && !b.Missing:
		fix.Title = "write proxy_buffer_size"
		fix.Edits = []diag.Edit{{Span: r.Tree().NameSpan(r.ID), NewText: "proxy_buffer_size"}}
	default:
		return fix, false
	}
	return fix, true
}

// listenSSL moves `ssl on` of a server that is alone on its addresses to its listen directives.
func (d deprecation) listenSSL(server *nginx.Block, r nginx.Ref) (diag.Fix, bool) {
	fix := diag.Fix{Safety: diag.Safe, Title: "drop ssl and add it to listen"}
	listens := server.Own("listen")
	if server.Context != catalog.Server || !strings.EqualFold(r.Arg(0), "on") || len(listens) == 0 || !allListensKnown(server) || !d.noneOutside(server, "ssl") {
		return fix, false
	}
	for _, a := range d.served().of[server] {
		if !a.Complete || len(a.Servers) > 1 {
			return fix, false
		}
	}
	fix.Edits = []diag.Edit{r.Tree().Delete(r.ID)}
	for _, l := range listens {
		if l.Place != server.Place || !d.written(l) {
			return fix, false
		}
		if l.IndexArg("ssl", 0) < 0 {
			fix.Edits = append(fix.Edits, l.Tree().SetArg(l.ID, l.NArgs(), "ssl"))
		}
	}
	return fix, true
}

// listenHTTP2 looks for the http2 of listen. It was one of the address, for all
// servers there; the directive is one of the server, on all its addresses.
func (d deprecation) listenHTTP2(server *nginx.Block) {
	var with []nginx.Ref
	for _, l := range d.own(server, "listen") {
		if l.IndexArg("http2", 0) > 0 {
			with = append(with, l)
		}
	}
	if len(with) == 0 || !d.since(catalog.Version{Major: 1, Minor: 25, Patch: 1}) {
		return
	}
	first := with[0]
	f := diag.Finding{
		Summary: "a deprecated parameter",
		Subject: label(first.ArgSpan(first.IndexArg("http2", 0)), "deprecated since nginx 1.25.1"),
		Remedy:  "write `http2 on;` in the servers of the address instead",
	}
	for _, l := range with[1:] {
		f.Related = append(f.Related, label(l.Head(), "here as well"))
	}
	on := server.Value("http2")
	fix := diag.Fix{Title: "drop http2 from listen", Safety: diag.Manual}
	if d.movable(server, with) && (on.Unset || on.Explicit()) {
		fix.Safety = diag.Safe
		for _, l := range with {
			fix.Edits = append(fix.Edits, dropWord(l, l.IndexArg("http2", 0)))
		}
	}
	if on.Unset {
		fix.Title += " and add http2 on"
		if fix.Safety == diag.Safe {
			last := with[len(with)-1]
			fix.Edits = append(fix.Edits, server.Place.Tree.InsertInto(server.ID, last.ID, "http2 on;"))
		}
	}
	f.Fixes = []diag.Fix{fix}
	d.warn(first, `the "listen ... http2" directive is deprecated, use the "http2" directive instead`, f)
}

// movable reports whether the parameter may become the directive: each server of
// the addresses says so itself, and the server has no other address for TLS.
func (d deprecation) movable(server *nginx.Block, with []nginx.Ref) bool {
	for _, l := range with {
		if l.Place != server.Place {
			return false // a file that other servers may include
		}
	}
	for _, a := range d.served().of[server] {
		if !d.served().agreed[a] {
			return false
		}
	}
	return allListensKnown(server)
}

// agreed reports whether an address is none for TLS or HTTP/2, or every server of it
// says for itself that it speaks HTTP/2.
func agreed(a *stack.Address) bool {
	if !a.Complete || a.UDP || a.HTTP2.IsZero() && a.TLS.IsZero() {
		return a.Complete
	}
	says := map[*nginx.Block]bool{}
	for _, l := range a.Listens {
		says[l.Server] = says[l.Server] || l.Has("http2")
	}
	for server, byListen := range says {
		on := server.Value("http2")
		if on.Explicit() && strings.EqualFold(on.Arg(0), "on") || on.Unset && byListen {
			continue
		}
		return false
	}
	return true
}
