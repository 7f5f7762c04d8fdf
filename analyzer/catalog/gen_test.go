package catalog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write tables_gen.go from data/")

// TestTables keeps tables_gen.go equal to what the facts in data/ give.
func TestTables(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("tables_gen.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("tables_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("tables_gen.go is not what data/ gives: run go test ./analyzer/catalog -update")
	}
}

// factsEntry is any entry of the sections of nginx-directives.json that hold directives.
// Unknown keys are errors, so that no fact is lost in silence.
type factsEntry struct {
	Name, Module, Package, Status string
	Ctx                           []string
	Args                          string
	Args118                       string `json:"args_1_18_0"`
	Args122                       string `json:"args_1_22_1"`
	Block                         bool
	RawLua                        bool `json:"raw_lua_block"`
	Type                          string
	Words, Params                 []string
	WordsSince                    map[string]string `json:"words_since"`
	WordsDeprecated               map[string]string `json:"words_deprecated"`
	WordsRemoved                  map[string]string `json:"words_removed"`
	WordsDocsOnly                 []string          `json:"words_docs_only"`
	Bounds                        []string
	Default                       *string
	DefaultHistory                [][2]*string `json:"default_history"`
	DefaultDerived                string       `json:"default_derived"`
	DefaultNote                   string       `json:"default_note"`
	Inherit                       string
	InheritNote                   string `json:"inherit_note"`
	Dup                           string
	DupNote                       string `json:"dup_note"`
	DupChecked                    string `json:"dup_checked"`
	Since, Deprecated, Removed    string
	Backport                      []string
	Cond                          string
	Undocumented                  bool
	Warn                          string
	Errors, Syntax                []string
	Doc, Use, Note                string
	StatusNote                    string `json:"status_note"`

	// Left out of the tables; the package comment says why.
	File, Setter, Post, Where, After string
	SrcDefault                       string `json:"src_default"`
	SinceNote                        string `json:"since_note"`
	DeprecatedNote                   string `json:"deprecated_note"`
	In118                            *bool  `json:"in_1_18_0"`
	In122                            *bool  `json:"in_1_22_1"`
}

type factsVariable struct {
	Name, Sub, Module, Note     string
	Prefix, NoCache, Changeable bool
	DocsOnly                    bool `json:"docs_only"`
}

type factsNginx struct {
	Meta       json.RawMessage
	Directives []factsEntry
	Grammar    map[string]json.RawMessage
	Variables  []factsVariable
	Past       []factsEntry `json:"removed_or_deprecated"`
	DocsOnly   []factsEntry `json:"docs_only"`
	ThirdParty []factsEntry `json:"third_party"`
}

type factsFPM struct {
	Meta       json.RawMessage
	Directives []struct {
		Name, Section, Type string
		Default             *string
		Since               string
		SinceApprox         bool `json:"since_approx"`
		Words               []string
		Tokens, Note        string
		Constraints         [][2]string
	}
}

