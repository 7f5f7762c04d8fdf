package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

var targetNoListener = analyzer.Rule{
	ID:         "target-no-listener",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	YieldsTo:   []string{"fpm-listen-syntax", "fpm-pool-redefined", "fpm-duplicate-key", "socket-path-too-long", "target-port-missing"},
	OnHop:      noListener,
	Doc: analyzer.Doc{
		Summary: "nothing listens where nginx sends PHP requests",
		What: "`fastcgi_pass` leads, directly, through an upstream or through variables, to a unix socket or a loopback address on which no PHP-FPM pool of the same host listens. " +
			"Paths are compared cleaned (`/var/run` is `/run`), ports by address family: `listen = 9000` and `[::]:9000` accept IPv4 and IPv6, `0.0.0.0:9000` IPv4 only. Debian's link `/run/php/php-fpm.sock` counts as the `www.conf` pool of the newest version. " +
			"An error where every PHP-FPM main file of the host was read with its includes, else a warning; a warning also where only some values of a `map` or a `set` are at fault, and where `error_page 502` gives another answer (`=200`, a named location, another site). " +
			"In a scope that the settings declare `closed`, the targets of the other kinds of pass (proxy_pass, uwsgi_pass, scgi_pass, grpc_pass, memcached_pass) are judged as well, by what is read and declared to listen.",
		Why: "Every such request fails with 502. error.log has `connect() to unix:PATH failed (2: No such file or directory) while connecting to upstream` for a socket, `connect() failed (111: Connection refused)` for a port. " +
			"`nginx -t` and `php-fpm -t` accept both files: neither reads the other's.",
		Gaps: "Silent for other addresses than local ones, for host names, where an address holds a variable that is not set from literals, where a pool's own address is not known, for locations that do not look like PHP (fcgiwrap and other FastCGI programs), " +
			"for hosts with several PHP versions of which not all files were read, and for an upstream some of whose servers are served (upstream-dead-member). A relative path on one side is compared by its end with an absolute one on the other: where nginx and PHP-FPM were started is in no file, so such a pair is silent even where the two are different sockets. Outside of closed scopes the targets of other kinds of pass are not judged: what listens for HTTP is mostly in no file that is read.",
		Remedy:    "Make both sides name the same socket or port.",
		FixSafety: "Safe only where the host's PHP-FPM has one pool with one listener: then it must be that one. Unsafe where what `error_page` names answers instead, and where exactly one listener differs only in the PHP version. Otherwise the candidates are named.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass", "https://www.php.net/manual/en/install.fpm.configuration.php#listen"},
		Since:     "0.1.0",
	},
}

func noListener(p *analyzer.Pass, h *stack.Hop) {
	if deadInClosed(h) {
		noneInClosed(p, h)
		return
	}
	if h.Peer.Down || !unserved(h) || len(h.Scope.UnknownPools) > 0 || !looksLikePHP(h) {
		return
	}
	pools := fastCGIListeners(h.Scope)
	if len(pools) == 0 {
		return
	}
	alone := true // all values of the target are dead
	for _, other := range h.Target.Hops {
		if other.Peer.Down || unserved(other) {
			continue
		}
		if h.Peer.Upstream != nil && other.Peer.Upstream == h.Peer.Upstream || h.Peer.By.IsZero() {
			return
		}
		alone = false
	}
	complete := h.Scope.Complete()
	if !complete && severalVersions(h.Scope.Masters) {
		return
	}
	target := h.Peer.Endpoint
	failure := noConnection(connectError(stack.FastCGI, target))
	severity, notes := failure.of(h)
	if !complete || !h.Scope.InUse(h.Target.Config) || !alone {
		severity = diag.Warning
	}
	f := diag.Finding{
		Severity: severity,
		Summary:  "nothing listens where nginx sends PHP requests",
		Subject:  label(h.Peer.Span, "no PHP-FPM pool listens on %s", target),
		Notes:    notes,
		Remedy:   "make fastcgi_pass and the pool's listen name the same socket or port",
	}
	at := targetRef(h)
	if written := h.Peer.Span.Text(); strings.Contains(written, "$") {
		f.Subject.Text += ", which " + written + " may become"
		if !alone {
			f.Subject = label(valueSpan(h.Peer.By), "no PHP-FPM pool listens on %s, %s", target, when(h.Peer.By))
			at = h.Peer.By
		}
	} else if !alone {
		f.Related = append(f.Related, label(valueSpan(h.Peer.By), "goes there, %s", when(h.Peer.By)))
	}
	if head, at := h.Target.Pass.Head(), f.Subject.Span; at.File != head.File || at.Start < head.Start || at.End > head.End {
		f.Related = append(f.Related, label(head, "used here"))
	}
	for _, l := range nearest(target, pools, 3) {
		who := "another FastCGI server"
		if l.Pool != nil {
			who = "pool " + l.Pool.Name
		}
		f.Related = append(f.Related, label(l.Span, "%s listens here%s", who, difference(target, l.Endpoint)))
	}
	f.Fixes = []diag.Fix{failure.graded(h, connectFix(h, pools, complete, alone))}
	p.Report(at, at, f)
}

