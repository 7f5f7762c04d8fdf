package compose

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/source"
)

// A command is one of those that a RUN gives to a shell.
type command struct {
	text  string
	words []string // without quotes, and without what only stands before a command
	// dir is the folder that it runs in.
	dir Value
}

// shellVariable matches those of a shell.
var shellVariable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$(?:\{[A-Za-z_]\w*\}|[A-Za-z_]\w*)`) })

// expand puts in the variables of a Dockerfile that are known; others stay.
func (a argScope) expand(text string) string {
	return shellVariable().ReplaceAllStringFunc(text, func(name string) string {
		if value, set, known := a.lookup(strings.Trim(name, "${}")); set && known && !strings.ContainsAny(value, "$\n") {
			return value
		}
		return name
	})
}

// before are the words that may stand before a command's name.
var before = []string{"{", "(", "!", "if", "then", "else", "elif", "do", "while", "until", "sudo", "exec", "time", "env", "command", "eval"}

var assignment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_]\w*=`) })

// commands splits a text for a shell that starts in a folder. What separates commands
// does so here within quotes as well: that makes more of them, and none of less effect.
func commands(text string, dir Value) []command {
	if words, ok := jsonWords(text); ok {
		return []command{{strings.Join(words, " "), words, dir}}
	}
	for strings.HasPrefix(text, "--") { // of the instruction itself
		_, rest, _ := strings.Cut(text, " ")
		text = strings.TrimSpace(rest)
	}
	for _, sep := range []string{"&&", "||", ";", "\n"} {
		text = strings.ReplaceAll(text, sep, "\x00")
	}
	var all []command
	for part := range strings.SplitSeq(text, "\x00") {
		c := command{text: part, dir: dir}
		for _, word := range splitWords(strings.TrimLeft(strings.TrimSpace(part), "({ ")) {
			if len(c.words) == 0 && (slices.Contains(before, word) || assignment().MatchString(word)) {
				continue
			}
			c.words = append(c.words, unquote(word))
		}
		if len(c.words) > 0 && (c.words[0] == "cd" || c.words[0] == "pushd") {
			dir = moved(dir, c.words[1:])
		}
		all = append(all, c)
	}
	return all
}

// moved is the folder after a `cd`.
func moved(dir Value, args []string) Value {
	if len(args) != 1 || strings.ContainsAny(args[0], "$`~*?[") || args[0] == "-" {
		return Value{}
	}
	if path.IsAbs(args[0]) {
		return Value{Text: path.Clean(args[0]), Known: true}
	}
	dir.Text = path.Join(dir.Text, args[0])
	return dir
}

// harmless are the commands that leave files as they are.
var harmless = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*(cd|pushd|popd|set|mkdir|chown|chmod|ls|\[|echo "[^>]*"|test|stat|cat [^>]*)(\s[^>]*)?$`)
})

// What a command leaves of a file.
type left uint8

const (
	kept left = iota
	removed
	changed // in some way, or not
)

// An effect is what a RUN does to a file, other than to keep it.
type effect struct {
	left  left
	order int
	span  source.Span
}

// effectsOn are what the RUNs of a Dockerfile do to what lies at a path, in their order.
func (d *Dockerfile) effectsOn(name string) []effect {
	known, ok := d.effects.Load(name)
	if !ok {
		var found []effect
		for _, r := range d.Runs {
			if left := r.after(name); left != kept {
				found = append(found, effect{left, r.order, r.Span})
			}
		}
		known, _ = d.effects.LoadOrStore(name, found)
	}
	return known.([]effect) //nolint:forcetypeassert // there is one asker
}

// changes reports whether a RUN may change what lies at a path.
func (d *Dockerfile) changes(name string) bool {
	return slices.ContainsFunc(d.effectsOn(name), func(e effect) bool { return e.left == changed })
}

// after is what a RUN leaves of what lies at a path: it is kept where nothing in the
// text names it, or a folder that it is in as a whole, and nothing is run of which
// that is not to be told.
func (r Run) after(name string) left {
	sure := !strings.Contains(r.Text, "||")
	end := kept
	for _, c := range r.commands {
		switch gone, only := c.removes(name); {
		case gone && sure:
			end = removed
		case (gone || !only) && c.touches(name):
			return changed
		}
	}
	return end
}

// maxScripts is how many bytes the scripts of a project may have that its containers
// start with. What others do is not known.
const maxScripts = 1 << 20

// started are the commands of the shell that a container starts with: in a line of
// its command or entrypoint, or in a script of the tree that one of these names.
func (v *View) started() []command {
	dir := Value{Text: "/", Known: true}
	if d := v.Service.Dockerfile; d != nil {
		dir = d.workdir
	}
	entrypoint, program := v.starts()
	var found []command
	for _, c := range []*Command{entrypoint, program} {
		if c == nil {
			continue
		}
		found = append(found, commands(c.line(), dir)...)
		for word := range strings.FieldsSeq(strings.Join(c.Words, " ")) {
			word = strings.Trim(word, `"'`)
			for _, folder := range []string{dir.Text, "/usr/local/bin", "/usr/bin"} {
				if path.IsAbs(word) {
					folder = "/"
				}
				at := v.built(path.Join(folder, word))
				if at.Kind != File {
					continue
				}
				if info, err := v.fs.Stat(at.Path); err == nil && info.Size() > maxScripts {
					break // a program
				}
				text, err := v.fs.ReadFile(at.Path)
				if v.project.scripts += len(text); err != nil || v.project.scripts > maxScripts {
					v.unsure = true
				} else if strings.HasPrefix(text, "#!") {
					found = append(found, commands(withoutComments(text), dir)...)
				}
				break
			}
		}
	}
	return found
}

