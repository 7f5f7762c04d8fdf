package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fpmAllowedClients = analyzer.Rule{
	ID:         "fpm-allowed-clients",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	OnScope:    allowedClients,
	Doc: analyzer.Doc{
		Summary: "listen.allowed_clients that refuses nginx, or has entries that never match",
		What: "A pool on a port has `listen.allowed_clients`, and the address that nginx connects from (127.0.0.1 to loopback, ::1 to ::1) is not in it, or that of an Apache that passes requests to the pool itself, or no entry is an IP address, or the value is empty: an error. " +
			"An entry that can never match among others that do is a warning: a network, a name, or one with a blank before it (the list is split at commas, and nothing else).",
		Why: "php-fpm closes the connection: every request ends as 502 with `recv() failed (104: Connection reset by peer) while reading response header from upstream`. PHP-FPM's log has nothing, unless catch_workers_output is on: then `Connection disallowed: IP address '127.0.0.1' has been dropped.` " +
			"An empty value refuses everybody, other than the manual says. An Apache that passes requests to the pool itself answers 503, and logs `AH01067: Failed to read FastCGI header` or, where php-fpm is quicker, `AH01074: Failed writing Environment` or `AH01075: Error dispatching request to : (sending empty stdin)`. On unix sockets the setting does nothing, and is not reported.",
		Gaps:      "The address that nginx connects from is known for loopback targets only, and not with fastcgi_bind.",
		Remedy:    "List single IPv4 or IPv6 addresses, separated by commas without blanks.",
		FixSafety: "Safe where blanks are dropped and localhost becomes 127.0.0.1: those entries match nobody today. Unsafe where nginx's address is added: every program of the machine may connect from it.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#listen-allowed-clients"},
		Since:     "0.1.0",
	},
}

func allowedClients(p *analyzer.Pass, s *stack.Scope) {
	hops := hopsOf(s)
	for _, m := range s.Masters {
		for _, pool := range m.Pools {
			v := pool.Get("listen.allowed_clients")
			listen, ok := fpm.ParseListen(pool.Get("listen").Text)
			if ok && listen.Kind == fpm.TCP && v.Set && v.Known && !nginx.Opaque(v.Text) {
				c := clients{pool: pool, listen: listen, value: v, entries: strings.Split(v.Text, ",")}
				c.check(p, hops[pool])
				c.gateways(p, s, hops[pool])
			}
		}
	}
}

// clients is the list of a pool.
type clients struct {
	pool    *fpm.Pool
	listen  fpm.Listen
	value   fpm.Value
	entries []string
}

func (c clients) check(p *analyzer.Pass, hops []*stack.Hop) {
	dead := c.dead()
	refused, source := c.refused(hops)
	at := c.value.Span
	if at.Text() == "" {
		at = c.value.Key
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "the pool refuses nginx",
		Remedy:   "list single IP addresses, separated by commas without blanks",
	}
	const reset = "requests end as 502; error.log: recv() failed (104: Connection reset by peer) while reading response header from upstream"
	switch {
	case !slices.ContainsFunc(c.entries, isAddress):
		f.Summary = "no entry of listen.allowed_clients is an IP address, so that everybody is refused"
		f.Subject = label(at, "%s", everybody(dead))
		f.Notes = []string{reset}
	case refused != nil:
		f.Subject = label(at, "%s, from where nginx connects, is not in the list", source)
		if len(dead) > 0 {
			f.Subject.Text += ": " + deadText(dead)
		}
		f.Notes = []string{reset}
	case len(dead) > 0:
		f.Severity = diag.Warning
		f.Summary = "an entry of listen.allowed_clients that never matches"
		f.Subject = label(at, "%s", deadText(dead))
		f.Notes = []string{"clients that it was meant for are refused: connection reset by peer"}
	default:
		return
	}
	if refused != nil {
		f.Related = append(f.Related, label(refused.Peer.Span, "nginx connects from %s", source))
	}
	f.Fixes = []diag.Fix{c.fix(hops, source)}
	p.Report(nginx.Ref{}, nil, f)
}

// dead are the entries that can never match. An empty one was meant for nobody.
func (c clients) dead() []string {
	return slices.DeleteFunc(slices.Clone(c.entries), func(e string) bool { return strings.TrimSpace(e) == "" || isAddress(e) })
}

func isAddress(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Zone() == ""
}

