package rules

import (
	"fmt"
	"net/netip"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var fpmListenSyntax = analyzer.Rule{
	ID:         "fpm-listen-syntax",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnScope:    listenSyntax,
	Doc: analyzer.Doc{
		Summary: "a pool's listen that php-fpm cannot listen on, or takes for something else",
		What: "`listen = unix:/path` (that is nginx's spelling), a port that is no number from 1 to 65535, a URL, an IPv6 address without a port: php-fpm takes what follows the last colon for the port. " +
			"`listen = 127.0.0.1` or `localhost`, an address without a port: without a colon it is the name of a unix socket.",
		Why: "`php-fpm -t` accepts all of them. With the former php-fpm does not start: `ERROR: invalid port value '/run/php/a.sock'`, or `ERROR: getaddrinfo: Name or service not known`. " +
			"With the latter it starts, and makes a unix socket named `127.0.0.1` in its prefix (often /usr): requests to any port of the address end as 502 with `connect() failed (111: Connection refused)`.",
		Gaps:      "Whether a host name resolves, an address is the machine's or a folder exists is not known here. A relative socket that has no name of this kind is one that somebody may want.",
		Remedy:    "Write `/path`, `port`, `address:port` or `[address]:port`.",
		FixSafety: "Safe for `unix:` before a path: php-fpm does not start as it is, and the path is what was meant. A missing or wrong port is yours to say.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#listen"},
		Since:     "0.1.0",
	},
}

func listenSyntax(p *analyzer.Pass, s *stack.Scope) {
	spoken := false
	for _, m := range s.Masters {
		for _, pool := range m.Pools {
			wrongListen(p, pool, &spoken)
		}
	}
}

// wrongListen reports a pool. The first one whose port is missing or wrong speaks
// for all ports that nothing serves.
func wrongListen(p *analyzer.Pass, pool *fpm.Pool, spoken *bool) {
	v := pool.Get("listen")
	if !v.Set || !v.Known || v.Text == "" || nginx.Opaque(v.Text) {
		return
	}
	listen, ok := fpm.ParseListen(v.Text)
	if ok && (listen.Kind != fpm.Unix || !isHost(listen.Path)) {
		return
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "php-fpm cannot listen on this",
		Notes:    []string{"php-fpm does not start, though php-fpm -t is content: ERROR: " + listenError(v.Text)},
		Remedy:   "write listen = /path, a port, or address:port",
		Fixes:    []diag.Fix{{Title: "write /path, a port, or address:port", Safety: diag.Manual}},
	}
	path, unix := strings.CutPrefix(v.Text, "unix:")
	switch {
	case ok:
		f.Summary = "an address without a port, which php-fpm takes for a file name"
		f.Subject = label(v.Span, "a unix socket named %s, below php-fpm's prefix", v.Text)
		f.Notes = []string{"the pool listens on no port: requests to one end as 502; error.log: connect() failed (111: Connection refused) while connecting to upstream"}
		f.Fixes[0].Title = "write the port, as in 127.0.0.1:9000, or 9000 alone for all addresses"
	case unix && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//"):
		f.Subject = label(v.Span, "`unix:` is nginx's spelling: to php-fpm the path is a port")
		f.Remedy = "write listen = " + path
		f.Fixes = []diag.Fix{{
			Title: "write the path alone", Safety: diag.Safe,
			Edits: []diag.Edit{{Span: v.Span, NewText: strings.Replace(v.Span.Text(), "unix:", "", 1)}},
		}}
	case isHost(v.Text):
		f.Subject = label(v.Span, "an address without a port")
	default:
		f.Subject = label(v.Span, "%s", misspelt(v.Text))
	}
	missed := meantFor(p.Scope, path, unix)
	f.Related = connectsHere(missed)
	if !unix {
		if *spoken {
			missed = nil
		}
		*spoken = true
	}
	p.Report(nginx.Ref{}, speakFor(pool, missed), f)
}

// isHost reports whether a text is an address or the name of the machine itself, and no port.
func isHost(s string) bool {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	return err == nil && addr.Zone() == "" || strings.EqualFold(s, "localhost") || s == "*"
}

// portOf splits an address as php-fpm does, at its last colon.
func portOf(s string) (port, host string) {
	colon := strings.LastIndexByte(s, ':')
	return s[colon+1:], s[:max(colon, 0)]
}

func isPort(s string) bool {
	n := syntax.Atoi(s)
	return n > 0 && n < 65536
}

// misspelt says what is wrong with an address that has a colon or is a number.
func misspelt(s string) string {
	port, host := portOf(s)
	switch {
	case !strings.Contains(s, ":"):
		return "ports are from 1 to 65535"
	case !isPort(port):
		return "no port from 1 to 65535 stands behind the last colon"
	case host == "":
		return "no address stands before the colon; for all addresses write the port alone"
	}
	return fmt.Sprintf("%q is neither an address nor a name", host)
}

// listenError is what php-fpm says when it starts.
func listenError(s string) string {
	if port, _ := portOf(s); !isPort(port) {
		return fmt.Sprintf("invalid port value '%s'", port)
	}
	return "getaddrinfo: Name or service not known"
}

// meantFor are the hops that nothing serves and that the listen was meant for:
// the same socket, or a port where one is missing or wrong.
func meantFor(s *stack.Scope, path string, unix bool) (hops []*stack.Hop) {
	candidates := s.UnservedPorts()
	if unix {
		candidates = s.Unserved(stack.UnixEndpoint(path))
	}
	for _, h := range candidates {
		e := h.Peer.Endpoint
		if !unserved(h) || h.Peer.PortMissing || (e.Net == stack.Unix) != unix {
			continue
		}
		if !unix || e.Path == stack.UnixEndpoint(path).Path {
			hops = append(hops, h)
		}
	}
	return hops
}
