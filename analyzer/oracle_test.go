package analyzer_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
)

// TestFilesRead compares the files that are read with those that `nginx -T` prints.
func TestFilesRead(t *testing.T) {
	t.Parallel()
	program := nginxtest.Program(t)
	trees, err := filepath.Glob("../testdata/trees/*.txtar")
	if err != nil || len(trees) == 0 {
		t.Fatal("no trees", err)
	}
	printed := regexp.MustCompile(`(?m)^# configuration file (.*):$`)
	for _, name := range trees {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := txtar.Write(archive, dir); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program, "-T", "-p", dir, "-c", "nginx.conf", "-e", "stderr", "-g", "pid nginx.pid;")
			cmd.Dir = dir
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("nginx refuses the tree: %s", stderr.Bytes())
			}
			var want []string
			for _, m := range printed.FindAllSubmatch(out, -1) {
				want = append(want, strings.TrimPrefix(string(m[1]), dir+"/"))
			}
			report, err := analyzer.Run(analyzer.Options{FS: source.OS{Dir: dir}, Dir: dir, Paths: []string{"nginx.conf"}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range report.Files {
				got = append(got, f.Path)
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("read\n%q\nnginx reads\n%q", got, want)
			}
			sameInDump(t, dir, string(out), report)
		})
	}
}

// sameInDump compares a report on a folder with that on what nginx printed of it.
func sameInDump(t *testing.T, dir, printed string, want *diag.Report) {
	t.Helper()
	dump, ok := source.ParseDump(printed)
	if !ok {
		t.Fatalf("no dump:\n%s", printed)
	}
	got, err := analyzer.Run(analyzer.Options{Dump: &dump, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	describe := func(r *diag.Report) (all []string) {
		for _, f := range r.Files {
			all = append(all, strings.TrimPrefix(f.Path, dir+"/")+":\n"+f.Text)
		}
		for _, u := range r.Unresolved {
			if u.Reason != diag.MissingInclude || !source.HasGlob(u.What) { // in a dump it is known that a pattern matches nothing
				all = append(all, string(u.Reason)+" "+u.What)
			}
		}
		return all
	}
	if diff := cmp.Diff(describe(want), describe(got)); diff != "" {
		t.Errorf("-folder +dump:\n%s", diff)
	}
}
