// Package hosttest makes the configuration of hosts with many sites, for tests and
// benchmarks: the same bytes each time, and faults at known places. nginx and
// PHP-FPM accept all of it.
package hosttest

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// A Fault is a finding that a host's configuration is made to have.
type Fault struct {
	Rule, Path string
	Line       int
}

// A File is one of a host's, its path relative to the host's root.
type File struct {
	Path, Text string
	Faults     []Fault
}

// NginxFolder and PHPFolder are where a host has the configuration of the two.
const (
	NginxFolder = "etc/nginx"
	PHPFolder   = "etc/php/8.2/fpm"
)

// every is how many sites there are to one with a fault.
const every = 50

// planted are the faults of sites: what is replaced in the vhost or the pool by a
// line that is at fault.
var planted = []struct {
	rule     string
	pool     bool // it is in the pool's file
	old, new string
	shown    string // where it is found, if not in new: in the vhost
}{
	{rule: "target-no-listener", pool: true, old: "listen = /run/php/", new: "listen = /run/php8/", shown: "fastcgi_pass unix:"},
	{rule: "timeout-fpm-kills-first", old: "fastcgi_read_timeout 120s;", new: "fastcgi_read_timeout 1h;"},
	{rule: "php-size-value", pool: true, old: "[memory_limit] = 256M", new: "[memory_limit] = 256MB"},
	{rule: "fpm-time-value", pool: true, old: "request_terminate_timeout = 80s", new: "request_terminate_timeout = 80ms"},
	{rule: "upstream-all-down", old: "server 127.0.0.1:3000;", new: "server 127.0.0.1:3000 down;", shown: "upstream api"},
	{rule: "fpm-backlog", pool: true, old: "pm.max_children = 10", new: "listen.backlog = 5\npm.max_children = 10"},
}

// shared are the files that all sites have in common. That of live updates is at
// fault: one finding, in as many places as there are sites.
var shared = []File{
	{Path: NginxFolder + "/nginx.conf", Text: `user www-data;
worker_processes auto;
worker_rlimit_nofile 65536;
pid run/nginx.pid;

events {
    worker_connections 16384;
}

http {
    include mime.types;
    default_type application/octet-stream;
    access_log off;
    sendfile on;
    server_names_hash_max_size 65536;
    server_names_hash_bucket_size 128;
    include conf.d/*.conf;
    include sites-enabled/*.conf;
}
`},
	{Path: NginxFolder + "/mime.types", Text: `types {
    text/html html htm;
    text/css css;
    application/javascript js;
    image/png png;
    image/svg+xml svg;
}
`},
	{Path: NginxFolder + "/conf.d/compression.conf", Text: `gzip on;
gzip_types text/css application/javascript image/svg+xml;
gzip_vary on;
`},
	{Path: NginxFolder + "/conf.d/limits.conf", Text: `limit_req_zone $binary_remote_addr zone=login:10m rate=5r/s;
client_body_timeout 30s;
send_timeout 30s;
`},
	{Path: NginxFolder + "/snippets/tls.conf", Text: `ssl_certificate tls/wildcard.crt;
ssl_certificate_key tls/wildcard.key;
ssl_protocols TLSv1.2 TLSv1.3;
ssl_session_timeout 1d;
ssl_session_tickets off;
`},
	{Path: NginxFolder + "/snippets/static.conf", Text: `location ~* \.(css|js|png|svg)$ {
    expires 30d;
    access_log off;
}

location = /favicon.ico {
    log_not_found off;
}

location ~ /\.(?!well-known) {
    deny all;
}
`},
	{Path: NginxFolder + "/snippets/headers.conf", Text: `add_header X-Content-Type-Options nosniff always;
add_header Referrer-Policy same-origin always;
`},
	{Path: NginxFolder + "/snippets/proxy.conf", Text: `proxy_http_version 1.1;
proxy_set_header Host $host;
proxy_set_header Connection "";
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
`},
	{Path: NginxFolder + "/snippets/live.conf", Text: `proxy_set_header Host $host;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection upgrade;
`, Faults: []Fault{{"websocket-http10", NginxFolder + "/snippets/live.conf", 2}}},
	{Path: NginxFolder + "/snippets/php.conf", Text: `try_files $fastcgi_script_name =404;
fastcgi_index index.php;
fastcgi_buffers 16 16k;
fastcgi_buffer_size 32k;
fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
fastcgi_param SCRIPT_NAME $fastcgi_script_name;
fastcgi_param QUERY_STRING $query_string;
fastcgi_param REQUEST_METHOD $request_method;
fastcgi_param CONTENT_TYPE $content_type;
fastcgi_param CONTENT_LENGTH $content_length;
fastcgi_param REQUEST_URI $request_uri;
fastcgi_param DOCUMENT_ROOT $document_root;
fastcgi_param SERVER_PROTOCOL $server_protocol;
fastcgi_param REMOTE_ADDR $remote_addr;
fastcgi_param SERVER_NAME $server_name;
fastcgi_param HTTPS $https if_not_empty;
fastcgi_param REDIRECT_STATUS 200;
`},
	{Path: PHPFolder + "/php-fpm.conf", Text: `[global]
pid = /run/php/php8.2-fpm.pid
error_log = /var/log/php8.2-fpm.log
include = /etc/php/8.2/fpm/pool.d/*.conf
`},
}

