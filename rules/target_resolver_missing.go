package rules

import (
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var targetResolverMissing = analyzer.Rule{
	ID:         "target-resolver-missing",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnScope:    resolverMissing,
	Doc: analyzer.Doc{
		Summary: "a host name in a target with variables, and no resolver to look it up",
		What: "A `*_pass` with a variable anywhere in it (the port and the path count) can lead to a host *name*, and no `resolver` is in force there. `localhost` is a name like any other. " +
			"Values are followed through `set` and `map`; the finding stands where the name is written.",
		Why: "With a variable nginx looks the name up while it serves the request, by asking the name servers of `resolver`: neither /etc/hosts nor resolv.conf are read then. Without one every such request ends as 502, and error.log has `no resolver defined to resolve localhost`. `nginx -t` accepts it. " +
			"The name of an `upstream` needs no resolver, unless a port is written behind it.",
		Gaps: "Silent where a missing include may set a resolver, for values from captures, Lua and njs, and where the same host and port also stand in a pass without variables: nginx looks that up as it starts and takes the result for both. " +
			"A name without a port in anything but `proxy_pass` fails otherwise (500, `no port in upstream`).",
		Remedy:    "Write an address, name an `upstream`, or set a `resolver` (in containers of Docker: 127.0.0.11).",
		FixSafety: "Safe for a literal `localhost` in the pass itself whose listener was read and accepts IPv4: `127.0.0.1` needs no resolver, and all these requests fail today. Otherwise the choice is yours.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#resolver", "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass"},
		Since:     "0.1.0",
	},
}

// lookedUp is a host and port that one nginx looks up as it starts.
type lookedUp struct {
	config *nginx.Config
	host   string
	port   int
}

func resolverMissing(p *analyzer.Pass, s *stack.Scope) {
	atStart := map[lookedUp]bool{}
	for _, t := range s.Targets {
		if strings.Contains(t.Pass.Arg(0), "$") || t.Upstream != nil {
			continue
		}
		for _, peer := range t.Peers {
			atStart[lookedUp{t.Config, peer.Endpoint.Host, peer.Endpoint.Port}] = true
			atStart[lookedUp{t.Config, peer.Endpoint.Host, 0}] = true // for ports that are not known
		}
	}
	for _, t := range s.Targets {
		if len(t.Names) == 0 || t.Block.Value("resolver").Origin != nginx.Absent {
			continue
		}
		for _, name := range t.Names {
			if !atStart[lookedUp{t.Config, name.Host, name.Port}] {
				reportName(p, t, name)
			}
		}
	}
}

func reportName(p *analyzer.Pass, t *stack.Target, name stack.Name) {
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "no resolver for a host name in a target with variables",
		Subject:  label(name.Span, "%s is looked up for each request, and no resolver is set", name.Host),
		Notes:    []string{"every request that goes there ends as 502; error.log: no resolver defined to resolve " + name.Host},
		Remedy:   "write an address, name an upstream, or set a resolver",
		Fixes:    []diag.Fix{{Title: "write an address, or set a resolver", Safety: diag.Manual}},
	}
	if name.From != t.Pass {
		f.Related = append(f.Related, label(t.Pass.Head(), "goes there"))
	}
	before, after, written := strings.Cut(t.Pass.Arg(0), "localhost")
	if l := onLoopback(t, name); name.From == t.Pass && name.Host == "localhost" && written && l != nil {
		f.Related = append(f.Related, label(l.Span, "listens there"))
		f.Fixes = []diag.Fix{{
			Title: "write 127.0.0.1", Safety: diag.Safe,
			Edits: []diag.Edit{t.Pass.Tree().SetArg(t.Pass.ID, 0, before+"127.0.0.1"+after)},
		}}
	}
	p.Report(name.From, name.From, f)
}

// onLoopback is what listens on 127.0.0.1 at the port of a name; nil if that is not known.
func onLoopback(t *stack.Target, name stack.Name) *stack.Listener {
	address := stack.TCPEndpoint("127.0.0.1", name.Port)
	for _, h := range t.Hops {
		for _, l := range h.Listeners {
			if address.Reaches(l.Endpoint) == stack.Yes {
				return l
			}
		}
	}
	return nil
}
