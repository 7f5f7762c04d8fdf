package rules

import (
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

// addToLocation adds a line to the location of a target: behind its pass (of several
// the first, so that one line does for all), or at the location's start where that stands in an `if` or a `limit_except`,
// which most directives may not.
func addToLocation(t *stack.Target, line string) diag.Edit {
	location := t.Block.Enclosing(catalog.Location)
	after := syntax.None
	if t.Block == location {
		after = ownDirective(location, location.Own(t.Pass.Name())[0])
	}
	return location.Place.Tree.InsertInto(location.ID, after, line)
}
