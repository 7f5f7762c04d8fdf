package syntax

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

// phpINICases are whole files, and what PHP 8.2 keeps of them.
var phpINICases = []struct{ text, keeps string }{
	{"a = 1\nb = 2\n", "a=1 b=2"},
	{"a = 1", "a=1"},
	{"a =", "a="},
	{"a = 1 ; c", "a=1"},
	{"a = ; c\n", "a="},
	{"a = ; c", "| syntax error, unexpected end of file:1"},
	{"a", ""},
	{"a\nb = 1", "b=1"},
	{"a = \"x\ny\"\nb = 1", "a=x\ny b=1"},
	{"a = 'x\ny'\nb = 1", "a=x\ny b=1"},
	{"a = \"x\\\"\nb = 1", `a=x\ b=1`},
	{"a = it's\nb = 1\n", "a=it"},
	{"a = it's\nb = 1's\n", "a=its\nb = 1s"},
	{"a = ''\nb = 1", "a= b=1"},
	{"a = '' ; c\nb = 1", "a= b=1"},
	{"a = x # y\n# b = 1\n# \nc = 2", "a=x # y # b=1 c=2"},
	{"a = 1\nb = x=y\nc = 1", "a=1 b=x | syntax error, unexpected '=':2"},
	{"a = 1\n[b\nc = 1", "a=1 | syntax error, unexpected end of file, expecting ']':2"},
	{"a = \"1\n\nb = 1", "| syntax error, unexpected end of file, expecting TC_DOLLAR_CURLY or TC_QUOTED_STRING or '\"':3"},
	{"\xef\xbb\xbfa = 1", "a=1"},
	{"a = 1\n\xef\xbb\xbfb = 1", "a=1 \xef\xbb\xbfb=1"},
	{"a = 1\x00 x\nb = 2", "a=1 b=2"},
	{"a = x$", "a=x"},
	{"a = 1\rb = 2\r\nc = 3", "a=1 b=2 c=3"},
	{"a = 6 | 1\nb = !0", "a=7 b=1"},
}

func TestPHPINI(t *testing.T) {
	for _, c := range phpINICases {
		ini := ParsePHPINI(source.NewFile("php.ini", c.text))
		var keeps []string
		for _, e := range ini.Lines {
			if !e.Null && e.Kind == Key {
				keeps = append(keeps, e.Name+"="+e.Value)
			}
		}
		for _, e := range ini.Errors {
			keeps = append(keeps, fmt.Sprintf("| %s:%d", e.Message, e.Line))
		}
		if got := strings.Join(keeps, " "); got != c.keeps {
			t.Errorf("%q: keeps %q, want %q", c.text, got, c.keeps)
		}
	}
}

// FuzzPHPINI checks that nothing panics and that spans lie in order inside the file.
func FuzzPHPINI(f *testing.F) {
	for _, c := range phpINICases {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ini := ParsePHPINI(source.NewFile("php.ini", text))
		end := 0
		for _, e := range ini.Lines {
			if e.Span().Start < end || e.Span().End > len(text) {
				t.Errorf("span %d-%d behind %d of %d", e.Span().Start, e.Span().End, end, len(text))
			}
			end = e.Span().End
			for _, s := range []source.Span{e.NameSpan(), e.ValueSpan()} {
				if s.Start < e.Span().Start || s.End < s.Start || s.End > e.Span().End {
					t.Errorf("%d-%d is not in %q", s.Start, s.End, e.Span().Text())
				}
			}
		}
		for _, e := range ini.Errors {
			if e.At.Start > e.At.End || e.At.End > len(text) || e.Line < 1 || e.Message == "" {
				t.Errorf("error %+v", e)
			}
		}
	})
}

func TestPHPINISpans(t *testing.T) {
	text := "[PHP]\na = \"x\n y\" ; c\n b=5 \nlast = it's\nmore\n"
	ini := ParsePHPINI(source.NewFile("php.ini", text))
	var got []string
	for _, e := range ini.Lines {
		got = append(got, fmt.Sprintf("%d %s|%s|%s", e.Span().Line(), e.NameSpan().Text(), e.ValueSpan().Text(), e.Span().Text()))
	}
	want := []string{"1 PHP||[PHP]", "2 a|\"x\n y\"|a = \"x\n y\"", "4 b|5|b=5", "5 last|it's|last = it's"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("spans\n%q, want\n%q", got, want)
	}
}

