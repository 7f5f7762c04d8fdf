package analyzer

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// documents is what lies below the roots of a scope's nginx, in the tree that was read.
type documents struct {
	p     *project
	scope *stack.Scope

	mu      sync.Mutex
	scripts map[string]scripts // by folder
}

// scripts are those below a folder, and in how many folders they were looked for.
type scripts struct {
	names   []string
	folders int
}

// packaged are the roots that packages of nginx fill: of them a tree mostly holds
// only what differs.
var packaged = []string{"/usr/share/nginx", "/usr/local/nginx", "/usr/local/openresty/nginx", "/etc/nginx", "/opt/nginx", "/var/lib/nginx", "/var/www/localhost"}

// folder is where a root lies in the tree.
func (d *documents) folder(c *nginx.Config, root string) (dir string, ok bool) {
	r := &reader{p: d.p, main: c.Main.File.Path, confs: nginxPrefixes}
	places, _ := r.locate(root)
	for _, place := range places {
		place = d.p.short(place)
		if d.p.opts.Root != "" && !d.p.below(place, d.p.opts.Root) {
			continue
		}
		if info, err := d.p.opts.FS.Stat(place); err == nil && info.IsDir() {
			return place, true
		}
	}
	return "", false
}

// At implements stack.Documents. That nothing lies there is certain only where the
// tree holds the whole root: not where an image has more, or a link leads elsewhere.
func (d *documents) At(c *nginx.Config, root, name string) nginx.Presence {
	dir, ok := d.folder(c, root)
	if !ok {
		return 0
	}
	at := path.Join(dir, name)
	info, err := d.p.opts.FS.Stat(at)
	switch {
	case err == nil && info.IsDir():
		return nginx.Folder
	case err == nil:
		return nginx.File
	case !errors.Is(err, fs.ErrNotExist), d.partial(root):
		return 0
	}
	for ; at != dir && at != "."; at = path.Dir(at) {
		if _, err := d.p.opts.FS.Readlink(at); err == nil {
			return 0
		}
	}
	return nginx.Nothing
}

// Linked implements stack.Documents.
func (d *documents) Linked(c *nginx.Config, name string) bool {
	r := &reader{p: d.p, main: c.Main.File.Path, confs: nginxPrefixes}
	places, _ := r.locate(name)
	return slices.ContainsFunc(places, func(at string) bool {
		at = d.p.short(at)
		for name := name; name != "/"; name, at = path.Dir(name), path.Dir(at) {
			if _, err := d.p.opts.FS.Readlink(at); err == nil {
				return true
			}
		}
		return false
	})
}

// partial reports whether more may lie below a root than the tree holds.
func (d *documents) partial(root string) bool {
	if slices.ContainsFunc(packaged, func(dir string) bool { return source.Below(root, dir) }) {
		return true
	}
	mapped := slices.ContainsFunc(d.p.opts.PathMap, func(m Mapping) bool { return source.Below(root, m.From) })
	return d.scope.Container && !mapped
}

// Limits on the search for scripts.
const (
	maxScripts       = 200
	maxScriptFolders = 2000
)

// folderCost is about how many locations can be looked at while a folder is read.
const folderCost = 1000

// Scripts implements stack.Documents.
func (d *documents) Scripts(w *nginx.Work, c *nginx.Config, root string) []string {
	if !w.Take(folderCost) {
		return nil
	}
	dir, ok := d.folder(c, root)
	if !ok {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	found, again := d.scripts[dir]
	if !again {
		found = d.search(dir)
		if d.scripts == nil {
			d.scripts = map[string]scripts{}
		}
		d.scripts[dir] = found
	}
	if !w.Take(found.folders * folderCost) {
		return nil
	}
	return found.names
}

// search goes through the folders level by level, so that what lies close to the root is found first.
func (d *documents) search(dir string) (found scripts) {
	folders := []string{""}
	for n := 0; n < len(folders) && n < maxScriptFolders; n++ {
		found.folders++
		entries, err := d.p.opts.FS.ReadDir(path.Join(dir, folders[n]))
		if err != nil {
			continue // what cannot be read is not known
		}
		for _, entry := range entries {
			name := folders[n] + "/" + entry.Name()
			switch {
			case entry.IsDir() && !strings.HasPrefix(entry.Name(), "."):
				folders = append(folders, name)
			case entry.Type().IsRegular() && strings.HasSuffix(name, ".php") && len(found.names) < maxScripts:
				found.names = append(found.names, name)
			}
		}
	}
	slices.Sort(found.names)
	return found
}
