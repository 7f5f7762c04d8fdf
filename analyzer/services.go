package analyzer

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

// A service is one of a compose project, with the files of its containers.
type service struct {
	*compose.Service
	project *compose.Project
	view    *compose.View
}

// services are those of all compose projects in the tree, and what runs in them.
type services struct {
	all []service
	// left is how many more mounts and copies may be compared with paths.
	left int
	// problems are what could not be read of compose files.
	problems []compose.Problem
	// nginx are the services that read a file as nginx configuration.
	nginx map[*nginx.Config][]service
	// masters are the service that a master runs in.
	masters map[*fpm.Master]service
	// floating are what the images' older releases make of masters, see stack.Containers.
	floating map[*fpm.Master]*fpm.Master
}

// spareProject are the names of compose files that are to be copied first.
var spareProject = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|[._-])(sample|example|template|dist)([._-]|$)`)
})

// maxPlacings bounds how many mounts and copies are compared with the paths of files:
// many services and many files multiply.
const maxPlacings = 1 << 19

// placed are the paths of a file in the containers of a service.
func (ss *services) placed(s service, file string) []string {
	if ss.left -= s.view.Size(); ss.left < 0 {
		return nil
	}
	return s.view.Targets(file)
}

// findServices reads the compose files that the search has met.
func (p *project) findServices() {
	p.services = services{left: maxPlacings, nginx: map[*nginx.Config][]service{}, masters: map[*fpm.Master]service{}, floating: map[*fpm.Master]*fpm.Master{}}
	if p.opts.Root != "" {
		return // one host
	}
	slices.Sort(p.composeFiles)
	byDir := map[string][]string{}
	var dirs []string
	for _, name := range slices.Compact(p.composeFiles) {
		if spareProject().MatchString(path.Base(name)) && !p.names(name) {
			continue
		}
		dir := path.Dir(name)
		if byDir[dir] == nil {
			dirs = append(dirs, dir)
		}
		byDir[dir] = append(byDir[dir], path.Base(name))
	}
	var projects []*compose.Project
	for _, dir := range dirs {
		projects = append(projects, compose.Load(dir, byDir[dir], p.opener(dir))...)
	}
	for _, project := range compose.Whole(projects) {
		p.services.problems = append(p.services.problems, project.Problems...)
		p.written(project, nil)
		for _, s := range project.Services {
			p.services.all = append(p.services.all, service{s, project, project.View(s, treeFS{p.opts.FS, p})})
		}
	}
}

// open is the text of a file; nil where it cannot be read, or lies elsewhere.
func (p *project) open(name string) *source.File {
	if name = p.short(name); !p.inTree(name) {
		return nil
	}
	return p.files.read(p.files.get(name))
}

// inTree reports whether a path lies in the folders that are searched: a compose
// file may name any on the machine.
func (p *project) inTree(name string) bool {
	return slices.ContainsFunc(p.tops, func(top string) bool { return p.below(name, top) })
}

// A treeFS knows nothing of what lies outside of the folders that are searched.
type treeFS struct {
	source.FS
	p *project
}

func (t treeFS) check(op, name string) error {
	if !t.p.inTree(name) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrPermission}
	}
	return nil
}

// Stat implements source.FS.
func (t treeFS) Stat(name string) (fs.FileInfo, error) {
	if err := t.check("stat", name); err != nil {
		return nil, err
	}
	return t.FS.Stat(name)
}

// ReadDir implements source.FS.
func (t treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := t.check("open", name); err != nil {
		return nil, err
	}
	return t.FS.ReadDir(name)
}

// configFile are the paths below a folder of nginx configuration that the
// images' own nginx.conf, and those of distributions, include.
var configFile = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^/(conf\.d/[^/]*\.conf|http\.d/[^/]*\.conf|sites-enabled/[^/]+|server_blocks/[^/]*\.conf|templates/.*\.template)$`)
})

