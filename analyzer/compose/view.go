package compose

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/source"
)

// PlaceKind is what lies at a path of a container.
type PlaceKind uint8

// The kinds of places.
const (
	Unknown PlaceKind = iota
	Own               // what the image brings
	File              // a file of the tree
	Folder            // a folder of the tree
	Text              // a text in a compose file or Dockerfile
	Nothing
)

// A Place is what lies at a path of a container.
type Place struct {
	Kind PlaceKind
	// Path is where it lies here, for File and Folder.
	Path string
	// Text is the text of Text.
	Text string
	// Span is what puts it there: a mount, or an instruction.
	Span source.Span
}

// A View is the file system of a service's containers, as far as it is known.
type View struct {
	Service *Service
	// Image is what is known of the image that it starts from; nil where that is nothing.
	Image *Image

	fs     source.FS
	globs  map[string][]string // what the wildcards of copies match
	mounts []Mount
	// unsure is set where something of it may lie anywhere, adrift where that is a
	// mount, which nobody puts over a folder of configuration without naming it.
	unsure, adrift bool
	project        *Project
	// start is what a shell does before the program of a container starts.
	start []command
}

// maxNames bounds how many names the wildcards of a Dockerfile are compared with.
const maxNames = 20_000

// View is the file system of a service, of which the tree's own files lie in fsys.
func (p *Project) View(s *Service, fsys source.FS) *View {
	v := &View{Service: s, Image: Lookup(s.BaseImage()), fs: fsys, project: p, unsure: s.Unknown}
	v.mounts = p.mounts(s, maxExtends)
	for _, m := range v.mounts {
		v.adrift = v.adrift || !m.Target.Known
	}
	if d := s.Dockerfile; d != nil {
		v.unsure = v.unsure || d.Unknown
		left := maxNames
		for _, c := range d.Copies {
			v.unsure = v.unsure || !c.Target.Known
			for _, from := range c.Sources {
				if from.Known && source.HasGlob(from.Text) && v.globs[from.Text] == nil {
					if v.globs == nil {
						v.globs = map[string][]string{}
					}
					v.globs[from.Text] = source.Glob(fsys, from.Text, &left)
				}
			}
		}
		v.unsure = v.unsure || left < 0
	}
	if s.Build != nil && s.Dockerfile == nil {
		v.unsure, v.Image = true, nil
	}
	// The innermost mount is what a path leads to.
	slices.SortStableFunc(v.mounts, func(a, b Mount) int { return len(b.Target.Text) - len(a.Target.Text) })
	v.start = v.started()
	return v
}

// BaseImage is the image that a service's containers start from.
func (s *Service) BaseImage() Value {
	switch {
	case s.Dockerfile != nil:
		return s.Dockerfile.Base
	case s.Build != nil:
		return Value{}
	}
	return s.Image
}

// mounts are those of a service and of those that it takes mounts from.
func (p *Project) mounts(s *Service, depth int) []Mount {
	all := slices.Clone(s.Mounts)
	for _, from := range s.VolumesFrom {
		name, _, _ := strings.Cut(from.Text, ":")
		other := p.Service(name)
		if other == nil || depth == 0 || !from.Known {
			all = append(all, Mount{Kind: Volume, Span: from.Span})
			continue
		}
		for _, m := range p.mounts(other, depth-1) {
			if !slices.ContainsFunc(all, func(have Mount) bool { return have.Target.Text == m.Target.Text }) {
				all = append(all, m)
			}
		}
	}
	return all
}

// At is what lies at a path.
func (v *View) At(name string) Place {
	name = cleanRun(name)
	if slices.ContainsFunc(v.start, func(c command) bool { return c.edits(name) }) {
		return Place{}
	}
	return v.built(name)
}

// built is what lies at a path before anything runs in the container.
func (v *View) built(name string) Place {
	for _, m := range v.mounts {
		if rest, ok := below(name, m.Target); ok {
			return v.mounted(m, rest)
		}
	}
	return v.image(name)
}

