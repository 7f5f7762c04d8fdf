package grammar

// custom are the directives that check their arguments by code of their own.
var custom = map[string]func(use) *Fault{}
