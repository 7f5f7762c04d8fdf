package rules_test

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

const (
	// tooSlow is far more processor time than any case of TestHostile takes, and less
	// than it would take if that grew with the square of its size.
	tooSlow = 30 * time.Second
	// tooMuch is as much for the bytes that are allocated.
	tooMuch = 2 << 30
)

// repeat joins n texts that differ in a number.
func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "N", strconv.Itoa(i)))
	}
	return b.String()
}

// hostile are trees whose parts multiply. Each ends in time with all that it is
// worth saying, or says that a limit was reached.
var hostile = []struct {
	name string
	tree func() source.Mem
	want map[string]int
}{
	{"an upstream with many servers in many locations", func() source.Mem {
		return httpTree("upstream u { " + repeat(5000, "server 127.0.0.1:1N; ") + "}\nserver { listen 80; " + repeat(500, "location /N { proxy_pass http://u; }\n") + "}")
	}, map[string]int{"read-limit": 1}},
	{"servers that nothing listens on", func() source.Mem {
		tree := httpTree("upstream u { " + repeat(20_000, "server unix:/no/N.sock; ") + "}\nserver { listen 80; " + repeat(2, "location ~ /N.php { fastcgi_pass u; }\n") + "}")
		return withPools(tree, 1)
	}, map[string]int{"target-no-listener": 20_000}},
	{"locations", func() source.Mem {
		return httpTree("server { listen 80; " + repeat(20_000, "location /N { proxy_pass http://127.0.0.1:3000; }\n") + "}")
	}, nil},
	{"locations on an own address", func() source.Mem {
		return httpTree("server { listen 80; " + repeat(5000, "location /N { proxy_pass http://127.0.0.1:80; }\n") + "}")
	}, map[string]int{"proxy-loop": 5000}},
	{"servers of the same name", func() source.Mem {
		return httpTree(repeat(10_000, "server { listen 80; server_name a.test; location / { proxy_pass http://127.0.0.1:80; proxy_set_header Host $host; } }\n"))
	}, map[string]int{"server-unreachable": 9999, "proxy-loop": 1}},
	{"names on addresses", func() source.Mem {
		return httpTree("server { " + repeat(3000, "listen 127.0.0.1:1N; ") + "server_name " + repeat(3000, "aN.test ") + "; }")
	}, map[string]int{"read-limit": 1}},
	{"variables of maps and sets", func() source.Mem {
		return httpTree(repeat(4000, "map $uri $mN { default unix:/N; }\n") + "server { listen 80; " + repeat(4000, "set $sN N;\n") +
			repeat(4000, "location /N { fastcgi_pass $mN$sN; }\n") + "}")
	}, nil},
	{"one variable in many maps", func() source.Mem {
		return httpTree(repeat(4000, "map $uri $m { default unix:/N; }\n") + "server { listen 80; " + repeat(4000, "location /N { fastcgi_pass $m; }\n") + "}")
	}, nil},
	{"a text of many variables", func() source.Mem {
		return httpTree("server { listen 80; set $a x; " + repeat(200, "location /N { proxy_pass http://"+strings.Repeat("$a", 2000)+"; }\n") + "}")
	}, nil},
	{"parameters and headers", func() source.Mem {
		return withPools(httpTree("server { listen 80; "+repeat(5000, "fastcgi_param N v; proxy_set_header X-N v;\n")+
			repeat(5000, "location ~ /N.php { fastcgi_pass unix:/run/0.sock; }\nlocation /N { proxy_pass http://127.0.0.1:80/; }\n")+"}"), 1)
	}, nil},
	{"one line", func() source.Mem {
		return withPools(httpTree("server { listen 80; "+repeat(5000, "location ~ /N.php { fastcgi_pass unix:/no/N.sock; } ")+"}"), 1)
	}, map[string]int{"target-no-listener": 5000}},
	{"one limit for many locations", func() source.Mem {
		tree := withPools(httpTree("fastcgi_read_timeout 60s;\nserver { listen 80; "+repeat(5000, "location ~ /N.php { fastcgi_pass unix:/run/0.sock; }\n")+"}"), 1)
		tree["php/pool.d/www.conf"] += "request_terminate_timeout = 80s\n"
		return tree
	}, map[string]int{"timeout-nginx-gives-up-first": 1}},
	{"sockets and pools that differ", func() source.Mem {
		return withPools(httpTree("server { listen 80; "+repeat(5000, "location ~ /N.php { fastcgi_pass unix:/run/php8.N/x.sock; }\n")+"}"), 5000)
	}, map[string]int{"target-no-listener": 5000}},
	{"pools on one port", func() source.Mem {
		return source.Mem{"php-fpm.conf": repeat(30_000, "[pN]\nlisten = aN.test:9000\npm = static\n")}
	}, nil},
	{"one pool again and again", func() source.Mem {
		return source.Mem{"php-fpm.conf": repeat(40_000, "[p]\nlisten = /run/N.sock\npm = static\n")}
	}, map[string]int{"fpm-pool-redefined": 1}},
	{"an address lost by many pools", func() source.Mem {
		tree := httpTree("server { listen 80; " + repeat(3000, "location ~ /N.php { fastcgi_pass 127.0.0.1:9000; }\n") + "}")
		tree["php/php-fpm.conf"] = repeat(3000, "[pN]\nlisten = 127.0.0.1:9000\nlisten = /run/N.sock\npm = static\n")
		return tree
	}, map[string]int{"fpm-duplicate-key": 3000}},
	{"lines that php-fpm refuses", func() source.Mem {
		return source.Mem{"php-fpm.conf": "[p]\nlisten = /a\npm = static\n" + repeat(50_000, "a[N = 1\n")}
	}, map[string]int{"syntax": 100}},
	{"comments that silence", func() source.Mem {
		return httpTree("server { listen 80;\n" + repeat(50_000, "# nginx-lint:ignore proxy-loop reason N\nroot /N; # nginx-lint:ignore proxy-loop reason\n") + "}")
	}, map[string]int{"ignore-comment": 100_000}},
	{"comments that silence in an INI file", func() source.Mem {
		return source.Mem{"php-fpm.conf": "[p]\nlisten = /a\npm = static\n" + repeat(60_000, "; nginx-lint:ignore syntax reason\nenv[N] = 1\n")}
	}, map[string]int{"ignore-comment": 60_000}},
	{"includes of PHP-FPM", func() source.Mem {
		tree := source.Mem{"php-fpm.conf": "[global]\ninclude = a/*.conf\n"}
		for i := range 60 {
			tree[fmt.Sprintf("a/%d.conf", i)] = "include = b/*.conf\n"
			tree[fmt.Sprintf("b/%d.conf", i)] = "include = c/*.conf\n"
			tree[fmt.Sprintf("c/%d.conf", i)] = "[p]\nlisten = /run/a.sock\npm = static\n" + repeat(20, "env[N] = 1\n")
		}
		return tree
	}, map[string]int{"read-limit": 1}},
	{"includes of nginx", func() source.Mem {
		tree := httpTree("include 0.inc;")
		for i := range 40 {
			tree[fmt.Sprintf("%d.inc", i)] = strings.Repeat(fmt.Sprintf("include %d.inc;\n", i+1), 3)
		}
		tree["40.inc"] = "charset utf-8;\n"
		return tree
	}, map[string]int{"read-limit": 1}},
	{"an included file of many blocks", func() source.Mem {
		tree := httpTree(repeat(1000, "server { listen 80; server_name aN.test; include big.inc; }\n"))
		tree["big.inc"] = repeat(2000, "location /N { internal; }\n")
		return tree
	}, map[string]int{"read-limit": 1}},
	{"a long file included again and again", func() source.Mem {
		tree := httpTree(repeat(3, "include 1.inc;\n"))
		for i := range 9 {
			tree[fmt.Sprintf("%d.inc", i+1)] = strings.Repeat(fmt.Sprintf("include %d.inc;\n", i+2), 3)
		}
		tree["10.inc"] = strings.Repeat("# a comment of some length\n", 100_000) + "charset utf-8; }\n"
		return tree
	}, nil},
	{"nested blocks", func() source.Mem {
		return httpTree("server { listen 80; " + strings.Repeat(strings.Repeat("location / { ", 5000)+strings.Repeat("}", 5000)+"\n", 20) + "}")
	}, map[string]int{"read-limit": 1}},
	{"words", func() source.Mem {
		return httpTree("server_names " + strings.Repeat("a ", 9_000_000) + ";")
	}, map[string]int{"read-limit": 1}},
	{"folders of both kinds", func() source.Mem {
		tree := source.Mem{}
		for i := range 300 {
			tree[fmt.Sprintf("d%d/nginx.conf", i)] = "events {}\nhttp { server { listen 80; } }\n"
			tree[fmt.Sprintf("d%d/pool.conf", i)] = "[p]\nlisten = /run/p.sock\npm = static\n"
		}
		return tree
	}, nil},
	{"unknown directives", func() source.Mem {
		return httpTree("server { listen 80; root /srv; index index.php; " + repeat(30_000, "location /N { fastcgi_pas_N x; expires 1h; }\n") + "}")
	}, nil},
	{"unknown keys of PHP-FPM", func() source.Mem {
		return source.Mem{"php-fpm.conf": "[p]\nlisten = /a\npm = static\n" + repeat(30_000, "pm.max_childrenN = 1\n")}
	}, nil},
	{"long words", func() source.Mem {
		return httpTree("server { " + repeat(20, "root "+strings.Repeat("a", 1_000_000)+"N x;\n") + "}")
	}, nil},
	{"rewrites that double", func() source.Mem {
		return withPools(httpTree("server { listen 80; root /srv; "+strings.Repeat("rewrite ^(.*)$ /$1$1$1;\n", 1000)+
			"location ~ \\.php$ { fastcgi_pass unix:/run/0.sock; }\nlocation ^~ / { index index.php; }\n"+repeat(100, "location = /N.php { expires 1h; }\n")+"}"), 1)
	}, nil},
	{"expressions with counts", func() source.Mem {
		return withPools(httpTree("server { listen 80; root /srv; "+repeat(1000, "location ~ \"(.{1,30}N){1,30}\\.php$\" { fastcgi_pass unix:/run/0.sock; fastcgi_split_path_info \"^((.+){900})(.*)$\"; fastcgi_index index.php; }\n")+
			repeat(1000, "location = /N.php { expires 1h; }\n")+"}"), 1)
	}, nil},
	{"long expressions", func() source.Mem {
		return withPools(httpTree("server { listen 80; root /srv; "+repeat(300, "location ~ ("+strings.Repeat("a?b?", 900)+"N)\\.php$ { client_max_body_size 1m; fastcgi_pass unix:/run/0.sock; }\n")+"}"), 1)
	}, nil},
	{"locations with expressions", func() source.Mem {
		return withPools(httpTree("server { listen 80; root /srv; error_page 502 504 /50x.html; "+repeat(5000, "location ~ ^/N/.*\\.php$ { client_max_body_size 1m; fastcgi_pass unix:/run/0.sock; try_files $uri =404; }\n")+
			repeat(5000, "location /dN { try_files $uri /index.php; }\nlocation ^~ /cN/ { expires 1h; }\nlocation = /eN.php { expires 1h; }\n")+"}"), 1)
	}, nil},
	{"error pages", func() source.Mem {
		return withPools(httpTree("server { listen 80; root /srv; "+repeat(5000, "error_page 4N /N.html;\n")+
			repeat(5000, "location ~ ^/N\\.php$ { fastcgi_pass unix:/no/N.sock; }\nlocation /N { error_page 404 /N.html; proxy_pass http://127.0.0.1:80; }\n")+"}"), 1)
	}, nil},
	{"conditions", func() source.Mem {
		return withPools(httpTree("server { listen 80; root /srv; "+repeat(10_000, "if ($uri = /N) { set $a N; }\n")+
			repeat(3000, "location ~ ^/N\\.php$ { if ($a) { set $b N; } fastcgi_pass $a; }\nlocation = /N.php { expires 1h; }\n")+"}"), 1)
	}, nil},
	{"settings that are sent", func() source.Mem {
		return withPools(httpTree("server { listen 80; root /srv; fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_param REQUEST_METHOD GET;\nfastcgi_param PHP_VALUE \""+
			repeat(500, "aN=1\n")+"\";\n"+repeat(5000, "fastcgi_param N v;\n")+repeat(5000, "location ~ ^/N\\.php$ { fastcgi_pass unix:/run/0.sock; }\n")+"}"), 1)
	}, nil},
	{"settings of a pool", func() source.Mem {
		tree := withPools(httpTree("server { listen 80; root /srv; fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_param REQUEST_METHOD GET;\n"+
			repeat(5000, "location ~ ^/N\\.php$ { client_max_body_size 5m; fastcgi_pass unix:/run/0.sock; }\n")+"}"), 1)
		tree["php/pool.d/www.conf"] += repeat(20_000, "php_value[aN] = 1\nphp_value[post_max_size] = 8M\n")
		return tree
	}, nil},
	{"a large php.ini", func() source.Mem {
		tree := source.Mem{"etc/nginx/nginx.conf": "events {}\nhttp { server { root /srv; " +
			repeat(3000, "location ~ ^/N\\.php$ { fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_param DOCUMENT_ROOT $document_root; fastcgi_pass unix:/run/N.sock; }\n") + "} }\n"}
		tree["etc/php/8.2/fpm/php-fpm.conf"] = "include = /etc/php/8.2/fpm/pool.d/*.conf\n"
		tree["etc/php/8.2/fpm/pool.d/www.conf"] = repeat(3000, "[pN]\nlisten = /run/N.sock\nuser = u\npm = static\npm.max_children = 5\n")
		tree["etc/php/8.2/fpm/php.ini"] = "[PHP]\n" + repeat(100_000, "aN = 1\n")
		tree["srv/.user.ini"] = repeat(100_000, "aN = 1\n")
		return tree
	}, nil},
	{"lone pools in a folder", func() source.Mem {
		tree := source.Mem{}
		for i := range 5000 {
			tree[fmt.Sprintf("etc/php/8.2/fpm/pool.d/%d.conf", i)] = fmt.Sprintf("[p%d]\nlisten = /run/%d.sock\npm = static\n", i, i)
		}
		return tree
	}, nil},
	{"listens", func() source.Mem {
		return httpTree(repeat(10_000, "server { listen 80; listen [::]:80 default_server; listen 127.0.0.1:1N; server_name aN.test; }\n"))
	}, nil},
	{"upstreams of one name, and servers of one upstream", func() source.Mem {
		return httpTree(repeat(10_000, "upstream u { server 127.0.0.1:1N; }\n") + "upstream v {" + repeat(20_000, "server unix:/N.sock; server a.test:80 backup;\n") + "}\nserver { listen 80; location / { proxy_pass http://v; } }\n")
	}, nil},
	{"locations of one name", func() source.Mem {
		return httpTree("server { listen 80; " + repeat(20_000, "location /a { internal; }\nlocation ~ a { internal; }\nlocation @a { internal; }\n") + "}")
	}, nil},
	{"servers without a port", func() source.Mem {
		return withPools(httpTree("upstream u { "+repeat(5000, "server 127.0.0.N;\n")+"}\nserver { listen 80; "+repeat(20, "location ~ ^/N\\.php$ { fastcgi_pass u; }\n")+"}"), 1000)
	}, nil},
	{"values of maps that lead to upstreams", func() source.Mem {
		return withPools(httpTree(repeat(200, "map $uri $mN { a uN; b u; }\nupstream uN { server unix:/no/N.sock; }\n")+"upstream u { "+repeat(1000, "server unix:/no/N.sock;\n")+"}\nserver { listen 80; "+
			repeat(200, "location ~ ^/N\\.php$ { fastcgi_pass $mN; }\n")+"}"), 1)
	}, map[string]int{"read-limit": 1}},
	{"a location in a location", func() source.Mem {
		return withPools(httpTree("server { listen 80; location /a { alias /srv/; "+repeat(10_000, "location ~ ^/a/N\\.php$ { fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_pass unix:/run/0.sock; }\n")+"} }"), 1)
	}, nil},
	{"duplicates", func() source.Mem {
		return httpTree("server { listen 80; " + repeat(30_000, "root /N; error_log /N; add_header a N;\n") + "}")
	}, nil},
	{"names that nothing defines", func() source.Mem {
		return httpTree(repeat(10_000, "map $uri $defined_as_N { a b; }\nlog_format formatN a;\n") + "server { listen 80; " +
			repeat(10_000, "add_header a $not_defined_N; access_log /a formatsN;\nlocation @aN { internal; }\nlocation /N { try_files a @bN; }\n") + "}")
	}, nil},
	{"uses of variables", func() source.Mem {
		return httpTree("server { listen 80; set $a x; " + repeat(2000, "add_header a "+strings.Repeat("$a", 1000)+";\n") + "}")
	}, nil},
	{"servers with TLS and many names", func() source.Mem {
		return httpTree(repeat(10_000, "server { listen 443 ssl; listen 80; ssl_protocols TLSv1; server_name aN.test *.aN.test a.test ~^bN; }\n"))
	}, nil},
	{"rules of the settings in comments", func() source.Mem {
		return httpTree("server { listen 80;\n# nginx-lint:ignore " + strings.Repeat("proxy-loop,", 20_000) + "proxy-loop reason\n}")
	}, nil},
	{"patterns of supervisord", func() source.Mem {
		tree := hostTree()
		tree["etc/supervisor/supervisord.conf"] = "[include]\nfiles = " + repeat(20_000, "c/*N* c/*.conf ") + "\n"
		for i := range 50 {
			tree[fmt.Sprintf("etc/supervisor/c/%d.conf", i)] = repeat(50, "[program:N]\ncommand=gunicorn -b :8000 a\n")
		}
		return tree
	}, map[string]int{"read-limit": 1}},
	{"words of a service", func() source.Mem {
		tree := hostTree()
		tree["etc/systemd/system/a.service"] = "[Service]\nExecStart=/usr/bin/gunicorn " + repeat(130_000, "-b :N ") + "a\n"
		return tree
	}, map[string]int{"read-limit": 1}},
	{"a long file of Python", func() source.Mem {
		tree := hostTree()
		tree["etc/systemd/system/a.service"] = "[Service]\nExecStart=/usr/bin/gunicorn -c /etc/systemd/system/conf.py a\n"
		tree["etc/systemd/system/conf.py"] = "bind = " + strings.Repeat("(", 3_000_000) + "\n"
		return tree
	}, map[string]int{"read-limit": 1}},
	{"handlers and virtual hosts of Apache", func() source.Mem {
		tree := hostTree()
		handler := "<FilesMatch \\.php$>\nSetHandler \"proxy:unix:/mN|fcgi://x\"\n</FilesMatch>\nProxyPassMatch ^/aN http://h/\n"
		tree["etc/apache2/apache2.conf"] = "Listen 8000\n" + repeat(10_000, handler) + repeat(10_000, "<VirtualHost *:80>\nServerName vN\n"+handler+"</VirtualHost>\n")
		return tree
	}, nil},
	{"services of one Dockerfile that runs much", func() source.Mem {
		return source.Mem{
			"compose.yaml": "services:\n" + repeat(300, "  sN: {build: .}\n") + "  w: {image: nginx, volumes: [\"./n.conf:/etc/nginx/conf.d/n.conf\"]}\n",
			"Dockerfile":   "FROM php:8.3-fpm\n" + repeat(4900, "RUN sed -i s/a/b/ \"$X/yN\" && cp * /tmp && echo "+strings.Repeat("x ", 50)+"\n"),
			"n.conf":       "server { listen 80; location / { fastcgi_pass s1:9000; } }\n",
		}
	}, map[string]int{"fastcgi-params-lost": 1, "server-unreachable": 1}},
	{"includes of Apache and uWSGI", func() source.Mem {
		tree := hostTree()
		tree["etc/apache2/apache2.conf"] = "Listen 8000\nInclude conf0/*\n"
		tree["etc/systemd/system/a.service"] = "[Service]\nExecStart=/usr/bin/uwsgi --ini /etc/uwsgi/0.ini\n"
		for i := range 40 {
			tree[fmt.Sprintf("etc/uwsgi/%d.ini", i)] = fmt.Sprintf("[uwsgi]\nini=/etc/uwsgi/%d.ini\nini=/etc/uwsgi/%d.ini\nsocket=:1\n", i+1, i+1)
			for _, name := range []string{"a", "b"} {
				tree[fmt.Sprintf("etc/apache2/conf%d/%s", i, name)] = fmt.Sprintf("Include conf%d/*\nListen %d\n", i+1, 9000+i)
			}
		}
		return tree
	}, nil},
	{"globs that multiply", func() source.Mem {
		tree := hostTree()
		tree["etc/nginx/nginx.conf"] = "events {}\nhttp { " + repeat(1000, "include */*/*/*/*/*/*/xN;\n") + "}\n"
		for i := range 100 {
			tree[fmt.Sprintf("etc/nginx/%d/%d/a", i%10, i)] = ""
		}
		return tree
	}, map[string]int{"read-limit": 1}},
	{"expressions that a backtracking matcher would not end on", func() source.Mem {
		return httpTree("server { listen 80; server_name " + repeat(300, "\"~^(((a+)+){1,50}){1,20}xN$\" ") + ";\n" +
			repeat(1000, "location ~* \"^/((a|aa)+(a|aa)+)+N\\.php$\" { fastcgi_pass 127.0.0.1:9000; }\n") + "rewrite \"(x+x+)+y\" /$1$1 last; }\n" +
			"map $uri $m { " + repeat(5000, "\"~*^((Na*)*)*$\" N;\n") + "}")
	}, nil},
	{"sites available", func() source.Mem {
		tree := source.Mem{}
		for i := range 300 {
			tree[fmt.Sprintf("%d/nginx.conf", i)] = "events {}\nhttp { " + repeat(10, "include missing/N/*.conf;\n") + "}\n"
			tree[fmt.Sprintf("s/%d.conf", i)] = "server { listen 80; }\n"
		}
		return tree
	}, nil},
}

