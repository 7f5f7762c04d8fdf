package grammar

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/nginx"
)

// A pattern is what could be read of a regular expression.
type pattern struct {
	text string
	at   int
	// mistake is what both PCRE and PCRE2 refuse, in the words of PCRE2, and at the
	// place that it names.
	mistake string
	// known is false where the expression holds something that is not read here.
	known    bool
	captures int
	names    []string

	depth      int
	repeatable bool  // a quantifier may follow
	references []int // offsets of references by one digit
}

// parsePattern reads a regular expression as PCRE does without options but case.
// What only one of the two libraries refuses is no mistake.
func parsePattern(text string) *pattern {
	p := &pattern{text: text, known: true}
	for p.at < len(text) && p.known && p.mistake == "" {
		p.item()
	}
	if !p.known || p.mistake != "" {
		return p
	}
	if p.depth > 0 {
		p.refuse(len(text), "missing closing parenthesis")
		return p
	}
	for _, at := range p.references {
		if int(text[at]-'0') > p.captures {
			p.refuse(at, "reference to non-existent subpattern")
			break
		}
	}
	return p
}

func (p *pattern) refuse(at int, mistake string) { p.at, p.mistake = at, mistake }

// rest is what is still to be read.
func (p *pattern) rest() string { return p.text[p.at:] }

// item reads the next piece of the expression.
func (p *pattern) item() {
	switch c := p.text[p.at]; c {
	case '\\':
		p.escape()
	case '[':
		p.class()
	case '(':
		p.open()
	case ')':
		if p.depth == 0 {
			p.refuse(p.at, "unmatched closing parenthesis")
			return
		}
		p.depth--
		p.at++
		p.repeatable = true
	case '^', '$', '|':
		p.at++
		p.repeatable = false
	case '*', '+', '?':
		p.quantifier(1)
	case '{':
		p.braces()
	default:
		p.at++
		p.repeatable = true
	}
}

// quantifier reads one of some bytes, and the sign behind it that makes it lazy or possessive.
func (p *pattern) quantifier(length int) {
	if strings.HasSuffix(p.text[:p.at], `\E`) {
		p.known = false // only PCRE2 looks at what stands before it
		return
	}
	if !p.repeatable {
		p.refuse(p.at+length-1, "quantifier does not follow a repeatable item")
		return
	}
	p.at += length
	if strings.HasPrefix(p.rest(), "?") || strings.HasPrefix(p.rest(), "+") {
		p.at++
	}
	p.repeatable = false
}

