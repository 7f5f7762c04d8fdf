package apache

import (
	"slices"
	"strings"
	"time"

	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// waits are how long a server waits for what it passes requests to: Timeout, and
// ProxyTimeout, which goes before it.
type waits struct {
	timeout, proxy stack.Limit
	uncertain      bool
}

// A Target is a place from which Apache itself passes requests on.
type Target struct {
	Endpoint stack.Endpoint
	// Protocol is FastCGI or HTTP.
	Protocol stack.Protocol
	// Span is where the address is written.
	Span source.Span
	// Via is where a balancer is named of which this is the member; zero for others.
	Via source.Span
	// PHP is set where its <Files> chooses files of PHP, and not all.
	PHP bool
	// Maybe is set where it stands under a condition, or another worker may be meant.
	Maybe bool
	// Wait is how long Apache waits for an answer to go on.
	Wait stack.Limit

	host     int
	worker   string
	balancer string // the name of the balancer that it is the member of; "" for others
}

// Targets are what the server passes requests to as a gateway of its own.
func (s *Server) Targets() []Target {
	found := slices.Clone(s.targets)
	over := s.overridden()
	for i := range found {
		t := &found[i]
		t.Maybe = t.Maybe || over[i]
		if t.balancer != "" {
			s.follow(t)
			continue
		}
		// Apache finds the worker of an address by its name alone, so that one of two
		// sockets with the same name takes all requests. SetHandler makes none: two of
		// them lead to two sockets (measured on Apache 2.4.71).
		t.Maybe = t.Maybe || len(s.workers[t.worker]) > 1 || len(s.workers[t.worker]) > 0 && !s.workers[t.worker][t.Endpoint]
		if t.Wait.Known || s.proxySet || !s.backend.Complete {
			continue
		}
		t.Wait = s.wait(t.host)
	}
	return found
}

// wait is the time limit in a virtual host, which may have it from the main server.
func (s *Server) wait(host int) stack.Limit {
	if _, own := s.waits[0]; host == 0 && (len(s.waits) > 1 || len(s.waits) > 0 && !own) {
		return stack.Limit{} // what the main server passes on, its virtual hosts do as well
	}
	limits := []stack.Limit{}
	for _, of := range []func(*waits) stack.Limit{func(w *waits) stack.Limit { return w.proxy }, func(w *waits) stack.Limit { return w.timeout }} {
		for _, i := range []int{host, 0} {
			if w := s.waits[i]; w != nil {
				if w.uncertain {
					return stack.Limit{}
				}
				limits = append(limits, of(w))
			}
		}
	}
	for _, l := range limits {
		if l.Known {
			return l
		}
	}
	return stack.Limit{Time: time.Minute, Known: true, Name: "Timeout"} // Apache's default
}

func (s *Server) limit(name string, value word, at frame) {
	if s.waits[at.host] == nil {
		s.waits[at.host] = &waits{}
	}
	w := s.waits[at.host]
	limit, ok := seconds(value)
	w.uncertain = w.uncertain || at.maybe || !ok
	if name == "timeout" {
		limit.Name = "Timeout"
		w.timeout = limit
	} else {
		limit.Name = "ProxyTimeout"
		w.proxy = limit
	}
}

// target reads where requests are passed on: `proxy:unix:PATH|fcgi://NAME` of
// SetHandler, `unix:PATH|fcgi://NAME`, `fcgi://HOST:PORT/…` or `http://HOST:PORT/…` of ProxyPass.
func (s *Server) target(directive string, args []word, at frame) (is bool) {
	wait := stack.Limit{}
	for _, a := range args {
		key, value, is := strings.Cut(a.text, "=")
		if is && strings.EqualFold(key, "timeout") && directive != "sethandler" {
			s.proxySet = true // others may use the same worker
			start := a.span.Start + len(key) + 1
			if limit, ok := seconds(word{value, source.Span{File: a.span.File, Start: start, End: a.span.End}}); ok {
				limit.Name = "timeout"
				wait = limit
			}
		}
	}
	for _, a := range args {
		text := strings.TrimPrefix(a.text, "proxy:")
		t := Target{Span: a.span, PHP: at.php(), Maybe: at.maybe, Wait: wait, host: at.host, balancer: balancerOf(text)}
		if t.balancer == "" {
			var ok bool
			if t.Endpoint, t.Protocol, t.worker, ok = address(text); !ok {
				continue
			}
			if directive != "sethandler" {
				s.worker(text)
			}
		}
		s.targets = append(s.targets, t)
		return true
	}
	return false
}

// A member is what a balancer passes requests to.
type member struct {
	Target
	ok bool // whether its address is known
}

// balancerOf is the name of a balancer in `balancer://NAME/…`; "" for other addresses.
func balancerOf(text string) string {
	const scheme = "balancer://"
	if len(text) < len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme) {
		return ""
	}
	name, _, _ := strings.Cut(text[len(scheme):], "/")
	return strings.ToLower(name)
}

// member notes a BalancerMember, in the section of its balancer or with that before it.
func (s *Server) member(args []word, at frame) {
	name := at.balancer
	if of := balancerOf(args[0].text); of != "" {
		name, args = of, args[1:]
	}
	m := member{Target: Target{Maybe: at.maybe}}
	if len(args) > 0 {
		m.Span = args[0].span
		m.Endpoint, m.Protocol, m.worker, m.ok = address(args[0].text)
	}
	s.balancers[name] = append(s.balancers[name], m)
}

// follow makes the target that a balancer is the one of its only member. Of several
// members a request goes to one after the other until it finds one that is there.
func (s *Server) follow(t *Target) {
	members := s.balancers[t.balancer]
	if len(members) != 1 || !members[0].ok || len(s.balancers[""]) > 0 || strings.Contains(t.balancer, "$") || !s.backend.Complete {
		t.Maybe = true
		return
	}
	m := members[0]
	t.Via = t.Span
	t.Endpoint, t.Protocol, t.Span, t.Wait = m.Endpoint, m.Protocol, m.Span, stack.Limit{}
	t.Maybe = t.Maybe || m.Maybe
}

// worker notes what an address names.
func (s *Server) worker(text string) {
	e, _, name, ok := address(text)
	if !ok {
		return
	}
	if s.workers[name] == nil {
		s.workers[name] = map[stack.Endpoint]bool{}
	}
	s.workers[name][e] = true
}

// address reads where a worker leads to, with the name that Apache finds it by.
func address(text string) (e stack.Endpoint, protocol stack.Protocol, name string, ok bool) {
	socket, url, unix := "", text, false
	if rest, is := strings.CutPrefix(text, "unix:"); is {
		if socket, url, unix = strings.Cut(rest, "|"); !unix {
			return e, 0, "", false
		}
	}
	scheme, rest, _ := strings.Cut(url, ":")
	var fallback string
	switch scheme {
	case "fcgi":
		protocol, fallback = stack.FastCGI, ":8000" // the default port of mod_proxy_fcgi
	case "http":
		protocol, fallback = stack.HTTP, ":80"
	default:
		return e, 0, "", false
	}
	host, slashes := strings.CutPrefix(rest, "//")
	host, _, _ = strings.Cut(host, "/")
	name = strings.ToLower(scheme + "://" + host)
	if strings.Contains(socket+host, "$") {
		return e, 0, "", false
	}
	if unix {
		return stack.UnixEndpoint(socket), protocol, name, true
	}
	if i := strings.LastIndexByte(host, ':'); i < 0 || strings.HasSuffix(host, "]") {
		host += fallback
	}
	e, ok = stack.ParseAddress(host)
	return e, protocol, name, ok && slashes
}
