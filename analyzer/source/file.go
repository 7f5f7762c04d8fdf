// Package source holds what every other package points at: files as bytes,
// spans in them, and the file system they are read from.
package source

import (
	"crypto/sha256"
	"sort"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// A File is one file as it was read. Its text is never changed or decoded:
// carriage returns, byte order marks, NUL and invalid UTF-8 are ordinary bytes.
type File struct {
	// Path is the path under which the file was asked for, with forward slashes.
	Path string
	// Real is where it was read: Path with the symbolic links on the way replaced by
	// where they lead on the host that the tree is of. Equal to Path where none was met.
	Real string
	// Text is the whole content.
	Text string

	once  sync.Once
	lines []int32 // offset of the first byte of each line

	countOnce sync.Once
	counts    []count // of what stands before every so many bytes
}

// A count is how many code points, and UTF-16 code units, stand before an offset.
type count struct{ offset, points, units int32 }

// NewFile returns a file with the given path and content.
func NewFile(path, text string) *File {
	return &File{Path: path, Real: path, Text: text}
}

// Hash is the SHA-256 of the content.
func (f *File) Hash() [sha256.Size]byte {
	return sha256.Sum256([]byte(f.Text))
}

// A Position is a place as people count it: lines and columns from 1.
// Column counts Unicode code points; a byte that is no valid UTF-8 counts as one.
type Position struct {
	Offset, Line, Column int
}

// Position converts a byte offset. Lines end at LF only, as both servers count them.
func (f *File) Position(offset int) Position {
	offset = min(max(offset, 0), len(f.Text))
	line := f.Line(offset)
	start := f.LineStart(line)
	points, _ := f.columns(start, offset)
	return Position{Offset: offset, Line: line, Column: points + 1}
}

// UTF16Column is the column of offset in UTF-16 code units, from 1.
func (f *File) UTF16Column(offset int) int {
	offset = min(max(offset, 0), len(f.Text))
	_, units := f.columns(f.LineStart(f.Line(offset)), offset)
	return units + 1
}

// every is how many bytes lie between the places to which columns are counted beforehand.
const every = 4096

// columns are the code points and the UTF-16 code units between two offsets,
// of which the first is where a line starts. However long the line, few bytes are counted.
func (f *File) columns(start, end int) (points, units int) {
	if end-start <= every {
		return countText(f.Text[start:end])
	}
	f.countOnce.Do(f.countAll)
	at := func(offset int) (points, units int) {
		c := f.counts[offset/every]
		if int(c.offset) > offset {
			c = f.counts[offset/every-1]
		}
		points, units = countText(f.Text[c.offset:offset])
		return int(c.points) + points, int(c.units) + units
	}
	fromPoints, fromUnits := at(start)
	toPoints, toUnits := at(end)
	return toPoints - fromPoints, toUnits - fromUnits
}

func (f *File) countAll() {
	var c count
	f.counts = make([]count, 0, len(f.Text)/every+1)
	for at := 0; at <= len(f.Text); at += every {
		next := at
		for at > 0 && next < len(f.Text) && next < at+utf8.UTFMax && !utf8.RuneStart(f.Text[next]) {
			next++ // not within a character
		}
		points, units := countText(f.Text[c.offset:next])
		c = count{int32(next), c.points + int32(points), c.units + int32(units)} //nolint:gosec // a file has at most 256 MiB
		f.counts = append(f.counts, c)
	}
}

func countText(text string) (points, units int) {
	for _, r := range text {
		points++
		units += max(utf16.RuneLen(r), 1)
	}
	return points, units
}

// Line is the line number of a byte offset, from 1.
func (f *File) Line(offset int) int {
	f.once.Do(f.index)
	return sort.Search(len(f.lines), func(i int) bool { return int(f.lines[i]) > offset })
}

// LineCount is the number of lines; a file that ends in LF has an empty last one.
func (f *File) LineCount() int {
	f.once.Do(f.index)
	return len(f.lines)
}

// LineStart is the offset of the first byte of a line, counted from 1.
func (f *File) LineStart(line int) int {
	f.once.Do(f.index)
	switch {
	case line < 1:
		return 0
	case line > len(f.lines):
		return len(f.Text)
	}
	return int(f.lines[line-1])
}

// LineText is a line without its LF and without a CR before it.
func (f *File) LineText(line int) string {
	text := f.Text[f.LineStart(line):f.LineStart(line+1)]
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
}

func (f *File) index() {
	lines := make([]int32, 1, strings.Count(f.Text, "\n")+1)
	for at := 0; ; {
		i := strings.IndexByte(f.Text[at:], '\n')
		if i < 0 {
			break
		}
		at += i + 1
		lines = append(lines, int32(at)) //nolint:gosec // a file has at most 256 MiB
	}
	f.lines = lines
}

// A Span is a half-open range of bytes in a file: the only position type there is.
type Span struct {
	File       *File
	Start, End int
}

// IsZero reports whether the span points nowhere.
func (s Span) IsZero() bool { return s.File == nil }

// Text is what the span covers.
func (s Span) Text() string {
	if s.File == nil {
		return ""
	}
	return s.File.Text[s.Start:s.End]
}

// Line is the line number on which the span starts.
func (s Span) Line() int {
	if s.File == nil {
		return 0
	}
	return s.File.Line(s.Start)
}

// Compare orders spans by path, start and end.
func (s Span) Compare(t Span) int {
	var a, b string
	if s.File != nil {
		a = s.File.Path
	}
	if t.File != nil {
		b = t.File.Path
	}
	if c := strings.Compare(a, b); c != 0 {
		return c
	}
	if s.Start != t.Start {
		return s.Start - t.Start
	}
	return s.End - t.End
}
