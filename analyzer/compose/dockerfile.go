package compose

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/source"
)

// Limits on one Dockerfile.
const (
	maxDockerfile   = 1 << 20 // bytes
	maxInstructions = 5000
)

// An Instruction is one of a Dockerfile.
type Instruction struct {
	// Name is in upper case.
	Name string
	// Text is what follows the name, with continued lines joined and comments left out.
	Text string
	// Heredocs are the texts that follow it.
	Heredocs []Heredoc
	// Span is from the name to the end of the last line.
	Span source.Span
}

// A Heredoc is a text in a Dockerfile that stands for a file.
type Heredoc struct{ Name, Text string }

// OutlineDockerfile lists the comments of a Dockerfile, each on a line of its own,
// and its instructions with their heredocs, of which a line with `#` is a part.
func OutlineDockerfile(f *source.File) (comments, instructions []source.Span) {
	all, comments, _ := parseDockerfile(f)
	for _, in := range all {
		instructions = append(instructions, in.Span)
	}
	return comments, instructions
}

// parserDirective matches the comments that are orders at the top of a Dockerfile.
var parserDirective = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^#\s*(syntax|escape|check)\s*=`) })

// HoldsBack reports whether a comment at the top of a Dockerfile may be what keeps
// one below it from being an order to its parser: these come before all others.
func HoldsBack(comment source.Span) bool {
	f := comment.File
	for n := 1; ; n++ {
		line := strings.TrimSpace(strings.TrimPrefix(f.LineText(n), bom))
		switch {
		case !strings.HasPrefix(line, "#"):
			return false
		case n > comment.Line() && parserDirective().MatchString(line):
			return true
		}
	}
}

// parseDockerfile reads the instructions of a Dockerfile and its comments; ok is false
// where it is beyond the limits.
func parseDockerfile(f *source.File) (all []Instruction, comments []source.Span, ok bool) {
	if len(f.Text) > maxDockerfile {
		return nil, nil, false
	}
	comment := func(line string, start int) {
		at := start + strings.IndexByte(line, '#')
		comments = append(comments, source.Span{File: f, Start: at, End: start + len(line)})
	}
	at, escape := 0, byte('\\')
	next := func() (line string, start int, more bool) {
		if at >= len(f.Text) {
			return "", at, false
		}
		start = at
		end := strings.IndexByte(f.Text[at:], '\n')
		if end < 0 {
			end = len(f.Text) - at
		}
		line = f.Text[at : at+end]
		at += end + 1
		return strings.TrimRight(line, "\r"), start, true
	}
	directives := true
	for {
		line, start, more := next()
		if !more {
			return all, comments, true
		}
		trimmed := strings.TrimSpace(strings.TrimPrefix(line, bom))
		if strings.HasPrefix(trimmed, "#") {
			key, value, is := strings.Cut(trimmed[1:], "=")
			key = strings.TrimSpace(key)
			if directives = directives && is && !strings.ContainsAny(key, " \t:"); directives && strings.EqualFold(key, "escape") && strings.TrimSpace(value) == "`" {
				escape = '`'
			}
			comment(line, start)
			continue
		}
		directives = false
		if trimmed == "" {
			continue
		}
		text, continued := cutEscape(trimmed, escape)
		var b strings.Builder
		b.WriteString(text)
		end := start + len(line)
		for continued {
			line, start, more := next()
			if !more {
				break
			}
			end = start + len(line)
			if t := strings.TrimSpace(line); t == "" || t[0] == '#' { // skipped within an instruction too
				if t != "" {
					comment(line, start)
				}
				continue
			}
			text, continued = cutEscape(line, escape)
			b.WriteString(text)
		}
		name, rest, _ := strings.Cut(strings.ReplaceAll(b.String(), "\t", " "), " ")
		in := Instruction{Name: strings.ToUpper(name), Text: strings.TrimSpace(rest)}
		if in.Name == "RUN" || in.Name == "COPY" || in.Name == "ADD" {
			for _, mark := range heredocs(in.Text) {
				doc := Heredoc{Name: mark.name}
				var text strings.Builder
				for {
					line, start, more := next()
					if !more {
						break
					}
					end = start + len(line)
					if mark.dash {
						line = strings.TrimLeft(line, "\t")
					}
					if line == mark.name {
						break
					}
					text.WriteString(line + "\n")
				}
				doc.Text = text.String()
				in.Heredocs = append(in.Heredocs, doc)
			}
		}
		in.Span = source.Span{File: f, Start: f.LineStart(f.Line(start)), End: min(end, len(f.Text))}
		if all = append(all, in); len(all) > maxInstructions {
			return nil, nil, false
		}
	}
}