// cleanRun cleans a path and writes /var/run as /run, which it is a link to in all images.
func cleanRun(name string) string {
	name = path.Clean(name)
	if rest, ok := strings.CutPrefix(name, "/var/run/"); ok {
		return "/run/" + rest
	}
	if name == "/var/run" {
		return "/run"
	}
	return name
}

func below(name string, dir Value) (rest string, ok bool) {
	if !dir.Known {
		return "", false
	}
	at := cleanRun(dir.Text)
	if name == at {
		return "", true
	}
	if at == "/" {
		return strings.CutPrefix(name, "/")
	}
	return strings.CutPrefix(name, at+"/")
}

func (v *View) mounted(m Mount, rest string) Place {
	switch m.Kind {
	case Tmpfs:
		return Place{Kind: Nothing, Span: m.Span}
	case FromConfig:
		c := v.project.Configs[m.Source.Text]
		switch {
		case c == nil || rest != "" || !m.Source.Known:
		case c.File.Text != "" && c.File.Known:
			return v.here(c.File.Text, m.Span)
		case c.Content.Known && c.Content.Text != "":
			return Place{Kind: Text, Text: c.Content.Text, Span: m.Span}
		}
	case Bind:
		if m.Source.Known {
			p := v.here(path.Join(m.Source.Text, rest), m.Span)
			if p.Kind == Nothing && v.here(m.Source.Text, m.Span).Kind == Nothing {
				p = Place{Span: m.Span} // not kept in the tree
			}
			return p
		}
	case Volume: // begins as a copy of what the image has there, and outlives it
	}
	return Place{Span: m.Span}
}

// here is what lies at a path of the tree.
func (v *View) here(name string, span source.Span) Place {
	info, err := v.fs.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return Place{Kind: Folder, Path: name, Span: span}
	case err == nil && info.Mode().IsRegular():
		return Place{Kind: File, Path: name, Span: span}
	case errors.Is(err, fs.ErrNotExist):
		return Place{Kind: Nothing, Path: name, Span: span}
	}
	return Place{Span: span}
}

// image is what the image has at a path.
func (v *View) image(name string) Place {
	order := 0
	var found Place
	if d := v.Service.Dockerfile; d != nil {
		for _, c := range slices.Backward(d.Copies) {
			if p, ok := v.copied(c, name); ok {
				order, found = c.order, p
				break
			}
		}
		for _, e := range d.effectsOn(name) {
			switch {
			case e.order <= order:
			case e.left == removed:
				order, found = e.order, Place{Kind: Nothing, Span: e.span}
			default:
				return Place{Span: e.span}
			}
		}
	}
	switch {
	case order > 0:
		return found
	case v.unsure || v.Image == nil || v.adrift && !ofConfig(name):
		return Place{}
	}
	return Place{Kind: Own}
}

// copied is what an instruction puts at a path; ok is false where that is nothing.
func (v *View) copied(c Copy, name string) (p Place, ok bool) {
	if !c.Target.Known {
		return Place{}, false
	}
	rest, under := below(name, c.Target)
	if !under {
		return Place{}, false
	}
	if c.Text != "" {
		return Place{Kind: Text, Text: c.Text, Span: c.Span}, rest == ""
	}
	for _, s := range slices.Backward(c.Sources) {
		if !s.Known {
			return Place{Span: c.Span}, true // it may hold the file
		}
		names := []string{s.Text}
		if source.HasGlob(s.Text) {
			names = v.globs[s.Text]
		}
		for _, from := range slices.Backward(names) {
			if p, ok := v.copiedFrom(from, rest, c); ok {
				return p, true
			}
		}
	}
	return Place{}, false
}

