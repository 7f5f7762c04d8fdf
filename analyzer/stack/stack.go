package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// Protocol is what is spoken on a connection.
type Protocol uint8

// The protocols.
const (
	FastCGI Protocol = iota + 1
	HTTP
	UWSGI
	SCGI
	GRPC
	Memcached
	Raw // a stream: whatever the client speaks
)

var protocolNames = [...]string{"unknown", "FastCGI", "HTTP", "uwsgi", "SCGI", "gRPC", "memcached", "raw TCP"}

// String is the protocol's usual name.
func (p Protocol) String() string {
	if int(p) < len(protocolNames) {
		return protocolNames[p]
	}
	return protocolNames[0]
}

// A Scope is what runs together on one host. Rules join only inside a scope.
type Scope struct {
	// Name is the folder that the scope was found in.
	Name    string
	Nginx   []*nginx.Config
	Masters []*fpm.Master
	// NginxUser is the user of nginx's workers where the caller knows it; it
	// holds for configurations without a `user` directive.
	NginxUser string
	// Closed is set where the caller knows that nothing else listens on the host.
	Closed bool
	// Containers are those of the compose project that the scope is; nil for a host.
	Containers *Containers
	// Container is set where files beside the configuration say that it runs in containers.
	Container bool
	// Documents is what lies below the folders that nginx serves; nil where nothing is known of it.
	Documents Documents

	// Backends are the other programs of the host that were read.
	Backends []*Backend
	// Gateways are the places from which other programs pass requests to FastCGI servers.
	Gateways []*Gateway
	// PrivateTmp is where units give nginx and PHP-FPM a /tmp of their own, by the
	// name of the unit: nginx, php8.2-fpm.
	PrivateTmp map[string]source.Span

	// Listeners are, before Build, those that the caller knows of.
	Listeners []*Listener
	// Addresses are those of nginx's own servers.
	Addresses []*Address
	// AddressesKnown is set where nginx certainly listens on no others.
	AddressesKnown bool
	// UnknownPools are the pools whose address is not known (an environment
	// variable, a missing include): any FastCGI target may be theirs.
	UnknownPools []*fpm.Pool
	Targets      []*Target
	Hops         []*Hop
	// TooMany is the first target whose hops are left out because there are too many
	// in the run; nil where there is none.
	TooMany *Target
	// TooManyNames is a server with so many names on so many addresses that which of
	// them belong to whom is not looked into; nil where there is none such.
	TooManyNames *nginx.Block

	// sent is asked for by several rules and looks at all targets.
	sent struct {
		once sync.Once
		to   map[*fpm.Pool]*sentTo
	}
	once     sync.Map // see Once
	unserved map[Endpoint][]*Hop
}

// Unserved reports whether nothing read listens where FastCGI leads to, at a local
// address and for certain.
func (h *Hop) Unserved() bool {
	return h.Target.Protocol == FastCGI && h.Target.Unknown == "" && h.Nothing
}

// Unserved are unserved hops, some for each endpoint, among which are those that
// would certainly reach a listener.
func (s *Scope) Unserved(l Endpoint) []*Hop { return s.unserved[l.key()] }

// UnservedPorts are unserved hops to ports, some for each.
func (s *Scope) UnservedPorts() []*Hop { return s.unserved[Endpoint{Net: TCP}] }

// key is what two endpoints have in common of which one certainly reaches the other.
func (e Endpoint) key() Endpoint { return Endpoint{Net: e.Net, Path: e.Path, Port: e.Port} }

// Once is what find gives for a key, found where it is asked for first: for what
// rules ask about the same part of a scope again and again. The key's type is the asker's own.
func Once[V any](s *Scope, key any, find func() V) V {
	answer, ok := s.once.Load(key)
	if !ok {
		answer, _ = s.once.LoadOrStore(key, sync.OnceValue(find))
	}
	return answer.(func() V)() //nolint:forcetypeassert // the key's type has one asker
}

// Complete reports whether the scope is closed, or every PHP-FPM main file of it
// was read with its includes, so that a FastCGI target without a listener has none on the host.
// A main file counts as the whole of it where it lies in a host tree or
// includes others: elsewhere the file may be one that an image adds to its own.
func (s *Scope) Complete() bool {
	if s.Closed {
		return true
	}
	for _, m := range s.Masters {
		if !m.Complete() || len(m.Files) < 2 && !hostLayout().MatchString(m.Place(m.Path)) {
			return false
		}
	}
	return len(s.Masters) > 0
}

