package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
	"nginx-lint/cmd/internal/render"
)

// The words after `config`.
const (
	configInit   = "init"
	configSchema = "schema"
)

// config shows the settings in force, writes a file of them, or prints their schema.
func (p *program) config(o *options) (int, error) {
	switch {
	case len(o.args) == 0:
		return p.showConfig(o)
	case o.args[0] == configInit:
		return exitClean, p.initConfig()
	default:
		_, err := io.WriteString(p.Stdout, p.schema())
		return exitClean, err
	}
}

// showConfig writes the settings in force, each with where it comes from, as a
// settings file would say them.
func (p *program) showConfig(o *options) (int, error) {
	s, err := p.settings(o)
	if wrong, ok := errors.AsType[settingsError](err); ok {
		return exitUsage, p.showSettingsError(o, wrong)
	}
	if err != nil {
		return 0, err
	}
	selected, err := p.selectRules(o, s)
	if err != nil {
		return 0, err
	}
	in := analyzer.Options{NginxVersion: o.nginxVersion, PHPVersion: o.phpVersion, NginxUser: o.nginxUser, Prefix: o.prefix, Exclude: o.exclude, PathMap: o.pathMap, Rules: selected}
	s.apply(o, &in)

	c := configWriter{o: o, s: s}
	c.line("version: 1", "")
	if len(s.paths) == 0 {
		c.line("paths:", "default: this folder")
	} else {
		c.line("paths: "+flow(in.Paths, quoted), c.origin("paths"))
	}
	c.line("exclude: "+flow(written(in.Exclude), p.pattern), c.origin("exclude", "exclude"))
	profile := s.profile
	if profile == "" {
		profile = profileRecommended
	}
	c.line("profile: "+profile, c.origin("profile"))
	c.line("nginx:", "")
	c.value("nginx.version", in.NginxVersion.String(), in.NginxVersion.IsZero(), "not known: what holds for every version", "nginx-version")
	c.value("nginx.user", in.NginxUser, in.NginxUser == "", "what the `user` directive says", "nginx-user")
	c.value("nginx.prefix", in.Prefix, in.Prefix == "", "the folder of the main file", "prefix")
	c.line("  modules: "+flow(s.modules, quoted), c.origin("nginx.modules"))
	c.list("  ", "directives", "nginx.directives", len(s.directives), func(i int) string {
		d := s.directives[i]
		item := "name: " + quoted(d.Name)
		if d.Contexts != catalog.Any {
			item += ", contexts: " + flow(strings.Split(d.Contexts.String(), ", "), quoted)
		}
		if d.Args.Known() {
			item += ", args: " + quoted(d.Args.Range())
		}
		return item
	})
	c.line("php:", "")
	c.value("php.version", fmt.Sprintf("%d.%d", in.PHPVersion.Major, in.PHPVersion.Minor), in.PHPVersion.IsZero(), "what the path of the files says", "php-version")
	c.list("", "path-map", "path-map", len(in.PathMap), func(i int) string {
		return "from: " + quoted(in.PathMap[i].From) + ", to: " + quoted(in.PathMap[i].To)
	}, "path-map")
	c.list("", "scopes", "scopes", len(s.scopes), func(i int) string { return scopeText(s.scopes[i]) })
	c.list("", "listeners", "listeners", len(s.listeners), func(i int) string {
		l := s.listeners[i]
		item := "address: " + l.Span.Text() + ", protocol: " + protocolWord(l.Protocol)
		if l.Scope != "" {
			item = "scope: " + quoted(l.Scope) + ", " + item
		}
		return item
	})
	p.showRules(&c, selected)
	c.list("", "overrides", "overrides", len(s.overrides), func(i int) string {
		var rules []string
		for _, r := range p.rules {
			if level, ok := s.overrides[i].Levels[r.ID]; ok {
				rules = append(rules, r.ID+": {level: "+levelName(level)+"}")
			}
		}
		return "paths: " + flow(written(s.overrides[i].Paths), p.pattern) + ", rules: {" + strings.Join(rules, ", ") + "}"
	})
	name := o.baseline
	if name == "" {
		name = s.baseline.path
	}
	c.value("baseline", name, name == "", "none", "baseline")
	failOn := "none"
	if o.failOn != 0 {
		failOn = o.failOn.String()
	}
	c.line("fail-on: "+failOn, c.origin("fail-on", "fail-on"))
	return exitClean, c.write(p.Stdout)
}

// written are patterns without those that were made of another one.
func written(patterns []string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(made string) bool {
		_, name, ok := strings.Cut(made, "/"+anyFolder)
		return ok && slices.Contains(patterns, name)
	})
}

// pattern is one of paths as it would be written for the current folder.
func (p *program) pattern(text string) string {
	local, below := strings.CutPrefix(text, literal(filepath.ToSlash(p.Dir))+"/")
	if below && !strings.Contains(local, "/") {
		local = "./" + local // without a slash it would hold in any folder
	}
	return quoted(local)
}

