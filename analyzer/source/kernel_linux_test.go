package source

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestNotRegular holds that nothing is read but files that lie on a disk or in memory,
// whatever names and links lead to the others.
func TestNotRegular(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/proc/self/environ", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"fifo", "link", "/proc/self/environ", "/proc/self/cmdline", "/proc/cpuinfo", "/proc/self/../version", "/sys/kernel/mm/transparent_hugepage/enabled",
		"/dev/null", "/dev/zero", "/dev/tty",
	} {
		if _, err := os.Stat(filepath.Join("/", name)); err != nil && filepath.IsAbs(name) {
			continue // not on this machine
		}
		if text, err := (OS{Dir: dir}).ReadFile(name); !errors.Is(err, ErrNotRegular) {
			t.Errorf("%s: %.20q, %v", name, text, err)
		}
	}
	// A pipe that takes a file's place once it was asked about: opening does not wait.
	f, err := os.OpenFile(fifo, os.O_RDONLY|nonblock, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := readAll(f, "fifo"); !errors.Is(err, ErrNotRegular) {
		t.Errorf("a pipe that is open: %v", err)
	}
}
