package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
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

// writeHost writes the tree of a host with n sites, each with a pool of its own:
// PHP, static files, a proxied API and a shared snippet. Every hundredth pool
// has moved its socket, so that a run is also checked for finding exactly these.
func writeHost(tb testing.TB, dir string, n int) (faults int) {
	tb.Helper()
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	write("etc/nginx/nginx.conf", "user www-data;\nevents { worker_connections 1024; }\nhttp {\n    include mime.types;\n    include sites-enabled/*.conf;\n}\n")
	write("etc/nginx/snippets/static.conf", "location ~* \\.(css|js|png)$ {\n    expires 30d;\n    access_log off;\n}\n")
	write("etc/php/8.2/fpm/php-fpm.conf", "[global]\nerror_log = /var/log/php8.2-fpm.log\ninclude = /etc/php/8.2/fpm/pool.d/*.conf\n")
	for i := range n {
		socket := fmt.Sprintf("/run/php/site%05d.sock", i)
		write(fmt.Sprintf("etc/nginx/sites-enabled/site%05d.conf", i), strings.ReplaceAll(`# site NUMBER
server {
    listen 80;
    listen [::]:80;
    server_name siteNUMBER.example.org www.siteNUMBER.example.org;
    root /srv/siteNUMBER/public;
    index index.php index.html;
    client_max_body_size 32m;

    include snippets/static.conf;

    location / {
        try_files $uri $uri/ /index.php?$query_string;
    }

    location /api/ {
        proxy_pass http://127.0.0.1:3000;
        proxy_set_header Host $host;
        proxy_read_timeout 90s;
    }

    location ~ \.php$ {
        include fastcgi.conf;
        fastcgi_index index.php;
        fastcgi_read_timeout 120s;
        fastcgi_pass unix:/run/php/siteNUMBER.sock;
    }
}
`, "NUMBER", fmt.Sprintf("%05d", i)))
		if i%100 == 99 {
			socket = fmt.Sprintf("/run/php8/site%05d.sock", i)
			faults++
		}
		write(fmt.Sprintf("etc/php/8.2/fpm/pool.d/site%05d.conf", i), fmt.Sprintf(`[site%05d]
user = site%05d
group = site%05d
listen = %s
listen.owner = www-data
listen.group = www-data
pm = ondemand
pm.max_children = 10
request_terminate_timeout = 80s
php_admin_value[memory_limit] = 256M
`, i, i, i, socket))
	}
	return faults
}

func lint(tb testing.TB, dir string) int {
	tb.Helper()
	on := slices.DeleteFunc(rules.All(), func(r *analyzer.Rule) bool { return r.Off })
	opts := analyzer.Options{FS: source.OS{Dir: dir}, Dir: dir, Paths: []string{"."}, Rules: on}
	report, err := analyzer.Run(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return len(report.Findings)
}

// TestPlantedFaults finds all and only the faults of a generated host.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := writeHost(t, dir, 300)
	if got := lint(t, dir); got != want {
		t.Errorf("%d findings, want %d", got, want)
	}
}

// sites is how many the benchmark's host has: 1,000, or what NGINX_LINT_SITES says.
func sites(tb testing.TB) int {
	tb.Helper()
	text := os.Getenv("NGINX_LINT_SITES")
	if text == "" {
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// BenchmarkHost lints a host of many sites and pools. x-read is the time as a
// multiple of what reading the same files takes, one after another.
func BenchmarkHost(b *testing.B) {
	dir := b.TempDir()
	want := writeHost(b, dir, sites(b))
	var reading time.Duration
	for b.Loop() {
		b.StopTimer()
		start := time.Now()
		readAll(b, dir)
		reading += time.Since(start)
		b.StartTimer()
		if got := lint(b, dir); got != want {
			b.Fatalf("%d findings, want %d", got, want)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(reading), "x-read")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapSys-m.HeapReleased)/(1<<20), "heap-MiB")
}

func readAll(tb testing.TB, dir string) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		_, err = os.ReadFile(name)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}
