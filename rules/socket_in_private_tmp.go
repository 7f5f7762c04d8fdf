package rules

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

var socketInPrivateTmp = analyzer.Rule{
	ID:         "socket-in-private-tmp",
	Severities: []diag.Severity{diag.Error, diag.Info},
	Safeties:   []diag.Safety{diag.Manual},
	OnScope:    inTmp,
	NoProof:    "systemd gives a unit its private /tmp; the servers alone have none",
	Doc: analyzer.Doc{
		Summary: "a socket below /tmp, where systemd may give each service a folder of its own",
		What: "A PHP-FPM pool, or another program that systemd starts, listens on a unix socket below `/tmp` or `/var/tmp`, or nginx connects to one there. " +
			"An error where nginx connects to it and a unit of the host tree gives one of the two `PrivateTmp`.",
		Why: "Many distributions start nginx or PHP-FPM with `PrivateTmp=true`: the service then sees a `/tmp` that no other one does. The socket exists, and still every request ends as 502 with `connect() to unix:/tmp/php.sock failed (2: No such file or directory) while connecting to upstream`. " +
			"What cleans `/tmp` may remove the socket as well.",
		Gaps:      "Units are read in host trees only, and those of packages are mostly in none. Units with `JoinsNamespaceOf` share what they join. Silent for what runs in containers (a Dockerfile or compose file lies beside it), in the folders of BSD and macOS, and for sockets of nginx that nginx itself connects to.",
		Remedy:    "Put the socket below /run: /run/php/NAME.sock.",
		FixSafety: "Both sides have to change together, and the folder has to exist.",
		Refs:      []string{"https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#PrivateTmp="},
		Since:     "0.1.0",
	},
}

func inTmp(p *analyzer.Pass, s *stack.Scope) {
	if s.Container || slices.ContainsFunc(s.Nginx, func(c *nginx.Config) bool { return otherSystem().MatchString(c.Main.File.Path) }) {
		return
	}
	report := func(at nginx.Ref, span source.Span, path string, private source.Span, related []diag.Label) {
		f := diag.Finding{
			Severity: diag.Info,
			Summary:  "a socket in a folder that services may not share",
			Subject:  label(span, "with PrivateTmp in a unit, another service has another %s", path[:strings.LastIndexByte(path, '/')+1]),
			Related:  related,
			Notes:    []string{"requests then end as 502; error.log: connect() to unix:" + path + " failed (2: No such file or directory) while connecting to upstream"},
			Remedy:   "put the socket below /run",
			Fixes:    []diag.Fix{{Title: "put the socket below /run, on both sides", Safety: diag.Manual}},
		}
		if !private.IsZero() {
			f.Severity = diag.Error
			f.Summary = "a socket in a folder that the two services do not share"
			f.Subject.Text = "nginx and what listens there each have another " + path[:strings.LastIndexByte(path, '/')+1]
			f.Related = append(f.Related, label(private, "the unit has a folder of its own"))
			f.Notes = []string{"every request that goes there ends as 502; error.log: connect() to unix:" + path + " failed (2: No such file or directory) while connecting to upstream"}
		}
		p.Report(at, nil, f)
	}
	connecting, certain := map[*stack.Listener][]diag.Label{}, map[*stack.Listener]bool{}
	for _, h := range s.Hops {
		if path := h.Peer.Endpoint.Path; belowTmp(path) && len(h.Listeners) == 0 {
			report(targetRef(h), h.Peer.Span, path, s.PrivateTmp["nginx"], nil)
		}
		for _, l := range h.Listeners {
			if belowTmp(l.Endpoint.Path) && len(connecting[l]) < 3 {
				connecting[l] = append(connecting[l], label(h.Peer.Span, "nginx connects to it"))
				certain[l] = certain[l] || h.Certain
			}
		}
	}
	for _, l := range s.Listeners {
		path := l.Endpoint.Path
		if !belowTmp(path) || l.Pool == nil && (l.Backend == nil || len(connecting[l]) == 0) || l.Maybe || otherSystem().MatchString(l.Span.File.Path) {
			continue
		}
		var private source.Span
		if certain[l] {
			private = privateTmp(s, l)
		}
		report(nginx.Ref{}, l.Span, path, private, connecting[l])
	}
}

// privateTmp is where a unit gives nginx, or what listens, a /tmp of its own; zero where none is known to do so.
func privateTmp(s *stack.Scope, l *stack.Listener) source.Span {
	if at := s.PrivateTmp["nginx"]; !at.IsZero() {
		return at
	}
	if l.Backend != nil {
		return l.Backend.PrivateTmp
	}
	return s.PrivateTmp["php"+l.Pool.Master.Version+"-fpm"]
}

// otherSystem are folders in which systems without systemd keep their packages' configuration.
var otherSystem = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(^|/)(usr/local|usr/pkg|opt/homebrew|opt/local)/(etc|www)/`)
})

func belowTmp(path string) bool {
	return strings.HasPrefix(path, "/tmp/") || strings.HasPrefix(path, "/var/tmp/")
}
