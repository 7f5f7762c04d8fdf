package analyzer

import (
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

// TestFilesLimits holds what keeps files from being read.
func TestFilesLimits(t *testing.T) {
	t.Parallel()
	fsys := source.Mem{
		"small":   "a b;\n",
		"words":   strings.Repeat("a ", maxWords+1),
		"entries": strings.Repeat("a=1\n", maxEntries+1),
	}
	read := func(name string, left int64) (*files, *file) {
		s := newFiles(&links{FS: fsys})
		s.left.Store(left)
		f := s.get(name)
		if name == "entries" {
			s.iniFile(f)
		} else {
			s.tree(f)
		}
		return s, f
	}
	tests := []struct {
		name string
		left int64
		want error
	}{
		{"small", 1000, nil},
		{"small", 4, errTooMuch},                              // its text
		{"small", int64(len(fsys["small"])) + 40, errTooMuch}, // its directives
		{"words", maxMemory, errTooManyWords},
		{"entries", maxMemory, errTooManyEntries},
	}
	for _, tt := range tests {
		s, f := read(tt.name, tt.left)
		if f.err != tt.want || (f.src == nil) != (tt.want != nil) || (s.left.Load() < 0) != (tt.want == errTooMuch) { //nolint:errorlint // never wrapped
			t.Errorf("%s with %d bytes left: %v, %d left; want %v", tt.name, tt.left, f.err, s.left.Load(), tt.want)
		}
	}
}

// TestTooMuch holds that a run over more than is read says that alone.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	text := "events {}\nhttp {}\n" + strings.Repeat("a ", maxWords/2)
	tree := source.Mem{}
	for name := range strings.SplitSeq("abcdef", "") {
		tree[name+".conf"] = text
	}
	report, err := Run(Options{FS: tree, Paths: []string{"."}})
	if err != nil || !report.LimitReached || len(report.Findings) != 1 || report.Findings[0].Rule != RuleReadLimit {
		t.Errorf("%+v, %v", report, err)
	}
}
