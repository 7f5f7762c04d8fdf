// Package cli is the command line: flags, commands and exit codes. It is a function
// of its arguments and its environment.
package cli

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/cmd/internal/render"
	"nginx-lint/rules"
	"nginx-lint/testdata"
)

// Env is what a run may know of the process.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	// Dir is the absolute folder that relative paths start from; empty if unknown.
	Dir string
}

// The exit codes. The first of wrong usage, not checked and findings that holds is
// given.
const (
	exitClean    = 0
	exitFindings = 1 // at or above --fail-on
	exitUsage    = 2 // nothing was checked
	exitFailed   = 3 // something that should have been checked could not be
)

// Run runs the program and returns its exit code.
func Run(args []string, env Env) int {
	p := program{env, rules.All(), analyzer.Run, testdata.Example, testdata.Proofs, isTerminal}
	return p.run(args)
}

// A program is the environment and what the commands work with.
type program struct {
	Env
	rules   []*analyzer.Rule
	check   func(analyzer.Options) (*diag.Report, error)
	example func(rule, name string) (*txtar.Archive, bool)
	proofs  func(rule string) []testdata.Proof
	// terminal tells where people read what is written as it comes.
	terminal func(io.Writer) bool
}

// A usageError is a mistake of who called the program.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

func (p *program) run(args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			p.complain(fmt.Sprintf("internal error: %v (please report)", r))
			if p.Getenv("NGINX_LINT_DEBUG") != "" {
				fmt.Fprintf(p.Stderr, "%s", debug.Stack())
			}
			code = exitFailed
		}
	}()
	code, err := p.dispatch(args)
	if err == nil {
		return code
	}
	p.complain(err.Error())
	var usage usageError
	var wrong *analyzer.UsageError
	if errors.As(err, &usage) || errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

func (p *program) dispatch(args []string) (int, error) {
	o, err := parse(args)
	if err != nil {
		return 0, err
	}
	switch o.command {
	case cmdHelp:
		_, err = io.WriteString(p.Stdout, usage(o.flags))
	case cmdVersion:
		_, err = fmt.Fprintln(p.Stdout, versionLine())
	case cmdRules:
		err = p.listRules(o)
	case cmdExplain:
		err = p.explain(o)
	case cmdConfig:
		return p.config(o)
	case cmdCompletion:
		err = p.completion(o)
	default:
		return p.lint(o)
	}
	return exitClean, err
}

// complain writes one line to standard error.
func (p *program) complain(message string) {
	fmt.Fprintf(p.Stderr, "nginx-lint: %s\n", render.Clean(message))
}
