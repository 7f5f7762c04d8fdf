// Package fpm models PHP-FPM masters and their pools as php-fpm itself builds
// them: a main file with what its include directives take in, sections merged by
// name, later values over earlier ones (measured on php-fpm 8.2).
package fpm

import (
	"iter"
	"path"
	"strings"
	"sync"
	"time"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// A Master is the configuration of one php-fpm master process.
type Master struct {
	// Path is the path of the main file, or of the first lone pool file.
	Path string
	// Dir is the folder that relative paths start from, "" where that is not known.
	Dir string
	// Version is the PHP version ("8.2") that a path like /etc/php/8.2/fpm tells, else "".
	Version string
	// Main is the main file; nil for pool files that were read without one.
	Main *syntax.INI
	// Files are all files read, in order of reading, each once.
	Files []*syntax.INI
	// Global holds the keys of [global] and those before any section.
	Global *Section
	// Pools are in the order in which php-fpm meets them.
	Pools []*Pool
	// PHP is what the master reads of php.ini; nil where that is not known.
	PHP *PHPINI
	// Missing are the include directives of which not everything could be read.
	Missing []Missing
	// TooMany is where a limit on what is read was reached, if one was.
	TooMany source.Span

	// tick is asked for by every pool and looks at all of them.
	tick struct {
		once   sync.Once
		length time.Duration
		known  bool
	}
}

// Place is the path of a file from the top of the file system on, where Dir is known:
// www.conf, read in pool.d, does not tell that it lies there.
func (m *Master) Place(name string) string {
	if m.Dir == "" || source.IsAbs(name) {
		return name
	}
	return path.Join(m.Dir, name)
}

// Complete reports whether a main file was read and all its includes were resolved.
func (m *Master) Complete() bool { return m.Main != nil && len(m.Missing) == 0 }

// A Missing is an include directive of which not everything could be read.
type Missing struct {
	// At is the value of the include directive.
	At source.Span
	// Pattern is what is included.
	Pattern string
	// Reason says why, in a few lower-case words.
	Reason string
	// Cycle is set where a file includes itself, TooDeep where it is one of a longer
	// chain than php-fpm follows: it refuses both.
	Cycle, TooDeep bool
	// Limit is set for what is left out because it is too much.
	Limit bool

	order int32 // how many keys were read before it
}

// A Pool is one pool of a master: all sections of that name taken together.
type Pool struct {
	Section
	// Name is the pool's name as first written; later heads may differ in case.
	Name string
	// Master is what the pool belongs to.
	Master *Master
	// Heads are the [name] lines, in order of reading.
	Heads []source.Span
}

// A Section holds the keys of [global] or of a pool.
type Section struct {
	kind    catalog.FPMSection
	name    string // of the pool
	certain bool   // the name is
	master  *Master
	entries []entry // in order of reading
	// index holds the entries by folded name where there are many.
	index map[string][]entry
	// settings are what PHP has said of a section with many.
	settings sync.Map
}

func (s *Section) buildIndex() {
	s.index = map[string][]entry{}
	for _, e := range s.entries {
		s.index[e.folded] = append(s.index[e.folded], e)
	}
}

// named are entries among which are all of a folded name.
func (s *Section) named(folded string) []entry {
	if s.index != nil {
		return s.index[folded]
	}
	return s.entries
}

type entry struct {
	*syntax.Entry
	folded  string // name in lower case
	order   int32  // how many keys of the master were read before it
	certain bool   // it certainly stands in this section
}

// A Value is the value of one key, and where it comes from.
type Value struct {
	// Text is the value as php-fpm receives it, with `$pool` expanded; the default
	// where the key is not set ("1" or "" for a boolean). Relative paths stay relative.
	Text string
	// Set reports whether the key is written somewhere.
	Set bool
	// Known reports whether Text is certain. It is false for a value from the
	// environment, on a line that php-fpm refuses, and where an include that could
	// not be read may set the key afterwards, or may have opened another section. An absent key of a lone pool file has
	// its default, since pools inherit nothing; an absent global key is unknown there.
	Known bool
	// Key and Span are the places of the key and its value; zero for a default.
	Key, Span source.Span
	// Offset is the text between the brackets of an array key.
	Offset string
}

// Get returns the effective value of a scalar key: the last one written, else
// the default. Case does not matter. Where php-fpm derives the default (`group`,
// `listen.owner`, `pm.start_servers`) or has none, Text is empty.
func (s *Section) Get(name string) Value {
	folded := fold(name)
	entries := s.named(folded)
	for i := len(entries) - 1; i >= 0; i-- {
		if e := &entries[i]; e.folded == folded && e.Kind == syntax.Key {
			return s.value(*e)
		}
	}
	v := Value{Known: len(s.master.Missing) == 0 && (s.kind == catalog.FPMPool || s.master.Main != nil)}
	if key, ok := catalog.FPMKeyNamed(name, s.kind); ok {
		v.Text = key.Default
		if key.Type == "bool" {
			v.Text = strings.TrimPrefix(strings.Replace(key.Default, "yes", "1", 1), "no")
		}
	}
	return v
}

// All returns every value written for a scalar key, in order of reading.
func (s *Section) All(name string) []Value {
	folded := fold(name)
	var values []Value
	for _, e := range s.named(folded) {
		if e.Kind == syntax.Key && e.folded == folded {
			values = append(values, s.value(e))
		}
	}
	return values
}

// Items yields every value written for an array key (`php_value`, `env` …), in
// order of reading. Case matters. Whether an include that could not be read may
// bring more, Master.Missing tells.
func (s *Section) Items(name string) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for _, e := range s.named(fold(name)) {
			if e.Kind == syntax.Item && e.Name == name && !yield(s.value(e)) {
				return
			}
		}
	}
}

