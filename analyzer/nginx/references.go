package nginx

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/syntax"
)

// A Thing is what a configuration defines by name, and uses elsewhere.
type Thing uint8

// The things.
const (
	Variable Thing = iota + 1
	LogFormat
	// Zone is shared memory: of limit_req, limit_conn, the caches, upstreams.
	Zone
	ThreadPool
)

// A Kind is a name space: names of different kinds have nothing to do with each other.
type Kind struct {
	Thing
	// In is AnyHTTP, AnyStream or AnyMail; 0 for thread pools.
	In catalog.Context
	// Definer is the directive that defines it; "" for variables, which several do.
	Definer string
}

// A Mention is one place that defines or uses a name.
type Mention struct {
	Ref
	Kind Kind
	// Name is as it is compared: in lower case but for zones and thread pools.
	Name string
	// Written is the name as it stands there.
	Written string
	// Arg is the argument that holds the name; -1 where the directive does not name it.
	Arg     int
	Block   *Block
	Defines bool
}

// An Undefined name is used and certainly defined nowhere.
type Undefined struct {
	Kind Kind
	Name string
	// Uses are in the order in which nginx reads them.
	Uses []Mention
	// Late is where a log format is defined, behind its first use; zero for none.
	Late Mention
	// Other is a first mention as a zone of another kind, on account of which nginx
	// refuses the others; zero for none.
	Other Mention
	// Known are the names of the kind that the configuration defines, in order.
	Known []string
}

// Message is what nginx says, if it says nothing else first.
func (u Undefined) Message() string {
	switch u.Kind.Thing {
	case Variable:
		return fmt.Sprintf("unknown %q variable", u.Name)
	case LogFormat:
		return fmt.Sprintf("unknown log format %q", u.Uses[0].Written)
	case ThreadPool:
		return fmt.Sprintf("unknown thread pool %q", u.Name)
	case Zone:
	}
	if !u.Other.IsZero() {
		return fmt.Sprintf("the shared memory zone %q is already declared for a different use", u.Name)
	}
	if _, cache := strings.CutSuffix(u.Kind.Definer, "_cache_path"); cache {
		for _, use := range u.Uses {
			if use.Block.Context != catalog.HTTP || reachesServer(use.Block, use.Ref.Name()) {
				return fmt.Sprintf("%q zone %q is unknown", use.Ref.Name(), u.Name)
			}
		}
	}
	return fmt.Sprintf("zero size shared memory zone %q", u.Name)
}

// Undefined finds the names that a main file and its includes use and do not
// define, in the order of their first use. What a missing include, an unknown
// module or a template may define is none of them.
func (c *Config) Undefined() []Undefined {
	if c.Fragment || c.Top.Context != catalog.Main || len(c.Cycles) > 0 || !c.TooMany.IsZero() {
		return nil
	}
	m := mentions{config: c, hidden: map[Kind]bool{}, silent: map[silence]bool{}}
	if c.OtherModules {
		m.hideVariables()
	}
	m.block(c.Top, 0)
	if m.spoiled {
		return nil
	}
	m.hideMissing()
	return m.undefined()
}

// mentions gathers what a configuration says, in the order in which nginx reads it.
type mentions struct {
	config *Config
	list   []Mention
	// hidden are the kinds of which there may be names that are not known.
	hidden map[Kind]bool
	// spoiled is set where a directive has taken up what may be a definition, or there are too many.
	spoiled bool
	// silent are directives of shared files of which it is known that they say nothing.
	silent map[silence]bool
	used   []usedVariable // of the directive that is looked at
}

// A silence is a directive of a file that is included in several places, in what
// decides on what it says there.
type silence struct {
	tree    *syntax.Tree
	id      syntax.ID
	context catalog.Context // of its block
	in      catalog.Context
}

// spoils reports whether a directive may hold another one as arguments, for want
// of a `;`: one of those that define names, or more of them than it takes.
func spoils(entry *catalog.Directive, r Ref) bool {
	if !entry.ArgsAt(r.Place.Block.Config.Version).Accepts(r.NArgs()) {
		return true
	}
	for i := range r.NArgs() {
		if slices.Contains(definers[:], r.Arg(i)) {
			return true
		}
	}
	return false
}

// maxMentions is how many places of names are looked at.
const maxMentions = 1 << 19

// definers are the directives that define names.
var definers = [...]string{
	"auth_request_set", "fastcgi_cache_path", "geo", "js_set", "js_var", "limit_conn_zone", "limit_req_zone", "location", "log_format", "map", "perl_set",
	"proxy_cache_path", "rewrite", "scgi_cache_path", "set", "split_clients", "thread_pool", "uwsgi_cache_path",
}

