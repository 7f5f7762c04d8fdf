package cli

import (
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
)

// The commands. Checking has no word of its own.
const (
	cmdCheck      = ""
	cmdExplain    = "explain"
	cmdRules      = "rules"
	cmdVersion    = "version"
	cmdConfig     = "config"
	cmdCompletion = "completion"
	cmdHelp       = "help"
)

// A command is what one word means as the first argument.
type command struct {
	name, about string
	operand     string   // what its one argument is called; "" where it takes none
	flags       []string // those that it takes
	words       []word   // one of these may follow it, without flags
}

// A word is one of few that may stand in a place, and what it stands for.
type word struct{ Name, About string }

// commands are in the order of the help text.
var commands = []command{
	{name: cmdExplain, about: "what a rule means, why, examples, what to do, proof", operand: "RULE", flags: []string{"color"}},
	{name: cmdRules, about: "all rules, one a line (also --format json)", flags: []string{"format"}},
	{name: cmdConfig, about: "the settings in force, each with where it comes from", flags: settingFlags, words: []word{
		{configInit, "write a " + settingsName + " that fits this folder"},
		{configSchema, "the JSON Schema of that file, for editors"},
	}},
	{name: cmdCompletion, about: "a script that completes its command line in " + or(shells), operand: "SHELL"},
	{name: cmdVersion, about: "version, commit and Go version"},
	{name: cmdHelp, about: "this text"},
}

// commandNames are the words that are commands.
func commandNames() []string {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.name
	}
	return names
}

// usage is how the command is called.
func (c command) usage() string {
	words := make([]string, len(c.words))
	for i, w := range c.words {
		words[i] = w.Name
	}
	switch {
	case len(words) > 0:
		return c.name + " [" + strings.Join(words, " | ") + "]"
	case c.operand != "":
		return c.name + " " + c.operand
	}
	return c.name
}

// settingFlags are those that say what a setting says.
var settingFlags = []string{
	"config", "no-config", "exclude", "path-map", "nginx-version", "php-version", "nginx-user", "prefix", "only", "skip", "baseline", "fail-on", "color",
}

// The words that flags take; listFormats are the formats of lists.
var (
	formats     = []string{"text", "json", "sarif", "github", "gitlab", "checkstyle", "junit"}
	listFormats = []string{"text", "json"}
	safeties    = []string{fixSafe, fixUnsafe}
	severities  = []string{"info", "warning", "error"}
	colors      = []string{"auto", "always", "never"}
	kinds       = []string{"nginx", "php-fpm"}
)

// options is a command line as it was understood.
type options struct {
	command string
	args    []string // paths, or the arguments of the command
	flags   *pflag.FlagSet

	format, output                    string
	root, prefix, context, kind       string
	nginx, php, nginxUser             string
	config                            string
	baseline, writeBaseline           string
	changedSince                      string
	noConfig                          bool
	stdinName, color                  string
	fix                               string // "", fixSafe or fixUnsafe
	diff                              bool
	mappings, only, skip, exclude     []string
	lowest, failing                   string
	all                               bool
	quiet, verbose, help, showVersion bool

	// What validate makes of them.
	nginxVersion catalog.Version
	phpVersion   catalog.Version
	pathMap      []analyzer.Mapping
	severity     diag.Severity
	failOn       diag.Severity // 0: never
}

