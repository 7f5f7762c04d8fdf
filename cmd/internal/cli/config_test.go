package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/xeipuuv/gojsonschema"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// TestGoldenSchema holds the schema of the settings beside their page.
func TestGoldenSchema(t *testing.T) {
	t.Parallel()
	const name = "../../../docs/settings.schema.json"
	p := program{rules: rules.All()}
	want := p.schema()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is stale, `make update` writes it:\n%s", name, diff)
	}
}

// TestSchemaKeys compares the keys that the schema knows with those that the reader
// does: it lists them where it meets one that it does not know.
func TestSchemaKeys(t *testing.T) {
	t.Parallel()
	p := program{rules: rules.All()}
	var top any
	if err := json.Unmarshal([]byte(p.schema()), &top); err != nil {
		t.Fatal(err)
	}
	known := regexp.MustCompile(`the keys here are (.*)$`)
	var walk func(path []string, schema map[string]any)
	walk = func(path []string, schema map[string]any) {
		if items, ok := schema["items"].(map[string]any); ok {
			walk(append(slices.Clone(path), "-"), items)
		}
		keys, ok := schema["properties"].(map[string]any)
		if !ok {
			return
		}
		// A settings file with one unknown key, at this place.
		text := "{xxxxxxxxxxxx: 1}"
		for _, key := range slices.Backward(path) {
			if key == "-" {
				text = "[" + text + "]"
			} else {
				text = "{" + key + ": " + text + "}"
			}
		}
		_, problems := readSettings(text, ".", source.Mem{})
		i := slices.IndexFunc(problems, func(f diag.Finding) bool { return strings.Contains(f.Subject.Text, "xxxxxxxxxxxx") })
		if i < 0 {
			t.Fatalf("%v: no word on an unknown key: %v", path, problems)
		}
		var want []string
		if m := known.FindStringSubmatch(problems[i].Subject.Text); m != nil {
			want = strings.Split(m[1], ", ")
		} else {
			want = p.ruleIDs() // a key that is no rule's
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(maps.Keys(keys))); diff != "" {
			t.Errorf("%v: -reader +schema:\n%s", path, diff)
		}
		for key, below := range keys {
			if below, ok := below.(map[string]any); ok {
				walk(append(slices.Clone(path), key), below)
			}
		}
	}
	walk(nil, top.(map[string]any))
}

// TestSchemaAccepts: an editor that goes by the schema accepts the settings that the
// reader does, and refuses those that it refuses for their form.
func TestSchemaAccepts(t *testing.T) {
	t.Parallel()
	p := program{rules: rules.All()}
	loader := gojsonschema.NewSchemaLoader()
	loader.Validate = true
	loader.Draft = gojsonschema.Draft7
	schema, err := loader.Compile(gojsonschema.NewStringLoader(p.schema()))
	if err != nil {
		t.Fatal(err)
	}
	example, _ := settingsPage(t)
	for text, want := range map[string]bool{
		example:                                               true,
		newSettings(&diag.Report{}, nil):                      true,
		"version: 1":                                          true,
		"paths: [etc]":                                        false,
		"version: 2":                                          false,
		"version: 1\npathes: [etc]":                           false,
		"version: 1\npaths: etc":                              false,
		"version: 1\nexclude: [{b: c}]":                       false,
		"version: 1\nnginx: 1.24.0":                           false,
		"version: 1\nnginx: {usr: www-data}":                  false,
		"version: 1\npath-map: [{from: /etc}]":                false,
		"version: 1\nscopes: [{root: etc}]":                   false,
		"version: 1\nlisteners: [{address: \"127.0.0.1:1\"}]": false,
		"version: 1\nlisteners: [{address: \"127.0.0.1:1\", protocol: htp}]":           false,
		"version: 1\nrules: {made-up: {level: off}}":                                   false,
		"version: 1\nrules: {timeout-race: {level: fatal}}":                            false,
		"version: 1\nrules: {timeout-race: off}":                                       false,
		"version: 1\nrules: {timeout-fpm-kills-first: {factor: 0.5}}":                  false,
		"version: 1\nrules: {timeout-fpm-kills-first: {factr: 3}}":                     false,
		"version: 1\nfail-on: wrning":                                                  false,
		"version: 1\noverrides: [{paths: [a], rules: {timeout-race: {level: error}}}]": true,
	} {
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		result, err := schema.Validate(gojsonschema.NewGoLoader(value))
		if err != nil {
			t.Fatal(err)
		}
		if result.Valid() != want {
			t.Errorf("the schema accepts it: %v, want %v: %v\n%s", !want, want, result.Errors(), text)
		}
		tree := source.Mem{"hosts/web1/etc/nginx/nginx.conf": "", "hosts/web1/etc/php/8.2/fpm/php-fpm.conf": "", "shared/x": ""}
		if _, problems := readSettings(text, ".", tree); len(problems) == 0 != want {
			t.Errorf("the reader accepts it: %v, want %v: %v\n%s", !want, want, problems, text)
		}
	}
}

