package fpm

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/syntax"
)

// lateKeys are those that `php-fpm -tt` prints before it has put in what is in force.
var lateKeys = map[string]string{
	"listen.mode":   "0660 is filled in when the socket is made",
	"ping.response": "pong is filled in only beside ping.path",
	"access.format": "the default is filled in only beside access.log",
}

func TestOracleTrees(t *testing.T) {
	bin := server(t)
	for _, name := range treeNames(t) {
		t.Run(name, func(t *testing.T) {
			root, m := tree(t, name)
			printed := dump(t, bin, root, filepath.Join(root, name, "php-fpm.conf"))
			if len(printed) != len(m.Pools) {
				t.Fatalf("php-fpm has %d pools, we have %d", len(printed), len(m.Pools))
			}
			for i, p := range m.Pools {
				if printed[i].name != p.Name {
					t.Errorf("pool %d is %q, we say %q", i, printed[i].name, p.Name)
				}
				checkPool(t, root, p, printed[i])
			}
		})
	}
}

func checkPool(t *testing.T, root string, p *Pool, printed dumped) {
	t.Helper()
	for key, want := range printed.scalars {
		v := p.Get(key)
		spec, ok := catalog.FPMKeyNamed(key, catalog.FPMPool)
		if !ok {
			t.Errorf("php-fpm knows a key %s", key)
			continue
		}
		if lateKeys[key] != "" && !v.Set {
			continue
		}
		if got := asDumped(v, spec.Type, root); got != want {
			t.Errorf("[%s] %s is %q, we say %q", p.Name, key, want, got)
		}
	}
	// php-fpm keeps arrays in reverse, flags among the values.
	for array, want := range printed.arrays {
		var got []string
		flags := strings.Replace(array, "value", "flag", 1)
		for _, e := range p.Entries() {
			if e.Kind != syntax.Item || e.Name != array && e.Name != flags {
				continue
			}
			for v := range p.Items(e.Name) {
				if v.Key != e.NameSpan() {
					continue
				}
				text := v.Text
				if e.Name == flags && array != flags {
					text = strconv.Itoa(len(text)) // "1" or ""
				}
				got = append(got, v.Offset+"="+text)
			}
		}
		slices.Reverse(got)
		if !slices.Equal(got, want) {
			t.Errorf("[%s] %s is %q, we say %q", p.Name, array, want, got)
		}
	}
}

// asDumped writes a value as `php-fpm -tt` does.
func asDumped(v Value, kind, root string) string {
	if !v.Set && v.Text == "" && kind != "bool" && kind != "int" && kind != `int|"unlimited"` {
		return "undefined"
	}
	switch kind {
	case "bool":
		if v.Text == "1" {
			return "yes"
		}
		return "no"
	case "time":
		seconds, _ := ParseTime(v.Text)
		return strconv.FormatInt(seconds, 10)
	case "int", `int|"unlimited"`:
		if v.Text == "unlimited" {
			return "-1"
		}
		return strconv.Itoa(int(syntax.Atoi(v.Text)))
	case "enum":
		return strings.ToLower(v.Text)
	case "address":
		if l, ok := ParseListen(v.Text); ok && l.Relative {
			return root + "/" + l.Path
		}
	}
	return v.Text
}

type dumped struct {
	name    string
	scalars map[string]string
	arrays  map[string][]string
}

var (
	dumpLine  = regexp.MustCompile(`(?m)^\[\d\d-\w+-\d{4} [\d:]+\] NOTICE: (.*)$`)
	arrayLine = regexp.MustCompile(`^([\w.]+)\[(.*?)\] = (.*)$`)
)

// dump is what `php-fpm -tt` prints of the pools.
func dump(t *testing.T, bin, prefix, main string) []dumped {
	t.Helper()
	cmd := exec.Command(bin, "-n", "-tt", "-p", prefix, "-y", main)
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var pools []dumped
	for _, match := range dumpLine.FindAllStringSubmatch(string(out), -1) {
		line, indented := strings.CutPrefix(match[1], "\t")
		if !indented {
			if strings.HasPrefix(line, "[") {
				name := strings.TrimSuffix(line[1:], "]")
				pools = append(pools, dumped{name, map[string]string{}, map[string][]string{}})
			}
			continue
		}
		p := &pools[len(pools)-1]
		if a := arrayLine.FindStringSubmatch(line); a != nil {
			p.arrays[a[1]] = append(p.arrays[a[1]], a[2]+"="+a[3])
			continue
		}
		key, value, _ := strings.Cut(line, " = ")
		if key == "process.priority" && value == "undefined" {
			value = "0"
		}
		if strings.HasSuffix(key, "_timeout") {
			value = strings.TrimSuffix(value, "s")
		}
		p.scalars[key] = value
	}
	return pools[1:] // without [global]
}

// TestOracleListen starts php-fpm on each address.
func TestOracleListen(t *testing.T) {
	bin := server(t)
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	dir := t.TempDir()
	for _, c := range listenCases {
		if !c.starts {
			continue
		}
		main := filepath.Join(dir, "php-fpm.conf")
		text := "[global]\nerror_log = " + dir + "/log\ndaemonize = no\n[www]\nuser = www-data\npm = ondemand\npm.max_children = 1\nlisten = \"" + c.listen + "\"\n"
		if err := os.WriteFile(main, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(bin, "-n", "-F", "-p", dir, "-y", main)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait()
			close(ended)
		}()
		up := false
	wait:
		for range 200 {
			select {
			case <-ended:
				break wait
			case <-time.After(10 * time.Millisecond):
			}
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			if up = strings.Contains(string(log), "ready to handle connections"); up {
				break wait
			}
		}
		_ = cmd.Process.Kill()
		<-ended
		_ = os.Remove(filepath.Join(dir, "log"))
		if up != c.ok {
			t.Errorf("%q: php-fpm starts: %v, we say %v", c.listen, up, c.ok)
		}
	}
}

// server is the real php-fpm; without it, or without Debian's user for its
// pools, the test is skipped, or fails where it must run.
func server(t *testing.T) string {
	t.Helper()
	why := "php-fpm8.2 is not installed"
	for _, name := range []string{"php-fpm8.2", "/usr/sbin/php-fpm8.2"} {
		bin, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if _, err := user.Lookup("www-data"); err == nil {
			return bin
		}
		why = "there is no user www-data"
	}
	if os.Getenv("NGINX_LINT_PROOF") == "require" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}
