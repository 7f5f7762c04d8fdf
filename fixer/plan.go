// Package fixer makes new texts out of the fixes that findings offer, sees to it
// that the new texts are no worse, and writes them or shows them as a diff.
package fixer

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// maxRounds bounds how often fixes are applied and the result is checked again.
const maxRounds = 10

// A Check reads and judges everything again, with texts (by cleaned real path) in
// place of what the files hold.
type Check func(texts map[string]string) (*diag.Report, error)

// Options say which fixes are wanted.
type Options struct {
	Check Check
	// Unsafe also applies fixes that may change behaviour that works.
	Unsafe bool
	// SyntaxRule is the rule whose findings say that a file cannot be read as it
	// stands. Its fixes come first and by themselves: what they bring to light
	// was there before.
	SyntaxRule string
	// Wanted tells the findings that are to be fixed; nil is all.
	Wanted func(*diag.Finding) bool
	// Editable tells the files that may be changed; nil is all.
	Editable func(*source.File) bool
}

// A Change is a file with its new text.
type Change struct {
	// File is as it was read.
	File *source.File
	Text string
}

// A Fixed is a fix that was applied, and what it was applied for. Its spans are
// in the texts of its round.
type Fixed struct {
	Finding diag.Finding
	Fix     diag.Fix
}

// A Refusal is a fix that was not applied because it is not as fixes have to be.
type Refusal struct {
	Finding diag.Finding
	Title   string
	Reason  string
	// Bug is set where the linter is at fault, and not where the finding may have
	// hidden what came to light.
	Bug bool
}

// String is the refusal in one line: which fix, of what, and why it was left out.
func (r Refusal) String() string {
	where := ""
	if s := r.Finding.Subject.Span; !s.IsZero() {
		where = fmt.Sprintf(" at %s:%d", s.File.Path, s.Line())
	}
	return fmt.Sprintf("%s%s: the fix %q was not applied: %s", r.Finding.Rule, where, r.Title, r.Reason)
}

// A Result is what fixes make of a configuration. Nothing is written yet.
type Result struct {
	// Changes are the files whose text is another, sorted by path.
	Changes []Change
	// Fixed are the fixes that made it so, in the order of their application.
	Fixed []Fixed
	// Report is on the new texts.
	Report *diag.Report
	// Refused are fixes that would have been applied but did no good.
	Refused []Refusal
	// Withheld are the files that a fix would have changed and may not, sorted.
	Withheld []string
}

// Plan applies the fixes that a report offers, in the order of its findings,
// until nothing is left to fix. A fix is applied as a whole or not at all; one
// that clashes with another waits for the next round. After each round everything
// is checked again. A fix that brings a new error is taken back, and so are all
// fixes of rules that do not come to rest.
func Plan(report *diag.Report, o Options) *Result {
	p := &planner{o: o, refused: map[fixKey]bool{}, restless: map[string]bool{}}
	for {
		result, restless := p.run(report)
		if len(restless) == 0 {
			result.Refused = p.refusals
			return result
		}
		for _, f := range restless {
			if !p.restless[f.Finding.Rule] {
				p.restless[f.Finding.Rule] = true
				p.report(f, "its rule wants more fixes after each fix", true)
			}
		}
	}
}

type planner struct {
	o Options
	// refused are fixes that turned out not to be good.
	refused map[fixKey]bool
	// restless are the rules whose fixes do not come to an end.
	restless map[string]bool
	refusals []Refusal
}

// A fixKey names a fix wherever its lines are moved to.
type fixKey struct {
	findingKey
	title string
}

func (p *planner) report(f Fixed, reason string, bug bool) {
	p.refusals = append(p.refusals, Refusal{Finding: f.Finding, Title: f.Fix.Title, Reason: reason, Bug: bug})
}

func (p *planner) refuse(f Fixed, reason string, bug bool) {
	k := fixKey{keyOf(&f.Finding), f.Fix.Title}
	if !p.refused[k] {
		p.refused[k] = true
		p.report(f, reason, bug)
	}
}

// A state is the texts after some rounds, and what is found in them.
type state struct {
	texts  map[string]string // those that are not as read
	report *diag.Report
}

// run applies fixes round by round. It returns those that kept it from coming to an end, if any.
func (p *planner) run(report *diag.Report) (result *Result, restless []Fixed) {
	now := state{texts: map[string]string{}, report: report}
	var fixed []Fixed
	withheld := map[string]bool{}
	met := map[[sha256.Size]byte]int{digest(now.texts): 0} // the texts met, with the number of fixes that led there
	for round := 0; ; round++ {
		chosen := p.choose(now.report, withheld)
		if len(chosen) == 0 {
			break
		}
		if round == maxRounds {
			restless = slices.DeleteFunc(chosen, func(c Fixed) bool {
				return !slices.ContainsFunc(fixed, func(f Fixed) bool { return f.Finding.Rule == c.Finding.Rule })
			})
			break
		}
		var accepted []Fixed
		now, accepted = p.settle(now, chosen)
		fixed = append(fixed, accepted...)
		if len(accepted) == 0 {
			continue // those chosen are refused now
		}
		sum := digest(now.texts)
		if since, again := met[sum]; again {
			restless = fixed[since:]
			break
		}
		met[sum] = len(fixed)
	}
	return &Result{
		Changes:  changes(report, now.texts),
		Fixed:    fixed,
		Report:   now.report,
		Withheld: slices.Sorted(maps.Keys(withheld)),
	}, restless
}

