package grammar

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// spellings are values to try, by the type of the directive.
var spellings = map[catalog.Type][]string{
	catalog.TypeFlag:       {"on", "off", "On", "OFF", "yes", "no", "true", "1", "0", `""`, "o", "onn", `"on "`, "$on", "none"},
	catalog.TypeNum:        numbers,
	catalog.TypeSize:       sizes,
	catalog.TypeOff:        sizes,
	catalog.TypeSizeVars:   append([]string{"$x", "1$x", "${x}k"}, sizes...),
	catalog.TypeMsec:       times,
	catalog.TypeSec:        times,
	catalog.TypeStrVars:    scripted,
	catalog.TypePredicates: append([]string{"a $", "$host $uri"}, scripted...),
	catalog.TypeAccess:     {"user:rw", "user:r", "user:rwx", "user:", "user", "group:rw", "all:r", "all:x", "foo", "user:rw group:x", "user:rw group:r all:r", "other:r", `""`, "User:rw", "user:w", "0600", "user:rw all:"},
	catalog.TypePath:       {"x", "x 1", "x 1 2", "x 1 2 3", "x 0", "x a", "x 5 5 1", "x 10", "x 11", "x 3 3 3", "x 4 4 3", "x 1 0", "x 1 x", "x -1", `x ""`, "x 9 1", "x 9 2", `"" 1`},
	catalog.TypeCacheValid: append([]string{
		"1m", "200 1m", "any 1m", "Any 1m", "200 302 10m", "99 1m", "100 1m", "599 1m", "600 1m", "1000 1m", "x 1m", "200 x", "200 302", "200 1ms", "-1 1m", "200,302 1m", "any 200 1m", "200 any", "0 1m",
	}, times...),
	catalog.TypeCachePath: slices.Concat(prefixed("/q keys_zone=a:1m ", []string{
		"levels=1", "levels=3", "levels=0", "levels=1:2", "levels=1:2:2", "levels=1:2:2:1", "levels=", "levels=1:", "levels=12", "levels=:1", "levels=x", "levels=1;2", "max_size=1g", "max_size=x", "max_size=", "min_free=1g", "min_free=x",
		"inactive=1d", "inactive=1ms", "inactive=x", "inactive=", "use_temp_path=on", "use_temp_path=off", "use_temp_path=x", "use_temp_path=On", "loader_files=0", "loader_files=x", "loader_sleep=50ms", "loader_sleep=x",
		"loader_threshold=x", "manager_files=x", "manager_sleep=x", "manager_threshold=1", "manager_threshold=x", "purger=on", "foo", "foo=1", "levels", "max_size", "keys_zone=b:x", "keys_zone=b", "Levels=1", "max_size=-1",
	}), []string{"/q keys_zone=a", "/q keys_zone=a:1k", "/q keys_zone=a:7k", "/q keys_zone=:1m", "/q keys_zone=a:x", "/q levels=1", "/q keys_zone=", "/q keys_zone=a:b:1m", "/q max_size=1g inactive=1d"}),
	catalog.TypeBufs: {"8 4k", "0 4k", "8 0", "-1 4k", "8 4", "8 4kb", "8 1g", "8 1m", "a b", "4k 8", "1 16k", `"" 4k`, `4 ""`, "8k 4k", "99999999999999999999 4k", "2 99999999999999999999"},
}

var (
	numbers = []string{
		"0", "1", "2", "5", "9", "10", "63", "64", "100", "127", "255", "256", "1000", "65535", "65536", "2147483647", "2147483648",
		"9223372036854775807", "9223372036854775808", "99999999999999999999", "-1", "+1", "1.5", "1k", "1m", "0x10", `""`, `" 1"`, `"1 "`, "a", "1a", "007",
		"on", "$x", "1_000", "1,000", "١", "300", "599", "600",
	}
	sizes = []string{
		"0", "1", "512", "1024", "4096", "1k", "1K", "1m", "1M", "1g", "1G", "64MB", "64mb", "1kb", "8b", "1.5m", "-1", "+1", `""`, `"8 m"`, `" 8"`, `"8 "`,
		"k", "m", "1t", "1kk", "9223372036854775807", "9223372036854775808", "9007199254740991k", "9007199254740992k", "8796093022207m", "8796093022208m",
		"8589934591g", "8589934592g", "16k", "32k", "64k", "100", "on", "off", "0k", "0x10",
	}
	times = []string{
		"0", "1", "60", "60s", "1m", "1h", "1d", "1w", "1M", "1y", "500ms", "1m30s", `"1m 30s"`, `"1h 30m"`, "30m1h", "1.5m", "60S", "60sec", "-1", `""`,
		`" 1"`, `"1 "`, `"1 2"`, `"2 1s"`, `"1 s"`, "s", "ms", "1ms5", "1s5", "1ss", "1y1M1w1d1h1m1s", "1w1d1h1m1s1ms", "2147483647", "2147483648", "9223372036854775",
		"9223372036854776", "9223372036854775807", "99999999999999999999", "106751991167d", "on", "off", "$x", "1h1ms", "00", "1mm",
	}
)

