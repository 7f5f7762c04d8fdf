package analyzer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
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
	d.run()
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
	for _, f := range p.files.byPath {
		if tooLarge(f.err) {
			p.fail(f.path, f.err)
		}
	}
	return p.scopes, p.failed(), nil
}

// read reads the configurations and joins them. Its error is errTooMuch where the
// files together are more than is read.
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
	containers, budget := map[string]bool{}, stack.NewBudget()
	for _, s := range p.scopes {
		s.Container = p.inContainer(s, containers)
		s.Documents = &documents{p: p, scope: s}
		stack.Build(s, budget)
		p.userINIs(s)
	}
	if p.files.left.Load() < 0 {
		return errTooMuch
	}
	return nil
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

// gather lists the files to look into.
func (p *project) gather() ([]*file, error) {
	if p.opts.Dump != nil {
		return []*file{p.files.get(p.opts.Dump.Names[0])}, nil
	}
	if err := p.checkRoot(); err != nil {
		return nil, err
	}
	var places []string
	for _, name := range p.opts.Paths {
		name = p.short(filepath.ToSlash(name))
		if p.outside(name) {
			return nil, &UsageError{name + ": not below --root " + p.opts.Root}
		}
		link := p.follow(name)
		info, err := p.opts.FS.Stat(name)
		switch {
		case link && errors.Is(err, fs.ErrNotExist):
			p.reached[name] = true
			places = append(places, p.repository(name)...)
		case errors.Is(err, fs.ErrNotExist):
			return nil, &UsageError{name + ": no such file or folder"}
		case err != nil:
			p.fail(name, err)
			continue
		case info.IsDir():
			places = append(places, p.together(name)...)
		case p.isCompose(name):
			p.composeFiles = append(p.composeFiles, name)
			if around := p.repository(name); len(around) > 0 {
				places = append(places, around...)
			} else {
				places = append(places, path.Dir(name))
			}
		default:
			places = append(append(places, name), p.repository(name)...)
		}
		p.named = append(p.named, name)
	}
	if p.opts.Stdin != nil {
		p.files.put(p.opts.Stdin)
		places = append(places, p.opts.Stdin.Path)
		p.named = append(p.named, path.Clean(p.opts.Stdin.Path))
	}
	p.bound(places)
	if len(p.opts.Paths) == 0 && p.opts.Stdin == nil {
		return p.unnamed(), nil
	}
	return p.candidates(append(places, p.declaredPlaces(p.named)...)), nil
}

// bound says where the run reads: what was named, with its repository and, of a
// host's tree, the host; where nothing else tells what belongs to a file, its folder.
func (p *project) bound(places []string) {
	b := newBounds(p.links.FS, p.abs)
	defer func() { p.links.bounds = b }()
	if p.opts.Root != "" {
		b.admit(p.opts.Root)
		return
	}
	for _, name := range slices.Concat(p.named, places) {
		b.admit(name)
		p.surroundings(b, name)
	}
	for _, m := range p.opts.PathMap {
		b.admit(m.To)
	}
	if p.opts.Prefix != "" {
		b.admit(p.opts.Prefix)
	}
	for _, s := range p.opts.Scopes {
		for _, name := range slices.Concat(s.Nginx, s.PHPFPM) {
			b.admit(name)
			p.surroundings(b, name)
		}
		if s.Root != "" {
			b.admit(s.Root)
		}
	}
}

// surroundings admits what belongs to a named path.
func (p *project) surroundings(b *bounds, name string) {
	if root, ok := p.hostRoot(name + "/x"); ok && root == "/" {
		b.admitMachine()
	} else if ok {
		b.admit(root)
	}
	if top, ok := p.marked(name); ok {
		b.admit(top)
	} else if info, err := p.links.FS.Stat(name); err != nil || !info.IsDir() {
		b.admit(path.Dir(name))
	}
}

