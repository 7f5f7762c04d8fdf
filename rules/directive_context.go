package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
)

var directiveContext = analyzer.Rule{
	ID:          "directive-context",
	Severities:  []diag.Severity{diag.Error},
	Refused:     diag.Nginx,
	OnDirective: misplaced,
	NoProof:     judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "a directive in a block where it may not stand",
		What:    "A directive that nginx knows stands in a block that it is not made for: `proxy_pass` in `server`, `listen` in `http`, `server` in `server`. The blocks in which it may stand are named.",
		Why:     "nginx does not start: `[emerg] \"X\" directive is not allowed here`.",
		Gaps:    "Silent at the top of a file that nobody includes, which may be meant for another block, inside blocks of modules that are not known, for directives of commercial builds, and behind the first syntax error of a file.",
		Remedy:  "Move the directive to a block where it may stand.",
		Refs:    []string{"https://nginx.org/en/docs/dirindex.html"},
		Since:   "0.2.0",
	},
}

func misplaced(p *analyzer.Pass, x *analyzer.Directive) {
	if x.Standing != catalog.Elsewhere {
		return
	}
	name := x.Name()
	var allowed, documented catalog.Context
	if x.Entry.Section != catalog.Documented {
		allowed = x.Entry.Contexts
	}
	for d := range catalog.Named(name) {
		switch {
		case d.Section == catalog.Documented:
			documented |= d.Contexts
		case d.ExistsIn(x.Block.Config.Version):
			allowed |= d.Contexts
		}
	}
	if documented&^allowed != 0 {
		return // a commercial build allows more than is written down
	}
	p.Report(x.Ref, x.Ref, diag.Finding{
		Severity: diag.Error,
		Summary:  "a directive where it may not stand",
		Subject:  label(x.Tree().NameSpan(x.ID), "not allowed in %s, but in: %s", x.Block.Context, allowed),
		Notes:    []string{fmt.Sprintf("nginx says: %q directive is not allowed here", name)},
		Remedy:   "move it to a block where it may stand",
	})
}
