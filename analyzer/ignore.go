package analyzer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/compose"
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
}

// silence takes out the findings that comments silence, counts them, and adds
// what is wrong with such comments. One is of use for what has yielded, too: that
// comes back once the stronger rule has nothing to say.
func (d *driver) silence(found, yielded []reported) []reported {
	var all []*ignore
	var bad []reported
	for _, src := range d.report.Files {
		ignores, malformed := d.ignores(src)
		all = append(all, ignores...)
		bad = append(bad, malformed...)
	}
	// What silences and what is silenced is looked up rule by rule and file by file.
	places := map[ruleInFile]*silence{}
	at := func(rule string, f *source.File) *silence {
		k := ruleInFile{rule, f}
		if places[k] == nil {
			places[k] = &silence{}
		}
		return places[k]
	}
	for _, f := range slices.Concat(found, yielded) {
		s := at(f.Rule, f.Subject.Span.File)
		s.found = append(s.found, f.Subject.Span.Start)
	}
	for _, in := range all {
		for _, rule := range in.rules {
			s := at(rule, in.over.File)
			s.over = append(s.over, extent{in.over.Start, max(in.over.End, in.over.Start+1)})
		}
	}
	for _, s := range places {
		s.sort()
	}
	kept := make([]reported, 0, len(found))
	for _, f := range found {
		if at(f.Rule, f.Subject.Span.File).covers(f.Subject.Span.Start) {
			d.report.Suppressed++
		} else {
			kept = append(kept, f)
		}
	}
	for _, in := range all {
		bad = append(bad, d.review(in, func(rule string) bool { return at(rule, in.over.File).finds(in.over) })...)
	}
	for i := range bad {
		d.complete(&bad[i])
	}
	fingerprint(bad)
	return append(kept, bad...)
}

type ruleInFile struct {
	rule string
	file *source.File
}

// A silence is where the findings of a rule in a file start, and where they are silenced.
type silence struct {
	found []int
	over  []extent
}

// An extent is a range of bytes.
type extent struct{ start, end int }

// sort puts the places in order and joins those that overlap.
func (s *silence) sort() {
	slices.Sort(s.found)
	slices.SortFunc(s.over, func(a, b extent) int { return a.start - b.start })
	joined := s.over[:0]
	for _, e := range s.over {
		if n := len(joined); n > 0 && e.start <= joined[n-1].end {
			joined[n-1].end = max(joined[n-1].end, e.end)
		} else {
			joined = append(joined, e)
		}
	}
	s.over = joined
}

// covers reports whether a finding that starts at an offset is silenced.
func (s *silence) covers(at int) bool {
	i, _ := slices.BinarySearchFunc(s.over, at+1, func(e extent, at int) int { return e.start - at })
	return i > 0 && at < s.over[i-1].end
}

// finds reports whether a finding starts in a span.
func (s *silence) finds(over source.Span) bool {
	i, _ := slices.BinarySearch(s.found, over.Start)
	return i < len(s.found) && (s.found[i] < over.End || s.found[i] == over.Start)
}

// ignores reads the silencing comments of a file; malformed ones hold for nothing
// and are reported.
func (d *driver) ignores(src *source.File) (found []*ignore, malformed []reported) {
	f := d.files.get(src.Path)
	var comments, entries []source.Span
	switch {
	case !strings.Contains(src.Text, ignoreMark):
	case f.foreign != nil:
		comments, entries = f.foreign(src)
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
		case f.foreign != nil:
			in.over = entryReach(entries, c)
		case f.anyINI() != nil:
			in.over = iniReach(f.anyINI(), c)
		default:
			in.over = nginxReach(f.nginx, c)
		}
		found = append(found, in)
	}
	return found, malformed
}

// maxListed is how many rules a comment may name.
const maxListed = 200

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
	case strings.Count(words[1], ",") >= maxListed:
		return nil, fmt.Errorf("more than %d rules in one comment", maxListed)
	}
	return &ignore{file: words[0] == ignoreFile, rules: strings.Split(words[1], ",")}, nil
}

// review reports unknown rules, and rules that ran and found nothing to silence,
// where they would find nothing either if more were read.
func (d *driver) review(in *ignore, silences func(rule string) bool) (bad []reported) {
	unused := func(rule string) bool {
		return slices.Contains(d.opts.Known, rule) && !silences(rule) && d.settled(rule, in.comment.File)
	}
	all := !slices.ContainsFunc(in.rules, func(rule string) bool { return !unused(rule) })
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
			f.Fixes = d.unsilence(in, rule, all)
			bad = append(bad, f)
		}
	}
	return bad
}

