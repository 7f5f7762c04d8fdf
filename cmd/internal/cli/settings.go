package cli

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/cmd/internal/render"
)

// settingsName is the settings file that is looked for.
const settingsName = ".nginx-lint.yaml"

// settings is a settings file as it was understood. Its paths are relative to the
// current folder, or absolute.
type settings struct {
	file              *source.File
	paths             []place
	exclude           []string
	nginxVersion      catalog.Version
	phpVersion        catalog.Version
	nginxUser, prefix string
	pathMap           []analyzer.Mapping
	scopes            []analyzer.DeclaredScope
	listeners         []analyzer.DeclaredListener
	profile           string // "" for the recommended one
	directives        []catalog.Directive
	modules           []string
	off               []string // rules
	overrides         []analyzer.Override
	levels            map[string]diag.Severity
	ruleOptions       map[string]map[string]float64
	failOn            diag.Severity
	failOnSet         bool
	baseline          place
	// at is where each key is written that is set.
	at map[string]source.Span
}

// The values of profile.
const (
	profileRecommended = "recommended"
	profileAll         = "all"
)

// A place is a path with where it is written.
type place struct {
	path string
	at   source.Span
}

// A settingsError is all that is wrong with a settings file.
type settingsError []diag.Finding

func (e settingsError) Error() string { return "wrong settings" }

// showSettingsError writes what is wrong as findings are written.
func (p *program) showSettingsError(o *options, e settingsError) error {
	return render.Text(p.Stderr, &diag.Report{Findings: e}, render.TextOptions{
		Severity: diag.Info, Color: p.colored(o.color, p.Stderr), Quiet: true,
	})
}

// settings reads the settings file that holds; without one they are empty.
func (p *program) settings(o *options) (*settings, error) {
	fsys := source.OS{Dir: p.Dir}
	name := o.config
	if name == "" && !o.noConfig {
		var err error
		if name, err = p.findSettings(fsys); err != nil {
			return nil, err
		}
		if leadsOut(fsys, name) {
			return nil, usagef("%s: a symbolic link out of its folder; --config names settings that lie elsewhere", name)
		}
	}
	if name == "" {
		return &settings{}, nil
	}
	name = filepath.ToSlash(name)
	text, err := fsys.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if to, err := fsys.Readlink(name); err == nil {
			return nil, usagef("%s: a link to %s, where there is nothing", name, to)
		}
		return nil, usagef("%s: no such file", name)
	case err != nil:
		return nil, usagef("%s: %s", name, reason(err))
	case len(text) > maxSettings:
		return nil, usagef("%s: larger than %d KiB, the most that settings may be", name, maxSettings>>10)
	}
	r := settingsReader{
		decoder: decoder{file: source.NewFile(name, text)}, fsys: fsys,
		here: filepath.ToSlash(p.Dir), dir: path.Dir(name), rules: p.rules,
	}
	s := r.read()
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b diag.Finding) int { return a.Subject.Span.Compare(b.Subject.Span) })
		return nil, settingsError(r.problems)
	}
	return s, nil
}

// wants reports whether a rule runs where no flag says so: for all files, or at
// least for those of an override.
func (s *settings) wants(r *analyzer.Rule) bool {
	return s.everywhere(r) || slices.ContainsFunc(s.overrides, func(o analyzer.Override) bool {
		return o.Levels[r.ID] != analyzer.OffLevel
	})
}

// everywhere reports whether a rule runs for all files, but those of overrides.
func (s *settings) everywhere(r *analyzer.Rule) bool {
	if slices.Contains(s.off, r.ID) {
		return false
	}
	_, asked := s.levels[r.ID]
	return asked || !r.Off || s.profile == profileAll
}

