package compose

import (
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nginx-lint/analyzer/source"
)

// tree is the file system of an archive, and its projects.
func tree(t testing.TB, archive string) (source.FS, []*Project) {
	t.Helper()
	fsys := source.Mem{}
	byDir := map[string][]string{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		fsys[f.Name] = string(f.Data)
		if IsFile(path.Base(f.Name)) {
			byDir[path.Dir(f.Name)] = append(byDir[path.Dir(f.Name)], path.Base(f.Name))
		}
	}
	open := func(name string) *source.File {
		text, err := fsys.ReadFile(name)
		if err != nil {
			return nil
		}
		return source.NewFile(name, text)
	}
	var all []*Project
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		all = append(all, Load(dir, byDir[dir], open)...)
	}
	return fsys, all
}

// describe writes down what matters of a project.
func describe(p *Project) string {
	var b strings.Builder
	for _, f := range p.Files {
		fmt.Fprintf(&b, "file %s\n", f.Path)
	}
	for _, x := range p.Problems {
		fmt.Fprintf(&b, "problem %s:%d %s\n", x.Span.File.Path, x.Span.Line(), x.Text)
	}
	text := func(v Value) string {
		switch {
		case !v.Known:
			return "?"
		case v.Variable:
			return v.Text + "*"
		}
		return v.Text
	}
	for _, s := range p.Services {
		fmt.Fprintf(&b, "service %s (line %d)", s.Name, s.Key.Line())
		if s.Image.Text != "" || !s.Image.Known {
			fmt.Fprintf(&b, " image %s", text(s.Image))
		}
		if s.Build != nil {
			fmt.Fprintf(&b, " build %s", text(s.Build.File()))
		}
		if s.Dockerfile != nil {
			fmt.Fprintf(&b, " from %s", text(s.Dockerfile.Base))
		}
		b.WriteByte('\n')
		names, known := p.Names(s)
		fmt.Fprintf(&b, "  names %v %v\n", names, known)
		for _, m := range s.Mounts {
			fmt.Fprintf(&b, "  mount %d %s on %s\n", m.Kind, text(m.Source), text(m.Target))
		}
		for _, x := range s.Ports {
			fmt.Fprintf(&b, "  port %d:%d x%d\n", x.Published, x.Target, x.Count)
		}
		if s.Command != nil {
			fmt.Fprintf(&b, "  command %q\n", s.Command.Words)
		}
		for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
			fmt.Fprintf(&b, "  env %s=%s\n", name, text(s.Environment[name]))
		}
		if s.Unknown {
			b.WriteString("  unknown\n")
		}
	}
	return b.String()
}