const vhost = `# site NUMBER
upstream apiNUMBER {
    server 127.0.0.1:3000;
    keepalive 4;
}

server {
    listen 80;
    listen [::]:80;
    server_name siteNUMBER.example.org www.siteNUMBER.example.org;
    return 301 https://siteNUMBER.example.org$request_uri;
}

server {
    listen 443 ssl http2;
    listen [::]:443 ssl http2;
    server_name siteNUMBER.example.org www.siteNUMBER.example.org;
    root /srv/siteNUMBER/public;
    index index.php index.html;
    client_max_body_size 32m;

    include snippets/tls.conf;
    include snippets/headers.conf;
    include snippets/static.conf;

    location / {
        try_files $uri $uri/ /index.php?$query_string;
    }

    location /api/ {
        include snippets/proxy.conf;
        proxy_pass http://apiNUMBER;
        proxy_connect_timeout 5s;
        proxy_read_timeout 90s;
    }

    location /live/ {
        include snippets/live.conf;
        proxy_pass http://apiNUMBER;
        proxy_read_timeout 1h;
    }

    location ~ \.php$ {
        include snippets/php.conf;
        fastcgi_read_timeout 120s;
        fastcgi_pass unix:/run/php/siteNUMBER.sock;
    }
}
`

const pool = `[siteNUMBER]
user = siteNUMBER
group = siteNUMBER
listen = /run/php/siteNUMBER.sock
listen.owner = www-data
listen.group = www-data
listen.mode = 0660
pm = ondemand
pm.max_children = 10
pm.max_requests = 500
request_terminate_timeout = 80s
php_admin_value[memory_limit] = 256M
php_admin_value[upload_max_filesize] = 32M
php_admin_value[post_max_size] = 32M
`

// Files yields the files of a host with so many sites, each with a PHP-FPM pool of
// its own; nginx's come first.
func Files(sites int) iter.Seq[File] {
	return func(yield func(File) bool) {
		for _, f := range shared {
			if !yield(f) {
				return
			}
		}
		var pools []File
		for i := range sites {
			v, p := site(i)
			pools = append(pools, p)
			if !yield(v) {
				return
			}
		}
		for _, p := range pools {
			if !yield(p) {
				return
			}
		}
	}
}

// site is the vhost and the pool of the i-th site.
func site(i int) (v, p File) {
	number := fmt.Sprintf("%05d", i)
	v = File{Path: NginxFolder + "/sites-enabled/site" + number + ".conf", Text: strings.ReplaceAll(vhost, "NUMBER", number)}
	p = File{Path: PHPFolder + "/pool.d/site" + number + ".conf", Text: strings.ReplaceAll(pool, "NUMBER", number)}
	if i%every != every-1 {
		return v, p
	}
	fault := planted[i/every%len(planted)]
	at, shown := &v, &v
	if fault.pool {
		at = &p
	}
	at.Text = replaced(at.Text, fault.old, fault.new)
	line := fault.shown
	if line == "" {
		line, shown = fault.new, at
	}
	before, _, _ := strings.Cut(shown.Text, line)
	shown.Faults = []Fault{{fault.rule, shown.Path, 1 + strings.Count(before, "\n")}}
	return v, p
}

// replaced is a text with the one place of old changed.
func replaced(text, old, with string) string {
	if strings.Count(text, old) != 1 {
		panic("hosttest: not once: " + old)
	}
	return strings.Replace(text, old, with, 1)
}

// Write writes a host with so many sites below a folder, and gives its faults.
func Write(dir string, sites int) ([]Fault, error) {
	var faults []Fault
	made := map[string]bool{}
	for f := range Files(sites) {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if folder := filepath.Dir(name); !made[folder] {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return nil, err
			}
			made[folder] = true
		}
		if err := os.WriteFile(name, []byte(f.Text), 0o644); err != nil {
			return nil, err
		}
		faults = append(faults, f.Faults...)
	}
	return faults, nil
}
