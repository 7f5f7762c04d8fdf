package rules

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var proxyLoop = analyzer.Rule{
	ID:         "proxy-loop",
	Severities: []diag.Severity{diag.Error},
	OnScope:    loops,
	Doc: analyzer.Doc{
		Summary: "proxy_pass leads back to its own location",
		What: "`proxy_pass` leads to an address that this very server listens on, the Host that is sent selects the same server there, and the URI that is sent the same location. " +
			"The Host is what `proxy_set_header Host` says, else the target's own address (`$proxy_host`), which mostly selects the default server.",
		Why: "Each request makes nginx ask itself again, until its connections are used up: the client gets 500 or 502 (400 where a header such as X-Forwarded-For grows with each round), all other requests of that worker fail meanwhile, " +
			"and error.log has `N worker_connections are not enough` and `recv() failed (104: Connection reset by peer)` or `upstream prematurely closed connection`.",
		Gaps: "Only what is certain: silent with variables in the target, a Host from variables other than $host and $http_host, more than one server in the upstream, a file missing that could add a server, and where anything in force beside the proxy directives could end the loop " +
			"(`if`, `return`, `rewrite`, `error_page`, `try_files`, `deny`, `auth_basic`, `internal`, limits, caches, Lua, njs and whatever else is not known to be harmless).",
		Remedy: "Pass to the address of the backend. For another server of this nginx, send a Host that selects it.",
		Refs:   []string{"https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass", "https://nginx.org/en/docs/http/request_processing.html"},
		Since:  "0.1.0",
	},
}

func loops(p *analyzer.Pass, s *stack.Scope) {
	l := looper{map[*stack.Address]*nginx.ServerTable{}, map[*nginx.Block]bool{}, p.Work}
	for _, h := range s.Hops {
		l.loop(p, h)
	}
}

// A looper keeps what is asked again and again.
type looper struct {
	servers  map[*stack.Address]*nginx.ServerTable
	harmless map[*nginx.Block]bool
	work     *nginx.Work
}

func (l looper) loop(p *analyzer.Pass, h *stack.Hop) {
	t := h.Target
	location, server := t.Block, t.Block.Enclosing(catalog.Server)
	if t.Protocol != stack.HTTP || !toOwnServer(h) || len(t.Peers) != 1 || t.Unknown != "" || strings.Contains(t.Pass.Arg(0), "$") ||
		location.Context != catalog.Location || server == nil || !l.sameLocation(t, server) {
		return
	}
	host, known := t.SentHost()
	if !known || !allOwn(h, func(a *stack.Address) bool {
		return a.Complete && a.ProxyProtocol.IsZero() && a.TLS.IsZero() != h.Peer.TLS && l.selects(a, host, server)
	}) || !l.nothingElse(location) {
		return
	}
	i := slices.IndexFunc(h.Own[0].Listens, func(l stack.Listen) bool { return l.Server == server })
	p.Report(t.Pass, h, diag.Finding{
		Severity: diag.Error,
		Summary:  "proxy_pass leads back to its own location",
		Subject:  label(t.Pass.ArgSpan(0), "the request comes back to this location, with Host %s", host),
		Related:  append(useServer(h), label(h.Own[0].Listens[i].Ref.Head(), "the target is this server's own address")),
		Notes:    []string{"requests end as 500 or 502 when nginx has no connections left; error.log: [alert] … worker_connections are not enough"},
		Remedy:   "pass to the address of the backend",
	})
}

