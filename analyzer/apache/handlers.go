package apache

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"nginx-lint/analyzer/source"
)

// A handler is a SetHandler.
type handler struct {
	section
	target int // its index among the targets; -1 for none
}

// A pass is what a ProxyPass takes before any handler does: paths below one, or that match.
type pass struct {
	path     string
	pattern  *regexp.Regexp
	any      bool // which is not known
	location bool // of a <Location>, before others
	target   int  // its index among the targets; -1 for none
}

// A route is what the sections of a server, or of a virtual host, make of requests.
type route struct {
	handlers []handler // in their order
	passes   []pass
	// away is set where requests may be sent elsewhere, unread where a file that was
	// read before has more to say.
	away, unread bool
	// root is the DocumentRoot; "" where it is not known.
	root string
}

func (s *Server) route(host int) *route {
	if s.routes[host] == nil {
		s.routes[host] = &route{}
	}
	return s.routes[host]
}

// proxyPass notes what a ProxyPass or ProxyPassMatch takes; target is -1 where
// that goes nowhere that is known.
func (s *Server) proxyPass(name string, args []word, at frame, target int) {
	r := s.route(at.host)
	first := args[0].text
	p := pass{target: target, any: at.maybe}
	switch {
	case len(args) > 1 && args[1].text == "!":
		return
	case !at.directory && at.path != "":
		p.location, p.path, p.any = true, at.path, at.maybe || at.pattern
	case name == "proxypassmatch":
		re, err := regexp.Compile(first)
		p.pattern, p.any = re, at.maybe || err != nil
	default:
		p.path = path.Clean("/" + first)
	}
	r.passes = append(r.passes, p)
}

// documentRoot notes where the files of a server lie.
func (s *Server) documentRoot(value word, at frame) {
	r := s.route(at.host)
	r.root = path.Clean(value.text)
	if at.maybe || !path.IsAbs(r.root) || strings.Contains(r.root, "$") {
		r.root = ""
	}
}

// takes are the samples of a section that a ProxyPass takes.
func (p pass) takes(c section, root string) samples {
	prefix := "/"
	switch {
	case c.path == "":
	case !c.directory && !c.pattern:
		prefix = c.path
	case root != "" && !c.pattern && source.Below(c.path, root):
		prefix = path.Join("/", strings.TrimPrefix(c.path, root))
	case root != "" && !c.pattern && source.Below(root, c.path):
	default:
		return everything // it is not known what asks for its files
	}
	return p.of(prefix)
}

// of are the samples below a path that a ProxyPass takes.
func (p pass) of(prefix string) samples {
	switch {
	case p.any, p.pattern == nil && source.Below(prefix, p.path):
		return everything
	case p.pattern != nil:
		return matching(strings.TrimSuffix(prefix, "/")+"/", p.pattern.MatchString)
	}
	return 0
}

// shadows reports whether no request, or perhaps none, comes to a ProxyPass after this one.
func (p pass) shadows(o pass) bool {
	switch {
	case p.any, p.pattern == nil && p.path == "/":
		return true
	case o.any:
		return false
	case o.pattern == nil:
		return p.of(o.path) == everything
	case p.pattern == nil:
		return false
	}
	below := o.folder()
	return o.of(below)&^p.of(below) == 0
}

// folder is where the paths that a pattern matches begin.
func (p pass) folder() string {
	literal := strings.TrimPrefix(p.pattern.String(), "^")
	if i := strings.IndexAny(literal, `\.+*?()|[]{}^$`); i >= 0 {
		literal = literal[:i]
	}
	return path.Clean("/" + literal[:strings.LastIndexByte(literal, '/')+1])
}

// maxOverridden bounds how often handlers are compared with each other.
const maxOverridden = 1 << 20

// routesOf are what the main server says, and a virtual host.
func (s *Server) routesOf(host int) [2]*route {
	found := [2]*route{{}, {}}
	if main := s.routes[0]; main != nil {
		found[0] = main
	}
	if own := s.routes[host]; own != nil && host > 0 {
		found[1] = own
	}
	return found
}

// reached reports whether a handler is certainly in force for some requests of a
// server, or of a virtual host. Of two in one place the last one is, and those of
// virtual hosts go before those of the main server; ProxyPass goes before all.
func (s *Server) reached(t handler, position, host int, left *int) bool {
	routes := s.routesOf(host)
	root := routes[0].root
	if routes[1].root != "" {
		root = routes[1].root
	}
	in, at := t.files, 0
	for _, r := range routes {
		if *left -= len(r.handlers) + len(r.passes) + 1; *left < 0 || t.opaque {
			return false
		}
		for _, o := range r.handlers {
			if at != position && o.over(t.section, at > position) && o.covers(t.section, root) {
				in &^= o.files
			}
			at++
		}
		for _, p := range r.passes {
			in &^= p.takes(t.section, root)
		}
	}
	return in != 0
}

// overridden are the targets that perhaps no request comes to.
func (s *Server) overridden() map[int]bool {
	found := map[int]bool{}
	left := maxOverridden
	for i, t := range s.targets {
		found[i] = t.host > 0 && s.hosts[t.host-1].twin
	}
	for host := 0; host <= len(s.hosts); host++ {
		r := s.routesOf(host)[min(host, 1)]
		for i, h := range r.handlers {
			switch {
			case h.target < 0:
			case r.unread:
				found[h.target] = true
			case host > 0:
				found[h.target] = found[h.target] || !s.reached(h, len(s.routesOf(0)[0].handlers)+i, host, &left)
			case len(s.hosts) == 0:
				found[h.target] = !s.reached(h, i, 0, &left)
			default:
				found[h.target] = true
				for other := 1; other <= len(s.hosts) && found[h.target] && left >= 0; other++ {
					r := s.routesOf(other)[1]
					found[h.target] = s.hosts[other-1].maybe || r.away || r.unread || !s.reached(h, i, other, &left)
				}
			}
		}
		for i, o := range r.passes {
			shadows := func(p pass) bool { return p.location == o.location && p.shadows(o) }
			before := s.routesOf(0)[0].passes // come first in virtual hosts
			if host == 0 {
				before = nil
			}
			if left -= len(before) + i; left < 0 || slices.ContainsFunc(before, shadows) || slices.ContainsFunc(r.passes[:i], shadows) {
				found[o.target] = true
			}
		}
	}
	return found
}
