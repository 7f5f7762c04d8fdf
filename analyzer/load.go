package analyzer

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

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
	_, marked := p.marked(".")
	switch {
	case len(p.named) > 0:
		where = strings.Join(p.named, ", ")
	case p.opts.Root != "":
		where = p.opts.Root
	case marked:
		where = "this folder"
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
	case strings.TrimSpace(text) == "":
		return "empty: there is nothing to check"
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

func (p *project) loadFPM(candidates []*file, kinds map[*file]kind) {
	budget := fpm.NewBudget()
	taken := map[*syntax.INI]bool{}
	p.loadContainerMasters(taken, budget)
	for _, f := range candidates {
		if kinds[f] != kindFPMMain || p.linked(f) || taken[f.ini] {
			continue
		}
		p.wanted(f, "a main PHP-FPM file")
		m := fpm.Load(f.ini, &reader{p: p, main: f.path, prefix: p.fpmPrefix(f.path), confs: fpmPrefixes}, budget)
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
		r := &reader{p: p, main: m.Path, prefix: p.fpmPrefix(m.Path), confs: fpmPrefixes}
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
	m.StartAt(filepath.ToSlash(p.opts.Dir))
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
func (p *project) fpmPrefix(main string) string {
	dir := path.Dir(main)
	if p.folderName(dir) == "etc" {
		return p.short(path.Join(dir, ".."))
	}
	return dir
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
