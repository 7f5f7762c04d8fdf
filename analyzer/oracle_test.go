package analyzer_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
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
		})
	}
}
