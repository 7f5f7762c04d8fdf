package fixer

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nginx-lint/analyzer/source"
)

// mounted is a file system in memory of that size, in bytes.
func mounted(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
		if os.Geteuid() == 0 && os.Getenv("NGINX_LINT_PROOF") == "require" {
			t.Fatal(err)
		}
		t.Skip("cannot mount a file system: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk: the new texts of two files do not fit; then there is room for one of them only.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := mounted(t, 256<<10)
	old, fresh := strings.Repeat("old\n", 10_000), strings.Repeat("new\n", 20_000)
	save(t, filepath.Join(dir, "a"), old)
	save(t, filepath.Join(dir, "b"), old)
	before := shot(t, dir)
	changes := []Change{{File: source.NewFile("a", old), Text: fresh}, {File: source.NewFile("b", old), Text: fresh + fresh}}
	for _, some := range [][]Change{changes, changes[1:]} {
		if len(some) == 1 {
			some[0].Text += fresh
		}
		if err := Write(OS{}, dir, some); !errors.Is(err, syscall.ENOSPC) || !strings.HasSuffix(err.Error(), "no space left on device; no file was changed") {
			t.Errorf("%v", err)
		}
		if now := shot(t, dir); !same(before, now) {
			t.Errorf("%d files", len(now))
		}
	}
	if err := Write(OS{}, dir, changes[:1]); err != nil {
		t.Error(err)
	}
}

// TestReadOnly: a file system that may not be written to, and a folder that no name may be added to.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := mounted(t, 64<<10)
	save(t, filepath.Join(dir, "f"), "old")
	changes := []Change{{File: source.NewFile("f", "old"), Text: "new"}}
	before := shot(t, dir)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if err := Write(OS{}, dir, changes); !errors.Is(err, syscall.EROFS) || !same(before, shot(t, dir)) {
		t.Errorf("%v", err)
	}
}

// asUser does something as the owner of all files in a folder, who is not root: to
// root no mode is an obstacle.
func asUser(t *testing.T, dir string, do func() error) error {
	t.Helper()
	if os.Geteuid() != 0 {
		return do()
	}
	const nobody = 65534
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // made by t.TempDir for root alone
		t.Fatal(err)
	}
	if err := filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, nobody, nobody))
	}); err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		// Neither call reports errors; without them the test fails.
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSGID, nobody, 0, 0)
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0)
		result <- do()
	}()
	return <-result
}

// TestClosedFolder: who may write to the file but not to its folder.
func TestClosedFolder(t *testing.T) {
	t.Parallel()
	dir, changes := prepared(t)
	closed := filepath.Join(dir, "b")
	if err := os.Chmod(closed, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(closed, 0o755) })
	var before map[string]string
	err := asUser(t, dir, func() error {
		before = shot(t, dir)
		return Write(OS{}, dir, changes)
	})
	if !errors.Is(err, os.ErrPermission) || !strings.HasPrefix(err.Error(), "b/three: not fixed: ") {
		t.Errorf("%v", err)
	}
	if now := shot(t, dir); !same(before, now) {
		t.Errorf("left %v", now)
	}
}

// TestAccessLists: without its access list a file would be open to its group, and
// with the one that its folder gives new files, to others.
func TestAccessLists(t *testing.T) {
	t.Parallel()
	// One more user may read and write (with a mask, so that the mode says the group may); the group may not.
	const list = "\x02\x00\x00\x00" + "\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x06\x00\x39\x30\x00\x00" +
		"\x04\x00\x00\x00\xff\xff\xff\xff" + "\x10\x00\x06\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff"
	dir := t.TempDir()
	for _, name := range []string{"listed", "plain"} {
		save(t, filepath.Join(dir, name), "old")
	}
	err := setAttributes(t, filepath.Join(dir, "listed"), map[string]string{"system.posix_acl_access": list})
	if err == nil {
		err = syscall.Setxattr(dir, "system.posix_acl_default", []byte(list), 0)
	}
	if errors.Is(err, syscall.ENOTSUP) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	_, as := readAttributes(t, filepath.Join(dir, "listed"))
	if as.Extended["system.posix_acl_access"] != list {
		t.Fatalf("%q", as.Extended)
	}
	for _, name := range []string{"listed", "plain"} {
		_, before := readAttributes(t, filepath.Join(dir, name))
		if err := Write(OS{}, dir, []Change{{File: source.NewFile(name, "old"), Text: "new"}}); err != nil {
			t.Fatal(err)
		}
		_, after := readAttributes(t, filepath.Join(dir, name))
		if fmt.Sprint(before.Extended) != fmt.Sprint(after.Extended) || before.Info.Mode() != after.Info.Mode() {
			t.Errorf("%s: %q became %q", name, before.Extended, after.Extended)
		}
	}
}

