package grammar

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
)

// listen checks the address, the parameters, and those that exclude each other.
func (u use) listen() *Fault {
	if _, fault := parseAddress(u.arg(0), toListen); fault != "" {
		return said(0, "", `%s in "%s" of the "listen" directive`, fault, u.arg(0))
	}
	for i, value := range u.args[1:] {
		if f := u.listenParameter(i+1, value); f != nil {
			return f
		}
	}
	return u.exclusive()
}

func (u use) listenParameter(i int, value string) *Fault {
	name, setting, _ := strings.Cut(value, "=")
	number := func(valid bool, hint string) *Fault {
		if valid {
			return nil
		}
		return said(i, hint, `invalid %s "%s"`, name, value)
	}
	switch {
	case !u.takes(value):
		if value == "spdy" && !u.stream() && !u.mail() && !u.atLeast(measured) {
			return nil // older ones only warn
		}
		return u.unknownParameter(i, value)
	case name == "fastopen" && value != name:
		_, ok := nginx.ParseNumber(setting)
		return number(ok, "a number of connections")
	case name == "backlog" && value != name:
		n, ok := nginx.ParseNumber(setting)
		return number(ok && n > 0, "a number of connections")
	case (name == "rcvbuf" || name == "sndbuf") && value != name:
		_, ok := nginx.ParseSize(setting)
		return number(ok, "a number of bytes, with k or m for more")
	case name == "ipv6only":
		switch {
		case setting == "on", setting == "off":
			return nil
		case strings.HasPrefix(setting, "o"):
			return said(i, "on or off", `invalid ipv6only flags "%s"`, setting)
		}
		return u.unknownParameter(i, value)
	case name == "so_keepalive" && setting != "on" && setting != "off" && !isKeepalive(setting):
		return said(i, "on, off or idle:interval:count, two of which may be empty", `invalid so_keepalive value: "%s"`, setting)
	}
	return nil
}

// isKeepalive reads idle:interval:count, each of which may be empty, but not all.
func isKeepalive(s string) bool {
	parts := strings.SplitN(s, ":", 3)
	var sum int64
	for i, part := range parts {
		if part == "" {
			continue
		}
		parse := nginx.ParseSeconds
		if i == 2 {
			parse = nginx.ParseNumber
		}
		n, ok := parse(part)
		if !ok {
			return false
		}
		sum += n
	}
	return sum > 0
}

// unknownParameter is the fault of a word that the directive does not know.
func (u use) unknownParameter(i int, value string) *Fault {
	f := said(i, u.parameters(), `invalid parameter "%s"`, value)
	if (u.stream() || u.mail()) && u.Name == "listen" && u.atMost(measured) {
		f.Message = `the invalid "` + value + `" parameter`
	}
	if dashed := strings.ReplaceAll(value, "-", "_"); dashed != value && u.takes(dashed) {
		f.Better = dashed
	}
	return f
}

// exclusive finds parameters that do not go together with UDP.
func (u use) exclusive() *Fault {
	over := "udp"
	first := slices.Index(u.args, over)
	banned := []string{"backlog=", "accept_filter=", "deferred", "multipath", "ssl", "so_keepalive=", "proxy_protocol", "fastopen="}
	if !u.stream() {
		// Which of the others the first versions with QUIC refused is not known.
		over, banned = "quic", []string{"ssl"}
		if u.atLeast(catalog.Newest) {
			banned = []string{"fastopen=", "backlog=", "accept_filter=", "deferred", "multipath", "ssl", "http2", "so_keepalive=", "proxy_protocol"}
		}
		first = slices.Index(u.args, over)
	}
	if first < 1 {
		return nil
	}
	for _, word := range banned {
		at := slices.IndexFunc(u.args, func(value string) bool {
			return value == word || strings.HasSuffix(word, "=") && strings.HasPrefix(value, word)
		})
		if at > 0 {
			name := strings.TrimSuffix(word, "=")
			return said(at, "", `"listen" directive "%s" parameter is incompatible with "%s"`, name, over)
		}
	}
	return nil
}
