package rules_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// fragments are what may stand in a block, CONTEXT: TEXT. The test breaks each
// into lines behind `;`, `{` and `}`.
const fragments = `
location: proxy_buffer_size 32k;
location: fastcgi_buffer_size 96k;
location: uwsgi_buffer_size 32k; uwsgi_buffers 4 16k;
location: scgi_buffers 1 8k;
location: proxy_buffers 8 16k; proxy_buffer_size 16k; proxy_busy_buffers_size 8k;
location: proxy_buffers 4 16k; proxy_busy_buffers_size 64k;
location: proxy_buffers 4 16k; proxy_busy_buffers_size 48k;
location: fastcgi_temp_file_write_size 2k;
location: fastcgi_max_temp_file_size 2k;
location: fastcgi_max_temp_file_size 0;
server: large_client_header_buffers 2 128;
server: large_client_header_buffers 2 512;
server: connection_pool_size 1000;
server: request_pool_size 96;
server: request_pool_size 8k;
location: root /srv/a; alias /srv/b;
location: alias /srv/b; root /srv/a;
location: root /srv/a; root /srv/b;
server: location @shop { alias /srv/shop; }
server: location @shop { root /srv/shop; }
location: root $document_root/x;
location: proxy_pass http://127.0.0.1:9; proxy_pass http://127.0.0.1:8;
location: fastcgi_pass 127.0.0.1:9; fastcgi_pass 127.0.0.1:8;
server: location ~ \.do$ { proxy_pass http://127.0.0.1:9/app; }
server: location ~ \.do$ { proxy_pass http://127.0.0.1:9; }
server: location @app { proxy_pass http://127.0.0.1:9/; }
location: if ($arg_x) { proxy_pass http://127.0.0.1:9/x; }
location: limit_except GET { proxy_pass http://127.0.0.1:9/x; }
location: proxy_pass http://$http_host;
location: proxy_pass 127.0.0.1:9;
location: proxy_pass ftp://127.0.0.1:9;
location: proxy_redirect default; proxy_pass http://127.0.0.1:9;
location: proxy_pass http://127.0.0.1:9; proxy_redirect default;
location: proxy_pass http://$http_host; proxy_redirect default;
location: proxy_redirect /a /b; proxy_redirect off;
location: proxy_cookie_path off; proxy_cookie_path /a /b;
http: upstream app { }
http: upstream app { ip_hash; server 127.0.0.1:1; server 127.0.0.1:2 backup; }
http: upstream app { server 127.0.0.1:1 backup; }
http: upstream app { server 127.0.0.1:1; server 127.0.0.1:2 backup; hash $uri; }
http: upstream app { server 127.0.0.1:1 weight=none; }
http: upstream app { server 127.0.0.1:1 max_fails=x; }
http: upstream app { server 127.0.0.1:1 slow=1; }
http: upstream app { server 127.0.0.1:1; } upstream app { server 127.0.0.1:2; }
http: upstream app { server 127.0.0.1:1; } server { listen 18972; location / { proxy_pass http://app:81; } }
http: upstream app { server 127.0.0.1:1; } server { listen 18972; location / { proxy_pass http://app/x; } }
http: upstream app { zone app 16k; server 127.0.0.1:1; }
http: upstream app { zone app; server 127.0.0.1:1; }
http: upstream app { least_conn; least_conn; server 127.0.0.1:1; }
server: location /x { } location /x { }
server: location = /x { } location /x { }
server: location ~ x { } location ~ x { }
server: location ^~ /x { } location /x { }
server: location /x { location /y { } }
server: location /x { location /x/y { } }
server: location = /x { location /x/y { } }
server: location @x { location /y { } }
server: location /x { location @y { } }
server: location ~ [ { }
server: location !~ x { }
server: location =~ x { }
location: try_files $uri;
location: try_files $uri =404; try_files $uri =403;
location: try_files $uri =4004;
location: try_files $uri @nowhere;
location: return ok;
location: return 1200;
location: return 204;
location: return /path;
location: return https://www.test/;
location: rewrite ^/a /b;
location: rewrite ^/a /b again;
location: rewrite ^/(a /b;
location: set x 1;
location: set $x 1;
location: set $uri x;
location: set $request_id x;
location: if (-q $uri) { }
location: if ($uri === x) { }
location: if ($uri ~* "(x") { }
location: if ($uri = x) { }
location: error_page 299 /x;
location: error_page 499 /x;
location: error_page 404 =200 /x;
location: error_page 404;
http: map $uri $m { a 1; a 1; }
http: map $uri $m { default 0; default 1; }
http: map $uri m { a 1; }
http: map $uri $m { a 1 2; }
http: map $uri $m { ~*( 1; }
http: map $uri $m { ~^/a 1; }
http: map $uri $document_root { a 1; }
http: geo $g { 192.0.2.0/24 1; 192.0.2.0/24 2; }
http: geo $g { 192.0.2.7/24 1; }
http: geo $g { somewhere 1; }
http: split_clients $uri $s { 70% a; 40% b; }
http: split_clients $uri $s { 0.004% a; * b; }
http: split_clients $uri $s { 70% a; * b; }
location: limit_req zone=nowhere;
location: limit_conn nowhere 1;
location: limit_req burst=5;
http: limit_req_zone $uri zone=z:1m;
http: limit_req_zone $uri zone=z rate=1r/s;
http: limit_req_zone $uri zone=z:4k rate=1r/s;
http: limit_req_zone $uri zone=z:1m rate=1r/h;
http: limit_req_zone $uri zone=z:1m rate=5r/m;
http: limit_conn_zone $uri zone=z:1m; limit_conn_zone $uri zone=z:1m;
http: limit_conn_zone $uri zone=z:1m; limit_req_zone $uri zone=z:1m rate=1r/s;
http: limit_conn_zone $uri zone=z:1m; limit_conn_zone $uri zone=z:2m;
location: proxy_cache nowhere; proxy_pass http://127.0.0.1:9;
location: proxy_cache off; proxy_store on;
location: proxy_cache $arg_zone; proxy_store on;
http: proxy_cache_path one keys_zone=c:1m; proxy_cache_path two keys_zone=c:1m;
http: proxy_cache_path one keys_zone=c:1m; fastcgi_cache_path one keys_zone=d:1m;
http: proxy_cache_path c keys_zone=c:1m inactive=5x;
http: proxy_cache_path c;
http: proxy_temp_path t; fastcgi_temp_path t 1;
http: server { listen 18972 ssl; }
http: server { listen 18972 ssl; ssl_certificate_key a.key; }
http: server { listen 18972 ssl; ssl_certificate a.pem; }
http: server { listen 18972 ssl; ssl_certificate a.pem; ssl_certificate_key a.key; }
http: server { listen 18972 ssl; ssl_certificate $host; ssl_certificate_key $host; }
http: server { listen 18972; ssl_certificate a.pem; }
http: server { listen 18972; ssl on; }
http: server { listen 18972 ssl; ssl_reject_handshake on; }
http: server { listen 18972 ssl; ssl_certificate $host; ssl_certificate_key $host; ssl_verify_client on; }
location: proxy_pass https://127.0.0.1:9; proxy_ssl_verify on;
location: proxy_pass http://127.0.0.1:9; proxy_ssl_verify on;
location: grpc_pass grpcs://127.0.0.1:9; grpc_ssl_certificate a.pem;
server: ssl_protocols TLSv9;
server: ssl_session_cache shared:s:4k;
http: server { listen nowhere:http; }
http: server { listen 18972 fast; }
http: server { listen 70000; }
http: server { listen 18972 backlog=7; } server { listen 18972 backlog=8; server_name b; }
http: server { listen 18972 default_server; } server { listen 18972 default_server; server_name b; }
http: server { listen 18972; listen *:18972; }
http: server { listen 18972; listen 127.0.0.1:18972; }
http: server { listen 18972; server_name a b; } server { listen 18972; server_name b; }
http: server { listen 18972; server_name a*b; }
http: server { listen 18972; server_name *; }
http: server { listen 18972; server_name "~("; }
http: server { listen 18972; server_name shop/x; }
location: add_header X-Shop;
location: add_header X-Shop a always more;
location: expires soon;
location: expires 5m;
location: expires @25h;
location: access_log a.log nowhere;
location: access_log a.log combined level=1;
location: access_log a.log combined buffer=0;
location: access_log $host.log combined buffer=8k;
http: access_log a.log combined buffer=8k; server { listen 18972; access_log a.log combined buffer=4k; }
location: error_log e.log loud;
http: log_format f $nowhere;
http: log_format f a; log_format f b;
http: log_format combined a;
http: log_format f "${uri";
location: add_header X-Shop $nowhere;
location: proxy_set_header X-Shop $nowhere;
location: fastcgi_pass $nowhere;
location: sub_filter $nowhere b;
http: types { text/css css; text/plain css; }
http: gzip_types text/html;
http: gzip_types text/css text/css;
http: gzip_types application/vnd.openxmlformats-officedocument.wordprocessingml.document;
http: map $uri $m { /a/very/long/path/that/does/not/fit/into/its/bucket 1; }
http: map_hash_bucket_size 128; map $uri $m { /a/very/long/path/that/does/not/fit/into/its/bucket 1; }
http: map $uri $m { a 1; } map_hash_bucket_size 128;
http: client_max_body_size 5x;
http: client_max_body_size 2g;
http: client_body_buffer_size 2g;
http: keepalive_timeout 5x;
http: keepalive_timeout 1h5m;
http: keepalive_timeout 5m1h;
http: keepalive_timeout "1h 5m";
http: keepalive_timeout 5 5 5;
http: keepalive_requests -5;
http: sendfile ON;
http: sendfile true;
location: satisfy ALL;
location: satisfy both;
http: resolver 127.0.0.1 valid=soon;
http: resolver 127.0.0.1 ipv6=off;
location: allow nobody;
location: allow 192.0.2.7/24;
location: allow 192.0.2.0/33;
location: fastcgi_split_path_info ^(.+)$;
location: valid_referers blocked;
location: valid_referers blocked www.test;
location: open_file_cache inactive=9s;
location: open_file_cache max=9;
location: internal; internal;
location: limit_except BREW { deny all; }
location: limit_rate 5x;
location: gzip_comp_level 0;
location: aio threads=nowhere;
location: secure_link_secret a; secure_link b;
location: http2_push /x;
location: http2_max_requests 5;
server: http2_max_requests 5;
location: image_filter size;
location: no_such_directive on;
location: listen 80;
main: daemon off; daemon off;
main: events { } events { }
main: worker_processes many;
main: worker_processes 2; worker_cpu_affinity 01 10 11;
main: worker_rlimit_nofile 10;
main: thread_pool p threads=1; thread_pool p threads=1;
main: thread_pool p;
main: error_log stderr loud;
main: user no-such-user;
`