// unsilence is the fix that takes a rule out of a comment that silences nothing of
// it, or removes the comment where none of its rules is of use (all): no server reads it.
func (d *driver) unsilence(in *ignore, rule string, all bool) []diag.Fix {
	at := in.comment
	if d.templateLine(d.files.get(at.File.Path), at.Line()) {
		return nil // what fills it in would write the comment again
	}
	fix := diag.Fix{Title: "remove the comment", Safety: diag.Safe, Edits: []diag.Edit{removeComment(at)}}
	if !all {
		list := strings.Join(in.rules, ",")
		start := at.Start + strings.Index(at.Text(), list)
		left := slices.DeleteFunc(slices.Clone(in.rules), func(r string) bool { return r == rule })
		fix.Title = "take " + rule + " out of the comment"
		fix.Edits[0] = diag.Edit{Span: source.Span{File: at.File, Start: start, End: start + len(list)}, NewText: strings.Join(left, ",")}
	}
	if d.opts.Root != "" && !d.below(at.File.Path, d.opts.Root) || all && d.files.get(at.File.Path).foreign != nil && compose.HoldsBack(at) {
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
	if d.partly.alone == nil {
		d.findPartly()
	}
	if f.foreign != nil {
		return len(f.scopes) > 0 && !slices.ContainsFunc(f.scopes, func(s *stack.Scope) bool { return d.partly.scopes[s] })
	}
	in := func(files map[any]bool) bool { return f.nginx != nil && files[f.nginx] || f.ini != nil && files[f.ini] }
	return !in(d.partly.alone) && (rule.Driver || rule.OnBlock != nil || !in(d.partly.joined))
}

// partly are the trees and INI files of configurations that were read in part,
// those of scopes of which something was not read, and the scopes in which findings
// about other programs may be missing for that.
type partly struct {
	alone, joined map[any]bool
	scopes        map[*stack.Scope]bool
}

func (d *driver) findPartly() {
	d.partly = partly{map[any]bool{}, map[any]bool{}, map[*stack.Scope]bool{}}
	note := func(files map[any]bool, configs []*nginx.Config, masters []*fpm.Master) {
		for _, c := range configs {
			for _, t := range c.Files {
				files[t] = true
			}
		}
		for _, m := range masters {
			for _, in := range m.Files {
				files[in] = true
			}
		}
	}
	partial := func(c *nginx.Config) bool {
		return c.Fragment || len(c.Missing) > 0 || slices.ContainsFunc(c.Files, func(t *syntax.Tree) bool { return len(t.Errors) > 0 })
	}
	broken := func(m *fpm.Master) bool {
		return !m.Complete() || slices.ContainsFunc(m.Files, func(in *syntax.INI) bool { return len(in.Errors) > 0 })
	}
	for _, c := range slices.Concat(d.mains, d.fragments) {
		if partial(c) {
			note(d.partly.alone, []*nginx.Config{c}, nil)
		}
	}
	for _, m := range d.masters {
		if broken(m) {
			note(d.partly.alone, nil, []*fpm.Master{m})
		}
	}
	for _, s := range d.scopes {
		unread := len(s.Nginx) == 0 || slices.ContainsFunc(s.Nginx, partial) || slices.ContainsFunc(s.Masters, broken)
		if unread || !s.Complete() {
			note(d.partly.joined, s.Nginx, s.Masters)
		}
		d.partly.scopes[s] = unread || openEnded(s)
	}
}

// openEnded reports whether more may run in a scope than was read of it.
func openEnded(s *stack.Scope) bool {
	if s.Containers == nil {
		return !s.Complete() || slices.ContainsFunc(s.Backends, func(b *stack.Backend) bool { return !b.Complete })
	}
	return s.Containers.Project.Open || slices.ContainsFunc(s.Containers.Project.Services, func(o *compose.Service) bool { return o.Unknown })
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
	if before := t.ChildBefore(at, c.Start); before != syntax.None && t.Span(before).End > lineStart {
		at = before
	}
	if t.IsBlock(at) {
		return t.HeadSpan(at)
	}
	return t.Span(at)
}

// entryReach is what a comment in another program's file holds for: on a line of its
// own the next entry with all in it, or what is left of the one that it stands in;
// else its line, and an entry that goes on there without others in it.
func entryReach(entries []source.Span, c source.Span) source.Span {
	line := source.Span{File: c.File, Start: c.File.LineStart(c.Line()), End: c.File.LineStart(c.Line() + 1)}
	own := strings.TrimSpace(c.File.Text[line.Start:c.Start]) == ""
	next, _ := slices.BinarySearchFunc(entries, c.End, func(e source.Span, at int) int { return cmp.Compare(e.Start, at) })
	var at source.Span // the entry that goes on
	if next > 0 && (next == len(entries) || entries[next].Start >= entries[next-1].End) {
		at = entries[next-1]
	}
	switch {
	case own && at.End > c.End:
		return source.Span{File: c.File, Start: c.End, End: at.End}
	case own && next < len(entries):
		return entries[next]
	case own:
		return source.Span{File: c.File, Start: c.End, End: c.End}
	case at.End > line.Start:
		line.Start, line.End = min(line.Start, at.Start), max(line.End, at.End)
	}
	return line
}

func iniReach(in *syntax.INI, c source.Span) source.Span {
	lineStart := c.File.LineStart(c.Line())
	own := strings.TrimSpace(c.File.Text[lineStart:c.Start]) == ""
	first := lineStart
	if own {
		first = c.End
	}
	i := in.At(first)
	if i == len(in.Lines) {
		return source.Span{File: c.File, Start: c.End, End: c.End}
	}
	line := in.Lines[i]
	reach := line.Span()
	if own && line.Kind == syntax.Section {
		reach.End = in.SectionEnd(line.Span().Start)
	}
	return reach
}
