package cli

import (
	"bytes"
	"embed"
	"io"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/pflag"
)

// shells are those that completion scripts are made for.
var shells = []string{"bash", "zsh", "fish"}

//go:embed completion.bash completion.zsh completion.fish
var completionTemplates embed.FS

// completion writes the script that completes the command line in a shell.
func (p *program) completion(o *options) error {
	shell := o.args[0]
	if !slices.Contains(shells, shell) {
		return usagef("no completion for %q: use %s%s", shell, or(shells), didYouMean(shell, shells))
	}
	funcs := template.FuncMap{"quote": shellQuoted, "names": names, "specs": zshSpecs, "action": zshAction}
	if shell == "fish" { // which alone knows escapes between single quotes
		quoted := strings.NewReplacer(`\`, `\\`, "'", `\'`)
		funcs["quote"] = func(text string) string { return "'" + quoted.Replace(text) + "'" }
	}
	t, err := template.New("").Funcs(funcs).ParseFS(completionTemplates, "completion."+shell)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "completion."+shell, p.completions()); err != nil {
		return err
	}
	_, err = io.Copy(p.Stdout, &b)
	return err
}

// completions is what the scripts are made of.
type completions struct {
	// Check are the flags of checking, which all others are among.
	Check []completedFlag
	// Valued are the flags of which a value is the next word.
	Valued   []string
	Commands []completedCommand
	Rules    []word
}

type completedCommand struct {
	Name, About string
	Operand     completed
	Flags       []completedFlag
}

type completedFlag struct {
	Name, Short, About string
	// Value is what completes its value. Optional values stand behind "=" only.
	Value                      completed
	Valued, Optional, Repeated bool
	// Own is set where a command's values are not those of checking.
	Own bool
}

// completed says what completes a word.
type completed struct {
	// Name is what the help text calls it.
	Name string
	From wordSource
	// Words are for fromWords.
	Words []word
}

// A wordSource says where the words come from that complete a word.
type wordSource string

const (
	fromNowhere   wordSource = ""
	fromWords     wordSource = "words"
	fromRules     wordSource = "rules"
	fromRuleList  wordSource = "rule list" // separated by commas
	fromFiles     wordSource = "files"
	fromFolders   wordSource = "folders"
	fromPathMap   wordSource = "path map" // a file behind "="
	fromUsers     wordSource = "users"
	fromRevisions wordSource = "revisions" // of git
)

// sources are by what the help text calls a value.
var sources = map[string]wordSource{
	"FILE": fromFiles, "NAME": fromFiles, "GLOB": fromFiles, "DIR": fromFolders, "FROM=TO": fromPathMap,
	"RULE": fromRules, "RULES": fromRuleList, "USER": fromUsers, "REV": fromRevisions, "VERSION": fromNowhere,
}

func (p *program) completions() completions {
	var c completions
	flags := newOptions().flags
	words := flagWords()
	flags.VisitAll(func(f *pflag.Flag) {
		name, about := pflag.UnquoteUsage(f)
		d := completedFlag{
			Name: f.Name, Short: f.Shorthand, About: about,
			Valued: f.NoOptDefVal == "", Optional: f.NoOptDefVal != "" && words[f.Name] != nil,
			Repeated: f.Value.Type() == "stringArray" || f.Value.Type() == "stringSlice",
		}
		if d.Valued || d.Optional {
			d.Value = completed{name, sources[name], nil}
			if w := words[f.Name]; w != nil {
				d.Value = completed{name, fromWords, plain(w)}
			}
		}
		if d.Valued {
			c.Valued = append(c.Valued, "--"+f.Name)
		}
		c.Check = append(c.Check, d)
	})
	for _, command := range commands {
		d := completedCommand{Name: command.name, About: command.about, Operand: completed{Name: command.operand, From: sources[command.operand]}}
		switch {
		case command.words != nil:
			d.Operand = completed{"WORD", fromWords, command.words}
		case command.name == cmdCompletion:
			d.Operand = completed{command.operand, fromWords, plain(shells)}
		}
		for _, f := range c.Check {
			switch {
			case f.Name == "format" && slices.Contains(command.flags, f.Name):
				f.Value.Words, f.Own = plain(listFormats), true
			case f.Name != "help" && !slices.Contains(command.flags, f.Name):
				continue
			}
			d.Flags = append(d.Flags, f)
		}
		c.Commands = append(c.Commands, d)
	}
	for _, r := range p.rules {
		c.Rules = append(c.Rules, word{r.ID, r.Doc.Summary})
	}
	return c
}

// plain are words that need no explanation.
func plain(all []string) []word {
	words := make([]word, len(all))
	for i, name := range all {
		words[i].Name = name
	}
	return words
}

// names are words without what they stand for.
func names(words []word) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.Name
	}
	return strings.Join(all, " ")
}

// shellQuoted is a text that a shell takes for one word.
func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// zshSpecs are what zsh's _arguments is told of a flag, for each of its names.
func zshSpecs(f completedFlag) []string {
	suffix := "[" + strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(f.About) + "]"
	switch {
	case f.Optional:
		suffix = "=-" + suffix + "::"
	case f.Valued:
		suffix = "=" + suffix + ":"
	}
	if f.Value.Name != "" {
		suffix += f.Value.Name + ":" + zshAction(f.Value)
	}
	names := []string{"--" + f.Name}
	if f.Short != "" {
		names = append(names, "-"+f.Short)
	}
	excluded := ""
	switch {
	case f.Name == "help", f.Name == "version":
		excluded = "(- *)"
	case f.Repeated:
		excluded = "*"
	case f.Short != "":
		excluded = "(" + strings.Join(names, " ") + ")"
	}
	specs := make([]string, len(names))
	for i, name := range names {
		specs[i] = excluded + name + suffix
	}
	return specs
}

// zshAction is how zsh's _arguments completes a word.
func zshAction(c completed) string {
	switch c.From {
	case fromNowhere:
		return " "
	case fromWords:
		if c.Words[0].About == "" {
			return "(" + names(c.Words) + ")"
		}
		var all []string
		for _, w := range c.Words {
			all = append(all, w.Name+`\:"`+w.About+`"`)
		}
		return "((" + strings.Join(all, " ") + "))"
	case fromRules:
		return "_nginx_lint_rules"
	case fromRuleList:
		return "_sequence _nginx_lint_rules"
	case fromFiles:
		return "_files"
	case fromFolders:
		return "_files -/"
	case fromPathMap:
		return `{ compset -P "*="; _files }`
	case fromUsers:
		return "_users"
	case fromRevisions:
		return "_nginx_lint_revisions"
	}
	panic("no completion from " + c.From)
}
