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
	var names []string
	for _, l := range server.Children {
		modifier, text := l.Location()
		switch {
		case l.Context != catalog.Location:
		case nginx.Opaque(text):
			return
		case modifier == "@":
			names = append(names, "@"+text)
		}
	}
	reported := map[nginx.Ref]bool{}
	check := func(r nginx.Ref, what string) {
		last := r.NArgs() - 1
		name := r.Arg(last)
		if !strings.HasPrefix(name, "@") || strings.Contains(name, "$") || slices.Contains(names, name) || reported[r] || r.Place.StandIn {
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
		if meant := spelling.Nearest(name, slices.Values(names)); meant != "" {
			f.Subject.Text += fmt.Sprintf("; did you mean %q?", meant)
			f.Fixes = []diag.Fix{{Title: "write " + meant, Safety: diag.Manual}}
		}
		p.Report(r, r, f)
	}
	leads(server, check)
}

// leads calls check for the directives by which requests of a block and of what
// is in it come to other locations.
func leads(b *nginx.Block, check func(r nginx.Ref, what string)) {
	for _, child := range b.Children {
		if child.Context&(catalog.Location|catalog.IfInLocation) != 0 {
			leads(child, check)
		}
	}
	modifier := ""
	if b.Context == catalog.Location {
		modifier, _ = b.Location()
	}
	returns := b.Own("return")
	if b.Context == catalog.Server && slices.ContainsFunc(b.Children, isCatchAll) {
		return // its locations have the requests
	}
	if len(returns) == 0 && len(b.Own("try_files")) == 1 {
		check(b.Own("try_files")[0], "a request for which none of the files exists ends with 500")
	}
	if modifier == "@" || len(b.Own("internal")) > 0 {
		return // the pages of an error that came up elsewhere are not for further ones
	}
	pages, _, known := b.List("error_page")
	for _, page := range pages {
		codes := page.Args()[:max(page.NArgs()-1, 0)]
		if known && (len(returns) == 0 || slices.ContainsFunc(returns, func(r nginx.Ref) bool { return slices.Contains(codes, r.Arg(0)) })) {
			check(page, fmt.Sprintf("a request that fails with %s ends with 500", page.Arg(0)))
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
