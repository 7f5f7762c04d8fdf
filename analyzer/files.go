package analyzer

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"

	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

// files reads and parses each file once.
type files struct {
	fs *links

	mu     sync.Mutex
	byPath map[string]*file
	// left is how many bytes of memory reading may still take, about.
	left atomic.Int64
}

// Limits on what is read. A directive or an entry is counted by what it is at
// least written with, before it is read.
const (
	// maxMemory is about how many bytes all files and what is read from them may take.
	maxMemory = 384 << 20
	// maxWords is how many words and signs an nginx file may have.
	maxWords = 1 << 23
	// maxEntries is how many sections and keys a PHP-FPM file may have.
	maxEntries = 1 << 19
	// maxShort is how many bytes a file may have that says what one service runs,
	// or how; each of them takes up to shortSize once it is read.
	maxShort  = 1 << 20
	shortSize = 16
	// wordSize and entrySize are about how much memory each of them takes.
	wordSize, entrySize = 20, 200
)

var (
	errTooManyWords   = fmt.Errorf("more than %d words and signs, the most that is read of one file", maxWords)
	errTooManyEntries = fmt.Errorf("more than %d sections and keys, the most that is read of one file", maxEntries)
	errTooLong        = fmt.Errorf("larger than %d MiB, the most that is read of a file about services", maxShort>>20)
	errTooMuch        = fmt.Errorf("more than is read in one run: all files together take more than about %d MiB of memory", maxMemory>>20)
)

// tooLarge reports whether a limit kept a file from being read.
func tooLarge(err error) bool {
	return errors.Is(err, source.ErrTooLarge) || errors.Is(err, errTooManyWords) || errors.Is(err, errTooManyEntries) || errors.Is(err, errTooLong) || errors.Is(err, errTooMuch)
}

// take reserves memory for a file, and gives up the file where there is none left.
func (s *files) take(f *file, bytes int) bool {
	if s.left.Add(-int64(bytes)) < 0 {
		f.src, f.err = nil, errTooMuch
	}
	return f.src != nil
}

// A file is one path that was asked for.
type file struct {
	path string
	once sync.Once
	src  *source.File
	err  error

	parseOnce sync.Once
	nginx     *syntax.Tree
	iniOnce   sync.Once
	ini       *syntax.INI
	phpOnce   sync.Once
	php       *syntax.INI

	shortOnce sync.Once

	templateOnce sync.Once
	template     bool

	// reported is set once it counts as read.
	reported bool
	// foreign is set where neither nginx nor PHP-FPM reads it, whatever it looks like.
	foreign outline
	// scopes are those in which another program reads it.
	scopes []*stack.Scope
}

// An outline lists the comments of another program's file and its entries, which
// comments can be about, both in the order in which they start.
type outline func(*source.File) (comments, entries []source.Span)

func newFiles(fsys *links) *files {
	s := &files{fs: fsys, byPath: map[string]*file{}}
	s.left.Store(maxMemory)
	return s
}

func (s *files) get(name string) *file {
	name = path.Clean(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.byPath[name]
	if f == nil {
		f = &file{path: name}
		s.byPath[name] = f
	}
	return f
}

// put adds a file whose text is known already.
func (s *files) put(src *source.File) *file {
	f := s.get(src.Path)
	f.once.Do(func() { f.src = src })
	return f
}

// read returns the file's text, or nil with f.err set.
func (s *files) read(f *file) *source.File {
	f.once.Do(func() {
		text, err := s.fs.ReadFile(f.path)
		f.src, f.err = source.NewFile(f.path, text), err
		if err != nil {
			f.src = nil
			return
		}
		f.src.Real = s.fs.real(f.path)
		s.take(f, len(text))
	})
	return f.src
}

// short is the text of a file about services; nil where it is too long.
func (s *files) short(f *file) *source.File {
	if s.read(f) == nil {
		return nil
	}
	f.shortOnce.Do(func() {
		if len(f.src.Text) > maxShort {
			f.src, f.err = nil, errTooLong
		} else {
			s.take(f, len(f.src.Text)*shortSize)
		}
	})
	return f.src
}

// tree is the file read as nginx configuration; nil where it could not be read.
func (s *files) tree(f *file) *syntax.Tree {
	if s.read(f) == nil {
		return nil
	}
	f.parseOnce.Do(func() {
		if words := syntax.CountWords(f.src.Text); words > maxWords {
			f.src, f.err = nil, errTooManyWords
		} else if s.take(f, words*wordSize) {
			f.nginx = syntax.Parse(f.src)
			if isTemplate(f.path, f.src.Text) {
				if t := syntax.ParseTemplate(f.src); t != nil {
					f.nginx = t
				}
			}
		}
	})
	return f.nginx
}

// iniFile is the file read as PHP-FPM configuration; nil where it could not be read.
func (s *files) iniFile(f *file) *syntax.INI {
	if s.read(f) == nil {
		return nil
	}
	f.iniOnce.Do(func() { f.ini = s.entries(f, syntax.ParseINI) })
	return f.ini
}

// phpINI is the file read as php.ini; nil where it could not be read.
func (s *files) phpINI(f *file) *syntax.INI {
	if s.read(f) == nil {
		return nil
	}
	f.phpOnce.Do(func() { f.php = s.entries(f, syntax.ParsePHPINI) })
	return f.php
}

// entries parses a file as INI, unless it has too many of them.
func (s *files) entries(f *file, parse func(*source.File) *syntax.INI) *syntax.INI {
	if entries := syntax.CountEntries(f.src.Text); entries > maxEntries {
		f.src, f.err = nil, errTooManyEntries
	} else if s.take(f, entries*entrySize) {
		return parse(f.src)
	}
	return nil
}

// filledIn reports whether a file that was read as nginx's is one that a program
// fills in. It may be included again and again.
func (f *file) filledIn() bool {
	f.templateOnce.Do(func() { f.template = len(f.nginx.Errors) > 0 && isTemplate(f.path, f.src.Text) })
	return f.template
}

// anyINI is the file as it was read as INI, by whichever rules; nil where it was not.
func (f *file) anyINI() *syntax.INI {
	if f.ini != nil {
		return f.ini
	}
	return f.php
}

// own reports whether the file is one that an image brings: nobody here wrote it.
func (f *file) own() bool { return standIn(f.path) }

func standIn(name string) bool { return strings.HasPrefix(name, "stock:") }

// missing reports whether the file could not be read because it is not there.
func (f *file) missing() bool {
	return errors.Is(f.err, fs.ErrNotExist) || errors.Is(f.err, source.ErrNotRegular) || errors.Is(f.err, fs.ErrInvalid)
}

// parallel calls do for each item, on all processors. A panic in one of the
// calls reaches the caller.
func parallel[T any](items []T, do func(T)) {
	var next atomic.Int64
	var panicked atomic.Value
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(items)) {
		workers.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panicked.CompareAndSwap(nil, fmt.Sprintf("%v\n%s", p, debug.Stack()))
				}
			}()
			for i := next.Add(1) - 1; i < int64(len(items)); i = next.Add(1) - 1 {
				do(items[i])
			}
		})
	}
	workers.Wait()
	if p := panicked.Load(); p != nil {
		panic(p)
	}
}

// isTemplate reports whether a text is one that a program fills in before nginx reads it.
func isTemplate(name, text string) bool {
	switch path.Ext(name) {
	case ".j2", ".jinja", ".jinja2", ".erb", ".template", ".tmpl", ".tpl", ".gotmpl", ".epp", ".mustache":
		return true
	}
	return strings.Contains(text, "{{") || strings.Contains(text, "{%") || strings.Contains(text, "<%")
}
