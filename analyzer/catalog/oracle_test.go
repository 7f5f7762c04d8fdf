package catalog

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// oracle finds a real server, or skips (or, where proofs are required, fails) the test.
func oracle(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	if os.Getenv("NGINX_LINT_PROOF") == "require" {
		t.Fatalf("%s is not installed", names[0])
	}
	t.Skipf("%s is not installed", names[0])
	return ""
}

// blocks puts a directive into each context that a build without mail and stream has.
var blocks = map[Context]string{
	Main:         "%s events {}",
	Events:       "events { %s }",
	HTTP:         "events {} http { %s }",
	Server:       "events {} http { server { %s } }",
	Location:     "events {} http { server { location / { %s } } }",
	IfInServer:   "events {} http { server { if ($host) { %s } } }",
	IfInLocation: "events {} http { server { location / { if ($host) { %s } } } }",
	LimitExcept:  "events {} http { server { location / { limit_except GET { %s } } } }",
	Upstream:     "events {} http { upstream u { %s } }",
}

// optional are the modules that a usual build may lack.
var optional = regexp.MustCompile(`^ngx_(mail|stream|google|iocp|devpoll|eventport|kqueue|poll|quic)|geoip|image_filter|perl|xslt|degradation|http_v3|eventport|acceptex`)

// The answers of nginx that context and number of arguments decide.
const (
	unknownName  = "unknown directive"
	wrongContext = "is not allowed here"
	wrongArgs    = "invalid number of arguments"
	accepted     = "" // or an error that comes after the check of both
)

// predict gives nginx's answer according to the tables, for a build with or
// without the optional modules.
func predict(name string, in Context, args int, v Version, all bool) string {
	answer := unknownName
	for d := range Named(name) {
		backport := slices.ContainsFunc(d.Backports, func(s string) bool { return strings.HasPrefix(s, "debian "+v.String()) })
		switch {
		case d.Section > Past || d.Package != "",
			!all && (optional.MatchString(d.Module) || d.Contexts&AnyHTTP == 0 && d.Contexts&(Main|Events) == 0),
			d.Since.Compare(v) > 0 && !backport,
			!d.Removed.IsZero() && d.Removed.Compare(v) <= 0:
			continue
		case d.Contexts&in == 0:
			answer = wrongContext
			continue
		case !d.ArgsAt(v).Accepts(args):
			return wrongArgs
		}
		return accepted
	}
	return answer
}

// TestContextAndArguments asks nginx -t about a fixed sample of all directives
// in all contexts with 0 to 8 arguments.
func TestContextAndArguments(t *testing.T) {
	nginx := oracle(t, "nginx")
	out, err := exec.Command(nginx, "-v").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`nginx/(\d+\.\d+\.\d+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no version in %q", out)
	}
	version := mustVersion(t, string(m[1]))

	type question struct {
		name string
		in   Context
		args int
	}
	var questions []question
	for d := range All() {
		if d != &directives[firstNamed(d.Name)] || d.Section > Past || d.Package != "" {
			continue // asked already, or not nginx's own
		}
		for in := range blocks {
			for args := range 9 {
				h := fnv.New32a()
				fmt.Fprint(h, d.Name, int(in), args)
				if h.Sum32()%sample == 0 || os.Getenv("NGINX_LINT_ORACLE") == "full" {
					questions = append(questions, question{d.Name, in, args})
				}
			}
		}
	}
	counts := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan question)
	for range 2 * runtime.GOMAXPROCS(0) {
		dir := t.TempDir()
		wg.Go(func() {
			for q := range next {
				got := ask(t, nginx, dir, q.name, q.in, q.args)
				least, most := predict(q.name, q.in, q.args, version, false), predict(q.name, q.in, q.args, version, true)
				if got != least && got != most {
					t.Errorf("%s in %s with %d arguments: nginx says %q, the tables %q", q.name, q.in, q.args, got, cmp.Or(most, least))
				}
				mu.Lock()
				counts[got]++
				mu.Unlock()
			}
		})
	}
	for _, q := range questions {
		next <- q
	}
	close(next)
	wg.Wait()
	t.Logf("%d questions, answers %v", len(questions), counts)
	if len(questions) < 250 || counts[accepted] < 20 || counts[wrongArgs] < 20 || counts[wrongContext] < 100 {
		t.Errorf("the sample is too thin: %d questions, answers %v", len(questions), counts)
	}
}

// sample takes one question in so many.
const sample = 160

// ask gives the answer of nginx -t to a directive with that many arguments, in
// its block form where it has one there.
func ask(t *testing.T, nginx, dir, name string, in Context, args int) string {
	text := name + strings.Repeat(" 1", args)
	if d, ok := Lookup(name, in); ok && d.Block {
		text += " {}"
	} else {
		text += ";"
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, blocks[in], text), 0o600); err != nil {
		t.Error(err)
	}
	// The exit status does not matter: most values are wrong.
	out, _ := exec.Command(nginx, "-t", "-q", "-p", dir, "-e", "stderr", "-g", "pid nginx.pid;", "-c", conf).CombinedOutput()
	for answer, message := range map[string]string{
		unknownName:  unknownName + ` "` + name + `"`,
		wrongContext: `"` + name + `" directive ` + wrongContext,
		wrongArgs:    wrongArgs + ` in "` + name + `"`,
	} {
		if strings.Contains(string(out), message) {
			return answer
		}
	}
	return accepted
}

// TestFPMDefaults compares the defaults with what php-fpm -tt prints.
func TestFPMDefaults(t *testing.T) {
	fpm := oracle(t, "php-fpm8.2", "php-fpm8.3", "php-fpm8.4", "php-fpm")
	conf := filepath.Join(t.TempDir(), "fpm.conf")
	text := "[global]\nerror_log = /dev/stderr\n[www]\nuser = nobody\nlisten = x.sock\npm = ondemand\npm.max_children = 1\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(fpm, "-tt", "-y", conf).CombinedOutput()
	if err != nil {
		t.Fatalf("%s", out)
	}
	printed := map[FPMSection]map[string]string{FPMGlobal: {}, FPMPool: {}}
	section := FPMGlobal
	for line := range strings.Lines(string(out)) {
		_, line, ok := strings.Cut(line, "NOTICE: ")
		if !ok {
			continue
		}
		if strings.HasPrefix(line, "[www]") {
			section = FPMPool
		}
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
			printed[section][key] = value
		}
	}
	// -tt prints these before php-fpm fills in the default.
	early := map[string]string{
		"syslog.facility": "24", // LOG_DAEMON
		"log_level":       "unknown value",
		"listen.mode":     "undefined",
		"ping.response":   "undefined",
		"access.format":   "undefined",
	}
	compared := 0
	for _, k := range FPMKeys() {
		got, ok := printed[k.Section][k.Name]
		if !ok || !k.HasDefault || strings.Contains(text, "\n"+k.Name+" =") {
			continue
		}
		compared++
		want := cmp.Or(early[k.Name], k.Default)
		if k.Type == "time" {
			got, want = strings.TrimSuffix(got, "s"), strings.TrimSuffix(want, "s")
		}
		if got != want {
			t.Errorf("[%s] %s: php-fpm prints %q, the table has %q", k.Section, k.Name, got, want)
		}
	}
	if compared < 25 {
		t.Errorf("only %d defaults compared", compared)
	}
}