// noneInClosed reports a target of another kind of pass where, as the settings say,
// nothing listens that is not known.
func noneInClosed(p *analyzer.Pass, h *stack.Hop) {
	for _, other := range h.Target.Hops {
		if !other.Peer.Down && !deadInClosed(other) {
			return // told of the upstream, or the other value may be the one
		}
	}
	target := h.Peer.Endpoint
	severity, notes := noConnection(connectError(h.Target.Protocol, target)).of(h)
	f := diag.Finding{
		Severity: severity,
		Summary:  "nothing listens where nginx passes requests",
		Subject:  label(h.Peer.Span, "nothing listens on %s, and the scope is declared closed", target),
		Notes:    notes,
		Remedy:   "connect to what was meant, or declare it in the settings' listeners",
	}
	if head, at := h.Target.Pass.Head(), f.Subject.Span; at.File != head.File || at.Start < head.Start || at.End > head.End {
		f.Related = append(f.Related, label(head, "used here"))
	}
	var others []*stack.Listener // that nginx itself listens elsewhere tells nothing
	for _, l := range h.Scope.Listeners {
		if l.Protocol == h.Target.Protocol && l.Address == nil {
			others = append(others, l)
		}
	}
	for _, l := range nearest(target, others, 3) {
		f.Related = append(f.Related, label(l.Span, "%s is spoken here%s", l.Protocol, difference(target, l.Endpoint)))
	}
	if len(others) > 0 {
		f.Fixes = []diag.Fix{candidates(target, others)}
	}
	p.Report(targetRef(h), targetRef(h), f)
}

// valueSpan is the value that a row of a map or a `set` gives.
func valueSpan(by nginx.Ref) source.Span { return by.ArgSpan(by.NArgs() - 1) }

// when says which requests a row of a map or a `set` is for.
func when(by nginx.Ref) string {
	t := by.Tree()
	source := t.Arg(t.Parent(by.ID), 0)
	switch key := by.Name(); {
	case !t.IsRow(by.ID):
		return "which " + by.Arg(0) + " is set to here"
	case key == "default":
		return "when no other value of the map fits " + source
	case strings.HasPrefix(key, "~"):
		return "when " + source + " matches " + key
	default:
		return fmt.Sprintf("when %s is %q", source, key)
	}
}

// dead reports whether certainly nothing on the host listens where a hop leads.
func dead(h *stack.Hop) bool {
	return deadInClosed(h) || unserved(h) && len(h.Scope.UnknownPools) == 0 && looksLikePHP(h) &&
		len(fastCGIListeners(h.Scope)) > 0 && h.Scope.Complete() && h.Scope.InUse(h.Target.Config)
}

// deadInClosed reports whether a hop of another protocol than FastCGI leads nowhere:
// the settings say that nothing listens there that is not known.
func deadInClosed(h *stack.Hop) bool {
	return h.Target.Protocol != stack.FastCGI && h.Scope.Closed && h.Scope.AddressesKnown && len(h.Scope.UnknownPools) == 0 &&
		nowhere(h) && !h.Peer.Down
}

// unserved reports whether nothing read listens where FastCGI leads, for certain.
func unserved(h *stack.Hop) bool { return h.Target.Protocol == stack.FastCGI && nowhere(h) }

// nowhere reports whether nothing read listens at a local address, for certain.
func nowhere(h *stack.Hop) bool {
	return h.Target.Unknown == "" && h.Certain && len(h.Listeners) == 0 && h.Peer.Endpoint.Local()
}

// fastCGIListeners are the pools that listen, and what is declared to speak FastCGI.
func fastCGIListeners(s *stack.Scope) []*stack.Listener {
	var found []*stack.Listener
	for _, l := range s.Listeners {
		if l.Protocol == stack.FastCGI {
			found = append(found, l)
		}
	}
	return found
}

var (
	phpWord   = regexp.MustCompile(`(?i)php|fpm`)
	otherFCGI = regexp.MustCompile(`(?i)fcgiwrap|spawn-fcgi|cgiwrap|mapserv|mailman|munin|cgit|perl|python|hhvm|php-?cgi|roadrunner`)
)

// looksLikePHP reports whether a target is meant for PHP-FPM and no other
// FastCGI program: by its address, its location, or its script parameters.
func looksLikePHP(h *stack.Hop) bool {
	if otherFCGI.MatchString(h.Peer.Span.Text()) {
		return false
	}
	words := append([]string{h.Peer.Span.Text(), h.Target.Pass.Arg(0)}, h.Target.Block.Args()...)
	script, _, _ := h.Target.Block.FastCGIParams().Get("SCRIPT_FILENAME")
	words = append(words, script.Value())
	words = append(words, h.Target.Block.Value("fastcgi_index").Arg(0))
	return slices.ContainsFunc(words, phpWord.MatchString)
}

