package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// readSettings reads a text as the settings of a folder, relative to /here.
func readSettings(text, dir string, fsys source.FS) (*settings, []diag.Finding) {
	r := settingsReader{
		decoder: decoder{file: source.NewFile(filepath.Join(dir, settingsName), text)},
		fsys:    fsys, here: "/here", dir: dir, rules: rules.All(),
	}
	return r.read(), r.problems
}

// settingsPage is the example of docs/settings.md, and the page.
func settingsPage(t *testing.T) (example, page string) {
	t.Helper()
	text, err := os.ReadFile("../../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("the page has no example")
	}
	return example, string(text)
}

// TestSettingsPage reads the example of the page, which has every key there is.
func TestSettingsPage(t *testing.T) {
	t.Parallel()
	example, page := settingsPage(t)
	tree := source.Mem{"hosts/web1/etc/nginx/nginx.conf": "", "hosts/web1/etc/php/8.2/fpm/php-fpm.conf": "", "shared/x": ""}
	s, problems := readSettings(example, ".", tree)
	if len(problems) > 0 {
		t.Fatalf("%+v", problems)
	}
	got := *s
	got.file, got.paths, got.listeners, got.at, got.baseline = nil, nil, nil, nil, place{}
	want := settings{
		exclude:      []string{"/here/**/*.bak", "/here/hosts/*/legacy/**"},
		nginxVersion: catalog.Version{Major: 1, Minor: 24}, nginxUser: "www-data", prefix: "/etc/nginx",
		phpVersion: catalog.Version{Major: 8, Minor: 2},
		pathMap:    []analyzer.Mapping{{From: "/srv/shared", To: "shared"}},
		scopes: []analyzer.DeclaredScope{{
			Name: "web1", Root: "hosts/web1", Closed: true,
			Nginx: []string{"hosts/web1/etc/nginx/nginx.conf"}, PHPFPM: []string{"hosts/web1/etc/php/8.2/fpm/php-fpm.conf"},
		}},
		off: []string{"timeout-race"}, levels: map[string]diag.Severity{"timeout-fpm-kills-first": diag.Info},
		ruleOptions: map[string]map[string]float64{"timeout-fpm-kills-first": {"factor": 3}},
		profile:     profileRecommended, modules: []string{"lua"},
		directives: []catalog.Directive{{Name: "my_directive", Section: catalog.ThirdParty, Contexts: catalog.Server | catalog.Location, Args: 1 << 1}},
		overrides: []analyzer.Override{{
			Paths: []string{"/here/hosts/old/**"}, Levels: map[string]diag.Severity{"server-unreachable": analyzer.OffLevel},
		}},
		failOn: diag.Error, failOnSet: true,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(settings{}, place{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(s.paths) != 1 || s.paths[0].path != "hosts" || s.paths[0].at.Text() != "hosts" {
		t.Errorf("paths: %+v", s.paths)
	}
	if s.baseline.path != "baseline.json" || s.at["nginx.user"].Text() != "user" || s.at["rules.timeout-race.level"].Text() != "level" {
		t.Errorf("baseline %+v, places %+v", s.baseline, s.at)
	}
	if len(s.listeners) != 1 || s.listeners[0].Scope != "web1" || s.listeners[0].Endpoint.String() != "127.0.0.1:3000" || s.listeners[0].Span.Text() != `"127.0.0.1:3000"` {
		t.Errorf("listeners: %+v", s.listeners)
	}
	for _, key := range []string{"version", "paths", "exclude", "nginx.version", "nginx.user", "nginx.prefix", "nginx.modules", "nginx.directives", "profile", "overrides", "baseline", "php.version", "path-map", "scopes", "listeners", "fail-on"} {
		if !strings.Contains(page, "| `"+key+"` |") {
			t.Errorf("the page does not tell of %s", key)
		}
	}
}

// TestSettingsFolder: paths are those of the file, written as seen from the current folder.
func TestSettingsFolder(t *testing.T) {
	t.Parallel()
	const text = "version: 1\npaths: [etc, ../x, /abs/./y]\nexclude: [\"a/*.bak\", \"*.old\", \"/tmp/**\"]\n"
	tests := []struct {
		dir            string
		paths, exclude []string
	}{
		{".", []string{"etc", "../x", "/abs/y"}, []string{"/here/a/*.bak", "*.old", "/tmp/**"}},
		{"..", []string{"../etc", "../x", "/abs/y"}, []string{"/a/*.bak", "*.old", "/**/*.old", "/tmp/**"}},
		{"/a[b", []string{"/a[b/etc", "/x", "/abs/y"}, []string{`/a\[b/a/*.bak`, "*.old", `/a\[b/**/*.old`, "/tmp/**"}},
		{"../here/sub", []string{"sub/etc", "x", "/abs/y"}, []string{"/here/sub/a/*.bak", "*.old", "/here/sub/**/*.old", "/tmp/**"}},
	}
	for _, tt := range tests {
		s, problems := readSettings(text, tt.dir, source.Mem{})
		var paths []string
		for _, p := range s.paths {
			paths = append(paths, p.path)
		}
		if len(problems) > 0 || !slices.Equal(paths, tt.paths) || !slices.Equal(s.exclude, tt.exclude) {
			t.Errorf("%s: paths %q, exclude %q, problems %v", tt.dir, paths, s.exclude, problems)
		}
	}
}

// TestSettingsPlaces holds the places of problems in files that are not plain.
func TestSettingsPlaces(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, at, said string }{
		{"\ufeffversion: 1\r\nfail-on: bad\r\n", "bad", "unknown value"},
		{"\ufeffversion: 9\n", "9", "settings of a newer version"},
		{"version: 1\npaths: [\"ä\", {é: 1}]\n", "{", "wrong type"},
		{"version: 1\nnginx:\n  user: |\n    www-data\n", "|", "wrong type"},
		{"version: 1\nnginx:\n\n  # who\n  user: ''\n", "''", "an empty value"},
		{"version: 1\n\"pat\\x68s\": [a]\nrules: 'a\n  b'\n", "'a", "wrong type"},
		{"version: one\n", "one", "unknown version"},
		{"- version\n", "-", "wrong type"},
		{"version: 1\nrules: {<<: {a: b}}\n", "<<", "unknown rule"},
		{"version: 1\nfail-on: !!str none\n", "!!str", "wrong type"},
		{"version: 1\npaths: " + strings.Repeat("[", 200), "[", "nested too deep"},
		{"version: 1\n\tpaths: [a]\n", "\t", "no valid YAML"},
	}
	for _, tt := range tests {
		_, problems := readSettings(tt.text, ".", source.Mem{})
		if !slices.ContainsFunc(problems, func(f diag.Finding) bool { return f.Summary == tt.said && f.Subject.Span.Text() == tt.at }) {
			for _, f := range problems {
				t.Logf("%s at %q: %s", f.Summary, f.Subject.Span.Text(), f.Subject.Text)
			}
			t.Errorf("%q: no problem %q at %q", tt.text, tt.said, tt.at)
		}
	}
	// Keys with nothing behind them are as good as none.
	if _, problems := readSettings("version: 1\npaths:\nnginx: ~\nrules: {timeout-race: }\n", ".", source.Mem{}); len(problems) > 0 {
		t.Errorf("empty values: %+v", problems)
	}
}

func TestBadGlob(t *testing.T) {
	t.Parallel()
	for pattern, bad := range map[string]bool{
		"*.bak": false, "a/**/b": false, "**": false, "[ab]": false, "[]]": false, "[!]a]": false, "[^x]y": false, "[[:digit:]]": false, `\[`: false,
		"[": true, "[]": true, "[!": true, "[!]": true, "a[b/c]": true, "a**": true, "**.bak/x": true, `a\`: true,
	} {
		if got := badGlob(pattern); (got != "") != bad {
			t.Errorf("badGlob(%q) = %q", pattern, got)
		}
	}
}

// FuzzSettings: whatever is in the file, it is read or refused with places in it.
func FuzzSettings(f *testing.F) {
	f.Add("version: 1\npaths: [a, 'b']\nrules:\n  syntax: {level: off}\n")
	f.Add("version: 1\nscopes: [{name: a, root: b}]\nlisteners:\n- {address: 1, protocol: http}\n")
	f.Add("\ufeffa: |\r\n  b\r\n? c\n: *d\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		s, problems := readSettings(text, ".", source.Mem{})
		if s == nil && len(problems) == 0 {
			t.Fatal("neither read nor refused")
		}
		for _, p := range problems {
			if at := p.Subject.Span; at.Start < 0 || at.Start > at.End || at.End > len(text) {
				t.Fatalf("%s at %d to %d of %d", p.Summary, at.Start, at.End, len(text))
			}
		}
	})
}
