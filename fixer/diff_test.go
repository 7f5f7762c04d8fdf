package fixer

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/source"
)

// numbered is a text of the lines 1 to n.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d\n", i+1)
	}
	return b.String()
}

func TestUnified(t *testing.T) {
	t.Parallel()
	ten := numbered(10)
	for _, test := range []struct{ name, before, after, want string }{
		{"one line", ten, strings.Replace(ten, "5\n", "five\n", 1), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"},
		{"the first line", ten, strings.Replace(ten, "1\n", "", 1), "@@ -1,4 +1,3 @@\n-1\n 2\n 3\n 4\n"},
		{"the last line", ten, ten + "11\n", "@@ -8,3 +8,4 @@\n 8\n 9\n 10\n+11\n"},
		{"six lines apart", ten, "a\n" + ten + "b\n", "@@ -1,3 +1,4 @@\n+a\n 1\n 2\n 3\n@@ -8,3 +9,4 @@\n 8\n 9\n 10\n+b\n"},
		{"near enough", numbered(6), "a\n" + numbered(6) + "b\n", "@@ -1,6 +1,8 @@\n+a\n 1\n 2\n 3\n 4\n 5\n 6\n+b\n"},
		{"one too far", numbered(7), "a\n" + numbered(7) + "b\n", "@@ -1,3 +1,4 @@\n+a\n 1\n 2\n 3\n@@ -5,3 +6,4 @@\n 5\n 6\n 7\n+b\n"},
		{"no last newline before", "a\nb", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"},
		{"no last newline after", "a\nb\n", "a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n"},
		{"none in both, last line unchanged", "a\nb", "x\nb", "@@ -1,2 +1,2 @@\n-a\n+x\n b\n\\ No newline at end of file\n"},
		{"none in both, last line changed", "a\nb", "a\nc", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"},
		{"carriage returns", "a\r\nb\r\n", "a\r\nc\r\n", "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n"},
		{"into an empty file", "", "a\n", "@@ -0,0 +1 @@\n+a\n"},
		{"to an empty file", "a\n", "", "@@ -1 +0,0 @@\n-a\n"},
		{"one line only", "a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"},
		{"lines with the same end", "xa\nq\n", "ya\nq\n", "@@ -1,2 +1,2 @@\n-xa\n+ya\n q\n"},
		{"a repeated line", "a\na\n", "a\na\na\n", "@@ -1,2 +1,3 @@\n a\n a\n+a\n"},
		{"dashes", "-- x\n", "++ y\n", "@@ -1 +1 @@\n--- x\n+++ y\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			unified(&b, "f", test.before, test.after)
			if diff := cmp.Diff("--- a/f\n+++ b/f\n"+test.want, b.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestCompare: without the removed lines a comparison is the one text, without the
// added ones the other; over the limit as well.
func TestCompare(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a\n", "b\n", "c\r\n", "\n", "d", "\xff\n", "\x00", "\ufeff", "x\ny\n"}
	text := func() string {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return b.String()
	}
	check := func(before, after string) {
		t.Helper()
		var old, fresh strings.Builder
		for _, l := range compare(before, after) {
			if l.op != '+' {
				old.WriteString(l.text)
			}
			if l.op != '-' {
				fresh.WriteString(l.text)
			}
		}
		if old.String() != before || fresh.String() != after {
			t.Fatalf("%.60q and %.60q are compared as %.60q and %.60q", before, after, old.String(), fresh.String())
		}
	}
	for range 20_000 {
		check(text(), text())
	}
	many := numbered(70_000) // more than a code point of three bytes can tell apart
	check(many, "x\n"+many[:len(many)/2]+"y\n"+many[len(many)/2:]+"z")
	huge := strings.Repeat("\n", maxLines)
	check("a"+huge+"b", "c"+huge+"d")
}

func TestPatchName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a/nginx.conf":  "a/nginx.conf",
		"a/my site":     "a/my site\t",
		`a/"q"`:         `"a/\"q\""`,
		`a/b\c`:         `"a/b\\c"`,
		"a/tab\tline\n": `"a/tab\tline\n"`,
		"a/é":           `"a/\303\251"`,
		"a/\x1b \x7f":   `"a/\033 \177"`,
		"a/it's":        "a/it's",
		"a/end ":        `"a/end "`,
	} {
		if got := patchName(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// hardTexts are pairs of texts with all that makes patches fail.
var hardTexts = [][2]string{
	{"server {\n    listen 80\n}\n", "server {\n    listen 80;\n}\n"},
	{"a\r\nb\r\nc\r\n", "a\r\nB\r\nc\r\nd\r\n"},
	{"a\nb", "a\nc"},
	{"a\nb", "a\nb\n"},
	{"a\r\nb", "x\r\na\r\nb"},
	{"", "new\n"},
	{"\ufeffa\n\xff\xfe\nb\n", "\ufeffa\n\xff\xfe\nB\n"},
	{"-- a\n++ b\n@@ -1 +1 @@\n\\ x\n", "-- b\n++ b\n@@ -1 +1 @@\n\\ y\n"},
	{"mixed\r\nlines\nend\r", "mixed\r\nlines\nend\n"},
	{"tab\there \n \n\n", "tab\there\n \n\t\n"},
	{numbered(60), strings.NewReplacer("7\n", "seven\n", "33\n", "", "59\n", "59\nnew\n").Replace(numbered(60))},
}

// hardNames are names that a patch has to quote, and plain ones.
var hardNames = []string{
	"nginx.conf", "conf.d/my site.conf", "it's/a \"quoted\" name.conf", `back\slash.conf`, "sites enabled/ä.conf",
	"tab\tin/x.conf", "a/b/c.conf", "-dash.conf", "2024-01-02 03:04:05.conf", "end ", "b/with b/slash.conf",
}

// tree writes the texts before and returns the changes to those after.
func tree(t *testing.T, dir string) []Change {
	t.Helper()
	var changes []Change
	for i, name := range hardNames {
		pair := hardTexts[i%len(hardTexts)]
		save(t, filepath.Join(dir, name), pair[0])
		changes = append(changes, Change{File: source.NewFile(name, pair[0]), Text: pair[1]})
	}
	return changes
}

func save(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// patching runs a program that reads a patch; it skips the test where there is no such program.
func patching(t *testing.T, dir, patch string, command ...string) {
	t.Helper()
	program, err := exec.LookPath(command[0])
	if err != nil {
		if os.Getenv("NGINX_LINT_PROOF") == "require" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	cmd := exec.Command(program, command[1:]...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(patch)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", command, err, out, patch)
	} else if bytes.Contains(out, []byte("fuzz")) || bytes.Contains(out, []byte("offset")) {
		t.Errorf("%s: %s", command, out)
	}
}

// TestDiffApplies: what git and patch make of the diff are the bytes that Write writes.
func TestDiffApplies(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		command []string
		inGit   string // a git working tree is made here, relative to the folder
	}{
		{"git outside a repository", []string{"git", "apply"}, ""},
		{"git at the top of one", []string{"git", "apply"}, "."},
		{"git below it", []string{"git", "apply"}, ".."},
		{"patch", []string{"patch", "-p1", "--quiet"}, ""},
		{"patch forced to binary", []string{"patch", "-p1", "--binary"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "outer", "work folder")
			written := filepath.Join(t.TempDir(), "w")
			changes := tree(t, dir)
			tree(t, written)
			if test.inGit != "" {
				patching(t, filepath.Join(dir, test.inGit), "", "git", "init", "--quiet")
			}
			patch, err := Diff(OS{}, dir, changes)
			if err != nil {
				t.Fatal(err)
			}
			patching(t, dir, patch, test.command...)
			if err := Write(OS{}, written, changes); err != nil {
				t.Fatal(err)
			}
			for _, c := range changes {
				if got := load(t, filepath.Join(dir, c.File.Path)); got != c.Text {
					t.Errorf("%q became %q, want %q", c.File.Path, got, c.Text)
				}
				if got := load(t, filepath.Join(written, c.File.Path)); got != c.Text {
					t.Errorf("%q was written as %q, want %q", c.File.Path, got, c.Text)
				}
			}
		})
	}
}

// TestDiffNames: a linked file goes by its real name, one beyond the folder by the
// path from the root, and what is on no disk by its own.
func TestDiffNames(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(dir, "work")
	save(t, filepath.Join(work, "available", "site"), "a\n")
	save(t, filepath.Join(dir, "beyond"), "a\n")
	for name, to := range map[string]string{"work/enabled": "available/site", "work/far": "../beyond", "through": "work"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	beyond := strings.TrimPrefix(filepath.ToSlash(dir), "/") + "/beyond"
	for name, want := range map[string]string{
		"enabled": "available/site", "./available/site": "available/site", filepath.Join(work, "enabled"): "available/site",
		"far": beyond, "../beyond": beyond, filepath.Join(dir, "beyond"): beyond, "<stdin>": "<stdin>",
	} {
		for _, from := range []string{work, filepath.Join(dir, "through")} {
			patch, err := Diff(OS{}, from, []Change{{File: source.NewFile(name, "a\n"), Text: "b\n"}})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(patch, "--- a/"+want+"\n+++ b/"+want+"\n@@") {
				t.Errorf("%s in %s: %s", name, from, patch)
			}
		}
	}
	// One file under two names is shown once, and refused where its texts differ.
	two := []Change{{File: source.NewFile("enabled", "a\n"), Text: "b\n"}, {File: source.NewFile("available/site", "a\n"), Text: "b\n"}}
	if patch, err := Diff(OS{}, work, two); err != nil || strings.Count(patch, "+++") != 1 {
		t.Errorf("%v\n%s", err, patch)
	}
	two[1].Text = "c\n"
	if _, err := Diff(OS{}, work, two); !errors.Is(err, ErrTwoNames) {
		t.Errorf("%v", err)
	}
}
