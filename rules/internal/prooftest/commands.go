package prooftest

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

const (
	answerLimit = 30 * time.Second // for an answer to a request
	logLimit    = 5 * time.Second  // for a line to appear in a log
)

// getRounds is how often -until may repeat the requests.
const getRounds = 4

// cmdGet sends one request, and prints the status, the header and the body, or
// many at a steady pace, and prints the status of each. With -until it repeats
// them until each of these statuses was seen: for claims of what may happen.
func (s *script) cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	flags := flag.NewFlagSet("get", flag.ContinueOnError)
	flags.SetOutput(ts.Stderr())
	n := flags.Int("n", 1, "how many requests")
	every := flags.Duration("every", 0, "pause between their starts")
	method := flags.String("method", http.MethodGet, "what to ask with")
	until := flags.String("until", "", "repeat until these statuses were seen")
	form := flags.Int("form", 0, "bytes of the form to send")
	if err := flags.Parse(args); err != nil || neg || flags.NArg() != 2 || *n < 1 {
		ts.Fatalf("usage: get [-n N] [-every D] [-method M] [-form N] [-until STATUS,...] SOCKET|HOST:PORT PATH")
	}
	client := clientOf(ts, flags.Arg(0))
	defer client.CloseIdleConnections()

	var out strings.Builder
	for range getRounds {
		out.WriteString(requests(client, request{*method, flags.Arg(1), *form}, *n, *every))
		missing := slices.ContainsFunc(strings.Split(*until, ","), func(status string) bool {
			return !strings.Contains(out.String(), "status: "+status)
		})
		if !missing {
			break
		}
	}
	_, err := io.WriteString(ts.Stdout(), out.String())
	ts.Check(err)
}

// A request is what get sends: with form, a form of so many bytes.
type request struct {
	method, path string
	form         int
}

func (r request) build() (*http.Request, error) {
	url := "http://localhost" + r.path
	if r.form == 0 {
		return http.NewRequest(r.method, url, http.NoBody)
	}
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader("x="+strings.Repeat("a", max(r.form-2, 0))))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}

// requests sends n requests and returns the answers in the order of the requests.
func requests(client *http.Client, what request, n int, every time.Duration) string {
	answers := make([]string, n)
	var wait sync.WaitGroup
	for i := range answers {
		if i > 0 {
			time.Sleep(every)
		}
		wait.Go(func() { answers[i] = answer(client, what, n == 1) })
	}
	wait.Wait()
	return strings.Join(answers, "")
}

// clientOf returns a client that sends every request to the target.
func clientOf(ts *testscript.TestScript, target string) *http.Client {
	network, address := endpoint(ts, target)
	return &http.Client{
		Timeout: answerLimit,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// endpoint is a target as package net takes it.
func endpoint(ts *testscript.TestScript, target string) (network, address string) {
	if _, _, err := net.SplitHostPort(target); err != nil {
		return "unix", ts.MkAbs(target)
	}
	return "tcp", target
}

// answer sends one request and describes what came of it.
func answer(client *http.Client, what request, whole bool) string {
	req, err := what.build()
	if err != nil {
		return fmt.Sprintf("status: none: %v\n", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Sprintf("status: none: %v\n", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var b strings.Builder
	fmt.Fprintf(&b, "status: %d\n", resp.StatusCode)
	if whole {
		_ = resp.Header.Write(&b) // a strings.Builder takes all
		fmt.Fprintf(&b, "\n%s\n", body)
	}
	if err != nil {
		fmt.Fprintf(&b, "cut off: %v\n", err)
	}
	return b.String()
}

// cmdReply is a backend for the protocols that none of the servers speaks: it
// answers each connection, once something was received, with what a file holds.
// With -race, over HTTP, it closes the connection as the next request arrives.
func (s *script) cmdReply(ts *testscript.TestScript, neg bool, args []string) {
	race := len(args) == 3 && args[0] == "-race"
	if race {
		args = args[1:]
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: reply [-race] SOCKET|HOST:PORT FILE")
	}
	network, address := endpoint(ts, args[0])
	text := ts.ReadFile(args[1])
	l, err := new(net.ListenConfig).Listen(context.Background(), network, address)
	ts.Check(err)
	if network == "unix" {
		ts.Check(os.Chmod(address, 0o777)) // nginx's workers are another user
	}
	ts.Defer(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if race {
					answerOnce(c, text)
					return
				}
				_, err := c.Read(make([]byte, 1))
				if err == nil {
					_, err = io.WriteString(c, text)
				}
				if err == nil {
					_, _ = io.Copy(io.Discard, c) // until nginx has enough
				}
			}()
		}
	}()
}

// answerOnce answers an HTTP request, all of which it reads before, and waits for
// the next one to begin.
func answerOnce(c net.Conn, text string) {
	in := bufio.NewReader(c)
	req, err := http.ReadRequest(in)
	if err == nil {
		_, err = io.Copy(io.Discard, req.Body)
	}
	if err == nil {
		_, err = io.WriteString(c, text)
	}
	if err == nil {
		_, _ = in.ReadByte()
	}
}

func (s *script) cmdLogHas(ts *testscript.TestScript, neg bool, args []string) {
	path, re := logArgs(ts, neg, args)
	if !poll(logLimit, func() bool { return re.Match(readLog(path)) }) {
		ts.Fatalf("no line matches %s:\n%s", re, readLog(path))
	}
}

func (s *script) cmdLogLacks(ts *testscript.TestScript, neg bool, args []string) {
	path, re := logArgs(ts, neg, args)
	if line := re.Find(readLog(path)); line != nil {
		ts.Fatalf("unexpected line: %s", line)
	}
}

func logArgs(ts *testscript.TestScript, neg bool, args []string) (path string, re *regexp.Regexp) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: log-has FILE REGEXP, log-lacks FILE REGEXP")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	return ts.MkAbs(args[0]), re
}

// cmdSubst is for the claims that need a port or an absolute path. Only the
// names that are its own are replaced: nginx has variables of the same form.
func (s *script) cmdSubst(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: subst FILE...")
	}
	var pairs []string
	for _, name := range []string{"WORK", "PORT1", "PORT2", "PORT3"} {
		pairs = append(pairs, "$"+name, ts.Getenv(name))
	}
	values := strings.NewReplacer(pairs...)
	for _, arg := range args {
		text := values.Replace(ts.ReadFile(arg))
		ts.Check(os.WriteFile(ts.MkAbs(arg), []byte(text), 0o600))
	}
}

func (s *script) cmdNeed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || args[0] != "root" {
		ts.Fatalf("usage: need root")
	}
	if os.Geteuid() != 0 {
		unable(s.t, "this proof needs root")
	}
}