// TestInitText: what `config init` writes can be read, and so can it without its
// comment marks.
func TestInitText(t *testing.T) {
	t.Parallel()
	conf := source.NewFile("etc/nginx/nginx.conf", "fastcgi_pass unix:/run/a.sock;\ninclude /srv/nginx/*.conf;\nproxy_pass http://127.0.0.1:3000;\n")
	at := func(s string) source.Span {
		i := strings.Index(conf.Text, s)
		return source.Span{File: conf, Start: i, End: i + len(s)}
	}
	missing := func(s string) diag.Finding {
		return diag.Finding{Rule: "target-no-listener", Subject: diag.Label{Span: at(s)}}
	}
	pool := source.NewFile("etc/php/8.2/fpm/pool.d/a.conf", "")
	full := &diag.Report{
		Files:      []*source.File{conf, pool, source.NewFile("/etc/nginx/mime.types", "")},
		Findings:   []diag.Finding{missing("unix:/run/a.sock"), missing("http://127.0.0.1:3000"), missing("$a"), {Rule: "timeout-race"}},
		Unresolved: []diag.Unresolved{{Span: at("include"), Reason: diag.MissingInclude, What: `include "/srv/nginx/*.conf"`}},
	}
	full.Findings = slices.DeleteFunc(full.Findings, func(f diag.Finding) bool { return f.Subject.Span.File == nil || f.Subject.Span.Start < 0 })
	mark := regexp.MustCompile(`(?m)^# ([a-z-]+:|  )`)
	for name, report := range map[string]*diag.Report{"empty": {}, "full": full} {
		text := newSettings(report, searched(report.Files))
		tree := source.Mem{"hosts/web1/x": "", "etc/x": "", "nginx/x": "", "etc/nginx/x": ""}
		if _, problems := readSettings(text, ".", tree); len(problems) > 0 {
			t.Errorf("%s: %v in\n%s", name, problems, text)
		}
		all := mark.ReplaceAllString(text, "$1")
		s, problems := readSettings(all, ".", tree)
		if len(problems) > 0 {
			t.Errorf("%s: %v in\n%s", name, problems, all)
			continue
		}
		if len(s.scopes) != 1 || len(s.pathMap) != 1 || len(s.overrides) != 1 || s.baseline.path != baselineName || len(s.levels) == 0 || len(s.paths) != 1 || len(s.off) > 0 {
			t.Errorf("%s: %+v", name, s)
		}
		if name == "full" && (len(s.listeners) != 2 || s.pathMap[0] != analyzer.Mapping{From: "/srv/nginx", To: "etc/nginx"} || s.paths[0].path != "etc") {
			t.Errorf("full: %+v", s)
		}
	}
}

func TestSearched(t *testing.T) {
	t.Parallel()
	for files, want := range map[string]string{
		"": "", "nginx.conf": ".", "etc/nginx/nginx.conf": "etc/nginx",
		"etc/nginx/nginx.conf etc/php/8.2/fpm/php-fpm.conf":       "etc",
		"docker/nginx/nginx.conf docker/nginx/conf.d/a.conf":      "docker/nginx",
		"docker/nginx/nginx.conf deploy/www.conf":                 "deploy docker",
		"docker/nginx/nginx.conf nginx.conf":                      ".",
		"/etc/nginx/mime.types ../a/x.conf etc/nginx/a.conf":      "etc/nginx",
		"nginx-a/nginx.conf nginx/nginx.conf nginx-a/b/site.conf": "nginx nginx-a",
	} {
		var list []*source.File
		for name := range strings.FieldsSeq(files) {
			list = append(list, source.NewFile(name, ""))
		}
		if got := strings.Join(searched(list), " "); got != want {
			t.Errorf("%s: %q, want %q", files, got, want)
		}
	}
}

// TestConfigRoundTrip: what `config` prints of settings says the same when it is read.
func TestConfigRoundTrip(t *testing.T) {
	t.Parallel()
	example, _ := settingsPage(t)
	example = strings.Replace(example, `"hosts/*/legacy/**"]`, `"hosts/*/legacy/**", "./[a].conf"]`, 1)
	dir := t.TempDir() + "/[web]"
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"one.yaml": example, "hosts/web1/etc/nginx/nginx.conf": "events {}\n", "hosts/web1/etc/php/8.2/fpm/php-fpm.conf": "[global]\n",
		"shared/x": "",
	} {
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			if err := os.MkdirAll(dir+"/"+name[:i], 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	origins := regexp.MustCompile(` +# .*`)
	show := func(name string) string {
		var out, log bytes.Buffer
		p := program{Env: Env{Stdout: &out, Stderr: &log, Getenv: func(string) string { return "" }, Dir: dir}, rules: rules.All()}
		if code := p.run([]string{"config", "--config", name}); code != exitClean {
			t.Fatalf("%s: exit code %d: %s", name, code, &log)
		}
		return out.String()
	}
	once := show("one.yaml")
	if err := os.WriteFile(dir+"/two.yaml", []byte(once), 0o644); err != nil {
		t.Fatal(err)
	}
	plain := func(s string) string { return origins.ReplaceAllString(s, "") }
	if diff := cmp.Diff(plain(once), plain(show("two.yaml"))); diff != "" {
		t.Errorf("-first +second:\n%s", diff)
	}
	for _, want := range []string{
		`(?m)^  user: www-data +# one.yaml:\d+$`, `(?m)^    factor: 3 +# one.yaml:\d+$`, `(?m)^    level: off +# one.yaml:\d+$`,
		`(?m)^fail-on: error +# one.yaml:\d+$`, `(?m)^exclude: \["\*\*/\*\.bak", .*, "\./\[a\]\.conf"\] +# one.yaml:\d+$`, `(?m)^    level: off +# default: it is not in the profile$`,
	} {
		if !regexp.MustCompile(want).MatchString(once) {
			t.Errorf("nothing matches %s in\n%s", want, once)
		}
	}
}
