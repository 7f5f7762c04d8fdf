package rules

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
)

var directiveArguments = analyzer.Rule{
	ID:          "directive-arguments",
	Severities:  []diag.Severity{diag.Error},
	Refused:     diag.Nginx,
	YieldsTo:    []string{"missing-semicolon"},
	OnDirective: arguments,
	NoProof:     judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "too few or too many arguments, or a `;` where a block has to begin",
		What:    "A directive has a number of arguments that nginx does not take, ends in `;` though it opens a block, or opens a block though it has none. The documented syntax is shown.",
		Why:     "nginx does not start: `[emerg] invalid number of arguments in \"X\" directive`, `directive \"X\" has no opening \"{\"`, `directive \"X\" is not terminated by \";\"`.",
		Gaps:    "Silent for directives of modules whose arguments are not known, for numbers that only some of the supported versions take where the version is not known, for arguments that a template fills in, and behind the first syntax error of a file.",
		Remedy:  "Write the directive as its syntax says.",
		Refs:    []string{"https://nginx.org/en/docs/dirindex.html"},
		Since:   "0.2.0",
	},
}

func arguments(p *analyzer.Pass, x *analyzer.Directive) {
	name, tree := x.Name(), x.Tree()
	if x.Standing != catalog.Fits || x.Entry.Section == catalog.Documented || templated(x.Ref) {
		return
	}
	args := x.Entry.ArgsAt(x.Block.Config.Version)
	if x.Entry.Block == tree.IsBlock(x.ID) && args.Accepts(x.NArgs()) {
		return
	}
	f := diag.Finding{
		Severity: diag.Error,
		Subject:  diag.Label{Span: tree.HeadSpan(x.ID), Text: documented(x.Entry)},
		Remedy:   "write it as its syntax says",
	}
	switch {
	case !x.Entry.Block && tree.IsBlock(x.ID):
		f.Summary = "a block where the directive has none"
		f.Notes = []string{fmt.Sprintf("nginx says: directive %q is not terminated by %q", name, ";")}
	case x.Entry.Block && !tree.IsBlock(x.ID):
		f.Summary, f.Remedy = "the block of the directive is missing", "put the directives that belong to it in { and }"
		f.Notes = []string{fmt.Sprintf("nginx says: directive %q has no opening %q", name, "{")}
	default:
		f.Summary = "a wrong number of arguments"
		f.Notes = []string{fmt.Sprintf("nginx says: invalid number of arguments in %q directive", name)}
		f.Subject.Text = fmt.Sprintf("takes %s; %s", countArguments(args), documented(x.Entry))
		f.Subject.Text = strings.TrimSuffix(f.Subject.Text, "; ")
	}
	if f.Subject.Text == "" {
		f.Subject.Text = "it opens a block"
		if !x.Entry.Block {
			f.Subject.Text = "it ends in ;"
		}
	}
	p.Report(x.Ref, x.Ref, f)
}

func countArguments(a catalog.ArgSpec) string {
	if s := a.String(); s != "1" {
		return s + " arguments"
	}
	return "1 argument"
}

// documented is how the documentation writes a directive; "" where there is none.
func documented(d *catalog.Directive) string {
	forms := make([]string, 0, len(d.Syntax))
	for _, s := range d.Syntax {
		end := ";"
		switch {
		case strings.HasSuffix(s, "}"):
			end = ""
		case d.Block:
			end = " { ... }"
		}
		forms = append(forms, "`"+strings.TrimSpace(d.Name+" "+s)+end+"`")
	}
	if len(forms) == 0 {
		return ""
	}
	return "its syntax is " + strings.Join(forms, " or ")
}

// templated reports whether a program fills in a part of the directive.
func templated(r nginx.Ref) bool {
	if nginx.Opaque(r.Name()) {
		return true
	}
	for i := range r.NArgs() {
		if nginx.Opaque(r.Arg(i)) {
			return true
		}
	}
	return false
}