// cutEscape cuts the mark off a line that the next one continues.
func cutEscape(line string, escape byte) (string, bool) {
	trimmed := strings.TrimRight(line, " \t")
	if trimmed != "" && trimmed[len(trimmed)-1] == escape {
		return trimmed[:len(trimmed)-1], true
	}
	return line, false
}

type heredocMark struct {
	name string
	dash bool
}

// heredocs lists the `<<NAME` in an instruction, outside of quotes.
func heredocs(text string) []heredocMark {
	var marks []heredocMark
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case c == '\'' || c == '"':
			quote = c
			continue
		case c != '<' || !strings.HasPrefix(text[i:], "<<") || strings.HasPrefix(text[i:], "<<<"):
			if strings.HasPrefix(text[i:], "<<<") {
				i += 2
			}
			continue
		}
		i += 2
		m := heredocMark{}
		if i < len(text) && text[i] == '-' {
			m.dash = true
			i++
		}
		if i < len(text) && (text[i] == '"' || text[i] == '\'') {
			if end := strings.IndexByte(text[i+1:], text[i]); end >= 0 {
				m.name = text[i+1 : i+1+end]
				i += end + 1
			}
		} else {
			n := 0
			for i+n < len(text) && (nameLen(text[i+n:i+n+1]) == 1 || n > 0 && text[i+n] >= '0' && text[i+n] <= '9') {
				n++
			}
			m.name = text[i : i+n]
			i += n - 1
		}
		if m.name != "" {
			marks = append(marks, m)
		}
	}
	return marks
}

// A Dockerfile is how one stage of a Dockerfile fills an image.
type Dockerfile struct {
	File *source.File
	// Base is the image that it starts from.
	Base Value
	// Copies are in order, those of the stages that it builds upon first.
	Copies []Copy
	// Runs are the texts of what is run while it is built.
	Runs []Run
	// Command and Entrypoint are the last of each; nil where none are written.
	Command, Entrypoint *Command
	// Env are the variables of the image.
	Env map[string]Value
	// User is whom the image's program is started as; "" where that is not written.
	User string
	// Unknown is set where not all of it could be read.
	Unknown bool

	workdir Value
	ignore  *ignore
	effects *sync.Map // see effectsOn
}

// A Copy puts files of the build's context, or a text, into the image.
type Copy struct {
	// Sources are paths here, which may have wildcards; not known where they come
	// from elsewhere: another image, a stage, an address.
	Sources []Value
	// Target is a path in the image, a folder where Folder is set.
	Target Value
	Folder bool
	// Text is what the file holds that Sources do not name.
	Text  string
	Span  source.Span
	order int
}

// A Run is what a shell does to the image.
type Run struct {
	Text  string
	Span  source.Span
	order int

	commands []command
}

// argScope is the variables of a Dockerfile.
type argScope struct {
	d    *Dockerfile
	args map[string]Value
}

func (a argScope) lookup(name string) (string, bool, bool) {
	v, ok := a.d.Env[name]
	if !ok {
		v, ok = a.args[name]
	}
	if !ok {
		return "", false, false // the base image may set it
	}
	return v.Text, true, v.Known
}

func (a argScope) value(text string) Value {
	v := interpolate(strings.ReplaceAll(text, `\$`, "$$"), a)
	v.Variable = false
	return v
}

// maxDockerfiles is how many bytes the Dockerfiles of a project may have together.
const maxDockerfiles = 1 << 25

// built are the Dockerfiles of a project that were read: services often share one.
type built struct {
	known map[string]*Dockerfile
	left  int
}

// read reads what a service is built from.
func (all *built) read(s *Service, open func(string) *source.File) {
	b := s.Build
	if b == nil {
		return
	}
	key := b.key()
	d, again := all.known[key]
	if !again {
		d = readBuild(b, open, &all.left)
		all.known[key] = d
	}
	s.Dockerfile = d
}

