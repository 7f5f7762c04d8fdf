package analyzer

import (
	"iter"
	"path"
	"slices"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// An Override says at which levels rules report what they find in some paths.
type Override struct {
	// Paths are glob patterns as those of Options.Exclude; a folder's holds for all in it.
	Paths []string
	// Levels are severities by rule, OffLevel for none: in these paths they win over
	// Options.Levels, and over those of earlier overrides.
	Levels map[string]diag.Severity
}

// OffLevel is the level at which nothing that a rule finds is reported.
const OffLevel diag.Severity = 0

// A level is what becomes of the findings of a rule in a file.
type level struct {
	// severity takes the place of their own; zero keeps it.
	severity diag.Severity
	// off is set where they are not reported.
	off bool
	// asked is set where the rule was asked for by name.
	asked bool
}

// level is that of a rule's findings in a file.
func (p *project) level(rule, name string) level {
	l := level{asked: slices.Contains(p.opts.Asked, rule)}
	if s, ok := p.opts.Levels[rule]; ok {
		l.severity, l.off = s, s == OffLevel
	}
	for _, o := range p.opts.Overrides {
		if s, ok := o.Levels[rule]; ok && p.covers(o, name) {
			l = level{severity: s, off: s == OffLevel, asked: s != OffLevel}
		}
	}
	return l
}

// covers reports whether an override is about a file, or about a folder that holds it.
func (p *project) covers(o Override, name string) bool {
	for _, name := range []string{path.Clean(name), p.links.real(name)} {
		for at := range p.upwards(name) {
			if p.matches(o.Paths, at) {
				return true
			}
		}
	}
	return false
}

// upwards are a path and the folders that hold it, as they are written from here.
func (p *project) upwards(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at, full := path.Clean(name), p.abs(path.Clean(name)); yield(at) && full != path.Dir(full); full = path.Dir(full) {
			at = p.short(path.Join(at, ".."))
		}
	}
}

// matches reports whether one of the patterns is of a path.
func (p *project) matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return source.MatchPath(pattern, name) || source.IsAbs(pattern) && source.MatchPath(pattern, p.abs(name))
	})
}

// wantedLevels leaves out the findings that are not to be reported where they are.
func (d *driver) wantedLevels(found []reported) []reported {
	infoOff := map[string]bool{}
	for _, r := range d.opts.Rules {
		infoOff[r.ID] = r.InfoOff
	}
	return slices.DeleteFunc(found, func(f reported) bool {
		l := d.level(f.Rule, f.Subject.Span.File.Path)
		return l.off || infoOff[f.Rule] && f.Severity == diag.Info && !l.asked
	})
}