func newOptions() *options {
	o := &options{flags: pflag.NewFlagSet("nginx-lint", pflag.ContinueOnError)}
	f := o.flags
	f.SortFlags = false
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.StringVar(&o.fix, "fix", "", "write fixes of `SAFETY` safe, or of unsafe as well, which may change what works")
	f.Lookup("fix").NoOptDefVal = fixSafe
	f.BoolVar(&o.diff, "diff", false, "print the fixes of --fix as a unified diff and write nothing; findings go to standard error")
	f.StringVar(&o.format, "format", "text", "write the report as `FORMAT`: "+or(formats))
	f.StringVar(&o.output, "output", "", "write the report to `FILE`, not to standard output")
	f.StringVar(&o.root, "root", "", "look up absolute paths of the configuration below `DIR`")
	f.StringVar(&o.prefix, "prefix", "", "nginx's configuration prefix is `DIR`, not the folder of its main file")
	f.StringArrayVar(&o.mappings, "path-map", nil, "with `FROM=TO`, read TO where the configuration says FROM (repeatable)")
	f.StringVar(&o.context, "context", "", "a lone fragment stands in `BLOCK`: http | http,server | http,server,location | stream ...")
	f.StringVar(&o.kind, "kind", "", "read the named files as `KIND`: "+or(kinds))
	f.StringVar(&o.nginx, "nginx-version", "", "the `VERSION` of nginx that will run it, such as 1.24.0")
	f.StringVar(&o.php, "php-version", "", "the `VERSION` of PHP that will run it where no path tells it, such as 8.2")
	f.StringVar(&o.nginxUser, "nginx-user", "", "the `USER` that nginx runs as")
	f.StringSliceVar(&o.only, "only", nil, "run only these `RULES`, separated by commas")
	f.StringSliceVar(&o.skip, "skip", nil, "leave out these `RULES`, separated by commas")
	f.StringVar(&o.lowest, "severity", "info", "report findings of `SEVERITY` or above: "+or(severities))
	f.StringVar(&o.failing, "fail-on", "warning", "exit 1 for findings of `SEVERITY` or above: "+or(failLevels))
	f.StringVar(&o.config, "config", "", "the settings are in `FILE`, not in .nginx-lint.yaml here or above")
	f.BoolVar(&o.noConfig, "no-config", false, "no settings file")
	f.StringVar(&o.baseline, "baseline", "", "report only what is not in `FILE`, which --write-baseline made")
	f.StringVar(&o.writeBaseline, "write-baseline", "", "write what is found to `FILE`: a baseline, which is not reported again")
	f.StringVar(&o.changedSince, "changed-since", "", "report only findings with either side in a file that changed since `REV`, for git")
	f.StringArrayVar(&o.exclude, "exclude", nil, "leave out paths that match `GLOB` (repeatable)")
	f.StringVar(&o.stdinName, "stdin-filename", "", "the `NAME` of what is read from standard input: where it is that of a file, its text in an editor")
	f.StringVar(&o.color, "color", "auto", "`WHEN` to colour the text: "+or(colors))
	f.BoolVar(&o.all, "all", false, "show all findings in full on a terminal too, where many are counted")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "only findings")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "also what was read and why, where each target leads, and what could not be resolved")
	f.BoolVarP(&o.help, "help", "h", false, "this text")
	f.BoolVar(&o.showVersion, "version", false, "version, commit and Go version")
	return o
}

// parse reads the command line. Its errors are usageErrors.
func parse(args []string) (*options, error) {
	o := newOptions()
	if err := o.flags.Parse(args); err != nil {
		return nil, usageError(o.wrongFlag(err))
	}
	o.args = o.flags.Args()
	if o.help {
		o.command = cmdHelp
		return o, nil
	}
	if o.showVersion {
		o.command = cmdVersion
		return o, nil
	}
	// A command is the first argument that is no flag, before any "--".
	if len(o.args) > 0 && o.flags.ArgsLenAtDash() != 0 {
		if i := slices.IndexFunc(commands, func(c command) bool { return c.name == o.args[0] }); i >= 0 {
			o.command, o.args = o.args[0], o.args[1:]
			if err := o.fits(commands[i]); err != nil {
				return nil, err
			}
		}
	}
	return o, o.validate()
}

// wrongFlag says what is wrong with a flag; for one that does not exist it suggests another.
func (o *options) wrongFlag(err error) string {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		var known []string
		o.flags.VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
		return err.Error() + didYouMean("--"+unknown.GetSpecifiedName(), known)
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "bool":
		text := fmt.Sprintf("--%s takes no value %q", invalid.GetFlag().Name, invalid.GetValue())
		if invalid.GetFlag().Name == "diff" {
			text += ": --diff --fix=unsafe prints the unsafe fixes as well"
		}
		return text
	}
	return err.Error()
}

// fits reports whether the command takes the arguments and flags that were given.
func (o *options) fits(c command) error {
	takes := 0
	if c.operand != "" {
		takes = 1
	}
	if len(o.args) == 1 && slices.ContainsFunc(c.words, func(w word) bool { return w.Name == o.args[0] }) {
		takes, c.flags = 1, nil
	}
	if len(o.args) != takes {
		return usagef("usage: nginx-lint %s (a file or folder named %q is given as %q)", c.usage(), o.command, "./"+o.command)
	}
	var err error
	o.flags.Visit(func(f *pflag.Flag) {
		if err == nil && !slices.Contains(c.flags, f.Name) {
			err = usagef("%q takes no --%s (a file or folder named %q is given as %q)", o.command, f.Name, o.command, "./"+o.command)
		}
	})
	return err
}

