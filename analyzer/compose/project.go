package compose

import (
	"maps"
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/source"
)

// Defaults are the names under which compose looks for its file, the preferred first.
var Defaults = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// overrides are the names of the files that are laid over it without being named.
var overrides = []string{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"}

// Limits on what one project takes in.
const (
	maxFiles   = 200
	maxExtends = 20
)

// IsFile reports whether a name is one that compose files have.
func IsFile(name string) bool {
	if source.Match("*.y*ml", name) {
		return strings.HasPrefix(name, "compose.") || strings.HasPrefix(name, "compose-") ||
			strings.HasPrefix(name, "docker-compose")
	}
	return false
}

// Load reads the projects of one folder, of which names are the compose files.
// open gives the text of a file, nil where it cannot be read.
//
// The file that compose finds by itself, with its override, is one project. Of the
// others each is one of its own where all its services can start without another
// file; else it is laid over the first.
func Load(dir string, names []string, open func(name string) *source.File) []*Project {
	names = slices.Clone(names)
	slices.Sort(names)
	pick := func(from []string) string {
		for _, name := range from {
			if slices.Contains(names, name) {
				return name
			}
		}
		return ""
	}
	base := pick(Defaults)
	var first []string
	if base != "" {
		first = []string{base}
		if over := pick(overrides); over != "" {
			first = append(first, over)
		}
	}
	var projects []*Project
	load := func(files []string) *Project {
		l := &loader{open: open, files: map[string]bool{}}
		p := l.project(dir, files)
		if len(p.Files) == 0 && len(p.Problems) == 0 {
			return nil
		}
		return p
	}
	if p := load(first); p != nil {
		projects = append(projects, p)
	}
	for _, name := range names {
		if name == base || slices.Contains(overrides, name) || slices.Contains(Defaults, name) && base != "" {
			continue
		}
		p := load([]string{name})
		if p != nil && base != "" && !p.selfContained() {
			p = load(append(slices.Clone(first), name))
		}
		if p != nil {
			projects = append(projects, p)
		}
	}
	for _, p := range projects {
		p.Others = map[string]bool{}
		for _, o := range projects {
			for _, s := range o.Services {
				p.Others[s.Name] = true
			}
		}
	}
	return projects
}

// Whole leaves out the projects that are parts of others: their file is one that
// another project includes, or that it extends services out of and that has no name
// under which compose finds it.
func Whole(projects []*Project) []*Project {
	users := map[string][]*Project{} // of the files that are parts
	for _, p := range projects {
		for _, f := range p.Included {
			users[f.Path] = append(users[f.Path], p)
		}
		for _, f := range p.Extended {
			if !slices.Contains(Defaults, path.Base(f.Path)) {
				users[f.Path] = append(users[f.Path], p)
			}
		}
	}
	part := map[*Project]bool{}
	return slices.DeleteFunc(slices.Clone(projects), func(p *Project) bool {
		part[p] = len(p.Files) > 0 && slices.ContainsFunc(users[p.Files[0].Path], func(user *Project) bool {
			return !part[user] && len(user.Files) > 0 && user.Files[0].Path != p.Files[0].Path
		})
		return part[p]
	})
}

// selfContained reports whether each service has an image.
func (p *Project) selfContained() bool {
	return len(p.Services) > 0 && !slices.ContainsFunc(p.Services, func(s *Service) bool {
		return s.Build == nil && s.Image.Text == "" && s.Image.Known
	})
}

type loader struct {
	open  func(string) *source.File
	files map[string]bool // included so far, against circles
	// extended are the other files out of which services are extended, included those
	// that are included.
	extended, included []*source.File
}

func newProject(dir string) *Project {
	return &Project{Dir: dir, Networks: map[string]*Network{}, Configs: map[string]*Config{}, Volumes: map[string]bool{}}
}

// project lays files over each other.
func (l *loader) project(dir string, names []string) *Project {
	p := newProject(dir)
	if len(names) == 0 {
		return p
	}
	env := l.env(dir, nil)
	for _, name := range names {
		l.file(p, path.Join(dir, name), dir, env)
	}
	dockerfiles := built{map[string]*Dockerfile{}, maxDockerfiles}
	for _, s := range p.Services {
		s.environment(l.open)
		dockerfiles.read(s, l.open)
	}
	p.Extended, p.Included = l.extended, l.included
	return p
}

// env is the variables that files of a folder are read with.
func (l *loader) env(dir string, files []Value) *Env {
	env := &Env{values: map[string]string{}}
	if len(files) == 0 {
		files = []Value{{Text: path.Join(dir, ".env"), Known: true}}
	}
	for _, name := range files {
		if f := l.open(name.Text); f != nil && name.Known {
			env.readEnv(f)
		}
	}
	return env
}

// file adds what a file says to a project. Of several documents each is laid over the one before.
func (l *loader) file(p *Project, name, dir string, env *Env) {
	f := l.open(name)
	if f == nil || len(l.files) >= maxFiles || l.files[name] {
		p.Open = true
		return
	}
	l.files[name] = true
	docs, problem := parseYAML(f)
	p.Files = append(p.Files, f)
	if problem != nil {
		p.Problems = append(p.Problems, *problem)
		p.Open = true
		return
	}
	for _, root := range docs {
		if root.kind != mapping {
			continue
		}
		d := &decoder{vars: env, dir: dir}
		l.include(p, d, root.get("include"), env)
		part := newProject(dir)
		d.project(root, part)
		for _, s := range part.Services {
			l.extend(s, part, env, maxExtends)
		}
		p.overlay(part)
	}
}

// include adds the projects that a file includes.
func (l *loader) include(p *Project, d *decoder, n *node, env *Env) {
	for _, item := range d.list(n) {
		paths, dir := item, ""
		vars := env
		if item.kind == mapping {
			paths = item.get("path")
			if n := item.get("project_directory"); n != nil {
				v := d.path(d.value(n))
				if !v.Known {
					p.Open = true
					continue
				}
				dir = v.Text
			}
			var files []Value
			for _, v := range d.values(item.get("env_file")) {
				files = append(files, d.path(v))
			}
			if len(files) > 0 {
				vars = l.env("", files)
				// the including project's own go first
				maps.Copy(vars.values, env.values)
			}
		}
		for i, v := range d.values(paths) {
			v = d.path(v)
			if !v.Known {
				p.Open = true
				continue
			}
			if i == 0 && dir == "" {
				dir = path.Dir(v.Text)
			}
			part := newProject(dir)
			l.file(part, v.Text, dir, vars)
			if len(part.Files) > 0 {
				l.included = append(l.included, part.Files[0])
			}
			p.overlay(part)
		}
	}
}

// extend puts what a service extends below it.
func (l *loader) extend(s *Service, part *Project, env *Env, depth int) {
	e := s.extends
	if e == nil {
		return
	}
	s.extends = nil
	if !e.file.Known || !e.service.Known || depth == 0 {
		s.Unknown = true
		return
	}
	from := part
	if e.file.Text != "" {
		f := l.open(e.file.Text)
		if f == nil {
			s.Unknown = true
			return
		}
		l.extended = append(l.extended, f)
		docs, problem := parseYAML(f)
		if problem != nil || len(docs) != 1 {
			s.Unknown = true
			return
		}
		dir := path.Dir(e.file.Text)
		from = newProject(dir)
		(&decoder{vars: env, dir: dir}).project(docs[0], from)
	}
	base := from.Service(e.service.Text)
	if base == nil || base == s {
		s.Unknown = true
		return
	}
	l.extend(base, from, env, depth-1)
	merged := *base
	merged.Environment = map[string]Value{}
	maps.Copy(merged.Environment, base.Environment)
	merged.overlay(s)
	merged.Name, merged.Key, merged.dir = s.Name, s.Key, s.dir
	*s = merged
}

// overlay lays another file over a project.
func (p *Project) overlay(o *Project) {
	p.Open = p.Open || o.Open
	p.Problems = append(p.Problems, o.Problems...)
	for _, f := range o.Files {
		if !slices.Contains(p.Files, f) {
			p.Files = append(p.Files, f)
		}
	}
	for _, s := range o.Services {
		if have := p.Service(s.Name); have != nil {
			have.overlay(s)
			have.Key = s.Key
		} else {
			p.Services = append(p.Services, s)
		}
	}
	maps.Copy(p.Networks, o.Networks)
	maps.Copy(p.Configs, o.Configs)
	maps.Copy(p.Volumes, o.Volumes)
}

// overlay lays what another file says of a service over it, as compose does: what
// is one value is replaced, lists grow, mounts are replaced by their target.
func (s *Service) overlay(o *Service) {
	replace := func(key string, have *Value, with Value) {
		if !with.Span.IsZero() || o.clear[key] {
			*have = with
		}
	}
	replace("image", &s.Image, o.Image)
	replace("container_name", &s.ContainerName, o.ContainerName)
	replace("hostname", &s.Hostname, o.Hostname)
	replace("network_mode", &s.NetworkMode, o.NetworkMode)
	replace("user", &s.User, o.User)
	if s.Build == nil || o.clear["build"] {
		s.Build = o.Build
	} else if o.Build != nil {
		s.Build = s.Build.overlay(o.Build)
	}
	grow(o.clear["links"], &s.Links, o.Links)
	grow(o.clear["external_links"], &s.ExternalLinks, o.ExternalLinks)
	grow(o.clear["extra_hosts"], &s.ExtraHosts, o.ExtraHosts)
	grow(o.clear["volumes_from"], &s.VolumesFrom, o.VolumesFrom)
	grow(o.clear["ports"], &s.Ports, o.Ports)
	grow(o.clear["expose"], &s.Expose, o.Expose)
	grow(o.clear["profiles"], &s.Profiles, o.Profiles)
	grow(o.clear["env_file"], &s.envFiles, o.envFiles)
	s.overlayNetworks(o)
	if o.clear["volumes"] {
		s.Mounts = nil
	}
	s.Mounts = slices.Clone(s.Mounts)
	for _, m := range o.Mounts {
		s.Mounts = slices.DeleteFunc(s.Mounts, func(have Mount) bool {
			return have.Target.Known && m.Target.Known && have.Target.Text == m.Target.Text
		})
		s.Mounts = append(s.Mounts, m)
	}
	if o.Command != nil || o.clear["command"] {
		s.Command = o.Command
	}
	if o.Entrypoint != nil || o.clear["entrypoint"] {
		s.Entrypoint = o.Entrypoint
	}
	if o.clear["environment"] {
		s.Environment = map[string]Value{}
	}
	maps.Copy(s.Environment, o.Environment)
	s.Unknown = s.Unknown || o.Unknown
}

func grow[T any](reset bool, have *[]T, with []T) {
	if reset {
		*have = with
		return
	}
	*have = slices.Concat(*have, with)
}

func (s *Service) overlayNetworks(o *Service) {
	if o.clear["networks"] {
		s.Networks = nil
	}
	s.Networks = slices.Clone(s.Networks)
	for _, a := range o.Networks {
		if i := slices.IndexFunc(s.Networks, func(have Attachment) bool { return have.Name == a.Name }); i >= 0 {
			s.Networks[i].Aliases = slices.Concat(s.Networks[i].Aliases, a.Aliases)
		} else {
			s.Networks = append(s.Networks, a)
		}
	}
}

func (b *Build) overlay(o *Build) *Build {
	merged := *b
	if !o.Context.Span.IsZero() {
		merged.Context = o.Context
	}
	if !o.Dockerfile.Span.IsZero() {
		merged.Dockerfile = o.Dockerfile
	}
	if !o.Inline.Span.IsZero() {
		merged.Inline = o.Inline
	}
	if !o.Target.Span.IsZero() {
		merged.Target = o.Target
	}
	merged.Args = map[string]Value{}
	for _, args := range []map[string]Value{b.Args, o.Args} {
		maps.Copy(merged.Args, args)
	}
	return &merged
}
