package cli

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/testdata"
)

// A run is a program with a check that is made up, and what came of it.
type run struct {
	report *diag.Report
	err    error
	env    map[string]string
	stdin  string
	stdout io.Writer
	dir    string
	tty    bool // standard output is a terminal

	got      analyzer.Options // what the check was asked
	checked  bool
	out, log bytes.Buffer
}

var testRules = []*analyzer.Rule{
	{ID: "ignore-comment", Always: true, Driver: true, Severities: []diag.Severity{diag.Warning}},
	{ID: "read-limit", Always: true, Driver: true, Severities: []diag.Severity{diag.Error}},
	{ID: "syntax", Always: true, Driver: true, Refused: diag.Nginx, Severities: []diag.Severity{diag.Error}, Doc: analyzer.Doc{Summary: "cannot be read"}},
	{
		ID: "target-no-listener", Severities: []diag.Severity{diag.Warning, diag.Error},
		Safeties: []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
		Doc: analyzer.Doc{
			Summary: "nothing listens where nginx sends requests",
			What: "A local target that no listener serves, be it a unix socket or a port, is reported where nginx names it.\n\n" +
				"Paths are cleaned:\n\n    /var/run = /run\n",
			Why: "502.", Gaps: "Variables.", Remedy: "Name the same socket.", FixSafety: "Safe with one pool.",
			Refs: []string{"https://nginx.org/"}, Since: "0.1.0",
		},
	},
	{ID: "timeout-race", Severities: []diag.Severity{diag.Warning}, Doc: analyzer.Doc{Summary: "504 or 502"}},
}

func (r *run) run(args ...string) int {
	p := program{
		Env: Env{
			Stdin: strings.NewReader(r.stdin), Stdout: &r.out, Stderr: &r.log,
			Getenv: func(name string) string { return r.env[name] }, Dir: r.dir,
		},
		rules: testRules,
		check: func(o analyzer.Options) (*diag.Report, error) {
			r.got, r.checked = o, true
			return r.report, r.err
		},
		example: func(rule, name string) (*txtar.Archive, bool) {
			text, ok := map[string]string{
				"target-no-listener/bad": "The old socket.\n-- nginx.conf --\nfastcgi_pass unix:/a;\n# stays\n" +
					"-- pool.conf --\n[www]\nlisten = /b\n",
				"target-no-listener/good": "The new one.\n-- nginx.conf --\nfastcgi_pass unix:/b;\n",
			}[rule+"/"+name]
			return txtar.Parse([]byte(text)), ok
		},
		proofs: func(string) []testdata.Proof {
			return []testdata.Proof{{Name: "proof.txtar", Claim: "nginx answers 502."}, {Name: "proof-b.txtar", Claim: "So it does there."}}
		},
		terminal: func(w io.Writer) bool { return r.tty && w == io.Writer(&r.out) },
	}
	if r.stdout != nil {
		p.Stdout = r.stdout
	}
	return p.run(args)
}

func found(severities ...diag.Severity) *diag.Report {
	f := source.NewFile("a.conf", "a;\n")
	r := &diag.Report{Files: []*source.File{f}}
	for _, s := range severities {
		r.Findings = append(r.Findings, diag.Finding{
			Rule: "timeout-race", Severity: s, Summary: s.String() + " summary", Subject: diag.Label{Span: source.Span{File: f, End: 1}}, Places: 1,
		})
	}
	return r
}

// On a terminal many findings are not all shown, unless asked for; elsewhere they are.
func TestLongReport(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		tty  bool
		args string
		want int
	}{
		{true, "", 1},
		{true, "--all", 12},
		{true, "-q", 1},
		{true, "-q --all", 12},
		{false, "", 12},
		{false, "--all", 12},
		{true, "--output " + filepath.Join(t.TempDir(), "out"), 0},
	} {
		r := run{report: found(slices.Repeat([]diag.Severity{diag.Warning}, 12)...), tty: test.tty}
		if code := r.run(strings.Fields(test.args)...); code != exitFindings {
			t.Errorf("%v %s: exit code %d: %s", test.tty, test.args, code, &r.log)
		}
		if got := strings.Count(r.out.String(), "timeout-race: warning summary"); got != test.want {
			t.Errorf("%v %s: %d findings are shown, want %d:\n%s", test.tty, test.args, got, test.want, &r.out)
		}
		if hint, want := strings.Contains(r.out.String(), "--write-baseline"), !strings.Contains(test.args, "-q") && test.want > 0; hint != want {
			t.Errorf("%v %s: a hint at the baseline: %v, want %v", test.tty, test.args, hint, want)
		}
		if hint, want := strings.Contains(r.out.String(), "nginx-lint explain"), test.tty && test.want == 1 && test.args == ""; hint != want {
			t.Errorf("%v %s: a hint at explain: %v, want %v", test.tty, test.args, hint, want)
		}
	}
}