// marked is the nearest folder that is the top of a repository, or holds settings.
func (p *project) marked(name string) (top string, ok bool) {
	for at, up := p.abs(name), name; ; at, up = path.Dir(at), path.Join(up, "..") {
		if p.isMarked(up) {
			return p.short(up), true
		}
		if at == "/" || at == "." || path.Dir(at) == at {
			return "", false
		}
	}
}

func (p *project) isMarked(dir string) bool {
	return slices.ContainsFunc([]string{".nginx-lint.yaml", ".git"}, func(mark string) bool {
		_, err := p.outer.Stat(path.Join(dir, mark))
		return err == nil
	})
}

// checkRoot refuses a root that is no folder: nothing would be found below it.
func (p *project) checkRoot() error {
	if p.opts.Root == "" {
		return nil
	}
	info, err := p.opts.FS.Stat(p.opts.Root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &UsageError{"--root " + p.opts.Root + ": no such folder"}
	case err == nil && !info.IsDir():
		return &UsageError{"--root " + p.opts.Root + ": not a folder"}
	case err != nil:
		return err
	}
	if fsys, ok := p.links.FS.(source.Confiner); ok {
		p.links.FS, err = fsys.Confine(p.opts.Root)
	}
	return err
}

// outside reports whether a path lies where --root says that nothing is read.
func (p *project) outside(name string) bool {
	return p.opts.Root != "" && !p.below(name, p.opts.Root)
}

// unnamed is this folder, when it holds any configuration, else the system's
// own; with --root, what lies below it. The top of the file system is no folder of configuration.
func (p *project) unnamed() []*file {
	top := "."
	if p.outside(top) {
		top = p.opts.Root
	}
	if p.abs(top) != "/" {
		p.links.bounds.admit(top)
		p.surroundings(p.links.bounds, top)
		here := p.candidates(append([]string{top}, p.declaredPlaces([]string{top})...))
		parallel(here, func(f *file) { p.classify(f) })
		for _, f := range here {
			if p.classify(f) != kindOther {
				return here
			}
		}
	}
	p.tops = nil
	if p.opts.Root == "" {
		p.links.bounds.admitMachine()
	}
	return p.candidates(append(p.siblings(path.Join(p.opts.Root, "/etc")), p.siblings(path.Join(p.opts.Root, "/usr/local/etc"))...))
}

// candidates are the files to look into, in the order of their paths: those
// named and those found in folders.
func (p *project) candidates(places []string) []*file {
	found := found{targets: p.targets}
	for _, name := range places {
		if p.outside(name) && !p.names(name) {
			if !p.below(p.opts.Root, name) {
				continue
			}
			name = p.opts.Root // the rest of its repository is not to be read
		}
		info, err := p.opts.FS.Stat(name)
		if err != nil || !info.IsDir() {
			found.files = append(found.files, p.local(name))
			continue
		}
		if slices.Contains(p.tops, name) {
			continue
		}
		p.tops = append(p.tops, name)
		if err := p.search(name, &found, 0); err != nil {
			p.fail(name, err)
		}
	}
	p.spare = cmp.Or(p.spare, found.spare)
	slices.Sort(found.files)
	list := make([]*file, 0, len(found.files))
	for _, name := range slices.Compact(found.files) {
		list = append(list, p.files.get(name))
	}
	return list
}

// together is a folder with those beside it that belong to it: nginx and PHP in one `etc`.
func (p *project) together(dir string) []string {
	full := p.abs(dir)
	for at, up := full, dir; ; at, up = path.Dir(at), path.Join(up, "..") {
		if path.Base(path.Dir(at)) == "etc" {
			return append([]string{dir}, p.siblings(path.Join(up, ".."))...)
		}
		if at == "/" || at == "." || path.Dir(at) == at {
			return []string{dir}
		}
	}
}

// siblings are what belongs to nginx and PHP-FPM in an `etc`.
func (p *project) siblings(etc string) []string {
	entries, err := p.opts.FS.ReadDir(etc)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if name == "php-fpm.conf" || entry.IsDir() && (name == "nginx" || strings.HasPrefix(name, "php")) {
			names = append(names, p.short(path.Join(etc, name)))
		}
	}
	return names
}

