// Package diag describes what the linter has to say: findings, the places they
// point at, and the fixes they offer. It neither finds nor prints nor writes.
package diag

import (
	"fmt"

	"nginx-lint/analyzer/source"
)

// Severity grades a finding. The zero value is invalid on purpose.
type Severity uint8

// The severities, in rising order.
const (
	// Info: no effect, or worth knowing.
	Info Severity = iota + 1
	// Warning: fails, or loses data or security, under a condition that is likely.
	Warning
	// Error: every request concerned fails, a server does not start, or a value
	// means something else than what is written.
	Error
)

var severityNames = [...]string{"invalid", "info", "warning", "error"}

// String is the word used on the command line and in every output format.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return severityNames[0]
}

// ParseSeverity reads "info", "warning" or "error".
func ParseSeverity(s string) (Severity, error) {
	for i := Info; i <= Error; i++ {
		if severityNames[i] == s {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%q is no severity: use info, warning or error", s)
}

// Safety says who may apply a fix. The zero value is invalid on purpose.
type Safety uint8

// The levels of safety.
const (
	// Safe: changes only what fails or has no effect today, or writes down what is in force.
	Safe Safety = iota + 1
	// Unsafe: may change behaviour that works.
	Unsafe
	// Manual: shown, never applied.
	Manual
)

var safetyNames = [...]string{"invalid", "safe", "unsafe", "manual"}

// String is the word used in every output format.
func (s Safety) String() string {
	if int(s) < len(safetyNames) {
		return safetyNames[s]
	}
	return safetyNames[0]
}

// A Label is a place with what is to be said about it.
type Label struct {
	Span source.Span
	Text string
}

// An Edit replaces the bytes of a span. An empty span inserts.
type Edit struct {
	Span    source.Span
	NewText string
}

// A Fix is all or nothing, over as many files as it has edits in.
// A manual fix may have no edits: then its title says what to do.
type Fix struct {
	Title  string
	Safety Safety
	// Risk says what an unsafe fix may change; empty for safe ones.
	Risk  string
	Edits []Edit
}

// Program names the server whose own configuration test would refuse a file.
type Program string

// The programs that test configuration.
const (
	Nginx  Program = "nginx"
	PHPFPM Program = "php-fpm"
)

// A Finding is one true statement about a configuration.
type Finding struct {
	// Rule is the id of the rule that found it.
	Rule     string
	Severity Severity
	// Summary is short, lower case and the same for each finding of its kind.
	Summary string
	// Subject is the guilty place; its text has this finding's names and numbers.
	Subject Label
	// Context is the head of the block that the subject stands in, if any.
	Context source.Span
	// Related are the other places involved.
	Related []Label
	// Notes explain: where a value came from, what the user will see in a log.
	Notes []string
	// Remedy says what to do.
	Remedy string
	Fixes  []Fix
	// RefusedBy is set only where that program's own test would fail.
	RefusedBy Program
	// IncludeChain leads from the main file to the subject's file: the include directives passed.
	IncludeChain []source.Span
	// Fingerprint is the finding's own name, the same as long as the fault is: see Fingerprints.
	Fingerprint string
	// Places counts in how many places the same bytes are included (1 unless a snippet is shared).
	Places int
}
