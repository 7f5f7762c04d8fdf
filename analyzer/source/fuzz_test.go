package source

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
)

// FuzzGlob compares patterns with path.Match where the two mean the same, and holds
// that no pattern takes long.
func FuzzGlob(f *testing.F) {
	f.Add("*a*b?[c-d]", "xaybzcd", "a/b.conf\nc/d.conf")
	f.Add("[[:alpha:]]", "a", ".x\n[")
	f.Add("**/[!a]/\\*", "a/b/*", "a/b/*")
	f.Add(strings.Repeat("*a", 30), strings.Repeat("a", 500), "")
	f.Fuzz(func(t *testing.T, pattern, name, names string) {
		if len(pattern) > 1000 || len(name) > 2000 || len(names) > 2000 {
			return
		}
		got := Match(pattern, name)
		if want, err := path.Match(pattern, name); err == nil && isASCII(pattern+name) && !strings.HasPrefix(name, ".") && !strings.ContainsAny(pattern, "[\\") && !strings.Contains(name, "/") && got != want {
			t.Errorf("Match(%q, %q) = %v", pattern, name, got)
		}
		MatchPath(pattern, name)
		tree := Mem{}
		for n := range strings.SplitSeq(names, "\n") {
			if fs.ValidPath(n) {
				tree[n] = ""
			}
		}
		left := 10_000
		found := Glob(tree, pattern, &left)
		if !slices.IsSorted(found) {
			t.Errorf("Glob(%q) = %q", pattern, found)
		}
	})
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) }

// FuzzDump: what nginx -T prints is taken apart into texts that stand in it.
func FuzzDump(f *testing.F) {
	f.Add("# configuration file /etc/nginx/nginx.conf:\nevents {}\n\n# configuration file /a:\nx;\n\n")
	f.Add("nginx: [warn] x\nnginx: the configuration file /a syntax is ok\n# configuration file a:\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := ParseDump(text)
		if !ok {
			return
		}
		for _, name := range d.Names {
			if part, err := d.ReadFile(name); err != nil || !strings.Contains(text, part) {
				t.Errorf("%q: %q, %v", name, part, err)
			}
		}
	})
}
