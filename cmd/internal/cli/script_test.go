package cli_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"

	"nginx-lint/cmd/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"nginx-lint": func() {
			dir, _ := os.Getwd()
			os.Exit(cli.Run(os.Args[1:], cli.Env{
				Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Dir: dir,
			}))
		},
	})
}

// TestScripts runs the program as its users do. Besides testscript's own commands
// there is `exits CODE PROGRAM [ARG ...]`: run a program that must end with that code;
// `ci-steps`: write what the action and the job for GitLab run to action.sh and gitlab.sh;
// and the condition [root].
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "../../../testdata/cli",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "ci-steps": ciSteps},
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return os.Geteuid() == 0, nil
		},
	})
}

// ciSteps is the command ci-steps.
func ciSteps(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: ci-steps")
	}
	var action struct {
		Runs struct {
			Steps []struct{ ID, Run string }
		}
	}
	var jobs map[string]struct{ Script []string }
	for name, to := range map[string]any{"action.yml": &action, "docs/gitlab-ci.yml": &jobs} {
		text, err := os.ReadFile("../../../" + name)
		ts.Check(err)
		ts.Check(yaml.Unmarshal(text, to))
	}
	for _, step := range action.Runs.Steps {
		if step.ID == "lint" {
			ts.Check(os.WriteFile(ts.MkAbs("action.sh"), []byte(step.Run), 0o644))
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs("gitlab.sh"), []byte(strings.Join(jobs["nginx-lint"].Script, "\n")), 0o644))
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG ...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
