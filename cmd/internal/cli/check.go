package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/cmd/internal/render"
)

// lint checks the paths, reports, and gives the exit code.
func (p *program) lint(o *options) (int, error) {
	s, err := p.settings(o)
	if err == nil && len(o.args) == 0 {
		err = s.checkPaths(source.OS{Dir: p.Dir})
	}
	if err == nil {
		err = o.checkPlaces(source.OS{Dir: p.Dir})
	}
	if wrong, ok := errors.AsType[settingsError](err); ok {
		return exitUsage, p.showSettingsError(o, wrong)
	}
	if err != nil {
		return 0, err
	}
	selected, err := p.selectRules(o, s)
	if err != nil {
		return 0, err
	}
	in := analyzer.Options{
		FS:           source.OS{Dir: p.Dir},
		Dir:          filepath.ToSlash(p.Dir),
		Paths:        slices.DeleteFunc(slices.Clone(o.args), isStdin),
		Root:         o.root,
		Prefix:       o.prefix,
		PathMap:      o.pathMap,
		Context:      o.context,
		Kind:         o.kind,
		NginxVersion: o.nginxVersion,
		PHPVersion:   o.phpVersion,
		NginxUser:    o.nginxUser,
		Exclude:      o.exclude,
		Rules:        selected,
		Known:        p.ruleIDs(),
		Accounts:     o.verbose,
	}
	s.apply(o, &in)
	if slices.ContainsFunc(o.args, isStdin) {
		if in.Stdin, err = p.readStdin(o.stdinName); err != nil {
			return 0, err
		}
	}
	if err := dumped(o, &in); err != nil {
		return 0, err
	}
	p.unsaved(&in)
	left, err := p.newFilter(o, s)
	if err != nil {
		return 0, err
	}
	report, err := p.checkShown(o, in)
	if err != nil {
		return 0, o.misread(err)
	}
	if !o.quiet && elsewhere(in, report) {
		p.complain("no configuration in this folder: this is about the system's own, such as " + report.Files[0].Path)
	}
	if err := p.spares(o, s, report); err != nil {
		return 0, err
	}
	f := fixing{report: report}
	if o.fix != "" || o.diff {
		if f, err = p.fix(o, in, report, left); err != nil {
			return 0, err
		}
		report = f.report
	}
	stale := left.apply(p, in, report)
	if o.writeBaseline != "" {
		if err := p.writeBaseline(o, s, in, left.before, report); err != nil {
			return 0, err
		}
	} else if left.baseline == nil && left.changed == nil && in.Dump == nil && !slices.ContainsFunc(o.args, isStdin) {
		f.baseline = baselineName
	}
	if !o.quiet && left.baseline != nil && o.whole(in) {
		p.tellStale(left.baseline, stale)
	}
	if s.file != nil {
		report.Notes = append([]diag.ReadNote{{Path: s.file.Path, Why: "the settings"}}, report.Notes...)
	}
	for _, f := range report.Failures {
		p.complain(f.Path + ": " + reason(f.Err))
	}
	if o.verbose {
		if err := render.Details(p.Stderr, report); err != nil {
			return 0, err
		}
	}
	if err := p.report(o, f); err != nil {
		return 0, fmt.Errorf("the report could not be written: %w", err)
	}
	if f.failed {
		return exitFailed, nil
	}
	return exitCode(report, o), nil
}

// elsewhere reports whether nothing was named, nothing was found here, and so the
// system's own configuration was checked.
func elsewhere(in analyzer.Options, report *diag.Report) bool {
	nothing := len(in.Paths) == 0 && in.Stdin == nil && in.Dump == nil && in.Root == ""
	return nothing && in.Dir != "/" && len(report.Files) > 0 && !slices.ContainsFunc(report.Files, func(f *source.File) bool { return !path.IsAbs(f.Path) })
}

// spares refuses to write the report over what was read: a path that was meant to be
// checked, behind a flag that takes a file.
func (p *program) spares(o *options, s *settings, report *diag.Report) error {
	read := slices.Clone(report.Files)
	if s.file != nil {
		read = append(read, s.file)
	}
	if o.output == "" {
		return nil
	}
	at := []string{p.absolute(o.output)}
	if to, err := (source.OS{Dir: p.Dir}).Real(filepath.ToSlash(o.output)); err == nil {
		at = append(at, to)
	}
	if slices.ContainsFunc(read, func(f *source.File) bool {
		return slices.Contains(at, p.absolute(f.Path)) || f.Real != "" && slices.Contains(at, p.absolute(f.Real))
	}) {
		return usagef("--output %s: this file was read, and is not written over", o.output)
	}
	return nil
}

