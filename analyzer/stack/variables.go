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

// Of variable values so many combinations are followed, and pieces of one.
const (
	maxValues = 64
	maxPieces = 64
)

// possibleValues lists what a text with variables can become in a block, where
// every variable in it is set from literals by `set` or `map` alone. Empty
// results are left out: they lead nowhere.
func (v *variables) possibleValues(b *nginx.Block, at literal) (values []literal, known bool) {
	expanded, rest := v.expand(b, at)
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
func (v *variables) expand(b *nginx.Block, at literal) (values [][]literal, rest string) {
	values, rest = [][]literal{nil}, at.text
	for n := 0; rest != "" && n < maxPieces; n++ {
		var options []literal
		var after string
		if i := strings.IndexByte(rest, '$'); i != 0 {
			if i < 0 {
				i = len(rest)
			}
			options, after = []literal{{text: rest[:i], span: at.span, from: at.from}}, rest[i:]
		} else {
			name, tail := nginx.CutVariable(rest)
			known, ok := v.assigned(b, name)
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

// variables tells what variables may hold. It looks at each block once, however
// many targets ask, and keeps what it has found. Names are in lower case, except
// those of captures.
type variables struct {
	scripts   map[*nginx.Block]bool
	locations map[*nginx.Block]*ownSets
	levels    map[*nginx.Block]map[string]lastSets
	servers   map[*nginx.Block]*writes
	outers    map[*nginx.Block]*definitions
	wide      map[wideName]wideValue
}

// A wideName is a variable of a server.
type wideName struct {
	server *nginx.Block
	name   string
}

// A wideValue is what a variable can hold anywhere in a server.
type wideValue struct {
	values []literal
	known  bool
	// Where they come from.
	sets, maps int
}

func newVariables() *variables {
	return &variables{
		scripts:   map[*nginx.Block]bool{},
		locations: map[*nginx.Block]*ownSets{},
		levels:    map[*nginx.Block]map[string]lastSets{},
		servers:   map[*nginx.Block]*writes{},
		outers:    map[*nginx.Block]*definitions{},
		wide:      map[wideName]wideValue{},
	}
}

// once is what a table holds for a key, found where it is asked for first.
func once[K comparable, T any](table map[K]T, key K, find func(K) T) T {
	v, ok := table[key]
	if !ok {
		v = find(key)
		table[key] = v
	}
	return v
}

// scripted reports whether Lua may set variables of a block's requests.
func (v *variables) scripted(b *nginx.Block) bool {
	if b == nil {
		return false
	}
	return once(v.scripts, b, func(b *nginx.Block) bool {
		return slices.ContainsFunc(luaHandlers[:], func(name string) bool { return len(b.Own(name)) > 0 }) || v.scripted(b.Parent)
	})
}

// assigned lists the literals that a variable can hold in a block.
func (v *variables) assigned(b *nginx.Block, name string) ([]literal, bool) {
	if name == "" || strings.Trim(name, wordBytes) != "" || v.scripted(b) {
		return nil, false
	}
	if b.Context == catalog.Location {
		if r := once(v.locations, b, findOwnSets).last(name); !r.IsZero() && nginx.Literal(r.Arg(1)) {
			return []literal{{text: r.Arg(1), span: r.ArgSpan(1), from: r}}, true
		}
	}
	server := b.Enclosing(catalog.Server)
	if server == nil || server.Parent == nil {
		return nil, false // what the enclosing blocks set was not read
	}
	key := wideName{server, name}
	found, ok := v.wide[key]
	if !ok {
		found = v.anywhere(server, name)
		v.wide[key] = found
	}
	return v.decided(found, b, server, name), found.known
}

// decided are the values of a variable, with what alone leads to them, in a block.
func (v *variables) decided(found wideValue, b, server *nginx.Block, name string) []literal {
	var deciding []nginx.Ref
	if found.maps == 0 && b.Context == catalog.Location {
		deciding = v.deciding(b, server, strings.ToLower(name))
	}
	values := slices.Clone(found.values)
	for i, value := range values {
		if found.maps == 1 && found.sets == 0 || slices.Contains(deciding, value.from) {
			values[i].by = value.from
		}
	}
	return values
}

// deciding are the `set`s that decide what a variable is for some requests of
// a location: its own ones and the server's, also in an `if`, as far as no later
// one undoes them.
func (v *variables) deciding(location, server *nginx.Block, name string) []nginx.Ref {
	own := once(v.levels, location, findLastSets)[name]
	if own.always {
		return own.sets
	}
	return slices.Concat(own.sets, once(v.levels, server, findLastSets)[name].sets)
}

// lastSets are the `set`s of a variable in a block that no later one there undoes:
// one that is always run, and those of each `if` after it.
type lastSets struct {
	sets   []nginx.Ref
	always bool
}

// findLastSets finds them, by variable.
func findLastSets(level *nginx.Block) map[string]lastSets {
	found := map[string]lastSets{}
	ifs := map[nginx.Ref]*nginx.Block{}
	for _, child := range level.Children {
		ifs[child.Ref()] = child
	}
	for r := range level.All() {
		switch r.Name() {
		case "break":
			return found
		case "set":
			found[variable(r.Arg(0))] = lastSets{[]nginx.Ref{r}, true}
		case "if":
			if ifs[r] == nil {
				continue
			}
			last := map[string]nginx.Ref{}
			for _, set := range ifs[r].Own("set") {
				last[variable(set.Arg(0))] = set
			}
			for name, set := range last {
				l := found[name]
				l.sets = append(l.sets, set)
				found[name] = l
			}
		}
	}
	return found
}

// anywhere lists what a variable can hold in any location of a server: an
// internal redirect carries it along.
func (v *variables) anywhere(server *nginx.Block, name string) wideValue {
	in, folded := once(v.servers, server, findWrites), strings.ToLower(name)
	if in.opaque || in.captured[name] || in.other[folded] {
		return wideValue{}
	}
	values, maps := in.values[folded], 0
	for outer := server.Parent; outer != nil; outer = outer.Parent {
		defined := once(v.outers, outer, findDefinitions)
		if outer.Missing || defined.other[folded] {
			return wideValue{}
		}
		for _, m := range defined.maps[folded] {
			if !rows(m, &values) || len(values) > maxValues {
				return wideValue{}
			}
			maps++
		}
	}
	return wideValue{values, len(values) > 0, len(in.values[folded]), maps}
}

// ownSets are what a location itself sets, and what else within it may give a
// variable a value; other locations in it do not count.
type ownSets struct {
	sets     map[string]nginx.Ref // the last one; nil where they may not be what is in force
	below    map[string]bool
	captured map[string]bool
}

// last is the `set` in force for a variable; zero where there is none, or
// something else may give it a value.
func (o *ownSets) last(name string) nginx.Ref {
	folded := strings.ToLower(name)
	if o.below[folded] || o.captured[name] {
		return nginx.Ref{}
	}
	return o.sets[folded]
}

func findOwnSets(location *nginx.Block) *ownSets {
	o := &ownSets{below: map[string]bool{}, captured: map[string]bool{}}
	sets := location.Own("set")
	if len(sets) == 0 || location.Missing || len(location.Own("break")) > 0 {
		return o
	}
	o.sets = map[string]nginx.Ref{}
	for _, r := range sets {
		o.sets[variable(r.Arg(0))] = r
	}
	o.walk(location, location)
	return o
}

func (o *ownSets) walk(b, location *nginx.Block) {
	for r := range b.All() {
		name := r.Name()
		if name == "set" && b != location {
			o.below[variable(r.Arg(0))] = true
		}
		for _, arg := range r.EachArg() {
			if name != "location" {
				captures(arg, o.captured)
			}
		}
	}
	for _, child := range b.Children {
		if child.Context != catalog.Location {
			o.walk(child, location)
		}
	}
}

// writes are what may give variables values in a server, in whatever location.
type writes struct {
	opaque   bool // anything may
	values   map[string][]literal
	other    map[string]bool // given a value that is not known
	captured map[string]bool
}

func findWrites(server *nginx.Block) *writes {
	w := &writes{values: map[string][]literal{}, other: map[string]bool{}, captured: map[string]bool{}}
	w.walk(server)
	return w
}

func (w *writes) walk(b *nginx.Block) {
	w.opaque = w.opaque || b.Missing
	for r := range b.All() {
		directive := r.Name()
		w.opaque = w.opaque || strings.Contains(directive, "_by_lua")
		for i, arg := range r.EachArg() {
			captures(arg, w.captured)
			name := variable(arg)
			switch {
			case i != 0 || name == "":
			case directive == "set" && r.NArgs() == 2 && nginx.Literal(r.Arg(1)):
				if w.values[name] = append(w.values[name], literal{text: r.Arg(1), span: r.ArgSpan(1), from: r}); len(w.values[name]) > maxValues {
					w.values[name], w.other[name] = nil, true
				}
			case directive == "set" || strings.HasPrefix(directive, "set_") || strings.HasSuffix(directive, "_set"):
				w.other[name] = true
			}
		}
	}
	for _, child := range b.Children {
		w.walk(child)
	}
}

// definitions are what defines variables outside of servers.
type definitions struct {
	maps  map[string][]nginx.Ref
	other map[string]bool
}

func findDefinitions(outer *nginx.Block) *definitions {
	d := &definitions{map[string][]nginx.Ref{}, map[string]bool{}}
	for _, r := range outer.Own("map") {
		if r.NArgs() == 2 {
			name := variable(r.Arg(1))
			d.maps[name] = append(d.maps[name], r)
		}
	}
	for _, definer := range []string{"geo", "split_clients", "perl_set", "js_set", "js_var", "geoip2"} {
		for _, r := range outer.Own(definer) {
			for _, arg := range r.EachArg() {
				d.other[variable(arg)] = true
			}
		}
	}
	return d
}

// rows gathers the values of a map, up to more than are followed.
func rows(m nginx.Ref, values *[]literal) bool {
	t := m.Tree()
	for row := range t.Children(m.ID) {
		switch first := t.Name(row); {
		case len(*values) > maxValues:
			return false
		case first == "hostnames" || first == "volatile":
		case first == "include" || t.NArgs(row) != 1 || !nginx.Literal(t.Arg(row, 0)):
			return false
		default:
			*values = append(slices.Clip(*values), literal{text: t.Arg(row, 0), span: t.ArgSpan(row, 0), from: nginx.Ref{Place: m.Place, ID: row}})
		}
	}
	return true
}

const wordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// variable is the name in `$name` in lower case, as nginx compares them; "" for another word.
func variable(word string) string {
	name, ok := strings.CutPrefix(word, "$")
	if !ok {
		return ""
	}
	return strings.ToLower(name)
}

// captures notes the named groups, `<name>`, of an expression.
func captures(expression string, names map[string]bool) {
	for {
		_, rest, ok := strings.Cut(expression, "<")
		if !ok {
			return
		}
		expression = strings.TrimLeft(rest, wordBytes)
		if name := rest[:len(rest)-len(expression)]; name != "" && strings.HasPrefix(expression, ">") {
			names[name] = true
		}
	}
}
