// Package prooftest runs proofs: testscript archives that start real nginx and
// PHP-FPM in a temporary folder, send requests and pin what the client and the
// logs then show. The commands that it adds to testscript's own:
//
//	nginx CONF            start nginx; `! nginx` where it must not come up
//	fpm CONF              start PHP-FPM likewise; CONF says `error_log = fpm.log`.
//	                      A php.ini beside CONF is read, and a conf.d beside that
//	apache CONF           start Apache likewise; it logs to error.log beside CONF
//	unit UNIT             start what a systemd unit says, gunicorn or uWSGI, in the
//	                      folder that holds its etc; what app.service prints is in app.log
//	halt CONF             stop what was started with CONF (else: at the script's end)
//	nginx-t CONF          `nginx -t`, fpm-t CONF: `php-fpm -t`
//	get [-n N] [-every D] [-method M] [-form N] [-until STATUS,...] TARGET PATH
//	                      GET by HTTP over a unix socket or a TCP address; with
//	                      -form POST of a form of N bytes
//	reply [-race] TARGET FILE
//	                      a backend that answers each connection with what FILE holds,
//	                      and with -race closes it as the next request arrives
//	log-has FILE REGEXP   wait up to 5 s for a line that matches
//	log-lacks FILE REGEXP no line matches now
//	subst FILE...         put in the values of $WORK, $PORT1, $PORT2 and $PORT3
//	need root             skip unless root
//	nginx-lint ARGS       the linter; `! nginx-lint`: exit status 1, none other
//	fix [-unsafe] DIR     halt what runs in DIR, and let the linter mend what the rule
//	                      that the script's folder is named after finds there; `! fix`
//	                      where it finds more than it has such fixes for
//
// and the condition [ipv6]: the machine has the address ::1.
//
// A server runs in the folder of its CONF, which is its prefix as well: relative
// unix sockets, includes and roots mean the same to the server and to the linter.
// nginx logs to error.log there and takes its access_log from CONF.
package prooftest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// RequireEnv is the environment variable that, set to "require", makes a proof
// that cannot run a failure.
const RequireEnv = "NGINX_LINT_PROOF"

// atOnce is how many scripts run at a time. They mostly wait for timeouts, so
// the number of processors is no measure.
const atOnce = 8

// Run runs each of the scripts as a subtest named after its folder and file.
func Run(t *testing.T, files ...string) {
	t.Helper()
	if len(files) == 0 {
		t.Fatal("no scripts")
	}
	bin := findServers(t)
	linter, err := buildLinter(t) // before all: a busy machine upsets what depends on time
	slots := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for _, file := range files {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			name := filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".txtar")
			s := script{servers: bin, rule: filepath.Base(filepath.Dir(file)), linter: linter, linterErr: err}
			t.Run(name, func(t *testing.T) {
				s.t = t
				runScript(t, &s, file)
			})
		})
	}
	wait.Wait()
}

func runScript(t *testing.T, s *script, file string) {
	t.Helper()
	root := shortTempDir(t)
	testscript.RunT(shim{t}, testscript.Params{
		Files:              []string{file},
		WorkdirRoot:        root,
		RequireUniqueNames: true,
		Condition: func(name string) (bool, error) {
			if name != "ipv6" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return hasIPv6(), nil
		},
		Setup: s.setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"nginx":      s.cmdNginx,
			"fpm":        s.cmdFPM,
			"apache":     s.cmdApache,
			"unit":       s.cmdUnit,
			"halt":       s.cmdHalt,
			"nginx-t":    s.cmdNginxTest,
			"fpm-t":      s.cmdFPMTest,
			"get":        s.cmdGet,
			"reply":      s.cmdReply,
			"log-has":    s.cmdLogHas,
			"log-lacks":  s.cmdLogLacks,
			"subst":      s.cmdSubst,
			"need":       s.cmdNeed,
			"nginx-lint": s.cmdLint,
			"fix":        s.cmdFix,
		},
	})
}

// shim runs a script in the goroutine of its subtest: Run does the scheduling.
type shim struct{ *testing.T }

func (shim) Parallel()     {}
func (shim) Verbose() bool { return testing.Verbose() }

func (s shim) Run(_ string, f func(testscript.T)) { f(s) }

// servers holds the paths of the programs under test.
type servers struct{ nginx, fpm string }

// findServers returns the installed servers, or ends the test.
func findServers(t *testing.T) servers {
	t.Helper()
	bin := servers{nginx: findProgram("nginx"), fpm: findProgram("php-fpm", "php-fpm[0-9]*")}
	if bin.nginx == "" {
		unable(t, "nginx is not installed")
	}
	if bin.fpm == "" {
		unable(t, "PHP-FPM is not installed")
	}
	if os.Geteuid() == 0 {
		if _, err := user.Lookup("www-data"); err != nil {
			unable(t, "the user www-data, whom the scripts name, does not exist")
		}
	}
	return bin
}

// unable ends a test that this machine cannot run: as skipped, or as failed
// where proofs are required.
func unable(t *testing.T, why string) {
	t.Helper()
	if os.Getenv(RequireEnv) == "require" {
		t.Fatalf("%s=require, but %s", RequireEnv, why)
	}
	t.Skip(why)
}

// findProgram returns the last file in the first folder that holds an
// executable matching one of the patterns, or "".
func findProgram(patterns ...string) string {
	// A user's PATH often lacks the folders of system programs.
	folders := append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin")
	for _, folder := range folders {
		for _, pattern := range patterns {
			found, err := filepath.Glob(filepath.Join(folder, pattern))
			if err != nil {
				return ""
			}
			for _, path := range slices.Backward(found) {
				if _, err := exec.LookPath(path); err == nil {
					return path
				}
			}
		}
	}
	return ""
}

// buildLinter builds the command line program and returns its path.
func buildLinter(t *testing.T) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nginx-lint")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./cmd/nginx-lint")
	cmd.Dir = moduleDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(bytes.TrimSpace(out)))
	}
	return path, nil
}

// moduleDir returns the folder of the module.
func moduleDir() string {
	_, self, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(self), "..", "..", "..")
}

// shortTempDir returns a temporary folder that workers may enter and whose name
// is short: the path of a unix socket holds at most 107 bytes.
func shortTempDir(t *testing.T) string {
	t.Helper()
	//nolint:usetesting // t.TempDir is named after the test: too long, and closed to other users
	dir, err := os.MkdirTemp("", "nl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
