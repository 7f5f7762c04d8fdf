package fpm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

var sizeCases = []struct {
	text  string
	bytes int64
	ok    bool
}{
	{"8M", 8 << 20, true},
	{" 64m", 64 << 20, true},
	{"64 M", 64 << 20, true},
	{"2g", 2 << 30, true},
	{"512K", 512 << 10, true},
	{"0", 0, true},
	{"-1", -1, true},
	{"64MB", 64, true},
	{"64 MiB", 64, true},
	{"1T", 1, true},
	{"1.5G", 1 << 30, true},
	{"64XM", 64 << 20, true},
	{"", 0, false},
	{"M", 0, false},
	{"010M", 0, false},  // octal
	{"0x10M", 0, false}, // hexadecimal
	{"64M ", 0, false},  // 64 bytes before PHP 8.2
	{"64%", 0, false},   // what else the last byte may be is not looked at
	{"9000000000000G", 0, false},
	{"99999999999999999999", 0, false},
}

func TestParseSize(t *testing.T) {
	for _, c := range sizeCases {
		if n, ok := ParseSize(c.text); ok != c.ok || ok && n != c.bytes {
			t.Errorf("%q is %d (%v), want %d (%v)", c.text, n, ok, c.bytes, c.ok)
		}
	}
}

// TestParseSizeOracle asks PHP about the same sizes and about random ones.
func TestParseSizeOracle(t *testing.T) {
	server(t)
	bin, err := exec.LookPath("php8.2") // comes with php-fpm8.2
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, c := range sizeCases {
		texts = append(texts, c.text)
	}
	parts := []string{"1", "64", "0", "2048", "-", "+", " ", "k", "K", "m", "M", "g", "G", "B", "i", ".", "x", "T", "e"}
	for range 5000 {
		var b strings.Builder
		for range 1 + rand.IntN(5) {
			b.WriteString(parts[rand.IntN(len(parts))])
		}
		texts = append(texts, b.String())
	}
	asked, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	const script = `echo json_encode(array_map(fn ($s) => @ini_parse_quantity($s), json_decode(stream_get_contents(STDIN))));`
	cmd := exec.Command(bin, "-n", "-r", script)
	cmd.Stdin = bytes.NewReader(asked)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int64
	if err := json.Unmarshal(out, &sizes); err != nil || len(sizes) != len(texts) {
		t.Fatalf("%v: %.200s", err, out)
	}
	known := 0
	for i, text := range texts {
		if n, ok := ParseSize(text); ok && n != sizes[i] {
			t.Errorf("%q is %d, we say %d", text, sizes[i], n)
		} else if ok {
			known++
		}
	}
	if known < 500 {
		t.Errorf("only %d of %d are certain", known, len(texts))
	}
}

// TestPHP pins which of several places is in force, with `!` where that is not certain.
func TestPHP(t *testing.T) {
	ini := func(texts ...string) *PHPINI {
		i := &PHPINI{Main: true}
		for n, text := range texts {
			if text == "unread" {
				i.Files = append(i.Files, nil)
				continue
			}
			i.Files = append(i.Files, syntax.ParsePHPINI(source.NewFile(fmt.Sprintf("%d.ini", n), text)))
		}
		return i
	}
	cases := []struct {
		name, pool string
		ini        *PHPINI
		want       string
	}{
		{"nobody", "", ini(""), ""},
		{"php.ini not known", "", nil, "!"},
		{"php.ini", "", ini("a = 1"), "1"},
		{"last line", "", ini("a = 1\na = 2"), "2 1"},
		{"another case of letters", "", ini("A = 1"), ""},
		{"a key alone", "", ini("a = 1\na"), "1"},
		{"conf.d", "", ini("a = 1", "a = 2", "b = 1"), "2 1"},
		{"conf.d alone", "", &PHPINI{Files: ini("a = 2").Files}, "2"},
		{"conf.d alone, without it", "", &PHPINI{Files: ini("b = 2").Files}, "!"},
		{"unread behind it", "", ini("a = 1", "unread"), "!1"},
		{"unread before it", "", ini("unread", "a = 1"), "1"},
		{"mistake in its file", "", ini("a = 1\nb = c=d"), "!1"},
		{"mistake before its file", "", ini("b = c=d", "a = 1"), "1"},
		{"special section", "", ini("a = 1\n[HOST=x]\na = 2"), "!1"},
		{"behind a special section", "", ini("a = 1\n[PATH=/x]\nb = 2\n[PHP]\na = 2"), "!1"},
		{"no special section", "", ini("[PATH]\na = 2"), "2"},
		{"array", "", ini("a = 1\na[] = 2"), "!1"},
		{"constant", "", ini("a = E_ALL"), "!E_ALL"},
		{"pool", "php_value[a] = 3", ini("a = 1"), "3 1"},
		{"pool without php.ini", "php_value[a] = 3", nil, "3"},
		{"first line of the pool", "php_value[a] = 3\nphp_value[a] = 4", ini(""), "3 4"},
		{"flag and value", "php_flag[a] = on\nphp_value[a] = 4", ini(""), "1 4"},
		{"admin", "php_value[a] = 3\nphp_admin_value[a] = 4\nphp_admin_flag[a] = off", ini("a = 1"), "4  3 1"},
		{"name from the environment", "php_value[${X}] = 3\nphp_value[a] = 3", ini(""), "!3"},
		{"value from the environment", "php_value[a] = ${X}", ini(""), "!"},
		{"unread pools", "php_value[a] = 3\ninclude = /nope", ini("a = 1"), "!3 1"},
	}
	for _, c := range cases {
		m := loadText("[www]\n" + c.pool)
		m.PHP = c.ini
		settings, known := m.Pools[0].PHP("a")
		texts := make([]string, 0, len(settings))
		for _, s := range settings {
			texts = append(texts, s.Text)
		}
		got := strings.Join(texts, " ")
		if !known {
			got = "!" + got
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestPHPOracle asks php-fpm which of the files of a scan directory wins.
func TestPHPOracle(t *testing.T) {
	bin := server(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"php.ini": "user_agent = a", ".5.ini": "user_agent = b", "9.ini": "user_agent = c", "10.ini": "user_agent = d", "x.INI": "user_agent = e"} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wins := func(value, why string) {
		cmd := exec.Command(bin, "-c", dir, "-i")
		cmd.Env = []string{"PHP_INI_SCAN_DIR=" + dir}
		out, err := cmd.Output()
		if err != nil || !strings.Contains(string(out), "user_agent => "+value+" => "+value+"\n") {
			t.Errorf("%v: %s:\n%.2000s", err, why, out)
		}
	}
	wins("a", "php.ini is the last one in byte order")
	if err := os.Remove(dir + "/php.ini"); err != nil {
		t.Fatal(err)
	}
	wins("c", "9.ini is the last one in byte order, x.INI is not read")
	if err := os.Remove(dir + "/9.ini"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir + "/10.ini"); err != nil {
		t.Fatal(err)
	}
	wins("b", "a hidden file is read")
}
