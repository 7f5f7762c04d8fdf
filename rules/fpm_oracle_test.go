package rules_test

import (
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// TestRefusedByFPM asks php-fpm -t about every case with PHP-FPM files: it refuses
// those with a finding that says so, and no others, and its message is one that a
// finding quotes.
func TestRefusedByFPM(t *testing.T) {
	t.Parallel()
	o := newFPMRefusal(t)
	var asked, refused atomic.Int64
	t.Run("cases", func(t *testing.T) {
		for _, name := range caseFiles(t, "*") {
			t.Run(caseName(name), func(t *testing.T) {
				t.Parallel()
				c := parseCase(t, name)
				masters := o.masters(c)
				if len(masters) == 0 {
					return
				}
				if why := apartFPM[caseName(name)]; why != "" {
					t.Skip(why)
				}
				ours := refusalsOf(t, c)
				var said []string
				for _, m := range masters {
					asked.Add(1)
					message, ok := o.ask(t, c.files, m, ours)
					if !ok {
						return
					}
					if message != "" {
						refused.Add(1)
						said = append(said, message)
					}
				}
				for _, message := range said {
					if !quotedIn(ours, message) {
						t.Errorf("php-fpm says %q; findings that quote it: none of %d", message, len(ours))
					}
				}
				for _, f := range ours {
					if len(said) == 0 || t.Failed() {
						t.Errorf("%s %q", describe(f), f.Notes)
					}
				}
			})
		}
	})
	t.Logf("%d masters, %d refused", asked.Load(), refused.Load())
	if asked.Load() < 450 || refused.Load() < 60 {
		t.Errorf("%d masters, %d refused: too few to say anything", asked.Load(), refused.Load())
	}
}

// apartFPM are the cases on which php-fpm and the linter differ, and why.
var apartFPM = map[string]string{
	"fpm-config/under-time-value":     "the stronger rule tells the cause, a value that is accepted by itself",
	"fpm-config/under-listen-syntax":  "the stronger rule tells the cause, a value that is accepted by itself",
	"fpm-config/packaged-pool":        "what is absent may stand in files of the machine",
	"fpm-config/lone-drop-in":         "what is absent may stand in files of the machine",
	"fpm-config/lone-without-section": "the section depends on who includes the file",
	"fpm-config/missing-include":      "the section depends on files of the machine",
	"fpm-config/older-php":            "about a version that is not the oracle's",
	"fpm-config/newer-keys":           "about a build that is not the oracle's",
	"fpm-config/empty-single-quotes":  "php-fpm takes '' for none or an empty value, by what its memory holds",
}

// refusalsOf are the findings of all rules that php-fpm is said to refuse.
func refusalsOf(t *testing.T, c ruleCase) (ours []diag.Finding) {
	t.Helper()
	c.opts.Rules, c.opts.Known = rules.All(), nil
	report, err := analyzer.Run(c.opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.RefusedBy == diag.PHPFPM {
			ours = append(ours, f)
		}
	}
	return ours
}

func quotedIn(ours []diag.Finding, message string) bool {
	return slices.ContainsFunc(ours, func(f diag.Finding) bool { return quotes(f, message) })
}

// quotes reports whether a finding has one of the messages, which stand one a line.
func quotes(f diag.Finding, messages string) bool {
	return slices.ContainsFunc(strings.Split(messages, "\n"), func(message string) bool {
		return slices.ContainsFunc(f.Notes, func(n string) bool { return strings.Contains(n, message) })
	})
}

// fpmRefusal is php-fpm -t as an oracle.
type fpmRefusal struct{ program string }

func newFPMRefusal(t *testing.T) fpmRefusal {
	t.Helper()
	for _, name := range []string{"php-fpm8.2", "/usr/sbin/php-fpm8.2"} {
		if program, err := exec.LookPath(name); err == nil && os.Getuid() == 0 {
			return fpmRefusal{program}
		}
	}
	if os.Getenv("NGINX_LINT_PROOF") == "require" {
		t.Fatal("php-fpm8.2 is not installed, or the test does not run as root")
	}
	t.Skip("php-fpm8.2 is not installed, or the test does not run as root")
	return fpmRefusal{}
}

var (
	fpmSection = regexp.MustCompile(`(?m)^\s*\[[^\]\n]*\]`)
	fpmKeyLine = regexp.MustCompile(`(?m)^\s*(pm|listen|pm\.\w+|error_log|include|user)\s*=`)
	// ownPath is a path that has to lie below the folder of the case.
	ownPath = regexp.MustCompile(`(?m)^(\s*(?:include|error_log|pid|slowlog|access\.log|chroot|chdir|prefix)\s*=\s*["']?)(/[^"'\s;]*)`)
	// fpmMachine are errors that depend on the machine, not on the configuration.
	fpmMachine = regexp.MustCompile(`cannot get [ug]id for|^ERROR: failed to open (error_log|access log) \(([^)]|\): Is a directory)|Unable to create or open slowlog|does not exist or is not a directory|Unable to globalize|please specify user and group other than root`)
	fpmSyntax  = regexp.MustCompile(`(?m)^PHP: +(syntax error.*)$`)
	fpmError   = regexp.MustCompile(`(?m)^(?:\[[^\]]*\] )?((?:ERROR|ALERT): .*)$`)
)

// masters are the main files of a case; without any the pool files, or the
// patterns of those that are read together.
func (o fpmRefusal) masters(c ruleCase) (mains []string) {
	if len(c.opts.PathMap) > 0 || c.opts.Root != "" || !slices.Equal(c.opts.Paths, []string{"."}) {
		return nil
	}
	var lone []string
	for name, text := range c.files {
		switch {
		case !fpmSection.MatchString(text) || !fpmKeyLine.MatchString(text), strings.Contains(text, "[program:"): // supervisord's
		case strings.Contains(text, "{{") || strings.Contains(text, "${"):
			return nil
		case regexp.MustCompile(`php-fpm\d*\.conf$`).MatchString(name) || regexp.MustCompile(`(?m)^\s*include\s*=`).MatchString(text):
			mains = append(mains, name)
		case path.Ext(name) == ".conf":
			if folder := path.Dir(name); path.Base(folder) == "pool.d" || path.Base(folder) == "php-fpm.d" {
				name = folder + "/*.conf"
			}
			lone = append(lone, name)
		}
	}
	if len(mains) > 0 {
		slices.Sort(mains)
		return mains
	}
	slices.Sort(lone)
	return slices.Compact(lone)
}

// ask gives php-fpm's first error; "" where it accepts. ok is false where the
// machine is at fault. That root starts it is such an error too, unless a finding says so.
func (o fpmRefusal) ask(t *testing.T, files source.Mem, main string, ours []diag.Finding) (message string, ok bool) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		if fpmSection.MatchString(text) || fpmKeyLine.MatchString(text) {
			for _, m := range ownPath.FindAllStringSubmatch(text, -1) {
				folder := m[2]
				if !regexp.MustCompile(`(chroot|chdir|prefix)\s*=`).MatchString(m[1]) {
					folder = path.Dir(folder)
				}
				if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(folder)), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			text = ownPath.ReplaceAllString(text, "${1}"+dir+"${2}")
		}
		if !strings.HasPrefix(text, source.Link("")) {
			write(name, text)
		}
	}
	prefix := path.Dir(main)
	if path.Base(prefix) == "etc" {
		prefix = path.Dir(prefix)
	}
	if source.HasGlob(main) {
		write("lone.conf", "include = "+filepath.Join(dir, main)+"\n")
		main = "lone.conf"
	}
	write(prefix+"/log/php-fpm.log", "")
	message = o.run(t, dir, prefix, main)
	if strings.HasSuffix(message, "user has not been defined") && !quotedIn(ours, message) {
		message = o.run(t, dir, prefix, main, "-R")
	}
	// Where pools are included by a pattern, those that are made on the machine count.
	late := strings.HasPrefix(message, "ERROR: No pool defined") && includesPattern.MatchString(files[main])
	return message, !late && !fpmMachine.MatchString(message)
}

var includesPattern = regexp.MustCompile(`(?m)^\s*include\s*=.*[*?]`)

// run gives the first error of php-fpm -t, with paths as the case has them. Where a
// line cannot be read there are two, what is said of it and of what stands before it.
func (o fpmRefusal) run(t *testing.T, dir, prefix, main string, flags ...string) string {
	t.Helper()
	cmd := exec.Command(o.program, append([]string{"-n", "-t", "-p", filepath.Join(dir, filepath.FromSlash(prefix)), "-y", filepath.Join(dir, filepath.FromSlash(main))}, flags...)...)
	cmd.Env, cmd.Dir = []string{}, dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return ""
	}
	text := strings.ReplaceAll(string(out), dir+"/", "")
	m := fpmError.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("php-fpm says %q", out)
	}
	if s := fpmSyntax.FindStringSubmatch(text); s != nil {
		return s[1] + "\n" + m[1]
	}
	return m[1]
}