func (v *View) copiedFrom(from, rest string, c Copy) (Place, bool) {
	p := v.here(from, c.Span)
	switch {
	case p.Kind == File && v.Service.Dockerfile.ignore.leavesOut(p.Path):
		return Place{}, false
	case p.Kind == Folder: // its content
		if rest == "" {
			return p, true
		}
		p = v.here(path.Join(from, rest), c.Span)
		return p, p.Kind != Nothing && (p.Kind != File || !v.Service.Dockerfile.ignore.leavesOut(p.Path))
	case p.Kind == File && (rest == "" && !c.Folder || rest == path.Base(from)):
		return p, true
	case p.Kind == File && rest == "":
		return Place{Kind: Folder, Path: path.Dir(from), Span: c.Span}, false
	}
	return Place{Span: c.Span}, p.Kind != Nothing && p.Kind != File || p.Kind == Nothing && (rest == "" || rest == path.Base(from))
}

// ofConfig reports whether a path lies where images keep configuration.
func ofConfig(name string) bool {
	return strings.HasPrefix(name, "/etc/") || strings.HasPrefix(name, "/usr/local/etc/") || strings.HasPrefix(name, "/opt/bitnami/")
}

// Size is how many mounts and copies a service has: what it takes to look a path up.
func (v *View) Size() int {
	n := 1 + len(v.mounts) + len(v.start)
	if d := v.Service.Dockerfile; d != nil {
		n += len(d.Copies) + len(d.Runs)
	}
	return n
}

// Targets are the paths in the container at which a file of the tree lies.
func (v *View) Targets(file string) []string {
	return slices.DeleteFunc(v.Handed(file), func(target string) bool {
		p := v.At(target)
		return p.Kind != File || p.Path != path.Clean(file)
	})
}

// Handed are the paths in the container to which a file of the tree is mounted or
// copied, whether or not it is there in the end, as it is here.
func (v *View) Handed(file string) []string {
	var targets []string
	add := func(target string) {
		if !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
	}
	for _, m := range v.mounts {
		from := m.Source
		if m.Kind == FromConfig {
			if c := v.project.Configs[m.Source.Text]; c != nil {
				from = c.File
			}
		} else if m.Kind != Bind {
			continue
		}
		if rest, ok := below(path.Clean(file), from); ok && from.Text != "" && m.Target.Known {
			add(path.Join(m.Target.Text, rest))
		}
	}
	if d := v.Service.Dockerfile; d != nil {
		for _, c := range d.Copies {
			if !c.Target.Known {
				continue
			}
			for _, s := range c.Sources {
				if !s.Known {
					continue
				}
				names := []string{s.Text}
				if source.HasGlob(s.Text) {
					names = v.globs[s.Text]
				}
				for _, from := range names {
					if from == file {
						add(c.Target.Text)
						add(path.Join(c.Target.Text, path.Base(file)))
					} else if rest, ok := strings.CutPrefix(file, strings.TrimSuffix(from, "/")+"/"); ok || from == "." && !path.IsAbs(file) {
						if from == "." {
							rest = file
						}
						add(path.Join(c.Target.Text, rest))
					}
				}
			}
		}
	}
	return targets
}

// Listing is what lies in a folder whose names match a pattern; complete is false
// where more may.
func (v *View) Listing(dir, pattern string) (places map[string]Place, complete bool) {
	dir = cleanRun(dir)
	places = map[string]Place{}
	complete = !v.unsure
	names := map[string]bool{}
	list := func(folder string, out *ignore) {
		entries, err := v.fs.ReadDir(folder)
		if err != nil {
			complete = false
			return
		}
		for _, e := range entries {
			if !out.leavesOut(path.Join(folder, e.Name())) {
				names[e.Name()] = true
			}
		}
	}
	covered := false
	for _, m := range v.mounts {
		if !m.Target.Known {
			continue
		}
		at := cleanRun(m.Target.Text)
		if path.Dir(at) == dir {
			names[path.Base(at)] = true
		}
		if rest, ok := below(dir, m.Target); ok && !covered {
			covered = true
			switch p := v.mounted(m, rest); p.Kind {
			case Folder:
				list(p.Path, nil)
			case Nothing:
			case Unknown, Own, File, Text:
				complete = false
			}
		}
	}
	if !covered {
		complete = v.imageNames(dir, names, list) && complete
	}
	for name := range names {
		if source.Match(pattern, name) {
			if p := v.At(path.Join(dir, name)); p.Kind != Folder {
				places[name] = p
			}
		}
	}
	return places, complete
}

