package cli

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/cmd/internal/render"
	"nginx-lint/fixer"
)

// The values of --fix.
const (
	fixSafe   = "safe"
	fixUnsafe = "unsafe"
)

// fixing is what came of --fix or --diff.
type fixing struct {
	// report is on the files as they are now.
	report *diag.Report
	// done is what was written, by file; fixed counts the fixes.
	done  []render.Fixed
	fixed int
	// failed is set where a fix could not be written.
	failed bool
	// baseline is the name of the baseline that the report may propose; empty for none.
	baseline string
}

// fix writes the fixes of what was found, or prints them as a diff.
func (p *program) fix(o *options, in analyzer.Options, report *diag.Report, left *filter) (fixing, error) {
	if !o.diff {
		fixer.Sweep(fixer.OS{}, p.Dir, report.Files)
	}
	plan := fixer.Plan(report, fixer.Options{
		Check:      func(texts map[string]string) (*diag.Report, error) { return p.checkShown(o, overlaid(in, texts)) },
		Unsafe:     o.fix == fixUnsafe,
		SyntaxRule: analyzer.RuleSyntax,
		Wanted:     func(f *diag.Finding) bool { return f.Severity >= o.severity && left.keeps(p, f) },
		Editable:   p.editable(in),
	})
	for _, r := range plan.Refused {
		blame := ""
		if r.Bug {
			blame = "bug, please report: "
		}
		p.complain(blame + r.String())
	}
	for _, name := range plan.Withheld {
		p.complain(name + ": not fixed, as it is not among the paths")
	}
	if o.diff {
		failed, err := p.printDiff(o, plan.Changes)
		if err != nil {
			return fixing{}, err
		}
		return fixing{report: report, failed: failed}, nil
	}
	if err := fixer.Write(fixer.OS{}, p.Dir, plan.Changes); err != nil {
		p.complain(err.Error())
		return fixing{report: report, failed: true}, nil
	}
	return fixing{report: plan.Report, done: done(plan.Fixed), fixed: len(plan.Fixed)}, nil
}

// printDiff prints changes as a diff. Where that is not escaped, what is not to
// be shown as it is stays out; failed is set where some of it could not be printed.
func (p *program) printDiff(o *options, changes []fixer.Change) (failed bool, err error) {
	color := p.colored(o.color, p.Stdout)
	diff := func(changes []fixer.Change) (string, bool) {
		patch, err := fixer.Diff(fixer.OS{}, p.Dir, changes)
		if err != nil {
			p.complain(err.Error())
		}
		return patch, err == nil
	}
	patch, ok := diff(changes)
	if ok && !color && !render.Harmless(patch) {
		failed = true
		changes = slices.DeleteFunc(slices.Clone(changes), func(c fixer.Change) bool {
			alone, ok := diff([]fixer.Change{c})
			if ok = ok && render.Harmless(alone); !ok {
				p.complain(c.File.Path + ": not shown: its diff holds what terminals or CI runners obey; --color always shows it escaped")
			}
			return !ok
		})
		patch, ok = diff(changes)
	}
	if err := render.Patch(p.Stdout, patch, color); err != nil {
		return true, fmt.Errorf("the diff could not be written: %w", err)
	}
	return failed || !ok, nil
}

// overlaid is what is to be checked with other texts in place of files' own.
func overlaid(in analyzer.Options, texts map[string]string) analyzer.Options {
	in.FS = source.Overlay{Base: in.FS, Files: texts}
	if in.Stdin != nil {
		if text, ok := texts[path.Clean(in.Stdin.Path)]; ok {
			in.Stdin = source.NewFile(in.Stdin.Path, text)
		}
	}
	return in
}

// editable tells the files that the named paths hold, under these names or by
// where symbolic links lead: what is read along with them is not written to. Where
// none is named that is this folder, or the system's own configuration.
func (p *program) editable(in analyzer.Options) func(*source.File) bool {
	named := slices.Clone(in.Paths)
	if in.Stdin != nil {
		named = append(named, in.Stdin.Path)
	}
	absolute := p.absolute
	return func(f *source.File) bool {
		return len(named) == 0 && !strings.HasPrefix(f.Path, "../") || slices.ContainsFunc(named, func(dir string) bool {
			dir = absolute(dir)
			return source.Below(absolute(f.Path), dir) || source.Below(absolute(f.Real), dir)
		})
	}
}

// done lists fixes by the files that they are in.
func done(fixes []fixer.Fixed) []render.Fixed {
	var list []render.Fixed
	for _, f := range fixes {
		var files []string
		for _, e := range f.Fix.Edits {
			if name := e.Span.File.Path; !slices.Contains(files, name) {
				files = append(files, name)
				list = append(list, render.Fixed{Path: name, Rule: f.Finding.Rule, Title: f.Fix.Title})
			}
		}
	}
	return list
}
