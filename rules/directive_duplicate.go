package rules

import (
	"fmt"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
)

var directiveDuplicate = analyzer.Rule{
	ID:         "directive-duplicate",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Unsafe},
	Refused:    diag.Nginx,
	OnBlock:    repeated,
	In:         catalog.Any,
	NoProof:    judgedByNginx,
	Doc: analyzer.Doc{
		Summary:   "a directive that stands twice in a block and may not",
		What:      "A directive of which nginx takes one per block stands in a block a second time, in the same file or in one that is included there. Both places are shown.",
		Why:       "nginx does not start: `[emerg] \"X\" directive is duplicate`. It is the second one that is told, also where an included snippet brought the first.",
		Gaps:      "Silent for directives that add to each other or of which the last one wins, for files that a program fills in (only one of the two may be left), for stand-ins of stock files, and behind the first syntax error of a file.",
		Remedy:    "Keep one of the two.",
		FixSafety: "Unsafe: the second one is dropped; which of the two was meant is not known.",
		Refs:      []string{"https://nginx.org/en/docs/dirindex.html"},
		Since:     "0.2.0",
	},
}

// onceOnly are the directives of which some block takes one.
var onceOnly = sync.OnceValue(func() *nginx.NameSet {
	return namesOf(func(d *catalog.Directive) bool { return d.Dup == catalog.DupError })
})

func repeated(p *analyzer.Pass, b *nginx.Block) {
	if !b.MayRepeat(onceOnly()) {
		return
	}
	first := map[string]nginx.Ref{}
	for r := range b.OwnOf(onceOnly()) {
		name := r.Name()
		earlier, again := first[name]
		if !again {
			first[name] = r
			continue
		}
		entry, standing := catalog.Find(name, b.Context, b.Config.Version)
		if standing != catalog.Fits || entry.Dup != catalog.DupError || !p.Certain(earlier) || !p.Certain(r) {
			continue
		}
		f := diag.Finding{
			Severity: diag.Error,
			Summary:  "a directive stands twice",
			Subject:  label(r.Tree().NameSpan(r.ID), "the second %s of this %s", name, b.Context),
			Related:  []diag.Label{label(earlier.Head(), "the first one")},
			Notes:    []string{fmt.Sprintf("nginx says: %q directive is duplicate", name)},
			Remedy:   "keep one of the two",
		}
		if !r.Tree().IsBlock(r.ID) {
			f.Fixes = []diag.Fix{{
				Title:  "drop the second " + name,
				Safety: diag.Unsafe,
				Risk:   "the second may be the one that was meant",
				Edits:  []diag.Edit{r.Tree().Delete(r.ID)},
			}}
		}
		p.Report(r, r, f)
	}
}