var hostLayout = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|/)etc/(php/[^/]+/fpm/)?php-fpm\.conf$`) })

// InUse reports whether nginx certainly reads a configuration of the scope: a
// fragment beside a main file may be one that it does not include.
func (s *Scope) InUse(c *nginx.Config) bool {
	service := s.service(c)
	return !c.Fragment || s.Containers != nil && service == nil ||
		!slices.ContainsFunc(s.Nginx, func(o *nginx.Config) bool { return !o.Fragment && s.service(o) == service })
}

// User is the user and group of nginx's workers, with the directive that says
// so, if one does. known is false where it depends on the build.
func (s *Scope) User(c *nginx.Config) (user, group string, from nginx.Ref, known bool) {
	if own := c.Top.Own("user"); len(own) > 0 && c.Top.Context == catalog.Main {
		from, user = own[0], own[0].Arg(0)
	} else if c.Fragment || !c.Top.Missing {
		user = s.NginxUser
	}
	if in := s.Containers; in != nil && slices.ContainsFunc(in.Nginx[c], func(from *compose.Service) bool { return !in.Views[from].Root() }) {
		return user, user, from, false // the workers are whoever the container is started as
	}
	group = user
	if !from.IsZero() {
		switch from.NArgs() {
		case 1:
		case 2:
			group = from.Arg(1)
		default: // nginx refuses it
			return user, group, from, false
		}
	}
	return user, group, from, user != "" && !nginx.Opaque(user+group) && !strings.Contains(user+group, "$")
}

// A Listener is something that accepts connections.
type Listener struct {
	Endpoint Endpoint
	Protocol Protocol
	// Span is what says so: the value of a pool's listen, a listen directive, or
	// what a person has declared.
	Span source.Span
	// Pool is the PHP-FPM pool that listens; nil for others.
	Pool *fpm.Pool
	// Address is that of nginx's own servers; nil for others.
	Address *Address
	// Service is the one of a compose project whose image listens by itself; nil for others.
	Service *compose.Service
	// Older is where the pool listens in older releases of its image, where that
	// differs and the image's tag does not tell which it is; nil for others.
	Older *Listener
	// Newer is set for what is Older to another.
	Newer *Listener
	// Image is set where it is the image that says so: Span is where that is named.
	Image bool
	// Backend is the program that listens where it is none of these; nil for others
	// and for what a person has declared.
	Backend *Backend
	// TLS says whether a backend speaks TLS there.
	TLS Certainty
	// Access is how the unix socket of a backend may be opened.
	Access Access
	// Maybe is set where it is not certain that it listens there: under a condition
	// that the configuration does not decide.
	Maybe bool
}

// A Target is one `*_pass` in one place.
type Target struct {
	Config *nginx.Config
	// Block is the location, or the `if` in one, that the directive stands in.
	Block *nginx.Block
	// Pass is the directive.
	Pass nginx.Ref
	// Protocol is what the directive speaks.
	Protocol Protocol
	// Upstream is the block that the target names; nil for a direct one.
	Upstream *nginx.Block
	Peers    []*Peer
	// Hops are one for each peer.
	Hops []*Hop
	// Unknown says why the peers are not (all) known; "" where they are.
	Unknown diag.Reason
	// Names are the host names that nginx looks up for each request, as far as they are known.
	Names []Name
	// Schemeless are the places of the values of a proxy_pass none of which begins with a scheme.
	Schemeless []source.Span
	// UserINI is the .user.ini in the document root; nil where none was read.
	UserINI *syntax.INI

	scope *Scope
	sent  struct {
		once sync.Once
		*Settings
	}
}

// A Peer is one address that a target may lead to.
type Peer struct {
	Endpoint Endpoint
	// Span is where the address is written.
	Span source.Span
	// Upstream is the block that Server stands in; nil for a direct target.
	Upstream *nginx.Block
	// Server is the server directive of the upstream; zero for a direct target.
	Server nginx.Ref
	// By is the row of a map or the `set` that gives the only variable of the
	// target the value that leads here. It is zero where there is none, or where
	// something else may decide what the variable is.
	By nginx.Ref
	// PortMissing is set where a port has to be written and is not: nginx uses 80.
	PortMissing bool
	// TLS is set where nginx speaks TLS to it: https://, grpcs://, suwsgi://.
	TLS    bool
	Down   bool
	Backup bool
}

// A Hop leads from a target through one of its peers to the listeners that serve it.
type Hop struct {
	Scope  *Scope
	Target *Target
	Peer   *Peer
	*Reach
}

// A Reach is what a connection from an nginx to an endpoint arrives at. Hops share it.
type Reach struct {
	// Listeners are those that the peer reaches.
	Listeners []*Listener
	// Certain is false where it depends on name resolution or on links whether
	// the peer reaches them, or another listener.
	Certain bool
	// Own are the addresses of the target's own nginx that answer the peer: one of
	// them does for certain. Nil where the peer is not on the machine itself.
	Own []*Address
	// Nothing is set where the endpoint is on the machine itself, and certainly
	// nothing that was read listens there.
	Nothing bool
}

// Pool is the one PHP-FPM pool that certainly serves the hop; nil if there is none such.
func (h *Hop) Pool() *fpm.Pool {
	if !h.Certain || len(h.Listeners) != 1 {
		return nil
	}
	return h.Listeners[0].Pool
}

// Of a run so many hops are followed, and as many listeners compared with what
// they lead to: an upstream with many servers in many locations multiplies.
const (
	maxHops     = 1 << 17
	maxCompared = 1 << 23
)

// maxNames is how many names of servers are looked into in a run, one on each address.
const maxNames = 1 << 22

// A Budget is what all scopes of a run may take together.
type Budget struct{ hops, compared, names int }

// NewBudget is the one for a run.
func NewBudget() *Budget { return &Budget{maxHops, maxCompared, maxNames} }

// countNames takes the names on an address from the budget, n where it shares its
// servers with one of so many, and gives how many these are.
func (b *Budget) countNames(s *Scope, a *Address, shares bool, n int) int {
	if shares && b.names >= n {
		b.names -= n
		return n
	}
	before := b.names
	for _, server := range a.Servers {
		names, _ := server.ServerNames()
		if b.names -= len(names); b.names < 0 {
			s.TooManyNames = server
			break
		}
	}
	return before - b.names
}

// Build finds listeners and targets in a scope whose configurations are set, and joins them.
func Build(s *Scope, budget *Budget) {
	for _, m := range s.Masters {
		for _, p := range m.Pools {
			if l := poolListener(p); l != nil {
				s.Listeners = append(s.Listeners, s.floating(p, s.written(l))...)
			} else if !p.Get("listen").Known {
				s.UnknownPools = append(s.UnknownPools, p)
			}
		}
	}
	s.AddressesKnown = true
	var before *Address
	names := 0 // on it
	for _, c := range s.Nginx {
		own, known := addresses(c)
		s.AddressesKnown = s.AddressesKnown && known
		for _, a := range own {
			s.Addresses = append(s.Addresses, a)
			names, before = budget.countNames(s, a, a.SharesServers(before), names), a
			if !a.UDP {
				s.Listeners = append(s.Listeners, a.listener())
			}
		}
	}
	s.unserved = map[Endpoint][]*Hop{}
	j := joiner{scope: s, budget: budget, index: newIndex(s.Listeners), links: debianLinks(s.Masters), found: map[way]*Reach{}, noted: map[unservedKey]int{}}
	findTargets(s, budget, j.join)
	for _, g := range s.Gateways {
		candidates := j.index.candidates(g.Endpoint, s.Containers != nil)
		if g.Reach = (&Reach{}); len(candidates) <= budget.compared {
			budget.compared -= len(candidates)
			g.Reach = j.reach(way{to: g.Endpoint}, candidates)
		}
	}
}

// A joiner finds what targets reach, once for each endpoint.
type joiner struct {
	scope  *Scope
	budget *Budget
	index  index
	links  map[string]*Listener
	found  map[way]*Reach
	noted  map[unservedKey]int
}

// A way leads from an nginx to an endpoint.
type way struct {
	from *nginx.Config
	to   Endpoint
}

// join takes a target in with its hops: all, or where that would be too many, none.
func (j *joiner) join(t *Target, tooMany bool) {
	j.scope.Targets = append(j.scope.Targets, t)
	if tooMany || !j.hops(t) {
		t.Peers, t.Hops, t.Unknown = nil, nil, diag.LimitReached
		if j.scope.TooMany == nil {
			j.scope.TooMany = t
		}
	}
	j.budget.hops -= len(t.Hops)
	j.scope.Hops = append(j.scope.Hops, t.Hops...)
	for _, h := range t.Hops {
		key := unservedKey{h.Reach, h.Peer.PortMissing}
		if !h.Unserved() || j.noted[key] == mostUnserved {
			continue
		}
		j.noted[key]++
		keys := []Endpoint{h.Peer.Endpoint.key()}
		if h.Peer.Endpoint.Net == TCP {
			keys = append(keys, Endpoint{Net: TCP})
		}
		for _, key := range keys {
			j.scope.unserved[key] = append(j.scope.unserved[key], h)
		}
	}
}

// mostUnserved is how many hops to one endpoint are kept as examples.
const mostUnserved = 3

type unservedKey struct {
	reach       *Reach
	portMissing bool
}

// hops makes the hops of a target; it reports false where there are too many.
func (j *joiner) hops(t *Target) bool {
	if len(t.Peers) > j.budget.hops {
		return false
	}
	hops := make([]Hop, len(t.Peers))
	for i, p := range t.Peers {
		w := way{t.Config, p.Endpoint}
		if j.found[w] == nil {
			candidates := j.index.candidates(p.Endpoint, j.scope.Containers != nil)
			if len(candidates) > j.budget.compared {
				return false
			}
			j.budget.compared -= len(candidates)
			j.found[w] = j.reach(w, candidates)
		}
		hops[i] = Hop{j.scope, t, p, j.found[w]}
		t.Hops = append(t.Hops, &hops[i])
	}
	return true
}

// An index finds the listeners that an endpoint may reach.
type index struct {
	byPort     map[int][]*Listener
	byAddr     map[Endpoint][]*Listener // those on one address, without families
	open       map[int][]*Listener      // the other ones on a port
	byName     map[string][]*Listener   // unix sockets by the last element of their path
	byPath     map[string][]*Listener   // those with an absolute path
	byRelative map[string][]*Listener   // the others, by the last element again
}

func newIndex(listeners []*Listener) index {
	in := index{map[int][]*Listener{}, map[Endpoint][]*Listener{}, map[int][]*Listener{}, map[string][]*Listener{}, map[string][]*Listener{}, map[string][]*Listener{}}
	for _, l := range listeners {
		if l.Endpoint.Net != Unix {
			port := l.Endpoint.Port
			in.byPort[port] = append(in.byPort[port], l)
			if isAddr(l.Endpoint.Host) {
				at := Endpoint{Host: l.Endpoint.Host, Port: port}
				in.byAddr[at] = append(in.byAddr[at], l)
			} else {
				in.open[port] = append(in.open[port], l)
			}
			continue
		}
		full, name := l.Endpoint.Path, path.Base(l.Endpoint.Path)
		in.byName[name] = append(in.byName[name], l)
		if path.IsAbs(full) {
			in.byPath[full] = append(in.byPath[full], l)
		} else {
			in.byRelative[name] = append(in.byRelative[name], l)
		}
	}
	return in
}

// candidates are those that may be reached. Containers may have one folder under several names.
func (in index) candidates(e Endpoint, containers bool) []*Listener {
	switch {
	case e.Net == TCP && isAddr(e.Host):
		return slices.Concat(in.byAddr[Endpoint{Host: e.Host, Port: e.Port}], in.open[e.Port])
	case e.Net == TCP:
		return in.byPort[e.Port]
	case path.IsAbs(e.Path) && !containers:
		return slices.Concat(in.byPath[e.Path], in.byRelative[path.Base(e.Path)])
	}
	return in.byName[path.Base(e.Path)]
}

func (j *joiner) reach(w way, candidates []*Listener) *Reach {
	h := &Reach{Certain: true}
	own, local := No, w.to.Local()
	for _, l := range candidates {
		reaches := j.scope.reaches(w, l)
		if l.Maybe {
			reaches = min(reaches, Maybe)
		}
		if l.Address != nil && l.Address.Config == w.from && reaches != No && local {
			h.Own = append(h.Own, l.Address)
			own = max(own, reaches)
		}
		switch reaches {
		case Yes:
			h.Listeners = append(h.Listeners, l)
		case Maybe:
			h.Listeners = append(h.Listeners, l)
			h.Certain = false
		case No:
		}
	}
	if own == Yes {
		h.Own = closest(h.Own, w.to)
	} else {
		h.Own = nil
	}
	if l, linked := j.links[w.to.Path]; linked && w.to.Net == Unix && len(h.Listeners) == 0 {
		h.Certain = l != nil
		if l != nil {
			h.Listeners = []*Listener{l}
		}
	}
	h.Nothing = h.Certain && local && len(h.Listeners) == 0 && (j.scope.Containers == nil || j.scope.Containers.known(w))
	return h
}

// closest keeps of an nginx's own addresses the one that answers: a server on the
// very address goes before one on any address of that port.
func closest(addresses []*Address, e Endpoint) []*Address {
	exact := func(a *Address) bool { return a.Endpoint.Host == e.Host }
	if !slices.ContainsFunc(addresses, exact) {
		return addresses
	}
	return slices.DeleteFunc(addresses, func(a *Address) bool { return !exact(a) })
}
