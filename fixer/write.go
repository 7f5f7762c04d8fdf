package fixer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/source"
)

// Why a file is not written.
var (
	ErrChanged    = errors.New("it changed since it was read")
	ErrHardLinks  = errors.New("it has other names (hard links), which would keep the old text")
	ErrTwoNames   = errors.New("it is read under two names, and their fixes differ")
	errNotRegular = errors.New("not a regular file")
)

// A WriteError says why nothing was written.
type WriteError struct {
	// Path is the file that was in the way.
	Path string
	Err  error
	// Written are files that have their new text all the same, as their old one could not be put back.
	Written []string
}

// Error implements error.
func (e *WriteError) Error() string {
	text := e.Path + ": not fixed: " + cause(e.Err).Error()
	if len(e.Written) > 0 {
		return text + "; changed all the same: " + strings.Join(e.Written, ", ")
	}
	return text + "; no file was changed"
}

// Unwrap gives the cause.
func (e *WriteError) Unwrap() error { return e.Err }

// cause is an error without the call and the temporary name that it is about.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// Names of the files that writing needs for a moment. The dot keeps `include conf.d/*`
// from matching them.
const (
	newPrefix = ".nginx-lint-fix-new-"
	oldPrefix = ".nginx-lint-fix-old-"
)

// litter is what a run leaves that was killed.
var litter = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\.nginx-lint-fix-(new|old)-\d+$`) })

// A target is one file to write.
type target struct {
	path      string // as the report has it
	real      string // the absolute path without symbolic links
	old, text string

	folder    Folder
	base      string
	as        Attributes
	temporary string // the name of the new text before it takes the file's
	backup    string // the second name of the old text
	written   bool
}

// resolve finds the files that changes are made to, sorted by folder and name. Relative
// paths are below dir. Where loose is set, a file that is on no disk is taken as it is called.
func resolve(disk Disk, dir string, changes []Change, loose bool) ([]*target, error) {
	var targets []*target
	byName := map[string]*target{}
	for _, c := range changes {
		name := absolute(dir, c.File.Real)
		resolved, err := disk.Resolve(name)
		switch {
		case err != nil && loose && errors.Is(err, fs.ErrNotExist):
			resolved = name
		case err != nil:
			return nil, &WriteError{Path: c.File.Path, Err: err}
		}
		t := &target{path: c.File.Path, real: resolved, base: filepath.Base(resolved), old: c.File.Text, text: c.Text}
		switch same := byName[resolved]; {
		case same == nil:
			byName[resolved] = t
			targets = append(targets, t)
		case same.text != t.text || same.old != t.old:
			return nil, &WriteError{Path: c.File.Path, Err: ErrTwoNames}
		}
	}
	slices.SortFunc(targets, func(a, b *target) int {
		return cmp.Or(cmp.Compare(filepath.Dir(a.real), filepath.Dir(b.real)), cmp.Compare(a.base, b.base))
	})
	return targets, nil
}

func absolute(dir, name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// Write makes the changes on the disk: all of them or none. Relative paths are
// below dir. A file keeps its owner, mode and access list, and a symbolic link to it
// stays one. Whenever the process is killed, each file has its old text or its
// new one; Sweep removes what else is left then. Errors are *WriteError.
func Write(disk Disk, dir string, changes []Change) (err error) {
	targets, err := resolve(disk, dir, changes, false)
	if err != nil {
		return err
	}
	w := &writer{disk: disk, folders: map[string]Folder{}}
	defer func() {
		for _, f := range w.folders {
			_ = f.Close() // nothing is left to be written
		}
	}()
	// The folders are sorted, so that two runs at once don't wait for each other for ever.
	for i, t := range targets {
		if err = w.prepare(i, t); err != nil {
			return w.undo(targets, &WriteError{Path: t.path, Err: err})
		}
	}
	for _, t := range targets {
		if err = t.replace(); err != nil {
			return w.undo(targets, &WriteError{Path: t.path, Err: err})
		}
	}
	for _, t := range targets {
		if err = t.folder.Sync(); err != nil {
			return w.undo(targets, &WriteError{Path: t.path, Err: err})
		}
	}
	w.tidy(targets)
	return nil
}

type writer struct {
	disk    Disk
	folders map[string]Folder
}

// prepare puts the new text of a file beside it.
func (w *writer) prepare(i int, t *target) (err error) {
	dir := filepath.Dir(t.real)
	if w.folders[dir] == nil {
		folder, err := w.disk.Folder(dir)
		if err != nil {
			return err
		}
		w.folders[dir] = folder
		sweep(folder)
	}
	t.folder = w.folders[dir]
	text, as, err := t.folder.Read(t.base)
	switch {
	case err != nil:
		return err
	case text != t.old:
		return ErrChanged
	case as.Links > 1:
		return ErrHardLinks
	}
	t.as = as
	temporary := fmt.Sprint(newPrefix, i)
	if err := t.folder.Create(temporary, t.text, as); err != nil {
		return err
	}
	t.temporary = temporary
	return nil
}

// replace gives the new text the file's name. The old text gets a second name
// first: by that it is put back where another file fails.
func (t *target) replace() error {
	backup := oldPrefix + strings.TrimPrefix(t.temporary, newPrefix)
	linked := t.folder.Link(t.base, backup) == nil
	if !linked {
		// Not all file systems have links.
		if err := t.folder.Create(backup, t.old, t.as); err != nil {
			return err
		}
	}
	t.backup = backup
	if err := t.unchanged(t.base); err != nil {
		return err
	}
	if err := t.folder.Rename(t.temporary, t.base); err != nil {
		return err
	}
	t.written = true
	if linked {
		// Nobody finds the old file by its name any more, but who had it open may have written to it.
		return t.unchanged(backup)
	}
	return nil
}

// unchanged reports whether a name still belongs to the file that was read, with its text.
func (t *target) unchanged(name string) error {
	text, as, err := t.folder.Read(name)
	if err == nil && (text != t.old || !os.SameFile(as.Info, t.as.Info)) {
		return ErrChanged
	}
	return err
}

// undo puts everything back as it was.
func (w *writer) undo(targets []*target, why *WriteError) error {
	for _, t := range slices.Backward(targets) {
		if !t.written {
			continue
		}
		if err := t.folder.Rename(t.backup, t.base); err != nil {
			why.Written = append(why.Written, t.path)
		}
	}
	w.tidy(targets)
	return why
}

// tidy removes the names that were for the moment only. What cannot be removed
// now is left to the next run.
func (w *writer) tidy(targets []*target) {
	for _, t := range targets {
		if t.temporary != "" && !t.written {
			_ = t.folder.Remove(t.temporary)
		}
		if t.backup != "" {
			_ = t.folder.Remove(t.backup)
		}
	}
	for _, f := range w.folders {
		_ = f.Sync()
	}
}

// Sweep removes what killed runs left beside the given files.
func Sweep(disk Disk, dir string, files []*source.File) {
	var folders []string
	for _, f := range files {
		if name, err := disk.Resolve(absolute(dir, f.Real)); err == nil {
			folders = append(folders, filepath.Dir(name))
		}
	}
	slices.Sort(folders)
	for _, name := range slices.Compact(folders) {
		if folder, err := disk.Folder(name); err == nil {
			sweep(folder)
			_ = folder.Close()
		}
	}
}

func sweep(folder Folder) {
	names, err := folder.Names()
	if err != nil {
		return // then nothing was left, or creating a file will say why not
	}
	for _, name := range names {
		if litter().MatchString(name) {
			_ = folder.Remove(name)
		}
	}
}