// sample takes one question in so many, unless NGINX_LINT_ORACLE=full.
const sample = 25

// A question is one directive in a context of it.
type question struct {
	d    *catalog.Directive
	in   catalog.Context
	text string // with its arguments
}

// asked reports whether a question is in the sample.
func asked(q question) bool {
	h := fnv.New32a()
	fmt.Fprint(h, int(q.in), q.text)
	return h.Sum32()%sample == 0 || os.Getenv("NGINX_LINT_ORACLE") == "full"
}

// TestValues asks nginx -t about values of each type for each directive of that
// type, and about arguments of the directives that have code of their own: it
// gives the same message, or accepts, or fails for a reason of elsewhere.
func TestValues(t *testing.T) {
	t.Parallel()
	version := nginxtest.Version(t)
	var questions []question
	for d := range catalog.All() {
		in, ok := contextOf(d)
		if d.Section != catalog.Core || !d.ExistsIn(version) || !ok {
			continue
		}
		values := spellings[d.Type]
		if d.Type == catalog.TypeEnum || d.Type == catalog.TypeBitmask || d.Name == "starttls" {
			values = wordSpellings(d)
		}
		if d.Type == catalog.TypeBindAddr {
			values = customSpellings["proxy_bind"]
		}
		if custom := customSpellings[d.Name]; len(custom) > 0 {
			values = custom
		}
		for _, value := range values {
			end := ";"
			if d.Block {
				end = " {}"
			}
			if q := (question{d, in, d.Name + " " + value + end}); asked(q) {
				questions = append(questions, q)
			}
		}
	}
	counts := ask(t, questions, func(q question, message string) string {
		args := words(q.text)
		if !q.d.ArgsAt(version).Accepts(len(args)) {
			return "wrong number of arguments"
		}
		fault := Check(q.d, args, q.in, version)
		switch {
		case strings.Contains(message, "unknown directive"), strings.Contains(message, "is not allowed here"):
			return "not in this build"
		case fault != nil && fault.Message == message:
			return "refused"
		case fault == nil && message == "":
			return "accepted"
		case newer.MatchString(q.text) && fault == nil:
			return "taken by newer or commercial versions"
		case q.d.Type == catalog.TypeSizeVars && strings.Contains(q.text, "$"):
			return "a variable where only newer versions take one"
		case elsewhere.MatchString(message):
			return "refused for another reason"
		case unread.MatchString(message) && fault == nil:
			return "refused by PCRE2 only, or not read"
		case fault == nil:
			t.Errorf("%s in %s: nginx says %q, we accept it", q.text, q.in, message)
		default:
			t.Errorf("%s in %s: nginx says %q, we %q", q.text, q.in, message, fault.Message)
		}
		return "different"
	})
	if counts["refused"] < 100 || counts["accepted"] < 100 {
		t.Errorf("the sample is too thin: %v", counts)
	}
}

// What nginx refuses and Check does not, and why.
var (
	// elsewhere are messages that depend on the machine, on other directives, or on
	// how nginx is built; nginx may say them before it comes to a fault that we see.
	elsewhere = regexp.MustCompile(`^(host not found|too long path in the unix|open\(\)|mkdir\(\)|unknown log format|unknown "[^"]*" variable|zero size shared memory zone|` +
		`no port in upstream|".*" zone ".*" is unknown|unknown thread pool|"aio on" is unsupported|accept filters|memory|ENGINE_by_id|` +
		`no "listen" is defined|no handler for server|unknown mail protocol|no "auth_http" is defined|.* worker_connections are not enough|` +
		`invalid event type "(kqueue|poll|select|eventport|/dev/poll|rtsig|iocp|win32_poll)"|invalid parameter "setfib=|the invalid "setfib=|` +
		`location "@?.*" is outside location|location "@?.*" cannot be inside|named location ".*" can be|` +
		`"proxy_redirect default" should be|the "none" or "blocked" referers|invalid buffer size "(1k|x)"|` +
		`cannot load|no "ssl_certificate"|malloc\(|"http2_[a-z_]*" directive (value is too small|must be a power)|BIO_new_file|SSL_|shmget|ngx_slab_alloc|there must be at least|".*" (size )?must be|the ".*" size must be|could not build|` +
		`"[^"]*" directive is duplicate|the pool size|the maximum body|no servers are inside|getpwnam|getgrnam|` +
		`the http2 chunk size|no .*trusted_certificate|invalid PID|the same path|bind\(\)|no ssl|nginx was built without)`)
	// newer are words that newer versions take, or commercial ones, whose number does not tell.
	newer = regexp.MustCompile(`\b(resolve|route=|service=|drain|slow_start=|sync|purger|status_zone=|least_time=|connection_time|TRACE|CONNECT|ipv4=)`)
	// unread are mistakes that PCRE takes, and some that are not looked for.
	unread = regexp.MustCompile(`^pcre2_compile\(\) failed: (unrecognized character follows|invalid range in|lookbehind assertion|subpattern name is too long|subpattern name expected|` +
		`unknown property|invalid hyphen|non-hex character|non-octal|\\[cgkoNpP] |\(\?R |reference to non-existent|\(\*VERB|quantifier does not follow a repeatable item|` +
		`number|digit|assertion expected|malformed|conditional|escape sequence|character code|\(\?C|missing|unmatched|range out of|POSIX|unknown POSIX|PCRE2|\\)`)
)

