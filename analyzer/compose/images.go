package compose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Program is what an image starts.
type Program uint8

// The programs that are told apart.
const (
	FPM Program = iota + 1
	Nginx
	Web // another server that speaks HTTP
)

// An Image is what is known of a public image: how it is set up as long as
// nothing is put in its place.
type Image struct {
	// Name is the repository, without the registry that docker takes by default.
	Name string
	// Tag matches the tags that the entry is of.
	tag     func(tag string) bool
	Program Program
	// Starts are the names of what its own command runs.
	Starts []string
	// Ports are those that it listens on, on all addresses, in both families.
	Ports []int
	// Config is the path of the main configuration file.
	Config string
	// User is the user of the workers.
	User string
	// Env are the variables that matter in paths.
	Env map[string]string
	// Listen are the variables that tell it to listen elsewhere.
	Listen []string
	// Workdir is the folder that relative paths of a Dockerfile are below.
	Workdir string
	// Source is the Dockerfile or documentation that all this was read from.
	Source string

	// phpTag takes the version of PHP out of a tag; nil where it is not in it.
	phpTag func() *regexp.Regexp
	// files are its configuration files, by path; nil for PHP-FPM, and where they are not known.
	files map[string]string
}

func has(part string) func(string) bool {
	return func(tag string) bool { return slices.Contains(strings.Split(tag, "-"), part) }
}

func anyTag(string) bool { return true }

// plain are the tags of a web application's image that names no server: Apache's.
func plain(tag string) bool { return !has("fpm")(tag) && !has("cli")(tag) }

// phpVersion is the version in tags like `8.3.4-fpm-alpine`, php8 in those like `6.4-php8.3-fpm`.
var (
	phpVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d+)\.(\d+)(?:\.(\d+))?(?:-|$)`) })
	php8       = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:^|-)php(\d+)\.(\d+)(?:\.(\d+))?(?:-|$)`) })
)

const phpLinux = "github.com/docker-library/php, Dockerfile-linux.template"

func phpImage(name string, tag func(string) bool, version func() *regexp.Regexp, from string) *Image {
	return &Image{
		Name: name, tag: tag, phpTag: version, Program: FPM, Starts: []string{"php-fpm"}, Ports: []int{9000},
		Config: "/usr/local/etc/php-fpm.conf", User: "www-data",
		Env: map[string]string{"PHP_INI_DIR": "/usr/local/etc/php"}, Workdir: "/var/www/html", Source: from,
	}
}

func apacheImage(name string, tag func(string) bool, from string) *Image {
	return &Image{
		Name: name, tag: tag, Program: Web, Starts: []string{"apache2-foreground"}, Ports: []int{80},
		Config: "/etc/apache2/apache2.conf", User: "www-data",
		Env: map[string]string{"PHP_INI_DIR": "/usr/local/etc/php"}, Workdir: "/var/www/html", Source: from,
	}
}

// Images are the images that are known. An image that is not among them may do anything.
var Images = []*Image{
	phpImage("php", has("fpm"), phpVersion, phpLinux),
	apacheImage("php", has("apache"), phpLinux),
	phpImage("wordpress", has("fpm"), php8, "github.com/docker-library/wordpress, latest/php8.2/fpm/Dockerfile: FROM php:8.2-fpm"),
	apacheImage("wordpress", plain, "github.com/docker-library/wordpress, README: the default variant is apache"),
	phpImage("drupal", has("fpm"), php8, "github.com/docker-library/drupal, Dockerfile.template: FROM php"),
	apacheImage("drupal", plain, "github.com/docker-library/drupal, README: the default variant is apache"),
	phpImage("nextcloud", has("fpm"), nil, "github.com/nextcloud/docker, Dockerfile-debian.template: FROM php"),
	apacheImage("nextcloud", plain, "github.com/nextcloud/docker, README: the default variant is apache"),
	phpImage("matomo", has("fpm"), nil, "github.com/matomo-org/docker, Dockerfile-debian.template: FROM php"),
	apacheImage("matomo", plain, "github.com/matomo-org/docker, README: the default variant is apache"),
	{
		Name: "bitnami/php-fpm", tag: anyTag, Program: FPM, Starts: []string{"php-fpm"}, Ports: []int{9000},
		Config: "/opt/bitnami/php/etc/php-fpm.conf", User: "daemon", Workdir: "/app", Listen: []string{"PHP_FPM_LISTEN_ADDRESS"},
		Source: "github.com/bitnami/containers, bitnami/php-fpm/8.0/debian-11/Dockerfile",
	},
	{
		Name: "nginx", tag: anyTag, Program: Nginx, Starts: []string{"nginx"}, Ports: []int{80},
		Config: "/etc/nginx/nginx.conf", User: "nginx", Workdir: "/", files: nginxFiles,
		Source: "github.com/nginx/docker-nginx, Dockerfile-debian.template, entrypoint/10-listen-on-ipv6-by-default.sh; its files: hub.docker.com/_/nginx, `docker run nginx cat /etc/nginx/nginx.conf`",
	},
	{
		Name: "nginxinc/nginx-unprivileged", tag: anyTag, Program: Nginx, Starts: []string{"nginx"}, Ports: []int{8080},
		Config: "/etc/nginx/nginx.conf", Workdir: "/",
		Source: "github.com/nginxinc/docker-nginx-unprivileged, Dockerfile-debian.template",
	},
	{
		Name: "httpd", tag: anyTag, Program: Web, Starts: []string{"httpd-foreground"}, Ports: []int{80},
		Config: "/usr/local/apache2/conf/httpd.conf", User: "www-data", Workdir: "/usr/local/apache2",
		Source: "github.com/docker-library/httpd, 2.4/Dockerfile",
	},
	{
		Name: "caddy", tag: anyTag, Program: Web, Starts: []string{"caddy"}, Ports: []int{80},
		Config: "/etc/caddy/Caddyfile", Workdir: "/srv",
		Source: "github.com/caddyserver/caddy-docker, 2.10/alpine/Dockerfile",
	},
}

