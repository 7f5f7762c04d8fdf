package stack

import (
	"strconv"
	"strings"

	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

// A Name is a host name that nginx looks up while it serves a request, because
// the directive that names it has variables. Names of upstreams are none.
type Name struct {
	// Host is in lower case.
	Host string
	// Port is 0 where it is not known.
	Port int
	// Span is where the name is written: the argument of the pass itself, or a value of a `set` or a `map`.
	Span source.Span
	// From is the directive that it is written in.
	From nginx.Ref
}

// names lists the host names that a target with variables may lead to, as far as
// they are literals. An upstream has no port of its own: with a port written
// nginx looks its name up as well (measured).
func names(t *Target, upstreams map[string]*nginx.Block, v *variables) []Name {
	text := t.Pass.Arg(0)
	if nginx.Opaque(text) || !strings.Contains(text, "$") {
		return nil
	}
	anyScheme := false
	for _, scheme := range []string{"$scheme://", "${scheme}://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			text, anyScheme = "http://"+rest, true
		}
	}
	values, rest := v.expand(t.Block, literal{text: text, span: t.Pass.ArgSpan(0), from: t.Pass})
	complete := rest == "" || startsWithSlash(rest)
	var found []Name
	for _, pieces := range values {
		url := join(pieces)
		address, port, _, ok := cutScheme(t.Protocol, url)
		if anyScheme {
			port = 0
		}
		if !ok || strings.HasPrefix(strings.ToLower(address), "unix:") {
			continue
		}
		start := len(url) - len(address)
		if i := strings.IndexAny(address, "/?"); i >= 0 {
			address = address[:i]
		} else if !complete && !strings.Contains(address, ":") {
			continue // the name goes on in a variable
		} else if !complete {
			address = address[:strings.IndexByte(address, ':')+1]
		}
		host, digits, hasPort := strings.Cut(address, ":")
		if hasPort {
			port, _ = strconv.Atoi(digits)
		}
		host = strings.ToLower(host)
		if host == "" || host[0] == '[' || isAddr(host) || !hasPort && (t.Protocol != HTTP || upstreams[host] != nil) {
			continue
		}
		found = append(found, nameAt(pieces, start, host, port))
	}
	return found
}

// schemeless lists where the values of a proxy_pass with variables are written, if
// none of them begins with a scheme that nginx takes.
func schemeless(t *Target, v *variables) []source.Span {
	if t.Protocol != HTTP || nginx.Opaque(t.Pass.Arg(0)) || !strings.Contains(t.Pass.Arg(0), "$") {
		return nil
	}
	values, rest := v.expand(t.Block, literal{text: t.Pass.Arg(0), span: t.Pass.ArgSpan(0), from: t.Pass})
	var spans []source.Span
	for _, pieces := range values {
		text := join(pieces)
		if _, _, _, ok := cutScheme(HTTP, text); ok || rest != "" && len(text) < len("https://") {
			return nil
		}
		if text != "" {
			spans = append(spans, pieces[0].span)
		}
	}
	return spans
}

// nameAt is a name with the piece that it starts in.
func nameAt(pieces []literal, start int, host string, port int) Name {
	for _, p := range pieces {
		if start < len(p.text) {
			return Name{host, port, p.span, p.from}
		}
		start -= len(p.text)
	}
	return Name{}
}

// startsWithSlash reports whether a text begins with a variable whose value always begins with a slash.
func startsWithSlash(text string) bool {
	name, _ := nginx.CutVariable(text)
	return name == "request_uri" || name == "uri" || name == "document_uri"
}
