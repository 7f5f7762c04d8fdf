package fpm

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nginx-lint/analyzer/catalog"
)

func TestRefuses(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"clear_env", "yes", ""},
		{"clear_env", "Yes", "invalid boolean value"},
		{"clear_env", "2", "invalid boolean value"},
		{"pm.max_children", "", ""},
		{"pm.max_children", "-1", ""},
		{"pm.max_children", "4 ", "is not a valid number (greater or equal than zero)"},
		{"pm.max_children", "--1", "is not a valid number (greater or equal than zero)"},
		{"rlimit_core", "UNLIMITED", ""},
		{"rlimit_core", "4294967295", "must be greater than zero or 'unlimited'"},
		{"rlimit_core", "x", "is not a valid number (greater or equal than zero)"},
		{"request_terminate_timeout", "", "invalid time value"},
		{"request_terminate_timeout", "5w", "unknown suffix used in time value"},
		{"pm", "STATIC", ""},
		{"pm", "", "invalid process manager (static, dynamic or ondemand)"},
		{"listen.mode", "rw", ""},
	} {
		key, _ := catalog.FPMKeyNamed(c.key, catalog.FPMPool)
		if got := Refuses(key, c.value); got != c.want {
			t.Errorf("%s = %q: %q, want %q", c.key, c.value, got, c.want)
		}
	}
}

// TestLogFormatOracle asks php-fpm -t about formats of access logs.
func TestLogFormatOracle(t *testing.T) {
	bin := server(t)
	count := 150
	if os.Getenv("NGINX_LINT_ORACLE") == "full" {
		count = 2000
	}
	pieces := []string{"%", "{", "}", "{x}", "{}", "{total}", "{MILLI}", "{mili}", "{kilobytes}", "{total user}", " ", "a", "%%"}
	for _, token := range "CdeflmMnopPqQrRstTuZaX" {
		pieces = append(pieces, "%"+string(token), string(token))
	}
	formats := []string{"", "%", "%{", "%{x", "%{x}", "%{x}{y}e", "%{}{y}e", "%{y}{}e", "%{x}}", "%{%d}t", strings.Repeat("x", 3000) + "%R"}
	rng := rand.New(rand.NewPCG(1, 2))
	for len(formats) < count {
		var b strings.Builder
		for range 1 + rng.IntN(4) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		formats = append(formats, b.String())
	}
	dir := t.TempDir()
	main := filepath.Join(dir, "php-fpm.conf")
	warning := regexp.MustCompile(`WARNING: (.*)`)
	refused := 0
	for _, format := range formats {
		text := fmt.Sprintf("[global]\nerror_log = log\n[www]\nuser = www-data\nlisten = s\npm = static\npm.max_children = 1\naccess.log = a\naccess.format = \"%s\"\n", format)
		if err := os.WriteFile(main, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(bin, "-n", "-t", "-p", dir, "-y", main)
		cmd.Env = []string{}
		out, err := cmd.CombinedOutput()
		want := ""
		if m := warning.FindSubmatch(out); err != nil && m != nil {
			want = string(m[1])
			refused++
		} else if err != nil {
			t.Fatalf("%s", out)
		}
		if got := RefusesLogFormat(format); got != want {
			t.Errorf("%q: php-fpm says %q, we say %q", format, want, got)
		}
	}
	if refused < count/6 || refused > count*9/10 {
		t.Errorf("%d of %d refused: too one-sided to say anything", refused, count)
	}
}
