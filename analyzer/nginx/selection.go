package nginx

import (
	"strings"

	"nginx-lint/analyzer/catalog"
)

// SelectServer finds the server that answers a Host among those that listen on
// one address, in their order; fallback is the address's default server. nginx
// looks for the exact name, then the longest one with a leading wildcard, the
// longest with a trailing one, the first regular expression that matches.
// certain is false where names hold variables or expressions that are not decided here.
func SelectServer(servers []*Block, fallback *Block, host string) (server *Block, certain bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	const none, expression, trailing, leading, exact = 0, 1, 2, 3, 4
	best, rank, length := fallback, none, 0
	certain = true
	for _, s := range servers {
		names, known := s.ServerNames()
		certain = certain && known
		for _, name := range names {
			r := none
			switch pattern, isExpression := strings.CutPrefix(name, "~"); {
			case isExpression:
				matched, known := s.Config.MatchExpression(pattern, true, host)
				certain = certain && known
				if matched {
					r = expression
				}
			case name == host:
				r = exact
			case strings.HasPrefix(name, "*.") && strings.HasSuffix(host, name[1:]),
				strings.HasPrefix(name, ".") && (strings.HasSuffix(host, name) || host == name[1:]):
				r = leading
			case strings.HasSuffix(name, ".*") && strings.HasPrefix(host, name[:len(name)-1]):
				r = trailing
			}
			if r > rank || r == rank && (r == leading || r == trailing) && len(name) > length {
				best, rank, length = s, r, len(name)
			}
		}
	}
	return best, certain
}

// ServerNames are the names of a server in lower case; one without server_name
// has the empty name. known is false where a name holds a variable, or an
// include that could add one is missing.
func (b *Block) ServerNames() (names []string, known bool) {
	known = !b.Missing
	for _, r := range b.Own("server_name") {
		for _, name := range r.Args() {
			expression := strings.HasPrefix(name, "~")
			if Opaque(name) || !expression && strings.Contains(name, "$") {
				known = false
				continue
			}
			if !expression {
				name = strings.ToLower(name)
			}
			names = append(names, name)
		}
	}
	if names == nil && known {
		names = []string{""}
	}
	return names, known
}

// SelectLocation finds the location that serves a normalised URI in a server (or
// a location): exact ones, then the longest prefix with what is nested in it, and
// unless that is a `^~` one, the first regular expression that matches. It is nil
// where none does. certain is false where that depends on something not known.
func SelectLocation(in *Block, uri string) (location *Block, certain bool) {
	location, _, certain = find(in, uri)
	return location, certain
}

// find follows ngx_http_core_find_location. final is set where an exact location
// or an expression matched: the enclosing level then asks no expression of its own.
func find(in *Block, uri string) (location *Block, final, certain bool) {
	if in.Missing {
		return nil, false, false
	}
	location, final, certain = longestPrefix(in, uri)
	if !certain || final {
		return location, final, certain
	}
	if location != nil {
		outer := location
		nested, final, certain := find(outer, uri)
		if nested != nil {
			location = nested
		}
		if final || !certain || outer.modifier() == "^~" {
			return location, final, certain
		}
	}
	for _, child := range in.Children {
		m := child.modifier()
		if m != "~" && m != "~*" {
			continue
		}
		_, pattern := child.Location()
		matched, known := in.Config.MatchExpression(pattern, m == "~*", uri)
		if !known {
			return nil, false, false
		}
		if matched {
			nested, _, certain := find(child, uri)
			if nested == nil {
				nested = child
			}
			return nested, true, certain
		}
	}
	return location, false, true
}

func longestPrefix(in *Block, uri string) (best *Block, exact, certain bool) {
	longest := -1
	for _, child := range in.Children {
		if child.Context != catalog.Location {
			continue
		}
		m, pattern := child.Location()
		switch {
		case m == "@", m == "~", m == "~*":
		case Opaque(pattern):
			return nil, false, false
		case m == "=" && pattern == uri:
			return child, true, true
		case m != "=" && strings.HasPrefix(uri, pattern) && len(pattern) > longest:
			best, longest = child, len(pattern)
		}
	}
	return best, false, true
}

// modifier is that of a location; "" for other blocks.
func (b *Block) modifier() string {
	if b.Context != catalog.Location {
		return ""
	}
	m, _ := b.Location()
	return m
}

// Location is how a location is matched ("=", "^~", "~", "~*", "@" for a named
// one, "" for a prefix) and its pattern.
func (b *Block) Location() (modifier, pattern string) { return LocationOf(b.Args()) }

// LocationOf is Location for the arguments of the directive. nginx takes modifier
// and pattern also as one word.
func LocationOf(args []string) (modifier, pattern string) {
	switch len(args) {
	case 1:
		for _, m := range []string{"=", "^~", "~*", "~", "@"} {
			if rest, ok := strings.CutPrefix(args[0], m); ok {
				return m, rest
			}
		}
		return "", args[0]
	case 2:
		return args[0], args[1]
	}
	return "@", "" // nginx refuses it
}
