package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"nginx-lint/rules"
)

// A lineReader is a real shell that reads keys: it completes lines with all that
// fits, and writes the words of each to a file, each line of them behind "==".
type lineReader struct {
	args []string
	// script runs in the shell, with the completion in $SCRIPT and the lines on
	// standard input.
	script string
}

var lineReaders = map[string]lineReader{
	// The keys go to readline: ESC * puts all completions into the line, ^A and ^E
	// go to its ends.
	"bash": {[]string{"bash", "--norc", "--noprofile", "-c"}, `
keys() {
    echo 'source "$SCRIPT"'
    while IFS= read -r line; do
        printf '%s\033*\001printf "%%s\\n" == \005 >>"$OUT"\n' "$line"
    done
}
INPUTRC=/dev/null HISTFILE= bash --norc --noprofile -i < <(keys)
`},
	// The line editor of zsh wants a terminal: a shell in another one.
	"zsh": {[]string{"zsh", "-f", "-c"}, `
zmodload zsh/zpty zsh/datetime
zpty -b shell 'zsh -f -i'
integer lines=0
typed() {
    zpty -w -n shell "$1"$'\n'
    ((lines++))
    float end=$((EPOCHREALTIME + 60))
    while [[ ! -e $OUT || $(grep -c '^done$' $OUT) -lt $lines ]]; do
        while zpty -r -t shell drain; do :; done
        sleep 0.01
        ((EPOCHREALTIME < end)) || { print -u2 "no answer to: $1"; exit 1 }
    done
}
typed 'PS1= TERM=dumb; autoload -Uz compinit && compinit -u -D; source $SCRIPT
zle -C all-matches complete-word _generic; bindkey "^Xa" all-matches
zstyle ":completion:all-matches:*" completer _all_matches _complete
zstyle ":completion:all-matches:*" insert true; print done >>$OUT'
while IFS= read -r line; do
    typed "$line"$'\CXa\CA'"print -rl -- '==' "$'\CE'" >>\$OUT; print done >>\$OUT"
done
zpty -d shell
`},
	// fish itself tells what it would offer.
	"fish": {[]string{"fish", "--no-config", "-c"}, `
source $SCRIPT
while read -l line
    begin
        printf '%s\n' == (string match -r -a -- '\S+' (string replace -r -- '\S*$' '' $line))
        complete -C"$line" | string replace -r -- '\t.*' ''
    end >>$OUT
end
true
`},
}

