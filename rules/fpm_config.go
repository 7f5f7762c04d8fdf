package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/spelling"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var fpmConfig = analyzer.Rule{
	ID:         "fpm-config",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	Refused:    diag.PHPFPM,
	YieldsTo:   []string{"fpm-comment-hash", "fpm-listen-syntax", "fpm-time-value", analyzer.RuleSyntax},
	OnScope:    refusedByFPM,
	NoProof:    "`php-fpm -t` itself is asked about every case of the rule and about thousands of changed pools, and has to say what the finding says",
	Doc: analyzer.Doc{
		Summary: "configuration that php-fpm refuses",
		What: "What `php-fpm -t` refuses, found without PHP: keys that it does not know or that stand in the wrong section, keys without a value, values that are no number, time, boolean or known word; " +
			"a pool without `listen`, `pm` or `pm.max_children`; numbers of `pm.*` that do not go together; a slowlog timeout without a slowlog, or longer than the terminate timeout; " +
			"paths of the ping and status pages, `access.format`, `env[]` and `php_flag[]`; includes nested too deep. Where one known key is near, it is named.",
		Why: "php-fpm does not start, and a reload stops it. It ends at the first mistake, and for most of what concerns a whole pool it names no line: " +
			"`ALERT: [pool www] pm.max_children must be a positive value`, `ERROR: failed to post process the configuration`.",
		Gaps: "Users, groups, folders and log files are not looked at: they are the machine's.\n\n" +
			"A key that is absent may stand in a file that was not read: that is reported only where a main file was read with all that it includes, or where a lone file sets `listen` and `pm` of a pool of its own; " +
			"and not for the pool `www`, which packages and images bring, beside an include with wildcards. A pool without `user` is reported only where another pool of the master has one: only a php-fpm that root starts needs it. " +
			"Keys that only some builds have (`listen.setfib`, `apparmor_hat`) are taken for known, as are those that newer versions have where the version is not known.",
		Remedy:    "Correct the line that the finding points at.",
		FixSafety: "Safe where one spelling was meant: php-fpm refuses the file as it is, so nothing that works can change. A name or number that is likely is shown only.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php"},
		Since:     "0.2.0",
	},
}

func refusedByFPM(p *analyzer.Pass, s *stack.Scope) {
	for _, m := range s.Masters {
		t := fpmTest{Pass: p, master: m, meant: map[string]bool{}, facts: factsOf(m)}
		t.includes()
		t.written(m.Global, catalog.FPMGlobal)
		for _, pool := range m.Pools {
			t.written(&pool.Section, catalog.FPMPool)
		}
		t.global()
		for _, pool := range m.Pools {
			t.pool(pool)
		}
		t.statusAddresses()
	}
}

// fpmTest does what php-fpm -t does, on one master. Other than php-fpm it goes on behind the first mistake.
type fpmTest struct {
	*analyzer.Pass
	master *fpm.Master
	// meant are the keys that refused ones were probably meant for; opaque is set
	// where a template may bring any.
	meant  map[string]bool
	opaque bool
	facts  facts
}

// refuse reports what php-fpm says; cause is what other rules may have reported
// beside the line itself.
func (t *fpmTest) refuse(says string, f diag.Finding, cause ...any) {
	f.Severity = diag.Error
	f.Notes = append([]string{"php-fpm says: " + says}, f.Notes...)
	t.Report(nginx.Ref{}, append(analyzer.Causes{analyzer.LineOf(f.Subject.Span)}, cause...), f)
}

// at is how php-fpm names the place of what it reads.
func at(s source.Span) string { return "ERROR: [" + place(s) + "] " }

// includes looks at the include directives, which are no keys of a section.
func (t *fpmTest) includes() {
	for _, in := range t.master.Files {
		var last syntax.Entry
		for _, e := range in.Lines {
			switch {
			case e.Kind != syntax.Key || e.Name != "include":
				continue
			case withoutEquals(&e):
				t.withoutValue(&e, &catalog.FPMKey{Name: e.Name})
			case last.Kind != 0 && last.Span().Line() == e.Span().Line():
				t.refuse(at(e.Span())+"two includes at the same time !", diag.Finding{
					Summary: "php-fpm takes one include on a line",
					Subject: label(e.Span(), "the second one on this line"),
					Remedy:  "write it on a line of its own",
				})
			}
			last = e
		}
	}
	for _, missing := range t.master.Missing {
		if missing.TooDeep {
			t.refuse("ERROR: failed to include more than 5 files recursively", diag.Finding{
				Summary: "includes are nested too deep",
				Subject: label(missing.At, "the sixth file inside each other; php-fpm reads five"),
				Remedy:  "include the file from one that is less deep",
			})
		}
	}
}

