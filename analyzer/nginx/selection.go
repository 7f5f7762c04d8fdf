package nginx

import (
	"strings"

	"nginx-lint/analyzer/catalog"
)

// A ServerTable tells which server answers a Host among those that listen on one address.
type ServerTable struct {
	fallback                 *Block
	exact, leading, trailing map[string]*Block // the first server that has the name
	expressions              []namedExpression
	known                    bool // all names are
	work                     *Work
}

type namedExpression struct {
	server  *Block
	pattern string
}

// NewServerTable enters servers in their order; fallback is the address's default server.
func NewServerTable(servers []*Block, fallback *Block, w *Work) *ServerTable {
	t := &ServerTable{fallback: fallback, known: true, work: w, exact: map[string]*Block{}, leading: map[string]*Block{}, trailing: map[string]*Block{}}
	for _, s := range servers {
		names, known := s.ServerNames()
		t.known = t.known && known
		for _, name := range names {
			if pattern, ok := strings.CutPrefix(name, "~"); ok {
				t.expressions = append(t.expressions, namedExpression{s, pattern})
				continue
			}
			table := t.exact
			switch {
			case strings.HasPrefix(name, "."), strings.HasPrefix(name, "*."):
				table = t.leading
			case strings.HasSuffix(name, ".*"):
				table = t.trailing
			}
			if table[name] == nil {
				table[name] = s
			}
		}
	}
	return t
}

// Select finds the server that answers a Host. nginx looks for the exact name,
// then the longest one with a leading wildcard, the longest with a trailing one,
// the first regular expression that matches. certain is false where names hold
// variables or expressions that are not decided here.
func (t *ServerTable) Select(host string) (server *Block, certain bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if s := t.exact[host]; s != nil {
		return s, t.known
	}
	if s := t.leading["."+host]; s != nil {
		return s, t.known
	}
	for i := range len(host) {
		if host[i] == '.' {
			for _, name := range []string{"*" + host[i:], host[i:]} {
				if s := t.leading[name]; s != nil {
					return s, t.known
				}
			}
		}
	}
	for i := len(host) - 1; i > 0; i-- {
		if s := t.trailing[host[:i]+"*"]; host[i-1] == '.' && s != nil {
			return s, t.known
		}
	}
	for _, e := range t.expressions {
		matched, known := t.work.Match(e.server.Config, e.pattern, true, host)
		if !known {
			return nil, false
		}
		if matched {
			return e.server, t.known
		}
	}
	return t.fallback, t.known
}

// ServerNames are the names of a server in lower case; one without server_name
// has the empty name. known is false where a name holds a variable, or an
// include that could add one is missing.
func (b *Block) ServerNames() (names []string, known bool) {
	known = !b.Missing
	for _, r := range b.Own("server_name") {
		for _, name := range r.EachArg() {
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
func (w *Work) SelectLocation(in *Block, uri string) (location *Block, certain bool) {
	location, _, certain = w.find(in, uri)
	return location, certain
}

// find follows ngx_http_core_find_location. final is set where an exact location
// or an expression matched: the enclosing level then asks no expression of its own.
func (w *Work) find(in *Block, uri string) (location *Block, final, certain bool) {
	if in.Missing || !w.Take(2*len(in.Children)) {
		return nil, false, false
	}
	location, final, certain = longestPrefix(in, uri)
	if !certain || final {
		return location, final, certain
	}
	if location != nil {
		outer := location
		nested, final, certain := w.find(outer, uri)
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
		matched, known := w.Match(in.Config, pattern, m == "~*", uri)
		if !known {
			return nil, false, false
		}
		if matched {
			nested, _, certain := w.find(child, uri)
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
func (b *Block) Location() (modifier, pattern string) {
	r := b.Ref()
	var args [3]string // one more than nginx takes
	n := min(r.NArgs(), len(args))
	for i := range n {
		args[i] = r.Arg(i)
	}
	return LocationOf(args[:n])
}

// LocationOf is Location for the arguments of the directive. nginx takes modifier
// and pattern also as one word.
func LocationOf(args []string) (modifier, pattern string) {
	switch len(args) {
	case 1:
		for _, m := range [...]string{"=", "^~", "~*", "~", "@"} {
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