// refused is the first hop whose connections the pool refuses, and where they come from.
func (c clients) refused(hops []*stack.Hop) (hop *stack.Hop, source string) {
	for _, h := range hops {
		if bind := h.Target.Block.Value("fastcgi_bind"); bind.Explicit() || !bind.Unset {
			continue
		}
		if from := c.outside(h.Peer.Endpoint); from != "" {
			return h, from
		}
	}
	return nil, ""
}

// outside is the address from which a client connects to a local endpoint, where it
// is not in the list; "" where it is, or that is not known.
func (c clients) outside(to stack.Endpoint) string {
	var from []string
	switch {
	case to.Host == "localhost":
		from = []string{"127.0.0.1", "::1"}
	case to.Host == "::1":
		from = []string{to.Host}
	case to.Local():
		from = []string{"127.0.0.1"} // also where a client connects to 127.0.0.2
	}
	if from == nil || slices.ContainsFunc(from, c.lets) {
		return ""
	}
	return from[0]
}

// gateways reports that the pool refuses Apache, where nothing was said of it already.
func (c clients) gateways(p *analyzer.Pass, s *stack.Scope, hops []*stack.Hop) {
	if refused, _ := c.refused(hops); refused != nil || !slices.ContainsFunc(c.entries, isAddress) {
		return
	}
	for _, g := range s.Gateways {
		if g.Pool() != c.pool {
			continue
		}
		from := c.outside(g.Endpoint)
		if from == "" {
			continue
		}
		p.Report(nginx.Ref{}, nil, diag.Finding{
			Severity: diag.Error,
			Summary:  "the pool refuses what passes requests to it",
			Subject:  label(c.value.Span, "%s, from where Apache connects, is not in the list", from),
			Related:  []diag.Label{passesOn(g)},
			Notes:    gatewayFails("503", "AH01067: Failed to read FastCGI header, AH01074: Failed writing Environment, or AH01075: Error dispatching request"),
			Remedy:   "add " + from,
			Fixes:    []diag.Fix{{Title: "add " + from, Safety: diag.Manual}},
		})
		return
	}
}

// lets reports whether a client is in the list. An IPv4 client matches an entry
// that maps it into IPv6 only where the pool listens on both families.
func (c clients) lets(client string) bool {
	from := netip.MustParseAddr(client)
	both := c.listen.Host == "" || c.listen.Host == "::"
	return slices.ContainsFunc(c.entries, func(e string) bool {
		addr, err := netip.ParseAddr(e)
		return err == nil && (addr == from || both && addr.Unmap() == from)
	})
}

// fix cleans the list, and adds nginx's address where that is not enough.
func (c clients) fix(hops []*stack.Hop, source string) diag.Fix {
	cleaned := c
	cleaned.entries = nil
	for _, e := range c.entries {
		if e = strings.TrimSpace(e); strings.EqualFold(e, "localhost") {
			e = "127.0.0.1"
		}
		if e != "" && !slices.Contains(cleaned.entries, e) {
			cleaned.entries = append(cleaned.entries, e)
		}
	}
	set := func(entries []string) []diag.Edit {
		text := strings.Join(entries, ",")
		if c.value.Span.Text() == "" {
			text = " " + text
		}
		return []diag.Edit{{Span: c.value.Span, NewText: text}}
	}
	still, _ := cleaned.refused(hops)
	switch {
	case len(cleaned.dead()) > 0:
	case still == nil && len(cleaned.entries) > 0:
		return diag.Fix{Title: "write " + strings.Join(cleaned.entries, ","), Safety: diag.Safe, Edits: set(cleaned.entries)}
	case still != nil:
		return diag.Fix{
			Title: "add " + source, Safety: diag.Unsafe, Edits: set(append(cleaned.entries, source)),
			Risk: "every program of the machine can then connect to the pool from " + source,
		}
	}
	return diag.Fix{Title: "write single IP addresses, with commas and without blanks between them", Safety: diag.Manual}
}

func everybody(dead []string) string {
	if len(dead) == 0 {
		return "an empty list allows nobody"
	}
	return deadText(dead)
}

// deadText says why entries never match.
func deadText(dead []string) string {
	reasons := make([]string, 0, 3)
	for _, e := range dead[:min(len(dead), 3)] {
		switch trimmed := strings.TrimSpace(e); {
		case isAddress(trimmed):
			reasons = append(reasons, fmt.Sprintf("%q never matches with its blank", e))
		case strings.Contains(e, "/"):
			reasons = append(reasons, fmt.Sprintf("%q never matches: networks are not understood", trimmed))
		default:
			reasons = append(reasons, fmt.Sprintf("%q never matches: it is no IP address", trimmed))
		}
	}
	return strings.Join(reasons, "; ")
}
