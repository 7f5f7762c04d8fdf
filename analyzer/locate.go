package analyzer

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// hostRoot is the folder that stands for `/` in a host tree: the one that holds
// the `etc` of a path. ok is false for paths without one.
func hostRoot(name string) (root string, ok bool) {
	parts := strings.Split(name, "/")
	for i := len(parts) - 2; i >= 0; i-- {
		if parts[i] != "etc" {
			continue
		}
		if i >= 2 && parts[i-1] == "local" && parts[i-2] == "usr" {
			i -= 2
		}
		root = strings.Join(parts[:i], "/")
		if root == "" {
			root = "."
			if strings.HasPrefix(name, "/") {
				root = "/"
			}
		}
		return root, true
	}
	return "", false
}

// systemFolders are the only ones that absolute includes of the machine's own configuration may lead to.
var systemFolders = []string{"/etc/", "/usr/local/", "/usr/share/", "/opt/"}

// A reader resolves the includes of one configuration.
type reader struct {
	p *project
	// main is the path of the main file or fragment; of nginx.conf in an image, of the
	// first file that it includes, and image is how it is called.
	main, image string
	// prefix is what relative includes are below; "" for fragments, where it is looked for upwards.
	prefix string
	// confs are the absolute folders that, by their builds, servers call what is main's own folder.
	confs []string
	// view is the file system of the container that main is read in, configDir the
	// folder that relative includes are below there; nil where it is in none.
	view      *compose.View
	configDir string
	// host is the root of main's host, and onHost set where it has one, once asked for.
	host   *string
	onHost bool
	// read are the includes that were read before: sites share snippets.
	read map[string]readInclude
}

// A readInclude is what Include gave for a pattern.
type readInclude struct {
	trees             []*syntax.Tree
	complete, outside bool
}

// nginxPrefixes are the configuration folders of the usual builds.
var nginxPrefixes = []string{"/etc/nginx/", "/usr/local/nginx/conf/", "/usr/local/etc/nginx/", "/opt/nginx/conf/", "/usr/local/openresty/nginx/conf/"}

// ownPrefix is the prefix that the caller gives, as a folder here: an absolute one
// is mostly that of the machine that will run it. "" where none is given.
func (r *reader) ownPrefix() string {
	prefix := r.p.opts.Prefix
	if !path.IsAbs(prefix) {
		return prefix
	}
	places, _ := r.locate(path.Clean(prefix) + "/.")
	for _, place := range places {
		if info, err := r.p.opts.FS.Stat(place); err == nil && info.IsDir() {
			return place
		}
	}
	return prefix
}

// locate lists where the file or pattern of an include may lie, the best first.
func (r *reader) locate(pattern string) (paths []string, outside bool) {
	switch p, outside, known := r.place(pattern); {
	case outside:
		return nil, true
	case known:
		return []string{p}, false
	}
	if !path.IsAbs(pattern) {
		return r.upwards(pattern), false
	}
	for _, conf := range r.confs {
		rest, ok := strings.CutPrefix(pattern, conf)
		switch {
		case !ok:
		case r.prefix != "":
			paths = append(paths, path.Join(r.prefix, rest))
		default:
			paths = append(paths, r.upwards(rest)...)
		}
	}
	return paths, len(paths) == 0
}

// hostRoot is that of main.
func (r *reader) hostRoot() (root string, ok bool) {
	if r.host == nil {
		root, ok := r.p.hostRoot(r.main)
		r.host, r.onHost = &root, ok
	}
	return *r.host, r.onHost
}

// place is the one place where the file or pattern of an include lies, where that
// is known; outside is set where it lies where nothing may be read.
func (r *reader) place(pattern string) (p string, outside, known bool) {
	if !path.IsAbs(pattern) {
		return path.Join(r.prefix, pattern), false, r.prefix != ""
	}
	for _, m := range r.p.opts.PathMap {
		if rest, ok := under(pattern, m.From); ok {
			return r.p.local(path.Join(m.To, rest)), false, true
		}
	}
	if r.p.opts.Root != "" {
		return r.p.local(path.Join(r.p.opts.Root, pattern)), false, true
	}
	for _, top := range r.p.tops {
		if rest, ok := under(pattern, r.p.abs(top)); ok {
			return path.Join(top, rest), false, true
		}
	}
	root, ok := r.hostRoot()
	switch {
	case !ok:
		return "", false, false
	case root != "/":
		return path.Join(root, pattern), false, true
	}
	for _, folder := range systemFolders {
		if strings.HasPrefix(path.Clean(pattern), folder) {
			return pattern, false, true
		}
	}
	return "", true, false
}

// Place implements nginx.Loader.
func (r *reader) Place(name string) string {
	p, outside, known := r.place(name)
	if r.view != nil || outside || !known || r.prefix == "" || !r.p.reads(r.p.short(p)) {
		return ""
	}
	if _, err := r.p.opts.FS.Stat(p); !errors.Is(err, fs.ErrNotExist) {
		return "" // there, and not to be read
	}
	return r.p.short(p)
}

// under is the rest of a path that lies in a folder, "" for the folder itself.
func under(name, dir string) (rest string, ok bool) {
	if dir = strings.TrimSuffix(dir, "/"); name == dir {
		return "", true
	}
	return strings.CutPrefix(name, dir+"/")
}

