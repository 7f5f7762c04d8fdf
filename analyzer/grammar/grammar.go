// Package grammar says which arguments nginx accepts for a directive: what its
// own code for that directive checks while it reads the file, without a look at
// other directives. It is asked for the arguments as nginx receives them.
package grammar

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
)

// A Fault is one thing that nginx refuses about a directive's arguments.
type Fault struct {
	// Arg is the index of the argument, from 0; -1 for the directive as a whole.
	Arg int
	// Message is what nginx says.
	Message string
	// Hint says in a few words what would do; it may be empty.
	Hint string
	// Better is the argument that was meant, where there is only one way to read it.
	Better string
	// Words are the words and the parameters ("backlog=") of the directive, one of
	// which may have been meant.
	Words []string
	// Regex is set where the fault is a regular expression's.
	Regex bool
}

// Check returns the first fault that nginx finds, which is where it stops; nil
// where it accepts the arguments, and where that is not known. The number of
// arguments is one that the directive takes. The context that it stands in and
// the version may be zero, for unknown: a fault is then one in all of them.
func Check(d *catalog.Directive, args []string, in catalog.Context, v catalog.Version) *Fault {
	if d.Section == catalog.ThirdParty || d.Section == catalog.Documented {
		return nil
	}
	check, ok := custom[d.Name]
	if !ok {
		check, ok = byType[d.Type]
	}
	if !ok || len(args) == 0 {
		return nil
	}
	u := use{d, args, in, v}
	f := check(u)
	if f != nil {
		f.Words = u.known()
	}
	return f
}

// A use is one directive with its arguments.
type use struct {
	*catalog.Directive
	args    []string
	in      catalog.Context
	version catalog.Version
}

// stream and mail report whether the directive is one of these subsystems.
func (u use) stream() bool {
	return u.Contexts&catalog.AnyStream != 0 && u.Contexts&catalog.AnyHTTP == 0
}

func (u use) mail() bool { return u.Contexts&catalog.AnyMail != 0 && u.Contexts&catalog.AnyHTTP == 0 }

// atLeast and atMost compare with a version that is known.
func (u use) atLeast(v catalog.Version) bool {
	return !u.version.IsZero() && u.version.Compare(v) >= 0
}

func (u use) atMost(v catalog.Version) bool {
	return !u.version.IsZero() && u.version.Compare(v) <= 0
}

// takes reports whether the directive has a parameter of that name in the version;
// for an unknown one, in some.
func (u use) takes(value string) bool {
	if slices.Contains(u.Words, value) {
		return u.knows(value)
	}
	name, _, ok := strings.Cut(value, "=")
	return ok && slices.Contains(u.Params, name+"=") && u.knows(name+"=")
}

// known are the words and the parameters that the directive takes in the version.
func (u use) known() []string {
	return slices.DeleteFunc(slices.Concat(u.Words, u.Params), func(word string) bool { return !u.knows(word) })
}

// parameters lists what the directive takes.
func (u use) parameters() string {
	return oneOf(slices.DeleteFunc(u.known(), func(word string) bool { return word == "on" || word == "off" }))
}

// arg is the i-th argument; "" where there is none.
func (u use) arg(i int) string {
	if i < len(u.args) {
		return u.args[i]
	}
	return ""
}

// said is a fault of an argument.
func said(arg int, hint, format string, args ...any) *Fault {
	return &Fault{Arg: arg, Hint: hint, Message: fmt.Sprintf(format, args...)}
}

// invalid is the fault of a value that the directive's type does not allow.
func (u use) invalid(arg int, hint string) *Fault {
	return said(arg, hint, `"%s" directive invalid value`, u.Name)
}

// byType are the checks of the types that nginx's own helpers read.
var byType = map[catalog.Type]func(use) *Fault{
	catalog.TypeFlag:     use.flag,
	catalog.TypeNum:      use.number,
	catalog.TypeSize:     use.size,
	catalog.TypeOff:      use.offset,
	catalog.TypeSizeVars: use.sizeOrVariable,
	catalog.TypeMsec:     use.milliseconds,
	catalog.TypeSec:      use.seconds,
	catalog.TypeEnum:     use.words,
	catalog.TypeBitmask:  use.words,
	catalog.TypeBufs:     use.buffers,

	catalog.TypeStrVars:      use.allScripts,
	catalog.TypePredicates:   use.allScripts,
	catalog.TypePath:         use.tempPath,
	catalog.TypeAccess:       use.storeAccess,
	catalog.TypeBindAddr:     use.bind,
	catalog.TypeCachePath:    use.cachePath,
	catalog.TypeCacheValid:   use.cacheValid,
	catalog.TypeCharset:      use.charset,
	catalog.TypeFastCGIParam: use.parameter,
}

