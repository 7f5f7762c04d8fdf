package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

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
	OnScope:    noListeners,
	Doc: analyzer.Doc{
		Summary: "nothing listens where nginx sends PHP requests",
		What: "`fastcgi_pass` leads, directly, through an upstream or through variables, to a unix socket or a loopback address on which no PHP-FPM pool of the same host listens. " +
			"Paths are compared cleaned (`/var/run` is `/run`), ports by address family: `listen = 9000` and `[::]:9000` accept IPv4 and IPv6, `0.0.0.0:9000` IPv4 only. Debian's link `/run/php/php-fpm.sock` counts as the `www.conf` pool of the newest version.\n\n" +
			"So too where Apache passes requests there as a gateway of its own, with `SetHandler \"proxy:unix:…|fcgi://…\"` or `ProxyPass`, `ProxyPassMatch`, also through a balancer with one member and below an `<IfModule>` that the modules which are loaded decide, and for a port of a container in which a supervisord that was read starts nginx and PHP-FPM and nothing else.\n\n" +
			"An error where every PHP-FPM main file of the host was read with its includes, else a warning; a warning also where only some values of a `map` or a `set` are at fault, and where `error_page 502` gives another answer (`=200`, a named location, another site).\n\n" +
			"In a scope that the settings declare `closed`, the targets of the other kinds of pass (proxy_pass, uwsgi_pass, scgi_pass, grpc_pass, memcached_pass) are judged as well, by what is read and declared to listen. " +
			"Elsewhere proxy_pass and uwsgi_pass are, with a warning, where the one Apache, gunicorn or uWSGI of the host listens at one address, nothing in nginx leads there, and one other local address that nginx uses is nobody's: port 8080 here, 8081 there.",
		Why: "Every such request fails with 502. error.log has `connect() to unix:PATH failed (2: No such file or directory) while connecting to upstream` for a socket, `connect() failed (111: Connection refused)` for a port. " +
			"Apache answers 503, and its log has `AH02454: FCGI: attempt to connect to Unix domain socket PATH failed` or `AH00957`. " +
			"`nginx -t` and `php-fpm -t` accept both files: neither reads the other's.",
		Gaps: "Silent for other addresses than local ones, for host names, where an address holds a variable that is not set from literals, where a pool's own address is not known, for locations that do not look like PHP (fcgiwrap and other FastCGI programs), " +
			"for hosts with several PHP versions of which not all files were read, and for an upstream some of whose servers are served (upstream-dead-member).\n\n" +
			"A relative path on one side is compared by its end with an absolute one on the other: where nginx and PHP-FPM were started is in no file, so such a pair is silent even where the two are different sockets.\n\n" +
			"Outside of closed scopes the targets of other kinds of pass are judged in that one case only: what listens for HTTP is mostly in no file that is read. It needs all addresses of nginx and of these programs to be known.\n\n" +
			"Of Apache's other conditions it is not known whether they are met; a SetHandler in whose place another one is in force is silent.",
		Remedy:    "Make both sides name the same socket or port: `fastcgi_pass` of nginx, or `SetHandler` and `ProxyPass` of Apache, and `listen` of the pool.",
		FixSafety: "Safe only where the host's PHP-FPM has one pool with one listener: then it must be that one. Unsafe where what `error_page` names answers instead, and where exactly one listener differs only in the PHP version. Otherwise the candidates are named.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass", "https://www.php.net/manual/en/install.fpm.configuration.php#listen"},
		Since:     "0.1.0",
	},
}

func noListeners(p *analyzer.Pass, s *stack.Scope) {
	if s.Closed {
		noneInClosed(p, s)
	}
	missedBackends(p, s)
	pools, complete := fastCGIListeners(s), s.Complete()
	if len(s.UnknownPools) > 0 || len(pools) == 0 || !complete && severalVersions(s.Masters) {
		return
	}
	near := newNeighbours(pools)
	deadGateways(p, s, near)
	for _, t := range s.Targets {
		served, in := false, map[*nginx.Block]bool{} // whether something is, and in which upstreams
		for _, h := range t.Hops {
			if !h.Peer.Down && !unserved(h) {
				served, in[h.Peer.Upstream] = true, true
			}
		}
		for _, h := range t.Hops {
			if h.Peer.Down || !unserved(h) || served && (h.Peer.By.IsZero() || h.Peer.Upstream != nil && in[h.Peer.Upstream]) || !looksLikePHP(h) {
				continue
			}
			noListener(p, h, near, complete, !served)
		}
	}
}

