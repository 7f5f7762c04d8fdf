package rules

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
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
		case single && !own(param.Key()):
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

// droppedBy are the parameters further out that those of an inner block keep from being in force.
func droppedBy(params nginx.Params) nginx.Params {
	if params.In == nil || params.In.Parent == nil {
		return nginx.Params{}
	}
	return params.In.Parent.FastCGIParams()
}

// mostRepeated is how many parameters a fix repeats.
const mostRepeated = 200

// completeParams repeats what was dropped before a block's own parameters, and
// adds what is still missing then.
func completeParams(w *nginx.Work, t *stack.Target, params, dropped nginx.Params) diag.Fix {
	if len(dropped.All) > mostRepeated {
		return diag.Fix{Title: "repeat the parameters of " + blockName(dropped.In), Safety: diag.Manual}
	}
	set := func(name string) bool { return params.Has(name) || dropped.Has(name) }
	var lines []string
	if !set("REQUEST_METHOD") {
		for _, line := range t.Config.UsualParams() {
			if name := strings.Fields(line)[1]; !set(name) {
				lines = append(lines, line)
			}
		}
	}
	repeated := repeat(dropped, params.Has)
	lines = append(lines, repeated...)
	here := params.In == nil || params.In == t.Block.Enclosing(catalog.Location)
	_, alias := t.Block.Root()
	own, isOwn := params.Script()
	lost, isLost := dropped.Script()
	switch {
	case set("SCRIPT_FILENAME") || set("PATH_TRANSLATED"):
		if here && !isOwn && isLost && doubled(w, t.Block, lost) {
			lines = append(lines, "fastcgi_param "+lost.Key()+" $request_filename;")
		}
	case here && alias:
		lines = append(lines, "fastcgi_param SCRIPT_FILENAME $request_filename;")
	default:
		lines = append(lines, "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;")
	}
	fix := diag.Fix{Title: "add " + strings.Join(lines, " "), Safety: diag.Safe}
	switch {
	case len(repeated) > 0:
		fix.Title = "repeat the parameters of " + blockName(dropped.In)
	case len(lines) > 2:
		fix.Title = "set the usual parameters"
	}
	if slices.ContainsFunc(lines, nginx.Opaque) {
		fix.Safety = diag.Manual
		return fix
	}
	for _, line := range lines {
		if params.In == nil {
			fix.Edits = append(fix.Edits, addToLocation(t, line))
		} else {
			fix.Edits = append(fix.Edits, addBefore(params.In, params.All[0].Ref, line))
		}
	}
	if here && isOwn && doubled(w, t.Block, own) {
		fix.Edits = append(fix.Edits, sendFilename(t, params, own).Edits...)
	}
	return fix
}