// splitImage splits a reference to an image as docker does.
func splitImage(ref string) (name, tag string) {
	ref, _, _ = strings.Cut(ref, "@")
	name, tag = ref, "latest"
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		name, tag = ref[:i], ref[i+1:]
	}
	for _, prefix := range []string{"docker.io/", "index.docker.io/", "registry-1.docker.io/", "public.ecr.aws/docker/", "library/"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name, tag
}

// Lookup is what is known of an image; nil where that is nothing.
func Lookup(ref Value) *Image {
	if !ref.Known {
		return nil
	}
	name, tag := splitImage(ref.Text)
	for _, img := range Images {
		if img.Name == name && img.tag(tag) {
			return img
		}
	}
	return nil
}

// Side says which of an image's own files sets the address that PHP-FPM's pool
// www listens on: since January 2026 (docker-library/php#1635, from the next
// release of each branch on) it is docker.conf, which is read before www.conf;
// before it was zz-docker.conf, which is read last and wins.
type Side uint8

// The sides.
const (
	UnknownSide Side = iota
	ListenLast       // zz-docker.conf
	ListenFirst      // docker.conf
)

// firstReleases are the releases of each branch since which docker.conf sets it
// (official-images#20610, docker-library/php#1660); earlier branches had none after the change.
var firstReleases = map[int]int{802: 31, 803: 30, 804: 17, 805: 2}

// Side tells the side of an image by its tag. A tag that names a branch which
// still got releases floats from one side to the other.
func (img *Image) Side(ref Value) Side {
	if img.phpTag == nil || !ref.Known {
		return UnknownSide
	}
	_, tag := splitImage(ref.Text)
	m := img.phpTag().FindStringSubmatch(tag)
	if m == nil {
		return UnknownSide
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	branch := major*100 + minor
	first, changed := firstReleases[branch]
	release, err := strconv.Atoi(m[3])
	switch {
	case branch < 700: // the images of PHP 5 were laid out in several ways
		return UnknownSide
	case branch < 802:
		return ListenLast
	case !changed:
		return ListenFirst
	case err != nil:
		return UnknownSide
	case release >= first:
		return ListenFirst
	}
	return ListenLast
}

// Version is the branch of PHP ("8.2") that a tag names, else "".
func (img *Image) Version(ref Value) string {
	if img.phpTag == nil || !ref.Known {
		return ""
	}
	_, tag := splitImage(ref.Text)
	if m := img.phpTag().FindStringSubmatch(tag); m != nil {
		return m[1] + "." + m[2]
	}
	return ""
}

// Release is the release of nginx ("1.28.0") that a tag names, else "": one that
// names a branch only goes with the branch.
func (img *Image) Release(ref Value) string {
	if img.Name != "nginx" || !ref.Known {
		return ""
	}
	_, tag := splitImage(ref.Text)
	if m := phpVersion().FindStringSubmatch(tag); m != nil && m[3] != "" {
		return m[1] + "." + m[2] + "." + m[3]
	}
	return ""
}

// nginxFiles are the files of nginx's image that matter here, in our own words: they
// set what those of the image have set since 1.12 (worker_processes was 1 at first,
// error_log warn). A script of the image adds IPv6 to conf.d/default.conf when the
// container starts, where the machine has it.
var nginxFiles = map[string]string{
	"/etc/nginx/nginx.conf": `user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /var/run/nginx.pid;
events {
    worker_connections 1024;
}
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                    '"$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
`,
	"/etc/nginx/conf.d/default.conf": `server {
    listen 80;
    server_name localhost;
    location / {
        root /usr/share/nginx/html;
        index index.html index.htm;
    }
    error_page 500 502 503 504 /50x.html;
    location = /50x.html {
        root /usr/share/nginx/html;
    }
}
`,
}

// The files of the php images that matter here, in our own words. What php-fpm
// makes of them together is what it makes of the image's.
const (
	phpMain   = "include=/usr/local/etc/php-fpm.d/*.conf\n"
	phpDocker = "[www]\nclear_env = no\ncatch_workers_output = yes\n"
	phpListen = "listen = 9000\n"
	phpPool   = "[www]\nuser = www-data\ngroup = www-data\npm = dynamic\npm.max_children = 5\npm.start_servers = 2\n" +
		"pm.min_spare_servers = 1\npm.max_spare_servers = 3\n"
	phpLoopback = "listen = 127.0.0.1:9000\n"
	phpLast     = "[global]\ndaemonize = no\n[www]\n"
)

// Files are the configuration files that an image has, by path; nil where they are
// not known. The side is that of an image of PHP-FPM.
func (img *Image) Files(side Side) map[string]string {
	const dir = "/usr/local/etc/php-fpm.d/"
	if img.files != nil {
		return img.files
	}
	if img.Program != FPM || img.Config != "/usr/local/etc/php-fpm.conf" || side == UnknownSide {
		return nil
	}
	files := map[string]string{
		img.Config: phpMain, dir + "docker.conf": phpDocker + phpListen, dir + "www.conf": phpPool, dir + "zz-docker.conf": phpLast,
	}
	if side == ListenLast {
		files[dir+"docker.conf"], files[dir+"www.conf"], files[dir+"zz-docker.conf"] = phpDocker, phpPool+phpLoopback, phpLast+phpListen
	}
	return files
}
