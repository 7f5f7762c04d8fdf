// Package syntax reads nginx and PHP-FPM configuration exactly as the servers do:
// byte for byte, losing nothing, and going on after errors.
package syntax

import "nginx-lint/analyzer/source"

// An Error is what a server's reader refuses, told at the place of the mistake.
type Error struct {
	// At is the place of the mistake: the quote that was never closed, the block that was never ended.
	At source.Span
	// GaveUp is where the server notices.
	GaveUp source.Span
	// Line is the line that the server prints, from 1; 0 where it prints none.
	Line int
	// Message is the server's own text, without level, file and line.
	Message string
	// Summary says in a few lower-case words what is wrong at At.
	Summary string
	// Hint says what to do; may be empty.
	Hint string
	// First is set for the one error that the server itself would report: it stops
	// there. The others were found by reading on.
	First bool
	// InRegex is set for a brace that belongs to a regular expression: what nginx says
	// is about a piece of it, and depends on the directive.
	InRegex bool
	// Limit is set where our own limit (nesting) was reached, not the server's.
	Limit bool
	// Fix is what mends it where there is one way only; no edits otherwise.
	FixTitle string
	FixAt    source.Span
	FixText  string
}