// written looks at the keys of a section one by one, as php-fpm does when it reads them.
func (t *fpmTest) written(s *fpm.Section, kind catalog.FPMSection) {
	for e, certain := range s.Placed() {
		if nginx.Opaque(e.Span().Text()) {
			t.opaque = true
			continue
		}
		if e.Kind == syntax.Item {
			t.item(e, kind, certain)
			continue
		}
		key, known := catalog.FPMKeyNamed(e.Name, kind)
		if !known && !certain {
			key, known = catalog.FPMKeyNamed(e.Name, otherSection(kind))
		}
		switch {
		case withoutEquals(e):
			t.withoutValue(e, key)
		case !known || key.Array || t.newer(key):
			t.unknown(e, kind, certain)
		case e.Known:
			t.value(e, key)
		}
	}
}

func otherSection(kind catalog.FPMSection) catalog.FPMSection {
	if kind == catalog.FPMGlobal {
		return catalog.FPMPool
	}
	return catalog.FPMGlobal
}

// newer reports whether the master's PHP is certainly too old for a key.
func (t *fpmTest) newer(key *catalog.FPMKey) bool {
	if key.Since.IsZero() {
		return false
	}
	v, err := catalog.ParseVersion(t.master.Version)
	return err == nil && v.Compare(key.Since) < 0
}

// withoutEquals reports whether a key stands alone. Behind an equals sign ” is a
// value that php-fpm takes for none or for an empty one, by what its memory holds.
func withoutEquals(e *syntax.Entry) bool {
	return e.Null && !strings.Contains(e.Span().Text(), "=")
}

func (t *fpmTest) withoutValue(e *syntax.Entry, key *catalog.FPMKey) {
	f := diag.Finding{
		Summary: "a key without a value",
		Subject: label(e.Span(), "no = stands behind it"),
		Remedy:  "write NAME = VALUE, or start the line with ; if it is a comment",
	}
	if key != nil {
		f.Remedy = fmt.Sprintf("write %s = VALUE, or remove the line", key.Name)
	}
	t.refuse(at(e.Span())+"value is NULL for a ZEND_INI_PARSER_ENTRY", f)
}

// unknown reports a key that php-fpm does not know in a section.
func (t *fpmTest) unknown(e *syntax.Entry, kind catalog.FPMSection, certain bool) {
	f := diag.Finding{
		Summary: "a key that php-fpm does not know",
		Subject: label(e.NameSpan(), "php-fpm has no key of this name"),
		Remedy:  "correct the name; a setting of php.ini is written php_value[NAME] = VALUE",
	}
	says := at(e.Span()) + "unknown entry '" + e.Name + "'"
	if e.Kind == syntax.Item {
		says = at(e.Span()) + "unknown directive '" + e.Name + "'"
	}
	folded := strings.ToLower(e.Name)
	key, here := catalog.FPMKeyNamed(folded, kind)
	elsewhere, there := catalog.FPMKeyNamed(folded, otherSection(kind))
	switch {
	case here && t.newer(key):
		f.Subject.Text = fmt.Sprintf("there since PHP %d.%d; this is %s", key.Since.Major, key.Since.Minor, t.master.Version)
		f.Remedy = "remove the line"
	case here && key.Array && e.Kind == syntax.Key:
		f.Subject.Text = "this key takes a name in brackets"
		f.Remedy = fmt.Sprintf("write %s[NAME] = VALUE", key.Name)
	case here && e.Kind == syntax.Item && !key.Array:
		f.Subject.Text = "this key takes no brackets"
		f.Remedy = fmt.Sprintf("write %s = VALUE", key.Name)
	case here:
		f.Subject.Text = "of this key upper and lower case are told apart"
		f.Remedy = "write " + key.Name
		name := source.Span{File: e.NameSpan().File, Start: e.NameSpan().Start, End: e.NameSpan().Start + len(e.Name)}
		f.Fixes = []diag.Fix{{Title: "write " + key.Name, Safety: diag.Safe, Edits: []diag.Edit{{Span: name, NewText: key.Name}}}}
	case there && certain:
		t.meant[elsewhere.Name] = true
		f.Summary = "a key in the wrong section"
		f.Subject.Text = "a key of pools, and this is [global]"
		f.Remedy = "write it below the [NAME] of its pool"
		if kind == catalog.FPMPool {
			f.Subject.Text = "a key of [global], and this is a pool"
			f.Remedy = "write it below [global], in the main file"
		}
	default:
		if near := nearestKey(t.Work, folded, kind, e.Kind == syntax.Item); near != "" {
			t.meant[near] = true
			f.Subject.Text = fmt.Sprintf("did you mean %q?", near)
			f.Fixes = []diag.Fix{{Title: "write " + near, Safety: diag.Manual}}
		}
	}
	t.refuse(says, f)
}

// nearestKey is the key that was probably meant: of the section, else of the other kind.
func nearestKey(w *nginx.Work, name string, kind catalog.FPMSection, array bool) string {
	if !w.Take(nearestCost) {
		return ""
	}
	for _, kind := range []catalog.FPMSection{kind, otherSection(kind)} {
		near := spelling.Nearest(name, func(yield func(string) bool) {
			for _, key := range catalog.FPMKeys() {
				if key.Array == array && (key.Section == kind || key.Section == catalog.FPMAny) && !yield(key.Name) {
					return
				}
			}
		})
		if near != "" {
			return near
		}
	}
	return ""
}

