package source

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Mem is a file system in memory: cleaned slash paths to texts, or to what Link
// returns. Folders exist by having files in them. It serves tests and the
// analysis of texts that are on no disk.
type Mem map[string]string

// linkMark starts the text of a symbolic link; no configuration starts so.
const linkMark = "\x00link\x00"

// maxLinks is how many symbolic links in a row Linux follows.
const maxLinks = 40

// Link is the text in a Mem of a symbolic link to a file.
func Link(target string) string { return linkMark + target }

// follow is where the links that a path may be lead to.
func (m Mem) follow(name string) string {
	name = path.Clean(name)
	for range maxLinks {
		target, ok := strings.CutPrefix(m[name], linkMark)
		if !ok {
			break
		}
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(name), target)
		}
		name = path.Clean(target)
	}
	return name
}

// file is the text of a regular file.
func (m Mem) file(name string) (text string, ok bool) {
	text, ok = m[name]
	return text, ok && !strings.HasPrefix(text, linkMark)
}

// ReadFile implements FS.
func (m Mem) ReadFile(name string) (string, error) {
	name = m.follow(name)
	if text, ok := m.file(name); ok {
		return text, nil
	}
	if m.isDir(name) {
		return "", &fs.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	}
	return "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Stat implements FS.
func (m Mem) Stat(name string) (fs.FileInfo, error) {
	name = m.follow(name)
	if text, ok := m.file(name); ok {
		return memInfo{name: path.Base(name), size: len(text)}, nil
	}
	if m.isDir(name) {
		return memInfo{name: path.Base(name), dir: true}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// ReadDir implements FS.
func (m Mem) ReadDir(name string) ([]fs.DirEntry, error) {
	name = path.Clean(name)
	if !m.isDir(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	seen := map[string]memInfo{}
	for file, text := range m {
		rest, ok := below(file, name)
		if !ok {
			continue
		}
		if first, _, deeper := strings.Cut(rest, "/"); deeper {
			seen[first] = memInfo{name: first, dir: true}
		} else {
			seen[rest] = memInfo{name: rest, size: len(text), link: strings.HasPrefix(text, linkMark)}
		}
	}
	entries := make([]fs.DirEntry, 0, len(seen))
	for _, info := range seen {
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Readlink implements FS.
func (m Mem) Readlink(name string) (string, error) {
	if target, ok := strings.CutPrefix(m[path.Clean(name)], linkMark); ok {
		return target, nil
	}
	return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
}

// Real implements FS.
func (m Mem) Real(name string) (string, error) { return m.follow(name), nil }

func (m Mem) isDir(name string) bool {
	for file := range m {
		if _, ok := below(file, name); ok {
			return true
		}
	}
	return false
}

// below is the rest of a path in a folder.
func below(file, dir string) (rest string, ok bool) {
	switch dir {
	case ".":
		return file, !path.IsAbs(file)
	case "/":
		return strings.CutPrefix(file, "/")
	}
	return strings.CutPrefix(file, dir+"/")
}

type memInfo struct {
	name string
	size int
	dir  bool
	link bool
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return int64(i.size) }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return i.dir }
func (i memInfo) Sys() any           { return nil }

func (i memInfo) Mode() fs.FileMode {
	switch {
	case i.dir:
		return fs.ModeDir | 0o755
	case i.link:
		return fs.ModeSymlink | 0o777
	}
	return 0o644
}
