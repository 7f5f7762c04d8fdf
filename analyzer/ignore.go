package analyzer

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

// A comment that silences rules starts with the mark and one of the verbs.
const (
	ignoreMark = "nginx-lint:"
	ignoreNext = "ignore"
	ignoreFile = "ignore-file"
	ignoreForm = "write `" + ignoreMark + ignoreNext + " RULE why it is right here`"
)

// An ignore is one comment that silences rules.
type ignore struct {
	comment source.Span
	// file is set where it holds for the whole file.
	file  bool
	rules []string
	// over is what it holds for: findings whose subject starts in it are silenced.
	over source.Span
	used map[string]bool
}

// silence takes out the findings that comments silence, counts them, and adds
// what is wrong with such comments. One is of use for what has yielded, too: that
// comes back once the stronger rule has nothing to say.
func (d *driver) silence(found, yielded []reported) []reported {
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
	for _, f := range yielded {
		silenced(f.Finding, byFile[f.Subject.Span.File])
	}
	for _, in := range all {
		bad = append(bad, d.review(in)...)
	}
	for i := range bad {
		d.complete(&bad[i])
	}
	fingerprint(bad)
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

// ignores reads the silencing comments of a file; malformed ones hold for nothing
// and are reported.
func (d *driver) ignores(src *source.File) (found []*ignore, malformed []reported) {
	f := d.files.get(src.Path)
	var comments []source.Span
	switch {
	case f.anyINI() != nil:
		comments = f.anyINI().Comments
	case f.nginx != nil:
		comments = f.nginx.Comments()
	}
	for _, c := range comments {
		text := strings.TrimLeft(c.Text(), "#; \t")
		rest, ok := strings.CutPrefix(text, ignoreMark)
		if !ok {
			continue
		}
		in, err := parseIgnore(rest)
		if err != nil {
			malformed = append(malformed, badIgnore(c, err.Error(), ignoreForm))
			continue
		}
		in.comment = c
		switch {
		case in.file:
			in.over = source.Span{File: src, End: len(src.Text) + 1}
		case f.anyINI() != nil:
			in.over = iniReach(f.anyINI(), c)
		default:
			in.over = nginxReach(f.nginx, c)
		}
		found = append(found, in)
	}
	return found, malformed
}

// parseIgnore reads what follows the mark.
func parseIgnore(text string) (*ignore, error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return nil, errors.New("nothing follows the colon")
	case words[0] != ignoreNext && words[0] != ignoreFile:
		return nil, fmt.Errorf("%q is neither %s nor %s", words[0], ignoreNext, ignoreFile)
	case !strings.HasPrefix(text, words[0]):
		return nil, errors.New("no blank after the colon")
	case len(words) < 3:
		return nil, errors.New("a silencing comment needs a rule and a reason")
	case strings.HasSuffix(words[1], ","):
		return nil, errors.New("no blank after the comma")
	case strings.HasPrefix(words[2], ","):
		return nil, errors.New("no blank before the comma")
	}
	return &ignore{file: words[0] == ignoreFile, rules: strings.Split(words[1], ","), used: map[string]bool{}}, nil
}

// review reports unknown rules, and rules that ran and found nothing to silence,
// where they would find nothing either if more were read.
func (d *driver) review(in *ignore) (bad []reported) {
	unused := func(rule string) bool {
		return slices.Contains(d.opts.Known, rule) && !in.used[rule] && d.settled(rule, in.comment.File)
	}
	for _, rule := range in.rules {
		switch {
		case rule == RuleIgnoreComment:
			bad = append(bad, badIgnore(in.comment, "this rule cannot be silenced: "+rule, "mend or remove the comment"))
		case rule == "":
			bad = append(bad, badIgnore(in.comment, "a comma without a rule", "remove the comma"))
		case !slices.Contains(d.opts.Known, rule):
			bad = append(bad, badIgnore(in.comment, "there is no rule named "+rule, "`nginx-lint rules` lists them"))
		case unused(rule):
			f := badIgnore(in.comment, rule+" reports nothing here", "remove the comment")
			f.Fixes = d.unsilence(in, rule, unused)
			bad = append(bad, f)
		}
	}
	return bad
}

