package stack

import (
	"slices"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
)

// An Address is one address and port of an nginx, with all servers that listen
// there. TLS and the PROXY protocol are its properties: one `ssl` on it makes it
// TLS for all of them.
type Address struct {
	Endpoint Endpoint
	// Listens are the listen directives, in order of reading.
	Listens []Listen
	// Default is the server for names that no server has: the one marked so, else the first.
	Default *nginx.Block
	// TLS, ProxyProtocol, HTTP2 and QUIC are the listen directives that say so; zero where none does.
	TLS, ProxyProtocol, HTTP2, QUIC nginx.Ref
	// Stream is set for a server of the stream module.
	Stream bool
	// Complete is set where every file that could add a server was read: only
	// then is the absence of a property certain.
	Complete bool
}

// A Listen is one listen directive.
type Listen struct {
	Server *nginx.Block
	Ref    nginx.Ref
}

// Servers are the servers of the address, each once, in order.
func (a *Address) Servers() []*nginx.Block {
	var servers []*nginx.Block
	for _, l := range a.Listens {
		if !slices.Contains(servers, l.Server) {
			servers = append(servers, l.Server)
		}
	}
	return servers
}

// instances groups the configurations of a scope into what one nginx process
// reads: a main file each; fragments belong to the only main file, else together.
func instances(configs []*nginx.Config) [][]*nginx.Config {
	var mains [][]*nginx.Config
	var fragments []*nginx.Config
	for _, c := range configs {
		if c.Fragment {
			fragments = append(fragments, c)
		} else {
			mains = append(mains, []*nginx.Config{c})
		}
	}
	switch {
	case len(fragments) == 0:
	case len(mains) == 1:
		mains[0] = append(mains[0], fragments...)
	default:
		mains = append(mains, fragments)
	}
	return mains
}

// addresses are those that the servers of one nginx listen on, in order of
// reading. A server without listen has port 80 as root and 8000 otherwise: unknown here.
func addresses(configs []*nginx.Config) []*Address {
	type key struct {
		endpoint Endpoint
		stream   bool
	}
	found := map[key]*Address{}
	var order []*Address
	complete := true
	for _, c := range configs {
		complete = complete && !c.Fragment && len(c.Missing) == 0
		for server := range c.Blocks(catalog.Server | catalog.StreamServer) {
			for _, r := range server.Own("listen") {
				e, ok := ListenEndpoint(r)
				if !ok {
					complete = false
					continue
				}
				k := key{e, server.Context == catalog.StreamServer}
				if found[k] == nil {
					found[k] = &Address{Endpoint: e, Stream: k.stream}
					order = append(order, found[k])
				}
				found[k].add(server, r)
			}
		}
	}
	for _, a := range order {
		a.Complete = complete
	}
	return order
}

func (a *Address) add(server *nginx.Block, r nginx.Ref) {
	if len(a.Listens) == 0 {
		a.Default = server
	}
	a.Listens = append(a.Listens, Listen{server, r})
	note := func(property *nginx.Ref) {
		if property.IsZero() {
			*property = r
		}
	}
	for _, option := range r.Args()[1:] {
		switch option {
		case "default_server", "default":
			a.Default = server
		case "ssl":
			note(&a.TLS)
		case "proxy_protocol":
			note(&a.ProxyProtocol)
		case "http2":
			note(&a.HTTP2)
		case "quic":
			note(&a.QUIC)
		}
	}
	// `ssl on` of old configurations does for every address of its server what `listen … ssl` does for one.
	if v := server.Value("ssl"); v.Explicit() && v.Arg(0) == "on" {
		note(&a.TLS)
	}
	if v := server.Value("http2"); v.Explicit() && v.Arg(0) == "on" {
		note(&a.HTTP2)
	}
}

// addressListeners are the addresses of one nginx as listeners.
func addressListeners(configs []*nginx.Config) []*Listener {
	var found []*Listener
	for _, a := range addresses(configs) {
		if a.Endpoint.Net == TCP && !a.QUIC.IsZero() && len(a.Listens) == 1 {
			continue // UDP
		}
		l := &Listener{Endpoint: a.Endpoint, Protocol: HTTP, Span: a.Listens[0].Ref.ArgSpan(0), Address: a}
		if a.Stream {
			l.Protocol = Raw
		}
		found = append(found, l)
	}
	return found
}
