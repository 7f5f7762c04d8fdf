//go:build unix

package fixer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"nginx-lint/analyzer/source"
)

// A faulty disk counts what is done in its folders and fails or calls back at some of it.
type faulty struct {
	Disk
	// at is called before each call with its number, from 1, and what it is: an
	// error is returned in its place.
	at func(n int, call string) error
	n  int
}

func (d *faulty) step(call string) error {
	d.n++
	return d.at(d.n, call)
}

func (d *faulty) Folder(name string) (Folder, error) {
	if err := d.step("folder"); err != nil {
		return nil, err
	}
	f, err := d.Disk.Folder(name)
	return &faultyFolder{f, d}, err
}

type faultyFolder struct {
	Folder
	disk *faulty
}

func (f *faultyFolder) Read(name string) (string, Attributes, error) {
	if err := f.disk.step("read " + name); err != nil {
		return "", Attributes{}, err
	}
	return f.Folder.Read(name)
}

func (f *faultyFolder) Create(name, text string, as Attributes) error {
	if err := f.disk.step("create " + name); err != nil {
		return err
	}
	return f.Folder.Create(name, text, as)
}

func (f *faultyFolder) Link(name, second string) error {
	if err := f.disk.step("link " + name); err != nil {
		return err
	}
	return f.Folder.Link(name, second)
}

func (f *faultyFolder) Rename(from, to string) error {
	if err := f.disk.step("rename " + to); err != nil {
		return err
	}
	return f.Folder.Rename(from, to)
}

func (f *faultyFolder) Remove(name string) error {
	if err := f.disk.step("remove " + name); err != nil {
		return err
	}
	return f.Folder.Remove(name)
}

func (f *faultyFolder) Sync() error {
	if err := f.disk.step("sync"); err != nil {
		return err
	}
	return f.Folder.Sync()
}

// names are the files of the tests that write: two folders, so that one fails after the other is done.
var names = []string{"a/one", "a/two", "b/three"}

// prepared is a folder with the files, each holding its name, and changes to upper case.
func prepared(t *testing.T) (dir string, changes []Change) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range names {
		save(t, filepath.Join(dir, name), name)
		old := time.Unix(1_600_000_000, 0)
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
		changes = append(changes, Change{File: source.NewFile(name, name), Text: strings.ToUpper(name)})
	}
	return dir, changes
}

// A shot is all that is to stay as it is: identity, times and text of each file, and no other files.
func shot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := os.Lstat(name)
		if err != nil {
			return err
		}
		about := fmt.Sprint(info.Mode(), info.ModTime().UnixNano())
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			about += fmt.Sprint(" ", stat.Ino, stat.Uid, stat.Gid, stat.Nlink)
		}
		text, err := os.ReadFile(name)
		if info.Mode()&fs.ModeSymlink != 0 {
			target, _ := os.Readlink(name)
			text, err = []byte("-> "+target), nil
		}
		all[name] = about + " " + string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func same(a, b map[string]string) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

func TestWrite(t *testing.T) {
	t.Parallel()
	dir, changes := prepared(t)
	save(t, filepath.Join(dir, "a", "other"), "other")
	other := shot(t, dir)[filepath.Join(dir, "a", "other")]
	if err := Write(OS{}, dir, changes); err != nil {
		t.Fatal(err)
	}
	after := shot(t, dir)
	if len(after) != len(names)+1 || after[filepath.Join(dir, "a", "other")] != other {
		t.Errorf("%v", after)
	}
	for _, name := range names {
		if got := load(t, filepath.Join(dir, name)); got != strings.ToUpper(name) {
			t.Errorf("%s holds %q", name, got)
		}
	}
	// They are not the files that were read any more.
	var failed *WriteError
	if err := Write(OS{}, dir, changes); !errors.Is(err, ErrChanged) || !errors.As(err, &failed) || failed.Path != "a/one" ||
		err.Error() != "a/one: not fixed: it changed since it was read; no file was changed" {
		t.Errorf("%v", err)
	}
	if !same(after, shot(t, dir)) {
		t.Error("a refused file was touched")
	}
}

