package apache

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"nginx-lint/analyzer/source"
)

// A section is where a directive stands among those that choose requests.
type section struct {
	// path is that of the <Directory> or <Location> around it; "" for none.
	path               string
	directory, pattern bool // of a <Directory>; the path has wildcards, or is an expression
	// files are the samples that its <Files> or <FilesMatch> chooses; all of them where there is none.
	files   samples
	inFiles bool
	// opaque is set where the expression of its <FilesMatch> is none that is understood.
	opaque bool
}

// samples are some of the names below.
type samples uint32

// names stand for what is asked for: one that a section chooses, and no other that
// goes before it, shows that what it sets is in force for some requests.
var names = []string{
	"x.php", "x.phtml", "x.phar", "x.phps", "x.php3", "x.php4", "x.php5", "x.php7", "x.php8", "x.inc", "x.html", "x.htm", "x.shtml", "x.cgi",
	"x.fcgi", "x.pl", "x.py", "x.css", "x.js", "x.txt", "x",
}

const everything samples = 1<<21 - 1

// matching are the names of which a test is true, below a prefix.
func matching(prefix string, test func(string) bool) samples {
	var found samples
	for i, name := range names {
		if test(prefix + name) {
			found |= 1 << i
		}
	}
	return found
}

// byPattern are the names that match a regular expression; ok is false where it is
// none for Go.
func byPattern(prefix, pattern string) (found samples, ok bool) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return 0, false
	}
	return matching(prefix, re.MatchString), true
}

// within is a frame below the head of a section.
func (at frame) within(name string, args []word) frame {
	head := make([]string, 0, len(args)+1)
	for _, a := range args {
		if text := strings.TrimSuffix(a.text, ">"); text != "" {
			head = append(head, text)
		}
	}
	pattern := strings.HasSuffix(name, "match")
	if len(head) > 1 && head[0] == "~" {
		head, pattern = head[1:], true
	}
	what := strings.Join(head, " ")
	switch name {
	case "directory", "directorymatch", "location", "locationmatch":
		at.section = section{
			path: path.Clean("/" + what), directory: strings.HasPrefix(name, "directory"),
			pattern: pattern || source.HasGlob(what) || strings.Contains(what, "$"), files: everything,
		}
	case "files", "filesmatch":
		at.inFiles = true
		if !pattern {
			at.files = matching("", func(name string) bool { return source.Match(what, name) })
			break
		}
		found, ok := byPattern("", what)
		if at.files = found; !ok {
			at.files, at.opaque = everything, true
		}
	}
	return at
}

// php reports whether files of PHP are chosen by their names, and not any.
func (c section) php() bool {
	return c.inFiles && !c.opaque && c.files&1 != 0 && c.files != everything
}

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

// rank is which sections go before others, whatever their order: <Files> before
// what is for all of a folder, and in a <Directory> before those outside; <Location>
// before all (measured on Apache 2.4.71).
func (c section) rank() int {
	switch {
	case c.path == "" && !c.inFiles:
		return 0
	case c.directory && !c.inFiles:
		return 1
	case c.path == "":
		return 2
	case c.directory:
		return 3
	}
	return 4
}

// over reports whether a section goes, or may go, before another one that stands
// before it, or after it where later is not set. A deeper <Directory> goes before those above it.
func (c section) over(o section, later bool) bool {
	if c.rank() != o.rank() {
		return c.rank() > o.rank()
	}
	if c.directory && !c.pattern && !o.pattern {
		if deep, other := depth(c.path), depth(o.path); deep != other {
			return deep > other
		}
	}
	return later || c.pattern || o.pattern && c.directory
}

func depth(p string) int {
	if p == "/" {
		return 0
	}
	return strings.Count(p, "/")
}

// covers reports whether a section is, or may be, of all requests that another one
// is of, in a server whose files lie in a folder.
func (c section) covers(o section, root string) bool {
	switch {
	case c.path == "", c.pattern:
		return true
	case c.directory && (root == "" || source.Below(root, c.path)): // all that there is
		return true
	case c.directory:
		return o.directory && (o.pattern || source.Below(o.path, c.path))
	case c.path == "/":
		return true
	case o.path == "":
		return false
	case o.directory:
		return root == "" || o.pattern || source.Below(o.path, path.Join(root, c.path))
	}
	return o.pattern || strings.HasPrefix(o.path, c.path)
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
