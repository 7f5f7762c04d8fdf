package cli

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// layouts are trees in which the names of folders say something.
const layouts = `
-- image/usr/local/etc/php-fpm.conf --
[global]
include=etc/php-fpm.d/*.conf
-- image/usr/local/etc/php-fpm.d/www.conf --
[www]
user = www-data
listen = /run/a.sock
listen.owner = www-data
pm = static
pm.max_children = 2
-- image/etc/nginx/nginx.conf --
user www-data;
events {}
http { include conf.d/*.conf; }
-- image/etc/nginx/conf.d/a.conf --
server { listen 80; location ~ \.php$ { include fastcgi.conf; fastcgi_pass unix:/run/b.sock; } }
-- loose/Dockerfile --
FROM scratch
-- loose/nginx/nginx.conf --
user www-data;
events {}
http { include /etc/nginx/sites-enabled/*; include snippets/more; }
-- loose/nginx/snippets/more --
gzip yes;
-- loose/nginx/sites-available/shop --
server { listen 80; location ~ \.php$ { include fastcgi.conf; fastcgi_pass unix:/tmp/a.sock; } }
-- loose/nginx/sites-enabled/shop --
server { listen 81; location ~ \.php$ { include fastcgi.conf; fastcgi_pass unix:/tmp/b.sock; } }
-- loose/php-fpm.d/www.conf --
[www]
user = www-data
listen = /tmp/a.sock
listen.owner = www-data
pm = static
pm.max_children = 2
-- loose/php-fpm.d/zz.conf --
[www]
listen = 9000
-- host/etc/php/8.2/fpm/php-fpm.conf --
[www]
listen = /run/php/a.sock
user = www-data
pm = static
pm.max_children = 2
-- host/etc/nginx/nginx.conf --
user www-data;
events {}
http { server { listen 80; location ~ \.php$ { include fastcgi.conf; fastcgi_pass unix:/run/php/b.sock; } } }
-- settings/.nginx-lint.yaml --
version: 1
exclude: [drafts, "old/**"]
overrides: [{paths: [staging], rules: {buffer-sizes: {level: info}}}, {paths: ["live/x"], rules: {buffer-sizes: {level: warning}}}]
-- settings/staging/nginx.conf --
events {}
http { proxy_buffer_size 16k; server { listen 80; } }
-- settings/live/x/nginx.conf --
events {}
http { proxy_buffer_size 16k; server { listen 80; } }
-- settings/drafts/site.conf --
server { listen 80 }
-- settings/old/site.conf --
server { listen 80 }
`

// TestAnywhere: of a tree the same is said, whichever of its folders is the current one.
func TestAnywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(layouts)).Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for tree, findings := range map[string]int{"image": 1, "loose": 3, "host": 1, "settings": 2} {
		top := filepath.Join(dir, tree)
		want := saidFrom(t, top, ".")
		if len(want) != findings {
			t.Errorf("%s: %d findings, want %d: %q", tree, len(want), findings, want)
		}
		err := filepath.WalkDir(top, func(at string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() || strings.Contains(at, "drafts") || strings.Contains(at, "old") {
				return err
			}
			up, err := filepath.Rel(at, top)
			if err != nil {
				return err
			}
			for _, named := range []string{up, top} {
				if diff := cmp.Diff(want, saidFrom(t, at, named)); diff != "" {
					t.Errorf("%s, from %s: -want +got:\n%s", named, at, diff)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// saidFrom is what is found in a path, seen from a folder: rule, severity and place.
func saidFrom(t *testing.T, dir, name string) []string {
	t.Helper()
	var out, log bytes.Buffer
	Run([]string{"--format", "json", name}, Env{Stdout: &out, Stderr: &log, Getenv: func(string) string { return "" }, Dir: dir})
	var report struct {
		Findings []struct {
			Rule, Severity, File string
			Range                struct{ Start struct{ Line int } }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%s from %s: %v: %s", name, dir, err, &log)
	}
	said := make([]string, len(report.Findings))
	for i, f := range report.Findings {
		if !filepath.IsAbs(f.File) {
			f.File = filepath.Join(dir, f.File)
		}
		said[i] = strings.Join([]string{f.Severity, f.Rule, f.File, strconv.Itoa(f.Range.Start.Line)}, " ")
	}
	slices.Sort(said)
	return said
}