func (s *script) cmdLint(ts *testscript.TestScript, neg bool, args []string) {
	want := 0
	if neg {
		want = 1
	}
	s.lint(ts, want, args...)
}

// lint runs the linter, which has to end with this status.
func (s *script) lint(ts *testscript.TestScript, want int, args ...string) {
	if s.linterErr != nil {
		ts.Fatalf("the linter does not build: %v", s.linterErr)
	}
	got := 0
	err := ts.Exec(s.linter, args...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, not %d", got, want)
	}
}

// cmdFix halts what runs in a folder, and writes there the fixes of the script's
// rule: files change, nothing is found any more, and a second run changes
// nothing. With neg, findings are left that have no such fix; with -unsafe, the
// safe fixes alone change nothing.
func (s *script) cmdFix(ts *testscript.TestScript, neg bool, args []string) {
	unsafe := len(args) == 2 && args[0] == "-unsafe"
	if unsafe {
		args = args[1:]
	}
	if len(args) != 1 {
		ts.Fatalf("usage: fix [-unsafe] DIR")
	}
	dir := ts.MkAbs(args[0])
	s.haltIn(dir)
	left := 0
	if neg {
		left = 1
	}
	run := func(safety string, want int) (changed bool) {
		before := texts(ts, dir)
		s.lint(ts, want, "--only", s.rule, "--fail-on", "info", "--fix="+safety, args[0])
		if complaint := ts.ReadFile("stderr"); strings.Contains(complaint, "please report") {
			ts.Fatalf("a fix is refused: %s", complaint)
		}
		return !maps.Equal(before, texts(ts, dir))
	}
	safety := "safe"
	if unsafe {
		safety = "unsafe"
		if run("safe", 1) {
			ts.Fatalf("safe fixes change %s", args[0])
		}
	}
	if !run(safety, left) {
		ts.Fatalf("no fix changes %s", args[0])
	}
	if run(safety, left) {
		ts.Fatalf("a second run changes %s", args[0])
	}
}

// texts are the regular files below a folder.
func texts(ts *testscript.TestScript, dir string) map[string]string {
	found := map[string]string{}
	ts.Check(filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	}))
	return found
}

func hasIPv6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// lastPort counts through ports below those that the system hands out by
// itself, so that no two scripts are given the same.
var lastPort atomic.Int32

// freePort returns a TCP port that is free in both address families.
func freePort() (string, error) {
	const first, count = 20000, 10000
	lastPort.CompareAndSwap(0, int32(os.Getpid()%count))
	for range 100 {
		port := strconv.Itoa(first + int(lastPort.Add(1))%count)
		l, err := net.Listen("tcp", ":"+port)
		if err == nil {
			return port, l.Close()
		}
	}
	return "", errors.New("no free port")
}
