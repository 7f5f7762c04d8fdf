package source

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Mem is a file system in memory: cleaned slash paths to texts. Folders exist
// by having files in them. It serves tests and the analysis of texts that are
// on no disk.
type Mem map[string]string

// ReadFile implements FS.
func (m Mem) ReadFile(name string) (string, error) {
	name = path.Clean(name)
	if text, ok := m[name]; ok {
		return text, nil
	}
	if m.isDir(name) {
		return "", &fs.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	}
	return "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Stat implements FS.
func (m Mem) Stat(name string) (fs.FileInfo, error) {
	name = path.Clean(name)
	if text, ok := m[name]; ok {
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
			seen[rest] = memInfo{name: rest, size: len(text)}
		}
	}
	entries := make([]fs.DirEntry, 0, len(seen))
	for _, info := range seen {
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Readlink implements FS: there are no links in memory.
func (m Mem) Readlink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
}

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
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return int64(i.size) }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return i.dir }
func (i memInfo) Sys() any           { return nil }

func (i memInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
