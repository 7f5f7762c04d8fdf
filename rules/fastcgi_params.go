package rules

import (
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/syntax"
)

// repeat are the lines that set in an inner block, whose own parameters would
// keep them from being in force, what the parameters of an outer one set there:
// its includes, as far as they hold nothing else, and single ones without those
// of the names that the inner block sets itself.
func repeat(params nginx.Params, own func(name string) bool) []string {
	if params.In == nil {
		return nil
	}
	mixed := map[syntax.ID]bool{}
	for r := range params.In.All() {
		if r.Name() != "fastcgi_param" {
			mixed[ownDirective(params.In, r)] = true
		}
	}
	var lines []string
	last := syntax.None
	for _, param := range params.All {
		d := ownDirective(params.In, param.Ref)
		switch single := mixed[d] || d == param.ID && param.Place == params.In.Place; {
		case single && !own(param.Name):
			lines = append(lines, param.Head().Text()+";")
		case !single && d != last:
			lines = append(lines, params.In.Place.Tree.HeadSpan(d).Text()+";")
		}
		last = d
	}
	return lines
}

// addBefore adds a line to a block before one of its directives, or before the include that brings it.
func addBefore(b *nginx.Block, r nginx.Ref, line string) diag.Edit {
	before, after := ownDirective(b, r), syntax.None
	for d := range b.Place.Tree.Children(b.ID) {
		if d == before {
			break
		}
		after = d
	}
	return b.Place.Tree.InsertInto(b.ID, after, line)
}
