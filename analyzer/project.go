package analyzer

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// A project is one run's reading: from paths to scopes.
type project struct {
	opts  Options
	files *files
	// tops are the folders searched, cleaned.
	tops []string
	// named are the paths that findings are wanted for; empty for all.
	named []string
	// links is what opts.FS is read through.
	links *links
	// outer is the file system that is not confined to the root: nothing is read
	// from it but whether there is a repository around the root.
	outer source.FS
	// targets are the files that links in the tree lead to, and that are read under
	// the links' names.
	targets map[string]bool
	// spare is a file that was passed over as a copy out of use; "" for none.
	spare string
	// reached are the broken links that are named or that an include matches.
	reached map[string]bool
	// included are the files that includes have led to, by host and real path: each
	// is read once, under the name that it was first met by.
	included map[location]*file
	// globs are the patterns expanded, namesLeft how many names may still be looked
	// at, and tooManyNames the first pattern for which that was not enough.
	globs        map[string][]string
	namesLeft    int
	tooManyNames struct{ main, pattern string }

	// composeFiles are those that the search has met.
	composeFiles []string
	// unitFiles are those of systemd that the search has met, appFiles what gunicorn
	// and uWSGI are configured by, by the usual names.
	unitFiles, appFiles []string
	appsLeft            int // see apps
	services            services

	mains     []*nginx.Config
	fragments []*nginx.Config
	masters   []*fpm.Master
	// unusedNginx and unusedFPM are those that are not in force: the main files
	// beside them leave them out.
	unusedNginx map[*nginx.Config]bool
	filled      map[string]bool // folders that are known to have entries, or none
	missingLeft int             // see mayInclude
	unusedFPM   map[*fpm.Master]bool
	scopes      []*stack.Scope

	mu       sync.Mutex
	report   diag.Report
	failures map[string]error
}

// A location is a file, whatever links lead to it, as one host knows it.
type location struct{ root, real string }

// Run reads what the options name, runs the rules and returns their findings in
// their final order. A *UsageError says that there was nothing to check.
func Run(opts Options) (*diag.Report, error) {
	p := newProject(opts)
	switch err := p.read(); {
	case errors.Is(err, errTooMuch):
		return p.tooMuch(), nil
	case err != nil:
		return nil, err
	}
	d := &driver{project: p}
	d.run(p.join)
	if p.files.left.Load() < 0 {
		return p.tooMuch(), nil
	}
	return d.finish(), nil
}

// Read reads what the options name and gives the scopes of it: what runs together,
// joined as rules see it. Options that are about findings say nothing to it.
// What a file among the failures could set is unknown in the scopes, as is all else
// that was not read. A *UsageError says that there is nothing to read.
func Read(opts Options) (scopes []*stack.Scope, failures []diag.Failure, err error) {
	p := newProject(opts)
	if err := p.read(); err != nil {
		return nil, nil, err
	}
	if p.join(); p.files.left.Load() < 0 {
		return nil, nil, errTooMuch
	}
	for _, f := range p.files.byPath {
		if tooLarge(f.err) {
			p.fail(f.path, f.err)
		}
	}
	return p.scopes, p.failed(), nil
}

// read reads the configurations and sorts them into scopes. Its error is errTooMuch
// where the files together are more than is read.
func (p *project) read() error {
	candidates, err := p.gather()
	if err != nil {
		return err
	}
	if err := p.load(candidates); err != nil {
		return err
	}
	if p.files.left.Load() < 0 {
		return errTooMuch
	}
	p.group()
	return nil
}

// join joins what runs together. It reads further files, and changes nothing of the
// configurations, which rules may look at meanwhile.
func (p *project) join() {
	containers, budget := map[string]bool{}, stack.NewBudget()
	for _, s := range p.scopes {
		s.Container = p.inContainer(s, containers)
		s.Documents = &documents{p: p, scope: s}
		stack.Build(s, budget)
		p.userINIs(s)
	}
}

// failed are the files that could not be read, sorted by path.
func (p *project) failed() []diag.Failure {
	var failures []diag.Failure
	for name, err := range p.failures {
		failures = append(failures, diag.Failure{Path: name, Err: err})
	}
	slices.SortFunc(failures, func(a, b diag.Failure) int { return strings.Compare(a.Path, b.Path) })
	return failures
}