// ask asks nginx -t all questions and counts what judge makes of its answers.
func ask(t *testing.T, questions []question, judge func(q question, message string) string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan question)
	for range 2 * runtime.GOMAXPROCS(0) {
		dir := t.TempDir()
		wg.Go(func() {
			for q := range next {
				conf := filepath.Join(dir, "nginx.conf")
				if err := os.WriteFile(conf, fmt.Appendf(nil, blocks[q.in], q.text), 0o600); err != nil {
					t.Error(err)
				}
				message, _ := nginxtest.Test(t, conf)
				answer := judge(q, message)
				mu.Lock()
				counts[answer]++
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
	return counts
}

// words are the arguments of a directive as nginx receives them.
func words(directive string) []string {
	tree := syntax.Parse(&source.File{Path: "x", Text: directive})
	return tree.Args(tree.FirstChild(syntax.Root))
}

func wordSpellings(d *catalog.Directive) []string {
	values := []string{"nosuchword", `""`, "on", "off", "0", "$x"}
	for _, w := range d.Words {
		values = append(values, w, strings.ToUpper(w), w+"x")
	}
	if d.Type == catalog.TypeBitmask && len(d.Words) > 1 {
		values = append(values, d.Words[0]+" "+d.Words[1], d.Words[0]+" nosuchword")
	}
	return values
}

var blocks = map[catalog.Context]string{
	catalog.Main:           "%s events {}",
	catalog.Events:         "events { %s }",
	catalog.HTTP:           "events {} http { %s }",
	catalog.Server:         "events {} http { server { %s } }",
	catalog.Location:       "events {} http { server { location / { %s } } }",
	catalog.Upstream:       "events {} http { upstream u { server 127.0.0.1; %s } }",
	catalog.Stream:         loaded("stream") + "events {} stream { %s }",
	catalog.StreamServer:   loaded("stream") + "events {} stream { server { %s } }",
	catalog.StreamUpstream: loaded("stream") + "events {} stream { upstream u { server 127.0.0.1:1; %s } }",
	catalog.Mail:           loaded("mail") + "events {} mail { %s }",
	catalog.MailServer:     loaded("mail") + "events {} mail { server { %s } }",
}

// modules is where nginx's modules lie; without one its subsystem is not asked about.
var modules = cmp.Or(os.Getenv("NGINX_LINT_MODULES"), "/usr/lib/nginx/modules")

func loaded(name string) string { return "load_module " + moduleFile(name) + "; " }

func moduleFile(name string) string { return filepath.Join(modules, "ngx_"+name+"_module.so") }

func present(name string) bool {
	_, err := os.Stat(moduleFile(name))
	return err == nil
}

// contextOf is a context of the directive that the build has.
func contextOf(d *catalog.Directive) (catalog.Context, bool) {
	for _, c := range []catalog.Context{catalog.Location, catalog.Server, catalog.HTTP, catalog.Upstream, catalog.Events, catalog.Main} {
		if d.Contexts&c != 0 {
			return c, true
		}
	}
	for _, c := range []catalog.Context{catalog.StreamServer, catalog.Stream, catalog.StreamUpstream, catalog.MailServer, catalog.Mail} {
		if d.Contexts&c != 0 {
			return c, c&catalog.AnyStream != 0 && present("stream") || c&catalog.AnyMail != 0 && present("mail")
		}
	}
	return 0, false
}
