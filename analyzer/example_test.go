package analyzer_test

import (
	"fmt"
	"log"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/source"
)

// host is a tree of files in memory. source.OS{Dir: "/srv/config"} reads those of a folder.
var host = source.Mem{
	"etc/nginx/nginx.conf": `
user www-data;
events {}
http {
    fastcgi_read_timeout 90s;
    upstream php {
        server unix:/run/php/shop.sock;
        server 127.0.0.1:9000 backup;
    }
    server {
        listen 80;
        location /reports/ {
            fastcgi_read_timeout 5m;
            fastcgi_pass php;
        }
        location ~ \.php$ {
            fastcgi_pass php;
        }
    }
}
`,
	"etc/php/8.2/fpm/php-fpm.conf": "[global]\ninclude = /etc/php/8.2/fpm/pool.d/*.conf\n",
	"etc/php/8.2/fpm/pool.d/shop.conf": `
[shop]
user = shop
listen = /run/php/shop.sock
pm = static
pm.max_children = 4
request_terminate_timeout = 2m
`,
}

// The value in force in a location, and where it comes from.
func ExampleRead_value() {
	scopes, failures, err := analyzer.Read(analyzer.Options{FS: host, Paths: []string{"etc"}})
	if err != nil || len(failures) > 0 {
		log.Fatal(err, failures)
	}
	for _, scope := range scopes {
		for _, config := range scope.Nginx {
			for location := range config.Blocks(catalog.Location) {
				value := location.Value("fastcgi_read_timeout")
				wait, known := value.Duration()
				if !known || !value.Explicit() {
					continue
				}
				at := value.From.Head()
				fmt.Printf("%s: %v, from %s:%d\n", location.Head().Text(), wait, at.File.Path, at.Line())
			}
		}
	}
	// Output:
	// location /reports/: 5m0s, from etc/nginx/nginx.conf:13
	// location ~ \.php$: 1m30s, from etc/nginx/nginx.conf:5
}

// The hops from nginx to PHP-FPM: one for each address that a location may pass requests to.
func ExampleRead_hops() {
	scopes, failures, err := analyzer.Read(analyzer.Options{FS: host, Paths: []string{"etc"}})
	if err != nil || len(failures) > 0 {
		log.Fatal(err, failures)
	}
	for _, scope := range scopes {
		for _, hop := range scope.Hops {
			fmt.Printf("%s -> %s: ", hop.Target.Block.Head().Text(), hop.Peer.Endpoint)
			if pool := hop.Pool(); pool != nil {
				limit, known := pool.TerminateTimeout()
				fmt.Printf("pool %s, which lets a request take %v (known: %t)\n", pool.Name, limit, known)
			} else {
				fmt.Printf("no pool; nothing listens there: %t\n", hop.Nothing)
			}
		}
	}
	// Output:
	// location /reports/ -> unix:/run/php/shop.sock: pool shop, which lets a request take 2m0s (known: true)
	// location /reports/ -> 127.0.0.1:9000: no pool; nothing listens there: true
	// location ~ \.php$ -> unix:/run/php/shop.sock: pool shop, which lets a request take 2m0s (known: true)
	// location ~ \.php$ -> 127.0.0.1:9000: no pool; nothing listens there: true
}
