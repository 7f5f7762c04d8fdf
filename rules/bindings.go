package rules

import (
	"fmt"
	"net/netip"
	"strings"

	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// A binding is what php-fpm binds for the listen of a pool.
type binding struct {
	pool   *fpm.Pool
	listen fpm.Value
	// path is the cleaned path of a unix socket; empty for a port.
	path     string
	relative bool
	port     int
	// host is a name that the resolver decides on; empty where addr is set.
	host string
	addr netip.Addr
	// bare is set for a port alone: php-fpm binds [::] for both families, and
	// falls back to 0.0.0.0 where that is taken.
	bare bool
}

// bindingOf is what a pool binds; ok is false where that is not known.
func bindingOf(pool *fpm.Pool) (b binding, ok bool) {
	b = binding{pool: pool, listen: pool.Get("listen")}
	listen, ok := fpm.ParseListen(b.listen.Text)
	if !ok || !b.listen.Set || !b.listen.Known || nginx.Opaque(b.listen.Text) {
		return b, false
	}
	if listen.Kind == fpm.Unix {
		b.path, b.relative = stack.UnixEndpoint(listen.Path).Path, listen.Relative
		return b, true
	}
	b.port, b.bare = listen.Port, listen.Host == ""
	if b.bare {
		b.addr = netip.IPv6Unspecified()
	} else if addr, err := netip.ParseAddr(listen.Host); err == nil {
		b.addr = addr
	} else {
		b.host = strings.ToLower(listen.Host)
	}
	return b, true
}

// An outcome is what becomes of a binding where another was made before.
type outcome uint8

const (
	free    outcome = iota // or not known
	shared                 // the same address: php-fpm gives both pools one socket
	refused                // Address already in use
)

// beside says what becomes of a binding at the port of one made before. An
// address that holds for both families clashes with all others, and 0.0.0.0 with
// all of IPv4. What a name stands for is not known.
func (b binding) beside(a binding) outcome {
	dual := func(x binding) bool { return x.addr == netip.IPv6Unspecified() }
	switch {
	case a.addr == b.addr && a.host == b.host:
		return shared
	case dual(a) || dual(b):
		return refused
	case a.host != "" || b.host != "":
		return free
	case a.addr.Unmap() == b.addr.Unmap():
		return refused
	case a.addr.Unmap().Is4() && b.addr.Unmap().Is4() && (a.addr.IsUnspecified() || b.addr.IsUnspecified()):
		return refused
	}
	return free
}

// A port is what was bound on a port before, in order.
type port struct {
	made     []binding
	same     map[bound]int      // the first for an address or a name
	unmapped map[netip.Addr]int // likewise, an IPv4 address in IPv6 taken for what it is
	// The first for both families, for all of IPv4, for any IPv4 address; -1 for none.
	dual, all4, some4 int
	other             bool // one that is not for both families
}

type bound struct {
	addr netip.Addr
	host string
}

func newPort(made ...binding) *port {
	p := &port{same: map[bound]int{}, unmapped: map[netip.Addr]int{}, dual: -1, all4: -1, some4: -1}
	for _, b := range made {
		p.add(b)
	}
	return p
}

func (p *port) add(b binding) {
	i := len(p.made)
	p.made = append(p.made, b)
	first := func(at *int) {
		if *at < 0 {
			*at = i
		}
	}
	if _, ok := p.same[bound{b.addr, b.host}]; !ok {
		p.same[bound{b.addr, b.host}] = i
	}
	if b.host != "" {
		p.other = true
		return
	}
	addr := b.addr.Unmap()
	if _, ok := p.unmapped[addr]; !ok {
		p.unmapped[addr] = i
	}
	if addr.Is4() {
		first(&p.some4)
	}
	switch b.addr {
	case netip.IPv6Unspecified():
		first(&p.dual)
	case netip.IPv4Unspecified():
		first(&p.all4)
	}
	p.other = p.other || addr != netip.IPv6Unspecified()
}

// bind adds a binding to those made before. It returns what became of it and,
// unless it was free, beside which.
func (p *port) bind(b binding) (beside binding, what outcome) {
	if b.bare && p.other {
		b.addr = netip.IPv4Unspecified()
	}
	found := -1
	try := func(i int, ok bool) {
		if ok && i >= 0 && (found < 0 || i < found) {
			found = i
		}
	}
	i, ok := p.same[bound{b.addr, b.host}]
	try(i, ok)
	try(p.dual, true)
	if b.host == "" {
		addr := b.addr.Unmap()
		i, ok = p.unmapped[addr]
		try(i, ok)
		try(p.all4, addr.Is4())
		try(p.some4, b.addr == netip.IPv4Unspecified())
		try(0, addr == netip.IPv6Unspecified() && len(p.made) > 0)
	}
	if found < 0 {
		p.add(b)
		return binding{}, free
	}
	return p.made[found], b.beside(p.made[found])
}

// bindError is what php-fpm says where it cannot bind.
func (b binding) bindError() string {
	if b.path != "" {
		return "ERROR: Another FPM instance seems to already listen on " + b.listen.Text
	}
	return fmt.Sprintf("ERROR: unable to bind listening socket for address '%s': Address already in use (98)", b.listen.Text)
}
