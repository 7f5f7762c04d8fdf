package catalog

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// facts reads a file of data/ without the generator's types.
func facts(t testing.TB, name string) map[string]any {
	t.Helper()
	if *update {
		t.Skip("the tables in this test binary are the old ones")
	}
	b, err := os.ReadFile("data/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCounts(t *testing.T) {
	nginx, fpm := facts(t, "nginx-directives.json"), facts(t, "fpm-directives.json")
	counts := map[Section]int{}
	for d := range All() {
		counts[d.Section]++
	}
	for _, c := range []struct {
		what        string
		got, length int
		want        int
	}{
		{"directives", counts[Core], len(nginx["directives"].([]any)), 784},
		{"removed_or_deprecated", counts[Past], len(nginx["removed_or_deprecated"].([]any)), 29},
		{"third_party", counts[ThirdParty], len(nginx["third_party"].([]any)), 734},
		{"docs_only", counts[Documented], len(nginx["docs_only"].([]any)), 153},
		{"grammar", len(topics), len(nginx["grammar"].(map[string]any)), 42},
		// "1..9" is nine in the table; "a,b", a remark on two other entries, is none.
		{"variables", len(variables) - 8 + 1, len(nginx["variables"].([]any)), 268},
		{"fpm", len(FPMKeys()), len(fpm["directives"].([]any)), 66},
	} {
		if c.got != c.want || c.length != c.want {
			t.Errorf("%s: table %d, facts %d, want %d", c.what, c.got, c.length, c.want)
		}
	}
}

// leftOut are the facts that the tables do not hold, each with what makes that right.
var leftOut = map[string]func(d *Directive, v any) bool{
	"file": nil, "setter": nil, "post": nil, "src_default": nil, // about the C source
	"deprecated_note": nil, // Use and Warn of the Past entry say it
	// Contexts say it, but for njs.
	"where": func(d *Directive, v any) bool { return v == d.Package || v != "njs" && d.Package == "" },
	"since_note": func(d *Directive, v any) bool {
		return v != "first mention in CHANGES" || d.Since.Compare(Oldest) < 0
	},
	"in_1_18_0": func(d *Directive, _ any) bool { return d.Since.Compare(Version{1, 18, 0}) > 0 },
	"in_1_22_1": func(d *Directive, _ any) bool { return d.Since.Compare(Version{1, 22, 1}) > 0 },
	"after": func(d *Directive, v any) bool {
		switch v {
		case "unknown directive":
			return !d.Removed.IsZero() || d.Name == "js_include"
		case "accepted, ignored, warns":
			core, ok := Lookup(d.Name, d.Contexts)
			return ok && core.Section == Core && core.Type == TypeObsolete && d.Removed.IsZero()
		}
		return d.Removed.IsZero()
	},
}

// TestEntries turns each entry back into the form of the facts and compares.
func TestEntries(t *testing.T) {
	all := facts(t, "nginx-directives.json")
	for section, key := range map[Section]string{
		Core: "directives", Past: "removed_or_deprecated", ThirdParty: "third_party", Documented: "docs_only",
	} {
		entries := all[key].([]any)
		slices.SortStableFunc(entries, func(a, b any) int {
			return strings.Compare(a.(map[string]any)["name"].(string), b.(map[string]any)["name"].(string))
		})
		for d := range All() {
			if d.Section != section {
				continue
			}
			want := entries[0].(map[string]any)
			entries = entries[1:]
			if !sameArgs(want["args"], d.Args) {
				t.Errorf("%s: args %v, got %s", d.Name, want["args"], d.Args)
			}
			for k, holds := range leftOut {
				if v, ok := want[k]; ok && holds != nil && !holds(d, v) {
					t.Errorf("%s: %s = %v does not follow from the entry", d.Name, k, v)
				}
				delete(want, k)
			}
			for _, h := range d.ArgsHistory {
				k := "args_" + strings.ReplaceAll(h.At.String(), ".", "_")
				if !sameArgs(want[k], h.Args) {
					t.Errorf("%s: %s %v, got %s", d.Name, k, want[k], h.Args)
				}
				delete(want, k)
			}
			delete(want, "args")
			if diff := cmp.Diff(want, backToFacts(d)); diff != "" {
				t.Errorf("%s: facts (-), table (+):\n%s", d.Name, diff)
			}
		}
	}
}

// sameArgs compares with the words of the facts, read as nginx.org's development guide explains them.
func sameArgs(words any, a ArgSpec) bool {
	text, ok := words.(string)
	if !ok {
		return a == 0
	}
	alternatives := strings.Split(text, "|")
	for n := range 12 {
		want := slices.Contains(alternatives, "ANY") ||
			n == 0 && slices.Contains(alternatives, "NOARGS") ||
			n == 1 && slices.Contains(alternatives, "FLAG") ||
			n >= 1 && slices.Contains(alternatives, "1MORE") ||
			n >= 2 && slices.Contains(alternatives, "2MORE")
		for _, alt := range alternatives {
			want = want || n < 10 && strings.HasPrefix(alt, "TAKE") && strings.Contains(alt, strconv.Itoa(n))
		}
		if a.Accepts(n) != want {
			return false
		}
	}
	return a&ArgsFlag != 0 == (text == "FLAG")
}

func backToFacts(d *Directive) map[string]any {
	m := map[string]any{}
	str := func(k, v string) {
		if v != "" {
			m[k] = v
		}
	}
	flag := func(k string, v bool) {
		if v {
			m[k] = true
		}
	}
	list := func(k string, v []string) {
		if len(v) > 0 {
			m[k] = anys(v)
		}
	}
	version := func(k string, v Version) {
		if !v.IsZero() {
			m[k] = v.String()
		}
	}
	str("name", d.Name)
	str("module", d.Module)
	if d.Section == ThirdParty {
		str("package", d.Package)
	}
	str("status", []string{"", "commercial", "separate-module", "removed", "other"}[d.Status])
	m["ctx"] = contextWords(d.Contexts)
	flag("block", d.Block)
	flag("raw_lua_block", d.RawLua)
	if d.Type != TypeUnknown {
		m["type"] = d.Type.String()
	}
	list("words", d.Words)
	list("params", d.Params)
	for _, h := range d.WordHistory {
		word := func(k, v string) {
			if m[k] == nil {
				m[k] = map[string]any{}
			}
			m[k].(map[string]any)[h.Word] = v
		}
		if !h.Since.IsZero() {
			word("words_since", h.Since.String())
		}
		switch {
		case !h.Removed.IsZero():
			word("words_removed", h.Deprecated.String()+" superseded (warned), unknown from "+h.Removed.String())
		case !h.Deprecated.IsZero():
			word("words_deprecated", h.Deprecated.String())
		}
	}
	list("words_docs_only", d.WordsDocsOnly)
	if d.Bounds != nil {
		m["bounds"] = []any{strconv.Itoa(d.Bounds.Min), strconv.Itoa(d.Bounds.Max)}
	}
	if d.HasDefault {
		m["default"] = d.Default
	}
	if len(d.History) > 0 {
		var history []any
		for _, c := range d.History {
			var value any = c.Value
			if c.None {
				value = nil
			}
			history = append(history, []any{c.Since.String(), value})
		}
		m["default_history"] = history
	}
	str("default_derived", d.Derived)
	str("default_note", d.DefaultNote)
	str("inherit", []string{"", "merge", "list", "none", "special"}[d.Inherit])
	str("inherit_note", d.InheritNote)
	dups := []string{"", "error", "warn", "append", "override", "special", "ok"}
	str("dup", dups[d.Dup])
	str("dup_checked", dups[d.DupSame])
	str("dup_note", d.DupNote)
	version("since", d.Since)
	version("deprecated", d.Deprecated)
	version("removed", d.Removed)
	str("use", d.Use)
	list("backport", d.Backports)
	str("cond", d.Condition)
	flag("undocumented", d.Undocumented)
	str("warn", d.Warn)
	list("errors", d.Errors)
	list("syntax", d.Syntax)
	str("doc", d.Doc)
	if d.Section == Documented {
		str("status_note", d.Note)
	} else {
		str("note", d.Note)
	}
	return m
}

func anys(ss []string) []any {
	out := make([]any, len(ss))
	for i, s := range ss {
		out[i] = s
	}
	return out
}

// contextWords are the facts' words, which always come in this order.
func contextWords(c Context) []any {
	words := strings.Split(c.String(), ", ")
	for i, w := range words {
		words[i] = strings.ReplaceAll(w, " ", "-")
	}
	return anys(words)
}

func TestVariableTable(t *testing.T) {
	for _, v := range facts(t, "nginx-directives.json")["variables"].([]any) {
		want := v.(map[string]any)
		in := map[string]Context{"http": Location, "stream": StreamServer}[want["sub"].(string)]
		names := strings.Split(want["name"].(string), ",")
		switch {
		case names[0] == "1..9":
			names = strings.Fields("1 2 3 4 5 6 7 8 9")
		case len(names) > 1: // a remark on two other entries
			for _, name := range names {
				if got, ok := VariableNamed(name, in); !ok || got.Name != name || got.Module != want["module"] {
					t.Errorf("%s: %+v, %t", name, got, ok)
				}
			}
			continue
		}
		note, _ := want["note"].(string)
		for _, name := range names {
			asked := name
			if want["prefix"] == true {
				asked += "x"
			}
			got, ok := VariableNamed(asked, in)
			if !ok || got.Name != name || got.Module != want["module"] || got.Prefix != (want["prefix"] == true) ||
				got.NoCache != (want["nocache"] == true) || got.Changeable != (want["changeable"] == true) ||
				got.DocumentedOnly != (want["docs_only"] == true) || got.Note != note {
				t.Errorf("%s: %+v, want %v", asked, got, want)
			}
		}
	}
}

func TestVariableNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Context
		want string
	}{
		{"host", HTTP, "host"},
		{"HOST", Server, "host"},
		{"arg_x", Location, "arg_"},
		{"Http_X_Y", HTTP, "http_"},
		{"arg_", Location, "arg_"},
		{"upstream_http_x", HTTP, "upstream_http_"},
		{"http_x", Stream, ""},
		{"protocol", Stream, "protocol"},
		{"protocol", HTTP, ""},
		{"fastcgi_path_info", Location, "fastcgi_path_info"},
		{"9", IfInLocation, "9"},
		{"0", HTTP, ""},
		{"", HTTP, ""},
		{"host", Mail, ""},
	} {
		got := ""
		if v, ok := VariableNamed(c.name, c.in); ok {
			got = v.Name
		}
		if got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestGrammar(t *testing.T) {
	for name, want := range facts(t, "nginx-directives.json")["grammar"].(map[string]any) {
		if name == "predefined log_format" {
			name, want = "predefined log_format combined", want.(map[string]any)["combined"]
		}
		topic, ok := TopicNamed(name)
		if !ok {
			t.Errorf("no topic %q", name)
			continue
		}
		var got any = topic.Text
		if topic.Words != nil {
			got = anys(topic.Words)
		}
		if topic.Params != nil {
			subs := map[string]any{}
			for _, p := range topic.Params {
				sub := map[string]any{}
				for k, v := range map[string][]string{"flags": p.Flags, "kv": p.KV, "commercial": p.Commercial, "notes": p.Notes} {
					if v != nil {
						sub[k] = anys(v)
					}
				}
				subs[map[Context]string{AnyHTTP: "http", AnyStream: "stream", AnyMail: "mail"}[p.Contexts]] = sub
			}
			got = subs
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: facts (-), table (+):\n%s", name, diff)
		}
	}
	if _, ok := TopicNamed("nothing"); ok {
		t.Error("a topic that is none")
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		name    string
		in      Context
		module  string
		section Section
	}{
		{"proxy_pass", Location, "ngx_http_proxy_module", Core},
		{"proxy_pass", StreamServer, "ngx_stream_proxy_module", Core},
		{"proxy_pass", LimitExcept, "ngx_http_proxy_module", Core},
		{"server", Upstream, "ngx_http_upstream_module", Core},
		{"server", StreamUpstream, "ngx_stream_upstream_module", Core},
		{"server", HTTP, "ngx_http_core_module", Core},
		{"server", RTMP, "", ThirdParty},
		{"keepalive_timeout", Upstream, "ngx_http_upstream_keepalive_module", Core},
		{"keepalive_timeout", Server, "ngx_http_core_module", Core},
		{"include", RTMPRecorder, "ngx_conf_module", Core},
		{"http2_push", Server, "ngx_http_v2_module", Core},
		{"ssl", Server, "", Past},
		{"proxy_cache_purge", Location, "", ThirdParty},
		{"license_token", Mgmt, "", Documented},
		{"content_by_lua_block", Location, "", ThirdParty},
	} {
		d, ok := Lookup(c.name, c.in)
		if !ok || d.Name != c.name || d.Module != c.module || d.Section != c.section {
			t.Errorf("Lookup(%s, %s) = %+v, %t", c.name, c.in, d, ok)
		}
	}
	for _, c := range []struct {
		name string
		in   Context
	}{{"proxy_pass", Server}, {"proxy_pass", Rows}, {"include", Rows}, {"nothing", Any}, {"", Any}, {"proxy_pass", 0}, {"zzz", Any}} {
		if d, ok := Lookup(c.name, c.in); ok {
			t.Errorf("Lookup(%s, %s) = %+v", c.name, c.in, d)
		}
	}
	if !Known("server_names_hash") || Known("server_name_hash") || Known("zzz") {
		t.Error("Known")
	}
	var sections []Section
	for d := range Named("server") {
		sections = append(sections, d.Section)
	}
	if !slices.IsSorted(sections) || len(sections) != 6 {
		t.Errorf("sections of server: %v", sections)
	}
}

// TestOpens holds the steps against the entries: each block of directives leads
// somewhere, and nothing else does.
func TestOpens(t *testing.T) {
	for d := range All() {
		for c := Context(1); c < Rows; c <<= 1 {
			if d.Contexts&c == 0 {
				continue
			}
			_, got := Opens(d.Name, c)
			want := d.Block && !d.RawLua && d.Name != "imap" // imap was gone before Oldest
			// A block may share its name with an entry that has none: only the preferred one counts.
			if first, _ := Lookup(d.Name, c); first == d && got != want {
				t.Errorf("%s in %s: opens %t, want %t", d.Name, c, got, want)
			}
		}
	}
	for _, c := range []struct {
		name     string
		in, want Context
	}{
		{"http", Main, HTTP},
		{"server", HTTP, Server},
		{"server", Stream, StreamServer},
		{"server", Mail, MailServer},
		{"server", HTTP | Stream, Server | StreamServer},
		{"server", Upstream, 0},
		{"location", Location, Location},
		{"location", HTTP, 0},
		{"if", Server, IfInServer},
		{"if", Location, IfInLocation},
		{"if", IfInLocation, 0},
		{"limit_except", Location, LimitExcept},
		{"upstream", Stream, StreamUpstream},
		{"types", Location, Rows},
		{"map", Stream, Rows},
		{"otel_exporter", HTTP, OtelExporter},
		{"recorder", RTMPApplication, RTMPRecorder},
		{"content_by_lua_block", Location, 0},
		{"my_block", HTTP, 0},
	} {
		if got, ok := Opens(c.name, c.in); got != c.want || ok != (c.want != 0) {
			t.Errorf("Opens(%s, %s) = %s, %t", c.name, c.in, got, ok)
		}
	}
}

func TestDefaultAt(t *testing.T) {
	const none, unknown = "(none)", "(unknown)"
	for _, c := range []struct {
		name    string
		in      Context
		version string
		want    string
	}{
		{"proxy_read_timeout", Location, "", "60s"},
		{"proxy_read_timeout", Location, "1.24.0", "60s"},
		{"proxy_read_timeout", Location, "1.17.9", unknown},
		{"proxy_read_timeout", Location, "1.99.0", "60s"},
		{"keepalive_requests", HTTP, "", unknown},
		{"keepalive_requests", HTTP, "1.18.0", "100"},
		{"keepalive_requests", HTTP, "1.19.9", "100"},
		{"keepalive_requests", HTTP, "1.19.10", "1000"},
		{"keepalive_requests", HTTP, "1.99.0", "1000"},
		{"keepalive_requests", HTTP, "0.7.0", unknown},
		{"keepalive", Upstream, "1.22.1", none},
		{"keepalive", Upstream, "1.29.7", "32 local"},
		{"keepalive", Upstream, "", unknown},
		{"keepalive_time", HTTP, "", "1h"},
		{"keepalive_time", HTTP, "1.18.0", unknown},
		{"keepalive_time", HTTP, "1.19.10", "1h"},
		{"output_buffers", HTTP, "", "2 32k"},
		{"ssl_protocols", Server, "1.26.0", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"},
		{"server_name", Server, "", `""`},
		{"proxy_buffers", Location, "1.24.0", unknown},
		{"proxy_pass", Location, "1.24.0", none},
		{"gzip_hash", HTTP, "1.24.0", unknown},
		{"brotli", HTTP, "1.24.0", unknown},
		{"ssl", Server, "1.24.0", "off"},
	} {
		d, ok := Lookup(c.name, c.in)
		if !ok {
			t.Fatal(c.name)
		}
		var v Version
		if c.version != "" {
			v = mustVersion(t, c.version)
		}
		value, ok, unk := d.DefaultAt(v)
		got := value
		switch {
		case unk:
			got = unknown
		case !ok:
			got = none
		}
		if got != c.want || ok && unk || !ok && value != "" {
			t.Errorf("%s at %q: %q, %t, %t; want %s", c.name, c.version, value, ok, unk, c.want)
		}
	}
}

// TestHistories holds what DefaultAt relies on.
func TestHistories(t *testing.T) {
	for d := range All() {
		if strings.Contains(d.Default, "|") && d.Derived == "" {
			t.Errorf("%s: default %q differs by platform and is not called derived", d.Name, d.Default)
		}
		if len(d.History) == 0 {
			continue
		}
		first, last := d.History[0].Since, d.History[len(d.History)-1]
		if first.Compare(Oldest) > 0 && first.Compare(d.Since) > 0 {
			t.Errorf("%s: nothing is said before %s", d.Name, first)
		}
		if !slices.IsSortedFunc(d.History, func(a, b Change) int { return a.Since.Compare(b.Since) }) {
			t.Errorf("%s: history is not ascending", d.Name)
		}
		if last.None || last.Value != d.Default || !d.HasDefault {
			t.Errorf("%s: history does not end with the default", d.Name)
		}
	}
}

func TestArgsAt(t *testing.T) {
	keepalive, _ := Lookup("keepalive", Upstream)
	ocsp, _ := Lookup("ssl_ocsp", Server)
	for _, c := range []struct {
		d       *Directive
		version string
		want    string
		flag    bool
	}{
		{keepalive, "", "1 or 2", false},
		{keepalive, "1.20.0", "1", false},
		{keepalive, "1.22.1", "1", false},
		{keepalive, "1.25.0", "1 or 2", false},
		{keepalive, "1.31.5", "1 or 2", false},
		{ocsp, "", "1", false},
		{ocsp, "1.22.0", "1", true},
		{ocsp, "1.31.5", "1", false},
	} {
		var v Version
		if c.version != "" {
			v = mustVersion(t, c.version)
		}
		if got := c.d.ArgsAt(v); got.String() != c.want || got&ArgsFlag != 0 != c.flag {
			t.Errorf("%s at %q: %s, flag %t", c.d.Name, c.version, got, got&ArgsFlag != 0)
		}
	}
}

func TestArgSpec(t *testing.T) {
	for text, want := range map[string]string{
		"NOARGS": "no", "TAKE1": "1", "FLAG": "1", "TAKE12": "1 or 2", "TAKE123": "1, 2 or 3", "TAKE13": "1 or 3",
		"NOARGS|TAKE12": "0, 1 or 2", "1MORE": "at least 1", "2MORE": "at least 2", "NOARGS|1MORE": "any number of",
		"ANY": "any number of", "MULTI": "an unknown number of",
	} {
		a, err := argSpec(text)
		if err != nil || a.String() != want {
			t.Errorf("%s: %s, %v; want %s", text, a, err, want)
		}
	}
	if ArgSpec(0).Known() || !ArgSpec(0).Accepts(9) || ArgSpec(1).Accepts(-1) {
		t.Error("Known, Accepts")
	}
}

func TestContextString(t *testing.T) {
	for c, want := range map[Context]string{
		0: "none", Any: "any", Rows: "rows", HTTP | IfInLocation: "http, if in location", OIDCProvider: "oidc_provider",
	} {
		if got := c.String(); got != want {
			t.Errorf("%d: %q, want %q", c, got, want)
		}
	}
	if len(contextNames) != 23 || Rows != 1<<(len(contextNames)-1) {
		t.Error("contexts and names do not match")
	}
	if len(typeNames) != int(TypeUinteger)+1 || Type(200).String() != "unknown" {
		t.Error("types and names do not match")
	}
}

func mustVersion(t *testing.T, s string) Version {
	t.Helper()
	v, err := ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVersion(t *testing.T) {
	for s, want := range map[string]string{
		"1.24.0": "1.24.0", "1.24": "1.24.0", "8.2": "8.2.0", "0.8.54": "0.8.54",
		"": "", "1": "", "1.2.3.4": "", "v1.2.3": "", "1.-2": "", "1.+2": "", "1..2": "", "1.70000": "", "1.2-9": "", "0.0.0": "", "1.000001": "",
	} {
		v, err := ParseVersion(s)
		if (err == nil) != (want != "") || err == nil && v.String() != want {
			t.Errorf("%q: %s, %v", s, v, err)
		}
	}
	ordered := []string{"0.9.9", "1.9.15", "1.18.0", "1.19.0", "1.19.10", "2.0"}
	for i, a := range ordered {
		for j, b := range ordered {
			got, want := mustVersion(t, a).Compare(mustVersion(t, b)), i-j
			if got < 0 != (want < 0) || got > 0 != (want > 0) {
				t.Errorf("%s, %s: %d", a, b, got)
			}
		}
	}
	if (Version{}).String() != "unknown" {
		t.Error("zero")
	}
}

func TestFPMTable(t *testing.T) {
	for i, e := range facts(t, "fpm-directives.json")["directives"].([]any) {
		want := e.(map[string]any)
		got := FPMKeys()[i]
		m := map[string]any{"name": got.Name, "section": string(got.Section), "type": got.Type, "default": nil}
		if got.HasDefault || got.DefaultNote != "" {
			m["default"] = got.Default + got.DefaultNote
			if got.HasDefault && got.DefaultNote != "" {
				m["default"] = got.Default + " (" + got.DefaultNote + ")"
			}
		}
		if got.Words != nil {
			m["words"] = anys(got.Words)
		}
		if got.Tokens != "" {
			m["tokens"] = got.Tokens
		}
		if got.Note != "" {
			m["note"] = got.Note
		}
		var constraints []any
		for _, c := range got.Constraints {
			constraints = append(constraints, []any{c.When, c.Message})
		}
		if constraints != nil {
			m["constraints"] = constraints
		}
		if want["since_approx"] != true {
			m["since"] = strings.TrimSuffix(got.Since.String(), ".0")
		} else if !got.Since.IsZero() {
			t.Errorf("%s: has a version that nobody checked", got.Name)
		}
		if want["since_approx"] == true {
			delete(want, "since")
		}
		delete(want, "since_approx")
		if diff := cmp.Diff(want, m); diff != "" {
			t.Errorf("%s: facts (-), table (+):\n%s", got.Name, diff)
		}
		if got.Array != strings.HasPrefix(got.Type, "array ") {
			t.Errorf("%s: array %t", got.Name, got.Array)
		}
	}
}

func TestFPMKeyNamed(t *testing.T) {
	for _, c := range []struct {
		name    string
		section FPMSection
		ok      bool
	}{
		{"pm.max_children", FPMPool, true},
		{"PM.Max_Children", FPMPool, true},
		{"pm.max_children", FPMGlobal, false},
		{"rlimit_files", FPMGlobal, true},
		{"rlimit_files", FPMPool, true},
		{"include", FPMGlobal, true},
		{"include", FPMPool, true},
		{"Include", FPMGlobal, false},
		{"env", FPMPool, true},
		{"ENV", FPMPool, false},
		{"access.suppress_path", FPMPool, true},
		{"Access.suppress_path", FPMPool, false},
		{"access.Log", FPMPool, true},
		{"nothing", FPMPool, false},
	} {
		k, ok := FPMKeyNamed(c.name, c.section)
		if ok != c.ok || ok && k.Section != c.section && k.Section != FPMAny {
			t.Errorf("%s in %s: %+v, %t", c.name, c.section, k, ok)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		d, ok := Lookup("ssl_certificate", StreamServer)
		_, _, unknown := d.DefaultAt(Version{1, 24, 0})
		_, variable := VariableNamed("http_x_forwarded_for", Location)
		_, key := FPMKeyNamed("Request_Terminate_Timeout", FPMPool)
		if !ok || unknown || !variable || !key || !Known("xslt_types") {
			t.Error("not found")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	b.ReportAllocs()
	names := []string{"access_log", "proxy_pass", "fastcgi_param", "zone", "no_such_directive"}
	for i := range b.N {
		Lookup(names[i%len(names)], Location)
	}
}

func TestPassOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"fastcgi_read_timeout": "fastcgi_pass", "proxy_set_header": "proxy_pass", "proxy_cache": "proxy_pass", "uwsgi_param": "uwsgi_pass",
		"scgi_buffers": "scgi_pass", "grpc_ssl_verify": "grpc_pass", "memcached_gzip_flag": "memcached_pass",
		"proxy_pass": "", "fastcgi_split_path_info": "", "fastcgi_index": "", "proxy_temp_path": "", "proxy_headers_hash_max_size": "",
		"proxy_cache_path": "", "proxy_timeout": "", "proxy_protocol": "", "send_timeout": "", "tunnel_read_timeout": "", "fastcgi_cache_purge": "", "": "",
	} {
		if got, ok := PassOf(name); got != want || ok != (want != "") {
			t.Errorf("PassOf(%q) = %q, %t, want %q", name, got, ok, want)
		}
	}
}

func TestMayHandle(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"content_by_lua_block": true, "js_content": true, "nchan_subscriber": true, "echo": true, "fastcgi_cache_purge": true, "no_such_pass": true, "hls": true,
		"root": false, "proxy_pass": false, "perl": false, "more_set_headers": false, "lua_code_cache": false, "brotli": false, "ssl": false,
	} {
		if got := MayHandle(name); got != want {
			t.Errorf("MayHandle(%q) = %t", name, got)
		}
	}
}

func TestIsSetting(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"root": true, "add_header": true, "location": true, "fastcgi_index": true, "more_set_headers": true,
		"proxy_pass": false, "proxy_read_timeout": false, "js_content": false, "content_by_lua_block": false, "no_such_directive": false,
	} {
		if got := IsSetting(name); got != want {
			t.Errorf("IsSetting(%q) = %t", name, got)
		}
	}
}

// TestForeign holds that what is silent for the sake of other modules is no name of nginx's own.
func TestForeign(t *testing.T) {
	t.Parallel()
	for d := range All() {
		if d.Section != ThirdParty && Foreign(d.Name) {
			t.Errorf("%s is in the tables: nginx has it", d.Name)
		}
	}
	for name := range foreignNames {
		if Known(name) {
			t.Errorf("%s is in the tables", name)
		}
	}
	for name, want := range map[string]bool{"srcache_fetch": true, "fair": true, "fairly": false, "server_nam": false, "memcache_pass": false} {
		if Foreign(name) != want {
			t.Errorf("Foreign(%q) = %t, want %t", name, !want, want)
		}
	}
}