// key is what makes two builds the same.
func (b *Build) key() string {
	var text strings.Builder
	add := func(v Value) { fmt.Fprintf(&text, "%q %t ", v.Text, v.Known) }
	for _, v := range []Value{b.Context, b.Dockerfile, b.Inline, b.Target} {
		add(v)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Args)) {
		fmt.Fprintf(&text, "%q=", name)
		add(b.Args[name])
	}
	return text.String()
}

// readBuild reads the Dockerfile of a build; nil where it is not to be told.
func readBuild(b *Build, open func(string) *source.File, left *int) *Dockerfile {
	file := b.File()
	var f *source.File
	switch {
	case b.inline():
		f = source.NewFile(b.Inline.Span.File.Path, b.Inline.Text)
	case file.Known:
		f = open(file.Text)
	}
	if f == nil {
		return nil
	}
	if *left -= len(f.Text); *left < 0 {
		return nil
	}
	d := readStage(f, b)
	if d != nil {
		var ok bool
		d.ignore, ok = readIgnore(b, open)
		d.Unknown = d.Unknown || !ok
	}
	return d
}

// inline reports whether the compose file holds the Dockerfile.
func (b *Build) inline() bool { return b.Inline.Known && b.Inline.Text != "" }

// readStage reads the stage of a Dockerfile that a build is of; nil where it is not to be told.
func readStage(f *source.File, b *Build) *Dockerfile {
	all, _, ok := parseDockerfile(f)
	if !ok || !b.Target.Known {
		return nil
	}
	if b.inline() { // its text has other places than the compose file's
		for i := range all {
			all[i].Span = b.Inline.Span
		}
	}
	global := map[string]Value{}
	stages := map[string]*Dockerfile{}
	var current *Dockerfile
	var args map[string]Value
	order := 0
	for _, in := range all {
		order++
		scope := argScope{&Dockerfile{}, global}
		if current != nil {
			scope = argScope{current, args}
		}
		switch {
		case in.Name == "FROM":
			if current != nil && b.Target.Text != "" && stages[strings.ToLower(b.Target.Text)] == current {
				return current
			}
			current = fromStage(f, in, scope, argScope{&Dockerfile{}, global}, stages)
			args = map[string]Value{}
		case in.Name == "ARG":
			declareArgs(in.Text, scope, b, global, args, current == nil)
		case current == nil:
			return nil
		default:
			current.instruction(in, scope, b, order)
		}
	}
	if b.Target.Text != "" && stages[strings.ToLower(b.Target.Text)] != current {
		return nil
	}
	return current
}

func fromStage(f *source.File, in Instruction, _, global argScope, stages map[string]*Dockerfile) *Dockerfile {
	words := strings.Fields(in.Text)
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		words = words[1:]
	}
	d := &Dockerfile{File: f, Env: map[string]Value{}, workdir: Value{Text: "/", Known: true}, effects: &sync.Map{}}
	if len(words) == 0 {
		d.Unknown = true
		return d
	}
	base := global.value(words[0])
	base.Span = in.Span
	if from := stages[strings.ToLower(base.Text)]; from != nil && base.Known {
		*d = *from
		d.Copies, d.Runs, d.effects = slices.Clone(from.Copies), slices.Clone(from.Runs), &sync.Map{}
		d.Env = map[string]Value{}
		maps.Copy(d.Env, from.Env)
	} else {
		d.Base = base
		if img := Lookup(base); img != nil {
			for k, v := range img.Env {
				d.Env[k] = Value{Text: v, Known: true}
			}
			if img.Workdir != "" {
				d.workdir.Text = img.Workdir
			}
		}
	}
	if len(words) == 3 && strings.EqualFold(words[1], "as") {
		stages[strings.ToLower(words[2])] = d
	}
	return d
}

// declareArgs notes the arguments of an ARG: what the build gives goes before the default.
func declareArgs(text string, scope argScope, b *Build, global, args map[string]Value, isGlobal bool) {
	for _, word := range splitWords(text) {
		name, value, has := strings.Cut(word, "=")
		v := Value{}
		if has {
			v = scope.value(unquote(value))
		} else if !isGlobal {
			if g, ok := global[name]; ok {
				v = g
			}
		}
		if given, ok := b.Args[name]; ok {
			v = given
		}
		if isGlobal {
			global[name] = v
		} else {
			args[name] = v
		}
	}
}

