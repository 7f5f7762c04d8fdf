package nginx

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nginx-lint/analyzer/nginx/nginxtest"
)

// TestUnitsAgree asks nginx which spellings of times and sizes it takes.
func TestUnitsAgree(t *testing.T) {
	t.Parallel()
	program := nginxtest.Program(t)
	spellings := []string{
		"0", "60", "60s", "1m", "500ms", "1m30s", "1m 30s", "1m30", "1h", "1d", "1w", "1s500ms", "10 5", "10 ", "s", "1.5m", "1M", "1y", "60S", "60sec",
		"-1", "30s1m", "1m1m", "99999999999999999999", "1 m", "5ms3", "1m s", "8k", "8K", "8m", "8g", "8G", "8MB", "k", "8 m", "+1", "1w1d1h1m1s1ms", "ms",
	}
	kinds := []struct {
		directive string
		parse     func(string) bool
	}{
		{"fastcgi_read_timeout", func(s string) bool { _, ok := ParseTime(s); return ok }},
		{"client_body_buffer_size", func(s string) bool { _, ok := ParseSize(s); return ok }},
		{"client_max_body_size", func(s string) bool { _, ok := ParseOffset(s); return ok }},
	}
	dir := t.TempDir()
	for i, kind := range kinds {
		for j, s := range spellings {
			conf := filepath.Join(dir, fmt.Sprintf("%d-%d.conf", i, j))
			text := fmt.Sprintf("pid %s/pid; events {}\nhttp { %s %q; }\n", dir, kind.directive, s)
			if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(program, "-t", "-e", "stderr", "-p", dir, "-c", conf).CombinedOutput()
			if want, got := err == nil, kind.parse(s); got != want {
				t.Errorf("%s %q: we say %v; nginx: %s", kind.directive, s, got, strings.TrimSpace(string(out)))
			}
		}
	}
}