// checkPlaces refuses flags that send the reader where there is nothing: all would
// be unknown, and so silent. An absolute prefix is mostly that of another machine.
func (o *options) checkPlaces(fsys source.FS) error {
	for i, m := range o.pathMap {
		if _, err := fsys.Stat(m.To); errors.Is(err, fs.ErrNotExist) {
			return usagef("--path-map %s: no such file or folder", o.mappings[i])
		}
	}
	if o.kind != "" && !slices.ContainsFunc(o.args, func(name string) bool {
		info, err := fsys.Stat(name)
		return err != nil || !info.IsDir()
	}) {
		return usagef("--kind says what a named file is: none is named, and in folders each tells by itself")
	}
	if o.prefix != "" && !filepath.IsAbs(o.prefix) {
		if info, err := fsys.Stat(o.prefix); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			return usagef("--prefix %s: no such folder", o.prefix)
		}
	}
	return nil
}

// misread adds to an error about a path that is not there what word of the command
// line it was perhaps meant to be.
func (o *options) misread(err error) error {
	for _, name := range o.args {
		if err.Error() != name+": no such file or folder" {
			continue
		}
		switch {
		case o.fix != "" && (name == fixSafe || name == fixUnsafe):
			return usagef("%v; did you mean --fix=%s?", err, name)
		case name == configInit || name == configSchema:
			return usagef("%v; did you mean \"config %s\"?", err, name)
		case !strings.ContainsAny(name, `./\`):
			return usagef("%v%s", err, didYouMean(name, commandNames()))
		}
	}
	return err
}

// dumped makes the input what `nginx -T` printed, where that is all there is.
func dumped(o *options, in *analyzer.Options) error {
	if len(o.args) != 1 {
		return nil
	}
	text := ""
	if in.Stdin != nil {
		text = in.Stdin.Text
	} else if info, err := in.FS.Stat(o.args[0]); err == nil && info.Mode().IsRegular() {
		if text, err = in.FS.ReadFile(o.args[0]); err != nil {
			return nil //nolint:nilerr // the check reports what cannot be read
		}
	}
	dump, ok := source.ParseDump(text)
	switch {
	case !ok:
		return nil
	case o.fix != "" || o.diff:
		return usagef("%s is what nginx -T printed: only the files themselves can be fixed", o.args[0])
	case o.root != "":
		return usagef("%s is what nginx -T printed: it says where its files lie, so there is no --root", o.args[0])
	}
	in.Dump, in.Paths, in.Stdin = &dump, nil, nil
	return nil
}

// unsaved makes standard input the text of a file, where it has the name of one: an
// editor's, that is to be checked with all that belongs to it. A link keeps its own.
func (p *program) unsaved(in *analyzer.Options) {
	disk := source.OS{Dir: p.Dir}
	if in.Stdin == nil {
		return
	}
	name := path.Clean(in.Stdin.Path)
	info, err := disk.Stat(name)
	if _, link := disk.Readlink(name); err != nil || !info.Mode().IsRegular() || link == nil {
		return
	}
	fulls := []string{p.absolute(name)}
	if at, err := disk.Real(name); err == nil {
		fulls = append(fulls, at)
	}
	texts := map[string]string{name: in.Stdin.Text}
	for _, full := range fulls {
		texts[full] = in.Stdin.Text
		if rel, err := filepath.Rel(p.Dir, full); err == nil {
			texts[filepath.ToSlash(rel)] = in.Stdin.Text
		}
	}
	in.FS, in.Paths, in.Stdin = source.Overlay{Base: in.FS, Files: texts}, append(in.Paths, name), nil
}

// A filter leaves findings out of a report.
type filter struct {
	baseline *baseline // nil for none
	before   *baseline // of the one that is to be written, what was in it
	// changed are the files that findings are wanted of; nil for all.
	changed map[string]bool
}

func (p *program) newFilter(o *options, s *settings) (f *filter, err error) {
	f = &filter{}
	if f.baseline, err = p.readBaseline(o, s); err != nil {
		return nil, err
	}
	if o.writeBaseline != "" {
		f.baseline, f.before = nil, f.baseline
	}
	if o.changedSince != "" {
		f.changed, err = p.changedSince(o.changedSince)
	}
	return f, err
}

// keeps reports whether a finding is to be reported.
func (left *filter) keeps(p *program, f *diag.Finding) bool {
	return (left.baseline == nil || !left.baseline.has(f)) && (left.changed == nil || p.touches(left.changed, f))
}

// apply leaves out what is not to be reported, and gives the entries of the baseline
// that are of no use any more.
func (left *filter) apply(p *program, in analyzer.Options, report *diag.Report) (stale []baselineEntry) {
	if left.baseline != nil {
		stale = left.baseline.stale(p, in, report)
		left.baseline.park(report)
	}
	report.Findings = slices.DeleteFunc(report.Findings, func(f diag.Finding) bool { return !left.keeps(p, &f) })
	return stale
}

func isStdin(path string) bool { return path == "-" }

func (p *program) readStdin(name string) (*source.File, error) {
	text, err := io.ReadAll(io.LimitReader(p.Stdin, source.MaxFileSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("standard input: %w", err)
	case len(text) > source.MaxFileSize:
		return nil, fmt.Errorf("standard input: %w", source.ErrTooLarge)
	}
	return source.NewFile(cmp.Or(filepath.ToSlash(name), "<stdin>"), string(text)), nil
}

// reason is an error's text without the path that stands before it already.
func reason(err error) string {
	var in *fs.PathError
	if errors.As(err, &in) && in.Error() == err.Error() {
		return in.Err.Error()
	}
	return err.Error()
}

// report writes the report to where it is wanted; an output file is written only
// once the report is complete.
func (p *program) report(o *options, f fixing) error {
	switch {
	case o.output != "":
	case o.diff:
		return p.write(p.Stderr, o, f)
	default:
		return p.write(p.Stdout, o, f)
	}
	var b bytes.Buffer
	if err := p.write(&b, o, f); err != nil {
		return err
	}
	name := o.output
	if !filepath.IsAbs(name) {
		name = filepath.Join(p.Dir, name)
	}
	return os.WriteFile(name, b.Bytes(), 0o644) //nolint:gosec // a report is for others to read
}

func (p *program) write(w io.Writer, o *options, f fixing) error {
	if format, ok := render.Formats[o.format]; ok {
		return format(w, f.report, render.Options{
			Version:  version(),
			Severity: o.severity,
			FailOn:   o.failOn,
			Fixed:    f.fixed,
			Rules:    described(p.rules),
		})
	}
	return render.Text(w, f.report, render.TextOptions{
		Severity: o.severity,
		Color:    p.colored(o.color, w),
		Quiet:    o.quiet,
		Listed:   o.verbose,
		Short:    !o.all && !o.diff && p.terminal(w),
		Next:     &render.Next{Fixing: o.fix != "" || o.diff, Unsafe: o.fix == fixUnsafe, Baseline: f.baseline},
		Fixed:    f.done,
		Mended:   f.fixed,
	})
}

// colored decides on colour for what is written to w. A choice on the command line
// wins over NO_COLOR, and that over CLICOLOR_FORCE.
func (p *program) colored(when string, w io.Writer) bool {
	switch when {
	case "always":
		return true
	case "never":
		return false
	}
	if p.Getenv("NO_COLOR") != "" {
		return false
	}
	if force := p.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return p.Getenv("TERM") != "dumb" && isTerminal(w)
}

func exitCode(r *diag.Report, o *options) int {
	counts := func(f diag.Finding) bool {
		return o.failOn != 0 && f.Severity >= max(o.failOn, o.severity)
	}
	switch {
	case len(r.Failures) > 0, r.LimitReached:
		return exitFailed
	case slices.ContainsFunc(r.Findings, counts):
		return exitFindings
	}
	return exitClean
}

// selectRules are the rules that --only and --skip leave, and where they say
// nothing, the settings.
func (p *program) selectRules(o *options, s *settings) ([]*analyzer.Rule, error) {
	for _, id := range slices.Concat(o.only, o.skip) {
		if _, err := p.rule(id); err != nil {
			return nil, err
		}
	}
	if len(o.only) == 0 && o.flags.Changed("only") {
		return nil, usagef("--only names no rule")
	}
	var selected []*analyzer.Rule
	for _, r := range p.rules {
		skipped := slices.Contains(o.skip, r.ID)
		if skipped && r.Always {
			return nil, usagef("--skip %s: this rule always runs", r.ID)
		}
		wanted := s.wants(r)
		if len(o.only) > 0 {
			wanted = slices.Contains(o.only, r.ID)
		}
		if r.Always || wanted && !skipped {
			selected = append(selected, r)
		}
	}
	return selected, nil
}

// rule finds a rule by id.
func (p *program) rule(id string) (*analyzer.Rule, error) {
	for _, r := range p.rules {
		if r.ID == id {
			return r, nil
		}
	}
	if hint := didYouMean(id, p.ruleIDs()); hint != "" {
		return nil, usagef("unknown rule %q%s", id, hint)
	}
	return nil, usagef("unknown rule %q: `nginx-lint rules` lists them", id)
}

func (p *program) ruleIDs() []string {
	ids := make([]string, len(p.rules))
	for i, r := range p.rules {
		ids[i] = r.ID
	}
	return ids
}