// imageNames adds the names that the image has in a folder.
func (v *View) imageNames(dir string, names map[string]bool, list func(string, *ignore)) (complete bool) {
	complete = v.Image != nil
	if v.Image != nil {
		for name := range v.Image.Files(ListenLast) {
			if path.Dir(name) == dir {
				names[path.Base(name)] = true
			}
		}
		complete = v.Image.Files(ListenLast) != nil
	}
	d := v.Service.Dockerfile
	if d == nil {
		return complete
	}
	complete = complete && !d.changes(path.Join(dir, anyName))
	for _, c := range d.Copies {
		rest, under := below(dir, c.Target)
		at := cleanRun(c.Target.Text)
		switch {
		case !c.Target.Known:
		case !under && path.Dir(at) == dir:
			names[path.Base(at)] = true
		case !under:
		default:
			for _, s := range c.Sources {
				if !s.Known {
					complete = false
					continue
				}
				from := []string{s.Text}
				if source.HasGlob(s.Text) {
					from = v.globs[s.Text]
				}
				for _, f := range from {
					switch p := v.here(f, c.Span); {
					case p.Kind == Folder:
						if v.here(path.Join(f, rest), c.Span).Kind == Folder {
							list(path.Join(f, rest), d.ignore)
						}
					case rest == "":
						names[path.Base(f)] = true
					}
				}
			}
		}
	}
	return complete
}

// Changed reports whether something may lie in a folder that the image does not bring.
func (v *View) Changed(dir string) bool {
	dir = cleanRun(dir)
	inside := func(name Value) bool {
		_, ok := below(cleanRun(name.Text), Value{Text: dir, Known: true})
		_, over := below(dir, name)
		return ok || over
	}
	if v.unsure || slices.ContainsFunc(v.mounts, func(m Mount) bool { return inside(m.Target) }) {
		return true
	}
	d := v.Service.Dockerfile
	return d != nil && (slices.ContainsFunc(d.Copies, func(c Copy) bool { return inside(c.Target) && c.Target.Text != "/" }) ||
		d.changes(path.Join(dir, anyName)) || slices.ContainsFunc(d.Runs, func(r Run) bool { return strings.Contains(r.Text, dir) }))
}

// MountTargets are the paths of the service at which something is mounted.
func (v *View) MountTargets() []string {
	var targets []string
	for _, m := range v.mounts {
		if m.Target.Known {
			targets = append(targets, m.Target.Text)
		}
	}
	return targets
}

// Store is what backs a path: two paths in two containers with the same store
// hold the same files. known is false where that is not to be told.
func (v *View) Store(name string) (store string, known bool) {
	name = cleanRun(name)
	if v.unsure || v.adrift {
		return "", false
	}
	for _, m := range v.mounts {
		rest, ok := below(name, m.Target)
		if !ok {
			continue
		}
		switch {
		case !m.Source.Known || m.Subpath:
			return "", false
		case m.Kind == Bind:
			return "bind:" + path.Join(m.Source.Text, rest), true
		case m.Kind == Volume && m.Source.Text != "":
			return "volume:" + m.Source.Text + ":" + path.Join("/", rest), true
		case m.Kind == Volume:
			return "own volume:" + m.Owner + ":" + cleanRun(m.Target.Text) + ":" + path.Join("/", rest), true
		}
		break
	}
	return "container:" + v.Service.Name + ":" + name, true
}
