package analyzer

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

// A Pass is one rule at work on one scope.
type Pass struct {
	Rule *Rule
	// Scope is nil for rules that look at one configuration of nginx only.
	Scope *stack.Scope
	// Work is what the rule may do to follow requests, or to find the word that was meant.
	Work *nginx.Work

	options  map[string]float64
	readings map[*syntax.Tree]reading
	whole    map[*nginx.Config]bool // see Whole
	found    []*reported
}

// A Report call's extras.
type reported struct {
	diag.Finding
	at     nginx.Ref
	causes Causes
}

// Causes are several things that one finding speaks for, each of them a cause to Report.
type Causes []any

// LineOf is the line that a span starts on: the cause of what cannot be read there.
func LineOf(at source.Span) source.Span {
	line := at.Line()
	return source.Span{File: at.File, Start: at.File.LineStart(line), End: at.File.LineStart(line + 1)}
}

// Report notes a finding. at is the directive that its subject stands in, zero
// where that is no nginx directive. cause is what is at fault (a peer, a pool, a
// block, or Causes): of several rules on one cause only the strongest is heard.
func (p *Pass) Report(at nginx.Ref, cause any, f diag.Finding) {
	f.Rule = p.Rule.ID
	if f.RefusedBy == "" {
		f.RefusedBy = p.Rule.Refused
	}
	var causes Causes
	switch c := cause.(type) {
	case nil:
	case Causes:
		causes = c
	default:
		causes = Causes{c}
	}
	p.found = append(p.found, &reported{f, at, causes})
}

// Option is the value of one of the rule's options.
func (p *Pass) Option(name string) float64 {
	if v, ok := p.options[name]; ok {
		return v
	}
	i := slices.IndexFunc(p.Rule.Options, func(o Option) bool { return o.Name == name })
	return p.Rule.Options[i].Default
}

// driver runs the rules and puts their findings in order.
type driver struct {
	*project
	readings map[*syntax.Tree]reading
	whole    map[*nginx.Config]bool
	findings []reported
	partly   partly // see settled

	asked  fileLine // of templateLine
	answer bool
}