// repository is the tree that a named file belongs to: up to the nearest
// settings file or repository top, else the configuration folders of its `etc`.
func (p *project) repository(name string) []string {
	full := p.abs(name)
	for at, up := path.Dir(full), path.Dir(name); ; at, up = path.Dir(at), path.Join(up, "..") {
		if p.isMarked(up) {
			return []string{p.short(up)}
		}
		if path.Base(at) == "etc" {
			return p.siblings(up)
		}
		if at == "/" || at == "." || path.Dir(at) == at {
			return nil
		}
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
	if root, ok := hostRoot(name); ok {
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

func (p *project) isTop(dir string) bool { return slices.Contains(p.tops, dir) }

// load classifies the candidates and reads the configurations that start from them.
func (p *project) load(candidates []*file) error {
	kinds := make(map[*file]kind, len(candidates))
	var mu sync.Mutex
	parallel(candidates, func(f *file) {
		k := p.classify(f)
		mu.Lock()
		kinds[f] = k
		mu.Unlock()
	})
	some := false // there is something to check
	for _, f := range candidates {
		if f.err != nil && (!f.missing() || p.names(f.path)) {
			p.unreadable(f)
		}
		p.declaredKind(f, kinds)
		if p.opts.Dump != nil && p.files.tree(f) != nil {
			kinds[f] = kindNginxMain
		}
		if p.names(f.path) {
			if err := p.override(f, kinds); err != nil {
				return err
			}
		}
		some = some || (kinds[f] != kindOther || tooLarge(f.err)) && p.isNamed(f.path)
	}
	for name := range p.reached {
		_, broken := p.links.broken[name]
		some = some || broken
	}
	for _, name := range p.composeFiles {
		some = some || p.names(name)
	}
	if !some && len(p.failures) == 0 {
		return p.nothing()
	}
	p.findServices()
	p.loadNginx(candidates, kinds)
	p.loadFPM(candidates, kinds)
	p.placeMasters()
	return nil
}

// nothing says that there is nothing to check.
func (p *project) nothing() error {
	where := "this folder, nor in the system's own"
	switch {
	case len(p.named) > 0:
		where = strings.Join(p.named, ", ")
	case p.opts.Root != "":
		where = p.opts.Root
	}
	hint := ""
	if p.spare != "" {
		hint = "; samples and copies out of use are read only where they are named themselves: nginx-lint " + p.spare
	}
	return &UsageError{"no nginx or PHP-FPM configuration in " + where + hint}
}

// override applies --kind to a named file, and refuses one that is of no kind.
func (p *project) override(f *file, kinds map[*file]kind) error {
	switch p.opts.Kind {
	case "nginx":
		kinds[f] = p.asNginx(f)
	case "php-fpm":
		kinds[f] = p.asPHPFPM(f)
	default:
		if kinds[f] == kindOther && f.err == nil {
			return &UsageError{f.path + ": " + refused(f)}
		}
	}
	return nil
}

// refused says why a named file is of no kind.
func refused(f *file) string {
	text := f.src.Text
	if _, dump := source.ParseDump(text); dump {
		return "what nginx -T printed is checked by itself, without other paths"
	}
	switch nul := strings.IndexByte(text, 0); {
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		return "text in UTF-16, which neither nginx nor PHP-FPM reads; save it as UTF-8"
	case nul >= 0:
		return fmt.Sprintf("a NUL byte on line %d, so no text; --kind reads it all the same", f.src.Line(nul))
	case strings.HasPrefix(text, "\ufeff"):
		return "begins with a byte order mark, which nginx takes for a part of the first name; save it without"
	case isTemplate(f.path, text):
		return "a template that is no configuration before it is filled in; check what is made from it"
	}
	return "neither nginx nor PHP-FPM configuration; --kind says what it is"
}

// asNginx is the kind of a file that is known to be nginx configuration.
func (p *project) asNginx(f *file) kind {
	if t := p.files.tree(f); t != nil && nginx.IsMain(t) {
		return kindNginxMain
	}
	return kindNginx
}

// asPHPFPM is the kind of a file that is known to be PHP-FPM configuration.
func (p *project) asPHPFPM(f *file) kind {
	if p.files.iniFile(f) == nil {
		return kindFPMPool
	}
	return p.classifyFPM(f)
}

// declaredKind makes the files that a declared scope names what it says they are.
func (p *project) declaredKind(f *file, kinds map[*file]kind) {
	for _, s := range p.opts.Scopes {
		named := func(entry string) bool { return p.abs(entry) == p.abs(f.path) }
		switch k := kinds[f]; {
		case f.src == nil:
		case slices.ContainsFunc(s.Nginx, named) && k != kindNginxMain:
			kinds[f] = p.asNginx(f)
		case slices.ContainsFunc(s.PHPFPM, named) && k != kindFPMMain:
			kinds[f] = p.asPHPFPM(f)
		}
	}
}

func (p *project) loadNginx(candidates []*file, kinds map[*file]kind) {
	budget := nginx.NewBudget()
	placed := map[*syntax.Tree]bool{}
	note := func(c *nginx.Config) {
		for _, t := range c.Files {
			if t != c.Main {
				placed[t] = true
			}
		}
	}
	for _, f := range candidates {
		if kinds[f] != kindNginxMain || p.linked(f) {
			continue
		}
		r := &reader{p: p, main: f.path, confs: nginxPrefixes}
		if r.prefix = r.ownPrefix(); r.prefix == "" {
			r.prefix = path.Dir(f.path)
		}
		in := r.container(true)
		p.wanted(f, "a main nginx file")
		c := nginx.Load(f.nginx, p.opts.NginxVersion, r, budget)
		p.services.nginx[c] = in
		note(c)
		p.addMain(c)
	}
	p.loadImageMains(budget, note)
	var lone []*nginx.Config
	for _, f := range candidates {
		if kinds[f] != kindNginx || placed[f.nginx] || p.linked(f) {
			continue
		}
		context := nginx.InferContext(f.nginx)
		if c, ok := ParseContext(p.opts.Context); ok {
			context = c
		}
		r := &reader{p: p, main: f.path, confs: nginxPrefixes}
		r.prefix = r.ownPrefix()
		in := r.container(false)
		c := nginx.LoadFragment(f.nginx, context, p.opts.NginxVersion, r, budget)
		p.services.nginx[c] = in
		note(c)
		lone = append(lone, c)
	}
	for _, c := range lone {
		if !placed[c.Main] {
			p.wanted(p.files.get(c.Main.File.Path), "nginx configuration that no file read includes")
			p.fragments = append(p.fragments, c)
		}
	}
}

func (p *project) addMain(c *nginx.Config) {
	c.OtherModules = p.opts.OtherModules || len(p.opts.Directives) > 0
	p.mains = append(p.mains, c)
}

// linked reports whether a file is read through a symbolic link in the tree, or
// was read by an include under another name.
func (p *project) linked(f *file) bool {
	if len(p.links.to) == 0 {
		return false
	}
	read := p.included[p.location(f.path, f.path)]
	return p.targets[f.path] || read != nil && read != f
}

// location is that of a path that a main file names.
func (p *project) location(main, name string) location {
	root, _ := p.hostRoot(main)
	return location{root, p.links.real(name)}
}

// names reports whether a path was named itself, or what it leads to.
func (p *project) names(name string) bool {
	return slices.Contains(p.named, name) || slices.Contains(p.named, p.links.real(name))
}

// contextNames are the values of --context.
var contextNames = map[string]catalog.Context{
	"main": catalog.Main, "http": catalog.HTTP, "http,server": catalog.Server, "http,server,location": catalog.Location,
	"http,upstream": catalog.Upstream, "stream": catalog.Stream, "stream,server": catalog.StreamServer,
	"stream,upstream": catalog.StreamUpstream, "events": catalog.Events, "mail": catalog.Mail, "mail,server": catalog.MailServer,
}

// ParseContext reads a value of --context, like "http,server,location".
func ParseContext(s string) (catalog.Context, bool) {
	c, ok := contextNames[s]
	return c, ok
}

// Contexts lists the values of --context, sorted.
func Contexts() []string {
	names := make([]string, 0, len(contextNames))
	for name := range contextNames {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (p *project) loadFPM(candidates []*file, kinds map[*file]kind) {
	budget := fpm.NewBudget()
	taken := map[*syntax.INI]bool{}
	p.loadContainerMasters(taken, budget)
	for _, f := range candidates {
		if kinds[f] != kindFPMMain || p.linked(f) || taken[f.ini] {
			continue
		}
		p.wanted(f, "a main PHP-FPM file")
		m := fpm.Load(f.ini, &reader{p: p, main: f.path, prefix: fpmPrefix(f.path), confs: fpmPrefixes}, budget)
		for _, in := range m.Files {
			taken[in] = true
		}
		p.addMaster(m)
	}
	covered := p.covered()
	lone := map[string][]*syntax.INI{}
	unused := map[string]bool{}
	var groups []string
	for _, f := range candidates {
		if kinds[f] != kindFPMPool || taken[f.ini] || p.linked(f) {
			continue
		}
		passed := covered[path.Dir(f.path)] && !p.declares(f.path)
		if passed && !p.names(f.path) {
			continue
		}
		p.wanted(f, "PHP-FPM pools that no file read includes")
		group := path.Dir(f.path)
		unused[f.path] = passed
		if passed || path.Ext(f.path) != ".conf" {
			group = f.path // main files include *.conf: www.conf.default stands alone
		}
		if lone[group] == nil {
			groups = append(groups, group)
		}
		lone[group] = append(lone[group], f.ini)
	}
	for _, group := range groups {
		dir := path.Dir(lone[group][0].File.Path)
		m := fpm.LoadPools(lone[group], &reader{p: p, main: path.Join(dir, "php-fpm.conf"), prefix: dir, confs: fpmPrefixes}, budget)
		p.unusedFPM[m] = unused[group]
		p.addMaster(m)
	}
}

// covered are the folders of which masters include files by a pattern, where all
// that these include is known: what they pass by there, as www.conf.off beside
// `*.conf`, is not in force.
func (p *project) covered() map[string]bool {
	folders := map[string]bool{}
	for _, m := range p.masters {
		if !m.Complete() {
			continue
		}
		r := &reader{p: p, main: m.Path, prefix: fpmPrefix(m.Path), confs: fpmPrefixes}
		for _, in := range m.Files {
			for _, e := range in.Lines {
				if e.Kind != syntax.Key || e.Name != "include" || !source.HasGlob(e.Value) {
					continue
				}
				places, _ := r.locate(e.Value)
				for _, place := range places {
					folders[path.Dir(p.short(place))] = true
				}
			}
		}
	}
	return folders
}

// addMaster takes in a master; its path tells the version better than the caller.
func (p *project) addMaster(m *fpm.Master) {
	if v := p.opts.PHPVersion; m.Version == "" && !v.IsZero() {
		m.Version = fmt.Sprintf("%d.%d", v.Major, v.Minor)
	}
	m.PHP = p.phpINI(m)
	p.masters = append(p.masters, m)
}

// fpmPrefixes are the folders of the usual builds that hold php-fpm.conf.
var fpmPrefixes = []string{"/usr/local/etc/", "/etc/php-fpm/", "/etc/", "/opt/bitnami/php/etc/"}

// fpmPrefix is what php-fpm resolves relative includes against: its build's
// prefix, the folder above `etc`; in other layouts the file's own folder.
func fpmPrefix(main string) string {
	if dir := path.Dir(main); path.Base(dir) == "etc" {
		return path.Dir(dir)
	}
	return path.Dir(main)
}

// isNamed reports whether findings about a path are wanted.
func (p *project) isNamed(name string) bool {
	if len(p.named) == 0 {
		return true
	}
	return slices.ContainsFunc(p.named, func(dir string) bool {
		return p.below(name, dir) || p.below(p.links.real(name), dir)
	})
}

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
