package compose

import (
	"path"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"nginx-lint/analyzer/source"
)

// Limits on one .dockerignore: each pattern is compared with each file that is copied.
const (
	maxIgnoreFile = 64 << 10 // bytes
	maxIgnored    = 1000     // patterns
)

// An ignore says which files of a build's context are left out of it.
type ignore struct {
	context string
	matcher *patternmatcher.PatternMatcher
}

// readIgnore reads what leaves files out of a build: the .dockerignore that goes with
// the Dockerfile, else the one of the context. ok is false where that cannot be told.
func readIgnore(b *Build, open func(string) *source.File) (i *ignore, ok bool) {
	if !b.Context.Known {
		return nil, true // nothing that is copied is known then
	}
	var f *source.File
	if file := b.File(); b.Inline.Text == "" && file.Known {
		f = open(file.Text + ".dockerignore")
	}
	if f == nil {
		f = open(path.Join(b.Context.Text, ".dockerignore"))
	}
	if f == nil {
		return nil, true
	}
	if len(f.Text) > maxIgnoreFile {
		return nil, false
	}
	patterns, err := ignorefile.ReadAll(strings.NewReader(f.Text))
	if err != nil || len(patterns) > maxIgnored {
		return nil, false
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, false
	}
	return &ignore{b.Context.Text, matcher}, true
}

// leavesOut reports whether a file of the tree is not in the context.
func (i *ignore) leavesOut(name string) bool {
	if i == nil {
		return false
	}
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(i.context, "/")+"/")
	if i.context == "." {
		rest, ok = name, !path.IsAbs(name)
	}
	if !ok {
		return false
	}
	out, err := i.matcher.MatchesOrParentMatches(rest)
	return out && err == nil
}
