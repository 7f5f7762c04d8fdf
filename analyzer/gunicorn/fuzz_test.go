package gunicorn

import (
	"testing"

	"nginx-lint/analyzer/backendtest"
	"nginx-lint/analyzer/source"
)

func FuzzRead(f *testing.F) {
	f.Add("gunicorn -b :80 --bind=unix:/a -t 3 -c conf.py app:app", "bind = ['a:1', 'b']\n", true)
	f.Add("python3 -m gunicorn -wb :80 --config=python:x --keyfile", "timeout = 1 +", false)
	f.Fuzz(func(t *testing.T, command, conf string, known bool) {
		_, listeners, _ := Read(Start{Words: backendtest.Words(command), Dir: "/srv", Open: func(name string) (*source.File, bool) {
			return source.NewFile(name, conf), known
		}})
		for _, l := range listeners {
			if l.Span.End > len(l.Span.File.Text) {
				t.Fatal("a listener without its place")
			}
		}
	})
}
