package analyzer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// The ids of the rules whose findings come from reading itself.
const (
	RuleSyntax        = "syntax"
	RuleReadLimit     = "read-limit"
	RuleIncludeCycle  = "include-cycle"
	RuleBrokenLink    = "broken-link"
	RuleIgnoreComment = "ignore-comment"
)

// reading reports what was met while reading: errors, limits, cycles.
func (d *driver) reading() {
	placed := d.placed()
	for _, src := range d.report.Files {
		f := d.files.get(src.Path)
		switch {
		case f.foreign != nil:
		case len(placed[f.nginx]) > 0: // whatever it looks like
			for _, e := range f.nginx.Errors {
				d.syntax(e, diag.Nginx, placed[f.nginx])
			}
		case f.ini != nil:
			for _, e := range f.ini.Errors {
				d.syntax(e, diag.PHPFPM, nil)
			}
		case f.php != nil: // no server refuses it
		case f.nginx != nil:
			for _, e := range f.nginx.Errors {
				d.syntax(e, diag.Nginx, nil)
			}
		}
	}
	for _, f := range d.files.byPath {
		switch {
		case errors.Is(f.err, source.ErrTooLarge):
			d.limit(source.Span{File: source.NewFile(f.path, "")}, fmt.Sprintf("larger than %d MiB, the most that is read", source.MaxFileSize>>20))
		case tooLarge(f.err):
			d.limit(source.Span{File: source.NewFile(f.path, "")}, f.err.Error())
		}
	}
	if in := d.tooManyNames; in.pattern != "" {
		d.limit(source.Span{File: source.NewFile(in.main, "")}, fmt.Sprintf("what %s matches: more than %d names would have to be looked at", in.pattern, maxNames))
	}
	d.brokenLinks()
	d.composeProblems()
	for _, m := range d.masters {
		if !m.TooMany.IsZero() {
			d.limit(m.TooMany, fmt.Sprintf("more than %d keys or %d inclusions, those of a file counted as often as it is included", fpm.MaxEntries, fpm.MaxInclusions))
		}
		for _, missing := range m.Missing {
			if missing.Cycle {
				d.fpmCycle(missing)
			}
		}
	}
	for _, s := range d.scopes {
		if s.TooManyNames != nil {
			d.limit(s.TooManyNames.Head(), "more names of servers on all their addresses than are looked into")
		}
		if s.TooMany != nil {
			d.limit(s.TooMany.Pass.Head(), "more connections from a pass to a server than are followed; this and others were left out")
		}
	}
	configs := append(append([]*nginx.Config{}, d.mains...), d.fragments...)
	for _, c := range configs {
		for _, r := range c.Cycles {
			// Wherever the file is used, it fails; where it is not, nothing does.
			if !d.unusedNginx[c] || d.names(c.Main.File.Path) || d.names(r.Tree().File.Path) {
				d.cycle(r)
			}
		}
		if !c.TooMany.IsZero() {
			d.limit(c.TooMany.Head(), c.TooManyOf)
		}
	}
}

func (d *driver) add(at nginx.Ref, f diag.Finding) {
	d.findings = append(d.findings, reported{Finding: f, at: at})
}

// placed are the placements of the files of nginx that have errors.
func (d *driver) placed() map[*syntax.Tree][]*nginx.Placement {
	placed := map[*syntax.Tree][]*nginx.Placement{}
	for _, c := range slices.Concat(d.mains, d.fragments) {
		for b := range c.Bodies() {
			if t := b.Place.Tree; b.ID == syntax.Root && len(t.Errors) > 0 {
				placed[t] = append(placed[t], b.Place)
			}
		}
	}
	return placed
}

// syntax reports an error of a file, which is placed so.
func (d *driver) syntax(e syntax.Error, program diag.Program, places []*nginx.Placement) {
	if e.Limit {
		d.limit(e.At, "blocks are nested more than 100 deep; what is deeper was not read")
		return
	}
	f := diag.Finding{
		Rule: RuleSyntax, Severity: diag.Error, Summary: e.Summary,
		Subject: diag.Label{Span: e.At, Text: e.Hint}, Places: len(places),
	}
	if len(places) > 0 {
		f.IncludeChain = places[0].Chain()
	}
	if e.First {
		f.RefusedBy = program
		where := ""
		if e.Line > 0 {
			where = " in " + e.At.File.Path + ":" + strconv.Itoa(e.Line)
		}
		says := fmt.Sprintf("%s says: %s%s", program, e.Message, where)
		f.Notes = append(f.Notes, cmp.Or(e.Before, says))
		if e.Before == "" && !e.GaveUp.IsZero() && e.GaveUp.Line() != e.At.Line() {
			f.Related = append(f.Related, diag.Label{Span: e.GaveUp, Text: string(program) + " notices here"})
		}
	}
	if e.FixTitle != "" {
		f.Fixes = []diag.Fix{{Title: e.FixTitle, Safety: diag.Safe, Edits: []diag.Edit{{Span: e.FixAt, NewText: e.FixText}}}}
	}
	d.findings = append(d.findings, reported{Finding: f, causes: Causes{LineOf(e.At)}})
}

func (d *driver) limit(at source.Span, what string) {
	d.report.LimitReached = true
	d.add(nginx.Ref{}, diag.Finding{
		Rule: RuleReadLimit, Severity: diag.Error, Summary: "not all of this was read",
		Subject: diag.Label{Span: at, Text: what},
		Remedy:  "split the file, or leave it out with --exclude",
	})
}

func (d *driver) cycle(r nginx.Ref) {
	var related []diag.Label
	for _, s := range r.Place.Chain() {
		related = append(related, diag.Label{Span: s, Text: "on the way there"})
	}
	f := cycleFinding(r.ArgSpan(0), related)
	if source.HasGlob(r.Arg(0)) {
		// A pattern that cannot be opened matches nothing to nginx, so its own test passes.
		f.Notes = []string{"nginx reads the files again and again until it may open no more: each directive in them counts many times"}
	} else {
		if !r.Place.Block.Config.Fragment { // nobody is seen to include a fragment
			f.RefusedBy = diag.Nginx
		}
		f.Notes = []string{"nginx opens the file again and again: [emerg] open() failed (24: Too many open files)"}
	}
	d.add(r, f)
}

// fpmCycle is the same for PHP-FPM, which reads at most five files inside each other.
func (d *driver) fpmCycle(m fpm.Missing) {
	f := cycleFinding(m.At, nil)
	f.RefusedBy = diag.PHPFPM
	f.Notes = []string{"php-fpm refuses to start: ERROR: failed to include more than 5 files recursively"}
	d.add(nginx.Ref{}, f)
}

func cycleFinding(at source.Span, related []diag.Label) diag.Finding {
	return diag.Finding{
		Rule: RuleIncludeCycle, Severity: diag.Error, Summary: "a file includes itself",
		Subject: diag.Label{Span: at, Text: "leads back to a file that this one is included from"},
		Related: related,
		Remedy:  "remove the include, or narrow its pattern",
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