// unsilence is the fix that takes a rule out of a comment that silences nothing of
// it, or removes the comment where none of its rules is of use: no server reads it.
func (d *driver) unsilence(in *ignore, rule string, unused func(string) bool) []diag.Fix {
	at := in.comment
	if isTemplate(path.Base(at.File.Path), at.File.LineText(at.Line())) {
		return nil // what fills it in would write the comment again
	}
	fix := diag.Fix{Title: "remove the comment", Safety: diag.Safe, Edits: []diag.Edit{removeComment(at)}}
	if slices.ContainsFunc(in.rules, func(other string) bool { return !unused(other) }) {
		list := strings.Join(in.rules, ",")
		start := at.Start + strings.Index(at.Text(), list)
		left := slices.DeleteFunc(slices.Clone(in.rules), func(r string) bool { return r == rule })
		fix.Title = "take " + rule + " out of the comment"
		fix.Edits[0] = diag.Edit{Span: source.Span{File: at.File, Start: start, End: start + len(list)}, NewText: strings.Join(left, ",")}
	}
	if d.opts.Root != "" && !d.below(at.File.Path, d.opts.Root) {
		fix.Safety = diag.Manual
	}
	return []diag.Fix{fix}
}

// ran is the rule of that name; nil where it did not run.
func (d *driver) ran(id string) *Rule {
	if i := slices.IndexFunc(d.opts.Rules, func(r *Rule) bool { return r.ID == id }); i >= 0 {
		return d.opts.Rules[i]
	}
	return nil
}

// settled reports whether a rule ran, and all was read on which it depends what it
// finds in a file: for faults of the text the file itself; else every configuration
// that it is part of; and for rules that join several, all that runs beside these.
func (d *driver) settled(id string, src *source.File) bool {
	rule := d.ran(id)
	if rule == nil || d.level(id, src.Path).off || rule.InfoOff && !d.level(id, src.Path).asked {
		return false
	}
	if id == RuleSyntax || id == RuleReadLimit {
		return true
	}
	f := d.files.get(src.Path)
	holds := func(c *nginx.Config) bool { return f.nginx != nil && slices.Contains(c.Files, f.nginx) }
	runs := func(m *fpm.Master) bool { return f.ini != nil && slices.Contains(m.Files, f.ini) }
	partial := func(c *nginx.Config) bool {
		return c.Fragment || len(c.Missing) > 0 || slices.ContainsFunc(c.Files, func(t *syntax.Tree) bool { return len(t.Errors) > 0 })
	}
	broken := func(m *fpm.Master) bool {
		return !m.Complete() || slices.ContainsFunc(m.Files, func(in *syntax.INI) bool { return len(in.Errors) > 0 })
	}
	for _, c := range slices.Concat(d.mains, d.fragments) {
		if holds(c) && partial(c) {
			return false
		}
	}
	for _, m := range d.masters {
		if runs(m) && broken(m) {
			return false
		}
	}
	if rule.Driver || rule.OnBlock != nil {
		return true
	}
	return !slices.ContainsFunc(d.scopes, func(s *stack.Scope) bool {
		return (slices.ContainsFunc(s.Nginx, holds) || slices.ContainsFunc(s.Masters, runs)) &&
			(!s.Complete() || len(s.Nginx) == 0 || slices.ContainsFunc(s.Nginx, partial) || slices.ContainsFunc(s.Masters, broken))
	})
}

func badIgnore(at source.Span, text, remedy string) reported {
	return reported{Finding: diag.Finding{
		Rule: RuleIgnoreComment, Severity: diag.Warning, Summary: "this comment does not silence what it says",
		Subject: diag.Label{Span: at, Text: text}, Remedy: remedy, Places: 1,
	}}
}

// removeComment removes a comment with its line, or with the blanks before it where
// something else stands on that.
func removeComment(c source.Span) diag.Edit {
	line := c.Line()
	start := c.File.LineStart(line)
	before := strings.TrimRight(c.File.Text[start:c.Start], " \t")
	if before == "" {
		return diag.Edit{Span: source.Span{File: c.File, Start: start, End: c.File.LineStart(line + 1)}}
	}
	c.End = c.Start + len(strings.TrimRight(c.Text(), "\r"))
	c.Start = start + len(before)
	return diag.Edit{Span: c}
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
