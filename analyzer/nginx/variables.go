package nginx

import (
	"iter"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/catalog"
)

// CutVariable splits `$name…` or `${name}…` as nginx does; name is "" for what it
// refuses.
func CutVariable(text string) (name, rest string) {
	inner, bracket := strings.CutPrefix(text, "${")
	if !bracket {
		inner = text[1:]
	}
	end := 0
	for end < len(inner) && (inner[end] == '_' || inner[end]|0x20 >= 'a' && inner[end]|0x20 <= 'z' || inner[end] >= '0' && inner[end] <= '9') {
		end++
	}
	name, rest = inner[:end], inner[end:]
	if bracket {
		after, closed := strings.CutPrefix(rest, "}")
		if !closed {
			return "", ""
		}
		rest = after
	}
	return name, rest
}

// variablesIn gives the variables of a text, without those that hold what a group
// of an expression matched: `$1`, but not `${1}`.
func variablesIn(text string, groups bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			i := strings.IndexByte(text, '$')
			if i < 0 || i+1 == len(text) {
				return
			}
			text = text[i:]
			if groups && text[1] >= '1' && text[1] <= '9' {
				text = text[2:]
				continue
			}
			name, rest := CutVariable(text)
			if name == "" || !yield(name) {
				return
			}
			text = rest
		}
	}
}

// An argumentRange is arguments by index, the end not included.
type argumentRange struct{ from, to int }

var (
	arg0   = argumentRange{0, 1}
	arg1   = argumentRange{1, 2}
	every  = argumentRange{0, math.MaxInt}
	values = argumentRange{1, math.MaxInt}
)

// interpolated are the arguments that nginx's own directives look for variables
// in as they are read, where the type of the directive does not say so.
var interpolated = map[string]argumentRange{
	"add_header": arg1, "add_trailer": arg1, "aio": arg0, "alias": arg0, "auth_basic_user_file": arg0, "auth_request_set": arg1,
	"disable_symlinks": every, "expires": every, "fastcgi_cache": arg0, "fastcgi_cache_key": arg0, "fastcgi_pass": arg0, "fastcgi_store": arg0,
	"grpc_pass": arg0, "hash": arg0, "http2_push": arg0, "index": every, "limit_conn_zone": arg0, "limit_req_zone": arg0, "log_format": values, "map": arg0,
	"memcached_pass": arg0, "pass": arg0, "proxy_bind": arg0, "proxy_cache": arg0, "proxy_cache_key": arg0, "proxy_cookie_domain": every, "proxy_cookie_flags": every,
	"proxy_cookie_path": every, "proxy_pass": arg0, "proxy_redirect": every, "proxy_store": arg0, "return": every, "rewrite": arg1, "root": arg0,
	"scgi_cache": arg0, "scgi_cache_key": arg0, "scgi_pass": arg0, "scgi_store": arg0, "set": arg1, "split_clients": arg0, "sub_filter": every,
	"try_files": every, "uwsgi_cache": arg0, "uwsgi_cache_key": arg0, "uwsgi_pass": arg0, "uwsgi_store": arg0,
}

// deferred are directives whose variables nginx looks for only where a server has
// them in force: what stands in http and is replaced in every server is never met.
var deferred = map[string]argumentRange{
	"fastcgi_param": arg1, "grpc_set_header": arg1, "proxy_set_body": arg0, "proxy_set_header": arg1, "scgi_param": arg1,
	"ssl_certificate": arg0, "ssl_certificate_key": arg0, "uwsgi_param": arg1,
}

// A usedVariable is one that nginx looks up for a directive, with the index of the
// argument; -1 where none names it.
type usedVariable struct {
	arg  int
	name string
}

// appendUsed adds the variables that nginx looks up for a directive.
func appendUsed(used []usedVariable, b *Block, r Ref) []usedVariable {
	name := r.Name()
	if b.Context == catalog.Rows {
		if b.Name() == "map" && r.NArgs() == 1 {
			for v := range variablesIn(r.Arg(0), true) {
				used = append(used, usedVariable{0, v})
			}
		}
		return used
	}
	entry, standing := catalog.Find(name, b.Context, b.Config.Version)
	if standing != catalog.Fits || entry.Section == catalog.ThirdParty || entry.Section == catalog.Documented {
		return used
	}
	if name == "memcached_pass" {
		used = append(used, usedVariable{-1, "memcached_key"})
	}
	in, groups := look(b, r, entry)
	for i, arg := range r.EachArg() {
		if i < in.from || i >= in.to || Opaque(arg) {
			continue
		}
		for v := range variablesIn(arg, groups) {
			used = append(used, usedVariable{i, v})
		}
	}
	if whole, ok := wholeVariable(r, entry); ok {
		used = append(used, whole)
	}
	return used
}

