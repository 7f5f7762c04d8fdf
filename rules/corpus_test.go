package rules_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
	"nginx-lint/rules"
)

// TestCorpusRefused asks nginx -t about each file of a corpus in which a finding
// says that nginx refuses it. What nginx complains of is taken out of a copy, one
// by one, until it accepts the rest: each finding must have been one of these.
// NGINX_LINT_CORPUS names the folder; `make corpus` sets it.
func TestCorpusRefused(t *testing.T) {
	dir := os.Getenv("NGINX_LINT_CORPUS")
	if dir == "" {
		t.Skip("NGINX_LINT_CORPUS is not set")
	}
	repositories, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	oracle := nginxtest.Version(t)
	files, findings := 0, 0
	for _, repository := range repositories {
		root := filepath.Join(dir, repository.Name())
		report, err := analyzer.Run(analyzer.Options{Paths: []string{"."}, FS: source.OS{Dir: root}, Rules: rules.All(), NginxVersion: oracle})
		if err != nil {
			t.Logf("%s: %v", repository.Name(), err)
			continue
		}
		byFile := map[string][]diag.Finding{}
		for _, f := range report.Findings {
			if f.RefusedBy == diag.Nginx {
				byFile[f.Subject.Span.File.Path] = append(byFile[f.Subject.Span.File.Path], f)
			}
		}
		for name, ours := range byFile {
			files, findings = files+1, findings+len(ours)
			t.Run(filepath.Join(repository.Name(), name), func(t *testing.T) { confirmRefused(t, root, name, ours) })
		}
	}
	t.Logf("%d findings in %d files", findings, files)
}

// confirmRefused looks for each finding of a file in what nginx says of it.
func confirmRefused(t *testing.T, root, name string, ours []diag.Finding) {
	t.Helper()
	dir := copyConfigurations(t, root)
	file := filepath.Join(dir, name)
	main := filepath.Join(filepath.Dir(file), "around-it.conf")
	if err := os.WriteFile(main, []byte(surrounding(t, file)), 0o600); err != nil {
		t.Fatal(err)
	}
	left := slices.Clone(ours)
	for range 1000 {
		message, place := nginxtest.Test(t, main)
		if message == "" {
			break
		}
		at, number, _ := strings.Cut(place, ":")
		at = filepath.Join(filepath.Dir(main), at)
		line, _ := strconv.Atoi(number)
		i := slices.IndexFunc(left, func(f diag.Finding) bool {
			return at == file && line == f.Subject.Span.Line() ||
				slices.ContainsFunc(f.Notes, func(n string) bool { return strings.Contains(n, message) })
		})
		var taken bool
		switch {
		case i >= 0:
			line = left[i].Subject.Span.Line()
			left = slices.Delete(left, i, i+1)
			taken = blank(t, file, func(d directiveAt) bool { return d.holds(line) })
		case place != "":
			taken = blank(t, at, func(d directiveAt) bool { return d.holds(line) })
		default:
			m := quotedPath.FindStringSubmatch(message)
			if m == nil {
				t.Fatalf("nginx says %q and names no place", message)
			}
			taken = blank(t, file, func(d directiveAt) bool {
				return slices.ContainsFunc(d.tree.Args(d.id), func(arg string) bool { return arg != "" && strings.HasSuffix(m[1], arg) })
			})
		}
		if !taken {
			t.Logf("what nginx says is not found: %s %s", message, place)
			break
		}
	}
	for _, f := range left {
		t.Errorf("nginx does not refuse %s", describe(f))
	}
}

var quotedPath = regexp.MustCompile(`"([^"]+)"`)

// copyConfigurations copies the regular files of a folder.
func copyConfigurations(t *testing.T, root string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil || len(text) > 1<<20 {
			return err
		}
		rel, err := filepath.Rel(root, name)
		to := filepath.Join(dir, rel)
		return errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, text, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// surrounding is a main file that includes a file where it belongs.
func surrounding(t *testing.T, file string) string {
	t.Helper()
	include := "include " + filepath.Base(file) + ";"
	var names []string
	tree := parseFile(t, file)
	for d := range tree.Children(syntax.Root) {
		names = append(names, tree.Name(d))
	}
	has := func(name string) bool { return slices.Contains(names, name) }
	switch {
	case has("events"):
		return include
	case has("http"), has("stream"), has("worker_processes"):
		return "events {} " + include
	case has("location"):
		return "events {} http { server { " + include + " } }"
	default:
		return "events {} http { " + include + " }"
	}
}

func parseFile(t *testing.T, file string) *syntax.Tree {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return syntax.Parse(source.NewFile(file, string(text)))
}

type directiveAt struct {
	tree *syntax.Tree
	id   syntax.ID
}

func (d directiveAt) holds(line int) bool {
	span := d.tree.Span(d.id)
	return span.Line() <= line && line <= span.Line()+strings.Count(span.Text(), "\n")
}

// blank takes the smallest directives that match out of a file; its lines stay. It
// reports whether there were any.
func blank(t *testing.T, file string, match func(directiveAt) bool) (done bool) {
	t.Helper()
	tree := parseFile(t, file)
	text := []byte(tree.File.Text)
	var walk func(d syntax.ID) bool
	walk = func(d syntax.ID) (done bool) {
		for child := range tree.Children(d) {
			done = walk(child) || done
		}
		if done || d == syntax.Root || !match(directiveAt{tree, d}) {
			return done
		}
		span := tree.Span(d)
		for i := span.Start; i < span.End; i++ {
			if text[i] != '\n' {
				text[i] = ' '
			}
		}
		return true
	}
	done = walk(syntax.Root)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return done
}
