// Package arrows_test shows that the import arrows and the bans of .golangci.yml
// hold: a list whose file pattern matches nothing passes silently.
package arrows_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const configFile = "../../../.golangci.yml"

// planted lists, by depguard list and folder, what a file in that folder imports
// against the list, and what it imports rightly. Of our own packages it imports
// the folder "sub" below them, so that the planted files form no import cycle.
var planted = []struct {
	list, folder     string
	wrong, permitted []string
}{
	{"source", "analyzer/source", []string{"nginx-lint/analyzer/diag/sub"}, []string{"os"}},
	{"catalog", "analyzer/catalog", []string{"nginx-lint/analyzer/source/sub"}, []string{"strings"}},
	{"diag", "analyzer/diag", []string{"nginx-lint/analyzer/syntax/sub"}, []string{"nginx-lint/analyzer/source/sub"}},
	{"syntax", "analyzer/syntax", []string{"nginx-lint/analyzer/catalog/sub", "nginx-lint/rules/sub"}, []string{"nginx-lint/analyzer/source/sub", "nginx-lint/analyzer/diag/sub"}},
	{"nginx", "analyzer/nginx", []string{"nginx-lint/analyzer/fpm/sub", "nginx-lint/analyzer/stack/sub", "nginx-lint/fixer/sub"}, []string{"nginx-lint/analyzer/catalog/sub", "nginx-lint/analyzer/nginx/stock/sub"}},
	{"grammar", "analyzer/grammar", []string{"nginx-lint/analyzer/syntax/sub", "nginx-lint/rules/sub"}, []string{"nginx-lint/analyzer/catalog/sub", "nginx-lint/analyzer/nginx/sub"}},
	{"spelling", "analyzer/spelling", []string{"nginx-lint/analyzer/catalog/sub"}, []string{"iter"}},
	{"fpm", "analyzer/fpm", []string{"nginx-lint/analyzer/nginx/sub", "nginx-lint/cmd/sub"}, []string{"nginx-lint/analyzer/syntax/sub"}},
	{"compose", "analyzer/compose", []string{"nginx-lint/analyzer/nginx/sub", "nginx-lint/analyzer/stack/sub"}, []string{"nginx-lint/analyzer/source/sub"}},
	{"stack", "analyzer/stack", []string{"nginx-lint/rules/sub", "nginx-lint/fixer/sub"}, []string{"nginx-lint/analyzer/nginx/sub", "nginx-lint/analyzer/fpm/sub"}},
	{"keyfile", "analyzer/keyfile", []string{"nginx-lint/analyzer/stack/sub"}, []string{"nginx-lint/analyzer/source/sub"}},
	{"backends", "analyzer/apache", []string{"nginx-lint/analyzer/nginx/sub", "nginx-lint/rules/sub"}, []string{"nginx-lint/analyzer/keyfile/sub", "nginx-lint/analyzer/stack/sub"}},
	{"analyzer", "analyzer", []string{"nginx-lint/rules/sub", "nginx-lint/fixer/sub", "nginx-lint/cmd/sub"}, []string{"nginx-lint/analyzer/stack/sub"}},
	{"rules", "rules", []string{"os", "os/exec", "net/http", "nginx-lint/fixer/sub", "nginx-lint/cmd/sub"}, []string{"nginx-lint/analyzer/sub", "strings"}},
	{"fixer", "fixer", []string{"nginx-lint/analyzer/nginx/sub", "nginx-lint/analyzer/stack/sub", "nginx-lint/analyzer/syntax/sub", "nginx-lint/rules/sub"}, []string{"nginx-lint/analyzer/diag/sub", "os"}},
	{"render", "cmd/internal/render", []string{"nginx-lint/rules/sub"}, []string{"nginx-lint/analyzer/diag/sub"}},
	{"main", "cmd/nginx-lint", []string{"nginx-lint/rules/sub"}, []string{"nginx-lint/cmd/internal/cli/sub", "os"}},
	{"tests", "cmd/internal/cli", []string{"testing", "nginx-lint/analyzer/nginx/nginxtest/sub", "nginx-lint/analyzer/hosttest/sub"}, []string{"nginx-lint/rules/sub"}},
}

