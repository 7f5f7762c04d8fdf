package rules

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

var locationConflict = analyzer.Rule{
	ID:         "location-conflict",
	Severities: []diag.Severity{diag.Error},
	Refused:    diag.Nginx,
	OnBlock:    locationsIn,
	In:         catalog.Server | catalog.Location,
	NoProof:    judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "a location that stands twice, or where it cannot be reached",
		What: "Two locations of one block have the same text and are of one kind (both with `=`, or both without; `^~` is no kind of its own). A nested location stands in an exact or a named one, is itself named, or does not begin with the text of the one around it. " +
			"The same regular expression twice, and an exact location beside a prefix of the same text, are no fault.",
		Why:    "nginx does not start: `[emerg] duplicate location \"/x\"`, `location \"/b\" is outside location \"/a\"`, `cannot be inside the exact location`, `named location \"@x\" can be on the server level only`.",
		Gaps:   "Silent for files that a program fills in, behind the first syntax error of a file, and at the top of a file that nobody includes.",
		Remedy: "Join the two locations, or move the nested one.",
		Refs:   []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#location"},
		Since:  "0.2.0",
	},
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
	if around.Context != catalog.Location {
		return ""
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
