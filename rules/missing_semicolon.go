package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

var missingSemicolon = analyzer.Rule{
	ID:            "missing-semicolon",
	RefusedPartly: []diag.Program{diag.Nginx},
	Severities:    []diag.Severity{diag.Error},
	Safeties:      []diag.Safety{diag.Safe},
	OnDirective:   swallowsNext,
	NoProof:       judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "a missing `;`, so that the next line becomes arguments",
		What: "Inside the arguments of a directive a line begins with the name of a directive that may stand there; what comes before it is a whole directive, and so is the rest. " +
			"nginx makes one directive of the two.",
		Why: "Mostly nginx does not start (`[emerg] invalid number of arguments in \"X\" directive`, `directive \"X\" is not terminated by \";\"`). " +
			"Where the first takes any number of arguments, as `server_name` and `index` do, nginx starts, and the second directive is not in force.",
		Gaps:      "A `;` that is missing before `}` or at the end of the file is a `syntax` finding. Silent where either part would not be a whole directive, and where the first is not known.",
		Remedy:    "End the directive with `;`.",
		FixSafety: "Safe: the line after it is a directive, and cannot have been meant as an argument.",
		Refs:      []string{"https://nginx.org/en/docs/beginners_guide.html#conf_structure"},
		Since:     "0.2.0",
	},
}

func swallowsNext(p *analyzer.Pass, x *analyzer.Directive) {
	if x.Standing != catalog.Fits {
		return
	}
	i := nginx.Swallowed(x.Tree(), x.ID, x.Entry, x.Block.Context, x.Block.Config.Version)
	if i < 0 {
		return
	}
	last := x.Tree().NameSpan(x.ID)
	if i > 0 {
		last = x.ArgSpan(i - 1)
	}
	p.Report(x.Ref, x.Ref, swallowed(x, last, x.ArgSpan(i)))
}

func swallowed(x *analyzer.Directive, last, next source.Span) diag.Finding {
	name := x.Name()
	after := source.Span{File: last.File, Start: last.End, End: last.End}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "a missing ;",
		Subject:  label(last, "the directive goes on in the next line"),
		Related:  []diag.Label{label(next, "nginx takes this for an argument of %s", name)},
		Remedy:   "end the directive with ;",
		Fixes:    []diag.Fix{{Title: "insert the missing ;", Safety: diag.Safe, Edits: []diag.Edit{{Span: after, NewText: ";"}}}},
	}
	switch {
	case x.Tree().IsBlock(x.ID):
		f.RefusedBy = diag.Nginx
		f.Notes = []string{fmt.Sprintf("nginx says: directive %q is not terminated by %q", name, ";")}
	case !x.Entry.ArgsAt(x.Block.Config.Version).Accepts(x.NArgs()):
		f.RefusedBy = diag.Nginx
		f.Notes = []string{fmt.Sprintf("nginx says: invalid number of arguments in %q directive", name)}
	default:
		f.Notes = []string{fmt.Sprintf("nginx starts, and %s is not in force", next.Text())}
		if fault := x.Fault(); fault != nil {
			f.RefusedBy = diag.Nginx
			f.Notes = []string{"nginx says: " + fault.Message}
		}
		if name == "access_log" && x.NArgs() > 1 && x.ArgSpan(1) == next {
			f.RefusedBy = diag.Nginx
			f.Notes = []string{fmt.Sprintf("nginx says: unknown log format %q", next.Text())}
		}
	}
	return f
}
