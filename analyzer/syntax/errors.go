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
	// Before says what nginx does in place of printing Message, where it stops at what
	// the mistake makes of a directive, before it notices; "" where it prints Message.
	Before string
	// Limit is set where our own limit (nesting) was reached, not the server's.
	Limit bool
	// Fix is what mends it where there is one way only; no edits otherwise.
	FixTitle string
	FixAt    source.Span
	FixText  string
}
