package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

var serverUnreachable = analyzer.Rule{
	ID:         "server-unreachable",
	Severities: []diag.Severity{diag.Warning},
	OnScope:    unreachable,
	Doc: analyzer.Doc{
		Summary: "no request reaches this server",
		What: "All names of a `server` are taken by servers before it, on all addresses that it listens on, and on none of them is it the default server. A name that is given twice on one address belongs to the first server that has it; `.a.test` counts as `a.test` and `*.a.test`. " +
			"Also a server without `server_name` that is the default server of none of its addresses: it gets only what has no Host.",
		Why: "nginx starts, and answers those names from the other server: the block is dead, and with it its locations, certificates and limits. `nginx -t` warns `conflicting server name \"a.test\" on 0.0.0.0:80, ignored` (not where the name is an expression, and not for a server without names).",
		Gaps: "Silent for a server that is first for one name on one address, with variables in its names or addresses, without `listen` (the port then depends on who starts nginx), and where a file that was not read may give it a name or a `listen`. " +
			"Expressions are compared as text only.",
		Remedy: "Remove the server, merge it into the one that has the name, or give it a name or address of its own (`default_server`, if it is meant for all other names).",
		Refs:   []string{"https://nginx.org/en/docs/http/server_names.html", "https://nginx.org/en/docs/http/request_processing.html"},
		Since:  "0.1.0",
	},
}

// A takenName is a name of a server that another server has on an address.
type takenName struct {
	name string
	by   *nginx.Block
	at   *stack.Address
}

func unreachable(p *analyzer.Pass, s *stack.Scope) {
	if s.TooManyNames != nil {
		return
	}
	reached := map[*nginx.Block]bool{}
	var order []*nginx.Block
	eachName(s, true, func(server *nginx.Block, _ takenName, gives bool) {
		if _, known := reached[server]; !known {
			order = append(order, server)
		}
		reached[server] = reached[server] || gives
	})
	order = slices.DeleteFunc(order, func(server *nginx.Block) bool { return reached[server] || !allListensKnown(server) })
	if len(order) == 0 {
		return
	}
	taken := map[*nginx.Block][]takenName{}
	eachName(s, false, func(server *nginx.Block, t takenName, _ bool) {
		if !reached[server] {
			taken[server] = append(taken[server], t)
		}
	})
	for _, server := range order {
		reportUnreachable(p, server, taken[server])
	}
}

// eachName goes through the names of the servers on each address; where once is set,
// on one of those that follow each other and tell the same of the same servers.
// gives says whether requests certainly, or perhaps, reach the server there.
func eachName(s *stack.Scope, once bool, each func(server *nginx.Block, t takenName, gives bool)) {
	var before *stack.Address
	for _, a := range s.Addresses {
		again := once && a.SharesServers(before) && a.Default == before.Default
		before = a
		if a.Stream || again {
			continue
		}
		names := make(nameTable, 2*len(a.Servers))
		for _, server := range a.Servers {
			own, known := server.ServerNames()
			implied := !server.Has("server_name")
			mayReach := !known || server == a.Default
			if len(own) == 0 {
				each(server, takenName{}, mayReach)
			}
			for _, name := range own {
				by := names.add(name, server)
				each(server, takenName{name, by, a}, mayReach || by == server && !implied)
			}
		}
	}
}

func reportUnreachable(p *analyzer.Pass, server *nginx.Block, taken []takenName) {
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "no request reaches this server",
		Subject:  label(namePlace(server), "all its names belong to servers before it, on all its addresses"),
		Remedy:   "remove it, merge it into the other one, or give it a name or address of its own",
	}
	at := server.Ref()
	if names := server.Own("server_name"); len(names) > 0 {
		at = names[0]
	} else {
		f.Subject.Text = "without server_name, and not the default server of its addresses: it gets only what has no Host"
		f.Remedy = "give it a server_name, or default_server in its listen if it is meant for all other names"
	}
	noted, seen := false, map[source.Span]bool{}
	for _, t := range taken {
		by, text := t.by, fmt.Sprintf("has %s on %s", strings.TrimSpace(t.name), t.at)
		if t.name == "" {
			by, text = t.at.Default, fmt.Sprintf("the default server of %s", t.at)
		}
		if by == server || seen[namePlace(by)] {
			continue
		}
		seen[namePlace(by)] = true
		if namePlace(by) == f.Subject.Span {
			f.Notes = append(f.Notes, "the same server is read twice: its file is included twice")
			f.Remedy = "include its file once"
		} else {
			f.Related = append(f.Related, label(namePlace(by), "%s", text))
		}
		if !noted && t.by != server && !strings.HasPrefix(t.name, "~") {
			noted = true
			f.Notes = append(f.Notes, fmt.Sprintf("nginx -t: [warn] conflicting server name %q on %s, ignored", t.name, t.at))
		}
	}
	p.Report(at, server, f)
}

func allListensKnown(server *nginx.Block) bool {
	listens := server.Own("listen")
	for _, r := range listens {
		if _, ok := stack.ListenEndpoint(r); !ok {
			return false
		}
	}
	return len(listens) > 0 && !server.Missing && server.Context == catalog.Server
}

// namePlace is where the names of a server are written.
func namePlace(server *nginx.Block) source.Span {
	if names := server.Own("server_name"); len(names) > 0 {
		return names[0].Head()
	}
	return server.Head()
}

// A nameTable says to which server the names on an address belong, as nginx
// does while it builds its tables: a name that conflicts is ignored as a whole.
type nameTable map[string]*nginx.Block

// add enters a name, and returns the server that has it.
func (t nameTable) add(name string, server *nginx.Block) *nginx.Block {
	if len(name) > 1 && name[0] == '.' {
		if first := t[name[1:]]; first != nil {
			return first
		}
		t[name[1:]] = server
		name = "*" + name
	}
	if first := t[name]; first != nil { // a wildcard is its own key
		return first
	}
	t[name] = server
	return server
}
