package stack

import (
	"slices"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/syntax"
)

// An Address is one address and port of an nginx, with all servers that listen
// there. TLS and the PROXY protocol are its properties: one `ssl` on it makes it
// TLS for all of them.
type Address struct {
	// Config is what the servers stand in. Addresses of different configurations are
	// never joined: whether one nginx reads both is not known.
	Config   *nginx.Config
	Endpoint Endpoint
	// Listens are the listen directives, in order of reading.
	Listens []Listen
	// Default is the server for names that no server has: the one marked so, else the first.
	Default *nginx.Block
	// TLS, ProxyProtocol and HTTP2 are the directives that say so; zero where none does.
	TLS, ProxyProtocol, HTTP2 nginx.Ref
	// Stream is set for a server of the stream module.
	Stream bool
	// UDP is set for QUIC, and for datagrams of the stream module.
	UDP bool
	// Complete is set where every file that could add a server, or something to
	// one, was read: only then is the absence of a property certain.
	Complete bool
	// Servers are the servers of the address, each once, in order.
	Servers []*nginx.Block
}

// A Listen is one listen directive.
type Listen struct {
	Server *nginx.Block
	Ref    nginx.Ref
}

// SharesServers reports whether exactly the servers of the other address listen on this
// one too, as on the addresses of a port in both families. It is false for no other.
func (a *Address) SharesServers(other *Address) bool {
	return other != nil && a.Stream == other.Stream && slices.Equal(a.Servers, other.Servers)
}

// String is the address as nginx writes it in its log.
func (a *Address) String() string {
	e := a.Endpoint
	if e.Host == "" && e.Families == Dual {
		e.Families = V6
	}
	return e.String()
}

// Has reports whether an option stands in the directive.
func (l Listen) Has(option string) bool { return l.Ref.IndexArg(option, 1) > 0 }

// Answers reports whether a connection to a target that reaches the address is
// certainly answered there: a server on the very address goes before one on any
// address of that port, and a file that was not read may have one.
func (a *Address) Answers(target Endpoint) bool {
	return a.Complete || a.Endpoint.Net == Unix || a.Endpoint.Host == target.Host
}

// addresses are those that the servers of one configuration listen on, in order of
// reading; known is set where there are certainly no others.
func addresses(c *nginx.Config) (order []*Address, known bool) {
	type key struct {
		endpoint    Endpoint
		stream, udp bool
	}
	found := map[key]*Address{}
	complete := !c.Fragment && readWhole(c)
	implied := false // a server without listen: port 80 as root, else 8000
	for server := range c.Blocks(catalog.Server | catalog.StreamServer) {
		listens := server.Own("listen")
		implied = implied || len(listens) == 0 && server.Context == catalog.Server
		for _, r := range listens {
			e, ok := ListenEndpoint(r)
			if !ok {
				complete = false
				continue
			}
			l := Listen{server, r}
			k := key{e, server.Context == catalog.StreamServer, l.Has("udp") || l.Has("quic")}
			dual := e.Host == "" && e.Families == Dual
			if dual {
				k.endpoint.Families = V6 // one of the servers says ipv6only=off for all
			}
			if found[k] == nil {
				found[k] = &Address{Config: c, Endpoint: e, Stream: k.stream, UDP: k.udp, Default: server}
				order = append(order, found[k])
			}
			if dual {
				found[k].Endpoint = e
			}
			found[k].add(l)
		}
	}
	for _, a := range order {
		a.Complete = complete && (!implied || a.Endpoint.Port != 80 && a.Endpoint.Port != 8000)
		// Of the servers of an address the default one decides before any name is known
		// (`ssl on` measured on nginx 1.22; `http2 on` may be any server's with TLS).
		if v := a.Default.Value("ssl"); a.TLS.IsZero() && v.Explicit() && v.Arg(0) == "on" {
			a.TLS = v.From
		}
	}
	return order, complete && !implied
}

// readWhole reports whether nothing is missing that could add a server or
// something to one; what is missing elsewhere cannot.
func readWhole(c *nginx.Config) bool {
	for _, m := range c.Missing {
		if m.Block.Context&(catalog.HTTP|catalog.Server|catalog.Stream|catalog.StreamServer) != 0 {
			return false
		}
	}
	return !c.Doubled && !slices.ContainsFunc(c.Files, func(t *syntax.Tree) bool { return len(t.Errors) > 0 })
}

func (a *Address) add(l Listen) {
	a.Listens = append(a.Listens, l)
	if n := len(a.Servers); n == 0 || a.Servers[n-1] != l.Server { // a server's directives follow each other
		a.Servers = append(a.Servers, l.Server)
	}
	note := func(property *nginx.Ref, from nginx.Ref) {
		if property.IsZero() {
			*property = from
		}
	}
	for i, option := range l.Ref.EachArg() {
		if i == 0 {
			continue
		}
		switch option {
		case "default_server", "default":
			a.Default = l.Server
		case "ssl":
			note(&a.TLS, l.Ref)
		case "proxy_protocol":
			note(&a.ProxyProtocol, l.Ref)
		case "http2":
			note(&a.HTTP2, l.Ref)
		}
	}
	if v := l.Server.Value("http2"); v.Explicit() && v.Arg(0) == "on" {
		note(&a.HTTP2, v.From)
	}
}

// listener is the address as a listener.
func (a *Address) listener() *Listener {
	l := &Listener{Endpoint: a.Endpoint, Protocol: HTTP, Span: a.Listens[0].Ref.ArgSpan(0), Address: a}
	if a.Stream {
		l.Protocol = Raw
	}
	return l
}
