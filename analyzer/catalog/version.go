package catalog

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// A Version is a release of nginx (1.24.0) or of PHP (8.2, patch 0).
// The zero Version means "not known".
type Version struct{ Major, Minor, Patch uint16 }

// The range of nginx releases for which the tables are complete.
var (
	Oldest = Version{1, 18, 0}
	Newest = Version{1, 31, 5}
)

// ParseVersion reads MAJOR.MINOR or MAJOR.MINOR.PATCH, each part 1 to 5 decimal digits.
func ParseVersion(s string) (Version, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 2 && len(parts) != 3 {
		return Version{}, fmt.Errorf("version %q is not of the form 1.24.0", s)
	}
	var n [3]uint16
	for i, p := range parts {
		u, err := strconv.ParseUint(p, 10, 16)
		if err != nil || len(p) > 5 {
			return Version{}, fmt.Errorf("version %q is not of the form 1.24.0", s)
		}
		n[i] = uint16(u)
	}
	v := Version{n[0], n[1], n[2]}
	if v.IsZero() {
		return Version{}, fmt.Errorf("version %q does not exist", s)
	}
	return v, nil
}

// IsZero reports whether the version is not known.
func (v Version) IsZero() bool { return v == Version{} }

// Compare is negative when v is older than w, 0 when they are equal, positive when v is newer.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch))
}

// String is "1.24.0", or "unknown".
func (v Version) String() string {
	if v.IsZero() {
		return "unknown"
	}
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}
