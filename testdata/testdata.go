// Package testdata holds the cases that the rules are tested with. Those named
// bad.txtar and good.txtar are also the examples that `explain` shows.
package testdata

import "embed"

//go:embed rules/*/bad.txtar rules/*/good.txtar
var examples embed.FS

// Example is a rule's case of that name, "bad.txtar" or "good.txtar".
func Example(rule, name string) (string, bool) {
	text, err := examples.ReadFile("rules/" + rule + "/" + name)
	return string(text), err == nil
}
