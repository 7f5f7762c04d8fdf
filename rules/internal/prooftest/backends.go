package prooftest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// apacheModules are loaded before Apache's CONF is read: what every build needs.
var apacheModules = []string{"mpm_event", "authz_core"}

// cmdApache starts Apache with its server root in the folder of CONF.
func (s *script) cmdApache(ts *testscript.TestScript, neg bool, args []string) {
	conf := oneFile(ts, args)
	program := s.program("apache2")
	dir := filepath.Dir(conf)
	log := filepath.Join(dir, "error.log")
	before := []string{"ServerName localhost", "User www-data", "Group www-data", "ErrorLog " + log, "PidFile " + filepath.Join(dir, "apache.pid"), "DefaultRuntimeDir " + dir}
	for _, module := range apacheModules {
		before = append(before, "LoadModule "+module+"_module /usr/lib/apache2/modules/mod_"+module+".so")
	}
	cmd := exec.Command(program, "-d", dir, "-f", conf, "-D", "FOREGROUND")
	for _, line := range before {
		cmd.Args = append(cmd.Args, "-C", line)
	}
	cmd.Dir = dir
	p := &process{cmd: cmd, log: log}
	s.start(ts, neg, conf, p, func() bool {
		return bytes.Contains(readLog(log), []byte("resuming normal operations"))
	})
}

// workerUp is what gunicorn and uWSGI say once a worker is there.
var workerUp = regexp.MustCompile(`Booting worker|spawned uWSGI (worker|http)`)

// cmdUnit starts what the ExecStart of a systemd unit says, in the folder that
// stands for the host's `/`: the one that holds the unit's etc.
func (s *script) cmdUnit(ts *testscript.TestScript, neg bool, args []string) {
	unit := oneFile(ts, args)
	root, _, ok := strings.Cut(unit, "/etc/systemd/")
	_, line, starts := strings.Cut(ts.ReadFile(unit), "\nExecStart=")
	if !ok || !starts {
		ts.Fatalf("usage: unit DIR/etc/systemd/system/NAME.service, with an ExecStart")
	}
	line, _, _ = strings.Cut(line, "\n")
	words := strings.Fields(line)
	cmd := exec.Command(s.program(filepath.Base(words[0])), words[1:]...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	p := &process{cmd: cmd, log: filepath.Join(root, strings.TrimSuffix(filepath.Base(unit), ".service")+".log"), prints: true}
	s.start(ts, neg, unit, p, func() bool { return workerUp.Match(readLog(p.log)) })
}

// program finds a program that not every machine has, or ends the test.
func (s *script) program(name string) string {
	found := findProgram(name)
	if found == "" {
		unable(s.t, name+" is not installed")
	}
	return found
}
