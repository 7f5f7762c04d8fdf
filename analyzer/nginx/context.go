package nginx

import (
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/syntax"
)

// candidates are the contexts that a lone file may stand in, the likeliest first.
var candidates = [...]catalog.Context{
	catalog.HTTP, catalog.Server, catalog.Location, catalog.Main, catalog.Stream, catalog.StreamServer,
	catalog.Upstream, catalog.StreamUpstream, catalog.Events, catalog.Mail, catalog.MailServer,
}

// InferContext tells from its content which block a file that nobody includes
// stands in: the context that forbids the fewest of its directives.
func InferContext(t *syntax.Tree) catalog.Context {
	best, fewest := candidates[0], -1
	for _, context := range candidates {
		if n := misfits(t, syntax.Root, context); fewest < 0 || n < fewest {
			best, fewest = context, n
		}
	}
	return best
}

func misfits(t *syntax.Tree, block syntax.ID, context catalog.Context) int {
	n := 0
	for d := range t.Children(block) {
		name := t.Name(d)
		if name == "include" || t.IsRow(d) || !catalog.Known(name) {
			continue
		}
		entry, ok := catalog.Lookup(name, context)
		if !ok || entry.Block != t.IsBlock(d) {
			n++
			continue
		}
		if inner, ok := catalog.Opens(name, context); ok && t.IsBlock(d) {
			n += misfits(t, d, inner)
		}
	}
	return n
}

// IsMain reports whether a file is a main file: one with blocks that stand in no other.
func IsMain(t *syntax.Tree) bool {
	for d := range t.Children(syntax.Root) {
		if t.IsBlock(d) {
			switch t.Name(d) {
			case "http", "events", "stream", "mail":
				return true
			}
		}
	}
	return false
}

// Familiar counts the directives of a file, without entries of maps, and those
// that some nginx or known module has by that name and form. An include says
// little, as other programs have it too: it counts only where there is nothing else.
func Familiar(t *syntax.Tree) (known, all int) {
	includes := 0
	for d := syntax.Root + 1; int(d) < t.Len(); d++ {
		switch {
		case t.IsRow(d):
		case t.Name(d) == "include" && !t.IsBlock(d):
			includes++
		default:
			all++
			if familiar(t, d) {
				known++
			}
		}
	}
	if all == 0 {
		return includes, includes
	}
	return known, all
}

// familiar reports whether a directive may be nginx's: with a block where the
// name has one, and not an assignment as in `user = root`.
func familiar(t *syntax.Tree, d syntax.ID) bool {
	if t.Arg(d, 0) == "=" && t.Name(d) != "location" {
		return false
	}
	for entry := range catalog.Named(t.Name(d)) {
		if entry.Block == t.IsBlock(d) {
			return true
		}
	}
	return false
}
