package grammar

import (
	"strings"

	"nginx-lint/analyzer/nginx"
)

// limitZone is the check of limit_req_zone and limit_conn_zone.
func (u use) limitZone() *Fault {
	if f := u.scripts(0); f != nil {
		return f
	}
	named := false
	for i, value := range u.args[1:] {
		i++
		if zone, ok := strings.CutPrefix(value, "zone="); ok {
			name, size, colon := strings.Cut(zone, ":")
			n, number := nginx.ParseSize(size)
			switch {
			case !colon, !number:
				return said(i, "zone=name:size", `invalid zone size "%s"`, value)
			case n < zoneMin:
				return said(i, "32k or more", `zone "%s" is too small`, value)
			}
			named = name != ""
			continue
		}
		rate, ok := strings.CutPrefix(value, "rate=")
		switch {
		case ok && u.Name == "limit_req_zone":
			number, second := strings.CutSuffix(rate, "r/s")
			if !second {
				number = strings.TrimSuffix(rate, "r/m")
			}
			if n, ok := nginx.ParseNumber(number); !ok || n == 0 {
				return said(i, "a rate such as 10r/s or 30r/m", `invalid rate "%s"`, value)
			}
		case value == "sync": // commercial
		default:
			return u.unknownParameter(i, value)
		}
	}
	if !named {
		return said(-1, "", `"%s" must have "zone" parameter`, u.Name)
	}
	return nil
}

func (u use) limitReq() *Fault {
	named := false
	for i, value := range u.args {
		name, setting, _ := strings.Cut(value, "=")
		switch {
		case strings.HasPrefix(value, "zone="):
			named = true
		case strings.HasPrefix(value, "burst="), strings.HasPrefix(value, "delay="):
			if n, ok := nginx.ParseNumber(setting); !ok || n == 0 {
				return said(i, "a number of requests", `invalid %s value "%s"`, name, value)
			}
		case value == "nodelay":
		default:
			return u.unknownParameter(i, value)
		}
	}
	if !named {
		return said(-1, "", `"limit_req" must have "zone" parameter`)
	}
	return nil
}

func (u use) limitConn() *Fault {
	n, ok := nginx.ParseNumber(u.arg(1))
	switch {
	case !ok, n == 0:
		return said(1, "a number of connections", `invalid number of connections "%s"`, u.arg(1))
	case n > 65535:
		return said(1, "", "connection limit must be less 65536")
	}
	return nil
}