func httpTree(text string) source.Mem {
	return source.Mem{"nginx.conf": "events {}\nhttp {\n" + text + "\n}\n"}
}

// hostTree is the tree of a host, whose services are looked for.
func hostTree() source.Mem {
	return source.Mem{"etc/nginx/nginx.conf": "events {}\nhttp { server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } location ~ \\.php$ { fastcgi_pass 127.0.0.1:9000; } } }\n"}
}

// withPools adds a PHP-FPM of n pools to a tree.
func withPools(tree source.Mem, n int) source.Mem {
	tree["php/php-fpm.conf"] = "[global]\nerror_log = /var/log/php.log\ninclude = pool.d/*.conf\n"
	tree["php/pool.d/www.conf"] = repeat(n, "[pN]\nlisten = /run/N.sock\npm = static\npm.max_children = 5\n")
	return tree
}

// TestHostile runs all rules that are on over trees that are made to be slow. It does not run in
// parallel with others, whose memory would be counted.
func TestHostile(t *testing.T) { //nolint:paralleltest // measures memory
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) { //nolint:paralleltest // measures memory
			on := slices.DeleteFunc(rules.All(), func(r *analyzer.Rule) bool { return r.Off })
			tree := tt.tree()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := processorTime(t)
			report, err := analyzer.Run(analyzer.Options{FS: tree, Paths: []string{"."}, Rules: on})
			if err != nil {
				t.Fatal(err)
			}
			took := processorTime(t) - start
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			if took > tooSlow || allocated > tooMuch {
				t.Errorf("took %v and %d MiB", took, allocated>>20)
			}
			got := map[string]int{}
			for _, f := range report.Findings {
				got[f.Rule]++
			}
			for rule, n := range tt.want {
				if got[rule] != n {
					t.Errorf("%d findings of %s, want %d; all: %v", got[rule], rule, n, got)
				}
			}
			if report.LimitReached != (tt.want["read-limit"] > 0) {
				t.Errorf("limit reached: %v", report.LimitReached)
			}
			t.Logf("%v, %d MiB: %v", took.Round(time.Millisecond), allocated>>20, got)
		})
	}
}
