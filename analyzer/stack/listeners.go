package stack

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
)

func poolListener(p *fpm.Pool) *Listener {
	v := p.Get("listen")
	if !v.Set || !v.Known {
		return nil
	}
	listen, ok := fpm.ParseListen(v.Text)
	if !ok {
		return nil
	}
	return &Listener{Endpoint: PoolEndpoint(listen), Protocol: FastCGI, Span: v.Span, Pool: p}
}

// ListenEndpoint reads an nginx listen directive. `P` and `0.0.0.0:P` are IPv4
// only, `[::]:P` IPv6 only unless `ipv6only=off` stands there.
func ListenEndpoint(r nginx.Ref) (Endpoint, bool) {
	arg := r.Arg(0)
	if nginx.Opaque(arg) || strings.Contains(arg, "$") {
		return Endpoint{}, false
	}
	if p, ok := cutUnix(arg); ok {
		return UnixEndpoint(p), true
	}
	if strings.Contains(arg, "-") { // a range of ports
		return Endpoint{}, false
	}
	host, port, ok := splitHostPort(arg, 80)
	if n, err := strconv.Atoi(arg); err == nil {
		host, port, ok = "*", n, n > 0 && n < 65536
	}
	if !ok {
		return Endpoint{}, false
	}
	e := TCPEndpoint(host, port)
	if e.Host == "" {
		switch e.Families {
		case V4:
		case Dual:
			e.Families = V4
		case V6:
			if r.IndexArg("ipv6only=off", 0) >= 0 {
				e.Families = Dual
			}
		}
	}
	return e, true
}

// splitHostPort reads `host`, `host:port`, `[v6]` and `[v6]:port` as nginx does;
// the port is the fallback where none is written.
func splitHostPort(s string, fallback int) (host string, port int, ok bool) {
	host, digits := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", 0, false
		}
		host, digits = s[:end+1], s[end+1:]
		if digits != "" && digits[0] != ':' {
			return "", 0, false
		}
		digits = strings.TrimPrefix(digits, ":")
	} else if before, after, found := strings.Cut(s, ":"); found {
		host, digits = before, after
	}
	if digits == "" {
		return host, fallback, host != ""
	}
	n, err := strconv.Atoi(digits)
	return host, n, err == nil && n > 0 && n < 65536
}

// DebianSocket is the link that Debian's units keep to the socket of the newest PHP version.
const DebianSocket = "/run/php/php-fpm.sock"

var debianMaster = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|/)etc/php/(\d+)\.(\d+)/fpm/(pool\.d/)?[^/]+$`) })

// debianLinks says where Debian's link leads: to what pool.d/www.conf of the
// newest version listens on (php-fpm-socket-helper reads that file). It is nil
// where the link exists but that pool was not read.
func debianLinks(masters []*fpm.Master) map[string]*Listener {
	links := map[string]*Listener{}
	best := -1
	for _, m := range masters {
		version := debianMaster().FindStringSubmatch(m.Place(m.Path))
		if version == nil {
			continue
		}
		major, _ := strconv.Atoi(version[2])
		minor, _ := strconv.Atoi(version[3])
		if rank := major*100 + minor; rank > best {
			best = rank
			links[DebianSocket] = nil
			for _, p := range m.Pools {
				l := poolListener(p)
				if l != nil && l.Endpoint.Net == Unix && strings.HasSuffix("/"+m.Place(l.Span.File.Path), "/pool.d/www.conf") {
					links[DebianSocket] = l
				}
			}
		}
	}
	return links
}