// item looks at a key with brackets.
func (t *fpmTest) item(e *syntax.Entry, kind catalog.FPMSection, certain bool) {
	key, known := catalog.FPMKeyNamed(e.Name, catalog.FPMPool)
	known = known && key.Array && !t.newer(key)
	isList := known && key.Type == "array path"
	span := e.ValueSpan()
	if span.Text() == "" {
		span = e.NameSpan()
	}
	switch {
	case e.Known && e.Offset == "" && !isList:
		t.refuse(at(e.Span())+"You must provide a key for field '"+e.Name+"'", diag.Finding{
			Summary: "brackets with no name in them",
			Subject: label(e.NameSpan(), "no name stands in the brackets"),
			Remedy:  "write " + e.Name + "[NAME] = VALUE",
		})
	case kind == catalog.FPMGlobal && certain:
		t.refuse(at(e.Span())+"Array are not allowed in the global section", diag.Finding{
			Summary: "a key in the wrong section",
			Subject: label(e.NameSpan(), "keys with brackets stand in pools, and this is [global]"),
			Remedy:  "write it below the [NAME] of its pool",
		})
	case !known:
		t.unknown(e, catalog.FPMPool, true)
	case !e.Known:
	case isList && e.Offset != "":
		t.refuse(at(e.Span())+"Keys provided to field '"+e.Name+"' are ignored", diag.Finding{
			Summary: "brackets with a name in them",
			Subject: label(e.NameSpan(), "nothing may stand in these brackets"),
			Remedy:  "write " + e.Name + "[] = /PATH",
		})
	case isList && !strings.HasPrefix(e.Value, "/"):
		t.refuse(at(e.Span())+"Values provided to field '"+e.Name+"' must begin with '/'", diag.Finding{
			Summary: "a value that php-fpm refuses",
			Subject: label(span, "does not begin with /"),
			Remedy:  "write the path as it stands in the URL: /ping",
		})
	case key.Name == "env" && e.Value == "":
		t.refuse(at(e.Span())+"empty value", diag.Finding{
			Summary: "a value that php-fpm refuses",
			Subject: label(span, "a variable of the environment must not be empty"),
			Remedy:  "write a value, or remove the line",
		})
	default:
		t.value(e, key)
	}
}

// value looks at what a key is set to.
func (t *fpmTest) value(e *syntax.Entry, key *catalog.FPMKey) {
	why := fpm.Refuses(key, e.Value)
	if why == "" {
		return
	}
	says := fmt.Sprintf("%sunable to parse value for entry '%s': %s", at(e.Span()), key.Name, why)
	if e.Kind == syntax.Item {
		says = fmt.Sprintf("%serror while parsing '%s[%s]' : %s", at(e.Span()), e.Name, e.Offset, why)
	}
	f := diag.Finding{Summary: "a value that php-fpm refuses", Subject: label(e.ValueSpan(), "")}
	if e.ValueSpan().Text() == "" {
		f.Subject.Span = e.NameSpan()
	}
	switch key.Type {
	case "bool", "array bool":
		f.Subject.Text, f.Remedy = "neither yes nor no", "write yes or no"
	case "time":
		f.Subject.Text, f.Remedy = "no time: only s, m, h or d may stand behind the number", "write a number with one unit, as in 30s"
	case "enum", "loglevel":
		f.Subject.Text, f.Remedy = "none of "+strings.Join(key.Words, ", "), "write one of "+strings.Join(key.Words, ", ")
	default:
		f.Subject.Text, f.Remedy = "no whole number", "write a whole number in digits"
		if strings.Contains(why, "unlimited") {
			f.Subject.Text, f.Remedy = "below 0", "write a number from 0, or unlimited"
		}
	}
	if to, safe := meantValue(key, e.Value); safe {
		f.Fixes = []diag.Fix{{Title: "write " + to, Safety: diag.Safe, Edits: []diag.Edit{{Span: e.ValueSpan(), NewText: to}}}}
	} else if to != "" {
		f.Subject.Text += fmt.Sprintf("; did you mean %q?", to)
		f.Fixes = []diag.Fix{{Title: "write " + to, Safety: diag.Manual}}
	}
	t.refuse(says, f)
}

// spelledTime is a time with its unit as a word or in capitals.
var spelledTime = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^ *(\d+) *(s|m|h|d|secs?|seconds?|mins?|minutes?|hours?|days?) *$`)
})

// meantValue is the value that was probably meant; safe where it is the only one.
func meantValue(key *catalog.FPMKey, value string) (to string, safe bool) {
	switch key.Type {
	case "enum", "loglevel":
		return spelling.Nearest(strings.ToLower(value), slices.Values(key.Words)), false
	case "time":
		if m := spelledTime().FindStringSubmatch(strings.ToLower(value)); m != nil {
			return m[1] + m[2][:1], true
		}
		return "", false
	}
	to = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(value)), "+")
	if to == "" || to == "-" || fpm.Refuses(key, to) != "" {
		return "", false
	}
	return to, true
}
