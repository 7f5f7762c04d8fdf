package rules

import (
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/stack"
)

// A scriptPlace is the folder (or file) that the SCRIPT_FILENAME of a location lies in.
type scriptPlace struct {
	path string
	// file is set where path is the script itself.
	file bool
	// from says where it is written.
	from diag.Label
}

// scriptsOf tells where the scripts of a target lie; ok is false where that is
// not written as one literal.
func scriptsOf(t *stack.Target) (place scriptPlace, ok bool) {
	param, known := t.Block.FastCGIParams().Script()
	if !known {
		return place, false
	}
	at, ok := t.Block.Path(param)
	if !ok {
		return place, false
	}
	return scriptPlace{at.Base, at.File, label(at.From.Head(), "%s begins with this path", param.Key())}, true
}

// example is the path of one script there.
func (p scriptPlace) example() string {
	if p.file {
		return p.path
	}
	return path.Join(p.path, "index.php")
}

// folder is the folder that the scripts lie in.
func (p scriptPlace) folder() string { return path.Dir(p.example()) }

// servesPHP reports whether PHP-FPM answers a hop: a pool that was read, or, where
// nothing that was read does, what the target looks like.
func servesPHP(h *stack.Hop) bool {
	if h.Target.Protocol != stack.FastCGI || h.Peer.Down {
		return false
	}
	if h.Pool() != nil {
		return true
	}
	other := slices.ContainsFunc(h.Listeners, func(l *stack.Listener) bool { return l.Protocol != stack.FastCGI })
	return !other && looksLikePHP(h)
}

// firstPHP reports whether a hop is the first of its target that serves PHP: it
// speaks for what holds for all of them.
func firstPHP(h *stack.Hop) bool {
	type key struct{ *stack.Target }
	return h == stack.Once(h.Scope, key{h.Target}, func() *stack.Hop {
		if i := slices.IndexFunc(h.Target.Hops, servesPHP); i >= 0 {
			return h.Target.Hops[i]
		}
		return nil
	})
}

// monitors reports whether a target's location is for the pool's status or ping
// page, which php-fpm answers without a script.
func monitors(t *stack.Target, pool *fpm.Pool) bool {
	for _, key := range [...]string{"pm.status_path", "ping.path"} {
		page := pool.Get(key)
		if !page.Known || page.Set && page.Text != "" && strings.Contains(strings.Join(t.Block.Args(), " "), strings.Trim(page.Text, "/")) {
			return true
		}
	}
	return false
}

// passedOn are labels for the passes of targets.
func passedOn(targets []*stack.Target, text string) []diag.Label {
	var labels []diag.Label
	for _, t := range targets[:min(len(targets), 3)] {
		labels = append(labels, diag.Label{Span: t.Pass.Head(), Text: text})
	}
	return labels
}
