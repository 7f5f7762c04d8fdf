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
// whose names some nginx or known module has.
func Familiar(t *syntax.Tree) (known, all int) {
	for d := syntax.Root + 1; int(d) < t.Len(); d++ {
		if t.IsRow(d) {
			continue
		}
		all++
		if catalog.Known(t.Name(d)) {
			known++
		}
	}
	return known, all
}