// TestWriteFails fails each call of a run once: all stays as it was, or is done.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		dir, changes := prepared(t)
		before := shot(t, dir)
		failed := ""
		err := Write(&faulty{Disk: OS{}, at: func(i int, call string) error {
			if i != n {
				return nil
			}
			failed = call
			return &fs.PathError{Op: "openat", Path: ".nginx-lint-fix-new-0", Err: syscall.ENOSPC}
		}}, dir, changes)
		switch {
		case failed == "":
			if err != nil || n < 20 {
				t.Fatalf("%d calls, %v", n, err)
			}
			return
		case err != nil:
			if !errors.Is(err, syscall.ENOSPC) || !strings.HasSuffix(err.Error(), ": not fixed: no space left on device; no file was changed") {
				t.Errorf("%s: %v", failed, err)
			}
			if now := shot(t, dir); !same(before, now) {
				t.Errorf("%s failed and left %v", failed, now)
			}
		default:
			// A failed link is made up for by a copy; what cannot be removed is left to the next run.
			if !strings.HasPrefix(failed, "link ") && !strings.HasPrefix(failed, "remove ") && failed != "sync" {
				t.Errorf("%s failed, and nobody said so", failed)
			}
			for _, name := range names {
				if got := load(t, filepath.Join(dir, name)); got != strings.ToUpper(name) {
					t.Errorf("%s failed: %s holds %q", failed, name, got)
				}
			}
			Sweep(OS{}, dir, []*source.File{changes[0].File, changes[2].File})
			if left := shot(t, dir); len(left) != len(names) {
				t.Errorf("%s failed and left %v", failed, left)
			}
		}
	}
}

// TestDiskDies fails every call from one on: each file has its old text or its new one,
// and those that have the new one are named.
func TestDiskDies(t *testing.T) {
	t.Parallel()
	named := false
	for n := 1; ; n++ {
		dir, changes := prepared(t)
		reached := false
		err := Write(&faulty{Disk: OS{}, at: func(i int, _ string) error {
			if i < n {
				return nil
			}
			reached = true
			return syscall.EIO
		}}, dir, changes)
		if !reached {
			break
		}
		var failed *WriteError
		if err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		for _, name := range names {
			got := load(t, filepath.Join(dir, name))
			wantNew := err == nil || slices.Contains(failed.Written, name)
			if want := map[bool]string{false: name, true: strings.ToUpper(name)}[wantNew]; got != want {
				t.Errorf("from call %d on: %s holds %q, and the error is %v", n, name, got, err)
			}
			named = named || err != nil && wantNew && strings.Contains(err.Error(), "; changed all the same: ")
		}
		Sweep(OS{}, dir, []*source.File{changes[0].File, changes[2].File})
		for name := range shot(t, dir) {
			if strings.HasPrefix(filepath.Base(name), ".") {
				t.Errorf("left: %s", name)
			}
		}
	}
	if !named {
		t.Error("no case in which a file could not be put back")
	}
}

// TestWithoutLinks: a file system that has no hard links.
func TestWithoutLinks(t *testing.T) {
	t.Parallel()
	noLinks := func(_ int, call string) error {
		if strings.HasPrefix(call, "link ") {
			return syscall.EPERM
		}
		return nil
	}
	dir, changes := prepared(t)
	if err := Write(&faulty{Disk: OS{}, at: noLinks}, dir, changes); err != nil {
		t.Fatal(err)
	}
	if got := shot(t, dir); len(got) != len(names) {
		t.Errorf("%v", got)
	}
	dir, changes = prepared(t)
	err := Write(&faulty{Disk: OS{}, at: func(n int, call string) error {
		if call == "rename three" {
			return syscall.EIO
		}
		return noLinks(n, call)
	}}, dir, changes)
	if err == nil {
		t.Error("no error")
	}
	for _, name := range names {
		if got := load(t, filepath.Join(dir, name)); got != name {
			t.Errorf("%s holds %q", name, got)
		}
	}
}

