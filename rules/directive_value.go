package rules

import (
	"fmt"
	"regexp"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/grammar"
)

var directiveValue = analyzer.Rule{
	ID:          "directive-value",
	Severities:  []diag.Severity{diag.Error},
	Safeties:    []diag.Safety{diag.Safe},
	Refused:     diag.Nginx,
	YieldsTo:    []string{"missing-semicolon"},
	OnDirective: value,
	NoProof:     judgedByNginx,
	Doc: analyzer.Doc{
		Summary:   "a value that nginx does not take",
		What:      "A size, time, number, switch, word or parameter that nginx cannot read: `64MB`, `30sec`, `yes`, `listen 80 default-server`. What the directive takes is said, and the value that was probably meant.",
		Why:       "nginx does not start: `[emerg] \"client_max_body_size\" directive invalid value`, `invalid value \"yes\" in \"gzip\" directive, it must be \"on\" or \"off\"`, `invalid parameter \"X\"`.",
		Gaps:      "Silent for values with variables or parts that a program fills in, for directives of modules packaged apart, for parameters that only some of the supported versions know where the version is not known, and behind the first syntax error of a file.",
		Remedy:    "Write a value that the directive takes.",
		FixSafety: "Safe where the value can be read in one way only (`64MB` as `64m`, `30sec` as `30s`, `yes` as `on`): nginx refuses the file as it is.",
		Refs:      []string{"https://nginx.org/en/docs/syntax.html"},
		Since:     "0.2.0",
	},
}

func value(p *analyzer.Pass, x *analyzer.Directive) {
	version := x.Block.Config.Version
	if x.Standing != catalog.Fits || !x.Entry.ArgsAt(version).Accepts(x.NArgs()) || x.Entry.Block != x.Tree().IsBlock(x.ID) || filledIn(x) {
		return
	}
	fault := grammar.Check(x.Entry, x.Args(), version)
	if fault == nil {
		return
	}
	span := x.Head()
	if fault.Arg >= 0 {
		span = x.ArgSpan(fault.Arg)
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "a value that nginx does not take",
		Subject:  diag.Label{Span: span, Text: fault.Hint},
		Notes:    []string{"nginx says: " + fault.Message},
		Remedy:   "write a value that the directive takes",
	}
	if f.Subject.Text == "" {
		f.Subject.Text = fault.Message
	} else {
		f.Subject.Text = fmt.Sprintf("%s takes %s", x.Name(), f.Subject.Text)
	}
	if fault.Better != "" {
		f.Fixes = []diag.Fix{{
			Title:  fmt.Sprintf("write %s %s", x.Name(), fault.Better),
			Safety: diag.Safe,
			Edits:  []diag.Edit{x.Tree().SetArg(x.ID, fault.Arg, fault.Better)},
		}}
	}
	p.Report(x.Ref, x.Ref, f)
}

// placeholder matches what deployment scripts put their values in place of.
var placeholder = regexp.MustCompile(`__[A-Z][A-Z0-9_]*__|@[A-Za-z][A-Za-z0-9_.-]*@|%[A-Z][A-Z0-9_]*%|<[A-Za-z][A-Za-z0-9_. -]*>|\$\{?[A-Z][A-Z0-9_]+`)

// filledIn reports whether a program fills in a part of a directive before nginx reads it.
func filledIn(x *analyzer.Directive) bool {
	if templated(x.Ref) {
		return true
	}
	for i := range x.NArgs() {
		if arg := x.Arg(i); placeholder.MatchString(arg) || x.Template && strings.Contains(arg, "$") {
			return true
		}
	}
	return false
}