// differing are the fragments on which nginx and the linter differ, and why.
var differing = map[string]string{
	"http: proxy_cache_path one keys_zone=c:1m; fastcgi_cache_path one keys_zone=d:1m;": "nginx names the folder by its whole path",
	"http: proxy_temp_path t; fastcgi_temp_path t 1;":                                   "nginx names the folder by its whole path",
}

// TestFragments asks nginx -t about each fragment: what it refuses, a finding says
// with its words, at its line; what it accepts has none that says so.
func TestFragments(t *testing.T) {
	version := nginxtest.Version(t)
	for fragment := range strings.Lines(strings.TrimSpace(fragments)) {
		fragment = strings.TrimSpace(fragment)
		t.Run(fragment, func(t *testing.T) {
			t.Parallel()
			if why := differing[fragment]; why != "" {
				t.Skip(why)
			}
			conf, last := around(t, fragment)
			file := filepath.Join(t.TempDir(), "nginx.conf")
			if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
				t.Fatal(err)
			}
			message, place, warnings := nginxtest.TestWarnings(t, file)
			if message != "" && (machine.MatchString(message) || lacks(message, version)) {
				message = "" // the linter does not look there
			}
			report, err := analyzer.Run(analyzer.Options{
				FS: source.Mem{"nginx.conf": conf}, Paths: []string{"."}, Rules: rules.All(), NginxVersion: version,
			})
			if err != nil {
				t.Fatal(err)
			}
			compareRefusal(t, report, message, place)
			if message == "" {
				compareWarnings(t, report, warnings)
				return
			}
			_, digits, _ := strings.Cut(place, ":")
			line, err := strconv.Atoi(digits)
			if err != nil || line > last || strings.HasPrefix(strings.Split(conf, "\n")[line-1], "}") {
				return // none, or the end of a block
			}
			if strings.HasPrefix(message, `no "ssl_certificate" is defined`) {
				return // nginx names the server, the finding its listen
			}
			near := func(f diag.Finding) bool {
				return f.RefusedBy == diag.Nginx && f.Subject.Span.Line() == line
			}
			if !slices.ContainsFunc(report.Findings, near) {
				t.Errorf("nginx names line %d, and no finding is there:\n%s", line, conf)
			}
		})
	}
}

// around is a whole configuration with a fragment, and the last line that it stands on.
func around(t *testing.T, fragment string) (conf string, last int) {
	t.Helper()
	context, text, ok := strings.Cut(fragment, ": ")
	if !ok {
		t.Fatalf("no context: %s", fragment)
	}
	text = strings.NewReplacer("; ", ";\n", "{ ", "{\n", "} ", "}\n").Replace(text)
	lines := strings.Count(text, "\n")
	before, after := "", "\n"
	switch context {
	case "main":
		conf := text + "\npid nginx.pid;\n"
		if !strings.Contains(text, "events") {
			conf += "events {}\n"
		}
		return conf, 1 + lines
	case "http":
		after += "server { listen 18971; }\n"
	case "server":
		before, after = "server { listen 18971; server_name shop.test;\n", "\n}\n"
	case "location":
		before, after = "server { listen 18971; location / {\n", "\n} }\n"
	default:
		t.Fatalf("no context %s", context)
	}
	return nginxtest.Conf(before + text + after), 2 + strings.Count(before, "\n") + lines
}
