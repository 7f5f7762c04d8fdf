// Package stack joins the two sides: what nginx passes requests to, and what
// listens there, within one scope (what runs together on one host).
package stack

import (
	"net/netip"
	"path"
	"strconv"
	"strings"

	"nginx-lint/analyzer/fpm"
)

// Net is the kind of an endpoint.
type Net uint8

// The kinds of endpoints.
const (
	Unix Net = iota + 1
	TCP
)

// Family is a set of IP families.
type Family uint8

// The families.
const (
	V4 Family = 1 << iota
	V6
	Dual = V4 | V6
)

// An Endpoint is an address in canonical form.
type Endpoint struct {
	Net Net
	// Path is the cleaned path of a unix socket, /var/run written as /run. A
	// relative one depends on where the process was started.
	Path string
	// Host is empty where the endpoint is any address of its families, else an
	// address, or a name (lower case).
	Host string
	Port int
	// Families are those that a listener accepts, or that a target's name may lead to.
	Families Family
}

// UnixEndpoint is the endpoint of a socket path.
func UnixEndpoint(p string) Endpoint {
	p = path.Clean(p)
	if rest, ok := strings.CutPrefix(p, "/var/run/"); ok {
		p = "/run/" + rest
	}
	return Endpoint{Net: Unix, Path: p}
}

// TCPEndpoint is the endpoint of a host and port; host may stand in brackets.
// An empty host or `*` is any address of either family, 0.0.0.0 and [::] any of theirs.
func TCPEndpoint(host string, port int) Endpoint {
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	e := Endpoint{Net: TCP, Host: host, Port: port, Families: Dual}
	if host == "" || host == "*" {
		e.Host = ""
		return e
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return e
	}
	addr = addr.Unmap()
	e.Host, e.Families = addr.String(), V6
	if addr.Is4() {
		e.Families = V4
	}
	if addr.IsUnspecified() {
		e.Host = ""
	}
	return e
}

// MaxSocketPath is how many bytes the path of a unix socket may have on Linux.
// nginx refuses a longer one, php-fpm cuts it off there (measured on php-fpm 8.2).
const MaxSocketPath = 107

// PoolEndpoint is the endpoint of a pool's listen. `P` and `[::]:P` accept both
// families, 0.0.0.0:P IPv4 only; `*:P` is what the resolver takes `*` for, with
// glibc one loopback address (measured on php-fpm 8.2).
func PoolEndpoint(l fpm.Listen) Endpoint {
	if l.Kind == fpm.Unix {
		if !l.Relative && len(l.Path) > MaxSocketPath {
			return UnixEndpoint(l.Path[:MaxSocketPath])
		}
		return UnixEndpoint(l.Path)
	}
	if l.Host == "*" {
		return Endpoint{Net: TCP, Host: "*", Port: l.Port, Families: Dual}
	}
	e := TCPEndpoint(l.Host, l.Port)
	if e.Host == "" && e.Families == V6 {
		e.Families = Dual
	}
	return e
}

// Local reports whether the endpoint can only be on the machine itself: a unix
// socket, a loopback address or localhost.
func (e Endpoint) Local() bool {
	if e.Net == Unix {
		return true
	}
	if e.Host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(e.Host)
	return err == nil && addr.IsLoopback()
}

// String writes the endpoint as nginx takes it in fastcgi_pass.
func (e Endpoint) String() string {
	if e.Net == Unix {
		return "unix:" + e.Path
	}
	host := e.Host
	if host == "" {
		switch e.Families {
		case V4:
			host = "0.0.0.0"
		case V6:
			host = "[::]"
		case Dual:
			host = "*"
		}
	} else if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(e.Port)
}

// Certainty is how sure it is that a connection to one endpoint reaches another.
type Certainty uint8

// The degrees of certainty.
const (
	No Certainty = iota
	Maybe
	Yes
)

// Reaches reports whether a connection to target e arrives at listener l.
func (e Endpoint) Reaches(l Endpoint) Certainty {
	switch {
	case e.Net != l.Net:
		return No
	case e.Net == Unix:
		return samePath(e.Path, l.Path)
	case e.Port != l.Port:
		return No
	case e.Host == l.Host:
		return Yes
	case l.Host == "":
		if e.Families&l.Families != 0 {
			return Yes
		}
		return No
	case e.Host == "localhost" && l.Host == "127.0.0.1":
		return Yes // nginx tries every address of a name, and every hosts file has this one
	case isAddr(e.Host) && isAddr(l.Host):
		return No
	case e.Host == "localhost" && isAddr(l.Host):
		return loopback(l.Host)
	case l.Host == "localhost" && isAddr(e.Host):
		return loopback(e.Host)
	}
	return Maybe // a name resolves to what the network says
}

// samePath compares two sockets. A relative path lies below what the server was
// started in or with: it may be an absolute one that ends like it.
func samePath(a, b string) Certainty {
	switch {
	case a == b:
		return Yes
	case path.IsAbs(a) && path.IsAbs(b):
		return No
	case strings.HasPrefix(a, "../") || strings.HasPrefix(b, "../"):
		return Maybe
	case strings.HasSuffix(a, "/"+b) || strings.HasSuffix(b, "/"+a):
		return Maybe
	}
	return No
}

// loopback: whether localhost is ::1 too, and which address a listener on it
// binds, is for the hosts file to say.
func loopback(host string) Certainty {
	if host == "127.0.0.1" || host == "::1" {
		return Maybe
	}
	return No
}

func isAddr(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