// finish sorts, de-duplicates and silences.
func (d *driver) finish() *diag.Report {
	found, yielded := d.precedence(d.wantedLevels(d.findings))
	found = slices.DeleteFunc(found, func(f reported) bool { return f.Subject.Span.File != nil && d.unjudged(f.Subject.Span) })
	found = d.merge(found)
	r := &d.report
	for i := range found {
		d.complete(&found[i])
	}
	fingerprint(found)
	found = d.silence(found, yielded)
	r.Findings = slices.Grow(r.Findings, len(found))
	for _, f := range found {
		if l := d.level(f.Rule, f.Subject.Span.File.Path); l.severity != 0 {
			f.Severity = l.severity
		}
		if d.concerns(f.Finding) {
			r.Findings = append(r.Findings, f.Finding)
		}
	}
	slices.SortFunc(r.Findings, compareFindings)
	slices.SortFunc(r.Files, func(a, b *source.File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(r.Notes, func(a, b diag.ReadNote) int { return strings.Compare(a.Path, b.Path) })
	d.unresolved()
	if d.opts.Accounts {
		d.accounts()
	}
	r.Failures = d.failed()
	return r
}

// unjudged reports whether a span lies where nobody here wrote what a server reads:
// in a file of an image, or where a program fills in a template.
func (d *driver) unjudged(at source.Span) bool {
	t := d.files.get(at.File.Path).nginx
	return standIn(at.File.Path) || t != nil && t.Conditional(at)
}

// fingerprint names the findings before any is silenced or left out, so that no
// comment and no choice of paths renames the others.
func fingerprint(found []reported) {
	slices.SortFunc(found, func(a, b reported) int { return compareFindings(a.Finding, b.Finding) })
	findings := make([]diag.Finding, len(found))
	for i := range found {
		findings[i] = found[i].Finding
	}
	for i, name := range diag.Fingerprints(findings) {
		found[i].Fingerprint = name
	}
}

func compareFindings(a, b diag.Finding) int {
	return cmp.Or(a.Subject.Span.Compare(b.Subject.Span), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Subject.Text, b.Subject.Text))
}

// concerns reports whether either side of a finding lies in a named path, and its
// subject in none that is left out.
func (d *driver) concerns(f diag.Finding) bool {
	if d.leftOut(f.Subject.Span.File.Path) {
		return false
	}
	if d.isNamed(f.Subject.Span.File.Path) {
		return true
	}
	return slices.ContainsFunc(f.Related, func(l diag.Label) bool { return l.Span.File != nil && d.isNamed(l.Span.File.Path) })
}

// precedence parts off findings whose cause a stronger rule has reported.
func (d *driver) precedence(found []reported) (kept, yielded []reported) {
	type key struct {
		rule  string
		cause any
	}
	yields := map[string][]string{}
	heeded := map[string]bool{} // which others yield to
	for _, rule := range d.opts.Rules {
		yields[rule.ID] = rule.YieldsTo
		for _, to := range rule.YieldsTo {
			heeded[to] = true
		}
	}
	seen := map[key]bool{}
	for _, f := range found {
		if !heeded[f.Rule] {
			continue
		}
		for _, cause := range f.causes {
			seen[key{f.Rule, cause}] = true
		}
	}
	kept = make([]reported, 0, len(found))
	for _, f := range found {
		if slices.ContainsFunc(yields[f.Rule], func(stronger string) bool {
			return slices.ContainsFunc(f.causes, func(cause any) bool { return seen[key{stronger, cause}] })
		}) {
			yielded = append(yielded, f)
		} else {
			kept = append(kept, f)
		}
	}
	return kept, yielded
}

// maxChains bounds how many include chains a finding names.
const maxChains = 3

// merge makes one finding of those of one rule at one place: a fault in a
// shared snippet or an inherited value is reported once, with where it reaches.
func (d *driver) merge(found []reported) []reported {
	// Before the rest, so that the first of several is the same in every run, and
	// what the gravest says fits the severity.
	slices.SortStableFunc(found, func(a, b reported) int {
		return cmp.Or(a.Subject.Span.Compare(b.Subject.Span), strings.Compare(a.Rule, b.Rule), cmp.Compare(b.Severity, a.Severity),
			compareFindings(a.Finding, b.Finding), compareLabels(a.Related, b.Related))
	})
	type key struct {
		rule string
		span source.Span
	}
	at := map[key]int{}
	places := map[key]map[*nginx.Placement]bool{}
	joins := map[key]*fixes{}
	merged := make([]reported, 0, len(found))
	for _, f := range found {
		k := key{f.Rule, f.Subject.Span}
		if places[k] == nil {
			places[k] = map[*nginx.Placement]bool{}
		}
		fresh := f.at.Place != nil && !places[k][f.at.Place]
		if fresh {
			places[k][f.at.Place] = true
		}
		i, again := at[k]
		if !again {
			at[k] = len(merged)
			f.Places = max(f.Places, 1)
			if f.at.Place != nil {
				f.IncludeChain = written(f.at.Place.Chain())
			}
			merged = append(merged, f)
			continue
		}
		m := &merged[i]
		if fresh {
			m.Places += max(f.Places, 1)
			if m.Places <= maxChains {
				if chain := written(f.at.Place.Chain()); len(chain) > 0 {
					m.Notes = append(m.Notes, "also "+describeChain(chain))
				}
			}
		}
		if joins[k] == nil {
			joins[k] = newFixes(m.Fixes)
		}
		m.Fixes = joins[k].join(f.Fixes)
		for _, l := range f.Related {
			if !slices.ContainsFunc(m.Related, func(have diag.Label) bool { return have.Span == l.Span }) && len(m.Related) < 2*maxChains {
				m.Related = append(m.Related, l)
			}
		}
	}
	return merged
}

// elsewhere ends the title of a fix that mends one fault in several places.
const elsewhere = ", and likewise in the other places"

// fixes joins the fixes by which one fault is mended in several places: the
// first with the first, and so on. The less safe of two decides.
type fixes struct {
	joined []diag.Fix
	edits  []map[diag.Edit]bool // those of each
}

func newFixes(first []diag.Fix) *fixes {
	f := &fixes{joined: slices.Clone(first)}
	for i := range f.joined {
		f.joined[i].Edits = slices.Clone(f.joined[i].Edits)
		f.edits = append(f.edits, map[diag.Edit]bool{})
		for _, e := range f.joined[i].Edits {
			f.edits[i][e] = true
		}
	}
	return f
}

func (f *fixes) join(more []diag.Fix) []diag.Fix {
	f.joined = f.joined[:min(len(f.joined), len(more))]
	for i := range f.joined {
		fix, other := &f.joined[i], more[i]
		if other.Safety > fix.Safety {
			fix.Safety, fix.Risk = other.Safety, other.Risk
		}
		for _, e := range other.Edits {
			if !f.edits[i][e] {
				f.edits[i][e] = true
				fix.Edits = append(fix.Edits, e)
			}
		}
		if fix.Title != other.Title && len(fix.Edits) > 0 {
			fix.Title = strings.TrimSuffix(fix.Title, elsewhere) + elsewhere
		}
	}
	return f.joined
}

func describeChain(chain []source.Span) string {
	var b strings.Builder
	b.WriteString("included from ")
	for i, s := range chain {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s.File.Path)
		b.WriteByte(':')
		b.WriteString(itoa(s.Line()))
	}
	return b.String()
}

func compareLabels(a, b []diag.Label) int {
	for i := range min(len(a), len(b)) {
		if c := a[i].Span.Compare(b[i].Span); c != 0 {
			return c
		}
	}
	return len(a) - len(b)
}