// reads are the services in whose containers nginx reads a file: as its main file,
// or where main is false, as one that a main file includes which is not in the tree.
func (ss *services) reads(file string, main bool) []service {
	var found []service
	for _, s := range ss.all {
		for _, target := range ss.placed(s, file) {
			dir, ok := compose.ConfigDir(target)
			if !ok {
				continue
			}
			if main && target == dir+"/nginx.conf" || !main && configFile().MatchString(strings.TrimPrefix(target, dir)) && s.view.At(dir+"/nginx.conf").Kind != compose.File {
				found = append(found, s)
				break
			}
		}
	}
	return found
}

// available are the services with a file among the sites of which nginx reads those
// that are enabled, where the tree does not say which these are: the folder with the
// links is not kept in it.
func (ss *services) available(file string, mains []*nginx.Config) []service {
	var found []service
	if path.Base(path.Dir(file)) != "sites-available" {
		return nil
	}
	for _, c := range mains {
		enabled := slices.ContainsFunc(c.Missing, func(m nginx.Missing) bool {
			return path.Base(path.Dir(m.Pattern)) == "sites-enabled" && source.Match(path.Base(m.Pattern), path.Base(file))
		})
		for _, s := range ss.nginx[c] {
			if enabled && slices.ContainsFunc(ss.placed(s, file), func(target string) bool { return path.Base(path.Dir(target)) == "sites-available" }) {
				found = append(found, s)
			}
		}
	}
	return found
}

// container notes in which container a configuration is read, and returns all such services.
func (r *reader) container(main bool) []service {
	in := r.p.services.reads(r.main, main)
	if len(in) == 0 && !main {
		in = r.p.services.available(r.main, r.p.mains)
	}
	if len(in) == 0 {
		return nil
	}
	r.view, r.configDir = in[0].view, "/etc/nginx"
	for _, target := range r.view.Targets(r.main) {
		if dir, ok := compose.ConfigDir(target); ok {
			r.configDir = dir
			break
		}
	}
	return in
}

// inContainer resolves an include of a configuration as its container sees it;
// known is false where that is not to be told.
func (r *reader) inContainer(pattern string) (names []string, complete, known bool) {
	if !path.IsAbs(pattern) {
		pattern = path.Join(r.configDir, pattern)
	}
	if !source.HasGlob(pattern) {
		switch at := r.view.At(pattern); at.Kind {
		case compose.File:
			return []string{at.Path}, true, true
		case compose.Own, compose.Nothing, compose.Text:
			return nil, false, true
		case compose.Unknown, compose.Folder:
		}
		return nil, false, false
	}
	dir := path.Dir(pattern)
	if source.HasGlob(dir) {
		return nil, false, false
	}
	places, complete := r.view.Listing(dir, path.Base(pattern))
	if path.Base(dir) == "sites-enabled" && r.view.At(dir).Kind == compose.Nothing {
		complete = false // the links are made where it runs, and not kept in the tree
	}
	for name, at := range places {
		switch at.Kind {
		case compose.File:
			names = append(names, name)
		case compose.Own:
			if own := r.p.imageFile(r.view.Image, path.Join(dir, name)); own != nil {
				places[name] = compose.Place{Path: own.path}
				names = append(names, name)
			} else {
				complete = false
			}
		case compose.Nothing, compose.Folder:
		case compose.Unknown, compose.Text:
			complete = false
		}
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = places[name].Path
	}
	return names, complete, len(names) > 0 || complete
}

// fpmTarget are the paths in containers at which PHP-FPM is configured.
var fpmTarget = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`/((php-fpm\d*|php\d*-fpm)\.conf|(php-fpm\d*\.d|pool\.d|fpm)/[^/]*\.conf)$`)
})

// containerINI reads the files that a master in a container includes.
type containerINI struct {
	p    *project
	view *compose.View
	side compose.Side
}