// Where nothing lies here it is said that the system's own configuration was checked.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	system := &diag.Report{Files: []*source.File{source.NewFile("/etc/nginx/nginx.conf", "")}}
	const want = "nginx-lint: no configuration in this folder: this is about the system's own, such as /etc/nginx/nginx.conf\n"
	for _, test := range []struct {
		dir, args string
		report    *diag.Report
		want      string
	}{
		{"/srv", "", system, want},
		{"/srv", "--format json", system, want},
		{"/srv", "-q", system, ""},
		{"/srv", "/etc/nginx", system, ""},
		{"/", "", system, ""},
		{"/srv", "", found(), ""},
	} {
		r := run{report: test.report, dir: test.dir}
		if code := r.run(strings.Fields(test.args)...); code != exitClean || r.log.String() != test.want {
			t.Errorf("%s %s: exit code %d, %q, want %q", test.dir, test.args, code, &r.log, test.want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	failed := func() *diag.Report {
		r := found(diag.Error)
		r.Failures = []diag.Failure{{Path: "b.conf", Err: fs.ErrPermission}}
		return r
	}
	limited := found(diag.Warning)
	limited.LimitReached = true
	for _, test := range []struct {
		name   string
		report *diag.Report
		err    error
		args   []string
		want   int
	}{
		{"nothing found", found(), nil, nil, exitClean},
		{"error", found(diag.Error), nil, nil, exitFindings},
		{"warning", found(diag.Warning), nil, nil, exitFindings},
		{"info", found(diag.Info), nil, nil, exitClean},
		{"info counts", found(diag.Info), nil, []string{"--fail-on", "info"}, exitFindings},
		{"warning does not count", found(diag.Warning), nil, []string{"--fail-on=error"}, exitClean},
		{"nothing counts", found(diag.Error), nil, []string{"--fail-on", "none"}, exitClean},
		{"hidden warning", found(diag.Warning), nil, []string{"--severity", "error"}, exitClean},
		{"hidden warning, shown error", found(diag.Warning, diag.Error), nil, []string{"--severity", "error"}, exitFindings},
		{"unread before findings", failed(), nil, nil, exitFailed},
		{"unread though nothing counts", failed(), nil, []string{"--fail-on", "none"}, exitFailed},
		{"limit reached", limited, nil, []string{"--severity", "error"}, exitFailed},
		{"nothing to check", nil, &analyzer.UsageError{Msg: "nothing to check"}, nil, exitUsage},
		{"check failed", nil, errors.New("disk on fire"), nil, exitFailed},
		{"wrong usage before all", failed(), nil, []string{"--only", "nope"}, exitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := run{report: test.report, err: test.err}
			if got := r.run(test.args...); got != test.want {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", got, test.want, &r.out, &r.log)
			}
		})
	}
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string
		want string
	}{
		{"--nope", `unknown flag: --nope`},
		{"--fix=all", `--fix=all: use --fix or --fix=unsafe`},
		{"--fix=", `--fix=: use --fix or --fix=unsafe`},
		{"--diff=unsafe", `--diff takes no value "unsafe": --diff --fix=unsafe prints the unsafe fixes as well`},
		{"-q=7", `--quiet takes no value "7"`},
		{"--prefix gone", `--prefix gone: no such folder`},
		{"--path-map /etc=gone", `--path-map /etc=gone: no such file or folder`},
		{"--fix -", `--fix cannot write to standard input: --diff prints its fixes`},
		{"--diff --format json", `--diff takes no --format but text`},
		{"--severty error", `unknown flag: --severty; did you mean "--severity"?`},
		{"-x", `unknown shorthand flag: 'x' in -x`},
		{"--format", `flag needs an argument: --format`},
		{"--format html", `unknown format "html": use text, json, sarif, github, gitlab, checkstyle or junit`},
		{"--format jsn", `unknown format "jsn": use text, json, sarif, github, gitlab, checkstyle or junit; did you mean "json"?`},
		{"rules --format junit", `unknown format "junit": use text or json`},
		{"--color maybe", `--color "maybe": use auto, always or never`},
		{"--kind apache", `--kind "apache": use nginx or php-fpm`},
		{"--context http,nowhere", `--context "http,nowhere" is none of ` + strings.Join(analyzer.Contexts(), " | ")},
		{"--nginx-version new", `--nginx-version "new" is no version such as 1.24.0`},
		{"--severity none", `--severity "none" is no severity: use info, warning or error`},
		{"--fail-on all", `--fail-on "all" is no severity: use none, info, warning or error`},
		{"--path-map a", `--path-map "a" is not of the form FROM=TO`},
		{"--path-map =a", `--path-map "=a" is not of the form FROM=TO`},
		{"--path-map a=b", `--path-map a=b: only absolute paths of the configuration are mapped: a is none`},
		{"--only=", `--only names no rule`},
		{"--only timeout-rase", `unknown rule "timeout-rase"; did you mean "timeout-race"?`},
		{"--skip timeout-race,zzzzzzzz", "unknown rule \"zzzzzzzz\": `nginx-lint rules` lists them"},
		{"--skip syntax", `--skip syntax: this rule always runs`},
		{"-q -v", `-q and -v exclude each other`},
		{"--stdin-filename a.conf b.conf", `--stdin-filename needs "-" among the paths`},
		{"explain", `usage: nginx-lint explain RULE (a file or folder named "explain" is given as "./explain")`},
		{"explain timeout-rce", `unknown rule "timeout-rce"; did you mean "timeout-race"?`},
		{"rules extra", `usage: nginx-lint rules (a file or folder named "rules" is given as "./rules")`},
		{"rules --only syntax", `"rules" takes no --only (a file or folder named "rules" is given as "./rules")`},
		{"-q version", `"version" takes no --quiet (a file or folder named "version" is given as "./version")`},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			r := run{report: found()}
			if code := r.run(strings.Fields(test.args)...); code != exitUsage {
				t.Errorf("exit code %d", code)
			}
			if got, want := r.log.String(), "nginx-lint: "+test.want+"\n"; got != want {
				t.Errorf("got  %swant %s", got, want)
			}
			if r.checked || r.out.Len() > 0 {
				t.Errorf("something was checked or printed: %s", &r.out)
			}
		})
	}
}

