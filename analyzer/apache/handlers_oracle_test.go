package apache

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"nginx-lint/analyzer/source"
)

// TestOracleHandlers runs the real Apache on random configurations, in which each
// target is a socket of its own, and asks for all kinds of files in all places: a
// target that is certain has to be asked by some request.
func TestOracleHandlers(t *testing.T) {
	program := apacheProgram(t)
	dir, err := os.MkdirTemp("", "nl") //nolint:usetesting // the path of a socket is short, and open to all
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"w/sub", "w/one"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for i := range mostTargets {
		answer(t, filepath.Join(dir, fmt.Sprintf("p%d.sock", i)), fmt.Sprintf("p%d", i))
	}
	certain := 0
	for round := range uint64(20) {
		g := &generator{Rand: rand.New(rand.NewPCG(round, 1)), dir: dir}
		body := g.part(0, "") + g.part(0, "") + g.part(0, "")
		asked, conf := ask(t, program, dir, body)
		for _, target := range Load(source.NewFile("apache2.conf", conf), tree{}).Targets() {
			name := strings.TrimSuffix(filepath.Base(target.Endpoint.Path), ".sock")
			if target.Maybe {
				continue
			}
			if certain++; !asked[name] {
				t.Errorf("round %d: nothing asks for %s\n%s", round, name, body)
			}
		}
	}
	if certain < 20 {
		t.Errorf("%d certain targets only", certain)
	}
}

const mostTargets = 8

// answer serves FastCGI with a text.
func answer(t *testing.T, socket, text string) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		_ = fcgi.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "from "+text) }))
	}()
}

// A generator makes configurations.
type generator struct {
	*rand.Rand

	dir     string
	targets int
	hosts   int
}

func (g *generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g *generator) target() string {
	g.targets++
	return fmt.Sprintf("unix:%s/p%d.sock|fcgi://%s", g.dir, g.targets-1, g.one("localhost", "localhost", fmt.Sprintf("n%d", g.targets)))
}

func (g *generator) part(depth int, kind string) string {
	var b strings.Builder
	in := func(head, text string) {
		name, _, _ := strings.Cut(head, " ")
		fmt.Fprintf(&b, "<%s>\n%s</%s>\n", head, text, name)
	}
	for range 1 + g.IntN(3) {
		if g.targets == mostTargets {
			break
		}
		switch choice := g.IntN(8); {
		case choice < 3 && (kind == "Location" || g.IntN(3) == 0):
			handler := "None"
			if g.IntN(6) > 0 {
				handler = `"proxy:` + g.target() + `"`
			}
			b.WriteString("SetHandler " + handler + "\n")
		case choice < 3:
			pattern := g.one(`\.php$`, `"\.(php|phar|phtml)$"`, `".+\.ph(?:ar|p|tml)$"`, `\.phtml$`, `\.cgi$`, `x`)
			in("FilesMatch "+pattern, `SetHandler "proxy:`+g.target()+"\"\n")
		case choice == 3 && depth < 3:
			in("IfModule "+g.one("proxy_fcgi_module", "mod_proxy_fcgi.c", "!mod_php8.c", "mod_ssl.c", "!ssl_module", "core.c"), g.part(depth+1, kind))
		case kind != "":
		case choice == 4:
			in("Directory "+g.dir+g.one("/w", "/w/sub", "/w/one"), g.part(depth+1, "Directory"))
		case choice == 5:
			in("Location "+g.one("/", "/sub", "/one/"), g.part(depth+1, "Location"))
		case choice == 6 && g.IntN(2) == 0:
			b.WriteString("ProxyPassMatch " + g.one(`^/(.*\.php)$`, `^/sub/(.*\.php)$`, `^/(.*\.cgi)$`) + " " + g.target() + "/$1\n")
		case choice == 6:
			b.WriteString("ProxyPass " + g.one("/sub/", "/one/", "/") + " " + g.target() + "/\n")
		case choice == 7 && depth == 0:
			g.hosts++
			in("VirtualHost *:@PORT@", fmt.Sprintf("ServerName v%d\n", g.hosts)+g.part(depth+1, ""))
		}
	}
	return b.String()
}

// ask starts Apache and returns what has answered some request, with the configuration.
func ask(t *testing.T, program, dir, body string) (asked map[string]bool, conf string) {
	t.Helper()
	port := freePort(t)
	var b strings.Builder
	b.WriteString("ServerName x\nPidFile pid\nErrorLog error.log\nDefaultRuntimeDir " + dir + "\nListen 127.0.0.1:" + port + "\nDocumentRoot " + dir + "/w\n")
	if os.Geteuid() == 0 {
		b.WriteString("User www-data\nGroup www-data\n")
	}
	for _, module := range []string{"mpm_event", "authz_core", "proxy", "proxy_fcgi"} {
		b.WriteString("LoadModule " + module + "_module /usr/lib/apache2/modules/mod_" + module + ".so\n")
	}
	b.WriteString(strings.ReplaceAll(body, "@PORT@", port))
	conf = b.String()
	main := filepath.Join(dir, "apache2.conf")
	if err := os.WriteFile(main, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-d", dir, "-f", main, "-D", "FOREGROUND")
	var output strings.Builder
	cmd.Stderr = &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	client := http.Client{Timeout: 30 * time.Second} // the machine may be busy
	get := func(host, path string) (string, error) {
		request, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:"+port+path, nil)
		if err != nil {
			return "", err
		}
		request.Host = host
		response, err := client.Do(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return string(text), err
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, err := get("x", "/")
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v: %s\n%s", err, output.String(), conf)
		}
	}
	asked = map[string]bool{}
	hosts := []string{"x"}
	for i := range strings.Count(body, "<VirtualHost") {
		hosts = append(hosts, fmt.Sprintf("v%d", i+1))
	}
	for _, host := range hosts {
		for _, folder := range []string{"/", "/sub/", "/one/"} {
			for _, name := range names {
				text, err := get(host, folder+name)
				if err != nil {
					t.Fatal(err)
				}
				if from, is := strings.CutPrefix(text, "from "); is {
					asked[from] = true
				}
			}
		}
	}
	return asked, conf
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// apacheProgram is the path of Apache, or the test ends.
func apacheProgram(t *testing.T) string {
	t.Helper()
	programs := []string{"apache2", "/usr/sbin/apache2"}
	if i := slices.IndexFunc(programs, func(name string) bool { _, err := exec.LookPath(name); return err == nil }); i >= 0 {
		return programs[i]
	}
	if os.Getenv("NGINX_LINT_PROOF") == "require" {
		t.Fatal("Apache is not installed")
	}
	t.Skip("Apache is not installed")
	return ""
}
