package analyzer

import (
	"path"
	"slices"

	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// containerFiles are what builds images and starts containers from a tree.
var containerFiles = []string{"Dockerfile*", "*.Dockerfile", "Containerfile*", "docker-compose*.y*ml", "compose*.y*ml"}

// inContainer reports whether such a file lies beside some configuration of a
// scope, or in a folder above it that is searched. known keeps the answers by folder.
func (p *project) inContainer(s *stack.Scope, known map[string]bool) bool {
	return slices.ContainsFunc(s.Nginx, func(c *nginx.Config) bool { return p.shipped(path.Dir(c.Main.File.Path), known) }) ||
		slices.ContainsFunc(s.Masters, func(m *fpm.Master) bool { return p.shipped(path.Dir(m.Path), known) })
}

// shipped is inContainer of one folder.
func (p *project) shipped(dir string, known map[string]bool) bool {
	full := p.abs(dir)
	if answer, again := known[full]; again {
		return answer
	}
	if !slices.ContainsFunc(p.tops, func(top string) bool { return p.below(dir, top) }) {
		return false
	}
	answer := path.Dir(full) != full && p.shipped(p.short(path.Join(dir, "..")), known)
	entries, err := p.opts.FS.ReadDir(dir)
	if err != nil {
		entries = nil // what cannot be read was said when it was searched
	}
	for _, entry := range entries {
		answer = answer || !entry.IsDir() && slices.ContainsFunc(containerFiles, func(pattern string) bool { return source.Match(pattern, entry.Name()) })
	}
	known[full] = answer
	return answer
}