// look says which arguments of a directive hold text with variables.
func look(b *Block, r Ref, entry *catalog.Directive) (in argumentRange, groups bool) {
	name, n := r.Name(), r.NArgs()
	if in, ok := deferred[name]; ok {
		if b.Context&catalog.AnyStream != 0 && strings.HasPrefix(name, "ssl_") || b.Context == catalog.HTTP && !reachesServer(b, name) {
			return argumentRange{}, true
		}
		return in, true
	}
	switch name {
	case "error_page":
		return argumentRange{n - 1, n}, true
	case "access_log":
		if r.Arg(0) == "off" || strings.HasPrefix(r.Arg(0), "syslog:") {
			return argumentRange{2, n}, true
		}
		return every, true
	case "proxy_redirect", "proxy_cookie_domain", "proxy_cookie_path", "proxy_cookie_flags":
		if strings.HasPrefix(r.Arg(0), "~") {
			return values, true
		}
	case "if":
		if condition := condition(r); condition.operand >= 0 && !condition.expression {
			return argumentRange{condition.operand, condition.operand + 1}, true
		}
		return argumentRange{}, true
	}
	if in, ok := interpolated[name]; ok {
		return in, name != "log_format"
	}
	if slices.Contains(interpolatedTypes[:], entry.Type) {
		return every, true
	}
	return argumentRange{}, true
}

// interpolatedTypes are the types of directives all of whose arguments may hold variables.
var interpolatedTypes = [...]catalog.Type{catalog.TypeStrVars, catalog.TypeSizeVars, catalog.TypePredicates, catalog.TypeBindAddr}

// wholeVariable is an argument that is a variable as a whole, whatever characters
// come after the `$`.
func wholeVariable(r Ref, entry *catalog.Directive) (whole usedVariable, ok bool) {
	at, text := -1, ""
	switch name := r.Name(); {
	case name == "if":
		if c := condition(r); c.variable >= 0 {
			at, text = c.variable, c.name
		}
	case name == "geo" && r.NArgs() == 2, entry.Type == catalog.TypeCharset:
		at, text = 0, r.Arg(0)
	}
	name, ok := strings.CutPrefix(text, "$")
	return usedVariable{at, name}, ok && name != "" && !Opaque(text)
}

// reachesServer reports whether some server certainly inherits a directive of http.
func reachesServer(http *Block, name string) bool {
	for _, b := range http.Children {
		if b.Context == catalog.Server && !b.Missing && len(b.Own(name)) == 0 {
			return true
		}
	}
	return false
}

// A test is the condition of an `if`, by the indices of its arguments; -1 for none.
type test struct {
	variable   int
	name       string // with `$`
	operand    int
	expression bool // the operand is one
}

func condition(r Ref) test {
	t := test{variable: -1, operand: -1}
	words := r.Args()
	last := len(words) - 1
	if last < 0 || !strings.HasPrefix(words[0], "(") || !strings.HasSuffix(words[last], ")") {
		return t
	}
	from := 0
	if words[0] = words[0][1:]; words[0] == "" {
		from = 1
	}
	if words[last] = strings.TrimSuffix(words[last], ")"); words[last] == "" {
		last--
	}
	switch n := last - from; {
	case n == 0 || n == 2 && strings.HasPrefix(words[from], "$"):
		t.variable, t.name = from, words[from]
		if n == 2 {
			t.operand = last
			t.expression = strings.HasSuffix(strings.TrimSuffix(words[from+1], "*"), "~")
		}
	case n == 1:
		t.operand = last
	}
	return t
}

// namedGroup matches the name of a group in a regular expression.
var namedGroup = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\(\?(?:P?<|')([A-Za-z_][A-Za-z0-9_]*)[>']`) })

// definedVariables gives the variables that a directive, or an entry of a map,
// defines: for all of the http or stream block that it stands in, whatever comes
// first. Of other modules' directives each argument that is a variable is taken
// for one, and each named group of whatever is an expression. known is false where
// a name is not.
func definedVariables(b *Block, r Ref) (names []string, known bool) {
	known = true
	define := func(text string) {
		if name, ok := strings.CutPrefix(text, "$"); ok {
			names = append(names, name)
			known = known && !Opaque(name)
		}
	}
	name := r.Name()
	groups := func(text string) {
		if !strings.Contains(text, "(?") ||
			name == "location" && !strings.HasPrefix(r.Arg(0), "~") || name == "server_name" && !strings.HasPrefix(text, "~") {
			return // no expression with names
		}
		for _, m := range namedGroup().FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
	}
	groups(name)
	for _, arg := range r.EachArg() {
		groups(arg)
	}
	if b.Context == catalog.Rows {
		if b.Name() != "map" {
			define(name) // geoip2
		}
		return names, known
	}
	switch name {
	case "set", "auth_request_set", "perl_set":
		define(r.Arg(0))
		return names, known && !Opaque(r.Arg(0))
	case "map", "split_clients", "geo":
		last := r.Arg(r.NArgs() - 1)
		define(last)
		return names, known && !Opaque(last)
	}
	if entry, standing := catalog.Find(name, b.Context, b.Config.Version); standing != catalog.Fits || entry.Section == catalog.ThirdParty || entry.Section == catalog.Documented {
		for _, arg := range r.EachArg() {
			define(arg)
			known = known && !Opaque(arg)
		}
	}
	return names, known
}
