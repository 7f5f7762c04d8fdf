package stack

import (
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
)

var passes = []struct {
	name     string
	protocol Protocol
}{
	{"fastcgi_pass", FastCGI},
	{"proxy_pass", HTTP},
	{"uwsgi_pass", UWSGI},
	{"scgi_pass", SCGI},
	{"grpc_pass", GRPC},
	{"memcached_pass", Memcached},
}

var passNames = sync.OnceValue(func() *nginx.NameSet {
	var names []string
	for _, pass := range passes {
		names = append(names, pass.name)
	}
	return nginx.NewNameSet(names...)
})

// Passes are the directives of a block that pass requests on.
func Passes(b *nginx.Block) []nginx.Ref {
	var found []nginx.Ref
	for _, pass := range passes {
		found = append(found, b.Own(pass.name)...)
	}
	return found
}

// A finder finds the targets of a scope.
type finder struct {
	scope     *Scope
	upstreams map[string]*nginx.Block // those of the configuration, by name in lower case
	shared    map[string]*nginx.Block // those of all fragments; nil where it is none
	variables *variables
	members   map[use]members
	budget    *Budget
	tooMany   bool // peers of a target for the budget
}

// A use is a way in which an upstream is used.
type use struct {
	upstream *nginx.Block
	protocol Protocol
	tls      bool
}

// members are the peers of a use, and why they are not all known, if they are not.
type members struct {
	peers   []*Peer
	unknown diag.Reason
}

// findTargets finds the passes of a scope's configurations in reading order, and
// tells of each whether it has too many peers.
func findTargets(s *Scope, budget *Budget, found func(t *Target, tooMany bool)) {
	fragments := map[*compose.Service]map[string]*nginx.Block{}
	around := map[*compose.Service][]*nginx.Config{} // the main files that may include fragments
	for _, c := range s.Nginx {
		service := s.service(c)
		if c.Fragment { // those of one host, or container, see each other's upstreams
			if fragments[service] == nil {
				fragments[service] = map[string]*nginx.Block{}
			}
			addUpstreams(c, fragments[service])
		} else if slices.ContainsFunc(c.Missing, func(m nginx.Missing) bool { return !m.Opaque && m.Block.Context == catalog.HTTP }) {
			around[service] = append(around[service], c)
		}
	}
	for service, mains := range around {
		if len(mains) == 1 && fragments[service] != nil {
			addUpstreams(mains[0], fragments[service])
		}
	}
	f := finder{scope: s, variables: newVariables(), members: map[use]members{}, budget: budget}
	for _, c := range s.Nginx {
		f.upstreams, f.shared = map[string]*nginx.Block{}, nil
		addUpstreams(c, f.upstreams)
		if c.Fragment {
			f.shared = fragments[s.service(c)]
		}
		f.targets(c, found)
	}
}

func (f *finder) targets(c *nginx.Config, found func(t *Target, tooMany bool)) {
	for b := range c.Blocks(catalog.Location | catalog.IfInLocation | catalog.LimitExcept) {
		if !b.HasAny(passNames()) || answersItself(b) {
			continue // no request reaches a pass
		}
		for _, pass := range passes {
			for _, r := range b.Own(pass.name) {
				if r.NArgs() != 1 {
					continue
				}
				t := &Target{scope: f.scope, Config: c, Block: b, Pass: r, Protocol: pass.protocol}
				if !f.scope.isTemplate(c) { // there nginx does not see the variables as they are
					t.Names, t.Schemeless = names(t, f.upstreams, f.variables), schemeless(t, f.variables)
				}
				f.tooMany = false
				f.resolve(t)
				found(t, f.tooMany)
			}
		}
	}
}

