package source

import (
	"path"
	"runtime"
	"strings"
)

// IsAbs reports whether a path with forward slashes says by itself where it lies on
// this system: on Windows also one with a drive.
func IsAbs(name string) bool { return isAbs(name, runtime.GOOS == "windows") }

func isAbs(name string, windows bool) bool {
	return path.IsAbs(name) || windows && hasDrive(name)
}

// hasDrive reports whether a path begins with the letter of a drive and its top, as C:/.
func hasDrive(name string) bool {
	return len(name) > 2 && name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z' && name[1:3] == ":/"
}

// URIPath is an absolute path as the path of a URI for it, which begins with a slash.
func URIPath(name string) string {
	if hasDrive(name) {
		return "/" + name
	}
	return name
}

// Below reports whether a path, once cleaned, is a folder or stands in it.
func Below(name, dir string) bool { return isBelow(name, dir, runtime.GOOS == "windows") }

func isBelow(name, dir string, windows bool) bool {
	name, dir = path.Clean(name), path.Clean(dir)
	switch {
	case name == dir:
		return true
	case dir == "/":
		return path.IsAbs(name)
	case dir == ".":
		return !isAbs(name, windows) && !strings.HasPrefix(name, "..")
	}
	return strings.HasPrefix(name, dir+"/")
}