// choose hands over at which levels the rules run, and which were asked for.
func (s *settings) choose(o *options, in *analyzer.Options) {
	in.Asked = slices.Concat(o.only, slices.Sorted(maps.Keys(s.levels)))
	in.Levels = maps.Clone(s.levels)
	off := func(id string) {
		if in.Levels == nil {
			in.Levels = map[string]diag.Severity{}
		}
		in.Levels[id] = analyzer.OffLevel
	}
	for _, r := range in.Rules {
		switch {
		case slices.Contains(o.only, r.ID), r.Always:
		case !s.everywhere(r):
			off(r.ID)
		case s.profile == profileAll:
			in.Asked = append(in.Asked, r.ID)
		}
	}
	in.Overrides, in.RuleOptions = s.overrides, s.ruleOptions
}

// checkPaths reports the paths where there is nothing.
func (s *settings) checkPaths(fsys source.FS) error {
	var problems settingsError
	for _, p := range s.paths {
		if problem := missing(fsys, p); problem != nil {
			problems = append(problems, *problem)
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// apply adds to what the command line says what only the settings do.
func (s *settings) apply(o *options, in *analyzer.Options) {
	if len(o.args) == 0 {
		for _, p := range s.paths {
			in.Paths = append(in.Paths, p.path)
		}
	}
	if !o.flags.Changed("nginx-version") {
		in.NginxVersion = s.nginxVersion
	}
	if !o.flags.Changed("php-version") {
		in.PHPVersion = s.phpVersion
	}
	if !o.flags.Changed("nginx-user") {
		in.NginxUser = s.nginxUser
	}
	if !o.flags.Changed("prefix") {
		in.Prefix = s.prefix
	}
	if !o.flags.Changed("fail-on") && s.failOnSet {
		o.failOn = s.failOn
	}
	in.Exclude = slices.Concat(in.Exclude, s.exclude)
	in.PathMap = slices.Concat(in.PathMap, s.pathMap)
	in.Scopes, in.Listeners = s.scopes, s.listeners
	in.Directives = s.directives
	in.OtherModules = slices.ContainsFunc(s.modules, func(name string) bool {
		return !catalog.KnownPackage(name) && !catalog.KnownModule(name)
	})
	s.choose(o, in)
}

// findSettings looks for the settings file in the current folder and above, up to
// the top of the repository. One of nearly that name is not passed over in silence.
func (p *program) findSettings(fsys source.FS) (string, error) {
	there := func(name string) bool {
		if _, err := fsys.Readlink(name); err == nil {
			return true
		}
		_, err := fsys.Stat(name)
		return !errors.Is(err, fs.ErrNotExist)
	}
	for at, up := filepath.ToSlash(p.Dir), "."; ; at, up = path.Dir(at), path.Join(up, "..") {
		if name := path.Join(up, settingsName); there(name) {
			return name, nil
		}
		if name := path.Join(up, strings.Replace(settingsName, ".yaml", ".yml", 1)); there(name) {
			return "", usagef("%s: settings are read from %s only", name, settingsName)
		}
		if _, err := fsys.Stat(path.Join(up, ".git")); err == nil || at == path.Dir(at) {
			return "", nil
		}
	}
}

// leadsOut reports whether settings that were found by themselves are a link to what
// may be no settings, of which errors would show a line.
func leadsOut(fsys source.FS, name string) bool {
	if _, err := fsys.Readlink(name); name == "" || err != nil {
		return false
	}
	to, err := fsys.Real(name)
	dir, dirErr := fsys.Real(path.Dir(name))
	return err == nil && dirErr == nil && !source.Below(to, dir)
}

// A settingsReader turns the settings file into settings.
type settingsReader struct {
	decoder
	fsys source.FS
	// here is the current folder, absolute or empty; dir is the file's, relative to it.
	here, dir string
	rules     []*analyzer.Rule
	settings
}

func (r *settingsReader) read() *settings {
	r.settings.file = r.decoder.file
	r.levels, r.ruleOptions = map[string]diag.Severity{}, map[string]map[string]float64{}
	top := r.root()
	if top == nil && len(r.problems) > 0 {
		return nil
	}
	versioned := false
	var listeners ast.Node
	r.keys(top, map[string]func(ast.Node){
		"version": func(n ast.Node) { versioned = true; r.version(n) },
		"paths": func(n ast.Node) {
			r.texts(n, func(s string, at source.Span) { r.paths = append(r.paths, place{r.local(s), at}) })
		},
		"exclude":   r.patterns(&r.exclude),
		"nginx":     r.nginx,
		"php":       r.php,
		"path-map":  func(n ast.Node) { r.list(n, r.mapping) },
		"scopes":    func(n ast.Node) { r.list(n, r.scope) },
		"listeners": func(n ast.Node) { listeners = n },
		"profile":   func(n ast.Node) { r.profile, _ = r.choice(n, profileRecommended, profileAll) },
		"rules":     r.ruleSettings,
		"overrides": func(n ast.Node) { r.list(n, r.override) },
		"baseline": func(n ast.Node) {
			if s, ok := r.text(n); ok {
				r.baseline = place{r.local(s), r.spanOf(n)}
			}
		},
		"fail-on": r.failing,
	})
	if listeners != nil { // they name scopes, which may stand below them
		r.list(listeners, r.listener)
	}
	if _, mapping := top.(*ast.MappingNode); !versioned && (mapping || none(top)) {
		r.fail(source.Span{File: r.decoder.file}, "the version is missing", "these settings are of version 1: write `version: 1`")
	}
	r.settings.at = r.decoder.at
	return &r.settings
}

func (r *settingsReader) version(n ast.Node) {
	s, ok := r.text(n)
	if !ok || s == "1" {
		return
	}
	if v, err := strconv.Atoi(s); err == nil && v > 1 {
		r.fail(r.spanOf(n), "settings of a newer version", "this nginx-lint reads version 1")
		return
	}
	r.fail(r.spanOf(n), "unknown version", "this nginx-lint reads version 1")
}

// local is a path of the file, relative to the current folder.
func (r *settingsReader) local(name string) string {
	name = filepath.ToSlash(name)
	if source.IsAbs(name) {
		return path.Clean(name)
	}
	name = path.Join(r.dir, name)
	if source.IsAbs(name) || r.here == "" {
		return name
	}
	// A folder that was left upwards may be entered again.
	if rel, err := filepath.Rel(r.here, path.Join(r.here, name)); err == nil {
		return filepath.ToSlash(rel)
	}
	return name
}

// patterns reads a list of patterns of paths.
func (r *settingsReader) patterns(to *[]string) func(ast.Node) {
	return func(n ast.Node) {
		r.texts(n, func(pattern string, at source.Span) {
			if wrong := badGlob(pattern); wrong != "" {
				r.fail(at, "no valid pattern", "%s", wrong)
				return
			}
			*to = append(*to, r.anchored(pattern))
			if !strings.Contains(pattern, "/") && r.dir != "." { // also a folder that this one lies in
				*to = append(*to, r.anchored(anyFolder+pattern))
			}
		})
	}
}

// anyFolder stands before a name in any folder.
const anyFolder = "**/"

// anchored is a pattern of the file's folder as one that is compared with absolute paths.
func (r *settingsReader) anchored(pattern string) string {
	if strings.Contains(pattern, "/") && !source.IsAbs(pattern) {
		folder := r.dir
		if !source.IsAbs(folder) {
			folder = path.Join(r.here, folder)
		}
		pattern = path.Join(literal(folder), pattern)
	}
	return pattern
}

// literal is a path as a pattern that matches nothing else.
func literal(name string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

// badGlob says what is wrong with a pattern of paths; "" for nothing.
func badGlob(pattern string) string {
	for part := range strings.SplitSeq(pattern, "/") {
		if strings.Contains(part, "**") && part != "**" {
			return "`**` stands for folders only between slashes"
		}
		for i := 0; i < len(part); i++ {
			switch part[i] {
			case '\\':
				if i++; i == len(part) {
					return "a backslash quotes the character after it, and there is none"
				}
			case '[':
				if i+1 < len(part) && (part[i+1] == '!' || part[i+1] == '^') {
					i++
				}
				end := strings.IndexByte(part[min(i+2, len(part)):], ']') // the first may be one of the set
				if end < 0 {
					return "a `[` that is never closed"
				}
				i += 2 + end
			}
		}
	}
	return ""
}

func (r *settingsReader) nginx(n ast.Node) {
	r.keys(n, map[string]func(ast.Node){
		"version": r.release(&r.nginxVersion, "1.24.0"),
		"user":    r.into(&r.nginxUser),
		"prefix": func(n ast.Node) {
			if s, ok := r.text(n); ok {
				if r.prefix = r.local(s); !path.IsAbs(s) { // an absolute one is that of the host
					r.present(r.prefix, r.spanOf(n))
				}
			}
		},
		"modules": func(n ast.Node) {
			r.texts(n, func(s string, _ source.Span) { r.modules = append(r.modules, s) })
		},
		"directives": func(n ast.Node) { r.list(n, r.directive) },
	})
}

// directive reads one of a module that the catalogue does not know.
func (r *settingsReader) directive(n ast.Node) {
	d := catalog.Directive{Section: catalog.ThirdParty, Contexts: catalog.Any}
	before := len(r.problems)
	r.keys(n, map[string]func(ast.Node){
		"name": r.into(&d.Name),
		"contexts": func(n ast.Node) {
			d.Contexts = 0
			r.texts(n, func(s string, at source.Span) {
				context, ok := catalog.ContextNamed(s)
				if !ok {
					names := catalog.ContextNames()
					r.fail(at, "unknown block", "%q is none of %s%s", s, strings.Join(names, ", "), didYouMean(s, names))
				}
				d.Contexts |= context
			})
		},
		"args": func(n ast.Node) {
			s, ok := r.text(n)
			if !ok {
				return
			}
			if d.Args, ok = catalog.ParseArgs(s); !ok {
				r.fail(r.spanOf(n), "no number of arguments", `want a number such as "1", "1-3" (up to 7) or "2+" for at least 2`)
			}
		},
	})
	switch i := slices.IndexFunc(r.directives, func(o catalog.Directive) bool { return o.Name == d.Name }); {
	case d.Name == "":
		r.incomplete(n, before, "a directive needs a name")
	case i >= 0:
		r.fail(r.spanOf(n), "a name twice", "another directive has this name: list all its contexts there")
	}
	r.directives = append(r.directives, d)
}

func (r *settingsReader) php(n ast.Node) {
	r.keys(n, map[string]func(ast.Node){"version": r.release(&r.phpVersion, `8.2`)})
}

// release reads a version of a program.
func (r *settingsReader) release(to *catalog.Version, like string) func(ast.Node) {
	return func(n ast.Node) {
		s, ok := r.text(n)
		if !ok {
			return
		}
		v, err := catalog.ParseVersion(s)
		if err != nil {
			r.fail(r.spanOf(n), "no version", "this is no version such as %q", like)
			return
		}
		*to = v
	}
}

func (r *settingsReader) mapping(n ast.Node) {
	var from, to string
	var at source.Span
	before := len(r.problems)
	r.keys(n, map[string]func(ast.Node){"from": r.into(&from), "to": func(n ast.Node) {
		at = r.spanOf(n)
		r.into(&to)(n)
	}})
	switch {
	case from == "" || to == "":
		r.incomplete(n, before, "a mapping needs from and to")
	case !path.IsAbs(from):
		r.fail(r.spanOf(n), "not an absolute path", "only absolute paths of the configuration are mapped: %s is none", from)
	default:
		r.present(r.local(to), at)
		r.pathMap = append(r.pathMap, analyzer.Mapping{From: path.Clean(from), To: r.local(to)})
	}
}

// incomplete reports a mapping that lacks a key, where no other problem than the
// first so many explains why.
func (r *settingsReader) incomplete(n ast.Node, before int, what string) {
	if len(r.problems) == before {
		r.fail(r.spanOf(n), "a key is missing", "%s", what)
	}
}

func (r *settingsReader) scope(n ast.Node) {
	var s analyzer.DeclaredScope
	var root, name place
	var nginx, php []place
	files := func(to *[]place) func(ast.Node) {
		add := func(s string, at source.Span) { *to = append(*to, place{s, at}) }
		return func(n ast.Node) {
			if n.Type() == ast.SequenceType {
				r.texts(n, add)
			} else if s, ok := r.text(n); ok {
				add(s, r.spanOf(n))
			}
		}
	}
	one := func(to *place) func(ast.Node) {
		return func(n ast.Node) {
			if s, ok := r.text(n); ok {
				*to = place{s, r.spanOf(n)}
			}
		}
	}
	before := len(r.problems)
	r.keys(n, map[string]func(ast.Node){
		"name": one(&name), "root": one(&root), "nginx": files(&nginx), "php-fpm": files(&php), "closed": r.boolean(&s.Closed),
	})
	s.Name = name.path
	switch {
	case s.Name == "":
		r.incomplete(n, before, "a scope needs a name")
	case root.path == "" && len(nginx) == 0 && len(php) == 0:
		r.incomplete(n, before, "a scope needs a root, or files of nginx or php-fpm")
	case slices.ContainsFunc(r.scopes, func(o analyzer.DeclaredScope) bool { return o.Name == s.Name }):
		r.fail(name.at, "a name twice", "another scope has this name")
	}
	if root.path != "" {
		s.Root = r.local(root.path)
		r.present(s.Root, root.at)
	}
	s.Nginx, s.PHPFPM = r.scopeFiles(s.Root, nginx), r.scopeFiles(s.Root, php)
	r.scopes = append(r.scopes, s)
}

// scopeFiles are files of a scope, which lie below its root.
func (r *settingsReader) scopeFiles(root string, files []place) []string {
	names := make([]string, 0, len(files))
	for _, f := range files {
		name := path.Join(root, f.path)
		if root == "" {
			name = r.local(f.path)
		}
		for _, s := range r.scopes {
			if slices.Contains(s.Nginx, name) || slices.Contains(s.PHPFPM, name) {
				r.fail(f.at, "a file in two scopes", "scope %s has %s already", s.Name, name)
			}
		}
		r.present(name, f.at)
		names = append(names, name)
	}
	return names
}

// present reports a path where there is nothing.
func (r *settingsReader) present(name string, at source.Span) {
	if problem := missing(r.fsys, place{name, at}); problem != nil {
		r.problems = append(r.problems, *problem)
	}
}

// missing is what is wrong with a path where there is nothing.
func missing(fsys source.FS, p place) *diag.Finding {
	_, err := fsys.Stat(p.path)
	if err == nil {
		return nil
	}
	text := p.path + ": no such file or folder"
	if !errors.Is(err, fs.ErrNotExist) {
		text = p.path + ": " + reason(err)
	}
	return &diag.Finding{
		Rule: "settings", Severity: diag.Error, Summary: "nothing there", Places: 1,
		Subject: diag.Label{Span: p.at, Text: text},
	}
}

func (r *settingsReader) listener(n ast.Node) {
	var l analyzer.DeclaredListener
	var address, protocol, note string
	before := len(r.problems)
	r.keys(n, map[string]func(ast.Node){
		"scope": func(n ast.Node) {
			names := make([]string, len(r.scopes))
			for i, s := range r.scopes {
				names[i] = s.Name
			}
			name, ok := r.text(n)
			if ok && !slices.Contains(names, name) {
				r.fail(r.spanOf(n), "unknown scope", "no scope has this name%s", cmp.Or(didYouMean(name, names), ": `scopes` gives scopes their names"))
			}
			l.Scope = name
		},
		"address": func(n ast.Node) {
			var ok bool
			if address, ok = r.text(n); !ok {
				return
			}
			l.Span = r.spanOf(n)
			if l.Endpoint, ok = stack.ParseAddress(address); !ok {
				r.fail(l.Span, "no address", "this is no address such as 127.0.0.1:9000, [::1]:9000 or unix:/run/app.sock")
			}
		},
		"protocol": func(n ast.Node) {
			protocol, _ = r.choice(n, stack.Protocols()...)
			l.Protocol, _ = stack.ParseProtocol(protocol)
		},
		"note": r.into(&note), // for the people who read the file
	})
	if address == "" || protocol == "" {
		r.incomplete(n, before, "a listener needs an address and a protocol")
	}
	r.listeners = append(r.listeners, l)
}

// eachRule calls read for the settings of each rule in a mapping.
func (r *settingsReader) eachRule(n ast.Node, read func(*analyzer.Rule, ast.Node)) {
	ids := make([]string, len(r.rules))
	for i, rule := range r.rules {
		ids[i] = rule.ID
	}
	for _, e := range r.entries(n) {
		i := slices.Index(ids, e.name)
		if i < 0 {
			r.fail(e.at, "unknown rule", "there is no rule %q%s", e.name, cmp.Or(didYouMean(e.name, ids), ": `nginx-lint rules` lists them"))
			continue
		}
		if !none(e.value) && e.value.Type() != ast.MappingType {
			r.wrong(e.value, "a mapping such as {level: warning}")
			continue
		}
		r.within(e, func(n ast.Node) { read(r.rules[i], n) })
	}
}

func (r *settingsReader) ruleSettings(n ast.Node) {
	r.eachRule(n, func(rule *analyzer.Rule, n ast.Node) {
		known := map[string]func(ast.Node){"level": func(n ast.Node) {
			level, ok := r.level(rule, n)
			switch {
			case !ok:
			case level == analyzer.OffLevel:
				r.off = append(r.off, rule.ID)
			default:
				r.levels[rule.ID] = level
			}
		}}
		for _, option := range rule.Options {
			known[option.Name] = func(n ast.Node) { r.option(rule.ID, option, n) }
		}
		r.keys(n, known)
	})
}

// override reads what holds for some paths.
func (r *settingsReader) override(n ast.Node) {
	o := analyzer.Override{Levels: map[string]diag.Severity{}}
	before := len(r.problems)
	r.keys(n, map[string]func(ast.Node){
		"paths": r.patterns(&o.Paths),
		"rules": func(n ast.Node) {
			r.eachRule(n, func(rule *analyzer.Rule, n ast.Node) {
				r.keys(n, map[string]func(ast.Node){"level": func(n ast.Node) {
					if level, ok := r.level(rule, n); ok {
						o.Levels[rule.ID] = level
					}
				}})
			})
		},
	})
	if len(o.Paths) == 0 || len(o.Levels) == 0 {
		r.incomplete(n, before, "an override needs paths, and the levels of rules")
	}
	r.overrides = append(r.overrides, o)
}

// level reads that of a rule.
func (r *settingsReader) level(rule *analyzer.Rule, n ast.Node) (diag.Severity, bool) {
	word, ok := r.choice(n, levels...)
	if !ok || word != "off" {
		level, _ := diag.ParseSeverity(word)
		return level, ok
	}
	if rule.Always {
		r.fail(r.spanOf(n), "this rule always runs", "%s cannot be switched off", rule.ID)
	}
	return analyzer.OffLevel, !rule.Always
}

// levels are those that a rule may be set to; failLevels those of fail-on.
var (
	levels     = []string{"off", "info", "warning", "error"}
	failLevels = []string{"none", "info", "warning", "error"}
)

func (r *settingsReader) option(rule string, option analyzer.Option, n ast.Node) {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
	default:
		r.wrong(n, "a number")
		return
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(n.GetToken().Value, "_", ""), 64)
	if err != nil || v < option.Min {
		r.fail(r.spanOf(n), "not a value of this option", "want a number of at least %v: %s", option.Min, option.Doc)
		return
	}
	if r.ruleOptions[rule] == nil {
		r.ruleOptions[rule] = map[string]float64{}
	}
	r.ruleOptions[rule][option.Name] = v
}

func (r *settingsReader) failing(n ast.Node) {
	if word, ok := r.choice(n, failLevels...); ok {
		r.failOn, _ = diag.ParseSeverity(word) // 0 for none
		r.failOnSet = true
	}
}
