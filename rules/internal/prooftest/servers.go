package prooftest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

const (
	startLimit = 10 * time.Second // for a server to come up
	stopLimit  = 5 * time.Second  // for a server to end by itself
	pollEvery  = 5 * time.Millisecond
)

// script is the state of one script.
type script struct {
	servers
	t         *testing.T
	rule      string              // the rule that the script is about
	linter    string              // the path of the program
	linterErr error               // why there is none
	running   map[string]*process // by the absolute path of CONF
}

// process is a server that was started.
type process struct {
	cmd    *exec.Cmd
	output bytes.Buffer // standard output and error; to be read once it has ended
	log    string       // the path of its log
	prints bool         // what it prints is its log
	ended  chan struct{}
}

func (s *script) setup(env *testscript.Env) error {
	s.running = map[string]*process{}
	for i := range 3 {
		port, err := freePort()
		if err != nil {
			return err
		}
		env.Setenv(fmt.Sprintf("PORT%d", i+1), port)
	}
	env.Setenv("MODULE", moduleDir())
	env.Setenv("NGINX_PROGRAM", s.nginx) // nginx itself reads a variable NGINX
	env.Defer(func() {
		for _, p := range s.running {
			p.stop()
			if s.t.Failed() {
				s.t.Logf("%s:\n%s", p.log, readLog(p.log))
			}
		}
	})
	return nil
}

func (s *script) nginxCommand(conf string, flags ...string) *exec.Cmd {
	dir := filepath.Dir(conf)
	args := []string{"-p", dir + "/", "-c", conf, "-e", "error.log", "-g", "daemon off; pid nginx.pid;"}
	cmd := exec.Command(s.nginx, slices.Concat(args, flags)...)
	cmd.Dir = dir
	return cmd
}

// fpmCommand runs PHP-FPM with the php.ini and conf.d beside CONF; without a php.ini
// PHP's own defaults hold.
func (s *script) fpmCommand(conf string, flags ...string) *exec.Cmd {
	dir := filepath.Dir(conf)
	ini := []string{"-n"}
	if _, err := os.Stat(filepath.Join(dir, "php.ini")); err == nil {
		ini = []string{"-c", dir}
	}
	cmd := exec.Command(s.fpm, slices.Concat(ini, []string{"-p", dir, "-y", conf}, flags)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PHP_INI_SCAN_DIR="+filepath.Join(dir, "conf.d"))
	return cmd
}

func (s *script) cmdNginx(ts *testscript.TestScript, neg bool, args []string) {
	conf := oneFile(ts, args)
	pid := filepath.Join(filepath.Dir(conf), "nginx.pid")
	removeOld(ts, pid)
	p := &process{cmd: s.nginxCommand(conf), log: filepath.Join(filepath.Dir(conf), "error.log")}
	// The pid file is written once every listener is bound.
	s.start(ts, neg, conf, p, func() bool { return len(readLog(pid)) > 0 })
}

func (s *script) cmdFPM(ts *testscript.TestScript, neg bool, args []string) {
	conf := oneFile(ts, args)
	p := &process{cmd: s.fpmCommand(conf, "-F"), log: filepath.Join(filepath.Dir(conf), "fpm.log")}
	s.start(ts, neg, conf, p, func() bool {
		return bytes.Contains(readLog(p.log), []byte("ready to handle connections"))
	})
}

// start runs a server and waits until it is ready; with neg, until it has given up.
func (s *script) start(ts *testscript.TestScript, neg bool, conf string, p *process, ready func() bool) {
	if s.running[conf] != nil {
		ts.Fatalf("%s is in use: halt it first", conf)
	}
	removeOld(ts, p.log)
	p.ended = make(chan struct{})
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if p.prints {
		log, err := os.Create(p.log)
		ts.Check(err)
		defer log.Close()
		p.cmd.Stdout, p.cmd.Stderr = log, log
	}
	p.cmd.SysProcAttr = inGroup()
	ts.Check(p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // the status of a server that was told to end means nothing
		close(p.ended)
	}()
	s.running[conf] = p

	up := poll(startLimit, func() bool { return p.hasEnded() || ready() }) && !p.hasEnded()
	if !up {
		p.stop()
		delete(s.running, conf)
		_, err := ts.Stderr().Write(p.output.Bytes())
		ts.Check(err)
	}
	switch {
	case up && neg:
		ts.Fatalf("came up")
	case !up && !neg:
		ts.Fatalf("did not come up:\n%s%s", p.output.Bytes(), readLog(p.log))
	}
}

func (s *script) cmdHalt(ts *testscript.TestScript, neg bool, args []string) {
	conf := oneFile(ts, args)
	p := s.running[conf]
	if neg || p == nil {
		ts.Fatalf("usage: halt CONF, of a server that runs")
	}
	p.stop()
	delete(s.running, conf)
}

// haltIn stops all servers that run below a folder.
func (s *script) haltIn(dir string) {
	for conf, p := range s.running {
		if strings.HasPrefix(conf, dir+string(filepath.Separator)) {
			p.stop()
			delete(s.running, conf)
		}
	}
}

func (s *script) cmdNginxTest(ts *testscript.TestScript, neg bool, args []string) {
	finish(ts, neg, s.nginxCommand(oneFile(ts, args), "-t"))
}

func (s *script) cmdFPMTest(ts *testscript.TestScript, neg bool, args []string) {
	finish(ts, neg, s.fpmCommand(oneFile(ts, args), "-t"))
}

// finish runs a command that ends by itself; what it prints becomes standard error.
func finish(ts *testscript.TestScript, neg bool, cmd *exec.Cmd) {
	out, err := cmd.CombinedOutput()
	_, werr := ts.Stderr().Write(out)
	ts.Check(werr)
	exit := (*exec.ExitError)(nil)
	switch {
	case err != nil && (!errors.As(err, &exit) || !exit.Exited()):
		ts.Fatalf("%v:\n%s", err, out)
	case neg && err == nil:
		ts.Fatalf("accepted:\n%s", out)
	case !neg && err != nil:
		ts.Fatalf("refused:\n%s", out)
	}
}

// stop ends the server and, after a while, all that it has started.
func (p *process) stop() {
	if p.hasEnded() {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails if it has just ended
	select {
	case <-p.ended:
	case <-time.After(stopLimit):
	}
	killGroup(p.cmd.Process.Pid)
	<-p.ended
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// poll reports whether ok held within the limit.
func poll(limit time.Duration, ok func() bool) bool {
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(pollEvery) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// readLog returns what the file holds now; nothing where there is no file.
func readLog(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return text
}

func removeOld(ts *testscript.TestScript, path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		ts.Fatalf("%v", err)
	}
}

// oneFile returns the absolute path of the only argument.
func oneFile(ts *testscript.TestScript, args []string) string {
	if len(args) != 1 {
		ts.Fatalf("usage: one file")
	}
	return ts.MkAbs(args[0])
}
