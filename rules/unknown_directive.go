package rules

import (
	"fmt"
	"iter"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/spelling"
)

var unknownDirective = analyzer.Rule{
	ID:          "unknown-directive",
	Severities:  []diag.Severity{diag.Error},
	Safeties:    []diag.Safety{diag.Safe, diag.Manual},
	Refused:     diag.Nginx,
	OnDirective: unknownName,
	NoProof:     judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "a directive that nginx does not know",
		What: "A name that neither nginx nor a known module (Lua, headers-more, brotli, nchan and others that distributions package, those of OpenResty) has as a directive. With `--nginx-version`: also a name that only newer or only older versions have. " +
			"Where one known name is near, it is named. A byte order mark at the start of a file, as editors of Windows write it, is a part of the first name to nginx.",
		Why:       "nginx does not start, and `nginx -s reload` leaves the old configuration in force: `[emerg] unknown directive \"X\"`.",
		Gaps:      "Silent where `load_module` brings a module that is not known here, and behind the first syntax error of a file; of some modules only the names of the directives are known, or what these begin with (`srcache_`, `redis2_`, `upload_`). Another module that is compiled into nginx is not seen: name it in the settings (`nginx: {modules: […]}`), which silences this rule, or better its directives (`nginx: {directives: [{name: …}]}`).",
		Remedy:    "Correct the name, load the module that brings it, or update nginx.",
		FixSafety: "Safe for a byte order mark, which is taken away: nginx refuses the file as it is. Otherwise manual: a name that is near is likely to be the one that was meant, but only you know.",
		Refs:      []string{"https://nginx.org/en/docs/dirindex.html"},
		Since:     "0.2.0",
	},
}

// judgedByNginx is why rules on what nginx refuses have no script of their own.
const judgedByNginx = "`nginx -t` itself is asked about every case of the rule, and has to say what the finding says"

func unknownName(p *analyzer.Pass, x *analyzer.Directive) {
	name := x.Name()
	if x.Standing != catalog.Nobody && x.Standing != catalog.OtherVersion || catalog.Foreign(name) || filledIn(x) || x.OtherModules || loadsUnknown(x.Block.Config) {
		return
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "unknown directive",
		Subject:  diag.Label{Span: x.Tree().NameSpan(x.ID)},
		Notes:    []string{`nginx says: unknown directive "` + name + `"`},
		Remedy:   "correct the name, or load the module that brings it",
	}
	if x.Standing == catalog.OtherVersion {
		version := x.Block.Config.Version
		switch {
		case !x.Entry.Removed.IsZero() && (version.IsZero() || x.Entry.Removed.Compare(version) <= 0):
			f.Subject.Text = fmt.Sprintf("no longer there since nginx %s", x.Entry.Removed)
		default:
			f.Subject.Text = fmt.Sprintf("there since nginx %s; this is %s", x.Entry.Since, version)
		}
		if x.Entry.Use != "" {
			f.Remedy = x.Entry.Use
		}
		p.Report(x.Ref, x.Ref, f)
		return
	}
	if strings.HasPrefix(name, mark) && f.Subject.Span.Start == 0 {
		at := source.Span{File: f.Subject.Span.File, End: len(mark)}
		f.Subject.Text = "a byte order mark stands before it, which nginx takes for a part of the name"
		f.Remedy = "save the file without a byte order mark"
		f.Fixes = []diag.Fix{{Title: "take the byte order mark away", Safety: diag.Safe, Edits: []diag.Edit{{Span: at}}}}
		p.Report(x.Ref, x.Ref, f)
		return
	}
	f.Subject.Text = "neither nginx nor a known module has a directive of this name"
	if first, rest := withoutBlank(x); rest != "" {
		f.Subject.Text = "a blank is missing behind " + first
		f.Remedy = fmt.Sprintf("write %s %s", first, rest)
	} else if meant := nearestDirective(p.Work, name, x.Block.Context); meant != "" {
		f.Subject.Text = fmt.Sprintf("did you mean %q?", meant)
		f.Fixes = []diag.Fix{{Title: "write " + meant, Safety: diag.Manual}}
	}
	p.Report(x.Ref, x.Ref, f)
}

// mark is the byte order mark.
const mark = "\ufeff"

// filledIn reports whether a program may put something else in place of the name. A
// condition right behind "if" is none: nginx refuses that, whatever it holds.
func filledIn(x *analyzer.Directive) bool {
	name := x.Name()
	return nginx.Opaque(name) || nginx.FilledIn(name, x.NArgs() == 0) && !strings.HasPrefix(name, "if(")
}

// withoutBlank cuts a word that begins with the name of a directive that may stand
// there, and goes on with what is to be its first argument: "if($x", "location/".
// rest is "" where it does not.
func withoutBlank(x *analyzer.Directive) (first, rest string) {
	name := x.Name()
	i := strings.IndexAny(name, "(/=~\"'")
	if i <= 0 {
		return "", ""
	}
	d, standing := catalog.Find(name[:i], x.Block.Context, x.Block.Config.Version)
	if standing != catalog.Fits || d.Block != x.Tree().IsBlock(x.ID) {
		return "", ""
	}
	return name[:i], name[i:]
}

// nearestCost is the work of comparing a word with all that are known.
const nearestCost = 2000

// nearestDirective is the name that was probably meant: of nginx's own directives
// of the context, else of any that may stand there.
func nearestDirective(w *nginx.Work, name string, in catalog.Context) string {
	if !w.Take(nearestCost) {
		return ""
	}
	names := func(own bool) iter.Seq[string] {
		return func(yield func(string) bool) {
			for d := range catalog.All() {
				if d.Contexts&in != 0 && (d.Section == catalog.Core) == own && !yield(d.Name) {
					return
				}
			}
		}
	}
	if near := spelling.Nearest(strings.ToLower(name), names(true)); near != "" {
		return near
	}
	return spelling.Nearest(strings.ToLower(name), names(false))
}

// loadsUnknown reports whether a configuration loads a module whose directives are not known here.
func loadsUnknown(c *nginx.Config) bool {
	for _, load := range c.Top.Own("load_module") {
		if !catalog.KnownModule(load.Arg(0)) {
			return true
		}
	}
	return false
}
