package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"nginx-lint/analyzer/source"
)

// lineWriter hands on what is written.
type lineWriter chan string

func (w lineWriter) Write(b []byte) (int, error) {
	w <- string(b)
	return len(b), nil
}

func TestProgress(t *testing.T) {
	t.Parallel()
	w := make(lineWriter)
	var read atomic.Int64
	stop := showProgress(w, read.Load, 0, time.Millisecond)
	if got := <-w; got != "\r\x1b[Kchecking: 0 files read" {
		t.Errorf("%q", got)
	}
	read.Store(7)
	for got := ""; got != "\r\x1b[Kchecking: 7 files read"; {
		got = <-w
	}
	stopped := make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	last := ""
	for done := false; !done; {
		select {
		case last = <-w:
		case <-stopped:
			done = true
		}
	}
	if last != "\r\x1b[K" {
		t.Errorf("the last that is written is %q", last)
	}
}

// A short run says nothing, nor does one that nobody watches.
func TestNoProgress(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	showProgress(&b, func() int64 { return 0 }, time.Hour, time.Hour)()
	if b.Len() > 0 {
		t.Errorf("%q", b.String())
	}
	if isTerminal(&b) {
		t.Error("a buffer is no terminal")
	}
}

func TestFilesAreCounted(t *testing.T) {
	t.Parallel()
	c := counted{source.Mem{"a": "x"}, new(atomic.Int64)}
	text, err := c.ReadFile("a")
	if n := c.read.Load(); text != "x" || err != nil || n != 1 {
		t.Errorf("%q, %v after %d files", text, err, n)
	}
}

// With --root a run on a terminal is confined as any other is.
func TestCountedIsConfined(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"outside": "x", "root/inside": "y"} {
		if err := os.MkdirAll(filepath.Join(dir, "root"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var fsys source.FS = counted{source.OS{Dir: dir}, new(atomic.Int64)}
	confiner, ok := fsys.(source.Confiner)
	if !ok {
		t.Fatal("what is counted cannot be confined")
	}
	within, err := confiner.Confine("root")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := within.ReadFile("outside"); !errors.Is(err, source.ErrOutside) {
		t.Errorf("a file outside of the folder: %v", err)
	}
	if text, err := within.ReadFile("root/inside"); text != "y" || err != nil {
		t.Errorf("a file inside: %q, %v", text, err)
	}
	if c, ok := within.(counted); !ok || c.read.Load() != 2 {
		t.Error("the files read within are not counted")
	}
}