// TestChangesMeanwhile changes a file at each moment of a run, in its place and as
// editors do, by another file of its name: its text is never lost.
func TestChangesMeanwhile(t *testing.T) {
	t.Parallel()
	ways := map[string]func(t *testing.T, name string, open *os.File){
		"in place": func(t *testing.T, _ string, open *os.File) {
			t.Helper()
			if _, err := open.WriteAt([]byte("somebody's"), 0); err != nil {
				t.Fatal(err)
			}
		},
		"by rename": func(t *testing.T, name string, _ *os.File) {
			t.Helper()
			save(t, name+"~", "somebody's")
			if err := os.Rename(name+"~", name); err != nil {
				t.Fatal(err)
			}
		},
	}
	for way, change := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				dir, changes := prepared(t)
				name := filepath.Join(dir, "a", "two")
				open, err := os.OpenFile(name, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				at, renamed := "", false
				err = Write(&faulty{Disk: OS{}, at: func(i int, call string) error {
					if i == n {
						at = call
						change(t, name, open)
					}
					renamed = renamed || at == "" && call == "rename two"
					return nil
				}}, dir, changes)
				open.Close()
				if at == "" {
					return
				}
				got := load(t, name)
				switch {
				case at == "rename two" && way == "by rename":
					// Between the last look and the rename: the one moment in which nobody can tell.
				case renamed && err == nil && way == "in place":
					// Written to the old file after the last look: as if an editor had saved just before us.
				case renamed && err == nil && got == "somebody's":
				case !errors.Is(err, ErrChanged) || got != "somebody's":
					t.Errorf("changed before %q: it holds %q, error %v", at, got, err)
				}
				if err != nil {
					for _, other := range []string{"a/one", "b/three"} {
						if got := load(t, filepath.Join(dir, other)); got != other {
							t.Errorf("changed before %q: %s holds %q", at, other, got)
						}
					}
				}
			}
		})
	}
}

func TestLinksAndOtherFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	save(t, path("elsewhere/real"), "old")
	save(t, path("hard"), "old")
	save(t, path("here/dangling-then"), "old")
	for name, to := range map[string]string{
		"here/link": "../elsewhere/real", "here/chain": "link", "here/dangling": "nowhere", "here/loop": "loop", "linked-folder": "elsewhere",
	} {
		if err := os.Symlink(to, path(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(path("hard"), path("hard2")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path("folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	change := func(name, text string) []Change {
		return []Change{{File: source.NewFile(name, "old"), Text: text}}
	}
	before := shot(t, dir)
	for name, want := range map[string]error{
		"hard": ErrHardLinks, "hard2": ErrHardLinks, "here/dangling": fs.ErrNotExist, "missing": fs.ErrNotExist, "folder": errNotRegular, "here/loop": nil,
	} {
		for _, changes := range [][]Change{change(name, "new"), append(change("here/link", "new"), change(name, "new")...)} {
			err := Write(OS{}, dir, changes)
			if err == nil || want != nil && !errors.Is(err, want) || !strings.HasPrefix(err.Error(), name+": not fixed: ") {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
			if now := shot(t, dir); !same(before, now) {
				t.Errorf("%s: left %v", name, now)
			}
		}
	}
	// One file under several names is written once; each link stays one.
	all := slices.Concat(change("here/link", "new"), change("elsewhere/real", "new"), change(path("here/chain"), "new"), change("linked-folder/real", "new"))
	if err := Write(OS{}, dir, all); err != nil {
		t.Fatal(err)
	}
	after := shot(t, dir)
	for name, text := range before {
		if name == path("elsewhere/real") {
			if load(t, name) != "new" {
				t.Errorf("%s: %s", name, after[name])
			}
		} else if after[name] != text {
			t.Errorf("%s: %s", name, after[name])
		}
	}
	if err := Write(OS{}, dir, append(change("here/link", "1"), change("elsewhere/real", "2")...)); !errors.Is(err, ErrTwoNames) {
		t.Errorf("%v", err)
	}
}

// TestKeepsAttributes: mode, owner and extended attributes.
func TestKeepsAttributes(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o666, 0o755, 0o640, 0o644 | fs.ModeSetgid, 0o4755&0o777 | fs.ModeSetuid} {
		dir := t.TempDir()
		name := filepath.Join(dir, "f")
		save(t, name, "old")
		if os.Geteuid() == 0 {
			if err := os.Chown(name, 12345, 23456); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		set := map[string]string{"user.note": "x"}
		if runtime.GOOS == "linux" {
			if err := setAttributes(t, name, set); errors.Is(err, syscall.ENOTSUP) {
				set = nil
			} else if err != nil {
				t.Fatal(err)
			}
		}
		_, before := readAttributes(t, name)
		if err := Write(OS{}, dir, []Change{{File: source.NewFile("f", "old"), Text: "new"}}); err != nil {
			t.Fatal(err)
		}
		text, after := readAttributes(t, name)
		if text != "new" || after.Info.Mode() != mode || after.Owner != before.Owner || after.Group != before.Group || after.Links != 1 ||
			fmt.Sprint(after.Extended) != fmt.Sprint(before.Extended) || len(set) > 0 && runtime.GOOS == "linux" && after.Extended["user.note"] != "x" {
			t.Errorf("%v: %q %+v became %+v", mode, text, before, after)
		}
	}
}

func readAttributes(t *testing.T, name string) (string, Attributes) {
	t.Helper()
	folder, err := OS{}.Folder(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	text, as, err := folder.Read(filepath.Base(name))
	if err != nil {
		t.Fatal(err)
	}
	return text, as
}

func setAttributes(t *testing.T, name string, set map[string]string) error {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return setExtended(f, nil, set)
}

// TestSweep removes what a killed run left and nothing else.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir, changes := prepared(t)
	for _, name := range []string{".nginx-lint-fix-new-0", ".nginx-lint-fix-old-17"} {
		save(t, filepath.Join(dir, "a", name), "left")
	}
	for _, name := range []string{".nginx-lint.yaml", ".nginx-lint-baseline.json", ".nginx-lint-fix-new-", ".nginx-lint-fix-new-1.conf", "x.nginx-lint-fix-new-1"} {
		save(t, filepath.Join(dir, "a", name), "the user's")
	}
	if err := os.Link(filepath.Join(dir, "b", "three"), filepath.Join(dir, "b", ".nginx-lint-fix-old-2")); err != nil {
		t.Fatal(err)
	}
	// The second name that a killed run gave a file does not keep it from being fixed.
	if err := Write(OS{}, dir, changes); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(dir, "b", ".nginx-lint-fix-new-9"), "left")
	Sweep(OS{}, dir, []*source.File{source.NewFile("b/three", ""), source.NewFile("stock:mime.types", ""), source.NewFile("gone/x", "")})
	var left []string
	for name := range shot(t, dir) {
		left = append(left, filepath.Base(name))
	}
	slices.Sort(left)
	want := []string{".nginx-lint-baseline.json", ".nginx-lint-fix-new-", ".nginx-lint-fix-new-1.conf", ".nginx-lint.yaml", "one", "three", "two", "x.nginx-lint-fix-new-1"}
	if !slices.Equal(left, want) {
		t.Errorf("%q", left)
	}
}

// TestTwoRuns: of runs at the same time each finds files that are whole.
func TestTwoRuns(t *testing.T) {
	t.Parallel()
	dir, changes := prepared(t)
	done := make(chan error)
	const runs = 8
	for range runs {
		go func() { done <- Write(OS{}, dir, changes) }()
	}
	written := 0
	for range runs {
		switch err := <-done; {
		case err == nil:
			written++
		case !errors.Is(err, ErrChanged):
			t.Error(err)
		}
	}
	if left := shot(t, dir); written != 1 || len(left) != len(names) {
		t.Errorf("%d wrote, %v", written, left)
	}
}