// complete fills in what the driver knows better than a rule: the enclosing
// block, and how far a fix reaches.
func (d *driver) complete(f *reported) {
	span := f.Subject.Span
	if f.Context.IsZero() {
		f.Context = d.context(span)
	}
	f.Related = withoutImages(f.Related)
	fixes := f.Fixes[:0:0]
	for _, fix := range f.Fixes {
		if d.lower(f, &fix) {
			fixes = append(fixes, fix)
		}
	}
	f.Fixes = fixes
}

// context is the head of the block or section that a span stands in.
func (d *driver) context(span source.Span) source.Span {
	f := d.files.get(span.File.Path)
	switch {
	case f.anyINI() != nil:
		in := f.anyINI()
		i := in.SectionAt(span.Start)
		if i >= 0 && in.Lines[i].Span() == span {
			i = in.SectionAt(span.Start - 1)
		}
		if i >= 0 {
			return in.Lines[i].Span()
		}
	case f.nginx != nil:
		if parent := f.nginx.Parent(f.nginx.At(span.Start)); parent > syntax.Root {
			return f.nginx.HeadSpan(parent)
		}
	}
	return source.Span{}
}

// lower takes a fix's safety back where its edits reach further than the rule
// could see. It reports false for a fix that edits what is no file.
func (d *driver) lower(f *reported, fix *diag.Fix) bool {
	for _, e := range fix.Edits {
		if standIn(e.Span.File.Path) {
			return false
		}
		file := d.files.get(e.Span.File.Path)
		if d.templateLine(file, file.src.Line(e.Span.Start)) {
			return false
		}
		if d.opts.Root != "" && !d.below(file.path, d.opts.Root) {
			fix.Safety = max(fix.Safety, diag.Manual)
		}
		if f.at.Place != nil && file.nginx != nil && f.at.Tree() == file.nginx {
			if n := f.at.Place.Block.Config.Placements(file.nginx); n > f.Places && fix.Safety == diag.Safe {
				fix.Safety = diag.Unsafe
				fix.Risk = "the file is included in " + itoa(n) + " places, and the others are not at fault"
			}
		}
	}
	return true
}

// templateLine reports whether a line is one that a program fills in. The last
// answer is kept, since a line may be long and hold many findings.
func (d *driver) templateLine(f *file, line int) bool {
	if at := (fileLine{f, line}); d.asked != at {
		start := f.src.LineStart(line)
		d.asked, d.answer = at, isTemplate(path.Base(f.path), f.src.LineText(line)) ||
			f.nginx != nil && f.nginx.Conditional(source.Span{File: f.src, Start: start, End: start})
	}
	return d.answer
}

type fileLine struct {
	file *file
	line int
}

// unresolved lists what the run was silent about.
func (d *driver) unresolved() {
	r := &d.report
	for _, c := range slices.Concat(d.mains, d.fragments) {
		for _, m := range c.Missing {
			reason, what := diag.MissingInclude, m.Head().Text()
			switch {
			case m.Outside:
				reason = diag.OutsideRoot
			case m.Opaque && nginx.Opaque(m.Pattern):
				reason = diag.Template
				if m.Name() != "include" {
					what = m.Pattern
				}
			case m.Opaque:
				reason = diag.Variable
			}
			r.Unresolved = append(r.Unresolved, diag.Unresolved{Span: m.Head(), Reason: reason, What: what})
		}
	}
	for _, m := range d.masters {
		for _, missing := range m.Missing {
			if !missing.Limit { // a finding says so
				r.Unresolved = append(r.Unresolved, diag.Unresolved{Span: missing.At, Reason: diag.MissingInclude, What: "include=" + missing.Pattern})
			}
		}
	}
	for _, s := range d.scopes {
		for _, t := range s.Targets {
			r.Targets++
			if t.Unknown != "" {
				r.UnresolvedTargets++
				r.Unresolved = append(r.Unresolved, diag.Unresolved{Span: t.Pass.Head(), Reason: t.Unknown, What: t.Pass.Head().Text()})
			}
		}
	}
	if d.services.left < 0 {
		first := d.services.all[0].Key
		r.Unresolved = append(r.Unresolved, diag.Unresolved{Span: first, Reason: diag.LimitReached, What: "which files the services read"})
	}
	r.Unresolved = slices.DeleteFunc(r.Unresolved, func(u diag.Unresolved) bool {
		return standIn(u.Span.File.Path) || !d.isNamed(u.Span.File.Path) || d.leftOut(u.Span.File.Path)
	})
	slices.SortFunc(r.Unresolved, func(a, b diag.Unresolved) int {
		return cmp.Or(a.Span.Compare(b.Span), strings.Compare(string(a.Reason), string(b.Reason)), strings.Compare(a.What, b.What))
	})
	r.Unresolved = slices.Compact(r.Unresolved)
}
