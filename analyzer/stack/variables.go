package stack

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

// A literal is a piece of text as somebody wrote it.
type literal struct {
	text string
	span source.Span
	from nginx.Ref // the directive that it stands in
	by   nginx.Ref // see Peer.By
}

// maxValues bounds the combinations of variable values that are followed.
const maxValues = 64

// possibleValues lists what a text with variables can become in a block, where
// every variable in it is set from literals by `set` or `map` alone. Empty
// results are left out: they lead nowhere.
func possibleValues(b *nginx.Block, at literal) (values []literal, known bool) {
	expanded, rest := expand(b, at)
	if rest != "" {
		return nil, false
	}
	alone := strings.Count(at.text, "$") == 1
	for _, pieces := range expanded {
		value := literal{text: join(pieces), span: at.span, from: at.from}
		if len(pieces) == 1 {
			value = pieces[0]
		}
		value.by = nginx.Ref{}
		for _, p := range pieces {
			if alone && !p.by.IsZero() {
				value.by = p.by
			}
		}
		if value.text != "" {
			values = append(values, value)
		}
	}
	return values, true
}

// expand lists what a text with variables can become in a block, each time as
// the pieces that it is joined from, up to the first variable whose values are
// not all literals; rest is what follows from there.
func expand(b *nginx.Block, at literal) (values [][]literal, rest string) {
	values, rest = [][]literal{nil}, at.text
	for rest != "" {
		var options []literal
		var after string
		if i := strings.IndexByte(rest, '$'); i != 0 {
			if i < 0 {
				i = len(rest)
			}
			options, after = []literal{{text: rest[:i], span: at.span, from: at.from}}, rest[i:]
		} else {
			name, tail := nginx.CutVariable(rest)
			known, ok := assigned(b, name)
			if name == "" || !ok || len(values)*len(known) > maxValues {
				break
			}
			options, after = known, tail
		}
		var next [][]literal
		for _, pieces := range values {
			for _, option := range options {
				if option.text == "" {
					next = append(next, pieces)
				} else {
					next = append(next, append(slices.Clip(pieces), option))
				}
			}
		}
		values, rest = next, after
	}
	return values, rest
}

func join(pieces []literal) string {
	var text strings.Builder
	for _, p := range pieces {
		text.WriteString(p.text)
	}
	return text.String()
}

// luaHandlers run before a request is passed on, and may set any variable.
var luaHandlers = [...]string{
	"server_rewrite_by_lua_block", "server_rewrite_by_lua_file",
	"rewrite_by_lua", "rewrite_by_lua_block", "rewrite_by_lua_file",
	"access_by_lua", "access_by_lua_block", "access_by_lua_file",
}

// scripted reports whether Lua may set variables of a block's requests.
func scripted(b *nginx.Block) bool {
	for ; b != nil; b = b.Parent {
		for _, name := range luaHandlers {
			if len(b.Own(name)) > 0 {
				return true
			}
		}
	}
	return false
}

// assigned lists the literals that a variable can hold in a block.
func assigned(b *nginx.Block, name string) ([]literal, bool) {
	if scripted(b) {
		return nil, false
	}
	location := b.Enclosing(catalog.Location)
	server := b.Enclosing(catalog.Server)
	if location != nil && b == location {
		if own := location.Own("set"); len(own) > 0 && !location.Missing && len(location.Own("break")) == 0 && !setsBelow(location, name) && !captures(location, name) {
			if r := lastSet(own, name); !r.IsZero() && isLiteral(r.Arg(1)) {
				return []literal{{text: r.Arg(1), span: r.ArgSpan(1), from: r}}, true
			}
		}
	}
	if server == nil || server.Parent == nil {
		return nil, false // what the enclosing blocks set was not read
	}
	var values []literal
	known := collect(server, name, &values)
	sets, maps := len(values), 0
	for outer := server.Parent; outer != nil; outer = outer.Parent {
		known = known && !outer.Missing
		for _, r := range outer.Own("map") {
			if r.NArgs() == 2 && strings.EqualFold(r.Arg(1), "$"+name) {
				known = rows(r, &values) && known
				maps++
			}
		}
		for _, definer := range []string{"geo", "split_clients", "perl_set", "js_set", "js_var", "geoip2"} {
			for _, r := range outer.Own(definer) {
				for _, arg := range r.Args() {
					known = known && !strings.EqualFold(arg, "$"+name)
				}
			}
		}
	}
	var deciding []nginx.Ref
	if maps == 0 && location == b {
		deciding = decidingSets(location, server, name)
	}
	for i, v := range values {
		if maps == 1 && sets == 0 || slices.Contains(deciding, v.from) {
			values[i].by = v.from
		}
	}
	return values, known && len(values) > 0
}

