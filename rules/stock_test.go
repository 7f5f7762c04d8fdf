package rules_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/rules"
)

const stockDir = "../testdata/stock"

// TestStock runs all rules, also those that are off by default, on what packages
// and images install: no finding is above info. A line `passes: N` in a tree's
// comment says how many passes lead to its pool, so that the silence means something.
func TestStock(t *testing.T) {
	t.Parallel()
	trees, err := filepath.Glob(stockDir + "/*.txtar")
	if err != nil || len(trees) == 0 {
		t.Fatal("no trees", err)
	}
	passes := regexp.MustCompile(`(?m)^passes: (\d+)$`)
	for _, name := range trees {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			c := parseCase(t, name)
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if m := passes.FindSubmatch(archive.Comment); m != nil {
				want, _ = strconv.Atoi(string(m[1]))
			}
			if got := checkStock(t, c.opts); got != want {
				t.Errorf("%d passes lead to a pool, want %d", got, want)
			}
		})
	}
}

// TestInstalled does the same with what is installed on the machine, where it is
// as the packages have it.
func TestInstalled(t *testing.T) {
	t.Parallel()
	require := os.Getenv("NGINX_LINT_PROOF") == "require"
	unable := func(why string) {
		t.Helper()
		if require {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	packages := []string{"nginx-common"}
	found, err := exec.Command("dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\n", "php*-fpm").Output()
	if err != nil {
		unable("Debian's php-fpm is not installed")
	}
	for line := range strings.Lines(string(found)) {
		if name, installed := strings.CutPrefix(strings.TrimSpace(line), "ii "); installed {
			packages = append(packages, name)
		}
	}
	changed, err := exec.Command("dpkg", append([]string{"--verify"}, packages...)...).Output()
	if err != nil || strings.Contains(string(changed), "/etc/") {
		unable("not as the packages have it: " + string(changed))
	}
	var paths []string
	for _, dir := range []string{"/etc/nginx", "/etc/php"} {
		if _, err := os.Stat(dir); err != nil {
			unable(err.Error())
		}
		paths = append(paths, dir)
	}
	checkStock(t, analyzer.Options{FS: source.OS{Dir: "/"}, Dir: "/", Paths: paths})
}

// checkStock runs all rules and counts the passes that certainly lead to a pool.
func checkStock(t *testing.T, opts analyzer.Options) (passes int) {
	t.Helper()
	probe := analyzer.Rule{ID: "probe", OnScope: func(_ *analyzer.Pass, s *stack.Scope) {
		for _, h := range s.Hops {
			if len(h.Listeners) == 1 && h.Listeners[0].Pool != nil {
				passes++
			}
		}
	}}
	opts.Rules = append(slices.Clone(rules.All()), &probe)
	for _, r := range opts.Rules {
		opts.Known = append(opts.Known, r.ID)
	}
	report, err := analyzer.Run(opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.Severity > diag.Info {
			t.Error(describe(f))
		}
	}
	if len(report.Files) < 4 || len(report.Failures) > 0 {
		t.Errorf("%d files read; not read: %v", len(report.Files), report.Failures)
	}
	return passes
}
