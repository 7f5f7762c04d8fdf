package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nginx-lint/cmd/internal/cli"
)

// soundTree is what faults are planted in. Both servers accept it.
var soundTree = map[string]string{
	"etc/nginx/nginx.conf": `user www-data;
pid nginx.pid;
error_log stderr;
events {
    worker_connections 64;
}
http {
    access_log off;
    fastcgi_param REQUEST_METHOD $request_method;
    fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
    upstream app {
        server 127.0.0.1:9000;
        keepalive 2;
    }
    include conf.d/*.conf;
    include sites-enabled/*;
}
`,
	"etc/nginx/conf.d/php.conf": "# shared by all\r\nupstream shop {\r\n\tserver unix:/run/php/shop.sock;\r\n}\r\n",
	"etc/nginx/snippets/php.conf": `fastcgi_index index.php;
fastcgi_pass shop;   # the shop's pool`,
	"etc/nginx/sites-available/shop": `server {
    listen 18080;
    listen [::]:18080;
    server_name shop.example "www.shop.example";
    root /srv/shop;

    location / {
        try_files $uri /index.php?$args;
    }
    location ~ \.php$ { # the front
        include snippets/php.conf;
        fastcgi_buffers 16 4k;
    }
    location = /report.php {
        fastcgi_pass unix:/run/php/report.sock;
    }
    location /live { proxy_pass http://app; proxy_set_header Host $host; }
}
`,
	"etc/nginx/sites-available/blog site": `server {
	listen 18081;
	location ~ \.php$ {
		fastcgi_pass unix:/run/php/shop.sock;
	}
	location /old {
		proxy_pass http://127.0.0.1:9001/;
		proxy_buffer_size 4k;
		proxy_read_timeout 30s;
	}
}
`,
	"etc/php/8.2/fpm/php-fpm.conf": `[global]
; the master
error_log = php-fpm.log
process_control_timeout = 10s
include = pool.d/*.conf
`,
	"etc/php/8.2/fpm/pool.d/shop.conf": `[shop]
user = www-data
group = www-data
listen = /run/php/shop.sock
listen.owner = www-data
listen.group = www-data
pm = dynamic
pm.max_children = 8
pm.start_servers = 2
pm.min_spare_servers = 1
pm.max_spare_servers = 3
request_terminate_timeout = 40s
`,
	"etc/php/8.2/fpm/pool.d/report.conf": "[report]\r\nuser = www-data\r\nlisten = /run/php/report.sock\r\nlisten.owner = www-data\r\npm = static\r\npm.max_children = 4\r\nrequest_terminate_timeout = 50",
}

// links of the tree.
var soundLinks = map[string]string{
	"etc/nginx/sites-enabled/shop": "../sites-available/shop",
	"etc/nginx/sites-enabled/blog": "../sites-available/blog site",
}

// faults are ways to spoil a file: replace old by new, at one place of those that match.
var faults = []struct{ old, fresh string }{
	{"/run/php/shop.sock", "/run/php/php7.4-fpm.sock"},
	{"/run/php/report.sock", "/run/php/reports.sock"},
	{"listen = ", "listen = unix:"},
	{"listen.owner = www-data", "listen.owner = root"},
	{"listen.group = www-data", "# listen.group = www-data"},
	{"pm.max_children = ", "pm.max_children = 2\npm.max_children = "},
	{"= 40s", "= 1m30s"},
	{"= 50", "= 300"},
	{"= 40s", "= 0"},
	{"request_terminate_timeout", "security.limit_extensions = .php,.html\nrequest_terminate_timeout"},
	{"listen [::]:18080;", "listen [::]:18080 ipv6only=off;"},
	{"server 127.0.0.1:9000;", "server 127.0.0.1;"},
	{"http://app", "https://app"},
	{"http://127.0.0.1:9001/", "http://localhost:9001"},
	{"fastcgi_pass ", "fastcgi_buffer_size 32k; fastcgi_pass "},
	{"fastcgi_pass ", "fastcgi_read_timeout 10s;\n\tfastcgi_pass "},
	{"fastcgi_pass ", "fastcgi_read_timeout 600;\r\n        fastcgi_pass "},
	{"fastcgi_buffers 16 4k;", "fastcgi_buffers 2 4k;"},
	{"fastcgi_pass ", "fastcgi_param HTTPS on; fastcgi_pass "},
	{"fastcgi_index index.php;", "alias /srv/shop/;\n"},
	{"proxy_buffer_size 4k;", "proxy_buffer_size 16k;"},
	{"proxy_buffer_size 4k;", "proxy_busy_buffers_size 128k;"},
	{"access_log off;", "fastcgi_buffer_size 64k;"},
	{"access_log off;", "fastcgi_read_timeout 20s;"},
	{"proxy_set_header Host $host;", "proxy_set_header Upgrade $http_upgrade;"},
	{";", ""},
	{";\n", "\n"},
	{" {", ""},
	{"}", ""},
	{"}", "}}"},
	{"\"", ""},
	{" ", " \""},
	{"\n", "\n}\n"},
	{"\n", "\r\n"},
	{"\n", "\n{{ template }}\n"},
	{"\n", "\n# nginx-lint:ignore\n"},
	{"include ", "include missing/"},
}

