package stack

import (
	"strings"

	"nginx-lint/analyzer/nginx"
)

// URI is the URI part of a proxy_pass without variables, "" where it has none:
// what nginx sends in place of the part of the request that the location matched.
// Without one the request's own URI is sent.
func (t *Target) URI() string {
	_, uri := t.splitURL()
	return uri
}

// splitURL splits a proxy_pass without variables into address and URI part.
func (t *Target) splitURL() (address, uri string) {
	rest, _, _, _ := cutScheme(t.Protocol, t.Pass.Arg(0))
	if path, ok := cutUnix(rest); ok {
		path, uri, _ = strings.Cut(path, ":")
		return "unix:" + path, uri
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[:i], rest[i:]
	}
	return rest, ""
}

// SentHost is the Host header that a proxy_pass sends, as it is written: it may
// hold variables. By default it is $proxy_host, whose value is given where the
// target has no variables. known is false where a missing include or an unread
// outer block may set it.
func (t *Target) SentHost() (host string, known bool) {
	headers, known := t.Block.ListOf("proxy_set_header", "Host")
	host = "$proxy_host"
	for i, r := range headers {
		known = known && i == 0 // two Host headers: what is made of them is the backend's
		host = r.Arg(1)
	}
	if host == "$proxy_host" && !strings.Contains(t.Pass.Arg(0), "$") {
		host = t.ProxyHost()
	}
	return host, known && !nginx.Opaque(host)
}

// ProxyHost is the value of $proxy_host for a proxy_pass without variables: the
// address, with the port where it is not the scheme's own.
func (t *Target) ProxyHost() string {
	address, _ := t.splitURL()
	if strings.HasPrefix(address, "unix:") {
		return "localhost"
	}
	_, port, _, _ := cutScheme(t.Protocol, t.Pass.Arg(0))
	if host, written, ok := splitHostPort(address, port); ok && written == port {
		return host
	}
	return address
}