func (o *options) validate() error {
	known := formats
	if o.command != cmdCheck {
		known = listFormats
	}
	if !slices.Contains(known, o.format) {
		return usagef("unknown format %q: use %s%s", o.format, or(known), didYouMean(o.format, known))
	}
	if !slices.Contains(colors, o.color) {
		return usagef("--color %q: use %s", o.color, or(colors))
	}
	if o.kind != "" && !slices.Contains(kinds, o.kind) {
		return usagef("--kind %q: use %s", o.kind, or(kinds))
	}
	var err error
	if o.nginx != "" {
		if o.nginxVersion, err = catalog.ParseVersion(o.nginx); err != nil {
			return usagef("--nginx-version %q is no version such as 1.24.0", o.nginx)
		}
	}
	if o.php != "" {
		if o.phpVersion, err = catalog.ParseVersion(o.php); err != nil {
			return usagef("--php-version %q is no version such as 8.2", o.php)
		}
	}
	for _, pattern := range o.exclude {
		if wrong := badGlob(pattern); wrong != "" {
			return usagef("--exclude %q: %s", pattern, wrong)
		}
	}
	if o.flags.Changed("config") && o.noConfig {
		return usagef("--config and --no-config exclude each other")
	}
	if o.flags.Changed("config") && o.config == "" {
		return usagef("--config names no file")
	}
	for _, name := range []string{"root", "prefix", "output", "baseline", "write-baseline", "changed-since"} {
		if f := o.flags.Lookup(name); f.Changed && f.Value.String() == "" {
			return usagef("--%s is empty", name)
		}
	}
	if o.writeBaseline != "" && (o.changedSince != "" || o.diff) {
		return usagef("--write-baseline takes neither --changed-since nor --diff: it writes all that is found")
	}
	if o.severity, err = diag.ParseSeverity(o.lowest); err != nil {
		return usagef("--severity %v", err)
	}
	if o.failing != "none" {
		if o.failOn, err = diag.ParseSeverity(o.failing); err != nil {
			return usagef("--fail-on %q is no severity: use none, info, warning or error", o.failing)
		}
	}
	if _, ok := analyzer.ParseContext(o.context); o.context != "" && !ok {
		return usagef("--context %q is none of %s", o.context, strings.Join(analyzer.Contexts(), " | "))
	}
	if fix := o.flags.Lookup("fix"); fix.Changed && !slices.Contains(safeties, o.fix) {
		return usagef("--fix=%s: use --fix or --fix=unsafe", o.fix)
	}
	if o.diff && o.format != "text" {
		return usagef("--diff takes no --format but text")
	}
	if o.fix != "" && !o.diff && slices.Contains(o.args, "-") {
		return usagef("--fix cannot write to standard input: --diff prints its fixes")
	}
	if o.output == "-" { // where it goes by itself
		o.output = ""
	}
	if slices.Contains(o.args, "") {
		return usagef("an empty PATH; this folder is %q", ".")
	}
	if o.quiet && o.verbose {
		return usagef("-q and -v exclude each other")
	}
	if o.stdinName != "" && !slices.Contains(o.args, "-") {
		return usagef(`--stdin-filename needs "-" among the paths`)
	}
	for _, m := range o.mappings {
		from, to, ok := strings.Cut(m, "=")
		if !ok || from == "" || to == "" {
			return usagef("--path-map %q is not of the form FROM=TO", m)
		}
		if !path.IsAbs(from) {
			return usagef("--path-map %s: only absolute paths of the configuration are mapped: %s is none", m, from)
		}
		o.pathMap = append(o.pathMap, analyzer.Mapping{From: from, To: filepath.ToSlash(to)})
	}
	return nil
}

// flagWords are the words that a flag takes, where it takes no others.
func flagWords() map[string][]string {
	return map[string][]string{
		"fix": safeties, "format": formats, "context": analyzer.Contexts(), "kind": kinds,
		"severity": severities, "fail-on": failLevels, "color": colors,
	}
}

const usageHead = `nginx-lint reads nginx and PHP-FPM configuration together and says what will fail.

Usage:
  nginx-lint [flags] [PATH ...]   check files and folders; "-" is standard input, also what nginx -T prints
  nginx-lint --fix [PATH ...]     check, and write the safe fixes
  nginx-lint --diff [PATH ...]    check, and print the safe fixes; nothing is written (with --fix=unsafe: the unsafe ones too)
`

const usageMiddle = `
These words are commands only as the first argument: ./rules is always a path.
What holds for a whole repository stands in ` + settingsName + `, here or above; flags win (docs/settings.md).

Flags:
`

// exitMeanings are the exit codes, the first that holds first.
var exitMeanings = []struct {
	code    int
	meaning string
}{
	{exitUsage, "wrong usage or settings: nothing was checked"},
	{exitFailed, "something that should have been checked could not be"},
	{exitFindings, "findings at or above --fail-on"},
	{exitClean, "none"},
}

// usage is the help text.
func usage(flags *pflag.FlagSet) string {
	var b strings.Builder
	b.WriteString(usageHead)
	line := func(call, about string) { fmt.Fprintf(&b, "  nginx-lint %-20s %s\n", call, about) }
	for _, c := range commands {
		line(strings.TrimSpace(c.name+" "+c.operand), c.about)
		for _, w := range c.words {
			line(c.name+" "+w.Name, w.About)
		}
	}
	b.WriteString(usageMiddle + flags.FlagUsages() + "\nExit codes, the first that holds:\n")
	for _, e := range exitMeanings {
		fmt.Fprintf(&b, "  %d  %s\n", e.code, e.meaning)
	}
	return b.String()
}
