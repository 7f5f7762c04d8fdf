package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
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

	Listeners []*Listener
	// UnknownPools are the pools whose address is not known (an environment
	// variable, a missing include): any FastCGI target may be theirs.
	UnknownPools []*fpm.Pool
	Targets      []*Target
	Hops         []*Hop
}

// Complete reports whether every PHP-FPM main file of the scope was read with
// its includes, so that a FastCGI target without a listener has none on the host.
// A main file counts as the whole of it where it lies in a host tree or
// includes others: elsewhere the file may be one that an image adds to its own.
func (s *Scope) Complete() bool {
	for _, m := range s.Masters {
		if !m.Complete() || len(m.Files) < 2 && !hostLayout.MatchString(m.Path) {
			return false
		}
	}
	return len(s.Masters) > 0
}

var hostLayout = regexp.MustCompile(`(^|/)etc/(php/[^/]+/fpm/)?php-fpm\.conf$`)

// InUse reports whether nginx certainly reads a configuration of the scope: a
// fragment beside a main file may be one that it does not include.
func (s *Scope) InUse(c *nginx.Config) bool {
	return !c.Fragment || !slices.ContainsFunc(s.Nginx, func(o *nginx.Config) bool { return !o.Fragment })
}

// User is the user and group of nginx's workers, with the directive that says
// so, if one does. known is false where it depends on the build.
func (s *Scope) User(c *nginx.Config) (user, group string, from nginx.Ref, known bool) {
	if own := c.Top.Own("user"); len(own) > 0 && c.Top.Context == catalog.Main {
		from, user = own[0], own[0].Arg(0)
	} else if c.Fragment || !c.Top.Missing {
		user = s.NginxUser
	}
	group = user
	if !from.IsZero() && from.NArgs() > 1 {
		group = from.Arg(1)
	}
	return user, group, from, user != "" && !nginx.Opaque(user+group) && !strings.Contains(user+group, "$")
}

// A Listener is something that accepts connections.
type Listener struct {
	Endpoint Endpoint
	Protocol Protocol
	// Span is what says so: the value of a pool's listen, or a listen directive.
	Span source.Span
	// Pool is the PHP-FPM pool that listens; nil for others.
	Pool *fpm.Pool
	// Address is that of nginx's own servers; nil for others.
	Address *Address
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
}

// A Peer is one address that a target may lead to.
type Peer struct {
	Endpoint Endpoint
	// Span is where the address is written.
	Span source.Span
	// Server is the server directive of the upstream; zero for a direct target.
	Server nginx.Ref
	// PortMissing is set where a port has to be written and is not: nginx uses 80.
	PortMissing bool
	Down        bool
	Backup      bool
}

// A Hop leads from a target through one of its peers to the listeners that serve it.
type Hop struct {
	Scope  *Scope
	Target *Target
	Peer   *Peer
	// Listeners are those that the peer reaches.
	Listeners []*Listener
	// Certain is false where it depends on name resolution or on links whether
	// the peer reaches them, or another listener.
	Certain bool
}

// Pool is the one PHP-FPM pool that certainly serves the hop; nil if there is none such.
func (h *Hop) Pool() *fpm.Pool {
	if !h.Certain || len(h.Listeners) != 1 {
		return nil
	}
	return h.Listeners[0].Pool
}

// Build finds listeners and targets in a scope whose configurations are set, and joins them.
func Build(s *Scope) {
	for _, m := range s.Masters {
		for _, p := range m.Pools {
			if l := poolListener(p); l != nil {
				s.Listeners = append(s.Listeners, l)
			} else if !p.Get("listen").Known {
				s.UnknownPools = append(s.UnknownPools, p)
			}
		}
	}
	for _, configs := range instances(s.Nginx) {
		s.Listeners = append(s.Listeners, addressListeners(configs)...)
	}
	for _, c := range s.Nginx {
		s.Targets = append(s.Targets, targets(s, c)...)
	}
	links := debianLinks(s.Masters)
	index := newIndex(s.Listeners)
	for _, t := range s.Targets {
		for _, p := range t.Peers {
			h := hop(s, t, p, index.candidates(p.Endpoint), links)
			t.Hops = append(t.Hops, h)
			s.Hops = append(s.Hops, h)
		}
	}
}

// An index finds the listeners that an endpoint may reach.
type index struct {
	byPort map[int][]*Listener
	byName map[string][]*Listener // unix sockets by the last element of their path
}

func newIndex(listeners []*Listener) index {
	in := index{map[int][]*Listener{}, map[string][]*Listener{}}
	for _, l := range listeners {
		if l.Endpoint.Net == Unix {
			name := path.Base(l.Endpoint.Path)
			in.byName[name] = append(in.byName[name], l)
		} else {
			in.byPort[l.Endpoint.Port] = append(in.byPort[l.Endpoint.Port], l)
		}
	}
	return in
}

func (in index) candidates(e Endpoint) []*Listener {
	if e.Net == Unix {
		return in.byName[path.Base(e.Path)]
	}
	return in.byPort[e.Port]
}

func hop(s *Scope, t *Target, p *Peer, candidates []*Listener, links map[string]*Listener) *Hop {
	h := &Hop{Scope: s, Target: t, Peer: p, Certain: true}
	for _, l := range candidates {
		switch p.Endpoint.Reaches(l.Endpoint) {
		case Yes:
			h.Listeners = append(h.Listeners, l)
		case Maybe:
			h.Listeners = append(h.Listeners, l)
			h.Certain = false
		case No:
		}
	}
	h.Listeners = closest(h.Listeners, p.Endpoint)
	if l, linked := links[p.Endpoint.Path]; linked && p.Endpoint.Net == Unix && len(h.Listeners) == 0 {
		h.Certain = l != nil
		if l != nil {
			h.Listeners = []*Listener{l}
		}
	}
	return h
}

// closest keeps of nginx's own addresses the one that answers: a server on the
// very address goes before one on any address of that port.
func closest(listeners []*Listener, e Endpoint) []*Listener {
	exact := func(l *Listener) bool { return l.Address != nil && l.Endpoint.Host == e.Host }
	if !slices.ContainsFunc(listeners, exact) {
		return listeners
	}
	return slices.DeleteFunc(listeners, func(l *Listener) bool { return l.Address != nil && !exact(l) })
}