// block reads what stands in a block; in is the subsystem that it is in.
func (m *mentions) block(b *Block, in catalog.Context) {
	children := b.Children
	for r := range b.All() {
		m.directive(b, r, in)
		if len(children) == 0 || children[0].Ref() != r {
			continue
		}
		child := children[0]
		children = children[1:]
		inner := in
		for _, of := range []catalog.Context{catalog.AnyHTTP, catalog.AnyStream, catalog.AnyMail} {
			if in == 0 && child.Context&of != 0 {
				inner = of
			}
		}
		if !child.Place.Tree.IsLua(child.ID) {
			m.block(child, inner)
		}
	}
}

// directive reads a directive, unless it is one of a shared file that said nothing
// in another place. What a row and a directive of http say depends on other blocks.
func (m *mentions) directive(b *Block, r Ref, in catalog.Context) {
	if m.config.placements[r.Place.Tree] < 2 || b.Context&(catalog.Rows|catalog.HTTP) != 0 {
		mentioning{m, b, r}.directive(in)
		return
	}
	s := silence{r.Place.Tree, r.ID, b.Context, in}
	if m.silent[s] {
		return
	}
	before := len(m.list)
	mentioning{m, b, r}.directive(in)
	m.silent[s] = len(m.list) == before
}

// hideVariables says that a module which is not known may define variables.
func (m *mentions) hideVariables() {
	m.hidden[Kind{Thing: Variable, In: catalog.AnyHTTP}] = true
	m.hidden[Kind{Thing: Variable, In: catalog.AnyStream}] = true
}

// A mentioning is a directive that is looked at.
type mentioning struct {
	*mentions
	b *Block
	r Ref
}

func (m mentioning) add(kind Kind, defines bool, arg int, written string) {
	name := written
	if kind.Thing == Variable || kind.Thing == LogFormat {
		name = strings.ToLower(name)
	}
	mention := Mention{Ref: m.r, Kind: kind, Name: name, Written: written, Arg: arg, Block: m.b, Defines: defines}
	if defines || !builtIn(mention) {
		if len(m.list) == maxMentions {
			m.spoiled = true
			return
		}
		m.list = append(m.list, mention)
	}
	if defines && Opaque(written) {
		m.hidden[kind] = true
	}
}

func (m mentioning) directive(in catalog.Context) {
	b, r := m.b, m.r
	entry, standing := catalog.Find(r.Name(), b.Context, b.Config.Version)
	if in == catalog.AnyHTTP || in == catalog.AnyStream {
		variable := Kind{Thing: Variable, In: in}
		known := true
		text := r.Head().Text()
		some := strings.Contains(text, "$") || strings.Contains(text, "(?") || r.Tree().FilledIn(r.ID)
		if some {
			var names []string
			names, known = definedVariables(b, r)
			for _, name := range names {
				m.add(variable, true, -1, name)
			}
		}
		if some || r.Name() == "memcached_pass" {
			m.used = appendUsed(m.used[:0], b, r)
			for _, use := range m.used {
				m.add(variable, false, use.arg, use.name)
			}
		}
		if !known || b.Context&catalog.Rows == 0 && standing == catalog.Nobody {
			m.hidden[variable] = true
		}
	}
	if b.Context&catalog.Rows != 0 {
		return
	}
	m.spoiled = m.spoiled || standing == catalog.Fits && spoils(entry, r)
	switch name := r.Name(); name {
	case "load_module":
		if !catalog.KnownModule(r.Arg(0)) {
			m.hideVariables()
		}
	case "log_format":
		m.add(Kind{LogFormat, in, name}, true, 0, r.Arg(0))
	case "access_log":
		if r.NArgs() > 1 && r.Arg(0) != "off" && !Opaque(r.Arg(1)) {
			m.add(Kind{LogFormat, in, "log_format"}, false, 1, r.Arg(1))
		}
	case "thread_pool":
		m.add(Kind{Thing: ThreadPool, Definer: name}, true, 0, r.Arg(0))
	case "aio":
		if pool, ok := strings.CutPrefix(r.Arg(0), "threads="); ok && pool != "" && Literal(pool) {
			m.add(Kind{Thing: ThreadPool, Definer: "thread_pool"}, false, 0, pool)
		}
	default:
		if definer, argument := zoneOf(name, in); definer != "" {
			m.zone(Kind{Zone, in, definer}, argument)
		}
	}
}