func readFacts(name string, into any) error {
	b, err := os.ReadFile("data/" + name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// A writer builds the source text; the first fault in the facts stays in err.
type writer struct {
	bytes.Buffer
	err error
}

func (w *writer) fail(format string, args ...any) string {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
	return ""
}

// field writes "NAME: VALUE, " unless value is the Go text of a zero value.
func (w *writer) field(name, value string) {
	switch value {
	case "", `""`, "0", "false", "nil", "Version{}":
		return
	}
	fmt.Fprintf(w, "%s: %s, ", name, value)
}

func (w *writer) str(name, s string) { w.field(name, strconv.Quote(s)) }

func (w *writer) flag(name string, b bool) { w.field(name, strconv.FormatBool(b)) }

func (w *writer) strs(name string, ss []string) {
	if len(ss) > 0 {
		w.field(name, fmt.Sprintf("%#v", ss))
	}
}

func (w *writer) version(s string) string {
	if s == "" {
		return "Version{}"
	}
	v, err := ParseVersion(s)
	if err != nil {
		return w.fail("%v", err)
	}
	return fmt.Sprintf("Version{%d, %d, %d}", v.Major, v.Minor, v.Patch)
}

// pick translates a word of the facts; the empty word is left out of the literal.
func (w *writer) pick(name, word string, to map[string]string) {
	if word == "" {
		return
	}
	v, ok := to[word]
	if !ok {
		w.fail("%s: unknown word %q", name, word)
	}
	w.field(name, v)
}

var contextOf = map[string]string{
	"main": "Main", "events": "Events", "http": "HTTP", "server": "Server", "location": "Location",
	"if-in-server": "IfInServer", "if-in-location": "IfInLocation", "limit_except": "LimitExcept", "upstream": "Upstream",
	"stream": "Stream", "stream-server": "StreamServer", "stream-upstream": "StreamUpstream",
	"mail": "Mail", "mail-server": "MailServer", "any": "Any",
	"rtmp": "RTMP", "rtmp-server": "RTMPServer", "rtmp-application": "RTMPApplication", "rtmp-recorder": "RTMPRecorder",
	"otel_exporter": "OtelExporter", "acme_issuer": "ACMEIssuer", "mgmt": "Mgmt", "oidc_provider": "OIDCProvider",
}

var typeOf = map[string]string{
	"flag": "TypeFlag", "num": "TypeNum", "size": "TypeSize", "off": "TypeOff", "msec": "TypeMsec", "sec": "TypeSec",
	"str": "TypeStr", "str+vars": "TypeStrVars", "size+vars": "TypeSizeVars", "enum": "TypeEnum", "bitmask": "TypeBitmask",
	"bufs": "TypeBufs", "keyval": "TypeKeyval", "predicates": "TypePredicates", "mime-types": "TypeMIMETypes",
	"path": "TypePath", "access": "TypeAccess", "bind-addr": "TypeBindAddr", "cache-path": "TypeCachePath",
	"cache-valid": "TypeCacheValid", "charset": "TypeCharset", "fastcgi-param": "TypeFastCGIParam",
	"obsolete": "TypeObsolete", "custom": "TypeCustom", "string": "TypeString", "string_array": "TypeStringArray",
	"string_keyval": "TypeStringKeyval", "integer": "TypeInteger", "uinteger": "TypeUinteger",
}

var inheritOf = map[string]string{
	"merge": "InheritMerge", "list": "InheritList", "none": "InheritNone", "special": "InheritSpecial",
}

var dupOf = map[string]string{
	"error": "DupError", "warn": "DupWarn", "append": "DupAppend", "override": "DupOverride", "special": "DupSpecial", "ok": "DupOK",
}

var statusOf = map[string]string{
	"commercial": "StatusCommercial", "separate-module": "StatusSeparateModule", "removed": "StatusRemoved", "other": "StatusOther",
}

// argSpec translates "TAKE12", "NOARGS|1MORE", "FLAG" …
func argSpec(s string) (ArgSpec, error) {
	var a ArgSpec
	for alt := range strings.SplitSeq(s, "|") {
		switch digits, take := strings.CutPrefix(alt, "TAKE"); {
		case take:
			for _, d := range digits {
				if d < '1' || d > '7' {
					return 0, fmt.Errorf("args %q", s)
				}
				a |= 1 << (d - '0')
			}
		case alt == "NOARGS":
			a |= 1
		case alt == "FLAG":
			a |= 1<<1 | ArgsFlag
		case alt == "ANY":
			a |= argsCounts
		case alt == "1MORE":
			a |= argsCounts &^ 1
		case alt == "2MORE":
			a |= argsCounts &^ 3
		case alt != "MULTI":
			return 0, fmt.Errorf("args %q", s)
		}
	}
	return a, nil
}

func (w *writer) args(s string) string {
	if s == "" {
		return "0"
	}
	a, err := argSpec(s)
	if err != nil {
		return w.fail("%v", err)
	}
	return fmt.Sprintf("%#x", uint16(a))
}

var removedWord = regexp.MustCompile(`^(\S+) superseded \(warned\), unknown from (\S+)$`)

func (w *writer) wordHistory(e *factsEntry) {
	words := map[string][3]string{}
	for word, v := range e.WordsSince {
		words[word] = [3]string{v}
	}
	for word, v := range e.WordsDeprecated {
		h := words[word]
		h[1] = v
		words[word] = h
	}
	for word, text := range e.WordsRemoved {
		m := removedWord.FindStringSubmatch(text)
		if m == nil {
			w.fail("%s: words_removed: %q", e.Name, text)
			return
		}
		h := words[word]
		h[1], h[2] = m[1], m[2]
		words[word] = h
	}
	if len(words) == 0 {
		return
	}
	w.WriteString("WordHistory: []WordHistory{")
	for _, word := range slices.Sorted(maps.Keys(words)) {
		h := words[word]
		w.WriteString("{")
		w.str("Word", word)
		w.field("Since", w.version(h[0]))
		w.field("Deprecated", w.version(h[1]))
		w.field("Removed", w.version(h[2]))
		w.WriteString("}, ")
	}
	w.WriteString("}, ")
}

func (w *writer) directive(section string, e *factsEntry) {
	w.WriteString("{")
	w.str("Name", e.Name)
	if section != "Core" {
		w.field("Section", section)
	}
	w.str("Module", e.Module)
	if e.Where == "njs" {
		e.Package = "njs" // the other values repeat Ctx
	}
	w.str("Package", e.Package)
	w.pick("Status", e.Status, statusOf)
	var contexts []string
	for _, c := range e.Ctx {
		if contextOf[c] == "" {
			w.fail("%s: context %q", e.Name, c)
		}
		contexts = append(contexts, contextOf[c])
	}
	w.field("Contexts", strings.Join(contexts, "|"))
	w.field("Args", w.args(e.Args))
	if e.Args118 != "" || e.Args122 != "" {
		w.WriteString("ArgsHistory: []ArgsVersion{")
		if e.Args118 != "" {
			fmt.Fprintf(w, "{Version{1, 18, 0}, %s}, ", w.args(e.Args118))
		}
		if e.Args122 != "" {
			fmt.Fprintf(w, "{Version{1, 22, 1}, %s}, ", w.args(e.Args122))
		}
		w.WriteString("}, ")
	}
	w.flag("Block", e.Block)
	w.flag("RawLua", e.RawLua)
	w.pick("Type", e.Type, typeOf)
	w.strs("Words", e.Words)
	w.strs("Params", e.Params)
	w.wordHistory(e)
	w.strs("WordsDocsOnly", e.WordsDocsOnly)
	if len(e.Bounds) == 2 {
		fmt.Fprintf(w, "Bounds: &Bounds{%s, %s}, ", e.Bounds[0], e.Bounds[1])
	}
	if e.Default != nil {
		w.str("Default", *e.Default)
		w.flag("HasDefault", true)
	}
	if len(e.DefaultHistory) > 0 {
		w.WriteString("History: []Change{")
		for _, h := range e.DefaultHistory {
			w.WriteString("{")
			w.field("Since", w.version(*h[0]))
			if h[1] != nil {
				w.str("Value", *h[1])
			} else {
				w.flag("None", true)
			}
			w.WriteString("}, ")
		}
		w.WriteString("}, ")
	}
	w.str("Derived", e.DefaultDerived)
	w.str("DefaultNote", e.DefaultNote)
	w.pick("Inherit", e.Inherit, inheritOf)
	w.str("InheritNote", e.InheritNote)
	w.pick("Dup", e.Dup, dupOf)
	w.pick("DupSame", e.DupChecked, dupOf)
	w.str("DupNote", e.DupNote)
	w.field("Since", w.version(e.Since))
	w.field("Deprecated", w.version(e.Deprecated))
	w.field("Removed", w.version(e.Removed))
	w.str("Use", e.Use)
	w.strs("Backports", e.Backport)
	w.str("Condition", e.Cond)
	w.flag("Undocumented", e.Undocumented)
	w.str("Warn", e.Warn)
	w.strs("Errors", e.Errors)
	w.strs("Syntax", e.Syntax)
	w.str("Doc", e.Doc)
	w.str("Note", cmp.Or(e.Note, e.StatusNote))
	w.WriteString("},\n")
}

func (w *writer) directives(n *factsNginx) {
	type entry struct {
		section string
		*factsEntry
	}
	var all []entry
	for _, s := range []struct {
		name    string
		entries []factsEntry
	}{{"Core", n.Directives}, {"Past", n.Past}, {"ThirdParty", n.ThirdParty}, {"Documented", n.DocsOnly}} {
		for i := range s.entries {
			all = append(all, entry{s.name, &s.entries[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	fmt.Fprintf(w, "// directives is sorted by Name, then Section.\nvar directives = [%d]Directive{\n", len(all))
	for _, e := range all {
		w.directive(e.section, e.factsEntry)
	}
	w.WriteString("}\n\n")
}

var anyOf = map[string]string{"http": "AnyHTTP", "stream": "AnyStream", "mail": "AnyMail"}

// names resolves the two short forms of the facts: "1..9", and "a,b", which only
// repeats two entries to remark on them.
func (v factsVariable) names() []string {
	switch {
	case v.Name == "1..9":
		return strings.Split("123456789", "")
	case strings.Contains(v.Name, ","):
		return nil
	}
	return []string{v.Name}
}

func (w *writer) variables(facts []factsVariable) {
	var all []factsVariable
	for _, v := range facts {
		for _, name := range v.names() {
			v.Name = name
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b factsVariable) int { return strings.Compare(a.Name, b.Name) })
	fmt.Fprintf(w, "// variables is sorted by Name.\nvar variables = [%d]Variable{\n", len(all))
	var prefixes []string
	for i, v := range all {
		w.WriteString("{")
		w.str("Name", v.Name)
		w.pick("Contexts", v.Sub, anyOf)
		w.str("Module", v.Module)
		w.flag("Prefix", v.Prefix)
		w.flag("NoCache", v.NoCache)
		w.flag("Changeable", v.Changeable)
		w.flag("DocumentedOnly", v.DocsOnly)
		w.str("Note", v.Note)
		w.WriteString("},\n")
		if v.Prefix {
			prefixes = append(prefixes, strconv.Itoa(i))
		}
	}
	fmt.Fprintf(w, "}\n\n// prefixVariables are the indexes of the variables that are prefixes.\nvar prefixVariables = [...]int{%s}\n\n",
		strings.Join(prefixes, ", "))
}

func (w *writer) topics(facts map[string]json.RawMessage) {
	w.WriteString("// topics is sorted by Name.\nvar topics = [...]Topic{\n")
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		raw := facts[name]
		var text string
		var words []string
		var texts map[string]string
		var sets map[string]struct{ Flags, KV, Commercial, Notes []string }
		switch {
		case json.Unmarshal(raw, &text) == nil:
			fmt.Fprintf(w, "{Name: %q, Text: %q},\n", name, text)
		case json.Unmarshal(raw, &words) == nil:
			fmt.Fprintf(w, "{Name: %q, Words: %#v},\n", name, words)
		case json.Unmarshal(raw, &texts) == nil:
			for _, k := range slices.Sorted(maps.Keys(texts)) {
				fmt.Fprintf(w, "{Name: %q, Text: %q},\n", name+" "+k, texts[k])
			}
		case json.Unmarshal(raw, &sets) == nil:
			fmt.Fprintf(w, "{Name: %q, Params: []ParamSet{\n", name)
			for _, sub := range slices.Sorted(maps.Keys(sets)) {
				w.WriteString("{")
				w.pick("Contexts", sub, anyOf)
				w.strs("Flags", sets[sub].Flags)
				w.strs("KV", sets[sub].KV)
				w.strs("Commercial", sets[sub].Commercial)
				w.strs("Notes", sets[sub].Notes)
				w.WriteString("},\n")
			}
			w.WriteString("}},\n")
		default:
			w.fail("grammar %q has an unknown form", name)
		}
	}
	w.WriteString("}\n\n")
}

// fpmDefault tells the value in a default of the facts from its explanation:
// "0 (unlimited)" is the value 0; "none (mandatory)" and the rules by which
// php-fpm finds a value are explanations only.
func fpmDefault(text string) (value, note string) {
	for _, rule := range []string{"none", "unset", "any", "auto", "[]", "primary group of ", "user of ", "current dir ", "min_spare + "} {
		if strings.HasPrefix(text, rule) {
			return "", text
		}
	}
	if i := strings.Index(text, " ("); i >= 0 && strings.HasSuffix(text, ")") {
		return text[:i], text[i+2 : len(text)-1]
	}
	return text, ""
}

func (w *writer) fpm(facts *factsFPM) {
	w.WriteString("var fpmKeys = [...]FPMKey{\n")
	for _, k := range facts.Directives {
		w.WriteString("{")
		w.str("Name", k.Name)
		w.pick("Section", k.Section, map[string]string{"global": "FPMGlobal", "pool": "FPMPool", "any section": "FPMAny"})
		w.str("Type", k.Type)
		if k.Default != nil {
			value, note := fpmDefault(*k.Default)
			w.str("Default", value)
			w.flag("HasDefault", value != "")
			w.str("DefaultNote", note)
		}
		w.flag("Array", strings.HasPrefix(k.Type, "array "))
		if !k.SinceApprox {
			w.field("Since", w.version(k.Since))
		}
		w.strs("Words", k.Words)
		w.str("Tokens", k.Tokens)
		if len(k.Constraints) > 0 {
			w.WriteString("Constraints: []FPMConstraint{")
			for _, c := range k.Constraints {
				fmt.Fprintf(w, "{%q, %q}, ", c[0], c[1])
			}
			w.WriteString("}, ")
		}
		w.str("Note", k.Note)
		w.WriteString("},\n")
	}
	w.WriteString("}\n")
}

func generate() ([]byte, error) {
	var n factsNginx
	var f factsFPM
	if err := cmp.Or(readFacts("nginx-directives.json", &n), readFacts("fpm-directives.json", &f)); err != nil {
		return nil, err
	}
	w := new(writer)
	w.WriteString("// Code generated by go test ./analyzer/catalog -update from data/; DO NOT EDIT.\n\npackage catalog\n\n")
	w.directives(&n)
	w.variables(n.Variables)
	w.topics(n.Grammar)
	w.fpm(&f)
	if w.err != nil {
		return nil, w.err
	}
	return format.Source(w.Bytes())
}