// sameHost is a Host header that is the request's own; nginx does not look at its port.
var sameHost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\$(http_)?host(:(\d+|\$server_port|\$proxy_port))?$`)
})

// selects reports whether a Host certainly selects the server on an address.
func (l looper) selects(a *stack.Address, host string, server *nginx.Block) bool {
	_, listens := slices.BinarySearchFunc(a.Servers, server, nginx.InOrder)
	if !listens {
		return false
	}
	if l.servers[a] == nil {
		l.servers[a] = nginx.NewServerTable(a.Servers, a.Default, l.work)
	}
	servers := l.servers[a]
	if !sameHost().MatchString(host) {
		if host == "" || strings.Contains(host, "$") {
			return false
		}
		selected, certain := servers.Select(withoutPort(host))
		return certain && selected == server
	}
	// What came to the server by that address does so again.
	if a.Default == server {
		return true
	}
	names, _ := server.ServerNames()
	return slices.ContainsFunc(names, func(name string) bool {
		selected, certain := servers.Select(name)
		return certain && selected == server && name != "" && !strings.ContainsAny(name, "*~") && name[0] != '.'
	})
}

func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i]
	}
	return host
}

// sameLocation reports whether the URI that a target sends is certainly served
// by its own location.
func (l looper) sameLocation(t *stack.Target, server *nginx.Block) bool {
	modifier, pattern := t.Block.Location()
	uri := t.URI()
	switch {
	case modifier == "@" || strings.ContainsAny(uri, "?#%"):
		return false
	case uri == "" || modifier[:min(1, len(modifier))] != "~" && uri == pattern:
		return true
	case modifier == "" || modifier == "^~":
		return strings.HasPrefix(uri, pattern) && !l.othersBelow(server, t.Block, pattern, uri)
	}
	return false
}

// othersBelow reports whether a location other than this one may serve a URI that begins so.
func (l looper) othersBelow(in, location *nginx.Block, pattern, uri string) bool {
	return !l.work.Take(len(in.Children)) || slices.ContainsFunc(in.Children, func(b *nginx.Block) bool {
		m, other := b.Location()
		switch {
		case b.Context != catalog.Location || m == "@":
			return false
		case m == "~" || m == "~*" || b.Missing:
			return true
		case b != location && len(other) > len(pattern) && (strings.HasPrefix(other, uri) || strings.HasPrefix(uri, other)):
			return true
		}
		return l.othersBelow(b, location, pattern, uri)
	})
}

// harmless are directives that cannot end a loop, by name or by what they begin with (`_` at the end).
var harmless = []string{
	"absolute_redirect", "access_log", "add_header", "aio", "alias", "autoindex", "charset", "chunked_transfer_encoding", "client_", "default_type", "directio", "error_log", "etag", "expires",
	"fastcgi_", "geo", "grpc_", "gzip", "gzip_", "http2", "http2_", "index", "keepalive_", "large_client_header_buffers", "limit_conn_zone", "limit_req_zone", "listen", "location", "log_format", "log_not_found", "map", "map_hash_", "merge_slashes",
	"open_file_cache", "open_file_cache_", "output_buffers", "port_in_redirect", "postpone_output", "proxy_", "real_ip_header", "real_ip_recursive", "reset_timedout_connection", "resolver", "resolver_timeout",
	"root", "scgi_", "send_timeout", "sendfile", "sendfile_max_chunk", "server", "server_name", "server_name_in_redirect", "server_names_hash_", "server_tokens", "set", "set_real_ip_from", "split_clients", "ssl", "ssl_",
	"tcp_nodelay", "tcp_nopush", "types", "types_hash_", "underscores_in_headers", "upstream", "uwsgi_", "variables_hash_",
}

// ending are the exceptions from harmless.
var ending = []string{"fastcgi_pass", "grpc_pass", "scgi_pass", "uwsgi_pass", "proxy_cache", "proxy_store", "proxy_intercept_errors", "proxy_method", "proxy_pass_request_headers", "ssl_verify_client", "ssl_reject_handshake"}

// nothingElse reports whether nothing in force in a location but what is known
// to be harmless touches a request.
func (l looper) nothingElse(location *nginx.Block) bool {
	for b := location; b != nil && b.Context != catalog.Main; b = b.Parent {
		none, known := l.harmless[b]
		if !known {
			none = onlyHarmless(b)
			l.harmless[b] = none
		}
		if !none {
			return false
		}
	}
	return true
}

func onlyHarmless(b *nginx.Block) bool {
	for r := range b.All() {
		name := r.Name()
		known := slices.ContainsFunc(harmless, func(h string) bool {
			return name == h || strings.HasSuffix(h, "_") && strings.HasPrefix(name, h)
		})
		if !known || slices.Contains(ending, name) {
			return false
		}
	}
	return !b.Missing
}