func (d *Dockerfile) instruction(in Instruction, scope argScope, b *Build, order int) {
	switch in.Name {
	case "ENV":
		words := splitWords(in.Text)
		if len(words) > 0 && !strings.Contains(words[0], "=") {
			name, value, _ := strings.Cut(in.Text, " ")
			d.Env[name] = scope.value(unquote(strings.TrimSpace(value)))
			return
		}
		for _, word := range words {
			name, value, _ := strings.Cut(word, "=")
			d.Env[name] = scope.value(unquote(value))
		}
	case "WORKDIR":
		v := scope.value(unquote(in.Text))
		if !path.IsAbs(v.Text) {
			v.Text, v.Known = path.Join(d.workdir.Text, v.Text), v.Known && d.workdir.Known
		}
		d.workdir = v
	case "COPY", "ADD":
		d.copies(in, scope, b, order)
	case "RUN":
		var text strings.Builder
		text.WriteString(in.Text)
		for _, doc := range in.Heredocs {
			text.WriteString("\n" + doc.Text)
		}
		run := scope.expand(text.String())
		d.Runs = append(d.Runs, Run{run, in.Span, order, commands(run, d.workdir)})
	case "USER":
		d.User = in.Text
	case "CMD":
		d.Command = execForm(in, scope)
	case "ENTRYPOINT":
		d.Entrypoint, d.Command = execForm(in, scope), nil
	}
}

// execForm reads `["a", "b"]` or a line for a shell.
func execForm(in Instruction, _ argScope) *Command {
	c := &Command{Span: in.Span, Known: true}
	if words, ok := jsonWords(in.Text); ok {
		c.Words = words
	} else {
		c.Words = strings.Fields(in.Text)
	}
	return c
}

func (d *Dockerfile) copies(in Instruction, scope argScope, b *Build, order int) {
	text := in.Text
	elsewhere := false
	for strings.HasPrefix(text, "--") {
		flag, rest, _ := strings.Cut(text, " ")
		elsewhere = elsewhere || strings.HasPrefix(flag, "--from=")
		text = strings.TrimSpace(rest)
	}
	words, ok := jsonWords(text)
	if !ok {
		words = splitWords(text)
	}
	if len(words) < 2 {
		d.Unknown = true
		return
	}
	target := scope.value(unquote(words[len(words)-1]))
	target.Span = in.Span
	c := Copy{Target: target, Span: in.Span, order: order}
	c.Folder = strings.HasSuffix(target.Text, "/") || target.Text == "." || len(words) > 2
	if !path.IsAbs(target.Text) {
		c.Target.Known = target.Known && d.workdir.Known
		c.Target.Text = path.Join(d.workdir.Text, target.Text)
	}
	c.Target.Text = path.Clean(c.Target.Text)
	docs := in.Heredocs
	for _, word := range words[:len(words)-1] {
		word = unquote(word)
		if strings.HasPrefix(word, "<<") && len(docs) > 0 {
			text := c
			text.Text = docs[0].Text
			if text.Folder {
				text.Target.Text, text.Folder = path.Join(c.Target.Text, docs[0].Name), false
			}
			d.Copies = append(d.Copies, text)
			docs = docs[1:]
			continue
		}
		v := scope.value(word)
		switch {
		case elsewhere, strings.Contains(v.Text, "://"), strings.HasPrefix(v.Text, "git@"), in.Name == "ADD" && isArchive(v.Text):
			v.Known = false
		default:
			v.Known = v.Known && b.Context.Known
			v.Text = path.Join(b.Context.Text, path.Join("/", v.Text))
		}
		v.Span = in.Span
		c.Sources = append(c.Sources, v)
	}
	if len(c.Sources) > 0 {
		d.Copies = append(d.Copies, c)
	}
}

func isArchive(name string) bool {
	return slices.ContainsFunc([]string{".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tar.zst"}, func(end string) bool {
		return strings.HasSuffix(name, end)
	})
}

// splitWords splits a line at blanks outside of quotes; the quotes stay.
func splitWords(text string) []string {
	var words []string
	start, quote := -1, byte(0)
	for i := range len(text) {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == ' ' || c == '\t':
			if start >= 0 {
				words = append(words, text[start:i])
				start = -1
			}
			continue
		case c == '"' || c == '\'':
			quote = c
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		words = append(words, text[start:])
	}
	return words
}

// unquote takes the quotes off a word.
func unquote(word string) string {
	if n := len(word); n > 1 && (word[0] == '"' || word[0] == '\'') && word[n-1] == word[0] {
		return word[1 : n-1]
	}
	return word
}
