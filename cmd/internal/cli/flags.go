package cli

import (
	"errors"
	"fmt"
	"io"
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
	cmdCheck   = ""
	cmdExplain = "explain"
	cmdRules   = "rules"
	cmdVersion = "version"
	cmdConfig  = "config"
	cmdHelp    = "help"
)

// A command is what one word means as the first argument.
type command struct {
	usage string
	flags []string // those that it takes
	args  int      // how many arguments it takes
	words []string // one of these may follow it, without flags
}

var commands = map[string]command{
	cmdExplain: {"explain RULE", []string{"color"}, 1, nil},
	cmdRules:   {"rules", []string{"format"}, 0, nil},
	cmdConfig:  {"config [init | schema]", settingFlags, 0, []string{configInit, configSchema}},
	cmdVersion: {"version", nil, 0, nil},
	cmdHelp:    {"help", nil, 0, nil},
}

// settingFlags are those that say what a setting says.
var settingFlags = []string{
	"config", "no-config", "exclude", "path-map", "nginx-version", "php-version", "nginx-user", "prefix", "only", "skip", "baseline", "fail-on", "color",
}

// formats are the values of --format; listFormats those that commands take.
var (
	formats     = []string{"text", "json", "sarif", "github", "gitlab", "checkstyle", "junit"}
	listFormats = []string{"text", "json"}
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
	f.StringVar(&o.output, "output", "", "write the report to `FILE`")
	f.StringVar(&o.root, "root", "", "look up absolute paths of the configuration below `DIR`")
	f.StringVar(&o.prefix, "prefix", "", "nginx's configuration prefix is `DIR`, not the folder of its main file")
	f.StringArrayVar(&o.mappings, "path-map", nil, "with `FROM=TO`, read TO where the configuration says FROM (repeatable)")
	f.StringVar(&o.context, "context", "", "a lone fragment stands in `BLOCK`: http | http,server | http,server,location | stream ...")
	f.StringVar(&o.kind, "kind", "", "read the named files as `KIND`: nginx or php-fpm")
	f.StringVar(&o.nginx, "nginx-version", "", "the `VERSION` of nginx that will run it, such as 1.24.0")
	f.StringVar(&o.php, "php-version", "", "the `VERSION` of PHP that will run it where no path tells it, such as 8.2")
	f.StringVar(&o.nginxUser, "nginx-user", "", "the `USER` that nginx runs as")
	f.StringSliceVar(&o.only, "only", nil, "run only these `RULES`, separated by commas")
	f.StringSliceVar(&o.skip, "skip", nil, "leave out these `RULES`, separated by commas")
	f.StringVar(&o.lowest, "severity", "info", "report findings of `SEVERITY` or above: info, warning or error")
	f.StringVar(&o.failing, "fail-on", "warning", "exit 1 for findings of `SEVERITY` or above: none, info, warning or error")
	f.StringVar(&o.config, "config", "", "the settings are in `FILE`, not in .nginx-lint.yaml here or above")
	f.BoolVar(&o.noConfig, "no-config", false, "no settings file")
	f.StringVar(&o.baseline, "baseline", "", "report only what is not in `FILE`, which --write-baseline made")
	f.StringVar(&o.writeBaseline, "write-baseline", "", "write what is found to `FILE`: a baseline, which is not reported again")
	f.StringVar(&o.changedSince, "changed-since", "", "report only findings with either side in a file that changed since `REV`, for git")
	f.StringArrayVar(&o.exclude, "exclude", nil, "leave out paths that match `GLOB` (repeatable)")
	f.StringVar(&o.stdinName, "stdin-filename", "", "the `NAME` of what is read from standard input")
	f.StringVar(&o.color, "color", "auto", "`WHEN` to colour the text: auto, always or never")
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
		if c, ok := commands[o.args[0]]; ok {
			o.command, o.args = o.args[0], o.args[1:]
			if err := o.fits(c); err != nil {
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
	if len(o.args) == 1 && slices.Contains(c.words, o.args[0]) {
		c.args, c.flags = 1, nil
	}
	if len(o.args) != c.args {
		return usagef("usage: nginx-lint %s (a file or folder named %q is given as %q)", c.usage, o.command, "./"+o.command)
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
	if !slices.Contains([]string{"auto", "always", "never"}, o.color) {
		return usagef("--color %q: use auto, always or never", o.color)
	}
	if !slices.Contains([]string{"", "nginx", "php-fpm"}, o.kind) {
		return usagef("--kind %q: use nginx or php-fpm", o.kind)
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
	for _, name := range []string{"baseline", "write-baseline", "changed-since"} {
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
	if fix := o.flags.Lookup("fix"); fix.Changed && o.fix != fixSafe && o.fix != fixUnsafe {
		return usagef("--fix=%s: use --fix or --fix=unsafe", o.fix)
	}
	if o.diff && o.format != "text" {
		return usagef("--diff takes no --format but text")
	}
	if o.fix != "" && !o.diff && slices.Contains(o.args, "-") {
		return usagef("--fix cannot write to standard input: --diff prints its fixes")
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
		o.pathMap = append(o.pathMap, analyzer.Mapping{From: from, To: filepath.ToSlash(to)})
	}
	return nil
}

const usageHead = `nginx-lint reads nginx and PHP-FPM configuration together and says what will fail.

Usage:
  nginx-lint [flags] [PATH ...]   check files and folders; "-" is standard input, also what nginx -T prints
  nginx-lint --fix [PATH ...]     check, and write the safe fixes
  nginx-lint --diff [PATH ...]    check, and print the safe fixes; nothing is written (with --fix=unsafe: the unsafe ones too)
  nginx-lint explain RULE         what a rule means, why, examples, what to do
  nginx-lint rules                all rules, one a line (also --format json)
  nginx-lint config               the settings in force, each with where it comes from
  nginx-lint config init          write a .nginx-lint.yaml that fits this folder
  nginx-lint config schema        the JSON Schema of that file, for editors
  nginx-lint version              version, commit and Go version
  nginx-lint help                 this text

These words are commands only as the first argument: ./rules is always a path.
What holds for a whole repository stands in .nginx-lint.yaml, here or above; flags win (docs/settings.md).

Flags:
`

const usageTail = `
Exit codes, the first that holds:
  2  wrong usage or settings: nothing was checked
  3  something that should have been checked could not be
  1  findings at or above --fail-on
  0  none
`

// usage is the help text.
func usage(flags *pflag.FlagSet) string {
	return fmt.Sprint(usageHead, flags.FlagUsages(), usageTail)
}
