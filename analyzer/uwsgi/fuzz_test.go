package uwsgi

import (
	"testing"

	"nginx-lint/analyzer/backendtest"
	"nginx-lint/analyzer/source"
)

func FuzzCommand(f *testing.F) {
	f.Add("uwsgi --ini a.ini --socket=:3031 -s /run/a.sock --http-socket", "[uwsgi]\nini = a.ini\nsocket = %(here):1\n")
	f.Add("/usr/bin/uwsgi a.ini:x --chmod-socket=660", "[x]\nini = :y\n[y]\nini = :x\n")
	f.Fuzz(func(t *testing.T, command, ini string) {
		_, listeners, _ := Command(backendtest.Words(command), "/srv", func(name string) *source.File { return source.NewFile(name, ini) })
		for _, l := range listeners {
			if l.Span.Text() == "" {
				t.Fatal("a listener without its place")
			}
		}
	})
}
