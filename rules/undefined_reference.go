package rules

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/spelling"
)

var undefinedReference = analyzer.Rule{
	ID:            "undefined-reference",
	RefusedPartly: []diag.Program{diag.Nginx},
	Severities:    []diag.Severity{diag.Error},
	Safeties:      []diag.Safety{diag.Manual},
	OnConfig:      undefinedNames,
	YieldsTo:      []string{"missing-semicolon"},
	Doc: analyzer.Doc{
		Summary: "a name that is used and defined nowhere",
		What: "A variable that neither nginx nor a directive of the configuration defines, in an argument in which nginx looks for variables; a log format that is not defined before its use; " +
			"a zone of `limit_req`, `limit_conn`, a cache or an `upstream` that no directive gives a size, or that is one of another kind; a thread pool; a named location (`error_page`, `try_files`) that the server does not have. " +
			"All uses of one name are one finding.",
		Why: "nginx does not start: `[emerg] unknown \"x\" variable`, `unknown log format \"x\"`, `zero size shared memory zone \"x\"`, `\"proxy_cache\" zone \"x\" is unknown`, `unknown thread pool \"x\"`; of variables and most zones it does not say where. " +
			"A named location it looks for only when it is needed: `nginx -t` accepts the configuration, and the request ends with 500, in error.log `could not find named location \"@x\"`.",
		Gaps: "Silent where an include could not be read that might hold the definition, in a file that no main file includes, where a file of the configuration is a template or has a syntax error, and for variables where a directive or a loaded module is not known. " +
			"A variable that some version of nginx or a packaged module has counts as defined, so does one in upper case, which a program such as envsubst may fill in. The name of an upstream may be a host name and is not looked at.",
		Remedy:    "Correct the name, or define it: a log format above its use, a zone in `http`, a named location in the same server.",
		FixSafety: "Manual: a name that is near is likely to be the one that was meant, but only you know.",
		Refs: []string{
			"https://nginx.org/en/docs/varindex.html", "https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format",
			"https://nginx.org/en/docs/http/ngx_http_core_module.html#location",
		},
		Since: "0.2.0",
	},
}

func undefinedNames(p *analyzer.Pass, c *nginx.Config) {
	if c.Fragment || !p.Whole(c) {
		return
	}
	for _, u := range c.Undefined() {
		if !slices.ContainsFunc(u.Uses, func(use nginx.Mention) bool { return use.Place.StandIn }) {
			undefinedName(p, u)
		}
	}
	for s := range c.Blocks(catalog.Server) {
		undefinedLocations(p, s)
	}
}

// maxUses bounds how many further places of one name are shown.
const maxUses = 3

func undefinedName(p *analyzer.Pass, u nginx.Undefined) {
	use := u.Uses[0]
	f := diag.Finding{
		Severity:  diag.Error,
		Subject:   diag.Label{Span: use.Head()},
		Notes:     []string{"nginx says: " + u.Message()},
		RefusedBy: diag.Nginx,
	}
	if use.Arg >= 0 {
		f.Subject.Span = use.ArgSpan(use.Arg)
	}
	known := slices.Values(u.Known)
	switch u.Kind.Thing {
	case nginx.Variable:
		f.Summary, f.Remedy = "a variable that is defined nowhere", "correct the name, or define the variable with set or map"
		f.Subject.Text = "nothing defines $" + use.Written
		known = both(known, catalog.VariableNames(u.Kind.In))
	case nginx.LogFormat:
		f.Summary, f.Remedy = "an unknown log format", "correct the name, or define it with log_format above its use"
		f.Subject.Text = fmt.Sprintf("no log_format of the name %s stands before this", use.Written)
		if use.Block.Context&catalog.AnyHTTP != 0 {
			known = both(known, slices.Values([]string{"combined"})) // nginx's own
		}
		if name, _, parameter := strings.Cut(use.Written, "="); parameter {
			f.Remedy = fmt.Sprintf("write the name of a format before %s=", name)
		}
		if !u.Late.IsZero() {
			f.Related, f.Remedy = []diag.Label{label(u.Late.Head(), "defined here, too late")}, "move the log_format up"
		}
	case nginx.Zone:
		f.Summary, f.Remedy = "a zone that is defined nowhere", "correct the name, or define the zone with "+u.Kind.Definer
		f.Subject.Text = fmt.Sprintf("no %s defines a zone of the name %s", u.Kind.Definer, use.Written)
		if u.Kind.Definer == "zone" {
			f.Subject.Text, f.Remedy = fmt.Sprintf("no upstream gives the zone %s a size", use.Written), "give the zone a size"
		}
		if !u.Other.IsZero() {
			f.Related = []diag.Label{label(u.Other.Head(), "a zone of %s", u.Other.Kind.Definer)}
		}
	case nginx.ThreadPool:
		f.Summary, f.Remedy = "an unknown thread pool", "correct the name, or define it with thread_pool"
		f.Subject.Text = "no thread_pool has the name " + use.Written
	}
	if !p.Work.Take(nearestCost + 10*len(u.Known)) {
		known = func(func(string) bool) {}
	}
	if meant := spelling.Nearest(use.Written, known); meant != "" && u.Late.IsZero() {
		f.Subject.Text += fmt.Sprintf("; did you mean %q?", meant)
		f.Fixes = []diag.Fix{{Title: "write " + meant, Safety: diag.Manual}}
	}
	var causes analyzer.Causes
	for i, other := range u.Uses {
		causes = append(causes, other.Ref)
		if i > 0 && i <= maxUses && other.Ref != u.Uses[i-1].Ref {
			f.Related = append(f.Related, label(other.Head(), "used here as well"))
		}
	}
	if n := len(u.Uses); n > 1+maxUses {
		f.Notes = append(f.Notes, fmt.Sprintf("used %d times in all", n))
	}
	p.Report(use.Ref, causes, f)
}

// both gives what the first gives, then what the second does.
func both(first, second iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		for s := range first {
			if !yield(s) {
				return
			}
		}
		second(yield)
	}
}