func TestLoad(t *testing.T) {
	cases := map[string]struct{ archive, want string }{
		"forms of everything": {`
-- docker-compose.yml --
version: "3"
x-base: &base
  restart: always
  environment: &env {A: "1", B: two}
services:
  web:
    <<: *base
    image: nginx:${TAG:-1.25}
    container_name: front
    ports: ["80:80", "127.0.0.1:8443:443/tcp", 9000-9002:9000-9002, {target: 81, published: "8081"}, "${P}:1"]
    volumes:
      - ./conf:/etc/nginx/conf.d:ro
      - sock:/var/run/php
      - /data
      - {type: bind, source: ./x, target: /y}
      - ${SRC}:/srv
    networks:
      back: {aliases: [www, site]}
    environment:
      <<: *env
      B: three
  php:
    build: {context: docker/php, args: [V=8.3]}
    environment: [C=$D, E, "F=a$$b"]
    command: php-fpm -F
    tmpfs: /tmp
-- .env --
D=dee # note
TAG='1.27'
-- docker/php/Dockerfile --
ARG V=8.2
FROM php:${V}-fpm AS base
FROM base
`, `file docker-compose.yml
service web (line 6) image nginx:1.27*
  names [web front www site] true
  mount 1 conf on /etc/nginx/conf.d
  mount 2 sock on /var/run/php
  mount 2  on /data
  mount 1 x on /y
  mount 1 ? on /srv
  port 80:80 x1
  port 8443:443 x1
  port 9000:9000 x3
  port 8081:81 x1
  env A=1
  env B=three
service php (line 22) build docker/php/Dockerfile from php:8.3-fpm
  names [php] true
  mount 3  on /tmp
  command ["php-fpm" "-F"]
  env C=dee*
  env E=?
  env F=a$b
`},
		"override, reset and extends": {`
-- compose.yaml --
services:
  web:
    extends: {file: common.yml, service: server}
    volumes: ["./a:/a", "./b:/b"]
    ports: ["1:1"]
-- compose.override.yaml --
services:
  web:
    volumes: ["./c:/b"]
    ports: !override ["2:2"]
    command: !reset null
-- common.yml --
services:
  server:
    image: nginx
    command: nginx
    env_file: web.env
-- web.env --
X=1
`, `file compose.yaml
file compose.override.yaml
service web (line 2) image nginx
  names [web] true
  mount 1 a on /a
  mount 1 c on /b
  port 2:2 x1
  env X=1
`},
		"include": {`
-- compose.yml --
include:
  - sub/compose.inc.yml
  - {path: other/c.yml, project_directory: ., env_file: other/o.env}
services:
  a: {image: a}
-- sub/compose.inc.yml --
services:
  b: {image: b, volumes: ["./x:/x"]}
-- other/c.yml --
services:
  c: {image: "c:$V", volumes: ["./x:/x"]}
-- other/o.env --
V=7
`, `file compose.yml
file sub/compose.inc.yml
file other/c.yml
service b (line 2) image b
  names [b] true
  mount 1 sub/x on /x
service c (line 2) image c:7*
  names [c] true
  mount 1 x on /x
service a (line 5) image a
  names [a] true
`},
		"no YAML": {"\n-- compose.yml --\nservices:\n  a: [b\n", `file compose.yml
problem compose.yml:2 sequence end token ']' not found
`},
		"a variable that is set nowhere": {"\n-- compose.yml --\nservices:\n  a: {image: \"x:${TAG}\", container_name: $NAME}\n", `file compose.yml
service a (line 2) image ?
  names [a] false
`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, projects := tree(t, c.archive)
			if len(projects) == 0 {
				t.Fatal("no project")
			}
			if diff := cmp.Diff(c.want, describe(projects[0])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Which files are one project.
func TestProjects(t *testing.T) {
	_, projects := tree(t, `
-- compose.yml --
services: {a: {image: a}, b: {image: b}}
-- compose.override.yml --
services: {a: {command: x}}
-- docker-compose.dev.yml --
services: {b: {command: y}}
-- docker-compose.all.yml --
services: {c: {image: c}}
`)
	var got []string
	for _, p := range projects {
		var line strings.Builder
		for _, f := range p.Files {
			line.WriteString(f.Path + " ")
		}
		for _, s := range p.Services {
			line.WriteString(s.Name)
		}
		got = append(got, line.String())
	}
	want := []string{
		"compose.yml compose.override.yml ab",
		"docker-compose.all.yml c",
		"compose.yml compose.override.yml docker-compose.dev.yml ab",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !projects[0].Others["c"] {
		t.Error("a service of another file is not known")
	}
}

// What a file that is made to be expensive costs.
func TestBounds(t *testing.T) {
	write := func(from, to int, head, format string, args func(i int) []any) string {
		var b strings.Builder
		b.WriteString(head)
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, format, args(i)...)
		}
		return b.String()
	}
	bomb := write('b', 'k', "a: &a [x,x,x,x,x,x,x,x,x,x]\n", "%c: &%c [%s]\n", func(c int) []any {
		return []any{c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 9)}
	})
	merges := write(1, 900, "m0: &m0 {a: 1, b: 2, c: 3, d: 4}\n", "m%d: &m%d {<<: *m%d, k%d: 1}\n", func(i int) []any { return []any{i, i, i - 1, i} })
	many := write(0, 2000, "x-v: &v ["+strings.Repeat("./a:/b,", 3000)+"]\nservices:\n", "  s%d: {volumes: *v}\n", func(i int) []any { return []any{i} })
	texts := map[string]string{
		"anchors":       bomb + "services: {a: {volumes: *j, image: *j, environment: *j}}\n",
		"merge keys":    merges,
		"shared list":   many,
		"5 MB":          "services:\n" + strings.Repeat("  aaaaaaaaaaaaaaaa: {image: nginx}\n", 150_000),
		"long scalar":   "services: {a: {image: \"" + strings.Repeat("$A", 500_000) + "\"}}\n",
		"many keys":     write(0, 9000, "services:\n", " k%d:\n", func(i int) []any { return []any{i} }),
		"deep brackets": strings.Repeat("[", 100_000),
		"deep lists":    strings.Repeat("- ", 100_000),
		"deep defaults": "services: {a: {image: \"" + strings.Repeat("${A:-", 10_000) + strings.Repeat("}", 10_000) + "\"}}\n",
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, projects := tree(t, "-- compose.yml --\n"+text)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if len(projects) != 1 {
				t.Errorf("%d projects", len(projects))
			}
			if took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<30 {
				t.Errorf("took %d MB", used>>20)
			}
			t.Log(took, (after.TotalAlloc-before.TotalAlloc)>>20, "MB", projects[0].Open)
		})
	}
}

