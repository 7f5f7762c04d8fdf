package catalog

import (
	"math/bits"
	"strconv"
	"strings"
)

// An ArgSpec says how many arguments a directive takes. The zero ArgSpec means
// that it is not known.
type ArgSpec uint16

// argsMore stands for every number above 7; bit N for N arguments. nginx itself
// counts up to 7 and has no limit for "1 or more".
const argsMore ArgSpec = 1 << 8

// ArgsFlag marks the directives that take exactly one argument, "on" or "off".
const ArgsFlag ArgSpec = 1 << 9

const argsCounts = argsMore<<1 - 1

// Known reports whether the number of arguments is known.
func (a ArgSpec) Known() bool { return a&argsCounts != 0 }

// ParseArgs reads a number of arguments: "1", "1-3" (up to 7) or "2+", for at least 2.
func ParseArgs(s string) (spec ArgSpec, ok bool) {
	from, to, ranged := strings.Cut(s, "-")
	least, more := strings.CutSuffix(from, "+")
	low, err := strconv.ParseUint(least, 10, 8)
	high := low
	if ranged && err == nil {
		high, err = strconv.ParseUint(to, 10, 8)
	}
	if err != nil || more && ranged || low > high || high > 7 {
		return 0, false
	}
	for n := low; n <= high || more && n <= 7; n++ {
		spec |= 1 << n
	}
	if more {
		spec |= argsMore
	}
	return spec, true
}

// Range is the number as ParseArgs reads it; "" where it is not known, or in several ranges.
func (a ArgSpec) Range() string {
	a &= argsCounts
	least := bits.TrailingZeros16(uint16(a))
	most := 15 - bits.LeadingZeros16(uint16(a))
	switch {
	case a == 0 || bits.OnesCount16(uint16(a)) != most-least+1:
		return ""
	case a&argsMore != 0:
		return strconv.Itoa(least) + "+"
	case least == most:
		return strconv.Itoa(least)
	}
	return strconv.Itoa(least) + "-" + strconv.Itoa(most)
}

// Accepts reports whether a directive may have n arguments; a number that is not known accepts all.
func (a ArgSpec) Accepts(n int) bool {
	switch {
	case !a.Known():
		return true
	case n < 0:
		return false
	case n > 7:
		return a&argsMore != 0
	}
	return a&(1<<n) != 0
}

// or accepts what one of the two accepts.
func (a ArgSpec) or(b ArgSpec) ArgSpec { return (a|b)&argsCounts | a&b&ArgsFlag }

// String is the number in words: "no", "1 or 2", "at least 1", "any number of", "an unknown number of";
// it fits before "arguments".
func (a ArgSpec) String() string {
	a &= argsCounts
	if a == 0 {
		return "an unknown number of"
	}
	if a == 1 {
		return "no"
	}
	if a == argsCounts {
		return "any number of"
	}
	if a&argsMore != 0 {
		// Every specification without an upper limit is one run of bits.
		return "at least " + strconv.Itoa(bits.TrailingZeros16(uint16(a)))
	}
	var counts []string
	for n := range 8 {
		if a&(1<<n) != 0 {
			counts = append(counts, strconv.Itoa(n))
		}
	}
	last := len(counts) - 1
	if last == 0 {
		return counts[0]
	}
	return strings.Join(counts[:last], ", ") + " or " + counts[last]
}

// A Type is the kind of a directive's value.
type Type uint8

// The types of values.
const (
	TypeUnknown      Type = iota
	TypeFlag              // on | off
	TypeNum               // decimal number, no sign
	TypeSize              // bytes, optional k|K|m|M
	TypeOff               // as TypeSize, also g|G
	TypeMsec              // time in milliseconds, with nginx's time suffixes
	TypeSec               // time in whole seconds, no ms suffix
	TypeStr               // one string, no variables
	TypeStrVars           // one string with variables
	TypeSizeVars          // a size, or a string with variables that gives one
	TypeEnum              // exactly one of Words
	TypeBitmask           // one or more of Words
	TypeBufs              // number and size, two arguments
	TypeKeyval            // key and value, two arguments
	TypePredicates        // strings with variables: true when one is neither empty nor "0"
	TypeMIMETypes         // MIME types; * = all
	TypePath              // directory and up to three level digits
	TypeAccess            // user:rw group:rw all:r
	TypeBindAddr          // IP address or variable [transparent], or off
	TypeCachePath         // path and key=value parameters
	TypeCacheValid        // [code ...] time
	TypeCharset           // name of a charset, variable or off
	TypeFastCGIParam      // name value [if_not_empty]
	TypeObsolete          // not looked at
	TypeCustom            // parsed by the directive's own code: see Words, Params, Syntax, Topic
	TypeString            // Passenger: as TypeStr
	TypeStringArray       // Passenger: string, repeatable
	TypeStringKeyval      // Passenger: key and value
	TypeInteger           // Passenger: number, may be negative
	TypeUinteger          // Passenger: number
)

var typeNames = [...]string{
	"unknown", "flag", "num", "size", "off", "msec", "sec", "str", "str+vars", "size+vars", "enum", "bitmask", "bufs",
	"keyval", "predicates", "mime-types", "path", "access", "bind-addr", "cache-path", "cache-valid", "charset",
	"fastcgi-param", "obsolete", "custom", "string", "string_array", "string_keyval", "integer", "uinteger",
}

// String is the name of the type in the facts.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return typeNames[TypeUnknown]
}
