package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// MaxFileSize is the largest file that is read, in bytes (256 MiB).
const MaxFileSize = 256 << 20

// Errors that ReadFile wraps.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = fmt.Errorf("larger than %d MiB", MaxFileSize>>20)
)

// FS is all that is known of a file system. Paths use forward slashes and may be
// absolute or relative; an implementation says what relative means.
type FS interface {
	// ReadFile returns a whole regular file. Its errors match fs.ErrNotExist,
	// fs.ErrPermission, ErrNotRegular or ErrTooLarge where one of them is the cause.
	ReadFile(name string) (string, error)
	// ReadDir lists a folder, sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Stat follows symbolic links.
	Stat(name string) (fs.FileInfo, error)
	// Readlink returns what a symbolic link says.
	Readlink(name string) (string, error)
	// Real is a path without symbolic links, as the system resolves them.
	Real(name string) (string, error)
}

// A Confiner is an FS that can be confined to a folder.
type Confiner interface {
	// Confine gives the same files by the same names, but none outside of the folder,
	// whatever its symbolic links say.
	Confine(dir string) (FS, error)
}

// buffers are shared by reads: one of its own for each small file costs more than the file.
var buffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// OS is the machine's file system; relative paths are below Dir.
type OS struct{ Dir string }

func (o OS) path(name string) string {
	if IsAbs(name) || filepath.IsAbs(name) {
		return filepath.FromSlash(name)
	}
	return filepath.Join(o.Dir, filepath.FromSlash(name))
}

// ReadFile implements FS. Devices, pipes, sockets and what the kernel makes up
// (/proc, /sys) are refused.
func (o OS) ReadFile(name string) (string, error) {
	at := o.path(name)
	info, err := os.Stat(at) //nolint:forbidigo // this is source.FS
	if err == nil {
		err = readable(info, name)
	}
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(at, os.O_RDONLY|nonblock, 0) //nolint:forbidigo // this is source.FS
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readAll(f, name)
}

// readable is asked before opening: that may wait, and have effects on a device.
func readable(info fs.FileInfo, name string) error {
	switch {
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	case info.Size() > MaxFileSize:
		return &fs.PathError{Op: "read", Path: name, Err: ErrTooLarge}
	}
	return nil
}

// readAll reads an open file, which may be another than the one that was asked about before.
func readAll(f *os.File, name string) (string, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular(), byKernel(f, info):
		return "", &fs.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	}
	var text strings.Builder
	text.Grow(int(min(info.Size(), MaxFileSize)))
	buffer, _ := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		n, err := f.Read(*buffer)
		text.Write((*buffer)[:n])
		switch {
		case text.Len() > MaxFileSize:
			return "", &fs.PathError{Op: "read", Path: name, Err: ErrTooLarge}
		case errors.Is(err, io.EOF), err == nil && n < len(*buffer) && int64(text.Len()) >= info.Size():
			return text.String(), nil // all of it: asking again for the end costs as much as the file
		case err != nil:
			return "", err
		}
	}
}

// ReadDir implements FS.
func (o OS) ReadDir(name string) ([]fs.DirEntry, error) {
	return os.ReadDir(o.path(name)) //nolint:forbidigo // this is source.FS
}

// Stat implements FS.
func (o OS) Stat(name string) (fs.FileInfo, error) {
	return os.Stat(o.path(name)) //nolint:forbidigo // this is source.FS
}

// Readlink implements FS.
func (o OS) Readlink(name string) (string, error) {
	return os.Readlink(o.path(name))
}

// Real implements FS.
func (o OS) Real(name string) (string, error) {
	at, err := filepath.EvalSymlinks(o.path(name))
	return filepath.ToSlash(at), err
}

// Confine implements Confiner.
func (o OS) Confine(dir string) (FS, error) {
	root, err := os.OpenRoot(o.path(dir))
	if err != nil {
		return nil, err
	}
	return confined{OS: o, top: o.path(dir), root: root}, nil
}

// ErrOutside says that a path lies where nothing is read.
var ErrOutside = errors.New("outside of what is read")

// A confined file system is that of OS, but nothing outside of one folder.
type confined struct {
	OS

	top  string
	root *os.Root
}

// local is a path from the folder on.
func (c confined) local(op, name string) (string, error) {
	if rel, err := filepath.Rel(c.top, c.path(name)); err == nil && filepath.IsLocal(rel) {
		return rel, nil
	}
	return "", &fs.PathError{Op: op, Path: name, Err: ErrOutside}
}

