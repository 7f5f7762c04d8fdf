package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// baselineVersion is the version of baseline files that is read and written.
const baselineVersion = 1

// A baseline is the findings that were there before somebody looked: they are not
// reported.
type baseline struct {
	name    string
	entries []baselineEntry
	known   map[string]bool // by fingerprint
}

func newBaseline(name string, entries []baselineEntry) *baseline {
	b := &baseline{name, entries, map[string]bool{}}
	for _, e := range entries {
		b.known[e.Fingerprint] = true
	}
	return b
}

func (b *baseline) has(f *diag.Finding) bool { return b.known[f.Fingerprint] }

// A baselineEntry is one finding of a baseline. The fingerprint decides; the rest
// says what it was.
type baselineEntry struct {
	// File is relative to the folder of the baseline.
	File        string `json:"file"`
	Rule        string `json:"rule"`
	Fingerprint string `json:"fingerprint"`
}

// readBaseline reads the baseline that is to hold, or to be written anew, if any.
func (p *program) readBaseline(o *options, s *settings) (*baseline, error) {
	name := cmp.Or(filepath.ToSlash(o.writeBaseline), filepath.ToSlash(o.baseline), s.baseline.path)
	if name == "" {
		return nil, nil //nolint:nilnil // there need not be one
	}
	text, err := source.OS{Dir: p.Dir}.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.writeBaseline != "":
		return newBaseline(name, nil), nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, usagef("%s: no such baseline; --write-baseline %s makes one", name, name)
	case err != nil:
		return nil, usagef("%s: %s", name, reason(err))
	}
	var read struct {
		Version  *int            `json:"version"`
		Findings []baselineEntry `json:"findings"`
	}
	err = json.Unmarshal([]byte(text), &read)
	switch {
	case o.writeBaseline != "" && (read.Version == nil || err != nil):
		// One with the marks of a merge is made anew.
		if head := strings.TrimSpace(text); head != "" && !strings.HasPrefix(head, `{"version"`) {
			return nil, usagef("%s: no baseline of nginx-lint, and is not written over", name)
		}
		return newBaseline(name, nil), nil
	case err != nil && read.Version == nil, read.Version == nil, *read.Version < 1:
		return nil, usagef("%s: no baseline of nginx-lint; --write-baseline makes one", name)
	case *read.Version > baselineVersion:
		return nil, usagef("%s: a baseline of version %d, from a newer nginx-lint: this one reads version %d", name, *read.Version, baselineVersion)
	case err != nil:
		return nil, usagef("%s: a damaged baseline: %v", name, err)
	}
	return newBaseline(name, read.Findings), nil
}

// park takes the findings of the baseline out of a report, and counts them.
func (b *baseline) park(report *diag.Report) {
	before := len(report.Findings)
	report.Findings = slices.DeleteFunc(report.Findings, func(f diag.Finding) bool { return b.has(&f) })
	report.Parked += before - len(report.Findings)
}

// whole reports whether a run says of the files that it reads all that there is to say.
func (o *options) whole(in analyzer.Options) bool {
	return len(o.exclude) == 0 && in.Dump == nil && !slices.ContainsFunc(o.args, isStdin)
}

// stale are the entries that are certainly found no more.
func (b *baseline) stale(p *program, in analyzer.Options, report *diag.Report) []baselineEntry {
	found, read := map[string]bool{}, map[string]*source.File{}
	for _, f := range report.Findings {
		if f.Rule == analyzer.RuleSyntax {
			return nil // what stands behind it is not known
		}
		found[f.Fingerprint] = true
	}
	if len(report.Failures) > 0 || report.LimitReached {
		return nil
	}
	for _, f := range report.Files {
		read[p.absolute(f.Path)] = f
	}
	named, fsys := p.editable(in), source.OS{Dir: p.Dir}
	var stale []baselineEntry
	for _, e := range b.entries {
		name := path.Join(path.Dir(b.name), e.File)
		file := read[p.absolute(name)]
		if file == nil {
			if _, err := fsys.Stat(name); !errors.Is(err, fs.ErrNotExist) {
				continue // there, and not read this time
			}
			file = source.NewFile(name, "")
		}
		ran := slices.ContainsFunc(in.Rules, func(r *analyzer.Rule) bool { return r.ID == e.Rule })
		if !found[e.Fingerprint] && ran && named(file) {
			stale = append(stale, e)
		}
	}
	return stale
}

