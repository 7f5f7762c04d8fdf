package nginx

import (
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/syntax"
)

// Swallowed is the index of the argument of directive d that is meant as the next
// directive, for want of a `;`: it begins a line with the name of one that may
// stand in the context, and what is before it is a whole directive, as is the
// rest. It is -1 where there is none. entry is what the directive itself is.
func Swallowed(t *syntax.Tree, d syntax.ID, entry *catalog.Directive, in catalog.Context, v catalog.Version) int {
	if !entry.ArgsAt(v).Known() || entry.Block {
		return -1 // a list of names may go on over lines
	}
	last := t.NameSpan(d)
	for i := range t.NArgs(d) {
		arg := t.ArgSpan(d, i)
		newLine := strings.Contains(last.File.Text[last.End:arg.Start], "\n")
		last = arg
		if !newLine || !entry.ArgsAt(v).Accepts(i) || t.Quoted(d, i) {
			continue
		}
		next, standing := catalog.Find(t.Arg(d, i), in, v)
		if standing == catalog.Fits && next.Section == catalog.Core && next.Block == t.IsBlock(d) && next.ArgsAt(v).Accepts(t.NArgs(d)-i-1) {
			return i
		}
	}
	return -1
}

// swallows reports whether a directive has taken up the next one.
func (b *Block) swallows(t *syntax.Tree, d syntax.ID) bool {
	if !t.OnLines(d) || b.Context == 0 || b.Context&catalog.Rows != 0 {
		return false
	}
	entry, standing := catalog.Find(t.Name(d), b.Context, b.Config.Version)
	return standing == catalog.Fits && Swallowed(t, d, entry, b.Context, b.Config.Version) >= 0
}

// Took is the directive of a block that has taken up one of a name, for want of a
// `;`; zero where none has, or where something else of the block is not known.
func (b *Block) Took(name string) Ref {
	if !b.swallowed {
		return Ref{}
	}
	for r := range b.All() {
		if r.IndexArg(name, 0) >= 0 && b.swallows(r.Tree(), r.ID) {
			return r
		}
	}
	return Ref{}
}
