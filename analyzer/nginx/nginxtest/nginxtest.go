// Package nginxtest runs the real nginx for tests that compare the model with it.
package nginxtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"nginx-lint/analyzer/catalog"
)

const (
	startLimit  = 10 * time.Second // for nginx to come up
	answerLimit = 10 * time.Second // for an answer to a request
)

// Program returns the path of nginx. Where it is absent the test is skipped, or
// fails with NGINX_LINT_PROOF=require.
func Program(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if os.Getenv("NGINX_LINT_PROOF") == "require" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return program
}

// Conf is a whole configuration around what stands in http, which begins on the
// second line. It writes nothing outside its own folder.
func Conf(http string) string {
	return "pid pid; events { worker_connections 4096; } http { access_log off; " +
		"client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;\n" + http + "}\n"
}

// A Server is an nginx that runs until the end of its test.
type Server struct{ dir string }

// Start runs nginx on a configuration that Conf has made, in a folder of its own,
// in which its relative unix sockets lie.
func Start(t *testing.T, conf string) *Server {
	t.Helper()
	program := Program(t)
	dir, err := os.MkdirTemp("", "nl") //nolint:usetesting // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-p", dir, "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off; master_process off;")
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if log, err := os.ReadFile(filepath.Join(dir, "error.log")); t.Failed() && err == nil {
			t.Logf("error.log:\n%s", log)
		}
	})
	// The pid file is written once every listener is bound.
	for deadline := time.Now().Add(startLimit); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "pid")); err == nil {
			return &Server{dir: dir}
		}
		if time.Now().After(deadline) {
			t.Fatal("nginx does not come up")
		}
	}
}

// Write puts a file into the folder that nginx runs in.
func (s *Server) Write(t *testing.T, name, text string) {
	t.Helper()
	name = s.Path(name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Path is where a file of that folder lies.
func (s *Server) Path(name string) string { return filepath.Join(s.dir, name) }

// Get sends a request with this header, lines with CR LF, to a socket. The status
// is 0 where nobody listens there.
func (s *Server) Get(t *testing.T, socket, uri, header string) (status int, body string) {
	t.Helper()
	response, body := s.Answer(t, socket, uri, header)
	if response == nil {
		return 0, ""
	}
	return response.StatusCode, body
}

// Answer is Get, with all of the response; nil where nobody listens there.
func (s *Server) Answer(t *testing.T, socket, uri, header string) (response *http.Response, body string) {
	t.Helper()
	c, err := net.DialTimeout("unix", filepath.Join(s.dir, socket), answerLimit)
	if err != nil {
		return nil, ""
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET %s HTTP/1.0\r\n%s\r\n", uri, header)
	response, err = http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%s %s %q: %v", socket, uri, header, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// Test asks nginx -t about the main file of a folder. It gives the error and the
// place that nginx names, "FILE:LINE" or ""; both are "" where nginx accepts it.
func Test(t *testing.T, conf string) (message, place string) {
	t.Helper()
	message, place, _ = TestWarnings(t, conf)
	return message, place
}

// TestWarnings is Test, and gives as well what nginx warns of, without places.
func TestWarnings(t *testing.T, conf string) (message, place string, warnings []string) {
	t.Helper()
	out, accepted := ask(t, conf)
	for _, m := range warning.FindAllSubmatch(out, -1) {
		warnings = append(warnings, string(m[1]))
	}
	if accepted {
		return "", "", warnings
	}
	m := emergency.FindSubmatch(out)
	if m == nil {
		t.Fatalf("nginx -t refuses:\n%s", out)
	}
	return string(m[1]), strings.TrimPrefix(string(m[2]), filepath.Dir(conf)+"/"), warnings
}

func ask(t *testing.T, conf string) (out []byte, accepted bool) {
	t.Helper()
	dir := filepath.Dir(conf)
	args := []string{"-t", "-q", "-p", dir + "/", "-e", "stderr", "-c", conf}
	text, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	if !ownPID.Match(text) {
		args = append(args, "-g", "pid nginx.pid;")
	}
	out, err = exec.Command(Program(t), args...).CombinedOutput()
	return out, err == nil
}

var (
	ownPID    = regexp.MustCompile(`(?m)^\s*pid\s`)
	warning   = regexp.MustCompile(`(?m)\[warn\] (?:\d+#\d+: )?(.*?)(?: in \S+:\d+)?$`)
	emergency = regexp.MustCompile(`(?m)\[emerg\] (?:\d+#\d+: )?(.*?)(?: in (\S+:\d+))?$`)
)

// Version is that of the installed nginx.
func Version(t *testing.T) catalog.Version {
	t.Helper()
	out, err := exec.Command(Program(t), "-v").CombinedOutput()
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
	return version
}
