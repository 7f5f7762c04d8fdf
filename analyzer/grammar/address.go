package grammar

import (
	"strings"

	"nginx-lint/analyzer/nginx"
)

// An address is one that nginx listens on or connects to, as its own reader takes it apart.
type address struct {
	host string
	// port is set where a port is written.
	port bool
	// uri is what follows, from "/" or "?" on.
	uri string
}

// The uses of an address, which differ in what may be written.
type usage uint8

const (
	toConnect usage = iota
	toListen        // a port alone, a range of ports, "*"
	withURI         // a path may follow
)

// parseAddress reads an address as ngx_parse_url does without resolving names.
// The fault is what nginx says, without the place; "" where it is well formed.
func parseAddress(s string, use usage) (a address, fault string) {
	if len(s) >= 5 && strings.EqualFold(s[:5], "unix:") {
		return parseUnix(s[5:], use)
	}
	rest := s
	v6 := strings.HasPrefix(s, "[")
	if v6 {
		host, after, ok := strings.Cut(s[1:], "]")
		if !ok {
			return a, "invalid host"
		}
		a.host, rest = host, after
	}
	if at := strings.IndexAny(rest, "/?"); at >= 0 {
		if use != withURI {
			return a, "invalid host"
		}
		rest, a.uri = rest[:at], rest[at:]
	}
	host, port, ok := strings.Cut(rest, ":")
	switch {
	case ok && v6 && host != "", !ok && v6 && rest != "":
		return a, "invalid host"
	case ok:
		a.port = true
		if fault := checkPort(port, use); fault != "" {
			return a, fault
		}
	case !v6 && use == toListen && isPortRange(rest):
		return a, checkPort(rest, use)
	}
	if !v6 {
		a.host = host
	}
	switch {
	case a.host == "":
		return a, "no host"
	case v6 && !isIPv6(a.host):
		return a, "invalid IPv6 address"
	}
	return a, ""
}

// parseUnix reads what follows "unix:". How long a path may be depends on the system.
func parseUnix(path string, use usage) (a address, fault string) {
	if use == withURI {
		path, a.uri, _ = strings.Cut(path, ":")
	}
	a.host, a.port = path, true
	if path == "" {
		return a, "no path in the unix domain socket"
	}
	return a, ""
}

// isPortRange reports whether nginx takes an address to listen on for ports alone.
func isPortRange(s string) bool {
	first, last, dash := strings.Cut(s, "-")
	_, ok := nginx.ParseNumber(first)
	if dash {
		_, number := nginx.ParseNumber(last)
		return ok && number || number && !inPorts(last)
	}
	return ok
}

func checkPort(s string, use usage) (fault string) {
	first, last, dash := strings.Cut(s, "-")
	if use != toListen || !dash {
		first, last = s, s
	}
	if !inPorts(last) || !inPorts(first) {
		return "invalid port"
	}
	from, _ := nginx.ParseNumber(first)
	if to, _ := nginx.ParseNumber(last); from > to {
		return "invalid port range"
	}
	return ""
}

func inPorts(s string) bool {
	n, ok := nginx.ParseNumber(s)
	return ok && n >= 1 && n <= 65535
}

// isIPv4 reports whether nginx reads four numbers with dots between; they may be empty.
// 255.255.255.255 is its sign for failure.
func isIPv4(s string) bool {
	dots, octet, all := 0, 0, true
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			if octet = octet*10 + int(c-'0'); octet > 255 {
				return false
			}
		case c == '.':
			all = all && octet == 255
			dots++
			octet = 0
		default:
			return false
		}
	}
	return dots == 3 && (!all || octet != 255)
}

