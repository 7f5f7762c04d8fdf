package grammar

import (
	"strings"

	"nginx-lint/analyzer/nginx"
)

// member checks a server of an upstream. Names are not resolved.
func (u use) member() *Fault {
	if u.Block {
		return nil
	}
	for i, value := range u.args[1:] {
		name, setting, _ := strings.Cut(value, "=")
		ok := true
		switch {
		case strings.HasPrefix(value, "weight="):
			n, number := nginx.ParseNumber(setting)
			ok = number && n > 0
		case strings.HasPrefix(value, "max_conns="), strings.HasPrefix(value, "max_fails="):
			_, ok = nginx.ParseNumber(setting)
		case strings.HasPrefix(value, "fail_timeout="):
			_, ok = nginx.ParseSeconds(setting)
		case value == "backup", value == "down":
		default:
			ok = commercialMember[name]
		}
		if !ok {
			return said(i+1, u.parameters(), `invalid parameter "%s"`, value)
		}
	}
	a, fault := parseAddress(u.arg(0), toConnect)
	switch {
	case fault != "":
		return said(0, "", `%s in upstream "%s"`, fault, u.arg(0))
	case u.stream() && !a.port && !u.resolvesService():
		return said(0, "an address with its port", `no port in upstream "%s"`, u.arg(0))
	}
	return nil
}

// commercialMember are parameters of a server that commercial versions know, whose
// numbers do not tell, and that came to the open source later if at all.
var commercialMember = map[string]bool{"slow_start": true, "resolve": true, "service": true, "drain": true, "route": true}

func (u use) resolvesService() bool {
	for _, value := range u.args {
		if strings.HasPrefix(value, "service=") {
			return true
		}
	}
	return false
}

func (u use) upstreamZone() *Fault {
	name, size := u.arg(0), u.arg(1)
	if name == "" {
		return said(0, "", `invalid zone name ""`)
	}
	if len(u.args) < 2 {
		return nil
	}
	n, ok := nginx.ParseSize(size)
	switch {
	case !ok:
		return said(1, "a number of bytes, with k or m for more", `invalid zone size "%s"`, size)
	case n < zoneMin:
		return said(1, "32k or more", `zone "%s" is too small`, name)
	}
	return nil
}

func (u use) hash() *Fault {
	if f := u.scripts(0); f != nil {
		return f
	}
	if len(u.args) > 1 && u.arg(1) != "consistent" {
		return said(1, "consistent", `invalid parameter "%s"`, u.arg(1))
	}
	return nil
}

func (u use) random() *Fault {
	switch {
	case len(u.args) > 0 && u.arg(0) != "two":
		return said(0, "two", `invalid parameter "%s"`, u.arg(0))
	case len(u.args) > 1 && u.arg(1) != "least_conn" && !strings.HasPrefix(u.arg(1), "least_time="):
		return said(1, "least_conn", `invalid parameter "%s"`, u.arg(1))
	}
	return nil
}

func (u use) keepalive() *Fault {
	n, ok := nginx.ParseNumber(u.arg(0))
	switch {
	case !ok, n == 0 && u.atMost(measured):
		return said(0, "a number of connections", `invalid value "%s" in "keepalive" directive`, u.arg(0))
	case len(u.args) > 1 && u.arg(1) != "local":
		return said(1, "local", `invalid parameter "%s"`, u.arg(1))
	}
	return nil
}

// pass checks the address that a request or connection goes to. With variables
// it is read when a request comes.
func (u use) pass() *Fault {
	url := u.arg(0)
	if strings.Contains(url, "$") {
		if u.Name == "memcached_pass" {
			return nil
		}
		return script(0, url)
	}
	usage := toConnect
	switch u.Name {
	case "proxy_pass":
		if u.stream() {
			break
		}
		usage = withURI
		if rest := cutPrefixFold(url, "http://", "https://"); rest != url {
			url = rest
		} else {
			return said(0, "an address with http:// or https:// before it", "invalid URL prefix")
		}
	case "grpc_pass":
		url = cutPrefixFold(url, "grpc://", "grpcs://")
	case "uwsgi_pass":
		url = cutPrefixFold(url, "uwsgi://", "suwsgi://")
	}
	if _, fault := parseAddress(url, usage); fault != "" {
		f := said(0, "", `%s in upstream "%s"`, fault, url)
		if usage != withURI && strings.Contains(url, "/") && !strings.HasPrefix(url, "unix:") {
			f.Hint = "an address and nothing behind it"
		}
		return f
	}
	return nil
}

// URI is the part of a proxy_pass behind the address; "" also where it has
// variables or cannot be read.
func URI(url string) string {
	rest := cutPrefixFold(url, "http://", "https://")
	a, fault := parseAddress(rest, withURI)
	if rest == url || fault != "" || strings.Contains(url, "$") {
		return ""
	}
	return a.uri
}

// bind is the check of the address that connections to a server come from.
func (u use) bind() *Fault {
	value := u.arg(0)
	if len(u.args) == 1 && value == "off" {
		return nil
	}
	if f := script(0, value); f != nil {
		return f
	}
	switch {
	case !strings.Contains(value, "$") && !isAddress(value):
		return said(0, "an IP address, or off", `invalid address "%s"`, value)
	case len(u.args) > 1 && u.arg(1) != "transparent":
		return said(1, "transparent", `invalid parameter "%s"`, u.arg(1))
	}
	return nil
}