// TestOneProgram: pre-commit installs every program of the repository, so there is one.
func TestOneProgram(t *testing.T) {
	t.Parallel()
	list := exec.Command("go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "./...")
	list.Dir = filepath.Dir(configFile)
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(string(out)); !slices.Equal(got, []string{"nginx-lint/cmd/nginx-lint"}) {
		t.Errorf("programs: %v", got)
	}
}

// banned lists the functions and variables that forbidigo keeps out of all but main.go.
var banned = []struct {
	pkg   string
	names []string
}{
	{"fmt", []string{"Print", "Printf", "Println"}},
	{"io/fs", []string{"WalkDir"}},
	{"os", []string{"Exit", "Stdout", "Stderr", "Stdin", "ReadFile", "Open", "OpenFile", "Stat", "Lstat", "ReadDir", "DirFS"}},
	{"path/filepath", []string{"Glob", "Walk", "WalkDir"}},
	{"time", []string{"Now"}},
}

func TestArrowsAndBans(t *testing.T) {
	t.Parallel()
	command := strings.Fields(os.Getenv("GOLANGCI_LINT"))
	if len(command) == 0 {
		t.Skip("GOLANGCI_LINT is not set; `make test` sets it")
	}
	dir := t.TempDir()
	var want []string
	write(t, dir, "go.mod", "module nginx-lint\n\ngo 1.26\n")
	config, err := os.ReadFile(configFile)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, ".golangci.yml", string(config))

	for _, p := range planted {
		var text strings.Builder
		text.WriteString("package planted\n\nimport (\n")
		for _, path := range slices.Concat(p.wrong, p.permitted) {
			fmt.Fprintf(&text, "\t_ %q\n", path)
			if folder, ours := strings.CutPrefix(path, "nginx-lint/"); ours {
				write(t, dir, folder+"/doc.go", "package sub\n")
			}
		}
		write(t, dir, p.folder+"/planted.go", text.String()+")\n")
		for _, path := range p.wrong {
			want = append(want, fmt.Sprintf("%s/planted.go: import '%s' is not allowed from list '%s'", p.folder, path, p.list))
		}
	}
	var text strings.Builder
	text.WriteString("package banned\n\nimport (\n")
	for _, b := range banned {
		fmt.Fprintf(&text, "\t%q\n", b.pkg)
	}
	text.WriteString(")\n\nvar (\n")
	for _, b := range banned {
		for _, name := range b.names {
			use := filepath.Base(b.pkg) + "." + name
			fmt.Fprintf(&text, "\t_ = %s\n", use)
			want = append(want, fmt.Sprintf("banned/planted.go: use of `%s` forbidden", use))
		}
	}
	write(t, dir, "banned/planted.go", text.String()+")\n")

	slices.Sort(want)
	if diff := cmp.Diff(want, complaints(t, dir, command)); diff != "" {
		t.Errorf("-wanted +reported:\n%s", diff)
	}
}

// TestEveryListIsPlanted keeps the planted violations complete.
func TestEveryListIsPlanted(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile(configFile)
	if err != nil {
		t.Fatal(err)
	}
	var lists []string
	_, depguard, _ := strings.Cut(string(config), "    depguard:\n      rules:\n")
	depguard, _, _ = strings.Cut(depguard, "  exclusions:\n")
	for _, m := range regexp.MustCompile(`(?m)^ {8}([a-z]+):$`).FindAllStringSubmatch(depguard, -1) {
		lists = append(lists, m[1])
	}
	have := map[string]bool{}
	for _, p := range planted {
		have[p.list] = true
	}
	slices.Sort(lists)
	if diff := cmp.Diff(lists, slices.Sorted(maps.Keys(have))); diff != "" {
		t.Errorf("-lists of .golangci.yml +planted:\n%s", diff)
	}
}

// complaints runs depguard and forbidigo over the module and returns what they
// report as "FILE: TEXT", sorted, without the reasons.
func complaints(t *testing.T, dir string, command []string) []string {
	t.Helper()
	cmd := exec.Command(command[0], slices.Concat(command[1:], []string{
		"run", "--enable-only", "depguard,forbidigo", "--output.json.path", "stdout", "--show-stats=false",
	})...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output() // fails because there are issues
	var report struct {
		Issues []struct {
			Text string
			Pos  struct{ Filename string }
		}
	}
	if jsonErr := json.Unmarshal(out, &report); jsonErr != nil {
		t.Fatalf("%v\n%v\n%s%s", err, jsonErr, out, stderr.String())
	}
	var found []string
	for _, issue := range report.Issues {
		text, _, _ := strings.Cut(issue.Text, " because ")
		text, _, _ = strings.Cut(text, ": ")
		found = append(found, filepath.ToSlash(issue.Pos.Filename)+": "+text)
	}
	slices.Sort(found)
	return found
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