// answersItself reports whether every request to a block ends before it would be
// passed on: by a `return` there or in the server, by a rewrite of all URIs to
// elsewhere, or since everybody is denied.
func answersItself(b *nginx.Block) bool {
	if b.Has("return") || deniesAll(b) {
		return true
	}
	if server := b.Enclosing(catalog.Server); server != nil && server.Has("return") {
		return true
	}
	return slices.ContainsFunc(b.Own("rewrite"), func(r nginx.Ref) bool {
		all := r.Arg(0) == "^" || r.Arg(0) == ".*" || r.Arg(0) == "^.*$" || r.Arg(0) == "^(.*)$" || r.Arg(0) == "(.*)"
		return all && (r.Arg(2) == "last" || r.Arg(2) == "redirect" || r.Arg(2) == "permanent")
	})
}

// deniesAll reports whether `deny all` is in force in a block, with no `allow` beside it.
func deniesAll(b *nginx.Block) bool {
	for at := b; at != nil; at = at.Parent {
		allow, deny := at.Own("allow"), at.Own("deny")
		if len(allow)+len(deny) == 0 {
			continue
		}
		satisfy := b.Value("satisfy")
		enough := satisfy.Known() && satisfy.Arg(0) == "any" // a password lets in as well
		return len(allow) == 0 && !enough &&
			slices.ContainsFunc(deny, func(r nginx.Ref) bool { return r.Arg(0) == "all" })
	}
	return false
}

// addUpstreams adds the http upstreams of a configuration by lower-case name: nginx ignores case here.
func addUpstreams(c *nginx.Config, to map[string]*nginx.Block) {
	for b := range c.Blocks(catalog.Upstream) {
		if name := strings.ToLower(b.Ref().Arg(0)); b.Ref().NArgs() == 1 && to[name] == nil {
			to[name] = b
		}
	}
}

// resolve fills in where a target leads.
func (f *finder) resolve(t *Target) {
	text := f.scope.filled(t.Config, t.Pass.Arg(0))
	if nginx.Opaque(text) {
		t.Unknown = diag.Template
		return
	}
	if !strings.Contains(text, "$") {
		f.literal(t, literal{text: text, span: t.Pass.ArgSpan(0), from: t.Pass})
		return
	}
	if t.Protocol == HTTP {
		text = cutURI(text)
	}
	values, known := f.variables.possibleValues(t.Block, literal{text: text, span: t.Pass.ArgSpan(0), from: t.Pass})
	if !known {
		t.Unknown = diag.Variable
		return
	}
	for _, v := range values {
		f.literal(t, v)
	}
	if len(t.Peers) == 0 && t.Unknown == "" {
		t.Unknown = diag.Variable
	}
}

// literal adds the peers of a target without variables, or with this value of them.
func (f *finder) literal(t *Target, at literal) {
	address, fallback, tls, ok := cutScheme(t.Protocol, at.text)
	if !ok {
		t.Unknown = diag.Variable
		return
	}
	if p, ok := cutUnix(address); ok {
		if t.Protocol == HTTP {
			p, _, _ = strings.Cut(p, ":") // http://unix:/path:/uri
		}
		t.Peers = append(t.Peers, &Peer{Endpoint: UnixEndpoint(p), Span: at.span, TLS: tls, By: at.by})
		return
	}
	if t.Protocol == HTTP {
		address, _, _ = strings.Cut(address, "/")
	}
	name := strings.ToLower(address)
	upstream := f.upstreams[name]
	if upstream == nil {
		upstream = f.shared[name]
	}
	if upstream != nil {
		f.use(t, upstream, tls, at.by)
		return
	}
	host, port, ok := splitHostPort(address, fallback)
	if !ok || port == 0 || host == "" {
		t.Unknown = diag.MissingInclude // an upstream that was not read; nginx refuses it where there is none
		return
	}
	t.Peers = append(t.Peers, &Peer{Endpoint: TCPEndpoint(host, port), Span: at.span, TLS: tls, By: at.by})
}

