package rules

import (
	"path"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// scriptLocation is the location with an expression, of those beside a location,
// that a script at a path would go to FastCGI in, were it not for that location; nil
// where there is none, or it is not certain.
func scriptLocation(w *nginx.Work, beside *nginx.Block, uri string) *nginx.Block {
	if beside.Parent == nil || beside.Parent.Missing || !w.Take(len(beside.Parent.Children)) {
		return nil
	}
	for _, b := range beside.Parent.Children {
		if b.Context != catalog.Location {
			continue
		}
		modifier, pattern := b.Location()
		if modifier != "~" && modifier != "~*" {
			continue
		}
		switch matched, known := w.Match(b.Config, pattern, modifier == "~*", uri); {
		case !known:
			return nil
		case matched:
			if len(b.Own("fastcgi_pass")) == 0 || b.Missing {
				return nil
			}
			return b
		}
	}
	return nil
}

// sendsSource reports whether a script at a path, where there is one, is certainly
// sent as it is by a location, without having come there from elsewhere.
func sendsSource(w *nginx.Work, s *stack.Scope, c *nginx.Config, server *nginx.Block, uri string) (location *nginx.Block, certain bool) {
	if server == nil || path.Ext(uri) != ".php" {
		return nil, false
	}
	route, certain := w.Serve(server, uri, s.Present(c, uri))
	return route.Location, certain && route.Handler == nginx.Static && route.URI == uri
}

// hasOwn reports whether one of these directives stands in a block itself.
func hasOwn(b *nginx.Block, names ...string) bool {
	for _, name := range names {
		if len(b.Own(name)) > 0 {
			return true
		}
	}
	return false
}

// literalPath is the path of a URI that holds no variable before its arguments.
func literalPath(uri string) (literal string, ok bool) {
	literal, _, _ = strings.Cut(uri, "?")
	for _, arguments := range []string{"$is_args$args", "$is_args$query_string", "$args", "$query_string"} {
		literal = strings.TrimSuffix(literal, arguments)
	}
	return literal, strings.HasPrefix(literal, "/") && nginx.Literal(literal)
}
