package catalog

import (
	"strings"
	"sync"
)

// An FPMSection is a kind of section of php-fpm.conf.
type FPMSection string

// The sections where a key may stand.
const (
	FPMGlobal FPMSection = "global"
	FPMPool   FPMSection = "pool"
	FPMAny    FPMSection = "any section"
)

// An FPMKey is one key of php-fpm.conf or a pool. The same name may stand in both.
type FPMKey struct {
	Name        string
	Section     FPMSection
	Type        string  // as in the facts: bool, int, time, string, path, enum, address, octal …
	Default     string  // value when the key is absent, as it would be written; see HasDefault
	HasDefault  bool    // false: no value, or one that only DefaultNote describes
	DefaultNote string  // meaning of the default, or the rule by which php-fpm finds it
	Array       bool    // written NAME[...] = value
	Since       Version // first PHP version where that is certain; zero otherwise
	Words       []string
	Tokens      string // accepted % tokens of a log format, alternatives in braces
	Constraints []FPMConstraint
	Note        string
}

// An FPMConstraint is a condition under which php-fpm complains. The message is
// an error unless it ends in (ALERT) or begins with WARNING or NOTICE.
type FPMConstraint struct{ When, Message string }

// FPMKeyNamed finds the key of that name in a section of the kind. Like php-fpm
// it does not tell upper from lower case, but for "include" and the array keys.
func FPMKeyNamed(name string, section FPMSection) (*FPMKey, bool) {
	for _, k := range fpmByLength()[len(name)] {
		if k.Section != section && k.Section != FPMAny {
			continue
		}
		if name == k.Name || !k.Array && k.Name != "include" && strings.EqualFold(name, k.Name) {
			return k, true
		}
	}
	return nil, false
}

// fpmByLength finds the keys by the lengths of their names.
var fpmByLength = sync.OnceValue(func() map[int][]*FPMKey {
	keys := map[int][]*FPMKey{}
	for i := range fpmKeys {
		k := &fpmKeys[i]
		keys[len(k.Name)] = append(keys[len(k.Name)], k)
	}
	return keys
})

// FPMKeys gives every key, those of the global section first.
func FPMKeys() []FPMKey { return fpmKeys[:] }
