package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/spelling"
	"nginx-lint/analyzer/stack"
)

// streamServer looks at a server of the stream module.
func (t *nginxTest) streamServer(server *nginx.Block) {
	if server.Parent == nil || !t.written(server.Ref()) || t.withoutListen(server) { // what a file without it holds is not all
		return
	}
	t.streamTLS(server)
	if server.Missing {
		return
	}
	for r := range server.All() {
		entry, standing := catalog.Find(r.Name(), server.Context, server.Config.Version)
		switch name := r.Name(); {
		case name == "proxy_pass", name == "return", name == "pass":
			return
		case standing != catalog.Fits || entry.Section != catalog.Core || !t.Certain(r):
			return // a module may handle the connections
		}
	}
	t.refuse(server.Ref(), "no handler for server", diag.Finding{
		Summary: "a server that does nothing with its connections",
		Subject: label(server.Head(), "neither proxy_pass nor return"),
		Remedy:  "add proxy_pass",
	})
}

// withoutListen reports a server of stream or mail that listens nowhere: only in http is there a default.
func (t *nginxTest) withoutListen(server *nginx.Block) bool {
	if server.Missing || len(server.Own("listen")) > 0 {
		return false
	}
	t.refuse(server.Ref(), `no "listen" is defined for server`, diag.Finding{
		Summary: "a server that listens nowhere",
		Subject: label(server.Head(), "no listen stands in it"),
		Remedy:  "add listen with a port",
	})
	return true
}

// members looks at the servers of an upstream.
func (t *nginxTest) members(u *nginx.Block) {
	shared := u.Missing || len(u.Own("zone")) > 0
	for _, r := range t.own(u, "server") {
		if i := r.IndexArg("resolve", 0); i > 0 && !shared && !t.before(27, 3) {
			t.refuse(r, fmt.Sprintf("resolving names at run time requires upstream %q in %s to be in shared memory", u.Ref().Arg(0), place(u.Head())), diag.Finding{
				Summary: "names that change, in an upstream that cannot",
				Subject: label(r.ArgSpan(i), "the upstream has no zone"),
				Remedy:  "add `zone NAME 64k;` to the upstream",
			})
		}
	}
}

// hasPort reports whether an address has a port, or needs none.
func hasPort(address string) bool {
	return isUnix(address) || strings.Contains(address[strings.LastIndexByte(address, ']')+1:], ":")
}

func isUnix(address string) bool { return len(address) >= 5 && strings.EqualFold(address[:5], "unix:") }

// A pass is a directive that passes requests or connections on, and the block that it stands in.
type pass struct {
	in *nginx.Block
	by nginx.Ref
}

// ports looks at the ports of targets without variables. An upstream has none
// behind its name; in stream everything else has one.
func (s *progress) ports() {
	for _, p := range s.passes {
		target := p.by.Arg(0)
		if isUnix(target) {
			continue
		}
		if _, rest, ok := strings.Cut(target, "://"); ok {
			target = rest
		}
		if i := strings.IndexAny(target, "/?"); i >= 0 {
			target = target[:i]
		}
		host, digits, _ := strings.Cut(target, ":")
		in := subsystem(p.in)
		port, err := strconv.ParseUint(digits, 10, 16)
		if u := s.upstreams[logName{in, strings.ToLower(host)}]; u != nil && err == nil && port > 0 {
			s.refuse(p.by, fmt.Sprintf("upstream %q may not have port %d", host, port), diag.Finding{
				Summary: "a port behind the name of an upstream",
				Subject: label(p.by.ArgSpan(0), "the servers of the upstream have their own ports"),
				Related: []diag.Label{label(u.Head(), "the upstream")},
				Remedy:  "drop the port, or rename the upstream if the host is meant",
			})
		} else if u == nil && needsPort(p) && s.upstreamsRead(p.in) && !hasPort(target) {
			s.withoutPort(p.by, target, in)
		}
	}
}

// needsPort reports whether nginx knows no port for a target without: it does for http:// and https://.
func needsPort(p pass) bool {
	return p.in.Context == catalog.StreamServer || p.by.Name() != "proxy_pass"
}

// upstreamsRead reports whether every upstream is known that may be named in a block.
func (s *progress) upstreamsRead(b *nginx.Block) bool {
	around := b.Enclosing(catalog.HTTP)
	if around == nil {
		around = b.Enclosing(catalog.Stream)
	}
	return around != nil && !around.Missing && !s.config.Fragment && !s.config.Top.Missing && s.Whole(s.config)
}

func (s *progress) withoutPort(r nginx.Ref, target, in string) {
	f := diag.Finding{
		Summary: "a target without a port",
		Subject: label(r.ArgSpan(0), "neither an upstream nor an address with a port"),
		Remedy:  "write HOST:PORT, or the name of an upstream",
	}
	var names []string
	for name := range s.upstreams {
		if name.in == in {
			names = append(names, name.name)
		}
	}
	slices.Sort(names)
	if meant := spelling.Nearest(strings.ToLower(target), slices.Values(names)); meant != "" {
		f.Subject.Text += fmt.Sprintf("; did you mean %q?", meant)
		f.Related = []diag.Label{label(s.upstreams[logName{in, meant}].Head(), "the upstream")}
	}
	s.refuse(r, fmt.Sprintf("no port in upstream %q", target), f)
}

// mailPorts are those that tell the protocol.
var mailPorts = []string{"25", "465", "587", "110", "995", "143", "993"}

// mailListen finds an address of the mail module that stands twice.
func (s *progress) mailListen(r nginx.Ref) {
	e, ok := stack.ListenEndpoint(r)
	if !ok {
		return
	}
	a := stack.Address{Endpoint: e}
	first, again := s.mail[a.String()]
	if !again {
		s.mail[a.String()] = r
		return
	}
	s.refuse(r, fmt.Sprintf("duplicate %q address and port pair", a.String()), s.twice(r, first, "an address stands twice", "the second one for "+a.String()))
}

// mailServer looks at a server of the mail module.
func (t *nginxTest) mailServer(server *nginx.Block) {
	if server.Parent == nil || !t.written(server.Ref()) || t.withoutListen(server) { // what a file without it holds is not all
		return
	}
	t.mailTLS(server)
	told := server.Missing || len(server.Own("protocol")) > 0
	for _, r := range server.Own("listen") {
		address := r.Arg(0)
		port := address[strings.LastIndexByte(address, ':')+1:]
		told = told || !t.written(r) || strings.Contains(address, "$") || slices.Contains(mailPorts, port)
	}
	if !told {
		t.refuse(server.Ref(), "unknown mail protocol for server", diag.Finding{
			Summary: "a mail server without a protocol",
			Subject: label(server.Head(), "no protocol, and no port that tells it"),
			Remedy:  "add `protocol imap;`, pop3 or smtp",
		})
	}
	if _, none := t.inForce(server, "auth_http"); none {
		t.refuse(server.Ref(), `no "auth_http" is defined for server`, diag.Finding{
			Summary: "a mail server without auth_http",
			Subject: label(server.Head(), "nobody tells it which server a user's mail is on"),
			Remedy:  "add auth_http with the address of what does",
		})
	}
}