// line is what a command gives to a shell; "" where it needs none.
func (c *Command) line() string {
	for i, word := range c.Words {
		if word == "-c" && i > 0 && interpreters().MatchString(path.Base(c.Words[i-1])) {
			return strings.Trim(strings.Join(c.Words[i+1:], " "), `"'`)
		}
	}
	if slices.ContainsFunc(c.Words, func(word string) bool { return strings.ContainsAny(word, ";&|>") }) {
		return strings.Join(c.Words, " ")
	}
	return ""
}

// withoutComments leaves the lines of a script out that are comments.
func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// removes reports whether a command removes what lies at a path; only is set where
// it removes files whose names it says in full, and does nothing else.
func (c command) removes(name string) (gone, only bool) {
	words := strings.Fields(c.text)
	if len(words) < 2 || words[0] != "rm" {
		return false, false
	}
	for _, word := range words[1:] {
		switch {
		case strings.HasPrefix(word, "-"):
		case !path.IsAbs(word) || strings.ContainsAny(word, "$`\"'\\[{~>|&"):
			return false, false
		default:
			for at := name; at != "/" && at != "."; at = path.Dir(at) {
				gone = gone || source.Match(path.Base(word), path.Base(at)) && path.Dir(path.Clean(word)) == path.Dir(at)
			}
		}
	}
	return gone, true
}

// touches reports whether a command may change what lies at a path.
func (c command) touches(name string) bool {
	return c.edits(name) || len(c.words) > 0 && !harmless().MatchString(c.text) && c.runsScript()
}

// readers are the programs that only read the files which their arguments name.
var readers = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(nginx|php-fpm[0-9.]*|supervisord|httpd(-foreground)?|apache2(ctl|-foreground)?|caddy|grep|diff|head|tail|wc)$`)
})

// edits reports whether a command may itself change what lies at a path.
func (c command) edits(name string) bool {
	if len(c.words) == 0 || harmless().MatchString(c.text) {
		return false
	}
	if names(c.text, name) {
		return strings.Contains(c.text, ">") || !readers().MatchString(path.Base(c.words[0]))
	}
	if !c.writes() {
		return false
	}
	rest, inside := below(name, c.dir)
	first, _, _ := strings.Cut(rest, "/")
	if inside && slices.ContainsFunc(c.words[1:], func(word string) bool {
		word = strings.TrimSuffix(strings.TrimPrefix(word, "./"), "/")
		return !path.IsAbs(word) && (word == first || word == "" || word == "." || strings.ContainsAny(word, "*?[{"))
	}) {
		return true
	}
	return !c.dir.Known || slices.ContainsFunc(c.words, func(word string) bool {
		word = strings.Trim(strings.TrimLeft(word, "<>&|0123456789"), `"'`)
		known, _, opaque := strings.Cut(word, "$")
		if !opaque {
			known, _, opaque = strings.Cut(word, "`")
		}
		if end := strings.LastIndexByte(word, '/'); end > strings.LastIndexByte(word, '$') && !strings.ContainsAny(word[end:], "*?[{`)") && path.Base(name) != word[end+1:] && path.Base(name) != anyName {
			return false
		}
		return opaque && (known == "" || path.IsAbs(known) && strings.HasPrefix(name, known))
	})
}

// writers are the programs that change the files which their arguments name.
var writers = []string{"sed", "perl", "mv", "cp", "rm", "tee", "ln", "install", "rsync", "patch", "truncate", "dd", "tar", "unzip", "gawk"}

// writes reports whether a command changes files that it names.
func (c command) writes() bool {
	return strings.Contains(c.text, ">") || slices.ContainsFunc(c.words, func(word string) bool { return slices.Contains(writers, path.Base(word)) })
}

// interpreters run a script that is their first argument.
var interpreters = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(sh|bash|ash|dash|zsh|ksh|source|\.|python[0-9.]*|perl|ruby|ansible-playbook)$`)
})

// script matches the names of scripts, and of programs that lie where no package puts them.
var script = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\.(sh|bash|py|pl|rb)$|^\./|^/(app|build|code|docker[^/]*|home|opt|root|scripts?|setup|srv|tmp|usr/src|var|work|workspace)/|^/[^/]+$`)
})

// frameworks matches the programs of PHP and Node applications, and what builds from source.
var frameworks = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`/(configure|bin/console|artisan)$|/(vendor|node_modules)/`)
})

// runsScript reports whether a command runs what somebody has written for this image:
// it may do anything.
func (c command) runsScript() bool {
	first, rest := c.words[0], c.words[1:]
	if interpreters().MatchString(path.Base(first)) {
		return slices.ContainsFunc(rest, func(word string) bool { return !strings.HasPrefix(word, "-") })
	}
	return script().MatchString(first) && !frameworks().MatchString(first)
}

// anyName stands for a name in a folder that is not known.
const anyName = "\x00"

// names reports whether a text names a file, or a folder that it is in.
func names(text, name string) bool {
	dir := path.Dir(name)
	if folder := path.Base(dir); strings.Contains(text, path.Base(name)) || strings.ContainsAny(folder, ".-") && strings.Contains(text, folder) {
		return true
	}
	for ; dir != "/" && dir != "."; dir = path.Dir(dir) {
		for rest := text; ; {
			_, after, found := strings.Cut(rest, dir)
			if !found {
				break
			}
			after = strings.TrimPrefix(after, "/")
			if after == "" || strings.IndexByte(" \t\n\"';&|)*?[{$", after[0]) >= 0 {
				return true
			}
			rest = after
		}
	}
	return false
}
