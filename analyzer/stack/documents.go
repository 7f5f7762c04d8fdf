package stack

import (
	"strings"

	"nginx-lint/analyzer/nginx"
)

// Documents tells what lies below the folders that nginx serves, as far as the
// tree that was read holds them.
type Documents interface {
	// At is what lies at a path below a root; not known where the root does not lie in the tree.
	At(c *nginx.Config, root, name string) nginx.Presence
	// Scripts are paths below a root of files that end in .php, sorted. There may be more.
	// Looking for them is taken from the work of who asks.
	Scripts(w *nginx.Work, c *nginx.Config, root string) []string
	// Linked reports whether the tree has a symbolic link on the way to an absolute path.
	Linked(c *nginx.Config, name string) bool
}

// Files tells what lies below the roots of a configuration.
func (s *Scope) Files(c *nginx.Config) nginx.Files {
	return func(at *nginx.Block, uri string) nginx.Presence {
		root, name, ok := at.Document(uri)
		if !ok || s.Documents == nil {
			return 0
		}
		return s.Documents.At(c, root, name)
	}
}

// Present is Files, but for one path at which there is taken to be a file.
func (s *Scope) Present(c *nginx.Config, uri string) nginx.Files {
	known := s.Files(c)
	return func(at *nginx.Block, name string) nginx.Presence {
		if name == uri {
			return nginx.File
		}
		return known(at, name)
	}
}

// Pretty is Files, but for a path, and what begins with it, at which there is
// taken to be nothing.
func (s *Scope) Pretty(c *nginx.Config, uri string) nginx.Files {
	known := s.Files(c)
	return func(at *nginx.Block, name string) nginx.Presence {
		if strings.HasPrefix(name, uri) {
			return nginx.Nothing
		}
		return known(at, name)
	}
}
