package syntax

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// wrappings put a file where nginx reads further into it than as a main file:
// it stops at the first directive that may not stand there.
var wrappings = []struct{ before, after string }{
	{"", ""},
	{"events{}\n", ""},
	{"events{}\nhttp{\n", "\n}"},
	{"events{}\nhttp{server{\n", "\n}}"},
	{"events{}\nhttp{server{location /{\n", "\n}}}"},
	{"events{}\nhttp{map $uri $x{\n", "\n}}"},
}

// TestCorpus compares the first lexical error of real files with nginx's own, in
// several surroundings. NGINX_LINT_CORPUS names the folder; `make corpus` sets it.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("NGINX_LINT_CORPUS")
	if dir == "" {
		t.Skip("NGINX_LINT_CORPUS is not set")
	}
	ask := nginxOracle(t)
	files, lexical, accepted, texts := 0, 0, 0, 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil || len(text) > 1<<20 || bytes.IndexByte(text, 0) >= 0 {
			return err
		}
		files++
		for _, w := range wrappings {
			wrapped := w.before + string(text) + w.after
			want := ask(wrapped)
			texts++
			switch {
			case want.lexical:
				lexical++
			case want.accepted:
				accepted++
			}
			if got := nginxCompare(wrapped, want); got != "" {
				t.Errorf("%s in %q: nginx says %s: %s", name, w.before, want, got)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d texts: %d lexical errors, %d accepted, the rest refused for other reasons", files, texts, lexical, accepted)
}
