package cli

import (
	"bytes"
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
	c := counted{FS: source.Mem{"a": "x"}}
	text, err := c.ReadFile("a")
	if n := c.read.Load(); text != "x" || err != nil || n != 1 {
		t.Errorf("%q, %v after %d files", text, err, n)
	}
}
