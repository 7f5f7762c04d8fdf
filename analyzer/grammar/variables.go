package grammar

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
)

// script is the fault of text with variables: a name that is missing or a brace
// that is not closed.
func script(arg int, s string) *Fault {
	switch name, at, open := badVariable(s); {
	case at < 0:
		return nil
	case open:
		return said(arg, "a } behind the name of the variable", `the closing bracket in "%s" variable is missing`, name)
	}
	return said(arg, "the name of a variable behind each $", "invalid variable name")
}

// badVariable finds the first "$" that begins no variable, and reports whether it
// is one with an open brace; at is -1 where there is none.
func badVariable(text string) (name string, at int, open bool) {
	for s := text; ; {
		_, after, ok := strings.Cut(s, "$")
		if !ok {
			return "", -1, false
		}
		at := len(text) - len(after) - 1
		if s = after; s != "" && s[0] >= '1' && s[0] <= '9' {
			continue
		}
		name, braced := strings.CutPrefix(s, "{")
		if braced && name == "" {
			return "", at, false
		}
		end := 0
		for end < len(name) && isWord(name[end]) {
			end++
		}
		name, s = name[:end], name[end:]
		if braced {
			if s, ok = strings.CutPrefix(s, "}"); !ok {
				return name, at, true
			}
		}
		if name == "" {
			return "", at, false
		}
	}
}

// terminator follows the texts that nginx compiles with the byte behind them.
const terminator = "\x00"

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// isName reports whether a text has only bytes that the name of a variable may have.
func isName(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(c byte) bool { return !isWord(c) })
}

// scripts is the first fault of some arguments with variables.
func (u use) scripts(args ...int) *Fault {
	for _, i := range args {
		if f := script(i, u.arg(i)); f != nil {
			return f
		}
	}
	return nil
}

// allScripts is the first fault of all arguments, which may have variables.
func (u use) allScripts() *Fault {
	for i, value := range u.args {
		if f := script(i, value); f != nil {
			return f
		}
	}
	return nil
}

// certificate is the check of a client's certificate, whose path had no variables once.
func (u use) certificate() *Fault {
	if !u.atLeast(variablesInCertificate) {
		return nil
	}
	return u.scripts(0)
}

func (u use) firstScript() *Fault  { return u.scripts(0) }
func (u use) secondScript() *Fault { return u.scripts(1) }

// variable is the check of a name that the directive defines, "$" and the name.
func (u use) variable(arg int) *Fault {
	name, ok := strings.CutPrefix(u.arg(arg), "$")
	switch {
	case !ok, name == "":
		f := said(arg, "a variable, with $ before its name", `invalid variable name "%s"`, u.arg(arg))
		if !ok && name != "" && isName(name) {
			f.Better = "$" + name
		}
		return f
	case u.isFixed(name):
		return said(arg, "", `the duplicate "%s" variable`, name)
	}
	return nil
}

// isFixed reports whether nginx has a variable of that name in every version and
// build that cannot be defined anew.
func (u use) isFixed(name string) bool {
	in, module, sometimes := catalog.AnyHTTP, "ngx_http_variables", sometimesHTTP
	if u.stream() {
		in, module, sometimes = catalog.AnyStream, "ngx_stream_variables", sometimesStream
	}
	v, ok := catalog.VariableNamed(name, in)
	return ok && !v.Prefix && !v.Changeable && v.Module == module && !slices.Contains(sometimes, v.Name)
}

// Variables that are newer than the oldest version, or only there on some systems.
var (
	sometimesHTTP = []string{
		"connection_time", "is_request_port", "request_port",
		"tcpinfo_rcv_space", "tcpinfo_rtt", "tcpinfo_rttvar", "tcpinfo_snd_cwnd",
	}
	sometimesStream = []string{"server_name"}
)

// setVariable is the check of directives that define a variable and give its value.
func (u use) setVariable() *Fault {
	if f := u.variable(0); f != nil {
		return f
	}
	return u.scripts(1)
}

func (u use) perlSet() *Fault { return u.variable(0) }

// mapHead is the check of map and split_clients: a source, then the variable.
func (u use) mapHead() *Fault {
	if f := u.scripts(0); f != nil {
		return f
	}
	return u.variable(1)
}

func (u use) geoHead() *Fault {
	last := len(u.args) - 1
	if source := u.arg(0); last == 1 && (source == "$" || !strings.HasPrefix(source, "$")) {
		return said(0, "a variable, with $ before its name", `invalid variable name "%s"`, source)
	}
	return u.variable(last)
}