// showRules lists the rules that are not as they come, and all options.
func (p *program) showRules(c *configWriter, selected []*analyzer.Rule) {
	c.line("rules:", "")
	plain := 0
	for _, r := range p.rules {
		level, origin := "", c.origin("rules."+r.ID+".level")
		if l, ok := c.s.levels[r.ID]; ok {
			level = l.String()
		}
		switch {
		case slices.Contains(c.o.skip, r.ID):
			level, origin = "off", "--skip"
		case len(c.o.only) > 0 && !slices.Contains(selected, r):
			level, origin = "off", "--only"
		case len(c.o.only) > 0, r.Always:
		case slices.Contains(c.s.off, r.ID):
			level = "off"
		case !c.s.everywhere(r):
			level, origin = "off", "default: it is not in the profile"
		}
		if level == "" && len(r.Options) == 0 {
			plain++
			continue
		}
		c.line("  "+r.ID+":", "")
		if level != "" {
			c.line("    level: "+level, origin)
		}
		for _, option := range r.Options {
			value, ok := c.s.ruleOptions[r.ID][option.Name]
			if !ok {
				value = option.Default
			}
			c.line("    "+option.Name+": "+strconv.FormatFloat(value, 'f', -1, 64), c.origin("rules."+r.ID+"."+option.Name))
		}
	}
	c.line(fmt.Sprintf("  # %d more rules run at their own levels: nginx-lint rules", plain), "")
}

// A configWriter collects lines of settings, each with its origin.
type configWriter struct {
	o     *options
	s     *settings
	lines [][2]string
}

func (c *configWriter) line(text, origin string) { c.lines = append(c.lines, [2]string{text, origin}) }

// origin says where a value comes from: the flags, the settings, or neither.
func (c *configWriter) origin(key string, flags ...string) string {
	var from []string
	for _, name := range flags {
		if c.o.flags.Changed(name) {
			from = append(from, "--"+name)
		}
	}
	if at, ok := c.s.at[key]; ok && (len(from) == 0 || key == "exclude" || key == "path-map") { // these are added to
		from = append(from, fmt.Sprintf("%s:%d", at.File.Path, at.Line()))
	}
	if len(from) == 0 {
		return "default"
	}
	return strings.Join(from, ", ")
}

// value adds one that need not be set.
func (c *configWriter) value(key, text string, unset bool, otherwise, flag string) {
	_, name, nested := strings.Cut(key, ".")
	indent := "  "
	if !nested {
		name, indent = key, ""
	}
	if unset {
		c.line(indent+name+":", "default: "+otherwise)
		return
	}
	c.line(indent+name+": "+quoted(text), c.origin(key, flag))
}

// list adds one of mappings, each on a line.
func (c *configWriter) list(indent, name, key string, n int, item func(int) string, flags ...string) {
	if n == 0 {
		c.line(indent+name+": []", c.origin(key, flags...))
		return
	}
	c.line(indent+name+":", c.origin(key, flags...))
	for i := range n {
		c.line(indent+"  - {"+item(i)+"}", "")
	}
}

// originColumn is where the origins stand, unless a value is longer.
const originColumn = 40

func (c *configWriter) write(w io.Writer) error {
	var b strings.Builder
	for _, l := range c.lines {
		text := render.Clean(l[0])
		if l[1] != "" {
			text = fmt.Sprintf("%-*s # %s", originColumn, text, render.Clean(l[1]))
		}
		b.WriteString(text + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func protocolWord(p stack.Protocol) string {
	words := stack.Protocols()
	return words[slices.IndexFunc(words, func(word string) bool {
		known, _ := stack.ParseProtocol(word)
		return known == p
	})]
}

func levelName(s diag.Severity) string {
	if s == analyzer.OffLevel {
		return "off"
	}
	return s.String()
}

func scopeText(s analyzer.DeclaredScope) string {
	below := func(names []string) []string {
		if s.Root == "" {
			return names
		}
		out := make([]string, len(names))
		for i, n := range names {
			out[i] = strings.TrimPrefix(strings.TrimPrefix(n, s.Root), "/")
		}
		return out
	}
	item := "name: " + quoted(s.Name)
	if s.Root != "" {
		item += ", root: " + quoted(s.Root)
	}
	if len(s.Nginx) > 0 {
		item += ", nginx: " + flow(below(s.Nginx), quoted)
	}
	if len(s.PHPFPM) > 0 {
		item += ", php-fpm: " + flow(below(s.PHPFPM), quoted)
	}
	if s.Closed {
		item += ", closed: true"
	}
	return item
}

// flow is a list in brackets.
func flow(items []string, each func(string) string) string {
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = each(item)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// quoted is a text as YAML writes it: plain where nothing in it has a meaning of its own.
func quoted(s string) string {
	plain := s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./ -") == "" &&
		s == strings.TrimSpace(s) && strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") && s[0] != '-'
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		plain = false
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}