func TestInterpolate(t *testing.T) {
	env := &Env{values: map[string]string{"A": "a", "EMPTY": "", "B_1": "b"}}
	for text, want := range map[string]string{
		"x": "x", "$A": "a", "${A}z": "az", "$B_1.": "b.", "$$A": "$A", "${A:-d}": "a", "${N:-d}": "d", "${EMPTY:-d}": "d",
		"${EMPTY-d}": "", "${N-d}": "d", "${N:-${A}x}": "ax", "${A:+y}": "y", "${N:+y}": "", "${A:?m}": "a", "${N:-a:b}": "a:b",
		"$N": "?", "${N}": "?", "${N:?m}": "?", "${": "?", "${A": "?", "$1": "?", "${}": "?",
	} {
		v := interpolate(text, env)
		got := v.Text
		if !v.Known {
			got = "?"
		}
		if got != want {
			t.Errorf("%s: %q, not %q", text, got, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("services: {a: {image: nginx, ports: ['80:80'], volumes: [./a:/b]}}", "FROM a\nCOPY <<X /y\nz\nX\n", "A=b")
	f.Add("services:\n  a: &x\n    extends: a\n  b:\n    <<: *x\n    build: .\n", "# escape=`\nFROM a AS b\nRUN a `\n b\n", "A='")
	f.Add("include: [compose.yml]\nservices:\n a: {networks: {d: {aliases: [x]}}}\n", "ARG A\nFROM $A\nENV A b\nCOPY --from=x . .", "")
	f.Fuzz(func(t *testing.T, text, dockerfile, env string) {
		comments, entries := OutlineYAML(source.NewFile("compose.yml", text))
		if !slices.IsSortedFunc(entries, func(a, b source.Span) int { return a.Start - b.Start }) {
			t.Fatal("entries out of order")
		}
		more, instructions := OutlineDockerfile(source.NewFile("Dockerfile", dockerfile))
		for _, at := range slices.Concat(comments, more) {
			if !strings.HasPrefix(at.Text(), "#") || strings.Contains(at.Text(), "\n") {
				t.Fatalf("no comment: %q", at.Text())
			}
		}
		for _, at := range slices.Concat(entries, instructions) {
			if at.Start > at.End || at.End > len(at.File.Text) {
				t.Fatalf("entry %d-%d", at.Start, at.End)
			}
		}
		fsys := source.Mem{"compose.yml": text, "Dockerfile": dockerfile, ".env": env, "conf/a.conf": ""}
		open := func(name string) *source.File {
			text, err := fsys.ReadFile(name)
			if err != nil {
				return nil
			}
			return source.NewFile(name, text)
		}
		for _, p := range Load(".", []string{"compose.yml"}, open) {
			for _, s := range p.Services {
				v := p.View(s, fsys)
				v.At("/etc/nginx/conf.d/a.conf")
				v.Targets("conf/a.conf")
				v.Listing("/etc/nginx/conf.d", "*")
				v.Store("/run/x.sock")
				v.Runs()
				p.Resolve(s, "a")
			}
		}
	})
}