func (u use) flag() *Fault {
	value := u.arg(0)
	if strings.EqualFold(value, "on") || strings.EqualFold(value, "off") {
		return nil
	}
	f := said(0, "on or off", `invalid value "%s" in "%s" directive, it must be "on" or "off"`, value, u.Name)
	switch strings.ToLower(value) {
	case "yes", "true", "1", "enable", "enabled":
		f.Better = "on"
	case "no", "false", "0", "disable", "disabled", "none":
		f.Better = "off"
	}
	return f
}

func (u use) number() *Fault {
	n, ok := nginx.ParseNumber(u.arg(0))
	if !ok {
		return said(0, "a whole number without sign and unit", `"%s" directive invalid number`, u.Name)
	}
	b := u.Bounds
	switch {
	case b == nil:
	case b.Max < 0 && n < int64(b.Min):
		return said(0, "", "value must be equal to or greater than %d", b.Min)
	case b.Max >= 0 && (n < int64(b.Min) || n > int64(b.Max)):
		return said(0, "", "value must be between %d and %d", b.Min, b.Max)
	}
	return nil
}

func (u use) size() *Fault {
	if _, ok := nginx.ParseSize(u.arg(0)); ok {
		return nil
	}
	return u.badSize(0, "a number of bytes, with k or m for more")
}

func (u use) offset() *Fault {
	if _, ok := nginx.ParseOffset(u.arg(0)); ok {
		return nil
	}
	return u.badSize(0, "a number of bytes, with k, m or g for more")
}

func (u use) sizeOrVariable() *Fault {
	if strings.Contains(u.arg(0), "$") {
		return script(0, u.arg(0))
	}
	return u.size()
}

// badSize is the fault of a size that cannot be read.
func (u use) badSize(arg int, hint string) *Fault {
	f := u.invalid(arg, hint)
	f.Better = betterSize(u.arg(arg))
	return f
}

// betterSize reads what other programs take for a size: "64MB", "64 m", "8kb".
func betterSize(value string) string {
	lower := strings.ToLower(value)
	for _, unit := range [...]string{"k", "m"} {
		for _, long := range [...]string{unit + "b", unit + "ib", " " + unit, " " + unit + "b"} {
			digits, ok := strings.CutSuffix(lower, long)
			if _, number := nginx.ParseNumber(digits); ok && number {
				return digits + unit
			}
		}
	}
	if digits, ok := strings.CutSuffix(lower, "b"); ok {
		if _, number := nginx.ParseNumber(digits); number {
			return digits
		}
	}
	return ""
}

func (u use) milliseconds() *Fault {
	if _, ok := nginx.ParseMilliseconds(u.arg(0)); ok {
		return nil
	}
	return u.badTime(0)
}

func (u use) seconds() *Fault {
	if _, ok := nginx.ParseSeconds(u.arg(0)); ok {
		return nil
	}
	return u.badTime(0)
}

func (u use) badTime(arg int) *Fault {
	f := u.invalid(arg, "a time such as 30s, 5m or 1h30m")
	f.Better = betterTime(u.arg(arg))
	return f
}

// betterTime reads what other programs take for a time: "30sec", "60S", "5 min".
func betterTime(value string) string {
	lower := strings.ToLower(value)
	at := strings.IndexFunc(lower, func(r rune) bool { return r < '0' || r > '9' })
	if at < 1 {
		return ""
	}
	switch strings.TrimLeft(lower[at:], " ") {
	case "s", "sec", "secs", "second", "seconds":
		return lower[:at] + "s"
	case "min", "mins", "minute", "minutes":
		return lower[:at] + "m"
	case "h", "hour", "hours":
		return lower[:at] + "h"
	case "d", "day", "days":
		return lower[:at] + "d"
	}
	return ""
}

// words finds the first word that is not among those that the directive knows.
// nginx does not tell upper from lower case here.
func (u use) words() *Fault {
	for i, value := range u.args {
		if !containsFold(u.Words, value) || !u.knows(value) {
			return said(i, oneOf(u.Words), `invalid value "%s"`, value)
		}
	}
	return nil
}

// knows reports whether the version knows a word of the directive; for an unknown
// version, whether some supported one does.
func (u use) knows(word string) bool {
	for _, h := range u.WordHistory {
		switch {
		case !strings.EqualFold(h.Word, word) || u.version.IsZero():
		case h.Since.Compare(u.version) > 0, !h.Removed.IsZero() && h.Removed.Compare(u.version) <= 0:
			return false
		}
	}
	return true
}

func (u use) buffers() *Fault {
	if n, ok := nginx.ParseNumber(u.arg(0)); !ok || n == 0 {
		return u.invalid(0, "first the number of buffers, then the size of one")
	}
	if n, ok := nginx.ParseSize(u.arg(1)); !ok || n == 0 {
		return u.badSize(1, "the size of one buffer, with k or m")
	}
	return nil
}

func containsFold(words []string, word string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, word) })
}

// oneOf lists words: "a, b or c".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
