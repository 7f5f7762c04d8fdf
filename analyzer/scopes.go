package analyzer

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// A unit is one configuration that belongs to a scope as a whole.
type unit struct {
	name   string // the path of its main file, or of its first
	dir    string
	config *nginx.Config
	master *fpm.Master
}

// group sorts the configurations into scopes: what runs together on one host.
// Where the caller does not say so, a compose project is one, and a host tree (the
// folder that holds an `etc`); elsewhere a scope is the deepest folder that holds both nginx and PHP-FPM
// files which no deeper scope has.
func (p *project) group() {
	declared := make([]*stack.Scope, len(p.opts.Scopes))
	hosts := map[string]*stack.Scope{}
	var rest, loose []unit
	for _, u := range p.units() {
		if i := p.declared(u); i >= 0 {
			if declared[i] == nil {
				declared[i] = p.newScope(p.opts.Scopes[i].Name)
				declared[i].Closed = p.opts.Scopes[i].Closed
				if root := p.opts.Scopes[i].Root; root != "" {
					p.backends(declared[i], p.local(root))
				}
			}
			u.join(declared[i])
			continue
		}
		if p.unusedFPM[u.master] { // nothing listens there
			u.join(p.newScope(u.name))
			continue
		}
		rest = append(rest, u)
	}
	for _, u := range p.groupServices(rest) {
		root, ok := p.hostRoot(path.Join(u.dir, "file"))
		if p.opts.Root != "" {
			root, ok = p.opts.Root, true
		}
		if !ok {
			loose = append(loose, u)
			continue
		}
		if hosts[root] == nil {
			hosts[root] = p.newScope(root)
			p.backends(hosts[root], root)
		}
		u.join(hosts[root])
	}
	before := len(p.scopes)
	p.groupLoose(loose)
	p.looseUnits(p.scopes[before:])
	for _, s := range p.scopes {
		if s.Containers == nil { // what a container reads is known
			p.prune(s)
		}
		p.declareListeners(s, declared)
	}
	slices.SortStableFunc(p.scopes, func(a, b *stack.Scope) int { return strings.Compare(a.Name, b.Name) })
}

func (p *project) newScope(name string) *stack.Scope {
	s := &stack.Scope{Name: name, NginxUser: p.opts.NginxUser}
	p.scopes = append(p.scopes, s)
	return s
}

func (u unit) join(s *stack.Scope) {
	if u.config != nil {
		s.Nginx = append(s.Nginx, u.config)
	} else {
		s.Masters = append(s.Masters, u.master)
	}
}

func (p *project) units() []unit {
	var units []unit
	for _, c := range slices.Concat(p.mains, p.fragments) {
		units = append(units, unit{name: c.Main.File.Path, dir: path.Dir(c.Main.File.Path), config: c})
	}
	for _, m := range p.masters {
		units = append(units, unit{name: m.Path, dir: path.Dir(m.Path), master: m})
	}
	return units
}

// groupLoose claims units folder by folder, from the deepest up.
func (p *project) groupLoose(units []unit) {
	if len(units) == 0 {
		return
	}
	names := map[string]string{} // how folders are written, by absolute path
	left := map[string][]int{}   // the units in a folder, and those that no deeper one claims
	for i, u := range units {
		left[p.abs(u.dir)] = append(left[p.abs(u.dir)], i)
		for dir := u.dir; names[p.abs(dir)] == ""; dir = path.Dir(dir) {
			names[p.abs(dir)] = dir
		}
	}
	order := slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		return cmp.Or(strings.Count(b, "/")-strings.Count(a, "/"), strings.Compare(b, a)) // "." and "/" come last
	})
	for _, dir := range order {
		in := left[dir]
		configs := 0
		for _, i := range in {
			if units[i].config != nil {
				configs++
			}
		}
		up := path.Dir(dir)
		switch {
		case configs > 0 && configs < len(in):
			p.joinAll(names[dir], units, in)
		case up == dir:
			continue
		default:
			left[up] = append(left[up], in...)
		}
		delete(left, dir)
	}
	if rest := slices.Concat(slices.Collect(maps.Values(left))...); len(rest) > 0 {
		p.joinAll(".", units, rest)
	}
}

// joinAll makes a scope of some units, in their order.
func (p *project) joinAll(name string, units []unit, which []int) {
	s := p.newScope(name)
	slices.Sort(which)
	for _, i := range which {
		units[i].join(s)
	}
}

// prune leaves out of a scope the fragments that are not in use: beside main
// files all but those that one of their missing includes may mean.
func (p *project) prune(s *stack.Scope) {
	var mains []*nginx.Config
	for _, c := range s.Nginx {
		if !c.Fragment {
			mains = append(mains, c)
		}
	}
	s.Nginx = slices.DeleteFunc(s.Nginx, func(c *nginx.Config) bool {
		if !c.Fragment {
			return false
		}
		if _, listed := p.listed(c.Main.File.Path, nginxOf); listed {
			return false
		}
		dir := path.Dir(c.Main.File.Path)
		p.unusedNginx[c] = p.disabled(dir) ||
			len(mains) > 0 && !slices.ContainsFunc(mains, func(m *nginx.Config) bool { return p.mayInclude(m, c) })
		return p.unusedNginx[c]
	})
}

// disabled reports whether a folder holds the sites of which others are enabled.
func (p *project) disabled(dir string) bool {
	if p.folderName(dir) != "sites-available" {
		return false
	}
	enabled := p.short(path.Join(dir, "..", "sites-enabled"))
	has, known := p.filled[enabled]
	if !known {
		entries, err := p.opts.FS.ReadDir(enabled)
		has = err == nil && len(entries) > 0
		p.filled[enabled] = has
	}
	return has
}

// maxMissing is how many missing includes are compared with fragments in a run;
// what is left then counts as not in use.
const maxMissing = 1 << 22

// mayInclude reports whether a missing include of a main file may mean a fragment.
func (p *project) mayInclude(main, fragment *nginx.Config) bool {
	if p.missingLeft -= 1 + len(main.Missing); p.missingLeft < 0 {
		return false
	}
	name := fragment.Main.File.Path
	dir, mainDir := path.Dir(name), path.Dir(main.Main.File.Path)
	for _, m := range main.Missing {
		folder := path.Base(path.Dir(m.Pattern))
		switch {
		case m.Opaque || m.Block.Context != fragment.Top.Context || !source.Match(path.Base(m.Pattern), path.Base(name)):
		case folder == p.folderName(dir), folder == "sites-enabled" && p.folderName(dir) == "sites-available":
			return true
		case !p.below(dir, mainDir), dir == mainDir && m.Block.Context == catalog.HTTP:
			return true // laid out otherwise here than where it runs
		}
	}
	return false
}
