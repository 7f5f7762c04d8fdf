package stock

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookup(t *testing.T) {
	for path, want := range map[string]string{
		"fastcgi_params":                        "fastcgi_param CONTENT_LENGTH ",
		"./fastcgi_params":                      "fastcgi_param CONTENT_LENGTH ",
		"../fastcgi_params":                     "fastcgi_param CONTENT_LENGTH ",
		"/etc/nginx/fastcgi_params":             "fastcgi_param CONTENT_LENGTH ",
		"/etc/nginx/../nginx/fastcgi_params":    "fastcgi_param CONTENT_LENGTH ",
		"/usr/local/etc/nginx/fastcgi.conf":     "fastcgi_param CONTENT_LENGTH ",
		"snippets/fastcgi-php.conf":             "fastcgi_split_path_info ",
		"/etc/nginx/snippets/fastcgi-php.conf":  "fastcgi_split_path_info ",
		"":                                      "",
		".":                                     "",
		"..":                                    "",
		"/":                                     "",
		"snippets":                              "",
		"/etc/nginx/":                           "",
		"/etc/nginx/*.conf":                     "",
		"fastcgi-php.conf":                      "", // Debian has it in snippets/ only
		"my/other/snippets/fastcgi-php.conf":    "",
		"my/fastcgi_params":                     "",
		"/srv/app/nginx/fastcgi_params":         "",
		"fastcgi_params.orig":                   "",
		"FASTCGI_PARAMS":                        "",
		"/etc/nginx/snippets/custom.conf":       "",
		"/etc/nginx/conf.d/../../fastcgi_param": "",
	} {
		text, ok := Lookup(path)
		if ok != (want != "") || !strings.HasPrefix(text, want) {
			t.Errorf("Lookup(%q) = %.30q, %t; want %q…", path, text, ok, want)
		}
	}
}

func TestScriptFilename(t *testing.T) {
	for name, want := range map[string]bool{"fastcgi_params": false, "fastcgi.conf": true} {
		if _, got := assignments(t, stand(t, name))["fastcgi_param SCRIPT_FILENAME"]; got != want {
			t.Errorf("%s sets SCRIPT_FILENAME: %t, want %t", name, got, want)
		}
	}
}

// TestInstalled compares each stand-in with the file of the installed package.
func TestInstalled(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			installed, err := os.ReadFile("/etc/nginx/" + name)
			if err != nil {
				missing(t, "/etc/nginx/"+name)
			}
			got, want := assignments(t, stand(t, name)), assignments(t, string(installed))
			for _, varies := range Varies(name) {
				for _, m := range []map[string]string{got, want} {
					maps.DeleteFunc(m, func(key, _ string) bool { return key == varies || strings.HasSuffix(key, " "+varies) })
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("installed (-), stand-in (+):\n%s", d)
			}
		})
	}
}

// TestNginxAccepts includes every stand-in where the installed file is made for.
func TestNginxAccepts(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		missing(t, "nginx")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, sub(t)); err != nil {
		t.Fatal(err)
	}
	for _, name := range names(t) {
		directive := "include " + name + ";"
		switch {
		case name == "snippets/snakeoil.conf":
			continue // needs the key of the machine
		case name != "mime.types" && !strings.Contains(name, "koi") && !strings.Contains(name, "win"):
			directive = "server { listen unix:x.sock; location / { " + directive + " } }"
		}
		conf := filepath.Join(dir, "nginx.conf")
		text := "daemon off; pid x.pid; error_log stderr; events {} http { access_log off; " + directive + " }"
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(nginx, "-t", "-p", dir, "-e", "stderr", "-c", conf).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", name, out)
		}
	}
}

// assignments maps "DIRECTIVE NAME" of the one-line directives, "ROW KEY" of
// the rows in blocks, and "DIRECTIVE" of the rest, to the remaining words.
func assignments(t *testing.T, text string) map[string]string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "#")
		lines = append(lines, strings.TrimSpace(code))
	}
	text, head := strings.Join(lines, " "), ""
	if before, rows, ok := strings.Cut(text, "{"); ok && !strings.Contains(before, ";") {
		head, text = strings.Join(strings.Fields(before), " ")+" ", strings.Trim(rows, "} ")
	}
	got := map[string]string{}
	for statement := range strings.SplitSeq(text, ";") {
		words := strings.Fields(statement)
		switch {
		case len(words) == 0:
		case head == "types ": // several extensions a row, several rows a type
			for _, ext := range words[1:] {
				got[head+ext] = words[0]
			}
		case head != "":
			got[head+words[0]] = strings.Join(words[1:], " ")
		case strings.HasSuffix(words[0], "_param") || words[0] == "proxy_set_header":
			got[words[0]+" "+words[1]] = strings.Join(words[2:], " ")
		default:
			got[words[0]] = strings.Join(words[1:], " ")
		}
	}
	if len(got) == 0 {
		t.Fatal("nothing set")
	}
	return got
}

func stand(t *testing.T, name string) string {
	t.Helper()
	text, ok := Lookup(name)
	if !ok {
		t.Fatalf("no stand-in %q", name)
	}
	return text
}

func sub(t *testing.T) fs.FS {
	t.Helper()
	f, err := fs.Sub(files, "files")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// names lists all stand-ins.
func names(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*", "snippets/*"} {
		n, err := fs.Glob(sub(t), pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n...)
	}
	all = slices.DeleteFunc(all, func(n string) bool { return n == "snippets" })
	if len(all) != 11 {
		t.Fatalf("stand-ins: %q", all)
	}
	return all
}

// missing skips or, where proofs are required, fails the test.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("NGINX_LINT_PROOF") == "require" {
		t.Fatal(what + " is not installed")
	}
	t.Skip(what + " is not installed")
}
