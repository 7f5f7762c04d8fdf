package stack

import (
	"path"
	"strconv"
	"strings"
)

// ParseProtocol reads the word for a protocol that Protocols lists.
func ParseProtocol(word string) (Protocol, bool) {
	switch word {
	case "fastcgi":
		return FastCGI, true
	case "http":
		return HTTP, true
	case "uwsgi":
		return UWSGI, true
	case "scgi":
		return SCGI, true
	case "grpc":
		return GRPC, true
	case "memcached":
		return Memcached, true
	case "tcp":
		return Raw, true
	}
	return 0, false
}

// Protocols lists the words for protocols; tcp is whatever has no other.
func Protocols() []string {
	return []string{"fastcgi", "http", "uwsgi", "scgi", "grpc", "memcached", "tcp"}
}

// ParseAddress reads where something listens, as people write it: `host:port`,
// `[v6]:port`, a port alone or `*:port` for any address of either family, an
// absolute socket path with or without `unix:` before it.
func ParseAddress(s string) (Endpoint, bool) {
	if p := strings.TrimPrefix(s, "unix:"); path.IsAbs(p) {
		return UnixEndpoint(p), true
	}
	if port, err := strconv.Atoi(s); err == nil {
		return TCPEndpoint("", port), port > 0 && port < 65536
	}
	host, port, ok := splitHostPort(s, 0)
	return TCPEndpoint(host, port), ok && port != 0 && host != "" && !strings.ContainsAny(host, "/$ ")
}
