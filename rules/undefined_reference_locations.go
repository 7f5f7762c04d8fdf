package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/spelling"
)

// undefinedLocations looks for the named locations of a server that its
// try_files and error_page lead to and that it does not have.
func undefinedLocations(p *analyzer.Pass, server *nginx.Block) {
	if server.Missing {
		return
	}
	names := map[string]bool{}
	var order []string
	for _, l := range server.Children {
		modifier, text := l.Location()
		switch {
		case l.Context != catalog.Location:
		case nginx.Opaque(text):
			return
		case modifier == "@":
			if !names["@"+text] {
				names["@"+text] = true
				order = append(order, "@"+text)
			}
		}
	}
	reported := map[nginx.Ref]bool{}
	check := func(r nginx.Ref, what string) {
		last := r.NArgs() - 1
		name := r.Arg(last)
		if !strings.HasPrefix(name, "@") || strings.Contains(name, "$") || names[name] || reported[r] || r.Place.StandIn {
			return
		}
		reported[r] = true
		f := diag.Finding{
			Severity: diag.Error,
			Summary:  "a named location that the server does not have",
			Subject:  label(r.ArgSpan(last), "no location %s", name),
			Related:  []diag.Label{label(server.Head(), "the server")},
			Notes:    []string{what, fmt.Sprintf("error.log: could not find named location %q", name)},
			Remedy:   "correct the name, or add the location to the server",
		}
		if !p.Work.Take(10 * len(order)) {
			order = nil
		}
		if meant := spelling.Nearest(name, slices.Values(order)); meant != "" {
			f.Subject.Text += fmt.Sprintf("; did you mean %q?", meant)
			f.Fixes = []diag.Fix{{Title: "write " + meant, Safety: diag.Manual}}
		}
		p.Report(r, r, f)
	}
	(&leads{check: check, codes: map[*nginx.Block]map[string][]nginx.Ref{}, told: map[leadKey]bool{}}).in(server)
}

// leads finds the directives by which requests come to other locations.
type leads struct {
	check func(r nginx.Ref, what string)
	// codes are the error_page directives of a block by the codes that they are for.
	codes map[*nginx.Block]map[string][]nginx.Ref
	// told are those that were checked: of a block for a code, or all of them.
	told map[leadKey]bool
}

type leadKey struct {
	block *nginx.Block
	code  string
}

// in calls check for those of a block and of what is in it.
func (l *leads) in(b *nginx.Block) {
	for _, child := range b.Children {
		if child.Context&(catalog.Location|catalog.IfInLocation) != 0 {
			l.in(child)
		}
	}
	modifier := ""
	if b.Context == catalog.Location {
		modifier, _ = b.Location()
	}
	returns, tries := b.Own("return"), b.Own("try_files")
	if b.Context == catalog.Server && slices.ContainsFunc(b.Children, isCatchAll) {
		return // its locations have the requests
	}
	if len(returns) == 0 && len(tries) == 1 {
		l.check(tries[0], "a request for which none of the files exists ends with 500")
	}
	if modifier == "@" || b.Has("internal") {
		return // the pages of an error that came up elsewhere are not for further ones
	}
	pages, in, known := b.List("error_page")
	if !known || len(pages) == 0 {
		return
	}
	if len(returns) == 0 {
		l.pages(in, "", pages)
		return
	}
	if l.codes[in] == nil {
		l.codes[in] = map[string][]nginx.Ref{}
		for _, page := range pages {
			for _, code := range page.Args()[:max(page.NArgs()-1, 0)] {
				l.codes[in][code] = append(l.codes[in][code], page)
			}
		}
	}
	for _, r := range returns {
		l.pages(in, r.Arg(0), l.codes[in][r.Arg(0)])
	}
}

// pages checks the error_page directives of a block for a code, once.
func (l *leads) pages(in *nginx.Block, code string, pages []nginx.Ref) {
	if key := (leadKey{in, code}); !l.told[key] {
		l.told[key] = true
		for _, page := range pages {
			l.check(page, fmt.Sprintf("a request that fails with %s ends with 500", page.Arg(0)))
		}
	}
}

// isCatchAll reports whether a block is the location that takes all requests that no other takes.
func isCatchAll(b *nginx.Block) bool {
	if b.Context != catalog.Location {
		return false
	}
	modifier, text := b.Location()
	return (modifier == "" || modifier == "^~") && text == "/"
}
