package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/cmd/internal/cli"
)

const top = "../../.."

// TestDocs runs the commands of docs/*.md and the README, and compares what they
// print with what the pages show.
//
// A block `console` is a session of sh that starts at the top of a copy of the
// repository's examples: what stands behind `$ ` is run, with \ at the end of a line
// also what follows, and the lines below are what it prints on both outputs. A block
// of any other language with a name behind it, as in `yaml compose.yaml`, is a file
// of that name and that text, which is written there first. What one block of a page
// writes, the next ones find.
func TestDocs(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the pages use GNU's sed")
	}
	pages, err := filepath.Glob(top + "/docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, name := range append(pages, top+"/README.md") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS(top+"/examples")); err != nil {
				t.Fatal(err)
			}
			want := replay(t, dir, string(text))
			if *update {
				if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(text), "\n")); diff != "" {
				t.Errorf("an output is stale, `make update` writes it:\n%s", diff)
			}
		})
	}
}

// fence matches the blocks of a page.
var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

// replay is a page with the outputs that its commands have now.
func replay(t *testing.T, dir, page string) string {
	t.Helper()
	return fence.ReplaceAllStringFunc(page, func(block string) string {
		m := fence.FindStringSubmatch(block)
		language, name, _ := strings.Cut(m[1], " ")
		switch {
		case language == "console":
			return "```console\n" + session(t, dir, m[2]) + "```"
		case name != "":
			file := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(m[2]), 0o644); err != nil {
				t.Fatal(err)
			}
		case strings.Contains("\n"+m[2], "\n$ "):
			t.Errorf("these commands are not run, for the block is no `console`:\n%s", m[2])
		}
		return block
	})
}

// notFound matches what a shell says of a command that is not there.
var notFound = regexp.MustCompile(`(?m)^sh: .*not found$`)

// session runs the commands of a block in one shell, in which each of them leaves
// its folder and its exit code for the next.
func session(t *testing.T, dir, text string) string {
	t.Helper()
	var commands []string
	open := false
	for line := range strings.Lines(text) {
		command, ok := strings.CutPrefix(line, "$ ")
		switch {
		case open:
			commands[len(commands)-1] += line
			open = strings.HasSuffix(line, "\\\n")
		case ok:
			commands = append(commands, command)
			open = strings.HasSuffix(line, "\\\n")
		case len(commands) == 0:
			t.Fatalf("output before the first command: %s", line)
		}
	}
	if len(commands) == 0 {
		t.Fatal("a session without a command")
	}
	const end = "\nlast=$?; printf '\\000'; (exit $last)\n" // no program prints the byte
	sh := exec.Command("sh", "-c", strings.Join(commands, end)+end+"exit 0\n")
	sh.Dir = dir
	sh.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C", "TMPDIR=" + os.TempDir()}
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	outputs := bytes.Split(out, []byte{0})
	if len(outputs) != len(commands)+1 {
		t.Fatalf("%d commands, and the outputs of %d: %s", len(commands), len(outputs)-1, out)
	}
	var b strings.Builder
	for i, command := range commands {
		if notFound.Match(outputs[i]) {
			t.Errorf("%s%s", command, outputs[i])
		}
		b.WriteString("$ " + command)
		b.Write(outputs[i])
	}
	return b.String()
}

// TestCalls runs every call of the program that a page names in a plain block or
// within a sentence, with the shop's tree in the place of the system's own: none is
// wrong usage.
func TestCalls(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`(?m)^(?:nginx -T \| |go run \./cmd/)?nginx-lint(| .*?)(?:  .*)?$`)
	inline := regexp.MustCompile("`(?:nginx -T \\| )?nginx-lint(| [^`\n]*)`")
	pages, err := filepath.Glob(top + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]bool{}
	for _, name := range append(pages, top+"/README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
			if block[1] != "" {
				continue
			}
			for _, m := range line.FindAllStringSubmatch(block[2], -1) {
				calls[m[1]] = true
			}
		}
		for _, m := range inline.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
			calls[m[1]] = true
		}
	}
	stand := strings.NewReplacer("/etc/nginx", "etc/nginx", "examples/shop", ".", "RULE", "timeout-race", "ID", "timeout-race")
	for call := range calls {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(top+"/examples/shop")); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		t.Log("nginx-lint" + call)
		code := cli.Run(strings.Fields(stand.Replace(call)), cli.Env{
			Stdin: strings.NewReader("events {}\n"), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Dir: dir,
		})
		if code != 0 && code != 1 {
			t.Errorf("nginx-lint%s: exit code %d: %s", call, code, &errs)
		}
	}
	if len(calls) < 10 {
		t.Errorf("only %d calls were found", len(calls))
	}
}