// shownStale is how many stale entries are named.
const shownStale = 3

// tellStale says which entries of the baseline are of no use any more.
func (p *program) tellStale(b *baseline, stale []baselineEntry) {
	if len(stale) == 0 {
		return
	}
	var names []string
	for _, e := range stale[:min(len(stale), shownStale)] {
		names = append(names, e.Rule+" in "+e.File)
	}
	if more := len(stale) - shownStale; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	entries := "entries are"
	if len(stale) == 1 {
		entries = "entry is"
	}
	p.complain(fmt.Sprintf("%s: %d %s found no more (%s); --write-baseline %s leaves out what is gone", b.name, len(stale), entries, strings.Join(names, ", "), b.name))
}

// writeBaseline writes the findings of a report to a file, takes them out of it, and
// says how they stay out. What the file had before and this run did not look for,
// since it was about other paths or rules, stays in it.
func (p *program) writeBaseline(o *options, s *settings, in analyzer.Options, before *baseline, report *diag.Report) error {
	var entries []baselineEntry
	dir := p.absolute(path.Dir(filepath.ToSlash(o.writeBaseline)))
	for i := range report.Findings {
		f := &report.Findings[i]
		if f.Severity < o.severity {
			continue
		}
		name := f.Subject.Span.File.Path
		if rel, err := filepath.Rel(dir, p.absolute(name)); err == nil {
			name = filepath.ToSlash(rel)
		}
		entries = append(entries, baselineEntry{name, f.Rule, f.Fingerprint})
	}
	kept := 0
	now, gone := newBaseline("", entries), newBaseline("", nil)
	if o.whole(in) {
		gone = newBaseline("", before.stale(p, in, report))
	}
	for _, e := range before.entries {
		if !now.known[e.Fingerprint] && !gone.known[e.Fingerprint] {
			entries, kept = append(entries, e), kept+1
		}
	}
	slices.SortFunc(entries, func(a, b baselineEntry) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Fingerprint, b.Fingerprint))
	})
	// An entry a line, for those who compare versions of the file.
	var text bytes.Buffer
	fmt.Fprintf(&text, "{\"version\": %d, \"findings\": [", baselineVersion)
	for i, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "\n  %s", line)
	}
	text.WriteString("\n]}\n")
	name := o.writeBaseline
	if !filepath.IsAbs(name) {
		name = filepath.Join(p.Dir, name)
	}
	if err := os.WriteFile(name, text.Bytes(), 0o644); err != nil { //nolint:gosec // it is committed, for others to read
		return fmt.Errorf("the baseline could not be written: %w", err)
	}
	newBaseline(name, entries).park(report)
	if o.quiet {
		return nil
	}
	findings := fmt.Sprintf("%d findings", len(entries))
	if len(entries) == 1 {
		findings = "1 finding"
	}
	said := fmt.Sprintf("wrote %s: %s", o.writeBaseline, findings)
	if kept > 0 {
		said += fmt.Sprintf(", %d of them from before, for which this run did not look", kept)
	}
	if len(entries) > 0 && (s.baseline.path == "" || p.absolute(s.baseline.path) != p.absolute(o.writeBaseline)) {
		said += fmt.Sprintf("; with `baseline: %s` in %s, or --baseline %s, they are not reported again", o.writeBaseline, settingsName, o.writeBaseline)
	}
	p.complain(said)
	return nil
}

// absolute is a path of this run as an absolute one, where the folder is known.
func (p *program) absolute(name string) string {
	if name = filepath.ToSlash(name); source.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(filepath.ToSlash(p.Dir), name)
}