// TestCompletionInShells completes lines in the real shells.
func TestCompletionInShells(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, r := range rules.All() {
		ids = append(ids, r.ID)
	}
	beginning := func(start string, all []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !strings.HasPrefix(s, start) })
	}
	var long []string
	newOptions().flags.VisitAll(func(f *pflag.Flag) { long = append(long, "--"+f.Name) })
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	files := []string{"rules.d", "shop.conf", "sites", "two words.conf"}
	folders := []string{"rules.d", "sites"}

	cases := []struct {
		line string
		want []string
	}{
		{"nginx-lint ", slices.Concat(names, files)},
		{"nginx-lint ex", []string{"explain"}},
		{"nginx-lint ru", []string{"rules", "rules.d"}},
		{"nginx-lint sh", []string{"shop.conf"}},
		{"nginx-lint t", []string{"two words.conf"}},
		{"nginx-lint shop.conf ru", []string{"rules.d"}},
		{"nginx-lint -- ru", []string{"rules.d"}},
		{"nginx-lint --", long},
		{"nginx-lint shop.conf --w", []string{"--write-baseline"}},
		{"nginx-lint --for", []string{"--format"}},
		{"nginx-lint --format ", formats},
		{"nginx-lint --format s", []string{"sarif"}},
		{"nginx-lint --format=j", []string{"json", "junit"}},
		{"nginx-lint --format=", formats},
		{"nginx-lint --format json ru", []string{"rules", "rules.d"}},
		{"nginx-lint --format=json ru", []string{"rules", "rules.d"}},
		{"nginx-lint --fix=", safeties},
		{"nginx-lint --fix ru", []string{"rules", "rules.d"}},
		{"nginx-lint --fail-on ", failLevels},
		{"nginx-lint --severity ", severities},
		{"nginx-lint --color a", []string{"always", "auto"}},
		{"nginx-lint --kind ", kinds},
		{"nginx-lint --context http,", []string{"http,server", "http,server,location", "http,upstream"}},
		{"nginx-lint --only timeout-", beginning("timeout-", ids)},
		{"nginx-lint --only=syntax,timeout-n", []string{"syntax,timeout-next-upstream", "syntax,timeout-nginx-gives-up-first"}},
		{"nginx-lint --skip syntax,broken-link,target-no-l", []string{"syntax,broken-link,target-no-listener"}},
		{"nginx-lint --config s", []string{"shop.conf", "sites"}},
		{"nginx-lint --root ", folders},
		{"nginx-lint --prefix s", []string{"sites"}},
		{"nginx-lint --path-map /etc=s", []string{"shop.conf", "sites"}},
		{"nginx-lint --nginx-version ", nil},
		{"nginx-lint --nginx-user roo", []string{"root"}},
		{"nginx-lint --changed-since old", []string{"old-release"}},
		{"nginx-lint explain ", ids},
		{"nginx-lint explain target-no-l", []string{"target-no-listener"}},
		{"nginx-lint explain --", []string{"--color", "--help"}},
		{"nginx-lint rules --", []string{"--format", "--help"}},
		{"nginx-lint rules --format ", listFormats},
		{"nginx-lint config ", []string{configInit, configSchema}},
		{"nginx-lint config --no", []string{"--no-config"}},
		{"nginx-lint completion ", shells},
		{"nginx-lint version s", nil},
	}
	var lines strings.Builder
	for _, c := range cases {
		fmt.Fprintln(&lines, c.line)
	}
	for shell, reader := range lineReaders {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			for _, program := range []string{shell, "git"} {
				if _, err := exec.LookPath(program); err != nil {
					if os.Getenv("NGINX_LINT_PROOF") == "require" {
						t.Fatal(err)
					}
					t.Skip(program + " is not installed; `make setup` does so")
				}
			}
			dir, own := t.TempDir(), t.TempDir()
			for _, name := range []string{"sites", "rules.d"} {
				if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"shop.conf", "two words.conf"} {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			env := append(os.Environ(), "GIT_DIR="+filepath.Join(own, "git"), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "HOME="+own,
				"OUT="+filepath.Join(own, "out"), "SCRIPT="+filepath.Join(own, "script"), "LC_ALL=C.UTF-8",
				"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
			run := func(stdin string, args ...string) string {
				cmd := exec.Command(args[0], args[1:]...)
				cmd.Dir, cmd.Env, cmd.Stdin = dir, env, strings.NewReader(stdin)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				return strings.TrimSpace(string(out))
			}
			run("", "git", "init", "-q", "--bare", filepath.Join(own, "git"))
			tree := run("", "git", "write-tree")
			run("", "git", "tag", "old-release", run("", "git", "commit-tree", "-m", "old", tree))

			if err := os.WriteFile(filepath.Join(own, "script"), []byte(completionOf(t, shell)), 0o644); err != nil {
				t.Fatal(err)
			}
			run(lines.String(), append(reader.args, reader.script)...)
			text, err := os.ReadFile(filepath.Join(own, "out"))
			if err != nil {
				t.Fatal(err)
			}
			answers := strings.Split(strings.ReplaceAll(string(text), "done\n", ""), "==\n")[1:]
			if len(answers) != len(cases) {
				t.Fatalf("%d answers to %d lines:\n%s", len(answers), len(cases), text)
			}
			for i, c := range cases {
				if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), offered(c.line, answers[i])); diff != "" {
					t.Errorf("%s: -want +offered\n%s", c.line, diff)
				}
			}
		})
	}
}

// offered are the words of a completed line that complete its last one, without what
// stands before the last "=" of it, and without the slash behind a folder.
func offered(line, answer string) []string {
	before := line[:strings.LastIndexByte(line, ' ')+1]
	last := line[len(before):]
	stem := last[:strings.LastIndexByte(last, '=')+1]
	words := strings.Split(answer, "\n")
	words = words[len(strings.Fields(before)) : len(words)-1]
	if len(words) == 1 && words[0] == last {
		return nil // nothing was put in
	}
	var all []string
	for _, w := range words {
		w = strings.TrimSuffix(strings.TrimPrefix(w, stem), "/")
		if len(w) != 2 || w[0] != '-' { // short flags are offered by some shells only
			all = append(all, strings.TrimSuffix(w, "=")) // fish offers --fix and --fix=
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func completionOf(t *testing.T, shell string) string {
	t.Helper()
	var r run
	p := program{Env: Env{Stdout: &r.out, Stderr: &r.log}, rules: rules.All()}
	if code := p.run([]string{cmdCompletion, shell}); code != exitClean || r.log.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, &r.log)
	}
	return r.out.String()
}

// TestEveryValueIsCompleted holds each flag's value to be known to completion.
func TestEveryValueIsCompleted(t *testing.T) {
	t.Parallel()
	words := flagWords()
	newOptions().flags.VisitAll(func(f *pflag.Flag) {
		name, _ := pflag.UnquoteUsage(f)
		_, known := sources[name]
		if takes := f.NoOptDefVal == "" || f.NoOptDefVal != "true"; takes && !known && words[f.Name] == nil {
			t.Errorf("--%s: no completion for %s", f.Name, name)
		}
		delete(words, f.Name)
	})
	if len(words) > 0 {
		t.Errorf("words for flags that do not exist: %v", words)
	}
}
