package cli

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
)

// builtAs is the version that a release is built with, by the linker's -X: what is
// built from an unpacked archive has no other.
var builtAs string

// version is that of the release, or the module's as the go command recorded it.
func version() string {
	recorded := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		recorded = info.Main.Version
	}
	return cmp.Or(builtAs, recorded, "(devel)")
}

// versionLine names version, commit where known, and Go version.
func versionLine() string {
	words := []string{"nginx-lint", version()}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				words = append(words, "commit", s.Value)
			}
		}
	}
	return strings.Join(append(words, runtime.Version()), " ")
}