// tooMuch is the report where the files together are more than is read. Nothing
// else is reported: which of them were read first is chance.
func (p *project) tooMuch() *diag.Report {
	d := &driver{project: p}
	name := "."
	if len(p.named) > 0 {
		name = p.named[0]
	}
	d.limit(source.Span{File: source.NewFile(name, "")}, errTooMuch.Error())
	d.report.Findings = []diag.Finding{d.findings[0].Finding}
	d.report.Findings[0].Places = 1
	return &d.report
}

func newProject(opts Options) *project {
	if opts.Dump != nil {
		opts.FS, opts.Paths, opts.Root, opts.Prefix, opts.PathMap = opts.Dump, nil, "/", "", nil
	}
	opts.Root, opts.Prefix = filepath.ToSlash(opts.Root), filepath.ToSlash(opts.Prefix)
	l := &links{FS: opts.FS, to: map[string]string{}, broken: map[string]string{}}
	opts.FS = l
	return &project{
		opts: opts, files: newFiles(l), links: l, outer: l.FS,
		globs: map[string][]string{}, namesLeft: maxNames,
		targets: map[string]bool{}, reached: map[string]bool{}, included: map[location]*file{}, failures: map[string]error{},
		filled: map[string]bool{}, missingLeft: maxMissing, appsLeft: maxApps,
		unusedNginx: map[*nginx.Config]bool{}, unusedFPM: map[*fpm.Master]bool{},
	}
}

// short is a path with as few steps upwards as there can be, so that every file
// has one name: `../nginx/x` in the folder nginx is `x`.
func (p *project) short(name string) string {
	name = path.Clean(name)
	if p.opts.Dir == "" || !strings.HasPrefix(name, "..") {
		return name
	}
	if rel, err := filepath.Rel(filepath.ToSlash(p.opts.Dir), p.abs(name)); err == nil {
		return filepath.ToSlash(rel)
	}
	return name
}

// abs is the absolute form of a path, where the folder of relative ones is known.
func (p *project) abs(name string) string {
	if source.IsAbs(name) || p.opts.Dir == "" {
		return name
	}
	return path.Join(filepath.ToSlash(p.opts.Dir), name)
}

// hostRoot is hostRoot of a path; one that is found only above the current
// folder is written relative to it.
func (p *project) hostRoot(name string) (string, bool) {
	if root, ok := p.declaredRoot(name); ok {
		return root, true
	}
	// That /usr/local stands before etc may be known above the current folder only.
	cut := strings.HasPrefix(name, "etc/") || strings.HasPrefix(name, "local/etc/")
	if root, ok := hostRoot(name); ok && (!cut || p.opts.Dir == "" || p.opts.Dir == "/") {
		return root, true
	}
	root, ok := hostRoot(p.abs(name))
	if !ok || root == "/" {
		return root, ok
	}
	if rel, err := filepath.Rel(p.opts.Dir, root); err == nil {
		return filepath.ToSlash(rel), true
	}
	return root, true
}

// below reports whether a path is a folder or stands in it, however both are written.
func (p *project) below(name, dir string) bool { return source.Below(p.abs(name), p.abs(dir)) }

// wanted notes that a file was read, and why.
func (p *project) wanted(f *file, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !f.reported && !f.own() {
		f.reported = true
		p.report.Files = append(p.report.Files, f.src)
		p.report.Notes = append(p.report.Notes, diag.ReadNote{Path: f.path, Why: why})
	}
}

// template notes that a file is filled in by a program before a server reads it, so that it is not judged.
func (p *project) template(f *file) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := diag.Unresolved{Span: source.Span{File: f.src}, Reason: diag.Template, What: path.Base(f.path)}
	if !slices.Contains(p.report.Unresolved, u) {
		p.report.Unresolved = append(p.report.Unresolved, u)
	}
}

// unreadable notes that a file that should have been checked could not be read.
func (p *project) unreadable(f *file) {
	if f.err != nil && !tooLarge(f.err) && !errors.Is(f.err, source.ErrOutside) && !p.dangling(f.path) {
		p.fail(f.path, f.err)
	}
}

func (p *project) fail(name string, err error) {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures[name] = fmt.Errorf("cannot read: %w", err)
}
