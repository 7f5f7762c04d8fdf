package grammar

import (
	"strings"

	"nginx-lint/analyzer/nginx"
)

func (u use) location() *Fault {
	last := len(u.args) - 1
	switch modifier, pattern := nginx.LocationOf(u.args); {
	case modifier == "~", modifier == "~*":
		return u.regex(last, pattern)
	case last == 0, modifier == "=", modifier == "^~":
		return nil
	default:
		return said(0, "=, ^~, ~ or ~* before the path", `invalid location modifier "%s"`, modifier)
	}
}

// root is the check of root and alias.
func (u use) root() *Fault {
	for _, v := range [...]string{"document_root", "realpath_root"} {
		if path := u.arg(0); strings.Contains(path, "$"+v) || strings.Contains(path, "${"+v+"}") {
			return said(0, "", `the $%s variable cannot be used in the "%s" directive`, v, u.Name)
		}
	}
	return u.scripts(0)
}

func (u use) serverName() *Fault {
	if u.mail() {
		return nil
	}
	for i, name := range u.args {
		if name == "" {
			continue
		}
		if name[0] == '*' && (len(name) < 3 || name[1] != '.') || name == "." {
			return said(i, "names such as shop.test, *.shop.test or shop.*", `server name "%s" is invalid`, name)
		}
		pattern, ok := strings.CutPrefix(name, "~")
		switch {
		case !ok:
			continue
		case pattern == "":
			return said(i, "", `empty regex in server name "~"`)
		}
		if f := u.regex(i, pattern); f != nil {
			return f
		}
	}
	return nil
}

// methods are those that every version knows in limit_except.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "OPTIONS", "PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "PATCH"}

func (u use) limitExcept() *Fault {
	for i, method := range u.args {
		if !containsFold(methods, method) && !containsFold([]string{"CONNECT", "TRACE"}, method) {
			return said(i, "methods such as GET, POST or PUT", `invalid method "%s"`, method)
		}
	}
	return nil
}

func (u use) index() *Fault {
	for i, name := range u.args {
		if name == "" {
			return said(i, "", `index "%s" in "index" directive is invalid`, u.arg(0))
		}
		if f := script(i, name); f != nil {
			return f
		}
	}
	return nil
}

// referers is the check of valid_referers.
func (u use) referers() *Fault {
	names := NewReferers()
	for i, value := range u.args {
		pattern, regex := strings.CutPrefix(value, "~")
		switch {
		case value == "":
			return said(i, "", `invalid referer ""`)
		case regex && pattern == "":
			return said(i, "", `empty regex in "~"`)
		case regex:
			if f := u.regex(i, pattern); f != nil {
				return f
			}
		default:
			if message := names.Add(value); message != "" {
				return said(i, "", "%s", message)
			}
		}
	}
	return nil
}