// spoil plants a fault in the tree, or takes out or doubles a line.
func spoil(tree map[string]string, random *rand.Rand) {
	names := make([]string, 0, len(tree))
	for name := range tree {
		names = append(names, name)
	}
	slices.Sort(names)
	for {
		name := names[random.IntN(len(names))]
		text := tree[name]
		if random.IntN(8) == 0 {
			lines := strings.SplitAfter(text, "\n")
			i := random.IntN(len(lines))
			if random.IntN(2) == 0 {
				lines[i] = ""
			} else {
				lines[i] += lines[i]
			}
			tree[name] = strings.Join(lines, "")
			return
		}
		f := faults[random.IntN(len(faults))]
		n := strings.Count(text, f.old)
		if n == 0 {
			continue
		}
		at := 0
		for range random.IntN(n) {
			at += strings.Index(text[at:], f.old) + len(f.old)
		}
		at += strings.Index(text[at:], f.old)
		tree[name] = text[:at] + f.fresh + text[at+len(f.old):]
		return
	}
}

// long ago is when the files of a tree were written.
var longAgo = time.Unix(1_500_000_000, 0)

func plant(t *testing.T, dir string, tree map[string]string) {
	t.Helper()
	for name, text := range tree {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, longAgo, longAgo); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range soundLinks {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
}

// harvest reads the files of a tree, and which of them were written since.
func harvest(t *testing.T, dir string) (tree map[string]string, written []string) {
	t.Helper()
	tree = map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(name) == ".log" || filepath.Base(name) == "nginx.pid" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		tree[rel] = string(text)
		if !info.ModTime().Equal(longAgo) {
			written = append(written, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree, written
}

// lint runs the program in a folder.
func lint(dir string, args ...string) (code int, stdout, stderr string) {
	var out, log bytes.Buffer
	code = cli.Run(args, cli.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &log, Getenv: func(string) string { return "" }, Dir: dir,
	})
	return code, out.String(), log.String()
}

// errorCounts counts the errors of a JSON report by rule.
func errorCounts(t *testing.T, text string) map[string]int {
	t.Helper()
	var report struct {
		Findings []struct{ Rule, Severity string }
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	count := map[string]int{}
	for _, f := range report.Findings {
		if f.Severity == "error" {
			count[f.Rule]++
		}
	}
	return count
}

// oracles are the servers' own tests of a tree; "" where a program is missing.
type oracles struct{ nginx, fpm, git string }

func (o oracles) accepts(dir string) (nginx, fpm bool) {
	ok := func(program string, args ...string) bool {
		return program != "" && exec.Command(program, args...).Run() == nil
	}
	return ok(o.nginx, "-t", "-p", filepath.Join(dir, "etc/nginx"), "-c", "nginx.conf", "-e", "stderr"),
		ok(o.fpm, "-t", "-n", "-p", filepath.Join(dir, "etc/php/8.2/fpm"), "-y", filepath.Join(dir, "etc/php/8.2/fpm/php-fpm.conf"))
}

func findOracles(t *testing.T) oracles {
	t.Helper()
	find := func(patterns ...string) string {
		for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin") {
			for _, pattern := range patterns {
				if found, _ := filepath.Glob(filepath.Join(dir, pattern)); len(found) > 0 {
					return found[len(found)-1]
				}
			}
		}
		if os.Getenv("NGINX_LINT_PROOF") == "require" {
			t.Fatalf("%v is not installed", patterns)
		}
		return ""
	}
	return oracles{nginx: find("nginx"), fpm: find("php-fpm", "php-fpm[0-9]*"), git: find("git")}
}

// TestFixedTrees plants one to five faults in trees and fixes them: no server refuses
// what it took before, no rule finds more errors, the diff applied by git gives the
// bytes that --fix writes, but for files that it does not show, files without a fix are not touched, and a second run changes
// nothing. NGINX_LINT_TREES sets how many trees there are (200).
func TestFixedTrees(t *testing.T) {
	t.Parallel()
	trees := 200
	if s := os.Getenv("NGINX_LINT_TREES"); s != "" {
		var err error
		if trees, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	o := findOracles(t)
	sound := t.TempDir()
	plant(t, sound, soundTree)
	if nginx, fpm := o.accepts(sound); (!nginx && o.nginx != "") || (!fpm && o.fpm != "") {
		t.Fatalf("the sound tree is refused: nginx %v, php-fpm %v", nginx, fpm)
	}
	c := counter{n: map[string]int{}}
	t.Run("trees", func(t *testing.T) {
		workers := runtime.GOMAXPROCS(0)
		for worker := range workers {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				for seed := worker; seed < trees; seed += workers {
					tryTree(t, o, uint64(seed), &c)
				}
			})
		}
	})
	t.Log(c.n)
	for _, what := range []string{"fixed", "several files fixed", "nginx mended", "php-fpm mended", "accepted before and fixed"} {
		if c.n[what] == 0 && trees >= 200 && o.nginx != "" && o.fpm != "" {
			t.Errorf("no tree: %s", what)
		}
	}
}

// A counter says how often something was so.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(what string, yes bool) {
	if yes {
		c.mu.Lock()
		c.n[what]++
		c.mu.Unlock()
	}
}

