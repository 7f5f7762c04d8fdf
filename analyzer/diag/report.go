package diag

import "nginx-lint/analyzer/source"

// Reason says why something could not be resolved. The words are part of the JSON contract.
type Reason string

// The reasons.
const (
	Variable         Reason = "variable"
	Environment      Reason = "environment"
	Template         Reason = "template"
	MissingInclude   Reason = "missing-include"
	DNSName          Reason = "dns-name"
	OutsideRoot      Reason = "outside-root"
	UnknownVersion   Reason = "unknown-version"
	UnknownDirective Reason = "unknown-directive"
	LimitReached     Reason = "limit"
)

// An Unresolved place is one about which the linter is silent, because what it says is not known.
type Unresolved struct {
	Span   source.Span
	Reason Reason
	// What names it in a few words: `include "sites/*.conf"`, `fastcgi_pass $backend`.
	What string
}

// A ReadNote is a line of `-v`: a file that was read, and why.
type ReadNote struct {
	Path, Why string
}

// A Target is a line of `-v`: where a `*_pass` leads.
type Target struct {
	Span source.Span
	// What is the directive, Address the one of its addresses that this is about; "" where none is known.
	What, Address string
	// Leads says what listens there, which rules report it, or why that is not known.
	Leads string
	// Places counts the places that the directive is included in.
	Places int
}

// A Failure is something that should have been checked and could not be: exit code 3.
type Failure struct {
	Path string
	Err  error
}

// A Report is all that one run has to say, in its final order.
type Report struct {
	// Files are all files that were read, sorted by path.
	Files []*source.File
	// Findings are sorted by file, start, end, rule, label.
	Findings []Finding
	// Suppressed counts findings silenced by comments.
	Suppressed int
	// Parked counts the findings that were left out because a baseline has them.
	Parked int
	// Unresolved is sorted by span and reason.
	Unresolved []Unresolved
	Failures   []Failure
	// LimitReached is set where a rule of reading reported that a limit left something unread: exit code 3 as well.
	LimitReached bool
	Notes        []ReadNote
	// Accounts say of each target where it leads, sorted by span, where Options ask for it.
	Accounts []Target
	// Targets counts the `*_pass` targets met, of which UnresolvedTargets could not be resolved.
	Targets, UnresolvedTargets int
}
