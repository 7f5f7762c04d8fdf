package compose

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"nginx-lint/analyzer/source"
)

const stackTree = `
-- docker-compose.yml --
services:
  web:
    image: nginx:1.27
    volumes:
      - ./nginx/conf.d:/etc/nginx/conf.d:ro
      - ./nginx/special.conf:/etc/nginx/conf.d/over.conf
      - sock:/var/run/php
      - ./src:/app
      - ./untracked:/etc/ssl
    configs: [{source: inline, target: /etc/nginx/inline.conf}]
  php:
    build: docker/php
    volumes: [sock:/run/php]
    volumes_from: ["web:ro"]
  old:
    image: php:7.4-fpm
    volumes: ["./www.conf:/usr/local/etc/php-fpm.d/www.conf"]
configs: {inline: {content: "events {}"}}
volumes: {sock: }
-- nginx/conf.d/site.conf --
-- nginx/conf.d/over.conf --
-- nginx/special.conf --
-- src/index.php --
-- www.conf --
-- docker/php/Dockerfile --
FROM php:8.4.17-fpm
COPY conf/*.conf /usr/local/etc/php-fpm.d/
COPY conf/php.ini $PHP_INI_DIR/
COPY code /app
WORKDIR /srv
COPY conf/a.conf here/
COPY <<EOF /etc/inline
x
EOF
RUN sed -i s/a/b/ /etc/edited.conf
-- docker/php/conf/a.conf --
-- docker/php/conf/php.ini --
-- docker/php/code/x.php --
`

func TestView(t *testing.T) {
	fsys, projects := tree(t, stackTree)
	p := projects[0]
	names := []string{"unknown", "own", "file", "folder", "text", "nothing"}
	for _, c := range []struct{ service, path, want string }{
		{"web", "/etc/nginx/conf.d/site.conf", "file nginx/conf.d/site.conf"},
		{"web", "/etc/nginx/conf.d/over.conf", "file nginx/special.conf"},
		{"web", "/etc/nginx/conf.d/none.conf", "nothing nginx/conf.d/none.conf"},
		{"web", "/etc/nginx/nginx.conf", "own "},
		{"web", "/etc/nginx/inline.conf", "text "},
		{"web", "/etc/ssl/x", "unknown "},
		{"web", "/run/php/a.sock", "unknown "},
		{"web", "/app", "folder src"},
		{"php", "/usr/local/etc/php-fpm.d/a.conf", "file docker/php/conf/a.conf"},
		{"php", "/usr/local/etc/php-fpm.d/www.conf", "own "},
		{"php", "/usr/local/etc/php/php.ini", "file docker/php/conf/php.ini"},
		{"php", "/app/index.php", "file src/index.php"},
		{"php", "/app/x.php", "nothing src/x.php"},
		{"php", "/srv/here/a.conf", "file docker/php/conf/a.conf"},
		{"php", "/etc/inline", "text "},
		{"php", "/etc/edited.conf", "unknown "},
		{"php", "/etc/other.conf", "own "},
		{"old", "/usr/local/etc/php-fpm.d/www.conf", "file www.conf"},
		{"old", "/usr/local/etc/php-fpm.d/zz-docker.conf", "own "},
	} {
		at := p.View(p.Service(c.service), fsys).At(c.path)
		if got := names[at.Kind] + " " + at.Path; got != c.want {
			t.Errorf("%s %s: %s, not %s", c.service, c.path, got, c.want)
		}
	}
	web, php := p.View(p.Service("web"), fsys), p.View(p.Service("php"), fsys)
	if got := fmt.Sprint(web.Targets("nginx/conf.d/site.conf"), web.Targets("nginx/conf.d/over.conf"), php.Targets("docker/php/conf/a.conf")); got != "[/etc/nginx/conf.d/site.conf] [] [/usr/local/etc/php-fpm.d/a.conf /srv/here/a.conf]" {
		t.Error(got)
	}
	a, _ := web.Store("/run/php/a.sock")
	b, known := php.Store("/var/run/php/a.sock")
	if a != b || !known || a != "volume:sock:/a.sock" {
		t.Error(a, b, known)
	}
	if c, _ := web.Store("/run/other.sock"); c != "container:web:/run/other.sock" {
		t.Error(c)
	}
	if got := []Program{web.Runs(), php.Runs(), p.View(p.Service("old"), fsys).Runs()}; got[0] != Nginx || got[1] != FPM || got[2] != FPM {
		t.Error(got)
	}
	places, complete := php.Listing("/usr/local/etc/php-fpm.d", "*.conf")
	if len(places) != 4 || !complete || places["a.conf"].Path != "docker/php/conf/a.conf" || places["zz-docker.conf"].Kind != Own {
		t.Error(places, complete)
	}
	if places, complete = web.Listing("/etc/nginx/conf.d", "*.conf"); len(places) != 2 || !complete {
		t.Error(places, complete)
	}
}