// braces reads {n}, {n,} or {n,m}; anything else in braces stands for itself.
func (p *pattern) braces() {
	inside, _, closed := strings.Cut(p.rest()[1:], "}")
	low, high, comma := strings.Cut(inside, ",")
	if !closed || !isDigits(low) || high != "" && !isDigits(high) {
		p.at++
		p.repeatable = true
		return
	}
	start := p.at + 1
	for _, number := range []string{low, high} {
		for i := range number {
			if n, ok := nginx.ParseNumber(number[:i+1]); !ok || n > 65535 {
				p.refuse(start+i+1, "number too big in {} quantifier")
				return
			}
		}
		start += len(number) + 1
	}
	least, _ := nginx.ParseNumber(low)
	if most, ok := nginx.ParseNumber(high); comma && ok && most < least {
		p.refuse(p.at+1+len(inside), "numbers out of order in {} quantifier")
		return
	}
	p.quantifier(len(inside) + 2)
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// escape reads a backslash and what belongs to it.
func (p *pattern) escape() {
	if p.at+1 == len(p.text) {
		p.refuse(len(p.text), `\ at end of pattern`)
		return
	}
	c := p.text[p.at+1]
	p.at += 2
	switch {
	case c == 'Q':
		literal, _, ended := strings.Cut(p.rest(), `\E`)
		p.at += len(literal)
		if ended {
			p.at += 2
		}
		p.repeatable = p.repeatable || literal != ""
		return
	case c == 'E':
		return
	case strings.IndexByte("AbBGKzZ", c) >= 0:
		p.repeatable = false
		return
	case c >= '1' && c <= '7' && (p.at == len(p.text) || !isDigits(p.text[p.at:p.at+1])):
		p.references = append(p.references, p.at-1)
	case strings.IndexByte("xogkpPN", c) >= 0:
		p.argument(c)
	case c == 'c':
		p.known = p.at < len(p.text)
		p.at++
	}
	p.repeatable = true
}

// argument skips what stands in brackets behind some escapes.
func (p *pattern) argument(escape byte) {
	if p.rest() == "" {
		p.known = escape == 'N' || escape == 'x'
		return
	}
	end := map[byte]string{'{': "}", '<': ">", '\'': "'"}[p.text[p.at]]
	switch {
	case end == "}", end != "" && (escape == 'g' || escape == 'k'):
		inside, _, closed := strings.Cut(p.rest()[1:], end)
		p.known = closed
		p.at += len(inside) + 2
	case escape == 'p', escape == 'P':
		p.at++
	}
}

// open reads an opening parenthesis and what says which kind it is.
func (p *pattern) open() {
	p.at++
	p.repeatable = false
	switch {
	case strings.HasPrefix(p.rest(), "*"):
		p.known = false // a verb
	case strings.HasPrefix(p.rest(), "?"):
		p.at++
		p.special()
	default:
		p.depth++
		p.captures++
	}
}

// special reads what stands behind "(?".
func (p *pattern) special() {
	rest := p.rest()
	if strings.HasPrefix(rest, "P") {
		if rest == "P" {
			p.refuse(len(p.text), "missing closing parenthesis")
			return
		}
		p.at++
		switch rest[1] {
		case '<':
			p.at++
			p.name(">")
		case '=', '>':
			p.call()
		default:
			p.refuse(p.at, "unrecognized character after (?P")
		}
		return
	}
	if rest == "" {
		p.refuse(len(p.text), "missing closing parenthesis")
		return
	}
	for _, kind := range [...]string{"<=", "<!", ":", ">", "=", "!"} {
		if strings.HasPrefix(rest, kind) {
			p.at += len(kind)
			p.depth++
			return
		}
	}
	switch c := rest[0]; {
	case c == '#':
		comment, _, closed := strings.Cut(rest, ")")
		if !closed {
			p.refuse(len(p.text), "missing ) after (?# comment")
			return
		}
		p.known = false // a quantifier behind it belongs to what is before it
		p.at += len(comment) + 1
	case c == '|', c == '(', c == '[', c == 'C', c == '*', strings.HasPrefix(rest, "<*"):
		p.known = false
	case c == '<':
		p.at++
		p.name(">")
	case c == '\'':
		p.at++
		p.name("'")
	case c == 'R', c == '&', c == '+', isDigits(rest[:1]), c == '-' && len(rest) > 1 && isDigits(rest[1:2]):
		p.call()
	default:
		p.options()
	}
}

// call skips a call of another group.
func (p *pattern) call() {
	inside, _, closed := strings.Cut(p.rest(), ")")
	p.known = closed && !strings.Contains(inside, "(") // newer ones take a list of groups
	p.at += len(inside) + 1
	p.repeatable = true
}

// name reads the name of a group.
func (p *pattern) name(end string) {
	rest := p.rest()
	n := 0
	for n < len(rest) && isWord(rest[n]) {
		n++
	}
	name := rest[:n]
	switch {
	case n == 0 && strings.HasPrefix(rest, end):
		p.known = false // PCRE takes an empty name in some forms
	case n == 0:
		p.refuse(p.at, "subpattern name expected")
	case isDigits(name[:1]):
		p.refuse(p.at, "subpattern name must start with a non-digit")
	case n > 32:
		p.known = false // newer ones take longer names
	case !strings.HasPrefix(rest[n:], end):
		p.refuse(p.at+n, "syntax error in subpattern name (missing terminator?)")
	case slices.Contains(p.names, name):
		p.refuse(p.at+n+1, "two named subpatterns have the same name (PCRE2_DUPNAMES not set)")
	default:
		p.at += n + 1
		p.names = append(p.names, name)
		p.depth++
		p.captures++
	}
}

// options reads letters that switch options on and off.
func (p *pattern) options() {
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; c {
		case 'i', 'm', 's', 'U', '-', '^':
		case 'x', 'X', 'n', 'J', 'a', 'r':
			p.known = false // they change what follows, or one of the two libraries has them
			return
		case ')', ':':
			p.at++
			if c == ':' {
				p.depth++
			}
			return
		default:
			p.refuse(p.at, "unrecognized character after (? or (?-")
			return
		}
	}
	p.refuse(len(p.text), "missing closing parenthesis")
}

var posixNames = []string{"alpha", "lower", "upper", "alnum", "ascii", "blank", "cntrl", "digit", "graph", "print", "punct", "space", "word", "xdigit"}

// posix finds [:name:], [.x.] or [=x=] at the start of a text.
func posix(s string) (kind byte, name string, ok bool) {
	if len(s) < 2 || strings.IndexByte(":.=", s[1]) < 0 {
		return 0, "", false
	}
	for i := 2; i+1 < len(s); i++ {
		switch {
		case s[i] == '\\' && (s[i+1] == ']' || s[i+1] == '\\'):
			i++
		case s[i] == '[' && s[i+1] == s[1], s[i] == ']':
			return 0, "", false
		case s[i] == s[1] && s[i+1] == ']':
			return s[1], s[2:i], true
		}
	}
	return 0, "", false
}

