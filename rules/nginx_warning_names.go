package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// conflictingNames looks for names that an earlier server of an address has, or
// the server itself. nginx looks at names only where several servers share an address.
// It reports whether any are in conflict, or may be.
func (t nginxWarnings) conflictingNames(a *stack.Address) (conflict bool) {
	servers := a.Servers
	if len(servers) < 2 || slices.ContainsFunc(a.Listens, func(l stack.Listen) bool { return !t.written(l.Ref) }) {
		return true
	}
	names := make(nameTable, 2*len(servers))
	var listed []string
	for _, server := range servers {
		listed = listed[:0] // those of this server
		var again map[string]bool
		for _, r := range t.own(server, "server_name") {
			for i, arg := range r.EachArg() {
				name := strings.ToLower(arg)
				if strings.HasPrefix(name, "~") || !nginx.Literal(name) {
					continue
				}
				known := len(names)
				by := names.add(name, server)
				if len(names) == known && again == nil {
					again = map[string]bool{}
					for _, name := range listed {
						again[name] = true
					}
				}
				if by != server || again[name] {
					conflict = true
					t.conflictingName(a, server, by, r, i)
				}
				if listed = append(listed, name); again != nil {
					again[name] = true
				}
			}
		}
		if len(listed) == 0 && !server.Has("server_name") && !server.Missing {
			names.add("", server)
		}
	}
	return conflict
}

func (t nginxWarnings) conflictingName(a *stack.Address, server, by *nginx.Block, r nginx.Ref, i int) {
	name := strings.ToLower(r.Arg(i))
	f := diag.Finding{
		Summary: "a server name that another server has",
		Subject: label(r.ArgSpan(i), "ignored on %s", a),
		Related: []diag.Label{label(namePlace(by), "has %q there", name)},
		Remedy:  "remove it from one of the two",
	}
	if by == server {
		f.Summary = "a server name stands twice"
		f.Subject.Text = "this server has it already"
		f.Related = nil
		f.Remedy = "drop it"
		if i > 0 {
			f.Fixes = []diag.Fix{{Title: "drop the second " + name, Safety: diag.Safe, Edits: []diag.Edit{dropWord(r, i)}}}
		}
	}
	t.warn(r, fmt.Sprintf("conflicting server name %q on %s, ignored", name, a), f, server)
}

// mask looks for bits behind the mask of a network.
func (t nginxWarnings) mask(r nginx.Ref, i int, network string) {
	prefix, err := netip.ParsePrefix(network)
	if err != nil || prefix == prefix.Masked() {
		return
	}
	span := r.Tree().NameSpan(r.ID)
	if i >= 0 {
		span = r.ArgSpan(i)
	}
	better := prefix.Masked().String()
	t.warn(r, fmt.Sprintf("low address bits of %s are meaningless", network), diag.Finding{
		Summary: "an address with bits behind its mask",
		Subject: label(span, "nginx takes it for %s", better),
		Remedy:  "write the network, or the address alone if only that is meant",
		Fixes:   []diag.Fix{{Title: "write " + better, Safety: diag.Safe, Edits: []diag.Edit{{Span: span, NewText: better}}}},
	})
}

// geo looks for networks that stand twice in a geo.
func (t nginxWarnings) geo(rows *nginx.Block) {
	if rows.Missing || len(rows.Own("ranges")) > 0 {
		return
	}
	seen := map[netip.Prefix]nginx.Ref{}
	hidden := false // a row that is not known
	for r := range rows.All() {
		if !t.written(r) || r.NArgs() != 1 {
			hidden = true
			continue
		}
		network := r.Name()
		switch network {
		case "proxy", "delete":
			t.mask(r, 0, r.Arg(0))
			if prefix, ok := geoNetwork(r.Arg(0)); ok && network == "delete" {
				if _, there := seen[prefix]; !there && !hidden {
					t.warn(r, fmt.Sprintf("no network %q to delete", r.Arg(0)), diag.Finding{
						Summary: "nothing to delete in a geo",
						Subject: label(r.Head(), "no row before this has the network"),
						Remedy:  "write the network as the row that it is to delete, below that",
					})
				}
				delete(seen, prefix)
			}
			continue
		case "default":
			network = "0.0.0.0/0"
		default:
			t.mask(r, -1, network)
		}
		prefix, ok := geoNetwork(network)
		if !ok {
			continue
		}
		first, again := seen[prefix]
		if !again {
			seen[prefix] = r
			continue
		}
		t.warn(r, fmt.Sprintf("duplicate network %q, value: %q, old value: %q", r.Name(), r.Arg(0), first.Arg(0)), diag.Finding{
			Summary: "a network stands twice in a geo",
			Subject: label(r.Head(), "the last one counts"),
			Related: []diag.Label{label(first.Head(), "the first one")},
			Remedy:  "keep one of the two",
		})
		seen[prefix] = r
	}
}

// geoNetwork reads a network, or an address for itself alone.
func geoNetwork(s string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(s)
	return prefix.Masked(), err == nil
}
