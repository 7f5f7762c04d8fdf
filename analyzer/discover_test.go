package analyzer_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/source"
)

// foreign are files of other programs, which have nginx's words and punctuation in part.
var foreign = map[string]string{
	"ntp.conf":    "driftfile /var/lib/ntp/drift\nserver a.ntp.test iburst\nserver b.ntp.test iburst\nrestrict default nomodify\nlog_format x\n",
	"chrony.conf": "server a.ntp.test iburst\nallow 10.0.0.0/8\ndeny 10.1.0.0/16\nuser _chrony\ninclude /etc/chrony/conf.d/*.conf\n",
	"ld.so.conf":  "include /etc/ld.so.conf.d/*.conf\n",
	"one/a.conf":  "user nobody\n",
	"one/b.conf":  "server\n",
	"one/c.conf":  "deny 192.168.0.7\n",
	"one/d.conf":  "log /var/log/x.log",
	"one/e.conf":  "include other.conf",
	"dovecot.conf": `protocols = imap lmtp
listen = *
ssl = yes
server {
  listen = 143
}
service auth {
  user = root
  unix_listener auth-userdb {
    mode = 0600
    user = postfix
  }
}
!include conf.d/*.conf
`,
	"openvpn.conf": `;local 192.0.2.1
port 1194
;proto tcp
proto udp
server 10.8.0.0 255.255.255.0
keepalive 10 120
user nobody
;group nogroup
log /var/log/openvpn.log
;log-append /var/log/openvpn.log
`,
	"openvpn/users.conf": "server 10.8.0.0 255.255.255.0\n;user x\nkeepalive 10 120\n;log y\nuser nobody\n;daemon z\n",
	"nginx-old/Caddyfile": `{
    email admin@example.test
    log {
        output file /var/log/caddy.log
    }
}
example.test {
    root * /srv/shop
    encode gzip
    try_files {path} /index.php
    php_fastcgi unix//run/php/shop.sock
    log {
        output stdout
    }
    file_server
}
`,
	"sshd.conf":         "Port 22\nPermitRootLogin no\nMatch User git\n    AllowTcpForwarding no\ninclude /etc/ssh/more.conf\n",
	"nginx/haproxy.cfg": "global\n    log /dev/log local0\n    user haproxy\ndefaults\n    mode http\nbackend php\n    server a 127.0.0.1:8080 check\n",
	"named.conf": `options {
    directory "/var/cache/bind";
    listen-on { any; };
    allow-query { any; };
};
include "/etc/bind/zones.conf";
server 192.0.2.2 {
    keys { transfer; };
};
`,
	"application.conf": `http {
  host = localhost
  server {
    listen = "0.0.0.0"
    port = 8080
  }
}
events {
  log = debug
}
`,
	"sites-available/radius": `server default {
    listen {
        type = auth
        ipaddr = *
        port = 0
    }
    authorize {
        preprocess
        files
    }
}
`,
	"sites-available/apache.conf": `<VirtualHost *:80>
    ServerName shop.test
    DocumentRoot /srv/shop
    RewriteCond %{HTTPS} off
    <Location /private>
        order deny,allow
        deny from all
        allow from 10.0.0.0/8
    </Location>
</VirtualHost>
`,
	"etc/logrotate.d/nginx": `/var/log/nginx/*.log {
    daily
    rotate 14
    create 0640 www-data adm
    postrotate
        kill -USR1 $(cat /run/nginx.pid)
    endscript
}
`,
	"keepalived.conf":    "vrrp_instance one {\n    state MASTER\n    virtual_ipaddress {\n        192.0.2.9\n    }\n}\nvirtual_server 192.0.2.9 80 {\n    protocol TCP\n}\n",
	"mpd.conf":           "user \"mpd\"\nlog_file \"/var/log/mpd.log\"\naudio_output {\n    type \"alsa\"\n    server \"localhost\"\n}\n",
	"redis.conf":         "port 6379\nbind 127.0.0.1\ninclude /etc/redis/more.conf\nuser default on\n",
	"nginx/README.md":    "# Setup\n\nWrite this into `nginx.conf`:\n\n```nginx\nserver {\n    listen 80;\n    server_name shop.test;\n    location / {\n        return 204;\n    }\n}\n```\n",
	"nginx/nginx.yaml":   "data:\n  nginx.conf: |\n    events {}\n    http {\n      server {\n        listen 80\n      }\n    }\n",
	"nginx/entry.sh":     "cat >site.conf <<E\nserver {\n    listen 80;\n    server_name $NAME;\nE\n",
	"nginx-lock.json":    "{ \"server\": { \"listen\": 80 } }\n",
	"nginx.conf.default": mainWith("server {"),
	"www.conf.disabled":  "[www]\npm = static\npm.max_children",
}

// TestForeignFiles: none of the files that other programs read, and none that
// lies beside the configuration, counts as configuration where it is only found.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	for name, text := range foreign {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := analyzer.Run(analyzer.Options{FS: source.Mem{name: text}, Paths: []string{"."}})
			if wrong := (*analyzer.UsageError)(nil); !errors.As(err, &wrong) {
				t.Errorf("error %v, read %v", err, report)
			}
		})
	}
}

// TestFoundFiles: a mistake does not make nginx's own files those of another program.
func TestFoundFiles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want []string // the rules that find something
	}{
		"includes.conf":            {"include a.conf;\ninclude b.conf;\n", nil},
		"includes-open.conf":       {"include a.conf;\ninclude b.conf;\ninclude c.conf\n", []string{"syntax"}},
		"site.conf":                {"server {\n    listen 80;\n    server_name a.test\n}\n", []string{"syntax"}},
		"one-line.conf":            {"server { listen 80 }\n", []string{"syntax"}},
		"cut-off.conf":             {"server {\n    listen 80;\n    location /", []string{"syntax"}},
		"cut-off-second.conf":      {"client_max_body_size 10m;\nproxy_buffering", []string{"syntax"}},
		"never-closed.conf":        {"location / {\n    return 204;\n", []string{"syntax"}},
		"log.conf":                 {"log_format main '$remote_addr '\n    '$status '\n    '$request';\naccess_log /var/log/a.log main;\nserver_tokens off;\nkeepalive_timeout 65;\ngzip on\n", []string{"syntax"}},
		"crlf.conf":                {"server {\r\n    listen 80;\r\n    root /srv\r\n}\r\n", []string{"syntax"}},
		"comments.conf":            {"server { # the shop\n    # listen 81\n    listen 80; # http\n    root /srv # files\n}\n", []string{"syntax"}},
		"lua.conf":                 {"location / {\n    content_by_lua_block {\n        local a = 1\n        local b = 2\n        ngx.say(a)\n        ngx.say(b)\n    }\n}}\n", []string{"syntax"}},
		"upstream.conf":            {"upstream php {\n    server 127.0.0.1:9000;\n    keepalive 8\n}\n", []string{"syntax"}},
		"equals.conf":              {"location = / {\n    return 204;\n}\nlocation = /a {\n    return 204\n}\n", []string{"syntax"}},
		"nginx.conf":               {"events {}\nhttp {", []string{"syntax"}},
		"etc/nginx/nginx.conf":     {"user www-data\nworker_processes auto", []string{"syntax"}},
		"sites-enabled/shop":       {"server {\n    listen 80;\n    server_name shop.test\n}\n", []string{"syntax"}},
		"sites-available/shop.net": {"server {\n    listen 80;\n}\n}\n", []string{"syntax"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range run(t, map[string]string{name: tt.text}, analyzer.Options{}).Findings {
				got = append(got, f.Rule)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
