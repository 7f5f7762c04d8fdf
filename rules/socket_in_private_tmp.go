package rules

import (
	"cmp"
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
			"An error where nginx, or an Apache that passes requests to a pool itself, connects to it and a unit that was read gives one of the two `PrivateTmp`.",
		Why: "Many distributions start nginx or PHP-FPM with `PrivateTmp=true`: the service then sees a `/tmp` that no other one does. The socket exists, and still every request ends as 502 with `connect() to unix:/tmp/php.sock failed (2: No such file or directory) while connecting to upstream`. " +
			"What cleans `/tmp` may remove the socket as well.",
		Gaps:      "Units are read in host trees and beside nginx's files, as in roles of Ansible, and those of packages are mostly in neither. Units with `JoinsNamespaceOf` share what they join. Silent for what runs in containers (a Dockerfile or compose file lies beside it), in the folders of BSD and macOS, and for sockets of nginx that nginx itself connects to.",
		Remedy:    "Put the socket below /run, on both sides: /run/php/NAME.sock.",
		FixSafety: "Both sides have to change together, and the folder has to exist.",
		Refs:      []string{"https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#PrivateTmp="},
		Since:     "0.1.0",
	},
}

func inTmp(p *analyzer.Pass, s *stack.Scope) {
	if s.Container || slices.ContainsFunc(s.Nginx, func(c *nginx.Config) bool { return otherSystem().MatchString(c.Main.File.Path) }) {
		return
	}
	report := func(at nginx.Ref, span source.Span, path string, with tmpUse) {
		private, folder := with.private, path[:strings.LastIndexByte(path, '/')+1]
		failure := "ends as 502; error.log: connect() to unix:" + path + " failed (2: No such file or directory) while connecting to upstream"
		if with.client == "Apache" {
			failure = "ends as 503; Apache's error log: (2)No such file or directory: AH02454: FCGI: attempt to connect to Unix domain socket " + path + " failed"
		}
		f := diag.Finding{
			Severity: diag.Info,
			Summary:  "a socket in a folder that services may not share",
			Subject:  label(span, "with PrivateTmp in a unit, another service has another %s", folder),
			Related:  with.labels,
			Notes:    []string{"then each request " + failure},
			Remedy:   "put the socket below /run",
			Fixes:    []diag.Fix{{Title: "put the socket below /run, on both sides", Safety: diag.Manual}},
		}
		if !private.IsZero() {
			f.Severity = diag.Error
			f.Summary = "a socket in a folder that the two services do not share"
			f.Subject.Text = with.client + " and what listens there each have another " + folder
			f.Related = append(f.Related, label(private, "the unit has a folder of its own"))
			f.Notes = []string{"every request that goes there " + failure}
		}
		p.Report(at, nil, f)
	}
	uses := map[*stack.Listener]*tmpUse{}
	connects := func(client string, own source.Span, at source.Span, to *stack.Reach) {
		for _, l := range to.Listeners {
			if !belowTmp(l.Endpoint.Path) {
				continue
			}
			if uses[l] == nil {
				uses[l] = &tmpUse{client: client}
			}
			u := uses[l]
			if private := cmp.Or(own, privateTmp(s, l)); to.Certain && u.private.IsZero() && !private.IsZero() {
				u.client, u.private = client, private
			}
			if len(u.labels) < 3 {
				u.labels = append(u.labels, label(at, "%s connects to it", client))
			}
		}
	}
	for _, h := range s.Hops {
		if path := h.Peer.Endpoint.Path; belowTmp(path) && len(h.Listeners) == 0 {
			report(targetRef(h), h.Peer.Span, path, tmpUse{client: "nginx", private: s.PrivateTmp["nginx"]})
		}
		connects("nginx", s.PrivateTmp["nginx"], h.Peer.Span, h.Reach)
	}
	for _, g := range s.Gateways {
		connects(g.Backend.Program, cmp.Or(s.PrivateTmp["apache2"], s.PrivateTmp["httpd"]), g.Span, g.Reach)
	}
	for _, l := range s.Listeners {
		path := l.Endpoint.Path
		if !belowTmp(path) || l.Pool == nil && (l.Backend == nil || uses[l] == nil) || l.Maybe || otherSystem().MatchString(l.Span.File.Path) {
			continue
		}
		with := tmpUse{client: "nginx"}
		if uses[l] != nil {
			with = *uses[l]
		}
		report(nginx.Ref{}, l.Span, path, with)
	}
}

// A tmpUse is who connects to a socket in /tmp.
type tmpUse struct {
	client string
	labels []diag.Label
	// private is where a unit gives the client, or what listens, a /tmp of its own;
	// zero where none is known to do so.
	private source.Span
}

// privateTmp is where the unit of a pool or program gives it a /tmp of its own.
func privateTmp(s *stack.Scope, l *stack.Listener) source.Span {
	switch {
	case l.Backend != nil:
		return l.Backend.PrivateTmp
	case l.Pool != nil:
		return s.PrivateTmp["php"+l.Pool.Master.Version+"-fpm"]
	}
	return source.Span{}
}

// otherSystem are folders in which systems without systemd keep their packages' configuration.
var otherSystem = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(^|/)(usr/local|usr/pkg|opt/homebrew|opt/local)/(etc|www)/`)
})

func belowTmp(path string) bool {
	return strings.HasPrefix(path, "/tmp/") || strings.HasPrefix(path, "/var/tmp/")
}
