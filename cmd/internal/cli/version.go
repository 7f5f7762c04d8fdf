package cli

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
)

// version is the module's version as the go command recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return cmp.Or(info.Main.Version, "(devel)")
	}
	return "(devel)"
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