// TestPHPINIOracle lets PHP read random files, all of them as one scan directory,
// and asks for the value of each key in each.
func TestPHPINIOracle(t *testing.T) {
	bin := phpCLI(t)
	const files = 3000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	expected := map[string]any{}
	texts, messages := map[string]string{}, map[string]string{}
	var names []string
	for i := range files {
		name := filepath.Join(dir, fmt.Sprintf("%05d.ini", i))
		text := randomPHPINI(random, strconv.Itoa(i))
		if i < len(phpINICases) {
			text = regexp.MustCompile(`\b[abc] =`).ReplaceAllStringFunc(phpINICases[i].text, func(key string) string { return key[:1] + "." + strconv.Itoa(i) + " =" })
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ini := ParsePHPINI(source.NewFile(name, text))
		texts[strconv.Itoa(i)] = text
		for key, value := range configuration(ini) {
			if strings.HasSuffix(key, "."+strconv.Itoa(i)) {
				expected[key] = value
			}
		}
		for _, e := range ini.Errors {
			messages[name] = fmt.Sprintf("%s in %s on line %d", e.Message, name, e.Line)
		}
		for _, key := range randomKeys {
			names = append(names, key+"."+strconv.Itoa(i))
		}
	}
	got, printed := askPHP(t, bin, dir, names)
	for _, key := range names {
		want, set := expected[key]
		value, has := got[key]
		if set != has || want != nil && set && fmt.Sprint(want) != fmt.Sprint(value) {
			t.Errorf("%s is %q (%v), we say %q (%v):\n%q", key, value, has, want, set, texts[key[strings.LastIndexByte(key, '.')+1:]])
		}
	}
	for name, message := range messages {
		if printed[name] != message {
			t.Errorf("PHP says %q, we say %q:\n%q", printed[name], message, texts[strings.TrimLeft(strings.TrimSuffix(filepath.Base(name), ".ini"), "0")])
		}
	}
	if len(printed) != len(messages) {
		t.Errorf("PHP stops in %d files, we in %d", len(printed), len(messages))
	}
}

// configuration is what PHP keeps: the last value of each key, items of arrays
// in order; nil for one that is not certain. What stands behind the head of a
// special section belongs to it up to the end of the file.
func configuration(ini *INI) map[string]any {
	kept := map[string]any{}
	for _, e := range ini.Lines {
		switch {
		case e.Kind == Section && len(e.Name) > 4 && (strings.EqualFold(e.Name[:4], "PATH") || strings.EqualFold(e.Name[:4], "HOST")):
			return kept
		case e.Kind == Section || e.Null:
		case e.Kind == Item:
			items, isArray := kept[e.Name].([]string)
			if _, set := kept[e.Name]; !e.Known || set && !isArray && kept[e.Name] == nil {
				kept[e.Name] = nil
				continue
			}
			kept[e.Name] = append(items, e.Value)
		case e.Known:
			kept[e.Name] = e.Value
		default:
			kept[e.Name] = nil
		}
	}
	return kept
}

var randomKeys = []string{"a", "b", "memory-limit", "c d"}

var randomParts = []string{
	" ", "  ", "\t", "\n", "\n", "\r\n", "\r", "=", " = ", ";", "#", "\"", "\"", "'", "'", "''", "$", "\\", "\\\"", "${", "${NOPE}", "${NOPE:-x}",
	"}", "{", "[", "]", "[x]", "[]", "[PATH=/x]", "(", ")", "|", "&", "^", "~", "!", "on", "None", "null", "5", "-5.5", "64MB", "/run/x", "E_ALL", "word",
	"\x00", "\xef\xbb\xbf", "é", ":", ",", "yes ", "1|2", "\"q\"", "'q'",
}

// randomPHPINI makes a file in which most lines are right.
func randomPHPINI(r *rand.Rand, mark string) string {
	var b strings.Builder
	junk := func(n int) {
		for range r.IntN(n) {
			b.WriteString(randomParts[r.IntN(len(randomParts))])
		}
	}
	for range 1 + r.IntN(6) {
		switch r.IntN(12) {
		case 0:
			junk(6)
		case 1:
			b.WriteString([]string{"[x]", "[x] ", "[HOST=x", "[path]", "[Paths]", "[ x ]", "; c", " ; c 'x\"", "#x"}[r.IntN(9)])
		default:
			b.WriteString([]string{"", "", " "}[r.IntN(3)] + randomKeys[r.IntN(len(randomKeys))] + "." + mark + []string{"", "[]"}[r.IntN(8)/7] + []string{"=", " = "}[r.IntN(2)])
			junk(5)
		}
		b.WriteString([]string{"\n", "\n", "\n", "\n", "\r\n", "\r", "", " ; c\n"}[r.IntN(8)])
	}
	return b.String()
}

// askPHP lets PHP read a scan directory. It returns the values of keys and the
// messages by file.
func askPHP(t *testing.T, bin, dir string, keys []string) (values map[string]any, messages map[string]string) {
	t.Helper()
	asked, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	const script = `$found = [];
foreach (json_decode(stream_get_contents(STDIN)) as $key) {
	$value = get_cfg_var($key);
	if ($value !== false) $found[$key] = is_array($value) ? array_values($value) : $value;
}
echo json_encode($found, JSON_INVALID_UTF8_SUBSTITUTE);`
	cmd := exec.Command(bin, "-c", os.DevNull, "-d", "memory_limit=-1", "-r", script)
	cmd.Env = []string{"PHP_INI_SCAN_DIR=" + dir}
	cmd.Stdin = bytes.NewReader(asked)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(out, &values); err != nil {
		t.Fatalf("%v\n%.200s", err, out)
	}
	messages = map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^PHP:  (.* in (\S+) on line \d+)$`).FindAllStringSubmatch(stderr.String(), -1) {
		messages[m[2]] = m[1]
	}
	return values, messages
}

// phpCLI is PHP's command line program, which Debian installs with php-fpm.
func phpCLI(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("php8.2")
	if err == nil {
		return bin
	}
	if os.Getenv("NGINX_LINT_PROOF") == "require" {
		t.Fatal("php8.2 is not installed")
	}
	t.Skip("php8.2 is not installed")
	return ""
}