// upwards lists a relative pattern below the file's own folder and each folder above it in the tree.
func (r *reader) upwards(pattern string) []string {
	var paths []string
	for dir := path.Dir(r.main); ; dir = r.p.short(path.Join(dir, "..")) {
		paths = append(paths, path.Join(dir, pattern))
		if dir == "/" || r.p.isTop(dir) || !slices.ContainsFunc(r.p.tops, func(top string) bool { return r.p.below(dir, top) }) {
			return paths
		}
	}
}

// expand is the files that an include names, in the servers' order. complete is
// false where a file is not there, or for a glob, its folder.
func (r *reader) expand(pattern string) (names []string, complete, outside bool) {
	if r.view != nil {
		if names, complete, known := r.inContainer(pattern); known {
			return names, complete, false
		}
	}
	paths, outside := r.locate(pattern)
	for _, name := range paths {
		name = r.p.short(name)
		if !r.p.reads(name) {
			outside = true
			continue
		}
		if !source.HasGlob(pattern) {
			r.p.meet(name)
			if _, err := r.p.opts.FS.Stat(name); err == nil {
				return []string{name}, true, false
			}
			continue
		}
		names, all := r.p.glob(name)
		for _, name := range names {
			r.p.meet(name)
		}
		if !all {
			if r.p.tooManyNames.pattern == "" {
				r.p.tooManyNames.main, r.p.tooManyNames.pattern = r.main, pattern
			}
			return names, false, false
		}
		if len(names) > 0 {
			return names, true, false
		}
		// nginx is content with a glob that matches nothing; so are we where its folder is there.
		// A folder that may not be listed says nothing about its files.
		if _, err := r.p.opts.FS.ReadDir(path.Dir(name)); err == nil && !source.HasGlob(path.Dir(name)) {
			complete = true
		}
	}
	return nil, complete, outside
}

// reads reports whether a path or pattern lies where files are read.
func (p *project) reads(name string) bool {
	for source.HasGlob(name) {
		name = path.Dir(name)
	}
	return !p.outside(name) && p.links.allow(name)
}

// maxNames is how many names are compared with patterns in one run.
const maxNames = 1 << 24

// glob is what a pattern matches; all is false where there are too many names to look at.
func (p *project) glob(pattern string) (names []string, all bool) {
	if names, ok := p.globs[pattern]; ok {
		return names, true
	}
	names = source.Glob(p.opts.FS, pattern, &p.namesLeft)
	if p.namesLeft < 0 {
		return names, false
	}
	p.globs[pattern] = names
	return names, true
}

// Include implements nginx.Loader.
func (r *reader) Include(pattern string) (trees []*syntax.Tree, complete, outside bool) {
	in, again := r.read[pattern]
	if !again {
		in.trees, in.complete, in.outside = r.include(pattern)
		if r.read == nil {
			r.read = map[string]readInclude{}
		}
		r.read[pattern] = in
	}
	return in.trees, in.complete, in.outside
}

func (r *reader) include(pattern string) (trees []*syntax.Tree, complete, outside bool) {
	list, complete, outside := r.files(pattern, func(f *file) { r.p.files.tree(f) }, r.prefix != "")
	why := "included by " + cmp.Or(r.image, r.main)
	for _, f := range list {
		if f.filledIn() {
			r.p.template(f)
			complete = false
			continue
		}
		r.p.wanted(f, why)
		trees = append(trees, f.nginx)
	}
	return trees, complete, outside
}

// Has implements nginx.Loader.
func (r *reader) Has(name string) bool {
	names, complete, _ := r.expand(name)
	return complete && len(names) > 0
}

// IncludeINI implements fpm.Loader.
func (r *reader) IncludeINI(pattern string) (inis []*syntax.INI, complete, outside bool) {
	list, complete, outside := r.files(pattern, func(f *file) { r.p.files.iniFile(f) }, false)
	why := "included by " + r.main
	for _, f := range list {
		r.p.wanted(f, why)
		inis = append(inis, f.ini)
	}
	return inis, complete, outside
}

// file is the file at a path; one that an include of the same host has led to
// before, by whatever name, is that file.
func (r *reader) file(name string) *file {
	if _, broken := r.p.links.broken[name]; broken {
		r.p.reached[name] = true
	}
	if len(r.p.links.to) == 0 {
		return r.p.files.get(name)
	}
	host, _ := r.hostRoot()
	at := location{host, r.p.links.real(name)}
	if r.p.included[at] == nil {
		r.p.included[at] = r.p.files.get(name)
	}
	return r.p.included[at]
}

// files reads what a pattern names. parse is called from several goroutines. A
// folder that a pattern matches is one more file that cannot be read to nginx,
// which refuses it; php-fpm leaves it out, and where a fragment's includes lie is a guess.
func (r *reader) files(pattern string, parse func(*file), folders bool) (list []*file, complete, outside bool) {
	names, complete, outside := r.expand(pattern)
	all := make([]*file, 0, len(names))
	for _, name := range names {
		all = append(all, r.file(name))
	}
	parallel(all, func(f *file) { parse(f) })
	for _, f := range all {
		if f.src == nil && !folders && errors.Is(f.err, source.ErrNotRegular) {
			continue
		}
		if f.src == nil {
			r.p.unreadable(f)
			complete, outside = false, outside || errors.Is(f.err, source.ErrOutside)
			continue
		}
		list = append(list, f)
	}
	return list, complete, outside
}