// isIPv6 reports whether nginx reads an IPv6 address without brackets and zone; a
// single colon before it does not matter.
func isIPv6(s string) bool {
	s = strings.TrimPrefix(s, ":")
	groups, digits, start := 8, 0, -1 // groups still missing, digits of this one, where it starts
	gap := false
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ':' && digits > 0:
			start = i + 1
			if groups--; groups == 0 {
				return false
			}
			digits = 0
			continue
		case c == ':' && !gap:
			gap, start = true, i+1
			continue
		case c == '.' && digits > 0:
			if groups < 2 || start < 0 || !isIPv4(s[start:]) {
				return false
			}
			groups -= 2
			return groups == 0 && !gap || groups > 0 && gap
		case !isHex(c):
			return false
		}
		if digits++; digits > 4 {
			return false
		}
	}
	if s == "" || digits == 0 && !gap {
		return false
	}
	groups--
	return groups == 0 && !gap || groups > 0 && gap
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// isNetwork reports whether nginx reads an address with or without the length of a network.
func isNetwork(s string) bool {
	host, length, ok := strings.Cut(s, "/")
	bits := int64(32)
	switch {
	case isIPv4(host):
	case isIPv6(host):
		bits = 128
	default:
		return false
	}
	n, number := nginx.ParseNumber(length)
	return !ok || number && n <= bits
}

// isAddress reports whether nginx reads an IP address, with or without a port.
func isAddress(s string) bool {
	if isIPv4(s) || isIPv6(s) {
		return true
	}
	host, port, ok := strings.Cut(s, ":")
	if strings.HasPrefix(s, "[") {
		host, port, ok = strings.Cut(s[1:], "]:")
	}
	return ok && inPorts(port) && (isIPv4(host) || isIPv6(host))
}

// access is the check of allow and deny.
func (u use) access() *Fault {
	value := u.arg(0)
	if value == "all" || value == "unix:" || isNetwork(value) {
		return nil
	}
	return said(0, "an address, a network such as 10.0.0.0/8, unix: or all", `invalid parameter "%s"`, value)
}

// trusted is the check of directives that take a network or a name that is resolved
// when nginx starts. No name holds a slash.
func (u use) trusted() *Fault {
	value := u.arg(0)
	if value == "unix:" || isNetwork(value) || value != "" && !strings.Contains(value, "/") {
		return nil
	}
	return said(0, "an address, a network such as 10.0.0.0/8, unix: or a host name", `host not found in %s "%s"`, u.Name, value)
}

func (u use) geoipProxy() *Fault {
	if value := u.arg(0); !isNetwork(value) && value != "255.255.255.255" {
		return said(0, "an address or a network", `invalid network "%s"`, value)
	}
	return nil
}

// resolver checks the addresses of name servers and what stands beside them.
func (u use) resolver() *Fault {
	if u.mail() && u.arg(0) == "off" {
		return nil
	}
	servers := 0
	off := map[string]bool{}
	for i, value := range u.args {
		name, setting, _ := strings.Cut(value, "=")
		switch {
		case strings.HasPrefix(value, "valid="):
			if _, ok := nginx.ParseSeconds(setting); !ok {
				return said(i, "a time such as 30s", "invalid parameter: %s", value)
			}
		case strings.HasPrefix(value, "ipv6="), strings.HasPrefix(value, "ipv4=") && u.atLeast(ipv4InResolver):
			if setting != "on" && setting != "off" {
				return said(i, "on or off", "invalid parameter: %s", value)
			}
			off[name] = setting == "off"
		case strings.HasPrefix(value, "status_zone="): // commercial
		default:
			if _, fault := parseAddress(value, toConnect); fault != "" {
				return said(i, "", `%s in resolver "%s"`, fault, value)
			}
			servers++
		}
	}
	switch {
	case off["ipv4"] && off["ipv6"]:
		return said(-1, "", `"ipv4" and "ipv6" cannot both be "off"`)
	case servers == 0:
		return said(-1, "", "no name servers defined")
	}
	return nil
}

func (u use) authHTTP() *Fault {
	url := cutPrefixFold(u.arg(0), "http://")
	if _, fault := parseAddress(url, withURI); fault != "" {
		return said(0, "", `%s in auth_http "%s"`, fault, url)
	}
	return nil
}

// cutPrefixFold cuts the first prefix that fits in any case; s where none does.
func cutPrefixFold(s string, prefixes ...string) string {
	for _, p := range prefixes {
		if len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) {
			return s[len(p):]
		}
	}
	return s
}
