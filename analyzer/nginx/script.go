package nginx

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"nginx-lint/analyzer/catalog"
)

// An ending is what the rewrite directives of a block come to.
type ending struct {
	// answered is set where one of them answers, with the status code; final where
	// no error_page takes its place.
	answered, final bool
	code            int
	// changed is set where the URI was changed so that nginx looks for a location again.
	changed bool
	// stopped is set where the directives after it are not reached.
	stopped bool
}

// script runs the rewrite directives of a block, as ngx_http_rewrite_module does.
func (r *router) script(b *Block) (end ending, known bool) {
	for d := range b.All() {
		if !r.work.Take(1) {
			return end, false
		}
		switch d.Name() {
		case "break":
			end.changed, end.stopped, known = false, true, true
		case "return":
			return returned(d)
		case "rewrite":
			known = r.substitute(d, &end)
		case "if":
			known = r.branch(b, d, &end)
		default:
			continue
		}
		if !known || end.stopped {
			return end, known
		}
	}
	return end, true
}

func returned(d Ref) (end ending, known bool) {
	end = ending{answered: true, stopped: true, final: d.NArgs() > 1}
	code, err := strconv.Atoi(d.Arg(0))
	if err != nil { // an address alone
		code, end.final = 302, true
	}
	end.code, end.final = code, end.final || code < 400 || code == 444
	return end, true
}

// substitute runs a rewrite.
func (r *router) substitute(d Ref, end *ending) (known bool) {
	pattern, replacement, flag := d.Arg(0), d.Arg(1), d.Arg(2)
	e := r.work.expression(r.server.Config, pattern, false, r.route.URI)
	if d.NArgs() < 2 || e.Regexp == nil || Opaque(replacement) || len(replacement)+strings.Count(replacement, "$")*len(r.route.URI) > maxURI {
		return false
	}
	groups := e.FindStringSubmatch(r.route.URI)
	if groups == nil {
		return true
	}
	r.internal = true
	for _, scheme := range []string{"http://", "https://", "$scheme"} {
		if strings.HasPrefix(replacement, scheme) {
			flag = "redirect"
		}
	}
	if flag == "redirect" || flag == "permanent" {
		*end = ending{answered: true, final: true, code: 302, stopped: true}
		if flag == "permanent" {
			end.code = 301
		}
		return true
	}
	unknown := false
	replacement = capture().ReplaceAllStringFunc(replacement, func(name string) string {
		n := int(name[len(name)-1] - '0')
		if name[1] == '{' {
			n = int(name[2] - '0')
		}
		if n >= len(groups) {
			unknown = true // that of another expression
			return ""
		}
		return groups[n]
	})
	uri, plain := r.expand(replacement)
	if unknown || !plain || !strings.HasPrefix(uri, "/") {
		return false
	}
	r.route.URI = uri
	end.changed = flag != "break"
	end.stopped = flag == "last" || flag == "break"
	return true
}

// capture matches $1 to $9.
var capture = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$[1-9]|\$\{[1-9]\}`) })

// branch runs an `if`.
func (r *router) branch(in *Block, d Ref, end *ending) (known bool) {
	if !r.work.Take(len(in.Children) + d.NArgs()) {
		return false
	}
	i := slices.IndexFunc(in.Children, func(b *Block) bool { return b.Ref() == d })
	if i < 0 {
		return false
	}
	b := in.Children[i]
	// In a location it takes the request to settings of its own, which lack try_files.
	onlySets := !b.Missing && (in.Context == catalog.Server || len(in.Own("try_files")) == 0)
	if !r.work.Take(int(b.size)) {
		return false
	}
	for inner := range b.All() {
		onlySets = onlySets && inner.Name() == "set"
	}
	if onlySets {
		return true
	}
	holds, known := r.holds(d)
	if !known || !holds {
		return known
	}
	inner, known := r.script(b)
	leaves := inner.answered || inner.stopped && inner.changed
	if !known || b.Missing || in.Context != catalog.Server && !leaves {
		return false // what holds in an if of a location is not followed
	}
	*end = ending{inner.answered, inner.final, inner.code, end.changed && !inner.stopped || inner.changed, inner.stopped}
	return true
}

// passed matches the variables about which an `if` is taken not to hold: what they
// are is the client's to say, or its address's.
var passed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\$(host|scheme|https|server_port|server_addr|server_protocol|remote_[a-z]+|realip_remote_addr|(http|cookie|geoip2?|ssl)_[a-z0-9_]+|invalid_referer|request_body|content_type|content_length)$`)
})

// holds decides the condition of an `if`. known is false where something else
// than the request's path and method decides, or the method does between GET and POST.
func (r *router) holds(d Ref) (holds, known bool) {
	text := strings.Join(d.Args(), "\x00")
	text = strings.TrimSuffix(strings.TrimPrefix(text, "("), ")")
	words := strings.Split(strings.Trim(text, "\x00"), "\x00")
	if len(words) == 2 {
		return r.present(words[0], words[1])
	}
	if len(words) > 3 {
		return false, false
	}
	var values []string
	switch v := words[0]; {
	case passed().MatchString(v):
		return false, true
	case v == "$uri" || v == "$document_uri":
		values = []string{r.route.URI}
	case v == "$request_uri":
		values = []string{r.original}
	case v == "$args" || v == "$query_string" || v == "$is_args" || strings.HasPrefix(v, "$arg_"):
		if r.arguments {
			return false, false
		}
		values = []string{""}
	case v == "$request_method":
		values = []string{"GET", "POST"}
	default:
		return false, false
	}
	for i, value := range values {
		held, known := r.compare(value, words[1:])
		if !known || i > 0 && held != holds {
			return false, false
		}
		holds = held
	}
	return holds, true
}

// compare is the rest of a condition: an operator with its operand, or nothing.
func (r *router) compare(value string, rest []string) (holds, known bool) {
	if len(rest) == 0 {
		return value != "" && value != "0", true
	}
	operand := rest[1]
	if strings.Contains(operand, "$") && !strings.Contains(rest[0], "~") || Opaque(operand) {
		return false, false
	}
	operator, negated := strings.CutPrefix(rest[0], "!")
	switch operator {
	case "=":
		return (value == operand) != negated, true
	case "~", "~*":
		matched, known := r.work.Match(r.server.Config, operand, operator == "~*", value)
		return matched != negated, known
	}
	return false, false
}

// present decides `-f`, `-d` and `-e`.
func (r *router) present(test, name string) (holds, known bool) {
	switch name {
	case "$request_filename", "$document_root$uri", "$document_root$document_uri", "$document_root/$uri":
	default:
		return false, false
	}
	found := r.files(r.route.Location, r.route.URI)
	operator, negated := strings.CutPrefix(test, "!")
	switch operator {
	case "-f":
		holds = found == File
	case "-d":
		holds = found == Folder
	case "-e":
		holds = found != Nothing
	default:
		return false, false
	}
	return holds != negated, found != 0
}
