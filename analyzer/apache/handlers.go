package apache

import (
	"regexp"
	"slices"
	"strings"

	"nginx-lint/analyzer/source"
)

// A section is where a directive stands among those that choose requests.
type section struct {
	// place is the head of the <Directory> or <Location> around it; "" for none.
	place string
	// files are the samples that its <Files> or <FilesMatch> chooses; all of them where there is none.
	files    samples
	inFiles  bool
	location bool
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
		at.section = section{place: name + " " + what, files: everything, location: strings.HasPrefix(name, "location")}
	case "files", "filesmatch":
		at.section.inFiles = true
		if !pattern {
			at.section.files = matching("", func(name string) bool { return source.Match(what, name) })
			break
		}
		found, ok := byPattern("", what)
		if at.section.files = found; !ok {
			at.section.files, at.section.opaque = everything, true
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

// A route is what the sections of a server, or of a virtual host, make of requests.
type route struct {
	handlers []handler // in their order
	// passed are the samples that ProxyPass takes before any handler does, all where
	// that is not known; away is set where requests may be sent elsewhere.
	passed samples
	away   bool
}

func (s *Server) route(host int) *route {
	if s.routes[host] == nil {
		s.routes[host] = &route{}
	}
	return s.routes[host]
}

// routing notes what sends requests elsewhere than a handler.
func (s *Server) routing(name string, args []word, at frame) {
	r := s.route(at.host)
	first := args[0].text
	switch {
	case strings.HasPrefix(name, "redirect"), name == "rewriterule" && len(args) > 2:
		r.away = true
	case at.section.place != "": // in one of its folders
	case name == "proxypass" && first == "/":
		r.passed = everything
	case name == "proxypassmatch":
		found, ok := byPattern("/", first)
		if !ok {
			found = everything
		}
		r.passed |= found
	}
	if strings.HasPrefix(name, "proxypass") && at.section.location {
		if at.section.whole() {
			r.passed = everything
		}
	}
}

// whole reports whether a <Location> is, or may be, of all paths.
func (c section) whole() bool {
	return strings.HasPrefix(c.place, "locationmatch") || c.place == "location /" || c.place == "location ~"
}

// A cover is what handlers take of the samples in each place, of those that choose
// files and of others.
type cover map[place]samples

type place struct {
	name    string
	inFiles bool
}

// anywhere is the place of what goes before all others.
var anywhere = place{name: "/"}

// over are the samples that others take from a handler.
func (c cover) over(h handler) samples {
	found := c[place{h.place, true}]
	if !h.inFiles {
		found |= c[place{h.place, false}]
	}
	return found
}

func (c cover) add(h handler) { c[place{h.place, h.inFiles}] |= h.files }

// overridden are the targets of SetHandler that no request may come to, since others
// go before them. In one place the last one wins, with <Files> before one without;
// <Files> in a <Directory> go before those outside, <Location> before both, virtual hosts
// before the main server, and ProxyPass before all (measured on Apache 2.4.71).
func (s *Server) overridden() map[int]bool {
	found := map[int]bool{}
	covers := map[int]cover{} // by virtual host
	for host, r := range s.routes {
		passed := r.passed
		if main := s.routes[0]; main != nil {
			passed |= main.passed
		}
		all, files, after := cover{anywhere: passed}, cover{}, cover{}
		covers[host] = all
		for _, h := range r.handlers {
			if h.whole() {
				all[anywhere] |= h.files
			}
			if h.inFiles {
				files.add(h)
			}
			all.add(h)
		}
		for _, h := range slices.Backward(r.handlers) {
			over := after.over(h) | all[anywhere]
			if h.whole() {
				over = after.over(h) | passed
			}
			if !h.inFiles {
				over |= files.over(h)
			}
			if h.opaque || h.files&^over == 0 {
				found[h.target] = true
			}
			after.add(h)
		}
	}
	main := s.routes[0]
	if main == nil || len(s.hosts) == 0 {
		return found
	}
	left := maxOverridden
	for _, h := range main.handlers {
		reached := false
		for host := 1; host <= len(s.hosts) && !reached && h.target >= 0 && left > 0; host++ {
			left--
			r := s.routes[host]
			reached = !s.hosts[host-1].maybe && (r == nil || !r.away && h.files&^(covers[host][anywhere]|covers[host].over(h)) != 0)
		}
		found[h.target] = found[h.target] || !reached
	}
	return found
}

// maxOverridden bounds how often handlers are compared with virtual hosts.
const maxOverridden = 1 << 20
