// Package catalog says what each directive of nginx and each key of PHP-FPM is:
// where it may stand, what it takes, what holds when it is absent, how it is
// inherited and repeated, and in which versions.
//
// The tables are generated from the facts in data/ (go test ./analyzer/catalog -update)
// and cover nginx 1.18.0 to 1.31.5 and PHP-FPM 8.2 to 8.4. They are plain data
// that the linker lays out: they cost nothing when the program starts.
//
// Left out of the facts: the C side of a directive (source file, setter, post
// handler, default expression), which decides nothing for a reader of
// configuration; in_1_18_0 and in_1_22_1, which follow from Since; since_note,
// which qualifies only versions before 1.18.0; where and after, which follow from
// Contexts, Package, Removed and Type; deprecated_note, which Use and Warn say.
package catalog

import (
	"iter"
	"slices"
	"strings"
	"sync"
)

// A Directive is what is known of one directive in some contexts. Several may
// share a name: "server" is one in http, another in stream, another in upstream.
type Directive struct {
	Name     string
	Section  Section
	Module   string  // nginx module that defines it; "" outside Core
	Package  string  // package of the module, when that is not part of nginx
	Status   Status  // Documented only
	Contexts Context // where it may stand

	Args        ArgSpec       // number of arguments on the newest version
	ArgsHistory []ArgsVersion // where an older version took another number
	Block       bool          // opens a block, and must
	RawLua      bool          // its block holds Lua code

	Type          Type
	Words         []string // fixed words of the value; complete and exclusive for TypeEnum and TypeBitmask
	Params        []string // prefixes of parameters ("buffer=") and parameters without value
	WordHistory   []WordHistory
	WordsDocsOnly []string // documented words that the open source does not know
	Bounds        *Bounds  // of the number; nil = none known

	Default     string   // as it would be written, on the newest version; see HasDefault, History, Derived
	HasDefault  bool     // false: nothing holds when the directive is absent, or it is not documented
	History     []Change // ascending; empty: the same default from 1.18.0 (or Since) on
	Derived     string   // not "": the default is no constant, this is the rule for it, and it wins over Default
	DefaultNote string

	Inherit     Inherit
	InheritNote string
	Dup         Dup
	DupSame     Dup // what nginx 1.22.1 says to two identical lines; DupUnknown: not tried
	DupNote     string

	Since        Version // first version; zero = older than 1.18.0
	Deprecated   Version // from here on it warns or is ignored; zero = it does not
	Removed      Version // from here on it is an unknown directive; zero = still known
	Use          string  // what replaces it
	Backports    []string
	Condition    string // build option that it needs, as a C preprocessor condition
	Undocumented bool   // not on nginx.org

	Warn   string   // nginx always warns with this text
	Errors []string // "LEVEL: TEXT" with C verbs; "return: TEXT" is printed as '"NAME" directive TEXT'
	Syntax []string // documented arguments, one string per form
	Doc    string   // page on nginx.org (the module's name)
	Note   string   // remark on a Past or Documented entry
}

// Section tells what kind of entry a Directive is.
type Section uint8

// The sections, in the order in which Lookup prefers them.
const (
	Core       Section = iota // in the nginx source of the newest version
	Past                      // removed or obsolete, with the meaning it had while it worked
	ThirdParty                // of a module that is packaged apart
	Documented                // on nginx.org, but not in the open source
)

// Status tells why a Documented directive is not in the open source.
type Status uint8

// The states of Documented directives.
const (
	StatusNone Status = iota // not a Documented directive
	StatusCommercial
	StatusSeparateModule
	StatusRemoved
	StatusOther
)

// Inherit is what an inner block gets from the blocks around it.
type Inherit uint8

// The inheritance policies.
const (
	InheritUnknown Inherit = iota
	InheritMerge           // the outer value, when none is set here
	InheritList            // the outer list, when nothing is set here; else the whole outer list is dropped
	InheritNone            // nothing
	InheritSpecial         // see InheritNote
)

// Dup is what a second occurrence in the same block means.
type Dup uint8

// The policies on repetition. DupOK occurs in Directive.DupSame only.
const (
	DupUnknown  Dup = iota
	DupError        // nginx refuses it
	DupWarn         // a warning, the last one wins
	DupAppend       // both count
	DupOverride     // the last one wins silently
	DupSpecial      // see DupNote
	DupOK           // accepted in silence
)