// choose picks a fix for each finding, as far as they go together.
func (p *planner) choose(report *diag.Report, withheld map[string]bool) []Fixed {
	files := make(map[string]*source.File, len(report.Files))
	for _, f := range report.Files {
		files[f.Path] = f
	}
	together := edits{}
	var chosen []Fixed
	pick := func(syntax bool) {
		for i := range report.Findings {
			f := &report.Findings[i]
			if (f.Rule == p.o.SyntaxRule) != syntax || p.o.Wanted != nil && !p.o.Wanted(f) || p.restless[f.Rule] {
				continue
			}
			if fix, ok := p.best(f, files, withheld); ok && together.add(fix) {
				chosen = append(chosen, Fixed{*f, fix})
			}
		}
	}
	if pick(true); len(chosen) == 0 {
		pick(false)
	}
	return chosen
}

// best is the safest of the fixes that may be applied for a finding, and of those the first.
func (p *planner) best(f *diag.Finding, files map[string]*source.File, withheld map[string]bool) (best diag.Fix, ok bool) {
	limit := diag.Safe
	if p.o.Unsafe {
		limit = diag.Unsafe
	}
	unique := uniqueTitles(f.Fixes)
	for _, fix := range f.Fixes {
		if fix.Safety > limit || ok && fix.Safety >= best.Safety || p.refused[fixKey{keyOf(f), fix.Title}] {
			continue
		}
		err := validate(fix, files)
		switch {
		case err != nil:
			p.refuse(Fixed{*f, fix}, err.Error(), true)
		case !unique:
			p.refuse(Fixed{*f, fix}, "two fixes of the finding have one title", true)
		case !p.editable(fix, withheld):
		default:
			best, ok = fix, true
		}
	}
	return best, ok
}

func (p *planner) editable(fix diag.Fix, withheld map[string]bool) bool {
	all := true
	for _, e := range fix.Edits {
		if p.o.Editable != nil && !p.o.Editable(e.Span.File) {
			withheld[e.Span.File.Path] = true
			all = false
		}
	}
	return all
}

// settle applies fixes to a state and checks the result. Where it is worse the
// fixes are halved until those at fault are found; they are refused, and the
// others applied.
func (p *planner) settle(base state, fixes []Fixed) (now state, accepted []Fixed) {
	now = base
	var try func([]Fixed)
	try = func(some []Fixed) {
		next, bad := p.attempt(base, slices.Concat(accepted, some))
		switch {
		case bad == nil:
			now, accepted = next, append(accepted, some...)
		case len(some) == 1:
			p.refuse(some[0], bad.reason, p.isOurs(bad, &some[0].Finding))
		default:
			half := len(some) / 2
			try(some[:half])
			try(some[half:])
		}
	}
	try(fixes)
	return now, accepted
}

// attempt applies fixes that go together and says why the result is worse, if it is.
func (p *planner) attempt(base state, fixes []Fixed) (next state, bad *fault) {
	together := edits{}
	syntax := false
	for _, f := range fixes {
		together.add(f.Fix)
		syntax = syntax || f.Finding.Rule == p.o.SyntaxRule
	}
	next.texts = maps.Clone(base.texts)
	for name, list := range together {
		next.texts[name] = apply(list[0].Span.File.Text, list)
	}
	report, err := p.o.Check(next.texts)
	if err != nil {
		return next, &fault{reason: "what it makes cannot be checked: " + err.Error(), unread: true}
	}
	next.report = report
	if syntax {
		return next, p.stillBroken(base.report, report, together)
	}
	return next, worse(base.report, report, fixes, together)
}

// changes are the texts that are not as read; a file of several names is in it once.
func changes(report *diag.Report, texts map[string]string) []Change {
	var list []Change
	seen := map[string]bool{}
	for _, f := range report.Files {
		name := realPath(f)
		if text, ok := texts[name]; ok && text != f.Text && !seen[name] {
			seen[name] = true
			list = append(list, Change{File: f, Text: text})
		}
	}
	slices.SortFunc(list, func(a, b Change) int { return strings.Compare(a.File.Path, b.File.Path) })
	return list
}

// digest tells texts from others.
func digest(texts map[string]string) [sha256.Size]byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		sum := sha256.Sum256([]byte(texts[name]))
		fmt.Fprintf(h, "%q %x\n", name, sum)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
