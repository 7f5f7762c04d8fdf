package analyzer

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"sync"

	"nginx-lint/analyzer/source"
)

// bounds are where a run reads: what a configuration names elsewhere, or a
// symbolic link leads to there, is not read.
type bounds struct {
	fs  source.FS
	abs func(string) string
	// real are folders and files that are read, absolute and without symbolic links.
	real []string
	// machine are the folders of the machine's own configuration, where that is
	// checked: they are the administrator's, and so are the links in them.
	machine []string
	// searched are the folders of which each symbolic link is known. Those that are
	// found in one are no links themselves.
	searched map[string]bool
	// met are other paths of which it is known whether they are links.
	met     map[string]bool
	folders sync.Map // where folders are, by name
}

func newBounds(fsys source.FS, abs func(string) string) *bounds {
	return &bounds{fs: fsys, abs: abs, searched: map[string]bool{}, met: map[string]bool{}}
}

// admit adds a file or a folder with all that it holds.
func (b *bounds) admit(name string) {
	if at := b.abs(b.where(name)); !slices.Contains(b.real, at) {
		b.real = append(b.real, at)
	}
}

// admitMachine adds the configuration of the machine itself.
func (b *bounds) admitMachine() { b.machine = slices.Concat(systemFolders, backendFolders) }

// allow reports whether a path may be read; to is where known links lead from it.
func (b *bounds) allow(name, to string) bool {
	if dir := path.Dir(to); b.searched[dir] && b.folder(dir).inside {
		return true
	}
	return len(b.machine) > 0 && isBelow(b.abs(name), b.machine) || isBelow(b.abs(b.where(to)), b.real)
}

// isBelow reports whether a path lies in one of the folders, or is one of them.
func isBelow(at string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return source.Below(at, dir) })
}

// where is a path without symbolic links. Of what is not there it is so as far as
// there is something.
func (b *bounds) where(name string) string {
	name = path.Clean(name)
	dir := path.Dir(name)
	in := b.folder(dir)
	if in.there && !b.searched[dir] {
		if _, err := b.fs.Readlink(name); err == nil {
			if at, err := b.fs.Real(name); err == nil {
				return at
			}
		}
	}
	return path.Join(in.at, path.Base(name))
}

// A realFolder is a folder without symbolic links.
type realFolder struct {
	at    string
	there bool // or may be
	// inside is set where it is certainly read with all that it holds.
	inside bool
}

// folder is where for a folder; it is asked for again and again. Document roots and
// what is in them are mostly not there.
func (b *bounds) folder(dir string) realFolder {
	if in, known := b.folders.Load(dir); known {
		in, _ := in.(realFolder)
		return in
	}
	up := path.Dir(dir)
	in := realFolder{at: dir, there: true}
	if up != dir {
		in = b.folder(up)
		in.at = path.Join(in.at, path.Base(dir))
	}
	if in.there && (!b.searched[up] || !b.searched[dir]) {
		_, err := b.fs.Stat(dir)
		in.there = !errors.Is(err, fs.ErrNotExist)
		if in.there {
			if to, err := b.fs.Real(dir); err == nil {
				in.at = to
			}
		}
	}
	in.inside = isBelow(b.abs(in.at), b.real)
	b.folders.Store(dir, in)
	return in
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
	for at := range p.upwards(name) {
		if p.isMarked(at) {
			return at, true
		}
	}
	return "", false
}

func (p *project) isMarked(dir string) bool {
	return slices.ContainsFunc([]string{".nginx-lint.yaml", ".git"}, func(mark string) bool {
		_, err := p.outer.Stat(path.Join(dir, mark))
		return err == nil
	})
}