// A Change is a default that holds from a version up to the next Change.
// None: there is no default from then on.
type Change struct {
	Since Version
	Value string
	None  bool
}

// A WordHistory says in which versions a word or parameter is known; a zero
// Version: from the start, never deprecated, never removed.
type WordHistory struct {
	Word                       string
	Since, Deprecated, Removed Version
}

// An ArgsVersion is the number of arguments that one older version took.
type ArgsVersion struct {
	At   Version
	Args ArgSpec
}

// Bounds of a number, both allowed.
type Bounds struct{ Min, Max int }

// Lookup finds the directive of that name that may stand in the context. Given
// a set of contexts, it finds the first that may stand in one of them, in the
// order of the Section constants.
func Lookup(name string, in Context) (*Directive, bool) {
	for d := range Named(name) {
		if d.Contexts&in != 0 {
			return d, true
		}
	}
	return nil, false
}

// Named gives all entries of that name, in the order of the Section constants.
func Named(name string) iter.Seq[*Directive] {
	return func(yield func(*Directive) bool) {
		for i := firstNamed(name); i < len(directives) && directives[i].Name == name; i++ {
			if !yield(&directives[i]) {
				return
			}
		}
	}
}

// Known reports whether any entry has that name.
func Known(name string) bool {
	i := firstNamed(name)
	return i < len(directives) && directives[i].Name == name
}

// All gives every entry, sorted by name, then Section.
func All() iter.Seq[*Directive] {
	return func(yield func(*Directive) bool) {
		for i := range directives {
			if !yield(&directives[i]) {
				return
			}
		}
	}
}

// firstNamed is the index of the first entry of that name, that of no entry where there is none.
func firstNamed(name string) int {
	if i, ok := firstByName()[name]; ok {
		return int(i)
	}
	return len(directives)
}

// firstByName is made when it is asked for: some commands look nothing up.
var firstByName = sync.OnceValue(func() map[string]int16 {
	first := make(map[string]int16, len(directives))
	for i := range directives {
		if name := directives[i].Name; i == 0 || directives[i-1].Name != name {
			first[name] = int16(i)
		}
	}
	return first
})

// DefaultAt tells what holds on a version when the directive is absent.
// ok: it is value. Neither ok nor unknown: there is no default. unknown: the
// facts do not say, or the default is derived (see Derived), or the version is
// zero and the default is not the same on all of Oldest to Newest. A version
// above Newest is taken for Newest. Values that nginx would hold in several
// lines are separated by " ; ".
func (d *Directive) DefaultAt(v Version) (value string, ok, unknown bool) {
	switch {
	case d.Derived != "", d.Section == ThirdParty, d.Section == Documented:
		return "", false, true
	case !d.HasDefault && len(d.History) == 0:
		// "None" is what the documentation says; where there is none, nothing is known.
		return "", false, d.Undocumented || d.Doc == ""
	case v.IsZero():
		return d.stableDefault()
	case v.Compare(d.Since) < 0:
		return "", false, true
	case len(d.History) == 0:
		if v.Compare(Oldest) < 0 {
			return "", false, true
		}
		return d.Default, true, false
	}
	i := len(d.History) - 1
	for i >= 0 && v.Compare(d.History[i].Since) < 0 {
		i--
	}
	if i < 0 {
		return "", false, true
	}
	return d.History[i].Value, !d.History[i].None, false
}

// Words are the words of a default. They are shared by all who ask: nobody changes them.
func Words(value string) []string { return wordsOfDefaults()[value] }

var wordsOfDefaults = sync.OnceValue(func() map[string][]string {
	words := map[string][]string{}
	add := func(value string) {
		if words[value] == nil {
			words[value] = strings.Fields(value)
		}
	}
	for i := range directives {
		add(directives[i].Default)
		for _, change := range directives[i].History {
			add(change.Value)
		}
	}
	return words
})

// stableDefault is the default that holds on every supported version that
// knows the directive.
func (d *Directive) stableDefault() (value string, ok, unknown bool) {
	if len(d.History) == 0 {
		return d.Default, true, false
	}
	last := d.History[len(d.History)-1]
	for i, c := range d.History {
		over := i+1 < len(d.History) && d.History[i+1].Since.Compare(Oldest) <= 0
		if !over && (c.Value != last.Value || c.None != last.None) {
			return "", false, true
		}
	}
	return last.Value, !last.None, false
}