// IncludeINI implements fpm.Loader.
func (c *containerINI) IncludeINI(pattern string) (files []*syntax.INI, complete, outside bool) {
	if !path.IsAbs(pattern) {
		pattern = path.Join("/usr/local", pattern)
	}
	if !source.HasGlob(pattern) {
		ini, ok := c.file(pattern, c.view.At(pattern))
		if ini != nil {
			files = append(files, ini)
		}
		return files, ok && ini != nil, false
	}
	dir := path.Dir(pattern)
	places, complete := c.view.Listing(dir, path.Base(pattern))
	names := make([]string, 0, len(places))
	for name := range places {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		ini, ok := c.file(path.Join(dir, name), places[name])
		complete = complete && ok
		if ini != nil {
			files = append(files, ini)
		}
	}
	return files, complete, false
}

// file is what lies at a path of the container; ok is false where that is not known.
func (c *containerINI) file(name string, at compose.Place) (ini *syntax.INI, ok bool) {
	switch at.Kind {
	case compose.File:
		f := c.p.files.get(at.Path)
		if ini := c.p.files.iniFile(f); ini != nil {
			c.p.wanted(f, name+" in the containers of "+c.view.Service.Name)
			return ini, true
		}
	case compose.Own:
		if text, known := c.view.Image.Files(c.side)[name]; known {
			return syntax.ParseINI(source.NewFile("stock:"+strings.TrimPrefix(name, "/usr/local/etc/"), text)), true
		}
	case compose.Nothing, compose.Folder:
		return nil, true
	case compose.Text, compose.Unknown:
	}
	return nil, false
}

// loadContainerMasters reads the masters of the services whose image is known, and
// notes which files they take.
func (p *project) loadContainerMasters(taken map[*syntax.INI]bool, budget *fpm.Budget) {
	for _, s := range p.services.all {
		img := s.view.Image
		if img == nil || img.Program != compose.FPM || img.Files(compose.ListenLast) == nil {
			continue
		}
		base := s.BaseImage()
		load := func(side compose.Side) *fpm.Master {
			c := &containerINI{p, s.view, side}
			main, _ := c.file(img.Config, s.view.At(img.Config))
			if main == nil {
				return nil
			}
			m := fpm.Load(main, c, budget)
			m.Version = img.Version(base)
			for _, f := range m.Files {
				if !standIn(f.File.Path) {
					m.Path = f.File.Path
					taken[f] = true
				}
			}
			return m
		}
		if !s.view.OwnConfig() || s.view.StartsOther() {
			continue
		}
		side := img.Side(base)
		m := load(max(side, compose.ListenLast))
		if m == nil {
			continue
		}
		if side == compose.UnknownSide {
			if newer := load(compose.ListenFirst); !sameListeners(m, newer) {
				p.services.floating[newer] = m
				m = newer
			}
		}
		m.PHP = p.imagePHP(s, img.Config)
		p.services.masters[m] = s
		p.masters = append(p.masters, m)
	}
}

// sameListeners reports whether the pools of two masters listen on the same addresses.
func sameListeners(a, b *fpm.Master) bool {
	return slices.EqualFunc(a.Pools, b.Pools, func(a, b *fpm.Pool) bool {
		va, vb := a.Get("listen"), b.Get("listen")
		return va.Text == vb.Text && va.Known == vb.Known
	})
}

// placeMasters finds the services that the other masters run in: those in which
// one of their files lies where PHP-FPM looks for it.
func (p *project) placeMasters() {
	for _, m := range p.masters {
		if _, placed := p.services.masters[m]; placed {
			continue
		}
		var found []service
		for _, s := range p.services.all {
			if slices.ContainsFunc(m.Files, func(f *syntax.INI) bool {
				return slices.ContainsFunc(p.services.placed(s, f.File.Path), fpmTarget().MatchString)
			}) {
				found = append(found, s)
			}
		}
		if len(found) == 1 { // a master in several would be several
			p.services.masters[m] = found[0]
		}
	}
}