func TestRuns(t *testing.T) {
	for _, c := range []struct {
		service string
		want    Program
	}{
		{"{image: nginx}", Nginx},
		{"{image: 'docker.io/library/nginx:1.2'}", Nginx},
		{"{image: nginx, command: [nginx, -g, 'daemon off;']}", Nginx},
		{`{image: nginx, command: "/bin/sh -c 'envsubst < a > b && exec nginx -g off'"}`, Nginx},
		{"{image: nginx, command: supervisord}", 0},
		{"{image: nginx, entrypoint: /start.sh}", 0},
		{"{image: nginx, volumes: ['./x.sh:/docker-entrypoint.d/40-php.sh']}", 0},
		{"{image: trafex/php-nginx}", 0},
		{"{image: nginx:alpine, build: here}", 0},
		{"{image: 'php:8.3-fpm'}", FPM},
		{"{image: 'php:8.3-cli'}", 0},
		{"{image: 'php:8.3-apache'}", Web},
		{"{image: 'wordpress:6-php8.2-fpm-alpine'}", FPM},
		{"{image: wordpress}", Web},
		{"{image: 'example.com/php:8.3-fpm'}", 0},
		{"{build: {context: ., dockerfile_inline: \"FROM php:8.3-fpm\\nRUN docker-php-ext-install intl\"}}", FPM},
		{"{build: {context: ., dockerfile_inline: \"FROM php:8.3-fpm\\nRUN apk add nginx\\nCMD [\\\"x\\\"]\"}}", 0},
		{"{build: {context: ., dockerfile_inline: \"FROM nginx\\nRUN apk add php83-fpm\"}}", 0},
	} {
		fsys, projects := tree(t, "-- compose.yml --\nservices: {a: "+c.service+"}\n")
		if got := projects[0].View(projects[0].Services[0], fsys).Runs(); got != c.want {
			t.Errorf("%s: %d, not %d", c.service, got, c.want)
		}
	}
}

