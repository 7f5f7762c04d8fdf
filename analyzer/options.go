package analyzer

import (
	"slices"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// Options say what to check and how.
type Options struct {
	FS source.FS
	// Dir is the absolute folder that relative paths are below; it may be empty
	// where paths are all that is known (tests, texts in memory).
	Dir string
	// Paths are files and folders; with none the driver looks for configuration itself.
	Paths []string
	// Root is the folder below which absolute paths of the configuration lie.
	Root string
	// Prefix is nginx's configuration prefix, where it is not the main file's folder.
	Prefix string
	// PathMap says where to read what the configuration names.
	PathMap []Mapping
	// Context is the block that lone fragments stand in, like "http,server"; "" to infer it.
	Context string
	// Kind overrides what named files are: "nginx" or "php-fpm"; "" to tell it from content and name.
	Kind string
	// NginxVersion is the nginx that will run the configuration; zero is unknown.
	NginxVersion catalog.Version
	// Directives are those that modules bring which the catalogue does not know:
	// name, contexts and, where it is known, the number of arguments.
	Directives []catalog.Directive
	// OtherModules is set where nginx has modules that the catalogue does not know,
	// and Directives need not be all of theirs.
	OtherModules bool
	// PHPVersion is the PHP of the masters whose path tells none; zero is unknown.
	PHPVersion catalog.Version
	// NginxUser is the user that nginx's workers run as where no `user` directive says so.
	NginxUser string
	// Exclude are glob patterns of paths to leave out; `**` stands for any folders.
	// An absolute one is compared with the absolute form of a path.
	Exclude []string
	// Scopes say what runs together where folders do not tell it. A file in two of
	// them belongs to the one that names it more closely.
	Scopes []DeclaredScope
	// Listeners are those that are in no file that is read.
	Listeners []DeclaredListener
	// Stdin is standard input, where "-" is among the paths.
	Stdin *source.File
	// Dump is what `nginx -T` printed, where that is all there is to check: FS, Paths
	// and what says where files lie are of no use then.
	Dump *source.Dump
	// Rules are the rules to run; those of reading itself are always run.
	Rules []*Rule
	// Asked are the ids of the rules that were asked for by name.
	Asked []string
	// Known are the ids of all rules there are, for comments that name them.
	Known []string
	// Levels are the severities that findings get in place of their own, by rule;
	// at OffLevel they are not reported but where an override says so.
	Levels map[string]diag.Severity
	// Overrides say what holds in some paths in place of Levels; of several the last.
	Overrides []Override
	// RuleOptions are the values of options that differ from their defaults, by rule and name.
	RuleOptions map[string]map[string]float64
	// Accounts asks for where each target leads.
	Accounts bool
}

// A DeclaredScope says that files run together on one host.
type DeclaredScope struct {
	Name string
	// Root is the folder that stands for `/`; "" to tell it from the files' paths.
	Root string
	// Nginx and PHPFPM are main files, or folders with such; where there are none
	// for a side, what lies below Root is of the scope.
	Nginx, PHPFPM []string
	// Closed says that nothing listens on the host but what is read or declared.
	Closed bool
}

// A DeclaredListener is one that the caller knows of.
type DeclaredListener struct {
	stack.Listener
	// Scope is the name of one of the given scopes; "" for every scope there is.
	Scope string
}

// A Mapping says that what the configuration calls From is read at To.
type Mapping struct{ From, To string }

// A UsageError says that nothing was checked, and why: exit code 2.
type UsageError struct{ Msg string }

// Error implements error.
func (e *UsageError) Error() string { return e.Msg }

// contextNames are the values of --context.
var contextNames = map[string]catalog.Context{
	"main": catalog.Main, "http": catalog.HTTP, "http,server": catalog.Server, "http,server,location": catalog.Location,
	"http,upstream": catalog.Upstream, "stream": catalog.Stream, "stream,server": catalog.StreamServer,
	"stream,upstream": catalog.StreamUpstream, "events": catalog.Events, "mail": catalog.Mail, "mail,server": catalog.MailServer,
}

// ParseContext reads a value of --context, like "http,server,location".
func ParseContext(s string) (catalog.Context, bool) {
	c, ok := contextNames[s]
	return c, ok
}

// Contexts lists the values of --context, sorted.
func Contexts() []string {
	names := make([]string, 0, len(contextNames))
	for name := range contextNames {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
