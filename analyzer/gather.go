package analyzer

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"nginx-lint/analyzer/source"
)

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
// In a repository, or where settings hold, the machine's own is not what is meant: a
// hook or a CI job would pass for what it has not read.
func (p *project) unnamed() []*file {
	top := "."
	if p.outside(top) {
		top = p.opts.Root
	}
	if p.abs(top) != "/" {
		p.links.bounds.admit(top)
		p.surroundings(p.links.bounds, top)
		places := p.together(top)
		here := p.candidates(append(places, p.declaredPlaces([]string{top})...))
		parallel(here, func(f *file) { p.classify(f) })
		for _, f := range here {
			if p.below(f.path, top) && p.classify(f) != kindOther {
				if len(places) > 1 { // what lies beside is read along, and not what is asked about
					p.named = append(p.named, top)
				}
				return here
			}
		}
		if _, ok := p.marked("."); ok && p.opts.Root == "" {
			return here
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
	for at := range p.upwards(dir) {
		if at != path.Clean(dir) && path.Base(p.abs(at)) == "etc" {
			return append([]string{dir}, p.siblings(at)...)
		}
	}
	return []string{dir}
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
	for at := range p.upwards(path.Dir(name)) {
		if p.isMarked(at) {
			return []string{at}
		}
		if path.Base(p.abs(at)) == "etc" {
			return p.siblings(at)
		}
	}
	return nil
}

func (p *project) isTop(dir string) bool { return slices.Contains(p.tops, dir) }
