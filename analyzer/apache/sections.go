package apache

import (
	"path"
	"regexp"
	"strings"

	"nginx-lint/analyzer/source"
)

// A section is where a directive stands among those that choose requests.
type section struct {
	// path is that of the <Directory> or <Location> around it; "" for none.
	path               string
	directory, pattern bool // of a <Directory>; the path has wildcards, or is an expression
	// files are the samples that its <Files> or <FilesMatch> chooses; all of them where there is none.
	files   samples
	inFiles bool
	// opaque is set where the expression of its <FilesMatch> is none that is understood.
	opaque bool
}

// samples are some of the names below.
type samples uint32

// names stand for what is asked for: one that a section chooses, and no other that
// goes before it, shows that what it sets is in force for some requests.
var names = []string{
	"x.php", "x.phtml", "x.phar", "x.phps", "x.php3", "x.php4", "x.php5", "x.php7", "x.php8", "x.inc", "x.html", "x.htm", "x.shtml", "x.cgi",
	"x.fcgi", "x.pl", "x.py", "x.css", "x.js", "x.txt", "x",
}

const everything samples = 1<<21 - 1

// matching are the names of which a test is true, below a prefix.
func matching(prefix string, test func(string) bool) samples {
	var found samples
	for i, name := range names {
		if test(prefix + name) {
			found |= 1 << i
		}
	}
	return found
}

// byPattern are the names that match a regular expression; ok is false where it is
// none for Go.
func byPattern(prefix, pattern string) (found samples, ok bool) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return 0, false
	}
	return matching(prefix, re.MatchString), true
}

// within is a frame below the head of a section.
func (at frame) within(name string, args []word) frame {
	head := make([]string, 0, len(args)+1)
	for _, a := range args {
		if text := strings.TrimSuffix(a.text, ">"); text != "" {
			head = append(head, text)
		}
	}
	pattern := strings.HasSuffix(name, "match")
	if len(head) > 1 && head[0] == "~" {
		head, pattern = head[1:], true
	}
	what := strings.Join(head, " ")
	switch name {
	case "directory", "directorymatch", "location", "locationmatch":
		at.section = section{
			path: path.Clean("/" + what), directory: strings.HasPrefix(name, "directory"),
			pattern: pattern || source.HasGlob(what) || strings.Contains(what, "$"), files: everything,
		}
	case "files", "filesmatch":
		at.inFiles = true
		if !pattern {
			at.files = matching("", func(name string) bool { return source.Match(what, name) })
			break
		}
		found, ok := byPattern("", what)
		if at.files = found; !ok {
			at.files, at.opaque = everything, true
		}
	}
	return at
}

// php reports whether files of PHP are chosen by their names, and not any.
func (c section) php() bool {
	return c.inFiles && !c.opaque && c.files&1 != 0 && c.files != everything
}

// rank is which sections go before others, whatever their order: <Files> before
// what is for all of a folder, and in a <Directory> before those outside; <Location>
// before all (measured on Apache 2.4.71).
func (c section) rank() int {
	switch {
	case c.path == "" && !c.inFiles:
		return 0
	case c.directory && !c.inFiles:
		return 1
	case c.path == "":
		return 2
	case c.directory:
		return 3
	}
	return 4
}

// over reports whether a section goes, or may go, before another one that stands
// before it, or after it where later is not set. A deeper <Directory> goes before those above it.
func (c section) over(o section, later bool) bool {
	if c.rank() != o.rank() {
		return c.rank() > o.rank()
	}
	if c.directory && !c.pattern && !o.pattern {
		if deep, other := depth(c.path), depth(o.path); deep != other {
			return deep > other
		}
	}
	return later || c.pattern || o.pattern && c.directory
}

func depth(p string) int {
	if p == "/" {
		return 0
	}
	return strings.Count(p, "/")
}

// covers reports whether a section is, or may be, of all requests that another one
// is of, in a server whose files lie in a folder.
func (c section) covers(o section, root string) bool {
	switch {
	case c.path == "", c.pattern:
		return true
	case c.directory && (root == "" || source.Below(root, c.path)): // all that there is
		return true
	case c.directory:
		return o.directory && (o.pattern || source.Below(o.path, c.path))
	case c.path == "/":
		return true
	case o.path == "":
		return false
	case o.directory:
		return root == "" || o.pattern || source.Below(o.path, path.Join(root, c.path))
	}
	return o.pattern || strings.HasPrefix(o.path, c.path)
}
