package syntax

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
)

// nginxAnswer is what nginx says about one file.
type nginxAnswer struct {
	accepted bool   // all of the file was read
	lexical  bool   // its tokenizer refused it
	message  string // without file and line
	line     int    // 0 where none is given
}

// String is the form in which the answers stand in the table of edge cases.
func (a nginxAnswer) String() string {
	switch {
	case a.accepted:
		return "accepted"
	case a.lexical:
		return strconv.Itoa(a.line) + ": " + a.message
	}
	return "other: " + strconv.Itoa(a.line)
}

// nginxOracle returns a function that asks the real nginx about a text. The
// test is skipped where nginx is absent, unless the environment requires it.
func nginxOracle(t *testing.T) func(text string) nginxAnswer {
	t.Helper()
	program := nginxtest.Program(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "t.conf")
	return func(text string) nginxAnswer {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program, "-t", "-p", dir, "-e", "stderr", "-c", file, "-g", "pid "+dir+"/nginx.pid;")
		out, _ := cmd.CombinedOutput()
		return nginxParseAnswer(t, file, out)
	}
}

var (
	nginxEmerg = regexp.MustCompile(`(?s)\[emerg\] (?:\d+#\d+: )?(.*)`)
	// `unexpected "=" in condition` is not said by the tokenizer.
	nginxLexical = regexp.MustCompile(`(?s)^(?:unexpected ".")$|^unexpected end of file|^too long parameter`)
)

func nginxParseAnswer(t *testing.T, file string, out []byte) nginxAnswer {
	t.Helper()
	m := nginxEmerg.FindSubmatch(out)
	if m == nil {
		if !bytes.Contains(out, []byte("syntax is ok")) {
			t.Fatalf("nginx says %q", out)
		}
		return nginxAnswer{accepted: true}
	}
	// The message may hold line ends of the file.
	message, rest, found := strings.Cut(string(m[1]), " in "+file+":")
	if !found {
		message, _, _ = strings.Cut(message, "\n")
	}
	line, _, _ := strings.Cut(rest, "\n")
	a := nginxAnswer{message: message, lexical: found && nginxLexical.MatchString(message)}
	a.line, _ = strconv.Atoi(line)
	// This one is said after the whole file was read.
	a.accepted = strings.HasPrefix(a.message, `no "events" section`)
	return a
}

// nginxCompare says how the parser's errors contradict nginx's answer; "" where they do not.
func nginxCompare(text string, want nginxAnswer) string {
	tree := Parse(source.NewFile("t.conf", text))
	var first *Error
	for i, e := range tree.Errors {
		if e.Limit {
			continue
		}
		if e.First != (first == nil) {
			return "the first error, and no other, must be First"
		}
		if first == nil {
			first = &tree.Errors[i]
		}
	}
	got := "accepted"
	if first != nil {
		got = strconv.Itoa(first.Line) + ": " + first.Message
	}
	switch {
	case want.accepted || want.lexical:
		if got != want.String() {
			return "got " + got
		}
	case first != nil && first.Line < want.line:
		return "got " + got
	}
	return ""
}
