package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestConfined tries the ways out of a folder.
func TestConfined(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string) {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte("text"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("secret/file")
	write("root/in/file")
	for link, target := range map[string]string{
		"root/up": "../secret/file", "root/absolute": filepath.Join(dir, "secret/file"), "root/folder": "../secret", "root/chain": "in/../folder/file",
		"root/self": "self", "root/device": "/dev/zero", "root/inside": "in/file", "root/within": "in",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, base := range []Confiner{OS{Dir: dir}, Overlay{Base: OS{Dir: dir}}} {
		fsys, err := base.Confine("root")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"root/in/file", "root/inside", "root/within/file", "secret/../root/in/file", filepath.ToSlash(dir) + "/root/in/file"} {
			if text, err := fsys.ReadFile(name); err != nil || text != "text" {
				t.Errorf("%s: %q, %v", name, text, err)
			}
		}
		for _, name := range []string{
			"root/up", "root/absolute", "root/folder/file", "root/chain", "root/self", "root/device", "root/../secret/file", "secret/file",
			filepath.ToSlash(dir) + "/secret/file", "/etc/passwd", "root/in/../../secret/file", "root/folder/../secret/file",
		} {
			if text, err := fsys.ReadFile(name); err == nil {
				t.Errorf("ReadFile(%s) = %q", name, text)
			}
			if _, err := fsys.Stat(name); err == nil {
				t.Errorf("Stat(%s) finds it", name)
			}
		}
		for _, name := range []string{"root/folder", "secret", ".", "root/..", "/"} {
			if entries, err := fsys.ReadDir(name); err == nil {
				t.Errorf("ReadDir(%s) = %v", name, entries)
			}
		}
		if _, err := fsys.ReadFile("secret/file"); !errors.Is(err, ErrOutside) {
			t.Errorf("a file beside the root: %v", err)
		}
		if _, err := fsys.Readlink("root/../secret"); !errors.Is(err, ErrOutside) {
			t.Errorf("a link beside the root: %v", err)
		}
		if _, err := fsys.ReadFile("root/none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a missing file: %v", err)
		}
		if _, err := fsys.ReadFile("root/in"); !errors.Is(err, ErrNotRegular) {
			t.Errorf("a folder: %v", err)
		}
		if entries, err := fsys.ReadDir("root/in"); err != nil || len(entries) != 1 {
			t.Errorf("ReadDir(root/in) = %v, %v", entries, err)
		}
		if said, err := fsys.Readlink("root/up"); err != nil || said != "../secret/file" {
			t.Errorf("Readlink(root/up) = %q, %v", said, err)
		}
	}
	if _, err := (OS{Dir: dir}).Confine("none"); err == nil {
		t.Error("a missing root is accepted")
	}
}
