// Package apache reads where an Apache HTTP Server listens, and what of its
// configuration matters to a proxy before it.
package apache

import (
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// A Loader finds the files that a configuration includes.
type Loader interface {
	// Include lists the files of an Include directive in Apache's order; complete is
	// false where one may be missing.
	Include(pattern string) (files []*source.File, complete bool)
}

// A Server is one main file with its includes.
type Server struct {
	backend *stack.Backend
	listens []listen
	hosts   []virtualHost
	// tls is set where SSLEngine stands outside of virtual hosts.
	tls   bool
	depth int
	read  map[*source.File]bool
	load  Loader
	// idle is the last KeepAliveTimeout outside of virtual hosts; uncertain where
	// one stands elsewhere, or under a condition.
	idle          stack.Limit
	idleUncertain bool
	targets       []Target
	// root is the ServerRoot that is written; rootUnknown is set where that is not known.
	root        string
	rootUnknown bool
	// waits are the time limits of the main server, and of the virtual hosts after it.
	waits map[int]*waits
	// workers are the addresses that each `fcgi://NAME` is given.
	workers map[string]map[stack.Endpoint]bool
	// balancers are the members of each `balancer://NAME`.
	balancers map[string][]member
	names     map[string]bool // of virtual hosts, with their addresses
	routes    map[int]*route  // of the main server, and of the virtual hosts after it
	// modules are those of LoadModule; modulesUnknown is set where a name is not known.
	modules             map[string]stack.Certainty
	modulesUnknown, mpm bool
	// proxySet is set where limits may be set for single workers.
	proxySet    bool
	user, group identity
}

// An identity is a user or group of the workers.
type identity struct {
	word
	unknown bool
}

type listen struct {
	endpoint stack.Endpoint
	span     source.Span
	https    bool
	maybe    bool
}

// A virtualHost is one <VirtualHost> section.
type virtualHost struct {
	ports  []int // 0 for any
	opaque bool  // for some requests of these ports only, or it is not known for which
	engine stack.Certainty
	maybe  bool
	// head are the addresses as they are written, name the ServerName; twin is set
	// where another one before it has both.
	head, name string
	twin       bool
}

// Limits of what is followed; a configuration beyond them is not complete.
const (
	maxDepth = 32
	maxFiles = 1 << 12
)

// Load reads a main file with its includes.
func Load(main *source.File, l Loader) *Server {
	s := &Server{
		backend: &stack.Backend{Program: "Apache", At: source.Span{File: main}, Complete: true},
		read:    map[*source.File]bool{}, load: l, waits: map[int]*waits{}, workers: map[string]map[stack.Endpoint]bool{},
		balancers: map[string][]member{}, names: map[string]bool{}, routes: map[int]*route{}, modules: map[string]stack.Certainty{},
		idle: stack.Limit{Time: 5 * time.Second, Known: true, Name: "KeepAliveTimeout"}, // Apache's default
	}
	s.file(main, frame{section: section{files: everything}})
	if s.idleUncertain || !s.backend.Complete {
		s.idle = stack.Limit{}
	}
	s.backend.Idle = s.idle
	s.backend.Kill = stack.Limit{Known: s.backend.Complete} // Timeout is that of one read or write
	return s
}

// Backend is the server as the stack knows it.
func (s *Server) Backend() *stack.Backend { return s.backend }

// Identity is the user and group of the workers; environment are the variables
// that are set before Apache starts. known is false where they are not known.
func (s *Server) Identity(environment map[string]string) (user, group string, at source.Span, known bool) {
	names := [2]string{}
	for i, id := range []identity{s.user, s.group} {
		text := id.text
		if name, is := strings.CutPrefix(text, "${"); is {
			text = environment[strings.TrimSuffix(name, "}")]
		}
		if id.unknown || text == "" || strings.ContainsAny(text, "${}#") {
			return "", "", source.Span{}, false
		}
		names[i] = text
	}
	return names[0], names[1], s.user.span, s.backend.Complete
}

// exported matches a line of the file that Debian's apachectl reads before it starts Apache.
var exported = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^export ([A-Z_]+)=([\w./-]+)[ \t]*$`) })

// Environment are the variables that a file of `export NAME=VALUE` lines sets, as
// far as the values are literals.
func Environment(f *source.File) map[string]string {
	found := map[string]string{}
	for _, m := range exported().FindAllStringSubmatch(f.Text, -1) {
		if strings.Count(f.Text, m[1]+"=") == 1 {
			found[m[1]] = m[2]
		}
	}
	return found
}

// Listeners are the addresses of its Listen directives.
func (s *Server) Listeners() []*stack.Listener {
	engines := map[int]*engine{}
	for _, h := range s.hosts {
		for _, port := range h.ports {
			if engines[port] == nil {
				engines[port] = &engine{}
			}
			engines[port].add(h)
		}
	}
	found := make([]*stack.Listener, 0, len(s.listens))
	for _, l := range s.listens {
		found = append(found, &stack.Listener{
			Endpoint: l.endpoint, Protocol: stack.HTTP, Span: l.span, Backend: s.backend, TLS: s.speaksTLS(l, engines), Maybe: l.maybe,
		})
	}
	return found
}

// An engine is what the virtual hosts of a port say of TLS.
type engine struct{ on, off, maybe bool }

func (e *engine) add(h virtualHost) {
	switch {
	case h.engine == stack.No:
		e.off = true
	case h.engine == stack.Yes && !h.maybe && !h.opaque:
		e.on = true
	default:
		e.maybe = true
	}
}

// speaksTLS is whether a port is TLS: where all of its virtual hosts say so. mod_ssl
// switches it on by itself for the protocol https, which port 443 has by default.
func (s *Server) speaksTLS(l listen, engines map[int]*engine) stack.Certainty {
	if l.https || l.endpoint.Port == 443 || s.tls || !s.backend.Complete {
		return stack.Maybe
	}
	var all engine
	for _, port := range []int{l.endpoint.Port, 0} {
		if e := engines[port]; e != nil {
			all = engine{all.on || e.on, all.off || e.off, all.maybe || e.maybe}
		}
	}
	switch {
	case all.maybe, all.on && all.off:
		return stack.Maybe
	case all.on:
		return stack.Yes
	}
	return stack.No
}

// A frame is what a line stands in.
type frame struct {
	host  int  // index of the virtual host + 1; 0 for none
	maybe bool // below a condition
	macro bool // the text of a macro, which is not in force by itself
	off   bool // below a condition that is not met
	section
	balancer string // the name of the balancer that a <Proxy> section is of
}

// conditions are the sections of which it is not known here whether their content is
// in force. Of <IfModule> it mostly is.
var conditions = map[string]bool{
	"ifdefine": true, "ifversion": true, "iffile": true, "ifdirective": true, "ifsection": true, "if": true, "elseif": true, "else": true,
}

func (s *Server) file(f *source.File, in frame) {
	if s.depth++; s.depth > maxDepth || len(s.read) >= maxFiles || s.read[f] && s.depth > 1 {
		// A file that is included twice adds what it has said already, or goes in circles.
		s.backend.Complete = s.backend.Complete && s.read[f] && s.depth <= maxDepth
		s.route(in.host).unread = true
		s.depth--
		return
	}
	s.read[f] = true
	stack := []frame{in}
	names := []string{""}
	for line := range lines(f) {
		words := line.words
		name := strings.ToLower(words[0].text)
		at := stack[len(stack)-1]
		switch {
		case strings.HasPrefix(name, "</"):
			if len(stack) == 1 || names[len(names)-1] != strings.TrimSuffix(name[2:], ">") {
				s.backend.Complete = false // Apache refuses it
				continue
			}
			stack, names = stack[:len(stack)-1], names[:len(names)-1]
		case strings.HasPrefix(name, "<"):
			section := strings.TrimSuffix(name[1:], ">")
			if !at.macro && !at.off {
				at = s.section(section, words[1:], at)
			}
			stack, names = append(stack, at), append(names, section)
		case !at.macro && !at.off:
			s.directive(name, words[1:], at)
		}
	}
	if len(stack) > 1 {
		s.backend.Complete = false
	}
	s.depth--
}

// section is what the lines of a section stand in.
func (s *Server) section(name string, args []word, at frame) frame {
	at = at.within(name, args)
	at.maybe = at.maybe || conditions[name]
	switch name {
	case "ifmodule":
		is := s.ifModule(args)
		at.off, at.maybe = is == stack.No, at.maybe || is == stack.Maybe
	case "macro":
		at.macro = true
	case "virtualhost":
		s.hosts = append(s.hosts, hostOf(args, at.maybe))
		at.host = len(s.hosts)
	case "proxy", "proxymatch":
		s.proxySet = true
		for _, w := range args {
			s.worker(strings.TrimSuffix(w.text, ">"))
		}
		if len(args) > 0 {
			at.balancer = balancerOf(strings.TrimSuffix(args[0].text, ">"))
		}
	}
	return at
}

func hostOf(addresses []word, maybe bool) virtualHost {
	h := virtualHost{maybe: maybe}
	for _, w := range addresses {
		text := strings.TrimSuffix(w.text, ">")
		h.head += text + " "
		host, port := text, "*"
		if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
			host, port = text[:i], text[i+1:]
		}
		// One for an address of its own is not the one that all requests of the port reach.
		h.opaque = h.opaque || text != "" && host != "*" && !strings.EqualFold(host, "_default_")
		n, err := strconv.Atoi(port)
		switch {
		case text == "":
		case err == nil:
			h.ports = append(h.ports, n)
		default:
			h.ports = append(h.ports, 0)
			h.opaque = h.opaque || port != "*"
		}
	}
	return h
}

func (s *Server) directive(name string, args []word, at frame) {
	if len(args) == 0 {
		return
	}
	opaque := false
	for _, a := range args {
		opaque = opaque || strings.Contains(a.text, "${")
	}
	switch name {
	case "listen":
		e, ok := Address(args[0].text)
		if opaque || !ok {
			s.backend.Complete = false
			return
		}
		https := len(args) > 1 && strings.EqualFold(args[1].text, "https")
		s.listens = append(s.listens, listen{e, args[0].span, https, at.maybe})
	case "sslengine":
		on := stack.Maybe
		switch strings.ToLower(args[0].text) {
		case "on":
			on = stack.Yes
		case "off":
			on = stack.No
		}
		if at.maybe && on != stack.No && (at.host == 0 || !s.hosts[at.host-1].maybe) {
			on = stack.Maybe
		}
		if at.host == 0 {
			s.tls = s.tls || on != stack.No
		} else {
			s.hosts[at.host-1].engine = on
		}
	case "include", "includeoptional":
		files, complete := []*source.File(nil), false
		if name := args[0].text; !opaque && (path.IsAbs(name) || !s.rootUnknown) {
			if s.root != "" && !path.IsAbs(name) {
				name = path.Join(s.root, name)
			}
			files, complete = s.load.Include(name)
		}
		s.backend.Complete = s.backend.Complete && complete
		for _, f := range files {
			s.file(f, at)
		}
	case "use": // a macro may say anything
		s.backend.Complete = false
	case "keepalive", "keepalivetimeout":
		s.keepAlive(name, args[0], at)
	case "serverroot":
		s.root, s.rootUnknown = args[0].text, opaque || at.maybe || !path.IsAbs(args[0].text)
	case "user":
		s.user = identity{args[0], at.maybe}
	case "group":
		s.group = identity{args[0], at.maybe}
	case "assignuserid", "assignuseridexpr": // of the MPM itk, for each virtual host
		s.user.unknown = true
	case "timeout", "proxytimeout":
		s.limit(name, args[0], at)
	case "proxyset":
		s.proxySet = true
	case "servername":
		if at.host > 0 {
			h := &s.hosts[at.host-1]
			h.name = h.head + strings.ToLower(args[0].text)
			h.twin = s.names[h.name]
			s.names[h.name] = true
		}
	case "documentroot":
		s.documentRoot(args[0], at)
	case "loadmodule":
		s.loadModule(args[0], at)
	case "balancermember":
		s.member(args, at)
	case "sethandler":
		h := handler{section: at.section, target: -1}
		if s.target(name, args, at) {
			h.target = len(s.targets) - 1
		}
		r := s.route(at.host)
		r.handlers = append(r.handlers, h)
	case "proxypass", "proxypassmatch":
		target := -1
		if s.target(name, args, at) {
			target = len(s.targets) - 1
		}
		s.proxyPass(name, args, at, target)
	case "redirect", "redirectmatch", "redirectpermanent", "redirecttemp":
		s.route(at.host).away = true
	case "rewriterule":
		r := s.route(at.host)
		r.away = r.away || len(args) > 2 // with flags, such as R and P
	}
}

// seconds reads a time in seconds, also with the units s and ms.
func seconds(value word) (stack.Limit, bool) {
	text, unit := strings.ToLower(value.text), time.Second
	if digits, ok := strings.CutSuffix(text, "ms"); ok {
		text, unit = digits, time.Millisecond
	}
	n, err := strconv.Atoi(strings.TrimSuffix(text, "s"))
	return stack.Limit{Time: time.Duration(n) * unit, Known: true, Span: value.span}, err == nil
}

func (s *Server) keepAlive(name string, value word, at frame) {
	limit := stack.Limit{Known: true, Span: value.span}
	switch text := strings.ToLower(value.text); {
	case name == "keepalive" && text == "on":
		return
	case name == "keepalive" && text == "off":
		limit.Name = "KeepAlive"
		s.idleUncertain = true // what stands before or after it decides too
	default:
		var ok bool
		limit, ok = seconds(value)
		limit.Name = "KeepAliveTimeout"
		s.idleUncertain = s.idleUncertain || !ok
	}
	s.idleUncertain = s.idleUncertain || at.host != 0 || at.maybe
	s.idle = limit
}

// Address reads a Listen directive. A port alone, `*` and `[::]` accept both
// families, 0.0.0.0 IPv4 only (measured on Apache 2.4.71 for Linux, as Debian builds it).
func Address(text string) (stack.Endpoint, bool) {
	e, ok := stack.ParseAddress(text)
	if e.Net != stack.TCP {
		return e, false
	}
	if e.Host == "" && e.Families == stack.V6 {
		e.Families = stack.Dual
	}
	return e, ok
}