// ReadFile implements FS.
func (c confined) ReadFile(name string) (string, error) {
	info, err := c.Stat(name)
	if err == nil {
		err = readable(info, name)
	}
	if err != nil {
		return "", err
	}
	local, err := c.local("open", name)
	if err != nil {
		return "", err
	}
	f, err := c.root.OpenFile(local, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readAll(f, name)
}

// ReadDir implements FS.
func (c confined) ReadDir(name string) ([]fs.DirEntry, error) {
	local, err := c.local("open", name)
	if err != nil {
		return nil, err
	}
	f, err := c.root.Open(local)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// Stat implements FS.
func (c confined) Stat(name string) (fs.FileInfo, error) {
	local, err := c.local("stat", name)
	if err != nil {
		return nil, err
	}
	return c.root.Stat(local)
}

// Readlink implements FS.
func (c confined) Readlink(name string) (string, error) {
	local, err := c.local("readlink", name)
	if err != nil {
		return "", err
	}
	return c.root.Readlink(local)
}

// Overlay shows the given texts in place of, or beside, what Base holds.
// It carries standard input and the fixer's retries.
type Overlay struct {
	Base  FS
	Files map[string]string
}

// ReadFile implements FS.
func (o Overlay) ReadFile(name string) (string, error) {
	if text, ok := o.Files[path.Clean(name)]; ok {
		return text, nil
	}
	return o.Base.ReadFile(name)
}

// ReadDir implements FS; overlaid files in folders that Base lacks are not listed.
func (o Overlay) ReadDir(name string) ([]fs.DirEntry, error) { return o.Base.ReadDir(name) }

// Stat implements FS.
func (o Overlay) Stat(name string) (fs.FileInfo, error) {
	if text, ok := o.Files[path.Clean(name)]; ok {
		return memInfo{name: path.Base(name), size: len(text)}, nil
	}
	return o.Base.Stat(name)
}

// Readlink implements FS.
func (o Overlay) Readlink(name string) (string, error) { return o.Base.Readlink(name) }

// Real implements FS; an overlaid file that Base lacks is no link.
func (o Overlay) Real(name string) (string, error) {
	at, err := o.Base.Real(name)
	if _, ok := o.Files[path.Clean(name)]; ok && errors.Is(err, fs.ErrNotExist) {
		return name, nil
	}
	return at, err
}

// Confine implements Confiner.
func (o Overlay) Confine(dir string) (FS, error) {
	base, ok := o.Base.(Confiner)
	if !ok {
		return o, nil
	}
	within, err := base.Confine(dir)
	return Overlay{within, o.Files}, err
}

// Glob expands a POSIX pattern (`*`, `?`, `[...]` with `!` or `^` and named
// classes, `\` quoting) as glob(3) does for nginx and php-fpm: sorted by whole
// path in byte order, a leading dot matched only by a dot. A pattern without
// wildcards yields itself where it exists. left is how many more names may be
// looked at, a folder counted as a hundred; below 0, some were not.
func Glob(fsys FS, pattern string, left *int) []string {
	if !HasGlob(pattern) {
		if _, err := fsys.Stat(pattern); err != nil {
			return nil
		}
		return []string{pattern}
	}
	prefix := ""
	if strings.HasPrefix(pattern, "/") {
		prefix = "/"
	}
	found := []string{prefix}
	parts := globParts(strings.Trim(pattern, "/"))
	for i, part := range parts {
		var next []string
		for _, dir := range found {
			next = append(next, globPart(fsys, dir, part, i, len(parts)-1, left)...)
		}
		found = next
	}
	slices.Sort(found)
	return found
}

// folderCost is how many names take as much time to look at as a folder to ask for them.
const folderCost = 100

// globParts takes a pattern apart into elements with wildcards and what stands between them.
func globParts(pattern string) []string {
	var parts []string
	literal := false // the last of them
	for part := range strings.SplitSeq(pattern, "/") {
		switch {
		case part == "":
		case literal && !HasGlob(part):
			parts[len(parts)-1] += "/" + part
		default:
			parts = append(parts, part)
			literal = !HasGlob(part)
		}
	}
	return parts
}

// globPart is what the i-th part of a pattern matches in a folder.
func globPart(fsys FS, dir, part string, i, last int, left *int) []string {
	if *left -= folderCost; *left < 0 {
		return nil
	}
	if !HasGlob(part) {
		name := join(dir, part)
		if i == 0 && i < last {
			return []string{name} // it is listed next
		}
		info, err := fsys.Stat(name)
		if err != nil || (i < last && !info.IsDir()) {
			return nil
		}
		return []string{name}
	}
	where := dir
	if where == "" {
		where = "."
	}
	entries, err := fsys.ReadDir(where)
	if err != nil {
		return nil
	}
	var found []string
	for _, entry := range entries {
		if *left--; *left < 0 {
			break
		}
		if !Match(part, entry.Name()) {
			continue
		}
		name := join(dir, entry.Name())
		if i < last {
			*left -= folderCost
			if info, err := fsys.Stat(name); err != nil || !info.IsDir() {
				continue
			}
		}
		found = append(found, name)
	}
	return found
}

func join(dir, name string) string {
	if dir == "" || strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

// HasGlob reports whether nginx would expand the pattern rather than open it.
func HasGlob(pattern string) bool { return strings.ContainsAny(pattern, "*?[") }

// Match reports whether one path element matches a POSIX pattern.
func Match(pattern, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, ".") && !strings.HasPrefix(pattern, `\.`) {
		return false
	}
	return match(pattern, name)
}

// match backtracks to the last star only, so it is linear in len(pattern)*len(name).
func match(pattern, name string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			if tail := pattern[p+1:]; isLiteral(tail) { // as in *.conf
				return strings.HasSuffix(name[n:], tail)
			}
			star, mark = p, n
			p++
			continue
		}
		if p < len(pattern) {
			if width, ok := matchOne(pattern[p:], name[n]); ok {
				p += width
				n++
				continue
			}
		}
		if star < 0 {
			return false
		}
		mark++
		p, n = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// isLiteral reports whether a pattern matches itself only.
func isLiteral(pattern string) bool {
	for i := range len(pattern) {
		switch pattern[i] {
		case '*', '?', '[', '\\':
			return false
		}
	}
	return true
}

// matchOne matches one byte against the first element of a pattern and says how
// many bytes of the pattern that element takes.
func matchOne(pattern string, c byte) (width int, ok bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '\\':
		if len(pattern) > 1 {
			return 2, pattern[1] == c
		}
	case '[':
		if width, ok, closed := matchSet(pattern, c); closed {
			return width, ok
		}
	}
	return 1, pattern[0] == c
}

var classes = map[string]func(byte) bool{
	"alnum":  func(c byte) bool { return isAlpha(c) || isDigit(c) },
	"alpha":  isAlpha,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < 0x20 || c == 0x7f },
	"digit":  isDigit,
	"graph":  func(c byte) bool { return c > 0x20 && c < 0x7f },
	"lower":  func(c byte) bool { return c >= 'a' && c <= 'z' },
	"print":  func(c byte) bool { return c >= 0x20 && c < 0x7f },
	"punct":  func(c byte) bool { return c > 0x20 && c < 0x7f && !isAlpha(c) && !isDigit(c) },
	"space":  func(c byte) bool { return c == ' ' || (c >= '\t' && c <= '\r') },
	"upper":  func(c byte) bool { return c >= 'A' && c <= 'Z' },
	"xdigit": func(c byte) bool { return isDigit(c) || (c|0x20 >= 'a' && c|0x20 <= 'f') },
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func matchSet(pattern string, c byte) (width int, ok, closed bool) {
	i := 1
	negate := false
	if i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^') {
		negate = true
		i++
	}
	for first := true; i < len(pattern); first = false {
		if pattern[i] == ']' && !first {
			return i + 1, ok != negate, true
		}
		if strings.HasPrefix(pattern[i:], "[:") {
			if end := strings.Index(pattern[i+2:], ":]"); end >= 0 {
				if in, known := classes[pattern[i+2:i+2+end]]; known {
					ok = ok || in(c)
					i += end + 4
					continue
				}
			}
		}
		low, next := setByte(pattern, i)
		high := low
		if next+1 < len(pattern) && pattern[next] == '-' && pattern[next+1] != ']' {
			high, next = setByte(pattern, next+1)
		}
		ok = ok || (low <= c && c <= high)
		i = next
	}
	return 0, false, false
}

func setByte(pattern string, i int) (c byte, next int) {
	if pattern[i] == '\\' && i+1 < len(pattern) {
		i++
	}
	return pattern[i], i + 1
}

// MatchPath reports whether a whole path matches a pattern in which `**` stands
// for any number of folders. A pattern without a slash matches the last element.
func MatchPath(pattern, name string) bool {
	parts := strings.Split(path.Clean(name), "/")
	if !strings.Contains(pattern, "/") {
		return Match(pattern, parts[len(parts)-1])
	}
	return matchParts(strings.Split(strings.TrimRight(pattern, "/"), "/"), parts)
}

func matchParts(patterns, parts []string) bool {
	// reach[i] tells whether the patterns so far match the first i parts.
	reach := make([]bool, len(parts)+1)
	reach[0] = true
	for _, pattern := range patterns {
		next := make([]bool, len(parts)+1)
		for i := range reach {
			switch {
			case pattern == "**":
				next[i] = reach[i] || i > 0 && next[i-1]
			case i > 0:
				next[i] = reach[i-1] && Match(pattern, parts[i-1])
			}
		}
		reach = next
	}
	return reach[len(parts)]
}