// Entries returns all keys of the section as they are written, in order of reading.
func (s *Section) Entries() []*syntax.Entry {
	entries := make([]*syntax.Entry, len(s.entries))
	for i, e := range s.entries {
		entries[i] = e.Entry
	}
	return entries
}

// Placed gives all keys of the section as they are written, in order of reading.
// certain is false for a key that may stand in another section: behind an include
// that could not be read, and before the first section of a lone pool file.
func (s *Section) Placed() iter.Seq2[*syntax.Entry, bool] {
	return func(yield func(e *syntax.Entry, certain bool) bool) {
		for _, e := range s.entries {
			if !yield(e.Entry, e.certain) {
				return
			}
		}
	}
}

func (s *Section) value(e entry) Value {
	v := Value{
		Text: e.Value, Set: true, Known: e.Known && !e.Null && (e.certain || s.master.Main == nil),
		Key: e.NameSpan(), Span: e.ValueSpan(), Offset: e.Offset,
	}
	if strings.Contains(v.Text, poolVariable) && s.expands(e.Name) {
		s.expandPool(&v)
	}
	if missing := s.master.Missing; e.Kind == syntax.Key && len(missing) > 0 && missing[len(missing)-1].order > e.order {
		v.Known = false
	}
	return v
}

// expands reports whether php-fpm keeps the key's value as text, in which it replaces `$pool`.
func (s *Section) expands(name string) bool {
	key, ok := catalog.FPMKeyNamed(name, s.kind)
	if !ok || s.kind != catalog.FPMPool {
		return false
	}
	switch key.Type {
	case "bool", "int", `int|"unlimited"`, "time", "enum", "array bool":
		return false
	}
	return true
}

const poolVariable = "$pool"

// expandPool puts the pool's name in place of `$pool`. php-fpm goes on until none
// is left, for ever where the name has one in it: that is left unknown.
func (s *Section) expandPool(v *Value) {
	v.Text = strings.ReplaceAll(v.Text, poolVariable, s.name)
	v.Known = v.Known && s.certain && !strings.Contains(v.Text, poolVariable)
}

// fold turns A-Z to lower case, the only letters that php-fpm compares without case.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}