// ArgsAt is the number of arguments that a version takes. Where the facts do
// not say which of two numbers a version takes, or the version is zero, it is
// every number that some version in question takes.
func (d *Directive) ArgsAt(v Version) ArgSpec {
	spec := d.Args
	for i := range d.ArgsHistory {
		old := d.ArgsHistory[i]
		switch c := v.Compare(old.At); {
		case v.IsZero():
			spec = spec.or(old.Args)
		case c <= 0:
			return old.Args
		case i == len(d.ArgsHistory)-1 && v.Compare(Newest) < 0:
			spec = spec.or(old.Args) // changed somewhere between the two
		}
	}
	return spec
}

// A Variable is one of nginx's own variables, or all that begin with a prefix.
type Variable struct {
	Name           string  // without "$", lower case
	Contexts       Context // where it is valid: AnyHTTP or AnyStream
	Module         string  // that defines it
	Prefix         bool    // any name that begins with Name: $arg_x, $http_x
	NoCache        bool    // evaluated at each use
	Changeable     bool    // may be redefined by "set", "map" …
	DocumentedOnly bool    // on nginx.org, but not in the open source
	Note           string
}

// VariableNamed finds the variable of that name (without "$") that is valid in
// the context: an exact name, else the longest prefix that the name begins with.
// Like nginx, it does not tell upper from lower case.
func VariableNamed(name string, in Context) (*Variable, bool) {
	name = strings.ToLower(name)
	i, _ := slices.BinarySearchFunc(variables[:], name, func(v Variable, s string) int {
		return strings.Compare(v.Name, s)
	})
	for ; i < len(variables) && variables[i].Name == name; i++ {
		if v := &variables[i]; v.Contexts&in != 0 && !v.Prefix {
			return v, true
		}
	}
	var best *Variable
	for _, i := range prefixVariables {
		v := &variables[i]
		if v.Contexts&in != 0 && strings.HasPrefix(name, v.Name) &&
			(best == nil || len(v.Name) > len(best.Name)) {
			best = v
		}
	}
	return best, best != nil
}

// modulePrefixes are what the variables of modules packaged apart begin with.
var modulePrefixes = [...]string{
	"brotli_", "datadog_", "echo_", "fancyindex_", "lua_", "memc_", "modsecurity_", "naxsi_", "nchan_", "opentelemetry_", "opentracing_", "pagespeed_", "passenger_",
	"push_stream_", "redis2_", "srcache_", "upload_", "uploadprogress_", "vts_", "zstd_",
}

// captures is the module of $1 to $9.
const captures = "regex captures"

// DefinesVariable reports whether nginx, in some version or build, or a module
// that is packaged apart, has a variable of that name in the context, without a
// directive that defines it.
func DefinesVariable(name string, in Context) bool {
	v, ok := VariableNamed(name, in)
	if !ok {
		return slices.ContainsFunc(modulePrefixes[:], func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	// The groups of an expression are no variables where nginx asks for one, and
	// the key of memcached is for "set" to define.
	return v.Module != captures && v.Name != "memcached_key"
}

// VariableNames gives the names of nginx's own variables that are valid in the context.
func VariableNames(in Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range variables {
			if v := &variables[i]; v.Contexts&in != 0 && !v.Prefix && !v.DocumentedOnly && v.Module != captures && !yield(v.Name) {
				return
			}
		}
	}
}

// A Topic is one list of nginx's grammar: the parameters of "listen", the flags
// of "rewrite", the syntax of a time.
type Topic struct {
	Name   string
	Text   string     // for topics described in words
	Words  []string   // for topics that are a list
	Params []ParamSet // for topics that differ by subsystem
}

// A ParamSet is what a subsystem accepts as parameters.
type ParamSet struct {
	Contexts   Context  // AnyHTTP, AnyStream or AnyMail
	Flags      []string // parameters without value
	KV         []string // "name=", "name=a|b" where the values are fixed
	Commercial []string // known to commercial nginx only
	Notes      []string
}

// TopicNamed finds a topic of the grammar, for example "listen" or "log levels".
func TopicNamed(name string) (*Topic, bool) {
	for i := range topics {
		if topics[i].Name == name {
			return &topics[i], true
		}
	}
	return nil, false
}