// cutURI leaves out the part of a proxy_pass that cannot change where it leads:
// what follows the host, also a variable that always begins with a slash.
func cutURI(url string) string {
	scheme := 0
	if i := strings.Index(url, "://"); i >= 0 {
		scheme = i + 3
	}
	end := len(url)
	for _, mark := range []string{"/", "$request_uri", "$uri", "$document_uri", "${request_uri}", "${uri}"} {
		if i := strings.Index(url[scheme:], mark); i >= 0 {
			end = min(end, scheme+i)
		}
	}
	return url[:end]
}

// schemes are what may (for proxy_pass: must) stand before the address, with the port that they imply.
var schemes = []struct {
	protocol Protocol
	prefix   string
	port     int
	tls      bool
}{
	{HTTP, "http://", 80, false},
	{HTTP, "https://", 443, true},
	{GRPC, "grpc://", 0, false},
	{GRPC, "grpcs://", 0, true},
	{UWSGI, "uwsgi://", 0, false},
	{UWSGI, "suwsgi://", 0, true},
}

// cutScheme splits the scheme off a target, in any case, as nginx does.
func cutScheme(p Protocol, target string) (rest string, port int, tls, ok bool) {
	for _, s := range schemes {
		if n := len(s.prefix); s.protocol == p && len(target) >= n && strings.EqualFold(target[:n], s.prefix) {
			return target[n:], s.port, s.tls, true
		}
	}
	return target, 0, false, p != HTTP
}

// cutUnix cuts `unix:` off a socket's address, in any case, as nginx does.
func cutUnix(address string) (path string, ok bool) {
	const prefix = "unix:"
	if len(address) < len(prefix) || !strings.EqualFold(address[:len(prefix)], prefix) {
		return "", false
	}
	return address[len(prefix):], true
}

// use adds the servers of an upstream to those of a target, as far as they may be
// too many. Targets share the peers that no value of a variable leads to.
func (f *finder) use(t *Target, upstream *nginx.Block, tls bool, by nginx.Ref) {
	m := once(f.members, use{upstream, t.Protocol, tls}, f.findMembers)
	t.Upstream = upstream
	if m.unknown != "" {
		t.Unknown = m.unknown
	}
	switch {
	case len(t.Peers)+len(m.peers) > f.budget.hops:
		f.tooMany = true
	case by.IsZero():
		t.Peers = append(t.Peers, m.peers...)
	default:
		for _, p := range m.peers {
			p := *p
			p.By = by
			t.Peers = append(t.Peers, &p)
		}
	}
}

// findMembers reads the servers of an upstream.
func (f *finder) findMembers(u use) (m members) {
	if u.upstream.Missing {
		m.unknown = diag.MissingInclude
	}
	for _, lua := range []string{"balancer_by_lua_block", "balancer_by_lua_file"} {
		if len(u.upstream.Own(lua)) > 0 {
			m.unknown = diag.Variable // the servers written there only fill the place
			return m
		}
	}
	for _, r := range u.upstream.Own("server") {
		address := f.scope.filled(u.upstream.Config, r.Arg(0))
		if nginx.Opaque(address) || strings.Contains(address, "$") {
			m.unknown = diag.Template
			continue
		}
		p := &Peer{Upstream: u.upstream, Server: r, Span: r.ArgSpan(0), TLS: u.tls}
		for i, option := range r.EachArg() {
			p.Down = p.Down || i > 0 && option == "down"
			p.Backup = p.Backup || i > 0 && option == "backup"
		}
		if unix, ok := cutUnix(address); ok {
			p.Endpoint = UnixEndpoint(unix)
		} else {
			host, port, ok := splitHostPort(address, 0)
			if !ok || host == "" {
				m.unknown = diag.Template
				continue
			}
			p.PortMissing = port == 0 && (u.protocol == FastCGI || u.protocol == UWSGI || u.protocol == SCGI)
			if port == 0 {
				port = 80
			}
			p.Endpoint = TCPEndpoint(host, port)
		}
		m.peers = append(m.peers, p)
	}
	return m
}
