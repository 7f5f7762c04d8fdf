package source

import (
	"errors"
	"io/fs"
	"testing"
)

// TestMemLinks compares links in memory with what the machine does with its own.
func TestMemLinks(t *testing.T) {
	t.Parallel()
	m := Mem{
		"a/file": "text", "a/rel": Link("file"), "b/up": Link("../a/rel"), "abs": Link("/x"), "/x": "other",
		"gone": Link("nowhere"), "loop": Link("loop"), "dir": Link("a"),
	}
	for name, want := range map[string]string{"a/rel": "text", "b/up": "text", "abs": "other"} {
		text, err := m.ReadFile(name)
		info, statErr := m.Stat(name)
		if err != nil || text != want || statErr != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %q, %v, %v", name, text, err, statErr)
		}
	}
	for _, name := range []string{"gone", "loop"} {
		_, err := m.ReadFile(name)
		_, statErr := m.Stat(name)
		if !errors.Is(err, fs.ErrNotExist) || !errors.Is(statErr, fs.ErrNotExist) {
			t.Errorf("%s: %v, %v", name, err, statErr)
		}
	}
	if info, err := m.Stat("dir"); err != nil || !info.IsDir() {
		t.Errorf("a link to a folder: %v", err)
	}
	if said, err := m.Readlink("b/up"); err != nil || said != "../a/rel" {
		t.Errorf("Readlink: %q, %v", said, err)
	}
	if _, err := m.Readlink("a/file"); err == nil {
		t.Error("Readlink of a file succeeded")
	}
	entries, err := m.ReadDir("a")
	if err != nil || len(entries) != 2 || entries[0].Type() != 0 || entries[1].Type() != fs.ModeSymlink {
		t.Errorf("ReadDir: %v, %v", entries, err)
	}
}
