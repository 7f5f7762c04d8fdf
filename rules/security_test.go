package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namedTest is a test as docs/security.md names it: a script, or the package's folder,
// the function and, after a slash, one of its cases.
var namedTest = regexp.MustCompile("`(testdata/[^` ]+\\.txtar|([a-z/]+)\\.((?:Test|Fuzz)[A-Za-z]+)(?:/([^`]+))?)`")

// TestSecurityPage holds that each promise of the page has a test, and that there is such a test.
func TestSecurityPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 || strings.HasPrefix(cells[1], "---") || strings.HasPrefix(cells[1], " **") || cells[1] == " promise " {
			continue
		}
		rows++
		tests := namedTest.FindAllStringSubmatch(cells[2], -1)
		if len(tests) == 0 || len(tests) != strings.Count(cells[2], "`")/2 {
			t.Errorf("%d tests in %q", len(tests), cells[2])
		}
		for _, m := range tests {
			if !namesTest(t, m[1], m[2], m[3], m[4]) {
				t.Errorf("no test %s", m[1])
			}
		}
	}
	if rows < 20 {
		t.Errorf("%d rows", rows)
	}
	if namesTest(t, "", "rules", "TestHostile", "no such case") || namesTest(t, "", "rules", "TestNone", "") {
		t.Error("any name is found")
	}
}

func namesTest(t *testing.T, script, folder, function, example string) bool {
	t.Helper()
	if function == "" {
		_, err := os.Stat(filepath.Join("..", script))
		return err == nil
	}
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found, listed := false, example == ""
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found = found || strings.Contains(string(text), "\nfunc "+function+"(")
		listed = listed || strings.Contains(string(text), "{\""+example+"\", ")
	}
	return found && listed
}