// childEnv holds, for a process that is to be killed, its folder and after how many
// calls it kills itself (0: never).
const childEnv = "NGINX_LINT_TEST_WRITER"

// TestMain turns the test program into one that writes until it is killed.
func TestMain(m *testing.M) {
	dir, calls, ok := strings.Cut(os.Getenv(childEnv), "|")
	if !ok {
		os.Exit(m.Run())
	}
	last, err := strconv.Atoi(calls)
	if err != nil {
		panic(err)
	}
	disk := &faulty{Disk: OS{}, at: func(n int, _ string) error {
		if n == last {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	}}
	for {
		var changes []Change
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				panic(err)
			}
			changes = append(changes, Change{File: source.NewFile(name, string(text)), Text: other(name, string(text))})
		}
		if err := Write(disk, dir, changes); err != nil {
			panic(err)
		}
		if last > 0 {
			os.Exit(0)
		}
	}
}

// The two texts of a file: long enough that writing takes time.
func oldText(name string) string { return strings.Repeat(name+"\n", 5000) }
func newText(name string) string { return strings.Repeat(strings.ToUpper(name)+"\n", 7000) }

func other(name, text string) string {
	if text == oldText(name) {
		return newText(name)
	}
	return oldText(name)
}

// TestKilled kills runs before each of their calls, and at random moments: each file
// has one text or the other, and the next run leaves nothing else.
// NGINX_LINT_KILLS sets how many are killed at random (200).
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range names {
		save(t, filepath.Join(dir, name), oldText(name))
	}
	kills := 200
	if s := os.Getenv("NGINX_LINT_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	littered, changed := 0, 0
	last := ""
	for n, steps := 1, true; steps || kills > 0; n++ {
		cmd := exec.Command(os.Args[0])
		var out bytes.Buffer
		cmd.Stderr = &out
		calls := 0
		if steps {
			calls = n
		} else {
			kills--
		}
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d", childEnv, dir, calls))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if !steps {
			time.Sleep(time.Duration(random.IntN(20_000)) * time.Microsecond)
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Wait(); err == nil && steps {
			steps = false // it got to the end
			if n < 20 {
				t.Errorf("only %d calls", n)
			}
		}
		if out.Len() > 0 {
			t.Fatalf("%s", out.String())
		}
		var now []byte
		var files []*source.File
		for _, name := range names {
			text := load(t, filepath.Join(dir, name))
			if text != oldText(name) && text != newText(name) {
				t.Fatalf("run %d: %s holds %d bytes", n, name, len(text))
			}
			now = append(now, text[0])
			files = append(files, source.NewFile(name, text))
		}
		if string(now) != last {
			changed++
		}
		last = string(now)
		if len(shot(t, dir)) > len(names) {
			littered++
		}
		if n%2 == 0 { // else writing itself has to cope
			Sweep(OS{}, dir, files)
			if left := shot(t, dir); len(left) > len(names) {
				t.Fatalf("run %d: %d files", n, len(left))
			}
		}
	}
	t.Logf("left something: %d runs, changed something: %d", littered, changed)
	if littered < 10 || changed < 10 {
		t.Errorf("few runs were killed at work: %d left something, %d changed something", littered, changed)
	}
}
