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
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx/stock"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// TestRefused asks nginx -t about every case that is a whole configuration: it
// refuses those with a finding that says so, and no others, and its message is
// the one that the finding quotes.
func TestRefused(t *testing.T) {
	t.Parallel()
	o := newRefusal(t)
	var asked, refused atomic.Int64
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
				main, ok := o.judges(c)
				if !ok {
					return
				}
				message, line := o.ask(t, c.files, main)
				if message != "" && machine.MatchString(message) || o.lacks(message) {
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
				}
				compareRefusal(t, report, message, line)
			})
		}
	})
	t.Logf("%d cases, %d refused", asked.Load(), refused.Load())
	if asked.Load() < 200 || refused.Load() < 40 {
		t.Errorf("%d cases, %d refused: too few to say anything", asked.Load(), refused.Load())
	}
}

// apart are the cases on which nginx and the linter differ, and why.
var apart = map[string]string{
	"target-tls-mismatch/quic":                   "listen ... quic is newer than the oracle",
	"listen-without-ssl/quic":                    "listen ... quic is newer than the oracle",
	"listen-family-conflict/quic":                "listen ... quic is newer than the oracle",
	"missing-semicolon/bad":                      "the parameters of listen are not judged yet",
	"directive-value/placeholder":                "a script fills in the values first",
	"syntax/regex-braces":                        "nginx meets a piece of the regular expression as a directive before it meets the end of the file",
	"socket-path-too-long/nginx-alone":           "values are not judged yet",
	"socket-path-too-long/bad":                   "values are not judged yet",
	"target-no-listener/upstream-in-unread-file": "values are not judged yet",
	"proxy-loop/ended-by-limit":                  "references are not judged yet",
	"proxy-loop/ended-by-cache":                  "references are not judged yet",
	"php-value-leaks/variable":                   "references are not judged yet",
	"fpm-open-basedir/by-parameter-unknown":      "references are not judged yet",
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

// refusal is nginx -t as an oracle.
type refusal struct {
	program string
	version catalog.Version
}

func newRefusal(t *testing.T) refusal {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if os.Getenv("NGINX_LINT_PROOF") == "require" {
			t.Fatal("nginx is not installed")
		}
		t.Skip("nginx is not installed")
	}
	out, err := exec.Command(program, "-v").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`nginx/(\d+\.\d+\.\d+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no version in %q", out)
	}
	version, err := catalog.ParseVersion(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return refusal{program, version}
}

// judges finds the one main file of a case whose files nginx reads as the linter
// does: no version but nginx's own, no absolute includes.
func (o refusal) judges(c ruleCase) (main string, ok bool) {
	if v := c.opts.NginxVersion; !v.IsZero() && v != o.version || c.opts.Root != "" || len(c.opts.PathMap) > 0 || !slices.Equal(c.opts.Paths, []string{"."}) {
		return "", false
	}
	for name, text := range c.files {
		if absoluteInclude.MatchString(text) || strings.Contains(text, "{{") || strings.HasPrefix(text, source.Link("")) {
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
	absoluteInclude = regexp.MustCompile(`(?m)^[^#\n]*include\s+["']?/|load_module`)
	// machine are errors that depend on the machine, not on the configuration.
	machine = regexp.MustCompile(`^(open\(\)|mkdir\(\)|getpwnam|getgrnam|host not found|cannot load certificate|bind\(\)|BIO_new_file|invalid PID)`)
	logLine = regexp.MustCompile(`(?m)\[emerg\] (?:\d+#\d+: )?(.*?)(?: in (\S+:\d+))?$`)
)

// lacks reports whether nginx refuses a directive only because it is built without its module.
func (o refusal) lacks(message string) bool {
	m := regexp.MustCompile(`^unknown directive "([^"]*)"`).FindStringSubmatch(message)
	if m == nil {
		return false
	}
	for d := range catalog.Named(m[1]) {
		if d.ExistsIn(o.version) || d.ExistsIn(catalog.Version{}) {
			return true
		}
	}
	return false
}

// ask gives nginx's error and its place; "" where it accepts.
func (o refusal) ask(t *testing.T, files source.Mem, main string) (message, line string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conf := filepath.Join(dir, filepath.FromSlash(main))
	for _, name := range []string{"fastcgi.conf", "fastcgi_params", "uwsgi_params", "scgi_params", "proxy_params", "mime.types", "snippets/fastcgi-php.conf"} {
		to := filepath.Join(filepath.Dir(conf), name)
		if _, err := os.Stat(to); err == nil {
			continue
		}
		if text, ok := stock.Lookup(name); !ok {
			t.Fatalf("no stock file %s", name)
		} else if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-t", "-q", "-p", filepath.Dir(conf) + "/", "-e", "stderr", "-c", conf}
	if !regexp.MustCompile(`(?m)^\s*pid\s`).MatchString(files[main]) {
		args = append(args, "-g", "pid nginx.pid;")
	}
	out, err := exec.Command(o.program, args...).CombinedOutput()
	if err == nil {
		return "", ""
	}
	m := logLine.FindSubmatch(out)
	if m == nil {
		t.Fatalf("nginx says %q", out)
	}
	return string(m[1]), strings.TrimPrefix(string(m[2]), dir+"/")
}