// noListener reports a hop; alone is set where all values of the target are dead.
func noListener(p *analyzer.Pass, h *stack.Hop, near neighbours, complete, alone bool) {
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
	for _, l := range near.nearest(target, 3) {
		who := "another FastCGI server"
		if l.Pool != nil {
			who = "pool " + l.Pool.Name
		}
		f.Related = append(f.Related, label(l.Span, "%s listens here%s", who, difference(target, l.Endpoint)))
	}
	f.Fixes = []diag.Fix{failure.graded(h, connectFix(h, near, complete, alone))}
	p.Report(at, analyzer.Causes{at, h.Reach}, f)
}

// noneInClosed reports the targets of other kinds of pass where, as the settings
// say, nothing listens that is not known.
func noneInClosed(p *analyzer.Pass, s *stack.Scope) {
	near := map[stack.Protocol]neighbours{}
	for _, t := range s.Targets {
		if slices.ContainsFunc(t.Hops, func(h *stack.Hop) bool { return !h.Peer.Down && !deadInClosed(h) }) {
			continue // told of the upstream, or the other value may be the one
		}
		for _, h := range t.Hops {
			if h.Peer.Down {
				continue
			}
			if near[t.Protocol].all == nil {
				near[t.Protocol] = othersSpeaking(s, t.Protocol)
			}
			deadTarget(p, h, near[t.Protocol])
		}
	}
}

// othersSpeaking are the listeners for a protocol; that nginx itself listens elsewhere tells nothing.
func othersSpeaking(s *stack.Scope, protocol stack.Protocol) neighbours {
	others := []*stack.Listener{}
	for _, l := range s.Listeners {
		if l.Protocol == protocol && l.Address == nil {
			others = append(others, l)
		}
	}
	return newNeighbours(others)
}

// deadTarget reports a hop in a closed scope.
func deadTarget(p *analyzer.Pass, h *stack.Hop, near neighbours) {
	target := h.Peer.Endpoint
	severity, notes := nobodyListens(h).of(h)
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
	for _, l := range near.nearest(target, 3) {
		f.Related = append(f.Related, label(l.Span, "%s is spoken here%s", l.Protocol, difference(target, l.Endpoint)))
	}
	if len(near.all) > 0 {
		f.Fixes = []diag.Fix{candidates(h, near)}
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
		hasFastCGI(h.Scope) && h.Scope.Complete() && h.Scope.InUse(h.Target.Config)
}

func hasFastCGI(s *stack.Scope) bool {
	type key struct{}
	return stack.Once(s, key{}, func() bool { return len(fastCGIListeners(s)) > 0 })
}

// deadInClosed reports whether a hop of another protocol than FastCGI leads nowhere:
// the settings say that nothing listens there that is not known.
func deadInClosed(h *stack.Hop) bool {
	return h.Target.Protocol != stack.FastCGI && h.Scope.Closed && h.Scope.AddressesKnown && len(h.Scope.UnknownPools) == 0 &&
		nowhere(h) && !h.Peer.Down
}

// unserved reports whether nothing read listens where FastCGI leads, for certain.
func unserved(h *stack.Hop) bool { return h.Unserved() }

// nowhere reports whether nothing read listens at a local address, for certain.
func nowhere(h *stack.Hop) bool { return h.Target.Unknown == "" && h.Nothing }

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
	phpWord   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)php|fpm`) })
	otherFCGI = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)fcgiwrap|spawn-fcgi|cgiwrap|mapserv|mailman|munin|cgit|perl|python|hhvm|php-?cgi|roadrunner`)
	})
)

