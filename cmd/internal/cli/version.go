package cli

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
)

// builtAs and builtFrom are the version and the commit that a release is built with,
// by the linker's -X. The go command records its own only in a repository of git.
var builtAs, builtFrom string

// version is that of the release, or the module's as the go command recorded it.
func version() string {
	recorded := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		recorded = info.Main.Version
	}
	return cmp.Or(builtAs, recorded, "(devel)")
}

// commit is what the program was built from; "" where that is not known.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if ok && builtFrom == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return builtFrom
}

// versionLine names version, commit where known, and Go version.
func versionLine() string {
	words := []string{"nginx-lint", version()}
	if c := commit(); c != "" {
		words = append(words, "commit", c)
	}
	return strings.Join(append(words, runtime.Version()), " ")
}
