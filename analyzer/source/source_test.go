package source

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestPosition(t *testing.T) {
	t.Parallel()
	f := NewFile("x", "ab\r\nä€𝄞x\n\xff\n")
	tests := []struct {
		offset, line, column, utf16 int
	}{
		{0, 1, 1, 1},
		{3, 1, 4, 4}, // the CR is a byte of its line
		{4, 2, 1, 1},
		{6, 2, 2, 2},  // after ä
		{9, 2, 3, 3},  // after €
		{13, 2, 4, 5}, // after 𝄞: two UTF-16 units
		{15, 3, 1, 1}, // invalid UTF-8
		{16, 3, 2, 2}, // … counts as one
		{17, 4, 1, 1}, // the empty last line
		{99, 4, 1, 1}, // beyond the end
		{-1, 1, 1, 1}, // before the start
	}
	for _, tt := range tests {
		p := f.Position(tt.offset)
		if p.Line != tt.line || p.Column != tt.column || f.UTF16Column(tt.offset) != tt.utf16 {
			t.Errorf("offset %d: line %d, column %d, UTF-16 column %d; want %d, %d, %d",
				tt.offset, p.Line, p.Column, f.UTF16Column(tt.offset), tt.line, tt.column, tt.utf16)
		}
	}
	if got := f.LineText(1); got != "ab" {
		t.Errorf("LineText(1) = %q", got)
	}
	if got := f.LineCount(); got != 4 {
		t.Errorf("LineCount() = %d", got)
	}
}

// TestMatch follows POSIX fnmatch with FNM_PERIOD, which glob(3) uses.
func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"*", "a", true},
		{"*", "", true},
		{"*", ".hidden", false},
		{".*", ".hidden", true},
		{"?hidden", ".hidden", false},
		{"[.]hidden", ".hidden", false},
		{"*.conf", "a.conf", true},
		{"*.conf", "a.conf.bak", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"[a-c]x", "bx", true},
		{"[!a-c]x", "bx", false},
		{"[^a-c]x", "dx", true},
		{"[]]", "]", true},
		{"[!]]", "]", false},
		{"[[:digit:]]*", "1a", true},
		{"[[:digit:]]*", "a1", false},
		{"[a-]", "-", true},
		{"[", "[", true},
		{"[ab", "[ab", true},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{"*a*b*c*", "xaybzc", true},
		{"*a*b*c*", "xaybz", false},
		{strings.Repeat("*a", 50) + "b", strings.Repeat("a", 5000), false}, // linear, not exponential
	}
	for _, tt := range tests {
		if got := Match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("Match(%q, %.20q) = %v", tt.pattern, tt.name, got)
		}
	}
}

func TestMatchPath(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"*.bak", "a/b/c.bak", true},
		{"a/*.bak", "a/b/c.bak", false},
		{"**/*.bak", "c.bak", true},
		{"legacy/**", "legacy/a/b", true},
		{"legacy/**", "legacyx/a", false},
		{"a/**/z", "a/b/c/z", true},
		{"a/**/z", "a/z", true},
		{"/a/**/z", "/a/b/z", true},
		{"/a/*", "a/b", false},
		{"a/*", "/a/b", false},
		{"**/z", "/a/z", true},
		{"a/b/", "a/b", true},
	}
	for _, tt := range tests {
		if got := MatchPath(tt.pattern, tt.name); got != tt.want {
			t.Errorf("MatchPath(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	tree := Mem{"a/2.conf": "", "a/10.conf": "", "a/.x.conf": "", "b/1.conf": "", "b/sub/3.conf": "", "c.conf": ""}
	dir := t.TempDir()
	for name, text := range tree {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		pattern string
		want    []string
	}{
		{"a/*.conf", []string{"a/10.conf", "a/2.conf"}},
		{"*/*.conf", []string{"a/10.conf", "a/2.conf", "b/1.conf"}},
		{"*/sub/*", []string{"b/sub/3.conf"}},
		{"*", []string{"a", "b", "c.conf"}},
		{"a/2.conf", []string{"a/2.conf"}},
		{"a/3.conf", nil},
		{"c.conf/*", nil},
		{"none/*", nil},
	}
	for _, tt := range tests {
		for _, fsys := range []FS{tree, OS{Dir: dir}} {
			if got := glob(fsys, tt.pattern); !slices.Equal(got, tt.want) {
				t.Errorf("%T: Glob(%q) = %q, want %q", fsys, tt.pattern, got, tt.want)
			}
		}
	}
}

func TestBelow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, dir string
		want      bool
	}{
		{"a/b", "a", true},
		{"a", "a", true},
		{"ab", "a", false},
		{"a/../b", "a", false},
		{"/x", "/", true},
		{"x", "/", false},
		{"x", ".", true},
		{"../x", ".", false},
		{"/x", ".", false},
	}
	for _, tt := range tests {
		if got := Below(tt.name, tt.dir); got != tt.want {
			t.Errorf("Below(%q, %q) = %v", tt.name, tt.dir, got)
		}
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("text\x00\xff\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fsys := OS{Dir: dir}
	if text, err := fsys.ReadFile("f"); err != nil || text != "text\x00\xff\r\n" {
		t.Errorf("ReadFile = %q, %v", text, err)
	}
	if _, err := fsys.ReadFile("none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := fsys.ReadFile("."); !errors.Is(err, ErrNotRegular) {
		t.Errorf("a folder: %v", err)
	}
	if err := os.Truncate(filepath.Join(dir, "f"), MaxFileSize+1); err != nil {
		t.Fatal(err)
	}
	if _, err := fsys.ReadFile("f"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a file over the limit: %v", err)
	}
	over := Overlay{Base: fsys, Files: map[string]string{"f": "other"}}
	if text, err := over.ReadFile("./f"); err != nil || text != "other" {
		t.Errorf("overlaid: %q, %v", text, err)
	}
}

// TestColumnsOfLongLines compares columns that are counted from places beforehand
// with those counted from the start of the line, whatever the bytes.
func TestColumnsOfLongLines(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "é", "€", "😀", "\x80", "\xf0\x9f", "\x80\x80\x80\x80\x80", "\xff"}
	var text strings.Builder
	text.WriteString("short\n\x80\x80")
	for text.Len() < 40_000 {
		text.WriteString(pieces[random.IntN(len(pieces))])
	}
	f := NewFile("t.conf", text.String())
	for range 2000 {
		offset := 6 + random.IntN(len(f.Text)-5)
		line := f.Text[6:offset]
		units := 1
		for _, r := range line {
			units += max(utf16.RuneLen(r), 1)
		}
		if p := f.Position(offset); p.Line != 2 || p.Column != utf8.RuneCountInString(line)+1 || f.UTF16Column(offset) != units {
			t.Fatalf("offset %d: %d, %d; want %d, %d", offset, p.Column, f.UTF16Column(offset), utf8.RuneCountInString(line)+1, units)
		}
	}
}

func glob(fsys FS, pattern string) []string {
	left := 100_000
	return Glob(fsys, pattern, &left)
}

// TestGlobEnds holds that a pattern whose folders multiply ends.
func TestGlobEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d"} {
		if err := os.Symlink(".", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	left := 100_000
	Glob(OS{Dir: dir}, strings.Repeat("*/", 30)+"*", &left)
	if left >= 0 {
		t.Errorf("%d names left", left)
	}
}