func tryTree(t *testing.T, o oracles, seed uint64, c *counter) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	tree := maps.Clone(soundTree)
	for range 1 + random.IntN(5) {
		spoil(tree, random)
	}
	fix := []string{"--fix", "--fix=unsafe"}[seed%2]
	dir := filepath.Join(t.TempDir(), strconv.FormatUint(seed, 10))
	defer os.RemoveAll(dir)
	fixed, patched := filepath.Join(dir, "fixed"), filepath.Join(dir, "patched")
	plant(t, fixed, tree)
	plant(t, patched, tree)
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("tree %d, %s: %s", seed, fix, fmt.Sprintf(format, args...))
	}

	_, before, _ := lint(fixed, "--format", "json", ".")
	nginxBefore, fpmBefore := o.accepts(fixed)
	code, after, log := lint(fixed, fix, "--format", "json", ".")
	nginxAfter, fpmAfter := o.accepts(fixed)
	if code > 1 || strings.Contains(log, "bug") {
		fail("exit code %d: %s", code, log)
	}
	c.add("something refused", log != "")
	if nginxBefore && !nginxAfter || fpmBefore && !fpmAfter {
		fail("accepted before and after: nginx %v %v, php-fpm %v %v", nginxBefore, nginxAfter, fpmBefore, fpmAfter)
	}
	had := errorCounts(t, before)
	if had["syntax"] == 0 { // else there was more to find than could be read
		for rule, n := range errorCounts(t, after) {
			if n > had[rule] {
				fail("%d errors of %s, %d before", n, rule, had[rule])
			}
		}
	}

	now, written := harvest(t, fixed)
	for name, text := range tree {
		if changed := now[name] != text; changed != slices.Contains(written, name) {
			fail("%s: changed %v, written %v", name, changed, written)
		}
	}
	if len(now) != len(tree) {
		fail("%d files, %d before", len(now), len(tree))
	}
	c.add("fixed", len(written) > 0)
	c.add("several files fixed", len(written) > 1)
	c.add("nginx mended", !nginxBefore && nginxAfter)
	c.add("php-fpm mended", !fpmBefore && fpmAfter)
	c.add("accepted before and fixed", nginxBefore && fpmBefore && len(written) > 0)

	if code, _, log := lint(fixed, fix, "-q", "."); code > 1 || strings.Contains(log, "bug") {
		fail("the second run: %d %s", code, log)
	}
	if again, _ := harvest(t, fixed); fmt.Sprint(again) != fmt.Sprint(now) {
		fail("a second run changes the tree")
	}

	_, patch, hidden := lint(patched, fix, "--diff", ".")
	shown := maps.Clone(now) // what the diff makes: one that a terminal would obey is left out
	for _, name := range written {
		if strings.Contains(hidden, name+": not shown: ") {
			shown[name] = tree[name]
		}
	}
	c.add("a diff not shown", fmt.Sprint(shown) != fmt.Sprint(now))
	if untouched, written := harvest(t, patched); len(written) > 0 || fmt.Sprint(untouched) != fmt.Sprint(tree) {
		fail("--diff writes %v", written)
	}
	if patch == "" != (fmt.Sprint(shown) == fmt.Sprint(tree)) {
		fail("the diff is %q", patch)
	}
	if patch != "" && o.git != "" {
		cmd := exec.Command(o.git, "apply")
		cmd.Dir, cmd.Stdin = patched, strings.NewReader(patch)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CEILING_DIRECTORIES="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			fail("git apply: %v\n%s\n%s", err, out, patch)
		}
		if got, _ := harvest(t, patched); fmt.Sprint(got) != fmt.Sprint(shown) {
			fail("git makes something else of\n%s", patch)
		}
	}
}
