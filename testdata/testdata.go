// Package testdata holds the cases that the rules are tested with. Those named
// bad.txtar and good.txtar are also the examples that the rules' pages show; what the
// pages say of proofs stands at the head of the scripts.
package testdata

import (
	"bytes"
	"embed"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed rules/*/bad.txtar rules/*/good.txtar rules/*/proof*.txtar
var cases embed.FS

// longestLine is where a line is cut for showing, in bytes.
const longestLine = 160

// want matches the comment by which a case says what is to be found on its line.
var want = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[ \t]*[#;] want .*\n|[ \t]*[#;] want .*$`)
})

// option matches a line of a case's comment that says how it is run.
var option = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^[a-z]+(?:-[a-z]+)*: .*$`) })

// Example is a rule's case "bad" or "good" as a reader would see its files in an
// editor: without what only the tests need.
func Example(rule, name string) (example *txtar.Archive, ok bool) {
	text, err := cases.ReadFile("rules/" + rule + "/" + name + ".txtar")
	if err != nil {
		return nil, false
	}
	archive := txtar.Parse(text)
	shown := &txtar.Archive{Comment: bytes.TrimSpace(option().ReplaceAll(archive.Comment, nil))}
	for _, f := range archive.Files {
		if f.Name == "want" || strings.HasPrefix(f.Name, "fixed/") {
			continue
		}
		var b bytes.Buffer
		for line := range bytes.Lines(want().ReplaceAll(f.Data, nil)) {
			line = bytes.TrimRight(line, "\r\n")
			b.Write(line[:min(len(line), longestLine)])
			if len(line) > longestLine {
				b.WriteString(" …")
			}
			b.WriteByte('\n')
		}
		shown.Files = append(shown.Files, txtar.File{Name: f.Name, Data: b.Bytes()})
	}
	return shown, true
}

// A Proof is a script that a rule's claim is shown with on the real servers.
type Proof struct {
	Name  string // of its file
	Claim string // what it shows, from the comment that it begins with; "" without one
}

// Proofs are those of a rule, by name.
func Proofs(rule string) []Proof {
	names, err := fs.Glob(cases, "rules/"+rule+"/proof*.txtar")
	if err != nil {
		panic(err) // the pattern is as it should be
	}
	slices.SortFunc(names, func(a, b string) int {
		return strings.Compare(strings.TrimSuffix(a, ".txtar"), strings.TrimSuffix(b, ".txtar"))
	})
	proofs := make([]Proof, len(names))
	for i, name := range names {
		text, err := cases.ReadFile(name)
		if err != nil {
			panic(err) // it has just been listed
		}
		var claim []string
		for line := range strings.Lines(string(text)) {
			words, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
			if !ok {
				break
			}
			claim = append(claim, strings.Fields(words)...)
		}
		proofs[i] = Proof{path.Base(name), Capitalised(strings.TrimPrefix(strings.Join(claim, " "), "Claim: "))}
	}
	return proofs
}

// Capitalised begins a sentence as such, unless it begins with the name of a program, a protocol or a directive.
func Capitalised(s string) string {
	first, _, _ := strings.Cut(s, " ")
	first = strings.TrimSuffix(first, "'s")
	if s == "" || slices.Contains([]string{"nginx", "php-fpm", "gunicorn", "uWSGI", "gRPC", "localhost"}, first) || strings.ContainsAny(first, "_.") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