func TestSide(t *testing.T) {
	for ref, want := range map[string]Side{
		"php:7.4-fpm": ListenLast, "php:8.1-fpm-alpine": ListenLast, "php:7.4.13-fpm": ListenLast, "php:8.2.30-fpm": ListenLast,
		"php:8.2.31-fpm-trixie": ListenFirst, "php:8.2-fpm-alpine": UnknownSide, "php:fpm": UnknownSide, "php:8-fpm": UnknownSide,
		"php:8.3.29-fpm": ListenLast, "php:8.3.30-fpm": ListenFirst, "php:8.4.16-fpm": ListenLast, "php:8.4.17-fpm": ListenFirst,
		"php:8.5.1-fpm": ListenLast, "php:8.5.2-fpm": ListenFirst, "php:8.6-fpm": ListenFirst, "php:5.6-fpm": UnknownSide,
		"wordpress:6.4-php8.1-fpm": ListenLast, "wordpress:php8.3-fpm": UnknownSide, "nextcloud:28-fpm": UnknownSide,
	} {
		v := Value{Text: ref, Known: true}
		if got := Lookup(v).Side(v); got != want {
			t.Errorf("%s: %d, not %d", ref, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	_, projects := tree(t, `
-- compose.yml --
services:
  web: {image: nginx, networks: [front, back], links: ["php:app"], extra_hosts: ["db:10.0.0.1"]}
  php: {image: php, networks: {back: {aliases: [fpm]}}, container_name: Engine}
  far: {image: php, networks: [away]}
  side: {image: x, network_mode: "service:web"}
  out: {image: x, networks: [shared]}
networks: {front: , back: , away: , shared: {external: true}}
`)
	p := projects[0]
	for _, c := range []struct{ from, name, want string }{
		{"web", "php", "[php] true"},
		{"web", "FPM", "[php] true"},
		{"web", "engine", "[php] true"},
		{"web", "app", "[php] true"},
		{"web", "far", "[] true"},
		{"web", "nobody", "[] true"},
		{"web", "db", "[] false"},
		{"side", "php", "[php] true"},
		{"out", "php", "[] false"},
	} {
		to, known := p.Resolve(p.Service(c.from), c.name)
		names := []string{}
		for _, s := range to {
			names = append(names, s.Name)
		}
		if got := fmt.Sprint(names, " ", known); got != c.want {
			t.Errorf("%s → %s: %s, not %s", c.from, c.name, got, c.want)
		}
	}
}

func TestDockerfile(t *testing.T) {
	f := source.NewFile("Dockerfile", "# escape=\\\n# a comment\nARG A=1\nFROM a:$A AS one\n"+
		"RUN apt-get update && \\\n  # not a part\n\n  apt-get install x \\\n  y\n"+
		"COPY <<EOF <<-'END' /dir/\na\n\tb\nEOF\n\tc\n\tEND\n"+
		"RUN <<X cat\nFROM nothing\nX\nENV P=\"/a b\" Q=/q\nENV R /r s\nFROM one\nCOPY [\"x y\", \"$Q/\"]\nADD http://e/x /z\nCMD [\"php-fpm\"]\n")
	d := readStage(f, &Build{Context: Value{Text: "ctx", Known: true}, Target: Value{Known: true}})
	if d == nil || d.Base.Text != "a:1" || len(d.Runs) != 2 || d.Runs[0].Text != "apt-get update &&   apt-get install x   y" {
		t.Fatalf("%+v", d)
	}
	var got []string
	for _, c := range d.Copies {
		line := []any{c.Target.Text + " " + c.Text}
		for _, s := range c.Sources {
			line = append(line, s.Text, s.Known)
		}
		got = append(got, fmt.Sprintln(line...))
	}
	want := "[\"/dir/EOF a\\n\\tb\\n\\n\" \"/dir/END c\\n\\n\" \"/q  ctx/x y true\\n\" \"/z  http://e/x false\\n\"]"
	if fmt.Sprintf("%q", got) != want {
		t.Errorf("%q", got)
	}
	if d.Env["P"].Text != "/a b" || d.Env["R"].Text != "/r s" || d.Command.program() != "php-fpm" {
		t.Errorf("%+v", d.Env)
	}
}

// Behind a comment, or an instruction, nothing is an order to the parser.
func TestDockerfileEscape(t *testing.T) {
	for head, want := range map[string]string{
		"# escape=`\n": `a \`,
		"# syntax=docker/dockerfile:1\n#escape = `\n":            `a \`,
		"# nginx-lint:ignore-file syntax it is so\n# escape=`\n": "a && b",
		"# a comment\n# escape=`\n":                              "a && b",
		"ARG A\n# escape=`\n":                                    "a && b",
	} {
		d := readStage(source.NewFile("Dockerfile", head+"FROM a\nRUN a \\\n&& b\n"), &Build{Target: Value{Known: true}})
		if d == nil || len(d.Runs) != 1 || d.Runs[0].Text != want {
			t.Errorf("%q: %+v", head, d)
		}
	}
}

// from is a repository and a file in it.
var from = regexp.MustCompile(`^github\.com/[\w-]+/[\w-]+, ([\w./-]*Dockerfile[\w.-]*|README)\b`)

// Every entry says where it was read, and none hides another.
func TestImages(t *testing.T) {
	for i, img := range Images {
		if img.Source == "" || img.Program == 0 || len(img.Ports) == 0 || img.Config == "" || len(img.Starts) == 0 {
			t.Errorf("%d: %+v", i, img)
		}
		if !from.MatchString(img.Source) {
			t.Errorf("%s: %q names no Dockerfile or documentation", img.Name, img.Source)
		}
		for _, other := range Images[:i] {
			for _, tag := range []string{"latest", "1", "8.4-fpm", "8.4-apache", "fpm-alpine", "apache"} {
				if other.Name == img.Name && other.tag(tag) && img.tag(tag) {
					t.Errorf("two entries for %s:%s", img.Name, tag)
				}
			}
		}
	}
}

// What .dockerignore leaves out of the context is not copied.
func TestDockerignore(t *testing.T) {
	const compose = `
-- compose.yaml --
services:
  web: {build: {context: web, dockerfile: web.Dockerfile}}
  php: {build: php}
  top: {build: .}
-- .dockerignore --
**/b.conf
-- web/web.Dockerfile --
FROM nginx:1.28.0
COPY conf.d /etc/nginx/conf.d
-- web/web.Dockerfile.dockerignore --
# comment
/conf.d/*
!conf.d/a.*
-- web/.dockerignore --
conf.d/a.conf
-- web/conf.d/a.conf --
-- web/conf.d/b.conf --
-- php/Dockerfile --
FROM php:8.1-fpm
COPY . /srv
-- php/.dockerignore --
deep
-- php/deep/down/a.ini --
-- php/a.ini --
-- Dockerfile --
FROM nginx:1.28.0
COPY web/conf.d/*.conf /etc/nginx/conf.d/
`
	fsys, projects := tree(t, compose)
	p := projects[0]
	for _, c := range []struct{ service, path, want string }{
		{"web", "/etc/nginx/conf.d/a.conf", "web/conf.d/a.conf"},
		{"web", "/etc/nginx/conf.d/b.conf", ""},
		{"php", "/srv/a.ini", "php/a.ini"},
		{"php", "/srv/deep/down/a.ini", ""},
		{"top", "/etc/nginx/conf.d/a.conf", "web/conf.d/a.conf"},
		{"top", "/etc/nginx/conf.d/b.conf", ""},
	} {
		v := p.View(p.Service(c.service), fsys)
		if got := v.At(c.path); got.Path != c.want {
			t.Errorf("%s %s: %q, not %q", c.service, c.path, got.Path, c.want)
		}
		if c.want == "" && len(v.Targets("web/conf.d/b.conf")) > 0 {
			t.Errorf("%s has web/conf.d/b.conf at %v", c.service, v.Targets("web/conf.d/b.conf"))
		}
	}
	places, complete := p.View(p.Service("web"), fsys).Listing("/etc/nginx/conf.d", "*.conf")
	if len(places) != 2 || !complete {
		t.Errorf("%v, complete: %t", places, complete) // a.conf and the image's default.conf
	}
}

// A .dockerignore beyond the limits, or one that docker refuses, leaves all open.
func TestDockerignoreLimits(t *testing.T) {
	for _, text := range []string{strings.Repeat("x\n", 2000), strings.Repeat("x", 1<<20), "[\n"} {
		fsys, projects := tree(t, "-- compose.yaml --\nservices: {web: {build: .}}\n-- Dockerfile --\nFROM nginx\nCOPY a.conf /etc/nginx/conf.d/\n-- a.conf --\n-- .dockerignore --\n"+text)
		p := projects[0]
		if _, complete := p.View(p.Service("web"), fsys).Listing("/etc/nginx/conf.d", "*.conf"); complete {
			t.Errorf("%.20q: complete", text)
		}
	}
}

// A Dockerfile that is made to be expensive is not known, or read in part of a second.
func TestDockerfileBounds(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		known bool
	}{
		"large":         {"FROM nginx\n" + strings.Repeat("# comment\n", 200_000), false},
		"instructions":  {"FROM nginx\n" + strings.Repeat("RUN x\n", 10_000), false},
		"continued":     {"FROM nginx\nRUN a \\\n" + strings.Repeat("  b \\\n", 100_000), true},
		"open heredoc":  {"FROM nginx\nCOPY <<EOF /etc/nginx/conf.d/a.conf\n" + strings.Repeat("server {}\n", 50_000), true},
		"many heredocs": {"FROM nginx\nRUN " + strings.Repeat("<<E ", 100_000) + "\n", true},
		"deep defaults": {"ARG A=" + strings.Repeat("${A:-", 10_000) + "\nFROM nginx\n", true},
		"wildcards":     {"FROM nginx\n" + strings.Repeat("COPY *.a *.b *.c *.d /x/\n", 1000), true},
	} {
		start := time.Now()
		_, projects := tree(t, "-- compose.yaml --\nservices: {web: {build: .}}\n-- Dockerfile --\n"+c.text)
		if known := projects[0].Services[0].Dockerfile != nil; known != c.known {
			t.Errorf("%s: known: %t", name, known)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}
