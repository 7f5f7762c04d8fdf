package rules_test

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/nginx/stock"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// TestRefused asks nginx -t about every case that is a whole configuration: it
// refuses those with a finding that says so, and no others, and its message is
// the one that the finding quotes. So it is with what it warns of where it accepts.
// It ends before the proofs begin: nginx -t opens ports on which they want nobody.
func TestRefused(t *testing.T) {
	oracle := nginxtest.Version(t)
	var asked, refused, warned atomic.Int64
	t.Run("cases", func(t *testing.T) {
		for _, name := range caseFiles(t, "*") {
			rule, _, _ := strings.Cut(caseName(name), "/")
			if rule == "ignore-comment" || rule == "include-cycle" {
				continue // silenced; as many files as the machine lets nginx open
			}
			t.Run(caseName(name), func(t *testing.T) {
				t.Parallel()
				if why := apart[caseName(name)]; why != "" {
					t.Skip(why)
				}
				c := parseCase(t, name)
				main, ok := judged(c, oracle)
				if !ok {
					return
				}
				message, line, warnings := nginxtest.TestWarnings(t, write(t, c.files, main))
				if message != "" && machine.MatchString(message) || lacks(message, oracle) {
					return
				}
				c.opts.Rules, c.only = rules.All(), nil
				c.opts.Known = nil
				report, err := analyzer.Run(c.opts)
				if err != nil {
					t.Fatal(err)
				}
				asked.Add(1)
				if message != "" {
					refused.Add(1)
				} else {
					warned.Add(int64(len(warnings)))
					compareWarnings(t, report, warnings)
				}
				compareRefusal(t, report, message, line)
			})
		}
	})
	t.Logf("%d cases, %d refused, %d warnings", asked.Load(), refused.Load(), warned.Load())
	if asked.Load() < 200 || refused.Load() < 40 || warned.Load() < 20 {
		t.Errorf("%d cases, %d refused, %d warnings: too few to say anything", asked.Load(), refused.Load(), warned.Load())
	}
}

// compareWarnings looks for each warning in a finding, and the reverse.
func compareWarnings(t *testing.T, report *diag.Report, warnings []string) {
	t.Helper()
	var quoted []string
	for _, f := range report.Findings {
		for _, n := range f.Notes {
			text, ok := strings.CutPrefix(n, "nginx -t: [warn] ")
			if !ok {
				continue
			}
			quoted = append(quoted, text)
			if !slices.Contains(warnings, text) {
				t.Errorf("nginx does not warn of %s: %q", describe(f), text)
			}
		}
	}
	for _, w := range warnings {
		if !slices.Contains(quoted, w) && !unwarned.MatchString(w) {
			t.Errorf("nginx warns, and no finding says so: %q", w)
		}
	}
}

// unwarned are warnings that depend on the machine or, without a version, on
// that, or that a finding gives for another address of the same servers.
var unwarned = regexp.MustCompile(`^the "http2_\w+" directive is obsolete|^conflicting server name "" on 0\.0\.0\.0:80(00)?, ignored$|^conflicting server name "a\.test" on \[::\]:81, ignored$`)

// apart are the cases on which nginx and the linter differ, and why.
var apart = map[string]string{
	"target-tls-mismatch/quic":                   "listen ... quic is newer than the oracle",
	"listen-without-ssl/quic":                    "listen ... quic is newer than the oracle",
	"listen-family-conflict/quic":                "listen ... quic is newer than the oracle",
	"fastcgi-params-lost/placeholder":            "a script fills in the parameters first",
	"directive-value/commercial":                 "parameters of commercial versions",
	"regex-invalid/placeholder":                  "a script fills in the values first",
	"regex-invalid/pcre1":                        "refused by PCRE2 only",
	"regex-invalid/not-read":                     "verbs are not read",
	"directive-value/placeholder":                "a script fills in the values first",
	"directive-value/placeholder-port":           "a script fills in the values first",
	"unknown-directive/variables-for-blocks":     "a program fills in the name first",
	"undefined-reference/envsubst":               "a program fills in the name first",
	"undefined-reference/swallowed":              "the missing ; is told, and is the cause",
	"undefined-reference/swallowed-by-log":       "the missing ; is told, and is the cause",
	"syntax/regex-braces":                        "nginx says something about a piece of the regular expression",
	"syntax/regex-braces-in-arguments":           "nginx says something about a piece of the regular expression",
	"syntax/regex-braces-one-line":               "nginx says something about a piece of the regular expression",
	"target-no-listener/upstream-in-unread-file": "the upstream stands in a file that is not there",
}

