package rules

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/grammar"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/spelling"
)

var directiveValue = analyzer.Rule{
	ID:          "directive-value",
	Severities:  []diag.Severity{diag.Error},
	Safeties:    []diag.Safety{diag.Safe, diag.Manual},
	Refused:     diag.Nginx,
	YieldsTo:    []string{"missing-semicolon"},
	OnDirective: value,
	NoProof:     judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "a value that nginx does not take",
		What: "A size, time, number, switch, word or parameter that nginx cannot read: `64MB`, `30sec`, `yes`, `listen 80 default-server`. What the directive takes is said, and the value or the word that was probably meant. " +
			"Also addresses, conditions, codes and names of variables that nginx cannot read, a variable whose brace is not closed, and rows of `map`, `geo`, `split_clients`, `charset_map` and `types`: words too many or too few, a value that is there already, no network, more than 100%.",
		Why:       "nginx does not start: `[emerg] \"client_max_body_size\" directive invalid value`, `invalid value \"yes\" in \"gzip\" directive, it must be \"on\" or \"off\"`, `invalid parameter \"X\"`.",
		Gaps:      "Silent for values with variables or parts that a program fills in, for directives of modules packaged apart, for parameters that only some of the supported versions know where the version is not known, for parameters of commercial nginx, for host names, users and files (they depend on the machine), for rows in a file with a syntax error, and behind the first syntax error of a file.",
		Remedy:    "Write a value that the directive takes.",
		FixSafety: "Safe where the value can be read in one way only (`64MB` as `64m`, `30sec` as `30s`, `yes` as `on`, `==` as `=`): nginx refuses the file as it is. Manual for a word that is near (`permenent`).",
		Refs:      []string{"https://nginx.org/en/docs/syntax.html"},
		Since:     "0.2.0",
	},
}

func value(p *analyzer.Pass, x *analyzer.Directive) {
	if fault := x.Fault(); fault != nil && !fault.Regex {
		p.Report(x.Ref, x.Ref, refusedValue(x.Ref, fault, argSpan(x.Ref, fault.Arg)))
	}
	for r, fault := range rowFaults(x) {
		if !fault.Regex {
			p.Report(r, r, refusedValue(r, &fault, rowSpan(r, fault.Arg)))
		}
	}
}

// rowFaults are the faults in the rows of a block of data that the directive opens.
func rowFaults(x *analyzer.Directive) iter.Seq2[nginx.Ref, grammar.Fault] {
	return func(yield func(nginx.Ref, grammar.Fault) bool) {
		if !grammar.HasRows(x.Name()) || x.Standing != catalog.Fits || x.Template || !x.Tree().IsBlock(x.ID) {
			return
		}
		i := slices.IndexFunc(x.Block.Children, func(b *nginx.Block) bool { return b.ID == x.ID && b.Place == x.Place })
		if i < 0 {
			return
		}
		var refs []nginx.Ref
		var rows []grammar.Row
		for r := range x.Block.Children[i].All() {
			if len(r.Tree().Errors) > 0 || r.Tree().IsBlock(r.ID) || r.Tree().FilledIn(r.ID) {
				return
			}
			refs = append(refs, r)
			rows = append(rows, append(grammar.Row{r.Name()}, r.Args()...))
		}
		for _, fault := range grammar.Rows(x.Entry, x.Args(), rows, x.Block.Config.Version) {
			if !yield(refs[fault.Row], fault.Fault) {
				return
			}
		}
	}
}

// argSpan is where a fault of an argument is written.
func argSpan(r nginx.Ref, arg int) source.Span {
	if arg < 0 {
		return r.Head()
	}
	return r.ArgSpan(arg)
}

// rowSpan is where a fault of a word of a row is written.
func rowSpan(r nginx.Ref, word int) source.Span {
	if word == 0 {
		return r.Tree().NameSpan(r.ID)
	}
	return argSpan(r, word-1)
}

func refusedValue(r nginx.Ref, fault *grammar.Fault, span source.Span) diag.Finding {
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "a value that nginx does not take",
		Subject:  diag.Label{Span: span, Text: fault.Hint},
		Notes:    []string{"nginx says: " + fault.Message},
		Remedy:   "write a value that the directive takes",
	}
	switch {
	case fault.Hint == "":
		f.Subject.Text = fault.Message
	case !r.Tree().IsRow(r.ID):
		f.Subject.Text = fmt.Sprintf("%s takes %s", r.Name(), fault.Hint)
	}
	if meant := meantWord(r, fault); meant != "" {
		f.Subject.Text = fmt.Sprintf("did you mean %q? %s", meant, f.Subject.Text)
		f.Fixes = []diag.Fix{{Title: "write " + meant, Safety: diag.Manual}}
	}
	if fault.Better != "" {
		title := r.Name() + " " + fault.Better
		if r.NArgs() > 1 {
			title = fault.Better
		}
		f.Fixes = []diag.Fix{{
			Title:  "write " + title,
			Safety: diag.Safe,
			Edits:  []diag.Edit{r.Tree().SetArg(r.ID, fault.Arg, fault.Better)},
		}}
	}
	return f
}

// meantWord is the word or the parameter of a directive that was probably meant; ""
// where there is none, or where it stands there.
func meantWord(r nginx.Ref, fault *grammar.Fault) string {
	if fault.Arg < 0 || r.Tree().IsRow(r.ID) {
		return ""
	}
	word, value := r.Arg(fault.Arg), ""
	if i := strings.IndexAny(word, "=:"); i >= 0 {
		word, value = word[:i+1], word[i+1:]
	}
	meant := spelling.Nearest(word, slices.Values(fault.Words))
	if meant == word || meant == "" {
		return ""
	}
	return meant + value
}
