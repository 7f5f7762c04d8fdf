package analyzer

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// ignoreMark starts a comment that silences rules.
const ignoreMark = "nginx-lint:ignore"

// An ignore is one comment that silences rules.
type ignore struct {
	comment source.Span
	rules   []string
	// over is what it holds for: findings whose subject starts in it are silenced.
	over source.Span
	used map[string]bool
}

// silence takes out the findings that comments silence, counts them, and adds
// what is wrong with such comments.
func (d *driver) silence(found []reported) []reported {
	byFile := map[*source.File][]*ignore{}
	var all []*ignore
	var bad []reported
	for _, src := range d.report.Files {
		ignores, malformed := d.ignores(src)
		byFile[src] = ignores
		all = append(all, ignores...)
		bad = append(bad, malformed...)
	}
	kept := found[:0:0]
	for _, f := range found {
		if silenced(f.Finding, byFile[f.Subject.Span.File]) {
			d.report.Suppressed++
		} else {
			kept = append(kept, f)
		}
	}
	for _, in := range all {
		bad = append(bad, d.review(in)...)
	}
	return append(kept, bad...)
}

func silenced(f diag.Finding, ignores []*ignore) bool {
	hit := false
	for _, in := range ignores {
		at := f.Subject.Span.Start
		if slices.Contains(in.rules, f.Rule) && in.over.Start <= at && (at < in.over.End || at == in.over.Start) {
			in.used[f.Rule] = true
			hit = true
		}
	}
	return hit
}

// ignores reads the silencing comments of a file; those without a rule or a
// reason hold for nothing and are reported.
func (d *driver) ignores(src *source.File) (found []*ignore, malformed []reported) {
	f := d.files.get(src.Path)
	var comments []source.Span
	switch {
	case f.ini != nil:
		comments = f.ini.Comments
	case f.nginx != nil:
		comments = f.nginx.Comments()
	}
	for _, c := range comments {
		text := strings.TrimLeft(c.Text(), "#; \t")
		rest, ok := strings.CutPrefix(text, ignoreMark)
		if !ok {
			continue
		}
		rest, whole := strings.CutPrefix(rest, "-file")
		if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			continue
		}
		words := strings.Fields(rest)
		in := &ignore{comment: c, used: map[string]bool{}}
		if len(words) > 0 {
			in.rules = strings.Split(words[0], ",")
		}
		switch {
		case len(words) < 2:
			malformed = append(malformed, badIgnore(c, "a silencing comment needs a rule and a reason", "write `"+ignoreMark+" RULE why it is right here`"))
			continue
		case whole:
			in.over = source.Span{File: src, End: len(src.Text) + 1}
		case f.ini != nil:
			in.over = iniReach(f.ini, c)
		default:
			in.over = nginxReach(f.nginx, c)
		}
		found = append(found, in)
	}
	return found, malformed
}

// review reports unknown rules, and rules that ran and found nothing to silence.
func (d *driver) review(in *ignore) (bad []reported) {
	for _, rule := range in.rules {
		switch {
		case rule == RuleIgnoreComment:
			bad = append(bad, badIgnore(in.comment, "this rule cannot be silenced: "+rule, "mend or remove the comment"))
		case !slices.Contains(d.opts.Known, rule):
			bad = append(bad, badIgnore(in.comment, "there is no rule named "+rule, "`nginx-lint rules` lists them"))
		case !in.used[rule] && d.ran(rule):
			bad = append(bad, badIgnore(in.comment, rule+" reports nothing here", "remove the comment"))
		}
	}
	return bad
}

func (d *driver) ran(rule string) bool {
	return slices.ContainsFunc(d.opts.Rules, func(r *Rule) bool { return r.ID == rule })
}

func badIgnore(at source.Span, text, remedy string) reported {
	return reported{Finding: diag.Finding{
		Rule: RuleIgnoreComment, Severity: diag.Warning, Summary: "this comment does not silence what it says",
		Subject: diag.Label{Span: at, Text: text}, Remedy: remedy, Places: 1,
	}}
}

// nginxReach is what a comment holds for: on a line of its own the next
// directive with all in its block, else the directive on its line (of a block, its head).
func nginxReach(t *syntax.Tree, c source.Span) source.Span {
	lineStart := c.File.LineStart(c.Line())
	if strings.TrimSpace(c.File.Text[lineStart:c.Start]) == "" {
		if next := t.Next(c.End); next != syntax.None {
			return t.Span(next)
		}
		return source.Span{File: c.File, Start: c.End, End: c.End}
	}
	at := t.At(c.Start)
	for d := range t.Children(at) {
		if s := t.Span(d); s.Start < c.Start && s.End > lineStart {
			at = d
		}
	}
	if t.IsBlock(at) {
		return t.HeadSpan(at)
	}
	return t.Span(at)
}

func iniReach(in *syntax.INI, c source.Span) source.Span {
	lineStart := c.File.LineStart(c.Line())
	own := strings.TrimSpace(c.File.Text[lineStart:c.Start]) == ""
	for i, line := range in.Lines {
		if own && line.Span.Start < c.End || !own && line.Span.Start < lineStart {
			continue
		}
		reach := line.Span
		if own && line.Kind == syntax.Section {
			reach.End = len(c.File.Text)
			for _, after := range in.Lines[i+1:] {
				if after.Kind == syntax.Section {
					reach.End = after.Span.Start
					break
				}
			}
		}
		return reach
	}
	return source.Span{File: c.File, Start: c.End, End: c.End}
}
