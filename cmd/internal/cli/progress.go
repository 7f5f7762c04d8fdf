package cli

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// When a run that goes on says so, and how often.
const (
	patience = time.Second
	interval = 200 * time.Millisecond
)

// checkShown is check with a line on a terminal that tells how far a long one is.
func (p *program) checkShown(o *options, in analyzer.Options) (*diag.Report, error) {
	if o.quiet || p.Getenv("TERM") == "dumb" || !isTerminal(p.Stderr) {
		return p.check(in)
	}
	files := counted{in.FS, new(atomic.Int64)}
	in.FS = files
	defer showProgress(p.Stderr, files.read.Load, patience, interval)()
	return p.check(in)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// counted counts the files that are read.
type counted struct {
	source.FS
	read *atomic.Int64
}

// ReadFile implements source.FS.
func (c counted) ReadFile(name string) (string, error) {
	c.read.Add(1)
	return c.FS.ReadFile(name)
}

// Confine implements source.Confiner: --root holds on a terminal as well.
func (c counted) Confine(dir string) (source.FS, error) {
	base, ok := c.FS.(source.Confiner)
	if !ok {
		return c, nil
	}
	within, err := base.Confine(dir)
	return counted{within, c.read}, err
}

// eraseLine goes back to the start of the line and empties it.
const eraseLine = "\r\x1b[K"

// showProgress writes a line to a terminal once patience is over, and again at each
// interval, until it is stopped; then the line is gone.
func showProgress(w io.Writer, files func() int64, patience, interval time.Duration) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		wait := time.NewTimer(patience)
		defer wait.Stop()
		for shown := false; ; shown = true {
			select {
			case <-end:
				if shown {
					fmt.Fprint(w, eraseLine)
				}
				return
			case <-wait.C:
				fmt.Fprintf(w, "%schecking: %d files read", eraseLine, files())
				wait.Reset(interval)
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