const collating = "POSIX collating elements are not supported"

// class reads a set of characters in square brackets.
func (p *pattern) class() {
	if kind, name, ok := posix(p.rest()); ok {
		switch {
		case kind != ':':
			p.refuse(p.at, collating)
			return
		case name != "<" && name != ">":
			p.refuse(p.at, "POSIX named classes are supported only within a class")
			return
		}
	}
	for _, boundary := range [...]string{"[[:<:]]", "[[:>:]]"} {
		if strings.HasPrefix(p.rest(), boundary) {
			p.known = false
			return
		}
	}
	p.at++
	if strings.HasPrefix(p.rest(), "^") {
		p.at++
	}
	var from member // what a range may begin with
	for first := true; p.at < len(p.text); first = false {
		c := p.text[p.at]
		switch {
		case c == ']' && !first:
			p.at++
			p.repeatable = true
			return
		case c == '-' && from.single && p.at+1 < len(p.text) && p.text[p.at+1] != ']':
			p.at++
			if to := p.member(); from.known && to.known && to.char < from.char {
				p.refuse(p.at-1, "range out of order in character class")
			}
			from = member{}
		default:
			from = p.member()
		}
		if !p.known || p.mistake != "" {
			return
		}
	}
	p.refuse(len(p.text), "missing terminating ] for character class")
}

// A member is one piece of a class: a single character, which is known or not,
// or a set of them.
type member struct {
	single, known bool
	char          byte
}

// member reads one piece of a class.
func (p *pattern) member() member {
	c := p.text[p.at]
	if kind, name, ok := posix(p.rest()); c == '[' && ok {
		p.posixClass(kind, name)
		return member{}
	}
	if c == '\\' {
		return p.escapedMember()
	}
	p.at++
	return member{true, true, c}
}

// posixClass reads [:name:] within a class.
func (p *pattern) posixClass(kind byte, name string) {
	if kind != ':' {
		p.refuse(p.at, collating)
		return
	}
	start := p.at + 2
	if strings.HasPrefix(name, "^") {
		name = name[1:]
		start++
	}
	if !slices.Contains(posixNames, name) {
		p.refuse(start, "unknown POSIX class name")
		return
	}
	p.at = start + len(name) + 2
}

// escapedMember reads a backslash within a class and what belongs to it.
func (p *pattern) escapedMember() member {
	if p.at+1 == len(p.text) {
		p.refuse(len(p.text), `\ at end of pattern`)
		return member{}
	}
	c := p.text[p.at+1]
	p.at += 2
	switch {
	case strings.IndexByte("QEcN89", c) >= 0:
		p.known = false
	case strings.IndexByte("dDwWsShHvV", c) >= 0:
		return member{}
	case c == 'p', c == 'P':
		p.argument(c)
		return member{}
	case c == 'x' && !strings.HasPrefix(p.rest(), "{"):
		p.skip(2, isHex)
	case c == 'x', c == 'o':
		p.argument(c)
	case c >= '0' && c <= '7':
		p.skip(2, func(c byte) bool { return c >= '0' && c <= '7' })
	case !isWord(c) || c == '_':
		return member{true, true, c}
	}
	return member{single: true}
}

// skip passes over some bytes of a kind.
func (p *pattern) skip(most int, kind func(byte) bool) {
	for ; most > 0 && p.at < len(p.text) && kind(p.text[p.at]); most-- {
		p.at++
	}
}

// regex is the fault of a regular expression, and of the names of its groups,
// which become variables in most places.
func (u use) regex(arg int, text string) *Fault {
	p := parsePattern(text)
	if p.mistake != "" {
		f := said(arg, p.mistake, `pcre2_compile() failed: %s in "%s"`, p.mistake, text)
		if p.at < len(text) {
			f.Message += fmt.Sprintf(` at "%s"`, text[p.at:])
		}
		f.Regex = true
		return f
	}
	if u.Name == "gzip_disable" || u.Name == "fastcgi_split_path_info" || u.Name == "valid_referers" {
		return nil
	}
	for _, name := range p.names {
		if u.isFixed(name) {
			return said(arg, "", `the duplicate "%s" variable`, name)
		}
	}
	return nil
}

// captures counts the groups of an expression that capture, where it can be read.
func captures(text string) (n int, ok bool) {
	p := parsePattern(text)
	return p.captures, p.known && p.mistake == ""
}
