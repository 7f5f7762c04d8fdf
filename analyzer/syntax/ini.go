package syntax

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/source"
)

// An INI is one PHP-FPM configuration file as php-fpm reads it: line by line,
// each by the Zend INI rules in normal mode (measured on php-fpm 8.2); or a
// php.ini as PHP reads it, by the same rules as a whole.
//
// In a PHP-FPM file, a line that php-fpm refuses still yields the keys and sections that it names,
// with Known false: they are written there, but what they say is not certain.
type INI struct {
	File   *source.File
	Lines  []Entry // sections and entries, in order
	Errors []Error
	// Comments from `;` to before the line end, in order.
	Comments []source.Span

	sections []int // the indexes of section heads in Lines
}

// At is the index in Lines of the first entry that starts at or after an offset.
func (in *INI) At(offset int) int {
	i, _ := slices.BinarySearchFunc(in.Lines, offset, func(e Entry, offset int) int { return int(e.whole.start) - offset })
	return i
}

// SectionAt is the index in Lines of the last section head that starts at or
// before an offset; -1 where there is none.
func (in *INI) SectionAt(offset int) int {
	i := in.section(offset + 1)
	if i == 0 {
		return -1
	}
	return in.sections[i-1]
}

// SectionEnd is where the next section head after an offset starts; the end of
// the file where there is none.
func (in *INI) SectionEnd(offset int) int {
	i := in.section(offset + 1)
	if i == len(in.sections) {
		return len(in.File.Text)
	}
	return int(in.Lines[in.sections[i]].whole.start)
}

// section counts the section heads before an offset.
func (in *INI) section(offset int) int {
	i, _ := slices.BinarySearchFunc(in.sections, offset, func(i, offset int) int { return int(in.Lines[i].whole.start) - offset })
	return i
}

// EntryKind tells entries apart.
type EntryKind uint8

// The kinds of entries.
const (
	Section EntryKind = iota + 1 // [name]
	Key                          // key = value
	Item                         // key[offset] = value
)

// An Entry is one section head or key of an INI file.
type Entry struct {
	// Name is the section's name or the key as written (trimmed). A section's name
	// that is not Known stays unexpanded.
	Name string
	// Offset is the text between the brackets of an Item.
	Offset string
	// Value is what php-fpm receives: unquoted, parts joined, true words as "1", false words as "".
	Value string
	Kind  EntryKind
	// Known is false where name, offset or value depend on the environment, a php.ini
	// setting (`${NAME}`) or a PHP constant, and on lines with an error.
	Known bool
	// Null is set for a key without `=` (in a PHP-FPM file also for an empty ''),
	// which php-fpm refuses; php.ini may have such keys, without effect.
	Null bool

	file               *source.File
	name, value, whole extent
}

// NameSpan covers the name; of an Item the name with its brackets.
func (e *Entry) NameSpan() source.Span { return e.at(e.name) }

// ValueSpan covers the value with its quotes; it is empty where none is written.
func (e *Entry) ValueSpan() source.Span { return e.at(e.value) }

// Span covers the whole statement without comment.
func (e *Entry) Span() source.Span { return e.at(e.whole) }

func (e *Entry) at(x extent) source.Span {
	return source.Span{File: e.file, Start: int(x.start), End: int(x.end)}
}

// CountEntries is how many entries ParseINI finds in a text at most: each begins
// after a blank, a line end or the head of a section.
func CountEntries(text string) int {
	return CountWords(text) + strings.Count(text, "[")
}

// ParseINI reads a PHP-FPM configuration file. It never fails.
//
// Beyond php-fpm 8.2 it takes the quoted fallbacks of PHP 8.3 (`${NAME:-"a b"}`).
func ParseINI(f *source.File) *INI {
	p := iniParser{ini: &INI{File: f}}
	// Most lines hold an entry; where there are many, they may as well be empty.
	p.ini.Lines = make([]Entry, 0, min(1+strings.Count(f.Text, "\n"), 64))
	for start := 0; start < len(f.Text); {
		end := len(f.Text)
		if i := strings.IndexByte(f.Text[start:], '\n'); i >= 0 {
			end = start + i
		}
		if end > start { // php-fpm skips empty lines
			p.line(start, end)
		}
		start = end + 1
	}
	return p.done()
}

// ParsePHPINI reads a php.ini, a file of its scan directory, a .user.ini or the
// value of PHP_VALUE. Values may span lines. PHP stops reading at the first
// mistake, which is the only one in Errors, with the line and the message that
// PHP prints: what stands before it is in force, what stands behind it is not.
func ParsePHPINI(f *source.File) *INI {
	p := iniParser{ini: &INI{File: f}}
	p.file()
	return p.done()
}

func (p *iniParser) done() *INI {
	if len(p.ini.Errors) > 0 {
		p.ini.Errors[0].First = true
	}
	for i := range p.ini.Lines {
		if p.ini.Lines[i].Kind == Section {
			p.ini.sections = append(p.ini.sections, i)
		}
	}
	return p.ini
}
