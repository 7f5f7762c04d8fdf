package fpm

import (
	"net/netip"
	"strings"

	"nginx-lint/analyzer/syntax"
)

// ListenKind tells the two kinds of addresses apart.
type ListenKind uint8

// The kinds of listen addresses.
const (
	Unix ListenKind = iota + 1
	TCP
)

// A Listen is the address that a pool listens on.
type Listen struct {
	Kind ListenKind
	// Path is the unix socket as written; Relative tells that it lies below the
	// pool's prefix, else the master's, else the build's.
	Path     string
	Relative bool
	// Host is the name or address without brackets; empty for a port alone, which
	// listens on all addresses of both families. `*` is not that: glibc takes it
	// for the loopback interface, [::1] first (measured).
	Host string
	Port int
}

// ParseListen reads an address as php-fpm does: with a colon it is host:port,
// digits are a port, all else is a unix socket, so 127.0.0.1 without a port is
// a file of that name. ok is false for what passes php-fpm's test but cannot be
// listened on: `unix:/x`, ports that are no number from 1 to 65535 (after C's
// 32 bits), and hosts that can be neither name nor address.
func ParseListen(s string) (l Listen, ok bool) {
	if s == "" {
		return Listen{}, false
	}
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 && strings.Trim(s, "0123456789") != "" {
		return Listen{Kind: Unix, Path: s, Relative: s[0] != '/'}, true
	}
	port := s[colon+1:]
	l = Listen{Kind: TCP, Port: int(syntax.Atoi(port))}
	if l.Port < 1 || l.Port > 65535 {
		return Listen{}, false
	}
	if colon < 0 {
		return l, true
	}
	// The system reads the port again and wants nothing behind the digits.
	if last := port[len(port)-1]; last < '0' || last > '9' || strings.Trim(strings.TrimLeft(port, " \t\n\v\f\r+"), "0123456789") != "" {
		return Listen{}, false
	}
	l.Host = s[:colon]
	if strings.HasPrefix(l.Host, "[") && strings.HasSuffix(l.Host, "]") {
		l.Host = l.Host[1 : len(l.Host)-1]
	}
	if strings.Contains(l.Host, ":") {
		_, err := netip.ParseAddr(l.Host)
		return l, err == nil
	}
	return l, l.Host != "" && !strings.ContainsAny(l.Host, "/ \t[]")
}