func compareRefusal(t *testing.T, report *diag.Report, message, line string) {
	t.Helper()
	var ours []diag.Finding
	for _, f := range report.Findings {
		if f.RefusedBy == diag.Nginx {
			ours = append(ours, f)
		}
	}
	if message == "" {
		for _, f := range ours {
			t.Errorf("nginx accepts %s", describe(f))
		}
		return
	}
	quoted := func(f diag.Finding) bool {
		return slices.ContainsFunc(f.Notes, func(n string) bool { return strings.Contains(n, message) })
	}
	if !slices.ContainsFunc(ours, quoted) {
		t.Errorf("nginx says %q at %s; findings that quote it: none of %d", message, line, len(ours))
		for _, f := range ours {
			t.Logf("%s %q", describe(f), f.Notes)
		}
	}
}

// judges finds the one main file of a case whose files nginx reads as the linter
// does: no version but nginx's own, no absolute includes.
func judged(c ruleCase, oracle catalog.Version) (main string, ok bool) {
	if v := c.opts.NginxVersion; !v.IsZero() && v != oracle || c.opts.Root != "" || len(c.opts.PathMap) > 0 || !slices.Equal(c.opts.Paths, []string{"."}) {
		return "", false
	}
	for name, text := range c.files {
		if outside.MatchString(text) || strings.Contains(text, "load_module") || strings.Contains(text, "{{") || strings.Contains(text, "{%") || strings.Contains(text, "<%") || strings.HasPrefix(text, source.Link("")) {
			return "", false
		}
		if path.Base(name) == "nginx.conf" && path.Ext(name) == ".conf" {
			if main != "" {
				return "", false
			}
			main = name
		}
	}
	return main, main != "" && strings.Contains(c.files[main], "events")
}

var (
	// outside is an include of what the machine has, or another mutant has left there.
	outside = regexp.MustCompile(`(?m)^[^#\n]*\binclude\s+["']?/`)
	// machine are errors that depend on the machine, not on the configuration.
	machine = regexp.MustCompile(`^(open\(\)|mkdir\(\)|getpwnam|getgrnam|host not found|cannot load certificate|bind\(\)|BIO_new_file|SSL_CTX_load|invalid PID|dlopen\(\))`)
)

// lacks reports whether nginx refuses a directive only because it is built without its module.
func lacks(message string, oracle catalog.Version) bool {
	m := regexp.MustCompile(`^unknown directive "([^"]*)"`).FindStringSubmatch(message)
	if m == nil {
		return false
	}
	if catalog.Foreign(m[1]) {
		return true
	}
	for d := range catalog.Named(m[1]) {
		if d.ExistsIn(oracle) || d.ExistsIn(catalog.Version{}) {
			return true
		}
	}
	return false
}

// write puts a case's files into a folder, with the stock files beside the main
// one, and returns the path of that.
func write(t *testing.T, files source.Mem, main string) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name, text string) {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"fastcgi.conf", "fastcgi_params", "uwsgi_params", "scgi_params", "proxy_params", "mime.types", "snippets/fastcgi-php.conf"} {
		text, ok := stock.Lookup(name)
		if !ok {
			t.Fatalf("no stock file %s", name)
		}
		put(path.Join(path.Dir(main), name), text)
	}
	for name, text := range files {
		put(name, text)
	}
	return filepath.Join(dir, filepath.FromSlash(main))
}
