package analyzer

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

// maxLinks is how many symbolic links in a row Linux follows.
const maxLinks = 40

// links is a file system in which the symbolic links met so far lead to where
// they do on the host that a tree is of: an absolute one below the host's root.
type links struct {
	source.FS
	// to maps links to where they lead, "" where nothing may be read.
	to map[string]string
	// broken are the links that certainly lead nowhere, with what they say.
	broken map[string]string
	// bounds are where files may lie; nil while they are not known.
	bounds *bounds
}

// allow reports whether a path may be read.
func (l *links) allow(name string) bool {
	to := l.real(name)
	return to != "" && (l.bounds == nil || l.bounds.allow(name, to))
}

// real is a path with the links in it replaced.
func (l *links) real(name string) string {
	name = path.Clean(name)
	if len(l.to) == 0 {
		return name
	}
	for at := name; ; at = path.Dir(at) {
		if to, ok := l.to[at]; ok && to == "" {
			return ""
		} else if ok {
			return path.Join(to, name[len(at):])
		}
		if at == path.Dir(at) {
			return name
		}
	}
}

// resolve is real, or an error where nothing may be read.
func (l *links) resolve(op, name string) (string, error) {
	if !l.allow(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: source.ErrOutside}
	}
	return l.real(name), nil
}

// ReadFile implements source.FS.
func (l *links) ReadFile(name string) (string, error) {
	to, err := l.resolve("open", name)
	if err != nil {
		return "", err
	}
	return l.FS.ReadFile(to)
}

// ReadDir implements source.FS.
func (l *links) ReadDir(name string) ([]fs.DirEntry, error) {
	to, err := l.resolve("open", name)
	if err != nil {
		return nil, err
	}
	return l.FS.ReadDir(to)
}

// Stat implements source.FS.
func (l *links) Stat(name string) (fs.FileInfo, error) {
	to, err := l.resolve("stat", name)
	if err != nil {
		return nil, err
	}
	if l.bounds != nil && !l.bounds.folder(path.Dir(to)).there { // as most document roots of a host's tree
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return l.FS.Stat(to)
}

// follow notes where a path leads that may be a symbolic link, and reports whether it is one.
func (p *project) follow(name string) bool {
	said, err := p.links.Readlink(name)
	if err != nil {
		return false
	}
	at := name
	for range maxLinks {
		target, err := p.links.Readlink(at)
		if err != nil {
			p.leads(name, at, said)
			return true
		}
		if at = p.target(at, target); at == "" {
			p.links.to[name] = ""
			return true
		}
	}
	p.links.broken[name] = said // in a circle; reading it says so
	return true
}

// meet follows a path that may be a symbolic link and that no search has met.
func (p *project) meet(name string) {
	if b := p.links.bounds; b != nil && !b.searched[path.Dir(name)] && !b.met[name] && b.folder(path.Dir(name)).there {
		b.met[name] = true
		p.follow(name)
	}
}

// leads notes where a link leads in the end.
func (p *project) leads(link, to, said string) {
	if to != link {
		p.links.to[link] = to
	}
	if _, err := p.links.FS.Stat(to); errors.Is(err, fs.ErrNotExist) && p.ours(link, to) {
		p.links.broken[link] = said
	}
}

// target is where a link says that it leads; "" where nothing may be read.
func (p *project) target(link, said string) string {
	to := path.Join(path.Dir(link), said)
	if path.IsAbs(said) {
		r := &reader{p: p, main: link, confs: slices.Concat(nginxPrefixes, fpmPrefixes)}
		to = path.Clean(said)
		if places, _ := r.locate(to); len(places) > 0 {
			to = places[0]
			if i := slices.IndexFunc(places, p.exists); i >= 0 {
				to = places[i]
			} else if i := slices.IndexFunc(places, p.hasFolder); i >= 0 {
				to = places[i]
			}
		}
	}
	if p.outside(to) || p.links.bounds != nil && !p.links.bounds.allow(link, to) {
		return ""
	}
	return to
}

// exists reports whether a path is there, be it as a link.
func (p *project) exists(name string) bool {
	if _, err := p.links.Readlink(name); err == nil {
		return true
	}
	_, err := p.links.FS.Stat(name)
	return err == nil
}

// ours reports whether a file that is not there would have to be: on the machine
// itself, in a folder that is there, or in the link's own configuration. Of a host
// tree, the rest of the host is mostly not kept.
func (p *project) ours(link, to string) bool {
	if root, ok := p.hostRoot(link); ok && root == "/" && p.opts.Root == "" {
		return true
	}
	own := path.Dir(path.Dir(link))
	if isEtc(p.abs(own)) {
		own = path.Dir(link)
	}
	return source.Below(to, own) || p.hasFolder(to) && !isEtc(p.abs(path.Dir(to)))
}

// hasFolder reports whether the folder that a path stands in is there.
func (p *project) hasFolder(name string) bool {
	info, err := p.links.FS.Stat(path.Dir(name))
	return err == nil && info.IsDir()
}

func isEtc(dir string) bool { return path.Base(dir) == "etc" }

// dangling reports whether a path is a link that leads nowhere as far as is known here.
func (p *project) dangling(name string) bool {
	if _, broken := p.links.broken[name]; broken {
		return true
	}
	to, ok := p.links.to[name]
	if !ok || to == "" {
		return ok
	}
	_, err := p.links.FS.Stat(to)
	return errors.Is(err, fs.ErrNotExist)
}

// brokenLinks reports the broken links that a server would read: those that an
// include matches, and those beside files whose main file is not known.
func (d *driver) brokenLinks() {
	if d.ran(RuleBrokenLink) == nil {
		return
	}
	folders := map[string]bool{}
	for _, c := range d.fragments {
		folders[path.Dir(c.Main.File.Path)] = true
	}
	for _, m := range d.masters {
		folders[path.Dir(m.Path)] = folders[path.Dir(m.Path)] || m.Main == nil
	}
	for name, said := range d.links.broken {
		dir := path.Dir(name)
		if d.reached[name] || folders[dir] && candidate(d.folderName(dir), path.Base(name)) {
			d.brokenLink(name, said)
		}
	}
}

func (d *driver) brokenLink(name, said string) {
	text, fails := "leads to "+said+", which is not there", "2: No such file or directory"
	switch to := d.links.to[name]; {
	case to == "":
		text, fails = "leads to "+said+", and so back to itself", "40: Too many levels of symbolic links"
	case path.IsAbs(said) && to != said:
		text = "leads to " + said + ": there is no " + to
	}
	d.add(nginx.Ref{}, diag.Finding{
		Rule: RuleBrokenLink, Severity: diag.Warning, Summary: "a symbolic link that leads nowhere",
		Subject: diag.Label{Span: source.Span{File: source.NewFile(name, "")}, Text: text},
		Notes:   []string{"a server that includes it does not start; nginx: [emerg] open() failed (" + fails + ")"},
		Remedy:  "remove the link, or bring back what it leads to",
	})
}
