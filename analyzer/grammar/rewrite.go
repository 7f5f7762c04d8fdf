package grammar

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/nginx"
)

func (u use) returns() *Fault {
	if u.stream() {
		return u.scripts(0)
	}
	code := u.arg(0)
	n, ok := nginx.ParseNumber(code)
	switch {
	case ok && n > 999, !ok && (len(u.args) > 1 || !isURL(code)):
		return said(0, "a status code, or a URL that begins with http://, https:// or $scheme", `invalid return code "%s"`, code)
	case !ok:
		return u.scripts(0)
	}
	return u.scripts(1)
}

// isURL reports whether nginx takes a text for the address of a redirect.
func isURL(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "$scheme")
}

func (u use) rewrite() *Fault {
	if u.arg(1) == "" {
		return said(1, "", "empty replacement")
	}
	if f := u.regex(0, u.arg(0)); f != nil {
		return f
	}
	if len(u.args) > 2 {
		switch u.arg(2) {
		case "last", "break", "redirect", "permanent":
		default:
			return said(2, "last, break, redirect or permanent", `invalid parameter "%s"`, u.arg(2))
		}
	}
	return u.scripts(1)
}

// condition is the check of if. It reads the arguments as nginx does: the
// parentheses belong to the first and the last, or are arguments of their own.
func (u use) condition() *Fault {
	invalid := func(i int, word string) *Fault {
		return said(i, u.conditionHint(i, word), `invalid condition "%s"`, word)
	}
	words := append([]string(nil), u.args...)
	first, last := 0, len(words)-1
	if !strings.HasPrefix(words[0], "(") {
		return invalid(0, words[0])
	}
	if words[0] == "(" {
		first++
	} else {
		words[0] = words[0][1:]
	}
	if !strings.HasSuffix(words[last], ")") {
		return invalid(last, words[last])
	}
	if words[last] == ")" {
		last--
	} else {
		words[last] = strings.TrimSuffix(words[last], ")")
	}
	if first >= len(words) {
		return invalid(0, ")")
	}
	word := words[first]
	switch {
	case len(word) > 1 && word[0] == '$':
		if first != last && first+2 != last {
			return invalid(first, word)
		}
		if first == last {
			return nil
		}
		switch operator := words[first+1]; operator {
		case "=", "!=":
			return script(last, words[last])
		case "~", "~*", "!~", "!~*":
			return u.regex(last, words[last])
		default:
			f := said(first+1, "=, !=, ~, ~*, !~ or !~* between two values", `unexpected "%s" in condition`, operator)
			f.Better = operatorMeant[operator]
			return f
		}
	case len(word) == 2 && word[0] == '-', len(word) == 3 && strings.HasPrefix(word, "!-"):
		if first+1 != last {
			return invalid(first, word)
		}
		if f := script(last, words[last]+terminator); f != nil {
			return f
		}
		if strings.IndexByte("fdex", word[len(word)-1]) >= 0 {
			return nil
		}
	}
	return invalid(first, word)
}

// operatorMeant are what other languages write for an operator.
var operatorMeant = map[string]string{"==": "=", "===": "=", "!==": "!="}

// conditionHint says what if takes in place of an argument.
func (u use) conditionHint(i int, word string) string {
	first, last := u.args[0], u.args[len(u.args)-1]
	switch {
	case slices.ContainsFunc(u.args, func(s string) bool { return s == "&&" || s == "||" || s == "and" || s == "or" }):
		return "one condition; to join two, use a map of both values"
	case !strings.HasPrefix(first, "("):
		return "its condition in parentheses"
	case i == len(u.args)-1 && !strings.HasSuffix(last, ")"):
		return "a closing parenthesis at its end"
	case strings.HasPrefix(word, "!$"):
		return `no ! before a variable; write ` + word[1:] + ` = "" for one that is empty`
	}
	return "a variable, two values with an operator between them, or -f, -d, -e or -x with a file"
}

func (u use) tryFiles() *Fault {
	if f := u.allScripts(); f != nil {
		return f
	}
	last := len(u.args) - 1
	code, ok := strings.CutPrefix(u.arg(last), "=")
	if !ok {
		return nil
	}
	shown := u.arg(last)
	if strings.Contains(code, "$") {
		shown = shown[:len(shown)-1]
	}
	if n, number := nginx.ParseNumber(code); !number || n > 999 {
		return said(last, "a status code behind =", `invalid code "%s"`, shown)
	}
	return nil
}

func (u use) errorPage() *Fault {
	last := len(u.args) - 1
	codes := u.args[:last]
	if answer, ok := strings.CutPrefix(codes[last-1], "="); ok {
		_, number := nginx.ParseNumber(answer)
		if last == 1 || answer != "" && !number {
			return said(last-1, "codes, then = with or without the code to answer", `invalid value "%s"`, codes[last-1])
		}
		codes = codes[:last-1]
	}
	if f := u.scripts(last); f != nil {
		return f
	}
	for i, code := range codes {
		n, ok := nginx.ParseNumber(code)
		switch {
		case !ok, n == 499:
			return said(i, "codes from 300 to 599 without 499", `invalid value "%s"`, code)
		case n < 300, n > 599:
			return said(i, "codes from 300 to 599", `value "%s" must be between 300 and 599`, code)
		}
	}
	return nil
}