// decidingSets are the `set`s that decide what a variable is for some requests of
// a location: its own ones and the server's, also in an `if`, as far as no later
// one undoes them.
func decidingSets(location, server *nginx.Block, name string) []nginx.Ref {
	var deciding []nginx.Ref
	for _, level := range []*nginx.Block{location, server} {
		var own []nginx.Ref
		always := false
		for r := range level.All() {
			if r.Name() == "break" {
				break
			}
			switch {
			case r.Name() == "set" && strings.EqualFold(r.Arg(0), "$"+name):
				own, always = []nginx.Ref{r}, true
			case r.Name() == "if":
				for _, child := range level.Children {
					if set := lastSet(child.Own("set"), name); child.Ref() == r && !set.IsZero() {
						own = append(own, set)
					}
				}
			}
		}
		deciding = append(deciding, own...)
		if always {
			break
		}
	}
	return deciding
}

// collect gathers every `set` of a variable in a server, in whatever location:
// an internal redirect carries it along. It reports false where something else
// may give the variable a value.
func collect(b *nginx.Block, name string, values *[]literal) bool {
	if b.Missing {
		return false
	}
	for r := range b.All() {
		directive := r.Name()
		if strings.Contains(directive, "_by_lua") {
			return false
		}
		for i, arg := range r.Args() {
			switch {
			case strings.Contains(arg, "<"+name+">"):
				return false // a named capture
			case i != 0 || !strings.EqualFold(arg, "$"+name):
			case directive == "set" && r.NArgs() == 2 && isLiteral(r.Arg(1)):
				*values = append(*values, literal{text: r.Arg(1), span: r.ArgSpan(1), from: r})
			case directive == "set" || strings.HasPrefix(directive, "set_") || strings.HasSuffix(directive, "_set"):
				return false
			}
		}
	}
	for _, child := range b.Children {
		if !collect(child, name, values) {
			return false
		}
	}
	return true
}

// rows gathers the values of a map.
func rows(m nginx.Ref, values *[]literal) bool {
	t := m.Tree()
	for row := range t.Children(m.ID) {
		switch first := t.Name(row); {
		case first == "hostnames" || first == "volatile":
		case first == "include" || t.NArgs(row) != 1 || !isLiteral(t.Arg(row, 0)):
			return false
		default:
			*values = append(*values, literal{text: t.Arg(row, 0), span: t.ArgSpan(row, 0), from: nginx.Ref{Place: m.Place, ID: row}})
		}
	}
	return true
}

func setsBelow(b *nginx.Block, name string) bool {
	for _, child := range b.Children {
		if child.Context == catalog.Location {
			continue
		}
		if !lastSet(child.Own("set"), name).IsZero() || setsBelow(child, name) {
			return true
		}
	}
	return false
}

// captures reports whether an expression in a block, that of an `if` or a
// rewrite, may give a variable a value.
func captures(b *nginx.Block, name string) bool {
	for r := range b.All() {
		for _, arg := range r.Args() {
			if strings.Contains(arg, "<"+name+">") && r.Name() != "location" {
				return true
			}
		}
	}
	return slices.ContainsFunc(b.Children, func(child *nginx.Block) bool {
		return child.Context != catalog.Location && captures(child, name)
	})
}

func lastSet(sets []nginx.Ref, name string) nginx.Ref {
	for _, r := range slices.Backward(sets) {
		if strings.EqualFold(r.Arg(0), "$"+name) {
			return r
		}
	}
	return nginx.Ref{}
}

func isLiteral(s string) bool { return !strings.Contains(s, "$") && !nginx.Opaque(s) }
