package supervisord

import (
	"testing"

	"nginx-lint/analyzer/source"
)

func FuzzRead(f *testing.F) {
	f.Add("[program:a]\ncommand=gunicorn -b :80 \"x y\" ; c\n -w 2\nenvironment=A=\"1\",B='2\n[include]\nfiles = a b\n")
	f.Add("[program:%(x)s]\ncommand=\n[group:a")
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range Read(source.NewFile("f", text)).Programs {
			for _, w := range p.Words {
				if w.Span.Text() == "" {
					t.Fatalf("%s: a word without its place", p.Name)
				}
			}
		}
	})
}
