package syntax

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

// nginxBigText is a valid configuration of at least n bytes, a server after another.
func nginxBigText(n int) string {
	var b strings.Builder
	b.Grow(n + 2048)
	b.WriteString("events {}\nhttp {\n")
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `    # shop %[1]d
    server {
        listen 80;
        server_name shop%[1]d.example.com www.shop%[1]d.example.com;
        root "/srv/www/shop%[1]d";
        access_log /var/log/nginx/shop%[1]d.log combined;

        location / {
            try_files $uri $uri/ /index.php?$args;
        }

        location ~ "^/[a-z]{2}/.+\.php$" {
            fastcgi_pass unix:/run/php/shop%[1]d.sock;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; # where PHP looks
            fastcgi_read_timeout 60s;
            include fastcgi_params;
        }
    }

`, i)
	}
	b.WriteString("}\n")
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	f := source.NewFile("nginx.conf", nginxBigText(50<<20))
	b.SetBytes(int64(len(f.Text)))
	b.ReportAllocs()
	for b.Loop() {
		if t := Parse(f); len(t.Errors) > 0 {
			b.Fatal(t.Errors[0])
		}
	}
}

// The tree is made of a few slices: what it costs does not grow by a pointer per directive.
func TestNginxTreeIsCompact(t *testing.T) {
	f := source.NewFile("nginx.conf", nginxBigText(1<<20))
	n := Parse(f).Len()
	allocs := testing.AllocsPerRun(3, func() { Parse(f) })
	if perDirective := allocs / float64(n); perDirective > 0.01 {
		t.Errorf("%.3f allocations per directive", perDirective)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tree := Parse(f)
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 150*uint64(n) {
		t.Errorf("%d bytes per directive", bytes/uint64(n))
	}
	runtime.KeepAlive(tree)
}
