package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/syntax"
)

var directiveContext = analyzer.Rule{
	ID:          "directive-context",
	Severities:  []diag.Severity{diag.Error},
	Refused:     diag.Nginx,
	OnDirective: misplaced,
	NoProof:     judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "a directive in a block where it may not stand",
		What:    "A directive that nginx knows stands in a block that it is not made for: `proxy_pass` in `server`, `listen` in `http`, `server` in `server`. The blocks in which it may stand are named. Of a file that is included in such a block only the first directive is reported.",
		Why:     "nginx does not start: `[emerg] \"X\" directive is not allowed here`.",
		Gaps:    "Silent at the top of a file that nobody includes, which may be meant for another block, inside blocks of modules that are not known, for directives of commercial builds, and behind the first syntax error of a file.",
		Remedy:  "Move the directive to a block where it may stand.",
		Refs:    []string{"https://nginx.org/en/docs/dirindex.html"},
		Since:   "0.2.0",
	},
}

func misplaced(p *analyzer.Pass, x *analyzer.Directive) {
	if x.Standing != catalog.Elsewhere || followsInclude(x) {
		return
	}
	allowed, certain := placesOf(x.Entry, x.Block.Config.Version)
	if !certain {
		return
	}
	p.Report(x.Ref, x.Ref, diag.Finding{
		Severity: diag.Error,
		Summary:  "a directive where it may not stand",
		Subject:  label(x.Tree().NameSpan(x.ID), "not allowed in %s, but in: %s", x.Block.Context, allowed),
		Notes:    []string{fmt.Sprintf("nginx says: %q directive is not allowed here", x.Name())},
		Remedy:   "move it to a block where it may stand",
	})
}

// placesOf are the blocks in which directives of a name may stand. They are not
// certain where a commercial build allows more than is written down.
func placesOf(entry *catalog.Directive, version catalog.Version) (allowed catalog.Context, certain bool) {
	var documented catalog.Context
	if entry.Section != catalog.Documented {
		allowed = entry.Contexts
	}
	for d := range catalog.Named(entry.Name) {
		switch {
		case d.Section == catalog.Documented:
			documented |= d.Contexts
		case d.ExistsIn(version):
			allowed |= d.Contexts
		}
	}
	return allowed, documented&^allowed == 0
}

// followsInclude reports whether the file of a directive is included where its first
// directive may not stand either: that is told of the first.
func followsInclude(x *analyzer.Directive) bool {
	tree, version := x.Tree(), x.Block.Config.Version
	first := tree.FirstChild(syntax.Root)
	if x.Place.Parent == nil || tree.Parent(x.ID) != syntax.Root || x.ID == first {
		return false
	}
	entry, standing := catalog.Find(tree.Name(first), x.Block.Context, version)
	if standing != catalog.Elsewhere {
		return false
	}
	_, certain := placesOf(entry, version)
	return certain
}
