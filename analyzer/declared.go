package analyzer

import (
	"path"
	"slices"

	"nginx-lint/analyzer/stack"
)

func nginxOf(s DeclaredScope) []string  { return s.Nginx }
func phpFPMOf(s DeclaredScope) []string { return s.PHPFPM }

// listed is the declared scope that names a path, or the closest folder above it,
// among its files of one side; ok is false where none does.
func (p *project) listed(name string, side func(DeclaredScope) []string) (scope int, ok bool) {
	length := 0
	for i, s := range p.opts.Scopes {
		for _, entry := range side(s) {
			if n := len(p.abs(entry)); n > length && p.below(name, entry) {
				scope, length, ok = i, n, true
			}
		}
	}
	return scope, ok
}

// declares reports whether a declared scope names a PHP-FPM file itself, not only its folder.
func (p *project) declares(name string) bool {
	return slices.ContainsFunc(p.opts.Scopes, func(s DeclaredScope) bool {
		return slices.ContainsFunc(s.PHPFPM, func(entry string) bool { return p.abs(entry) == p.abs(name) })
	})
}

// declared is the index of the declared scope that a unit belongs to, or -1.
func (p *project) declared(u unit) int {
	side := nginxOf
	if u.master != nil {
		side = phpFPMOf
	}
	if i, ok := p.listed(u.name, side); ok {
		return i
	}
	scope, length := -1, 0
	for i, s := range p.opts.Scopes {
		if n := len(p.abs(s.Root)); s.Root != "" && len(side(s)) == 0 && n > length && p.below(u.name, s.Root) {
			scope, length = i, n
		}
	}
	return scope
}

// declaredRoot is the root of a declared scope that a path lies below.
func (p *project) declaredRoot(name string) (root string, ok bool) {
	for _, s := range p.opts.Scopes {
		if s.Root != "" && p.below(name, s.Root) && (!ok || len(p.abs(s.Root)) > len(p.abs(root))) {
			root, ok = s.Root, true
		}
	}
	return p.local(root), ok
}

// declaredPlaces are the files and folders of the declared scopes that have
// something to do with the given paths.
func (p *project) declaredPlaces(paths []string) []string {
	var places []string
	for _, s := range p.opts.Scopes {
		own := slices.Concat(s.Nginx, s.PHPFPM)
		if s.Root != "" && (len(s.Nginx) == 0 || len(s.PHPFPM) == 0) {
			own = append(own, s.Root)
		}
		if slices.ContainsFunc(own, func(place string) bool {
			return slices.ContainsFunc(paths, func(name string) bool { return p.below(name, place) || p.below(place, name) })
		}) {
			places = append(places, own...)
		}
	}
	return places
}

// local is a path as it is called below the folders that are searched.
func (p *project) local(name string) string {
	for _, top := range p.tops {
		if rest, ok := under(p.abs(name), p.abs(top)); ok {
			return path.Join(top, rest)
		}
	}
	return name
}

// declareListeners gives a scope the listeners that were declared for it.
func (p *project) declareListeners(s *stack.Scope, declared []*stack.Scope) {
	for _, l := range p.opts.Listeners {
		i := slices.IndexFunc(p.opts.Scopes, func(d DeclaredScope) bool { return d.Name == l.Scope })
		if l.Scope == "" || i >= 0 && declared[i] == s {
			own := l.Listener
			s.Listeners = append(s.Listeners, &own)
		}
	}
}