// groupServices makes a scope of each compose project whose nginx was read, and
// returns the units that belong to none.
func (p *project) groupServices(units []unit) (rest []unit) {
	scopes := map[*compose.Project]*stack.Scope{}
	scope := func(s service) *stack.Scope {
		if scopes[s.project] == nil {
			made := p.newScope(s.project.Dir)
			made.Containers = &stack.Containers{
				Project: s.project, Views: map[*compose.Service]*compose.View{},
				Nginx: map[*nginx.Config][]*compose.Service{}, Masters: map[*fpm.Master]*compose.Service{}, Floating: p.services.floating,
				Supervised: map[*compose.Service]bool{},
			}
			for _, other := range p.services.all {
				if other.project == s.project {
					made.Containers.Views[other.Service] = other.view
				}
			}
			commands := p.commandListeners(s.project)
			made.Listeners = slices.Concat(p.imageListeners(s.project), commands, p.portListeners(s.project, commands), p.supervisedListeners(made.Containers))
			p.written(s.project, made)
			for _, l := range made.Listeners { // in files that are no part of the project itself
				if l.Span.IsZero() {
					continue
				}
				if f := p.files.get(l.Span.File.Path); !slices.Contains(f.scopes, made) {
					f.scopes = append(f.scopes, made)
				}
			}
			scopes[s.project] = made
		}
		return scopes[s.project]
	}
	for _, u := range units {
		for _, s := range p.services.nginx[u.config] {
			in := scope(s)
			if in.Containers.Nginx[u.config] == nil {
				u.join(in)
			}
			in.Containers.Nginx[u.config] = append(in.Containers.Nginx[u.config], s.Service)
		}
	}
	for _, u := range units {
		s, placed := p.services.masters[u.master]
		switch {
		case u.master != nil && placed:
			in := scope(s)
			u.join(in)
			in.Containers.Masters[u.master] = s.Service
		case u.config != nil && len(p.services.nginx[u.config]) > 0:
		case u.config != nil && p.services.handed(u.config.Main.File.Path, isNginxConfig),
			u.master != nil && slices.ContainsFunc(u.master.Files, func(f *syntax.INI) bool { return p.services.handed(f.File.Path, fpmTarget().MatchString) }):
			u.join(p.newScope(u.name)) // for a container, in which it may be another when it is read
		case u.master != nil && p.services.builds(u.dir):
			u.join(p.newScope(u.name)) // for an image, which does not take it
		default:
			rest = append(rest, u)
		}
	}
	return rest
}

func isNginxConfig(target string) bool {
	_, is := compose.ConfigDir(target)
	return is
}

// handed reports whether a file is put into a container to be read as configuration,
// or may be.
func (ss *services) handed(file string, is func(target string) bool) bool {
	return slices.ContainsFunc(ss.all, func(s service) bool {
		ss.left -= s.view.Size()
		return ss.left < 0 || slices.ContainsFunc(s.view.Handed(file), is)
	})
}

// builds reports whether a folder is one that a service is built from, and holds
// nothing but that: not the project's own.
func (ss *services) builds(dir string) bool {
	return slices.ContainsFunc(ss.all, func(s service) bool {
		return s.Dockerfile != nil && s.Build.Context.Known && s.Build.Context.Text != s.project.Dir && source.Below(dir, s.Build.Context.Text)
	})
}

// imageListeners are what the services of a project listen on whose images are
// known, and neither nginx nor PHP-FPM with files that are read.
func (p *project) imageListeners(project *compose.Project) []*stack.Listener {
	var found []*stack.Listener
	for _, s := range p.services.all {
		if s.project != project || s.view.Runs() == 0 || s.view.Runs() == compose.Nginx {
			continue
		}
		if slices.ContainsFunc(p.masters, func(m *fpm.Master) bool { return p.services.masters[m].Service == s.Service }) {
			continue
		}
		img := s.view.Image
		protocol := stack.HTTP
		if img.Program == compose.FPM {
			protocol = stack.FastCGI
		}
		if s.view.Changed(path.Dir(img.Config)) || !s.view.OwnPorts() {
			continue
		}
		for _, port := range img.Ports {
			found = append(found, &stack.Listener{
				Endpoint: stack.TCPEndpoint("*", port), Protocol: protocol, Span: s.BaseImage().Span, Service: s.Service, Image: true,
			})
		}
	}
	return found
}
