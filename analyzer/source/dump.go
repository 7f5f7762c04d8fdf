package source

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
)

// ErrNotInDump is the error for what a dump does not hold: it says nothing of it.
var ErrNotInDump = errors.New("not in the dump")

// A Dump is what `nginx -T` prints: all files that nginx reads, the main file
// first. What it does not hold may be there or not; but a folder holds no files that
// a pattern could match, as nginx would have read them.
type Dump struct {
	files Mem
	// Names are the paths of the files, in the order of the dump.
	Names []string
}

var (
	// dumpHead is the line above each file.
	dumpHead = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^# configuration file (/.*):\r?\n`) })
	// dumpPreface is what nginx writes to standard error before.
	dumpPreface = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:(?:nginx: |[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8} \[).*\n)*`)
	})
)

// ParseDump reads what `nginx -T` printed, with or without what it wrote to
// standard error; ok is false for other texts.
func ParseDump(text string) (d Dump, ok bool) {
	text = text[len(dumpPreface().FindString(text)):]
	if !strings.HasPrefix(text, "# configuration file /") { // almost every file
		return Dump{}, false
	}
	heads := dumpHead().FindAllStringSubmatchIndex(text, -1)
	if len(heads) == 0 || heads[0][0] != 0 {
		return Dump{}, false
	}
	d.files = Mem{}
	start := 0 // of the text of the file that comes last so far
	name := ""
	end := func(at int) {
		if name != "" {
			d.files[name] = strings.TrimSuffix(text[start:at], "\n") // nginx adds one
		}
	}
	for _, h := range heads {
		next := path.Clean(text[h[2]:h[3]])
		if _, again := d.files[next]; again || next == name {
			continue // nginx prints a file once: this is a comment
		}
		end(h[0])
		name, start = next, h[1]
		d.Names = append(d.Names, name)
	}
	end(len(text))
	return d, true
}

// unknown is the error for what is not in the dump, in place of one that says that it is not there.
func unknown(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(err, fs.ErrNotExist) {
		return &fs.PathError{Op: at.Op, Path: at.Path, Err: ErrNotInDump}
	}
	return err
}

// ReadFile implements FS.
func (d Dump) ReadFile(name string) (string, error) {
	text, err := d.files.ReadFile(name)
	return text, unknown(err)
}

// Stat implements FS.
func (d Dump) Stat(name string) (fs.FileInfo, error) {
	info, err := d.files.Stat(name)
	return info, unknown(err)
}

// ReadDir implements FS.
func (d Dump) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := d.files.ReadDir(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// Readlink implements FS: a dump does not tell links from files.
func (d Dump) Readlink(name string) (string, error) { return d.files.Readlink(name) }

// Real implements FS.
func (d Dump) Real(name string) (string, error) { return d.files.Real(name) }