// looksLikePHP reports whether a target is meant for PHP-FPM and no other
// FastCGI program: by its address, its location, or its script parameters.
func looksLikePHP(h *stack.Hop) bool {
	if otherFCGI().MatchString(h.Peer.Span.Text()) {
		return false
	}
	type key struct{ *stack.Target }
	return phpWord().MatchString(h.Peer.Span.Text()) || stack.Once(h.Scope, key{h.Target}, func() bool {
		words := append([]string{h.Target.Pass.Arg(0)}, h.Target.Block.Args()...)
		script, _, _ := h.Target.Block.FastCGIParams().Get("SCRIPT_FILENAME")
		words = append(words, script.Value(), h.Target.Block.Value("fastcgi_index").Arg(0))
		return slices.ContainsFunc(words, phpWord().MatchString)
	})
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

// neighbours finds the listeners that differ least from a target among many.
type neighbours struct {
	all         []*stack.Listener
	byNet       map[stack.Net][]*stack.Listener
	byPort      map[int][]*stack.Listener
	versionless map[string][]*stack.Listener // sockets by their path without the digits of versions
}

func newNeighbours(all []*stack.Listener) neighbours {
	n := neighbours{all, map[stack.Net][]*stack.Listener{}, map[int][]*stack.Listener{}, map[string][]*stack.Listener{}}
	for _, l := range all {
		n.byNet[l.Endpoint.Net] = append(n.byNet[l.Endpoint.Net], l)
		if l.Endpoint.Net == stack.TCP {
			n.byPort[l.Endpoint.Port] = append(n.byPort[l.Endpoint.Port], l)
		} else {
			key := phpVersion().ReplaceAllString(l.Endpoint.Path, "$1")
			n.versionless[key] = append(n.versionless[key], l)
		}
	}
	return n
}

// phpVersion matches what may be a PHP version.
var phpVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`((?:php|fpm)[-_]*)[0-9.]+`) })

// mostAlike is how many sockets are compared with a target that are written alike but for versions.
const mostAlike = 100

// sameButVersion are the listeners on sockets that differ from a target's in the
// PHP version only; all is false where there may be more.
func (n neighbours) sameButVersion(target stack.Endpoint) (found []*stack.Listener, all bool) {
	if target.Net != stack.Unix {
		return nil, true
	}
	alike := n.versionless[phpVersion().ReplaceAllString(target.Path, "$1")]
	for _, l := range alike[:min(len(alike), mostAlike)] {
		if distance(target, l.Endpoint) == 0 {
			found = append(found, l)
		}
	}
	return found, len(alike) <= mostAlike
}

// nearest are the listeners that differ least from a target, at most most.
func (n neighbours) nearest(target stack.Endpoint, most int) []*stack.Listener {
	found, _ := n.sameButVersion(target)
	others := [][]*stack.Listener{n.byNet[target.Net], n.all}
	if target.Net == stack.TCP {
		others = append([][]*stack.Listener{n.byPort[target.Port]}, others...)
	}
	for _, list := range others {
		for _, l := range list {
			if len(found) >= most {
				break
			}
			if !slices.Contains(found, l) {
				found = append(found, l)
			}
		}
	}
	return found[:min(len(found), most)]
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

func connectFix(h *stack.Hop, near neighbours, complete, alone bool) diag.Fix {
	pools := near.all
	sameButVersion, all := near.sameButVersion(h.Peer.Endpoint)
	switch {
	case !alone && strings.Contains(h.Peer.Span.Text(), "$"): // the other values are right as they are
	case complete && len(h.Scope.Masters) == 1 && len(pools) == 1 && connectAddress(h, pools[0]) != "" && len(h.Scope.Masters[0].Pools) == 1:
		return rewrite(h, pools[0], diag.Safe, "")
	case len(sameButVersion) == 1 && all && connectAddress(h, sameButVersion[0]) != "":
		return rewrite(h, sameButVersion[0], diag.Unsafe, "requests go to another PHP version than the one written")
	}
	return candidates(h, near)
}

// candidates names the listeners that may be meant instead of a target, the nearest ones.
func candidates(h *stack.Hop, near neighbours) diag.Fix {
	const most = 5
	var addresses []string
	for _, l := range near.nearest(h.Peer.Endpoint, most) {
		if address := connectAddress(h, l); address != "" {
			addresses = append(addresses, address)
		}
	}
	slices.Sort(addresses)
	if len(addresses) == 0 {
		return diag.Fix{Title: "let a pool listen there", Safety: diag.Manual}
	}
	title := "connect to what is meant: " + strings.Join(slices.Compact(addresses), ", ")
	if len(near.all) > most {
		title += ", …"
	}
	return diag.Fix{Title: title, Safety: diag.Manual}
}

func rewrite(h *stack.Hop, l *stack.Listener, safety diag.Safety, risk string) diag.Fix {
	address := connectAddress(h, l)
	return diag.Fix{
		Title: "connect to " + address, Safety: safety, Risk: risk,
		Edits: []diag.Edit{{Span: h.Peer.Span, NewText: address}},
	}
}

// connectAddress is how nginx reaches a pool: as the pool writes a socket's
// path, on loopback where it listens on any address; in another container by the
// name of the service, and "" where it cannot.
func connectAddress(h *stack.Hop, l *stack.Listener) string {
	if h.Scope.Containers != nil {
		address, ok := h.AddressOf(l)
		if !ok {
			return ""
		}
		return address
	}
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
