package analyzer

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

// phpLayouts say where the usual builds of PHP-FPM look for php.ini and for more
// files, seen from the folder of their php-fpm.conf. The first that fits is taken.
var phpLayouts = []struct {
	base      string // matches the folder
	ini, scan string
	folders   []string // that are there for certain
}{
	{`(^|/)etc/php/\d+\.\d+/fpm$`, ".", "conf.d", nil}, // Debian
	{`(^|/)usr/local/etc$`, "php", "php/conf.d", nil},  // the official images
	{`(^|/)etc$`, ".", "php.d", nil},                   // Red Hat
	{`(^|/)etc/php\d*$`, ".", "conf.d", nil},           // Alpine, Arch
	{`(^|/)etc/opt/remi/php\d+$`, ".", "php.d", nil},   // Remi's packages
	// Red Hat's etc under another name, as a repository of its own is.
	{``, ".", "php.d", []string{"php.d", "php-fpm.d"}},
}

// phpBases are the folders of phpLayouts.
var phpBases = sync.OnceValue(func() []*regexp.Regexp {
	bases := make([]*regexp.Regexp, len(phpLayouts))
	for i, layout := range phpLayouts {
		bases[i] = regexp.MustCompile(layout.base)
	}
	return bases
})

// phpININames are what PHP-FPM looks for, the first one there is taken (measured).
var phpININames = []string{"php-fpm-fcgi.ini", "php.ini"}

// phpINI reads what a master reads of php.ini; nil where its place does not say
// which that is, or none is in the tree.
func (p *project) phpINI(m *fpm.Master) *fpm.PHPINI {
	base := path.Dir(m.Path)
	if name := path.Base(p.abs(base)); m.Main == nil && (name == "pool.d" || name == "php-fpm.d") {
		base = path.Join(base, "..")
	}
	for i, layout := range phpLayouts {
		missing := func(folder string) bool { return !p.isFolder(path.Join(base, folder)) }
		if !phpBases()[i].MatchString(p.abs(p.short(base))) || slices.ContainsFunc(layout.folders, missing) {
			continue
		}
		ini := &fpm.PHPINI{}
		for _, name := range phpININames {
			if f, is := p.phpFile(path.Join(base, layout.ini, name), m.Path); is {
				ini.Main, ini.Files = f != nil, append(ini.Files, f)
				break
			}
		}
		// PHP reads all *.ini, also hidden ones, in byte order (measured).
		scan := path.Join(base, layout.scan)
		entries, err := p.opts.FS.ReadDir(p.short(scan))
		for _, entry := range entries {
			if path.Ext(entry.Name()) != ".ini" {
				continue
			}
			if f, is := p.phpFile(path.Join(scan, entry.Name()), m.Path); is {
				ini.Files = append(ini.Files, f)
			}
		}
		switch {
		case err == nil:
			return ini
		case len(ini.Files) > 0:
			ini.Files = append(ini.Files, nil)
			return ini
		}
		return nil
	}
	return nil
}

func (p *project) isFolder(name string) bool {
	info, err := p.opts.FS.Stat(p.short(name))
	return err == nil && info.IsDir()
}

// phpFile reads one file that PHP reads when it starts; nil for one that could
// not be read. is is false where PHP would not look at it.
func (p *project) phpFile(name, master string) (ini *syntax.INI, is bool) {
	name = p.short(name)
	link := p.follow(name)
	info, err := p.opts.FS.Stat(name)
	if err != nil {
		return nil, link
	}
	if !info.Mode().IsRegular() {
		return nil, false
	}
	f := p.files.get(name)
	if p.files.phpINI(f) == nil {
		return nil, true
	}
	p.wanted(f, "read by PHP-FPM before "+master)
	return f.php, true
}

// userINIs reads the .user.ini in the document root of each target, where it lies in the tree.
func (p *project) userINIs(s *stack.Scope) {
	roots := make([]string, len(s.Targets))
	numbers := make([]int, len(s.Targets))
	for i := range numbers {
		numbers[i] = i
	}
	parallel(numbers, func(i int) {
		if root, ok := s.Targets[i].DocumentRoot(); ok && !source.HasGlob(root) {
			roots[i] = root
		}
	})
	type place struct {
		config *nginx.Config
		root   string
	}
	read := map[place]*syntax.INI{} // a site has several targets
	readers := map[*nginx.Config]*reader{}
	for i, t := range s.Targets {
		if roots[i] == "" {
			continue
		}
		at := place{t.Config, roots[i]}
		ini, again := read[at]
		if !again {
			if readers[at.config] == nil {
				readers[at.config] = &reader{p: p, main: at.config.Main.File.Path}
			}
			ini = p.userINI(readers[at.config], at.root)
			read[at] = ini
		}
		t.UserINI = ini
	}
}

// userINI reads the .user.ini in a document root of a main file; nil where none is read.
func (p *project) userINI(r *reader, root string) *syntax.INI {
	names, _, _ := r.expand(strings.TrimSuffix(root, "/") + "/.user.ini")
	if len(names) == 0 {
		return nil
	}
	f := p.files.get(names[0])
	ini := p.files.phpINI(f)
	if ini != nil {
		p.wanted(f, "in the document root of "+r.main)
	}
	return ini
}
