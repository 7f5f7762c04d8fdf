// Package testdata holds the cases that the rules are tested with. Those named
// bad.txtar and good.txtar are also the examples that the rules' pages show.
package testdata

import (
	"bytes"
	"embed"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed rules/*/bad.txtar rules/*/good.txtar
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
