// Package analyzer reads configuration, builds the model of the stack, runs
// rules over it and returns what they found. It knows no rule and no command line.
//
// Run does all of it. Read stops at the model, for callers that ask it themselves:
// the configurations of nginx and the masters of PHP-FPM with the values in force
// (packages nginx and fpm), and the hops between them (package stack). One file by
// itself, without what it includes, is read by package syntax.
package analyzer

import (
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// A Rule is one claim about configurations, with all that is to be said about it.
// Exactly one of the On functions is set; the driver calls it for each such thing.
// Rules are pure: they read the model and report.
type Rule struct {
	// ID is in kebab-case and never changes.
	ID string
	// Severities are those that the rule may use.
	Severities []diag.Severity
	// Safeties are those of the fixes that the rule may offer.
	Safeties []diag.Safety
	// Refused is set where all findings of the rule are refused by that program's own test.
	Refused diag.Program
	// RefusedPartly are the programs whose own test refuses some findings of the rule.
	RefusedPartly []diag.Program
	Doc           Doc
	// YieldsTo are the rules whose finding on the same cause makes this rule's superfluous.
	YieldsTo []string
	// Always is set for rules that cannot be switched off.
	Always bool
	// Off is set for rules that run only where they are asked for.
	Off bool
	// InfoOff is set for rules whose findings of severity info are given only where
	// the rule is asked for.
	InfoOff bool
	// Options are what can be set about the rule.
	Options []Option
	// NoProof says why the claim cannot be shown on real servers; empty where
	// testdata/rules/<id>/proof*.txtar show it.
	NoProof string

	OnHop func(*Pass, *stack.Hop)
	// OnGateway is called beside OnHop for what other programs than nginx pass on.
	OnGateway func(*Pass, *stack.Gateway)
	// OnBlock is called for the blocks of In.
	OnBlock func(*Pass, *nginx.Block)
	In      catalog.Context
	// OnDirective is called for each directive that nginx would look up, once for
	// each kind of block that its file is included in. The Directive is another one afterwards.
	OnDirective func(*Pass, *Directive)
	OnConfig    func(*Pass, *nginx.Config)
	OnPool      func(*Pass, *fpm.Pool)
	OnScope     func(*Pass, *stack.Scope)
	// Driver is set for rules whose findings come from reading itself
	// (syntax, read-limit, include-cycle, broken-link, ignore-comment): no On function then.
	Driver bool
}

// An Option is a number that users may set for a rule.
type Option struct {
	// Name is in kebab-case.
	Name string
	// Default is the value where none is set.
	Default float64
	// Min is the least value that makes sense.
	Min float64
	// Doc says in one line, without a full stop, what the number is.
	Doc string
}

// Doc is a rule's own text: the only source of `explain`, the documentation page and SARIF help.
type Doc struct {
	// Summary is one line, lower case, without a full stop.
	Summary string
	// What says what is looked at and when it is reported.
	What string
	// Why says what happens on the real servers, with the log line.
	Why string
	// Gaps says what the rule cannot see or keeps silent about.
	Gaps string
	// Remedy says what to do.
	Remedy string
	// FixSafety says which fixes are safe and why; empty where there is no fix.
	FixSafety string
	// Refs are pages that say so.
	Refs []string
	// Since is the first version with the rule.
	Since string
}