// zoneOf tells which directive defines the zones that a directive speaks of, and
// what its argument begins with that names one.
func zoneOf(directive string, in catalog.Context) (definer, argument string) {
	switch {
	case in == 0:
	case directive == "limit_req" && in == catalog.AnyHTTP:
		return "limit_req_zone", "zone="
	case directive == "limit_req_zone", directive == "limit_conn_zone":
		return directive, "zone="
	case directive == "limit_conn":
		return "limit_conn_zone", ""
	case directive == "zone":
		return "zone", ""
	case directive == "ssl_session_cache":
		return directive, "shared:"
	}
	switch directive {
	case "proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path", "scgi_cache_path":
		return directive, "keys_zone="
	case "proxy_cache", "fastcgi_cache", "uwsgi_cache", "scgi_cache":
		return directive + "_path", ""
	}
	return "", ""
}

// zone reads a directive that names a zone, with its size where it defines it.
func (m mentioning) zone(kind Kind, argument string) {
	r := m.r
	for i, arg := range r.EachArg() {
		named, ok := strings.CutPrefix(arg, argument)
		switch {
		case !ok || argument == "" && i > 0:
		case r.Name() == "zone" && kind.Definer == "zone":
			if named != "" && Literal(named) {
				m.add(kind, r.NArgs() > 1, i, named)
			}
		case r.Name() == kind.Definer:
			name, _, _ := strings.Cut(named, ":")
			m.add(kind, true, i, name)
		case named != "" && Literal(named) && (named != "off" || !strings.HasSuffix(kind.Definer, "_path")):
			m.add(kind, false, i, named)
		}
	}
}

// hideMissing marks what the includes that could not be read may define.
func (m *mentions) hideMissing() {
	hide := func(kinds ...Kind) {
		for _, k := range kinds {
			m.hidden[k] = true
		}
	}
	for _, missing := range m.config.Missing {
		if missing.Block.Context == catalog.Main {
			hide(Kind{Thing: ThreadPool, Definer: "thread_pool"}, Kind{Thing: Variable, In: catalog.AnyHTTP}, Kind{Thing: Variable, In: catalog.AnyStream})
			continue
		}
		for _, in := range []catalog.Context{catalog.AnyHTTP, catalog.AnyStream} {
			if missing.Block.Enclosing(in) == nil {
				continue
			}
			hide(Kind{Thing: Variable, In: in})
			if missing.Block.Context&(catalog.HTTP|catalog.Stream|catalog.Upstream|catalog.StreamUpstream) != 0 {
				for _, definer := range zoneDefiners {
					hide(Kind{Zone, in, definer})
				}
				hide(Kind{LogFormat, in, "log_format"})
			}
		}
	}
}

var zoneDefiners = [...]string{
	"limit_req_zone", "limit_conn_zone", "proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path", "scgi_cache_path", "zone",
}

func (m *mentions) undefined() []Undefined {
	type key struct {
		Kind
		name string
	}
	defined := map[key]bool{}
	at := map[key]int{}
	known := map[Kind][]string{}
	zones := map[string][]Mention{}
	var found []Undefined
	for _, x := range m.list {
		k := key{x.Kind, x.Name}
		if x.Kind.Thing == Zone {
			zones[x.Name] = append(zones[x.Name], x)
		}
		switch i, again := at[k]; {
		case x.Defines:
			if !defined[k] {
				known[x.Kind] = append(known[x.Kind], x.Written)
			}
			defined[k] = true
			if again && x.Kind.Thing == LogFormat && found[i].Late.IsZero() {
				found[i].Late = x
			}
		case defined[k] && x.Kind.Thing == LogFormat, m.hidden[x.Kind]:
		case again:
			found[i].Uses = append(found[i].Uses, x)
		default:
			at[k] = len(found)
			found = append(found, Undefined{Kind: x.Kind, Name: x.Name, Uses: []Mention{x}})
		}
	}
	found = slices.DeleteFunc(found, func(u Undefined) bool {
		return defined[key{u.Kind, u.Name}] && u.Kind.Thing != LogFormat
	})
	for i := range found {
		u := &found[i]
		u.Known = known[u.Kind]
		if u.Kind.Thing == Zone {
			if of := slices.IndexFunc(zones[u.Name], func(z Mention) bool { return z.Kind != u.Kind }); of >= 0 {
				u.Other = zones[u.Name][of]
			}
		}
	}
	return found
}

// builtIn reports whether nginx has a name without a definition, or a program may
// fill it in first: those in upper case are what envsubst replaces.
func builtIn(x Mention) bool {
	switch x.Kind.Thing {
	case LogFormat:
		return x.Name == "combined" && x.Kind.In == catalog.AnyHTTP
	case ThreadPool:
		return x.Name == "default"
	case Variable:
		return catalog.DefinesVariable(x.Name, x.Kind.In) || x.Written != x.Name && x.Written == strings.ToUpper(x.Written)
	case Zone:
	}
	return false
}