func severalVersions(masters []*fpm.Master) bool {
	for _, m := range masters {
		if m.Version != masters[0].Version {
			return true
		}
	}
	return false
}

func connectError(protocol stack.Protocol, e stack.Endpoint) string {
	switch {
	case e.Net == stack.Unix:
		return fmt.Sprintf("connect() to %s failed (2: No such file or directory) while connecting to upstream", e)
	case protocol == stack.FastCGI:
		return fmt.Sprintf("connect() failed (111: Connection refused) while connecting to upstream, upstream: \"fastcgi://%s\"", e)
	}
	return "connect() failed (111: Connection refused) while connecting to upstream"
}

// nearest are the listeners that differ least from a target, at most n.
func nearest(target stack.Endpoint, listeners []*stack.Listener, n int) []*stack.Listener {
	var ranks [4][]*stack.Listener
	for _, l := range listeners {
		d := distance(target, l.Endpoint)
		if len(ranks[d]) < n {
			ranks[d] = append(ranks[d], l)
		}
	}
	all := slices.Concat(ranks[:]...)
	return all[:min(len(all), n)]
}

// sameButVersion reports whether two socket paths differ only in a PHP version:
// in digits and dots that follow `php` or `fpm`.
func sameButVersion(a, b string) bool {
	const version = "0123456789."
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	before := strings.TrimRight(a[:start], version)
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA--
		endB--
	}
	after := strings.TrimLeft(a[endA:], version)
	versionA, versionB := a[len(before):len(a)-len(after)], b[len(before):len(b)-len(after)]
	if versionA == "" || versionB == "" || strings.Trim(versionA+versionB, version) != "" {
		return false
	}
	before = strings.TrimRight(before, "-_")
	return strings.HasSuffix(before, "php") || strings.HasSuffix(before, "fpm")
}

// distance ranks listeners by how little they differ from a target.
func distance(target, l stack.Endpoint) int {
	switch {
	case target.Net == stack.Unix && l.Net == stack.Unix && sameButVersion(target.Path, l.Path):
		return 0
	case target.Net == stack.TCP && l.Net == stack.TCP && target.Port == l.Port:
		return 1
	case target.Net == l.Net:
		return 2
	}
	return 3
}

// difference says in what a listener differs, where it is one thing only.
func difference(target, l stack.Endpoint) string {
	switch distance(target, l) {
	case 0:
		return ": only the PHP version differs"
	case 1:
		return ": the port is the same, the address is not"
	case 2:
		if target.Net == stack.TCP && target.Host == l.Host {
			return ": only the port differs"
		}
		return ""
	}
	if l.Net == stack.Unix {
		return ": a unix socket, where nginx uses a port"
	}
	return ": a port, where nginx uses a unix socket"
}

func connectFix(h *stack.Hop, pools []*stack.Listener, complete, alone bool) diag.Fix {
	var sameButVersion []*stack.Listener
	for _, l := range pools {
		if distance(h.Peer.Endpoint, l.Endpoint) == 0 {
			sameButVersion = append(sameButVersion, l)
		}
	}
	switch {
	case !alone && strings.Contains(h.Peer.Span.Text(), "$"): // the other values are right as they are
	case complete && len(h.Scope.Masters) == 1 && len(pools) == 1 && len(h.Scope.Masters[0].Pools) == 1:
		return rewrite(h, pools[0], diag.Safe, "")
	case len(sameButVersion) == 1:
		return rewrite(h, sameButVersion[0], diag.Unsafe, "requests go to another PHP version than the one written")
	}
	return candidates(h.Peer.Endpoint, pools)
}

// candidates names the listeners that may be meant instead of a target, the nearest ones.
func candidates(target stack.Endpoint, listeners []*stack.Listener) diag.Fix {
	const most = 5
	var addresses []string
	for _, l := range nearest(target, listeners, most) {
		addresses = append(addresses, connectAddress(l))
	}
	slices.Sort(addresses)
	title := "connect to what is meant: " + strings.Join(slices.Compact(addresses), ", ")
	if len(listeners) > most {
		title += ", …"
	}
	return diag.Fix{Title: title, Safety: diag.Manual}
}

func rewrite(h *stack.Hop, l *stack.Listener, safety diag.Safety, risk string) diag.Fix {
	address := connectAddress(l)
	return diag.Fix{
		Title: "connect to " + address, Safety: safety, Risk: risk,
		Edits: []diag.Edit{{Span: h.Peer.Span, NewText: address}},
	}
}

// connectAddress is how nginx reaches a pool: as the pool writes a socket's
// path, on loopback where it listens on any address.
func connectAddress(l *stack.Listener) string {
	e := l.Endpoint
	if e.Net == stack.Unix && l.Pool != nil {
		text := l.Pool.Get("listen").Text
		return "unix:" + text[:min(len(text), stack.MaxSocketPath)]
	}
	if e.Host == "" {
		e.Host = "127.0.0.1"
		if e.Families == stack.V6 {
			e.Host = "::1"
		}
	}
	return e.String()
}

func portSuffix(port int) string { return ":" + strconv.Itoa(port) }
