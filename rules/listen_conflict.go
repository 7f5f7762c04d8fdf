package rules

import (
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var listenConflict = analyzer.Rule{
	ID:         "listen-conflict",
	Severities: []diag.Severity{diag.Error},
	Refused:    diag.Nginx,
	OnScope:    listenTwice,
	NoProof:    judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "two listen directives for one address that nginx does not join",
		What: "One server listens on an address twice, two servers are the default server of one address, or two servers give options for the socket of one address (`backlog`, `reuseport`, `bind`, `ipv6only`, `so_keepalive` and others). " +
			"`80`, `*:80` and `0.0.0.0:80` are one address. In `stream` before nginx 1.25.5 no two servers may listen on one address at all.",
		Why:    "nginx does not start: `[emerg] a duplicate listen 0.0.0.0:80`, `a duplicate default server for 0.0.0.0:80`, `duplicate listen options for 0.0.0.0:80`.",
		Gaps:   "Silent for host names, for files that a program fills in, behind the first syntax error of a file, and for files that no main file includes. `ssl`, `http2` and `proxy_protocol` may stand at any server.",
		Remedy: "Keep the options, and default_server, at one of the servers.",
		Refs:   []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#listen"},
		Since:  "0.2.0",
	},
}

func listenTwice(p *analyzer.Pass, s *stack.Scope) {
	for _, a := range s.Addresses {
		if a.Config.Fragment {
			continue
		}
		listens := slices.DeleteFunc(slices.Clone(a.Listens), func(l stack.Listen) bool { return !p.Certain(l.Ref) })
		exclusive := a.Stream && !a.Config.Version.IsZero() && a.Config.Version.Compare(catalog.Version{Major: 1, Minor: 25, Patch: 5}) < 0
		var options, primary nginx.Ref
		first := make(map[*nginx.Block]int, len(listens)) // of each server
		for i, l := range listens {
			same, again := first[l.Server]
			switch {
			case exclusive && i > 0:
				same = 0
			case !again:
				first[l.Server], same = i, -1
			}
			switch {
			case same >= 0 && exclusive:
				p.Report(l.Ref, l.Ref, conflict(l.Ref, listens[same].Ref, "another server has the address", "duplicate \""+a.String()+"\" address and port pair"))
				continue
			case same >= 0:
				p.Report(l.Ref, l.Ref, conflict(l.Ref, listens[same].Ref, "the second of this server for "+a.String(), "a duplicate listen "+a.String()))
				continue
			case hasSocketOptions(l.Ref) && !options.IsZero():
				p.Report(l.Ref, l.Ref, conflict(l.Ref, options, "a second one with options for the socket of "+a.String(), "duplicate listen options for "+a.String()))
				continue
			case isDefault(l.Ref) && !primary.IsZero():
				p.Report(l.Ref, l.Ref, conflict(l.Ref, primary, "a second default server for "+a.String(), "a duplicate default server for "+a.String()))
				continue
			}
			if hasSocketOptions(l.Ref) {
				options = l.Ref
			}
			if isDefault(l.Ref) {
				primary = l.Ref
			}
		}
	}
}

func conflict(at, first nginx.Ref, what, says string) diag.Finding {
	return diag.Finding{
		Severity: diag.Error,
		Summary:  "two listen directives contradict each other",
		Subject:  label(at.Head(), "%s", what),
		Related:  []diag.Label{label(first.Head(), "the first one")},
		Notes:    []string{"nginx says: " + says},
		Remedy:   "keep it at one of the two",
	}
}

func isDefault(listen nginx.Ref) bool {
	return listen.IndexArg("default_server", 1) > 0 || listen.IndexArg("default", 1) > 0
}

// hasSocketOptions reports whether a listen directive has an option of the socket,
// which only one directive of an address may have.
func hasSocketOptions(listen nginx.Ref) bool {
	for i, arg := range listen.EachArg() {
		if i == 0 {
			continue
		}
		switch name, _, _ := strings.Cut(arg, "="); name {
		case "setfib", "fastopen", "backlog", "rcvbuf", "sndbuf", "accept_filter", "deferred", "ipv6only", "reuseport", "so_keepalive", "bind", "multipath":
			return true
		}
	}
	return false
}
