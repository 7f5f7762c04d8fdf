package rules_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// TestServerUnreachableOracle asks nginx which of generated servers answer any
// request: those that are reported never do, and where no expression hides a
// server all others do.
func TestServerUnreachableOracle(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("nginx"); err != nil {
		if os.Getenv("NGINX_LINT_PROOF") == "require" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	const worlds, each = 150, 6
	random := rand.New(rand.NewPCG(7, 3))
	var text strings.Builder
	text.WriteString("pid pid;\nevents { worker_connections 4096; }\nhttp {\n" +
		"access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;\n")
	expressions := map[int]bool{} // worlds that have one
	line, heads := 5, map[int][2]int{}
	for w := range worlds {
		for s := range each {
			names := serverNames(random)
			expressions[w] = expressions[w] || strings.Contains(names, "~")
			listen := fmt.Sprintf("listen unix:%d-%d.sock;", w, random.IntN(2))
			if random.IntN(3) == 0 {
				listen = fmt.Sprintf("listen unix:%d-0.sock; listen unix:%d-1.sock;", w, w)
			}
			fmt.Fprintf(&text, "server { %s %s return 200 %d-%d; }\n", listen, names, w, s)
			heads[line] = [2]int{w, s}
			line++
		}
	}
	text.WriteString("}\n")

	report, err := analyzer.Run(analyzer.Options{FS: source.Mem{"nginx.conf": text.String()}, Paths: []string{"."}, Rules: rules.All()})
	if err != nil {
		t.Fatal(err)
	}
	reported := map[[2]int]bool{}
	for _, f := range report.Findings {
		if f.Rule == "server-unreachable" {
			reported[heads[f.Subject.Span.Line()]] = true
		}
	}

	ask := askNginx(t, text.String())
	answered, withoutHost := map[string]bool{}, map[string]bool{}
	for w := range worlds {
		for socket := range 2 {
			name := fmt.Sprintf("%d-%d.sock", w, socket)
			for _, host := range []string{"a.test", "x.a.test", "b.test", "x.b.test", "a.org", "b.org", "other"} {
				answered[ask(name, "Host: "+host+"\r\n")] = true
			}
			withoutHost[ask(name, "")] = true
		}
	}
	for _, ws := range heads {
		id := fmt.Sprintf("%d-%d", ws[0], ws[1])
		switch {
		case reported[ws] && answered[id]:
			t.Errorf("%s is reported, and answers", id)
		case !reported[ws] && !answered[id] && !withoutHost[id] && !expressions[ws[0]]:
			t.Errorf("%s is not reported, and never answers", id)
		}
	}
	t.Logf("%d of %d servers are reported", len(reported), worlds*each)
	if t.Failed() {
		t.Log(text.String())
	}
}

// serverNames is a random server_name directive, or none.
func serverNames(random *rand.Rand) string {
	if random.IntN(6) == 0 {
		return ""
	}
	words := []string{"server_name"}
	for range random.IntN(2) + 1 {
		pool := []string{"a.test", "A.test", "*.a.test", ".a.test", "a.*", "b.test", ".b.test", "*.b.test", `""`}
		if random.IntN(10) == 0 {
			pool = []string{"~^a", `~b\.test$`}
		}
		words = append(words, pool[random.IntN(len(pool))])
	}
	return strings.Join(words, " ") + ";"
}

// askNginx starts nginx on a configuration and returns a function that sends
// one request with the given header to one of its sockets.
func askNginx(t *testing.T, conf string) func(socket, header string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "nl") //nolint:usetesting // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("nginx", "-p", dir, "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off; master_process off;")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 500 {
		if _, err := os.Stat(filepath.Join(dir, "pid")); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return func(socket, header string) string {
		c, err := new(net.Dialer).DialContext(t.Context(), "unix", filepath.Join(dir, socket))
		if err != nil {
			return "" // no server of this world listens there
		}
		defer c.Close()
		fmt.Fprintf(c, "GET / HTTP/1.0\r\n%s\r\n", header)
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s %q: %v", socket, header, err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
}