func TestCommandsAreFirstArguments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want []string // paths checked; nil where a command ran
	}{
		{[]string{"rules"}, nil},
		{[]string{"--format", "json", "rules"}, nil},
		{[]string{"rules", "--format", "json"}, nil},
		{[]string{"version"}, nil},
		{[]string{"help"}, nil},
		{[]string{"a.conf", "--help", "b.conf"}, nil},
		{[]string{"--version"}, nil},
		{[]string{"./rules"}, []string{"./rules"}},
		{[]string{"--", "rules"}, []string{"rules"}},
		{[]string{"a.conf", "rules"}, []string{"a.conf", "rules"}},
		{[]string{"a.conf", "-q", "b.conf"}, []string{"a.conf", "b.conf"}},
		{[]string{"a.conf", "--", "-q"}, []string{"a.conf", "-q"}},
	} {
		r := run{report: found()}
		if code := r.run(test.args...); code != exitClean {
			t.Errorf("%v: exit code %d: %s", test.args, code, &r.log)
		}
		if r.checked != (test.want != nil) || !slices.Equal(r.got.Paths, test.want) {
			t.Errorf("%v: checked %v: %v, want %v", test.args, r.checked, r.got.Paths, test.want)
		}
	}
}

func TestOptionsReachTheCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"p", "b", "d=e"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r := run{report: found(), dir: dir, stdin: "listen 80;\n"}
	code := r.run("etc", "-", "--root", "r", "--prefix", "p", "--path-map", "/a=b", "--path-map", "/c=d=e",
		"--context", "http,server", "--kind", "nginx", "--nginx-version", "1.24.0", "--nginx-user", "www-data",
		"--exclude", "*.bak", "--exclude", "{a,b}", "--stdin-filename", "in.conf", "--only", "timeout-race,syntax", "--only", "target-no-listener",
		"--skip", "target-no-listener")
	if code != exitClean {
		t.Fatalf("exit code %d: %s", code, &r.log)
	}
	stdin := r.got.Stdin
	if stdin == nil || stdin.Path != "in.conf" || stdin.Text != "listen 80;\n" {
		t.Errorf("standard input: %v", stdin)
	}
	var rules []string
	for _, rule := range r.got.Rules {
		rules = append(rules, rule.ID)
	}
	if want := []string{"ignore-comment", "read-limit", "syntax", "timeout-race"}; !slices.Equal(rules, want) {
		t.Errorf("rules %v, want %v", rules, want)
	}
	r.got.Stdin, r.got.Rules = nil, nil
	want := analyzer.Options{
		FS: source.OS{Dir: dir}, Dir: filepath.ToSlash(dir), Paths: []string{"etc"}, Root: "r", Prefix: "p",
		PathMap: []analyzer.Mapping{{From: "/a", To: "b"}, {From: "/c", To: "d=e"}},
		Context: "http,server", Kind: "nginx", NginxVersion: catalog.Version{Major: 1, Minor: 24}, NginxUser: "www-data",
		Exclude: []string{"*.bak", "{a,b}"},
		Asked:   []string{"timeout-race", "syntax", "target-no-listener"},
		Known:   []string{"ignore-comment", "read-limit", "syntax", "target-no-listener", "timeout-race"},
	}
	if diff := cmp.Diff(want, r.got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestPanicIsOneLine(t *testing.T) {
	t.Parallel()
	for _, debug := range []string{"", "1"} {
		var log bytes.Buffer
		p := program{
			Env:   Env{Stdout: io.Discard, Stderr: &log, Getenv: func(string) string { return debug }},
			check: func(analyzer.Options) (*diag.Report, error) { panic("index \x1b out of range") },
		}
		if code := p.run(nil); code != exitFailed {
			t.Errorf("exit code %d", code)
		}
		first, rest, _ := strings.Cut(log.String(), "\n")
		if want := `nginx-lint: internal error: index \x1b out of range (please report)`; first != want {
			t.Errorf("got  %s\nwant %s", first, want)
		}
		if strings.Contains(rest, "goroutine") != (debug != "") {
			t.Errorf("NGINX_LINT_DEBUG=%q prints %q", debug, rest)
		}
	}
}

func TestFailuresAreNamed(t *testing.T) {
	t.Parallel()
	r := run{report: found()}
	r.report.Failures = []diag.Failure{
		{Path: "etc/\x1ba.conf", Err: &fs.PathError{Op: "open", Path: "etc/\x1ba.conf", Err: fs.ErrPermission}},
		{Path: "b.conf", Err: source.ErrTooLarge},
	}
	r.run()
	want := "nginx-lint: etc/\\x1ba.conf: permission denied\nnginx-lint: b.conf: larger than 256 MiB\n"
	if got := r.log.String(); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestVerboseWritesToStandardError(t *testing.T) {
	t.Parallel()
	r := run{report: found()}
	r.report.Notes = []diag.ReadNote{{Path: "a.conf", Why: "named"}}
	r.report.Unresolved = []diag.Unresolved{{Span: source.Span{File: r.report.Files[0]}, Reason: diag.Variable, What: "proxy_pass $x"}}
	r.run("-v")
	if got, want := r.log.String(), "read a.conf: named\nnot resolved a.conf:1:1: proxy_pass $x (variable)\nvariable: only a request, or a program at run time, gives it its value\n"; got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
	if got, want := r.out.String(), "no problems in 1 file\n1 place could not be resolved (variable: 1), and nothing is said about it\n"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
}

func TestOutputFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := run{report: found(diag.Error), dir: dir}
	if code := r.run("--output", "report.json", "--format", "json"); code != exitFindings {
		t.Errorf("exit code %d: %s", code, &r.log)
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil || !bytes.Contains(text, []byte(`"timeout-race"`)) || r.out.Len() > 0 {
		t.Errorf("file %q, %v; stdout %q", text, err, &r.out)
	}

	// Nothing is written where nothing was checked.
	r = run{err: &analyzer.UsageError{Msg: "missing"}, dir: dir}
	r.run("--output", "none.json")
	if _, err := os.Stat(filepath.Join(dir, "none.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none.json: %v", err)
	}

	r = run{report: found(), dir: dir}
	if code := r.run("--output", "missing/report.txt"); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if got := r.log.String(); !strings.HasPrefix(got, "nginx-lint: the report could not be written: ") || strings.Count(got, "\n") != 1 {
		t.Errorf("stderr %q", got)
	}
}

func TestUnwritableStandardOutput(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"rules"}, {"help"}, {"version"}, {"explain", "syntax"}} {
		r := run{report: found(), stdout: full{}}
		if code := r.run(args...); code != exitFailed || !strings.Contains(r.log.String(), "no space left") {
			t.Errorf("%v: exit code %d, %q", args, code, &r.log)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestUnreadableStandardInput(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := program{Env: Env{Stdin: broken{}, Stderr: &log, Getenv: func(string) string { return "" }}}
	if code := p.run([]string{"-"}); code != exitFailed || log.String() != "nginx-lint: standard input: input/output error\n" {
		t.Errorf("exit code %d, %q", code, &log)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

func TestColor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  map[string]string
		args []string
		want bool
	}{
		{nil, nil, false}, // no terminal
		{nil, []string{"--color", "always"}, true},
		{map[string]string{"NO_COLOR": "1"}, []string{"--color", "always"}, true},
		{map[string]string{"CLICOLOR_FORCE": "1"}, nil, true},
		{map[string]string{"CLICOLOR_FORCE": "0"}, nil, false},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, nil, false},
		{map[string]string{"CLICOLOR_FORCE": "1"}, []string{"--color", "never"}, false},
		{map[string]string{"CLICOLOR_FORCE": "1"}, []string{"--format", "json"}, false},
		{map[string]string{"CLICOLOR_FORCE": "1"}, []string{"explain", "syntax"}, true},
		{nil, []string{"explain", "syntax"}, false},
	} {
		r := run{report: found(diag.Error), env: test.env}
		r.run(test.args...)
		if got := strings.Contains(r.out.String(), "\x1b["); got != test.want {
			t.Errorf("%v %v: colour %v, want %v", test.env, test.args, got, test.want)
		}
	}
}

const explained = `target-no-listener: nothing listens where nginx sends requests

  severity    warning or error
  fix         safe, unsafe or manual
  since       0.1.0

What is reported
  A local target that no listener serves, be it a unix socket or a port, is
  reported where nginx names it.

  Paths are cleaned:

      /var/run = /run

What happens
  502.

What to do
  Name the same socket.

How safe the fixes are
  Safe with one pool.

What is not seen
  Variables.

Example that is reported
  The old socket.

  -- nginx.conf --
  fastcgi_pass unix:/a;
  # stays

  -- pool.conf --
  [www]
  listen = /b

Example that is fine
  The new one.

  -- nginx.conf --
  fastcgi_pass unix:/b;

Proof
  nginx answers 502.

  So it does there.

References
  https://nginx.org/
`

func TestExplain(t *testing.T) {
	t.Parallel()
	var r run
	if code := r.run("explain", "target-no-listener"); code != exitClean {
		t.Errorf("exit code %d: %s", code, &r.log)
	}
	if diff := cmp.Diff(explained, r.out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	var r run
	r.run("rules")
	if got, want := r.out.String(), "RULE                SEVERITY        FIX                   SUMMARY\n"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s", got)
	}
	if want := "target-no-listener  warning, error  safe, unsafe, manual  nothing listens where nginx sends requests\n"; !strings.Contains(r.out.String(), want) {
		t.Errorf("got %s", &r.out)
	}

	r = run{}
	r.run("rules", "--format", "json")
	for _, want := range []string{`"id": "syntax"`, `"refusedBy": "nginx"`, `"fixes": []`, `"refs": []`, `"safe",`, `"since": "0.1.0"`} {
		if !strings.Contains(r.out.String(), want) {
			t.Errorf("no %s in %s", want, &r.out)
		}
	}
	if strings.Contains(r.out.String(), "null") {
		t.Errorf("null in %s", &r.out)
	}
}
