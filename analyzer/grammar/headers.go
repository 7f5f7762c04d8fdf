package grammar

import (
	"strings"

	"nginx-lint/analyzer/nginx"
)

func (u use) addHeader() *Fault {
	if f := u.scripts(1); f != nil {
		return f
	}
	if len(u.args) > 2 && u.arg(2) != "always" {
		return said(2, "always behind the value", `invalid parameter "%s"`, u.arg(2))
	}
	return nil
}

// parameter is the check of fastcgi_param and its kin.
func (u use) parameter() *Fault {
	if len(u.args) > 2 && u.arg(2) != "if_not_empty" {
		return said(2, "if_not_empty behind the value", `invalid parameter "%s"`, u.arg(2))
	}
	return u.header()
}

// header is the check of a name and a value with variables. nginx reads the value
// when it builds a server, which http alone need not have.
func (u use) header() *Fault {
	if u.in&builtWithServer == 0 {
		return nil
	}
	return u.scripts(1)
}

func (u use) expires() *Fault {
	modified := len(u.args) > 1
	value := u.arg(len(u.args) - 1)
	at := len(u.args) - 1
	if modified && u.arg(0) != "modified" {
		return u.invalid(0, "modified before a time")
	}
	if strings.Contains(value, "$") {
		return script(at, value)
	}
	if !modified && (value == "epoch" || value == "max" || value == "off") {
		return nil
	}
	daily := strings.HasPrefix(value, "@")
	if daily && modified {
		return said(at, "", `"expires" directive daily time cannot be used with "modified" parameter`)
	}
	if value != "" && strings.IndexByte("@+-", value[0]) >= 0 {
		value = value[1:]
	}
	n, ok := nginx.ParseSeconds(value)
	switch {
	case !ok:
		return u.invalid(at, "a time such as 30d, epoch, max or off")
	case daily && n > 24*60*60:
		return said(at, "", `"expires" directive daily time value must be less than 24 hours`)
	}
	return nil
}

func (u use) keepaliveTimeout() *Fault {
	if _, ok := nginx.ParseMilliseconds(u.arg(0)); !ok {
		return u.badTime(0)
	}
	if _, ok := nginx.ParseSeconds(u.arg(1)); len(u.args) > 1 && !ok {
		return u.badTime(1)
	}
	return nil
}

// rewritten is the check of directives that replace what a text or a regular
// expression matches.
func (u use) rewritten() *Fault {
	value := u.arg(0)
	if len(u.args) == 1 {
		if value == "off" || value == "default" && u.Name == "proxy_redirect" {
			return nil
		}
		if value == "false" && u.Name == "proxy_redirect" && !u.atLeast(measured) {
			return nil // an old word for off
		}
		return said(0, "off, or what to replace and by what", `invalid parameter "%s"`, value)
	}
	f := script(0, value)
	if pattern, ok := strings.CutPrefix(value, "~"); ok {
		if u.Name == "proxy_cookie_path" || u.Name == "proxy_redirect" {
			pattern = strings.TrimPrefix(pattern, "*")
		}
		f = u.regex(0, pattern)
	}
	if f != nil {
		return f
	}
	return u.scripts(1, 2, 3)
}

func (u use) subFilter() *Fault {
	if u.arg(0) == "" {
		return said(0, "", "empty search pattern")
	}
	return u.scripts(0, 1)
}

func (u use) userIDExpires() *Fault {
	if _, ok := nginx.ParseSeconds(u.arg(0)); !ok && u.arg(0) != "max" && u.arg(0) != "off" {
		return u.badTime(0)
	}
	return nil
}

func (u use) userIDMark() *Fault {
	if value := u.arg(0); value != "off" && value != "=" && (len(value) != 1 || value == "_" || !isWord(value[0])) {
		return said(0, `off, a letter, a digit or "="`, `"userid_mark" directive value must be "off" or a single letter, digit or "="`)
	}
	return nil
}

// charset is the check of charset and source_charset: a name or one variable.
func (u use) charset() *Fault {
	if u.arg(0) == "$" {
		return said(0, "a charset, a variable or off", `invalid variable name "$"`)
	}
	return nil
}

// gzipDisable takes msie6 and regular expressions; degradation is for a module that few builds have.
func (u use) gzipDisable() *Fault {
	for i, value := range u.args {
		if value != "msie6" && value != "degradation" {
			if f := u.regex(i, value); f != nil {
				return f
			}
		}
	}
	return nil
}

// gzipBits is the check of sizes that stand for a number of bits.
func (u use) gzipBits() *Fault {
	if f := u.size(); f != nil {
		return f
	}
	n, _ := nginx.ParseSize(u.arg(0))
	largest, list := int64(32<<10), "512, 1k, 2k, 4k, 8k, 16k, or 32k"
	if u.Name == "gzip_hash" {
		largest, list = 128<<10, "512, 1k, 2k, 4k, 8k, 16k, 32k, 64k, or 128k"
	}
	if n < 512 || n > largest || n&(n-1) != 0 {
		return said(0, list, `"%s" directive must be %s`, u.Name, list)
	}
	return nil
}

// proxyProtocol was a switch before it knew versions of the protocol.
func (u use) proxyProtocol() *Fault {
	if u.atMost(measured) {
		return u.flag()
	}
	return u.words()
}

func (u use) splitPathInfo() *Fault {
	pattern := u.arg(0)
	if f := u.regex(0, pattern); f != nil {
		return f
	}
	if n, ok := captures(pattern); ok && n != 2 {
		return said(0, "an expression with two captures", `pattern "%s" must have 2 captures`, pattern)
	}
	return nil
}

func (u use) modernBrowser() *Fault {
	if len(u.args) < 2 {
		return nil
	}
	if strings.Trim(u.arg(1), "0123456789.") != "" {
		return said(1, "numbers with dots between", `invalid browser version "%s"`, u.arg(1))
	}
	if !containsFold([]string{"msie", "gecko", "opera", "safari", "konqueror"}, u.arg(0)) {
		return said(0, "msie, gecko, opera, safari or konqueror before a version", `unknown browser name "%s"`, u.arg(0))
	}
	return nil
}

func (u use) charsetMap() *Fault {
	if strings.EqualFold(u.arg(0), u.arg(1)) {
		return said(-1, "", `"charset_map" between the same charsets "%s" and "%s"`, u.arg(0), u.arg(1))
	}
	return nil
}
