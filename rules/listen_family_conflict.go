package rules

import (
	"fmt"
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

var listenFamilyConflict = analyzer.Rule{
	ID:         "listen-family-conflict",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnScope:    familyConflict,
	Doc: analyzer.Doc{
		Summary: "an IPv6 socket that takes IPv4 as well, beside an IPv4 one on the same port",
		What:    "`listen [::]:P ipv6only=off` stands beside a `listen` for IPv4 on that port (`P`, `0.0.0.0:P`, `127.0.0.1:P`), in any servers of one nginx, and not both have `reuseport`.",
		Why: "With `ipv6only=off` the socket is bound for IPv4 as well, so the second of the two cannot be: nginx does not start. error.log has `bind() to [::]:80 failed (98: Address already in use)` five times and `still could not bind()`. " +
			"`nginx -t` accepts it. (`ipv6only` is on by default.)",
		Gaps:      "Addresses given by name, other than localhost, and ranges of ports are not judged; nor is UDP. Where the IPv6 one has `reuseport`, all files must have been read.",
		Remedy:    "Drop `ipv6only=off`: `listen P;` and `listen [::]:P;` side by side serve both families.",
		FixSafety: "Dropping it is safe beside `listen P`: nginx does not start with it, and both families are served without. Beside a single IPv4 address it is yours to say whether the others are meant too.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#listen"},
		Since:     "0.1.0",
	},
}

func familyConflict(p *analyzer.Pass, s *stack.Scope) {
	byPort := map[int][]*stack.Address{}
	for _, a := range s.Addresses {
		if a.Endpoint.Net == stack.TCP && !a.UDP {
			byPort[a.Endpoint.Port] = append(byPort[a.Endpoint.Port], a)
		}
	}
	for _, dual := range s.Addresses {
		i := slices.IndexFunc(dual.Listens, func(l stack.Listen) bool { return l.Has("ipv6only=off") })
		if dual.UDP || dual.Endpoint.Host != "" || dual.Endpoint.Families != stack.Dual || i < 0 {
			continue
		}
		if v4 := ipv4Socket(dual, byPort[dual.Endpoint.Port]); v4 != nil && !bothReuse(dual.Listens[i], v4) {
			reportFamilies(p, dual, dual.Listens[i], v4)
		}
	}
}

// ipv4Socket is an address of the same nginx that is bound for IPv4 on the
// port: the one for all of IPv4 if there is one; nil if there is none.
func ipv4Socket(dual *stack.Address, addresses []*stack.Address) (found *stack.Address) {
	for _, a := range addresses {
		e := a.Endpoint
		if a.Config != dual.Config || e.Families != stack.V4 && e.Host != "localhost" {
			continue
		}
		if e.Host == "" {
			return a
		}
		if found == nil {
			found = a
		}
	}
	return found
}

// bothReuse reports whether both sockets have reuseport, or may have it.
func bothReuse(l stack.Listen, v4 *stack.Address) bool {
	return l.Has("reuseport") && (!v4.Complete || slices.ContainsFunc(v4.Listens, func(l stack.Listen) bool { return l.Has("reuseport") }))
}

func reportFamilies(p *analyzer.Pass, dual *stack.Address, l stack.Listen, v4 *stack.Address) {
	at := l.Ref.IndexArg("ipv6only=off", 0)
	option := l.Ref.ArgSpan(at)
	fix := diag.Fix{
		Title: "drop ipv6only=off", Safety: diag.Safe,
		Edits: []diag.Edit{{Span: source.Span{File: option.File, Start: l.Ref.ArgSpan(at - 1).End, End: option.End}}},
	}
	if v4.Endpoint.Host != "" {
		fix = diag.Fix{Title: fmt.Sprintf("drop ipv6only=off, and listen on %d where all of IPv4 is meant", dual.Endpoint.Port), Safety: diag.Manual}
	}
	p.Report(l.Ref, dual, diag.Finding{
		Severity: diag.Error,
		Summary:  "two sockets for IPv4 on one port",
		Subject:  label(option, "makes %s take IPv4 as well, where %s is bound", dual, v4),
		Related:  []diag.Label{label(v4.Listens[0].Ref.Head(), "bound for IPv4")},
		Notes:    []string{fmt.Sprintf("nginx -t accepts it, and nginx does not start; error.log: bind() to %s failed (98: Address already in use)", dual)},
		Remedy:   "drop ipv6only=off",
		Fixes:    []diag.Fix{fix},
	})
}
