package rules

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/grammar"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

var locationConflict = analyzer.Rule{
	ID:         "location-conflict",
	Severities: []diag.Severity{diag.Error},
	Refused:    diag.Nginx,
	OnBlock:    locationConflicts,
	In:         catalog.Server | catalog.Location | catalog.IfInLocation | catalog.LimitExcept,
	NoProof:    judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "a location that stands twice, or where it cannot be reached, or with a directive that its kind does not take",
		What: "Two locations of one block have the same text and are of one kind (both with `=`, or both without; `^~` is no kind of its own). A nested location stands in an exact or a named one, is itself named, or does not begin with the text of the one around it. " +
			"The same regular expression twice, and an exact location beside a prefix of the same text, are no fault. " +
			"Also an `alias` in a named location, and a `proxy_pass` with a path where nginx does not know which part of the request it would replace: in a location by regular expression, a named one, an `if` or a `limit_except`.",
		Why:    "nginx does not start: `[emerg] duplicate location \"/x\"`, `location \"/b\" is outside location \"/a\"`, `cannot be inside the exact location`, `named location \"@x\" can be on the server level only`, `the \"alias\" directive cannot be used inside the named location`, `\"proxy_pass\" cannot have URI part in location given by regular expression`.",
		Gaps:   "Silent for a `proxy_pass` with variables, for files that a program fills in, behind the first syntax error of a file, and at the top of a file that nobody includes.",
		Remedy: "Join the two locations, or move the nested one. A path can be changed with `rewrite ... break` before a `proxy_pass` without one.",
		Refs:   []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#location"},
		Since:  "0.2.0",
	},
}

func locationConflicts(p *analyzer.Pass, b *nginx.Block) {
	locationsIn(p, b)
	if b.Parent == nil {
		return // the top of a file that nobody includes
	}
	judged := func(r nginx.Ref) bool { return r.NArgs() == 1 && p.Certain(r) && !r.Tree().FilledIn(r.ID) }
	modifier := ""
	if b.Context == catalog.Location {
		modifier, _ = b.Location()
	}
	for _, r := range b.Own("alias") {
		if modifier == "@" && judged(r) {
			noAlias(p, r)
		}
	}
	for _, r := range b.Own("proxy_pass") {
		unknown := b.Context&(catalog.IfInLocation|catalog.LimitExcept) != 0 || modifier == "@" || modifier == "~" || modifier == "~*"
		if unknown && judged(r) && grammar.URI(r.Arg(0)) != "" {
			noURI(p, r)
		}
	}
}

func locationsIn(p *analyzer.Pass, b *nginx.Block) {
	type kind struct {
		exact bool
		text  string
	}
	first := map[kind]*nginx.Block{}
	for _, l := range b.Children {
		if l.Context != catalog.Location || !p.Certain(l.Ref()) || templated(l.Ref()) {
			continue
		}
		modifier, text := l.Location()
		if why := outside(b, modifier, text); why != "" {
			p.Report(l.Ref(), l, diag.Finding{
				Severity: diag.Error,
				Summary:  "a location where it cannot be reached",
				Subject:  diag.Label{Span: locationText(l), Text: why},
				Related:  []diag.Label{label(b.Head(), "the location around it")},
				Notes:    []string{"nginx says: " + why},
				Remedy:   "move it out, or give it a text that begins with that of the location around it",
			})
			continue
		}
		if modifier != "" && modifier != "=" && modifier != "^~" {
			continue
		}
		k := kind{modifier == "=", text}
		earlier := first[k]
		if earlier == nil {
			first[k] = l
			continue
		}
		p.Report(l.Ref(), l, diag.Finding{
			Severity: diag.Error,
			Summary:  "a location stands twice",
			Subject:  label(locationText(l), "the second one for %s", text),
			Related:  []diag.Label{label(earlier.Head(), "the first one")},
			Notes:    []string{fmt.Sprintf("nginx says: duplicate location %q", text)},
			Remedy:   "join the two",
		})
	}
}

func locationText(l *nginx.Block) source.Span { return l.Place.Tree.ArgsSpan(l.ID) }

// outside is what nginx says of a location nested in another; "" where it may stand there.
func outside(around *nginx.Block, modifier, text string) string {
	if around.Context != catalog.Location || around.Parent == nil {
		return "" // at the top of a file that nobody includes the location around it is not known
	}
	outerModifier, outer := around.Location()
	if modifier == "@" {
		text = "@" + text
	}
	if outerModifier == "@" {
		outer = "@" + outer
	}
	switch {
	case outerModifier == "=":
		return fmt.Sprintf("location %q cannot be inside the exact location %q", text, outer)
	case outerModifier == "@":
		return fmt.Sprintf("location %q cannot be inside the named location %q", text, outer)
	case modifier == "@":
		return fmt.Sprintf("named location %q can be on the server level only", text)
	case modifier != "~" && modifier != "~*" && !strings.HasPrefix(text, outer):
		return fmt.Sprintf("location %q is outside location %q", text, outer)
	}
	return ""
}

// noAlias and noURI report an alias and a proxy_pass where nginx does not know by
// which text of the request the block was chosen.
func noAlias(p *analyzer.Pass, r nginx.Ref) {
	p.Report(r, r, diag.Finding{
		Severity: diag.Error,
		Summary:  "an alias in a named location",
		Subject:  label(r.Head(), "a named location has no text to replace"),
		Notes:    []string{`nginx says: the "alias" directive cannot be used inside the named location`},
		Remedy:   "use root",
	})
}

func noURI(p *analyzer.Pass, r nginx.Ref) {
	p.Report(r, r, diag.Finding{
		Severity: diag.Error,
		Summary:  "a proxy_pass with a path that nginx cannot put in place",
		Subject:  label(r.ArgSpan(0), "the path would replace a part of the request that is not known here"),
		Notes:    []string{`nginx says: "proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block`},
		Remedy:   "drop the path, and change the URI with rewrite ... break",
	})
}
