package fpm

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// memLoader reads includes from memory; what lies below /secret may not be read.
type memLoader struct {
	fs    source.Mem
	files map[string]*syntax.INI
}

func (l memLoader) open(name string) *syntax.INI {
	if l.files[name] == nil {
		text, err := l.fs.ReadFile(name)
		if err != nil {
			return nil
		}
		l.files[name] = syntax.ParseINI(source.NewFile(name, text))
	}
	return l.files[name]
}

func (l memLoader) IncludeINI(pattern string) (files []*syntax.INI, complete, outside bool) {
	if strings.HasPrefix(pattern, "/secret/") {
		return nil, false, true
	}
	names := source.Glob(l.fs, path.Join("/usr", pattern), new(100_000))
	if strings.HasPrefix(pattern, "/") {
		names = source.Glob(l.fs, pattern, new(100_000))
	}
	for _, name := range names {
		if f := l.open(name); f != nil {
			files = append(files, f)
		}
	}
	_, err := l.fs.Stat(path.Dir(pattern))
	return files, len(names) > 0 || source.HasGlob(pattern) && err == nil, false
}

func load(files source.Mem) *Master {
	l := memLoader{files, map[string]*syntax.INI{}}
	return Load(l.open("/etc/php/8.2/fpm/php-fpm.conf"), l, NewBudget())
}

func loadText(text string) *Master {
	return load(source.Mem{"/etc/php/8.2/fpm/php-fpm.conf": text, "/etc/php/8.2/fpm/pool.d/a.conf": "pm.max_requests = 8\n[other]\n"})
}

// show is a value with marks: `!` not certain, `-` not set.
func show(v Value) string {
	marks := ""
	if !v.Known {
		marks += "!"
	}
	if !v.Set {
		marks += "-"
	}
	return marks + v.Text
}

func TestValues(t *testing.T) {
	const including = "[www]\nlisten = a\ninclude = /etc/php/8.2/fpm/pool.d/*.conf\nlisten.mode = b\n"
	cases := []struct{ name, text, pool, key, want string }{
		{"default", "[www]", "www", "listen.backlog", "--1"},
		{"default of a true boolean", "[www]", "www", "clear_env", "-1"},
		{"default of a false boolean", "[www]", "www", "catch_workers_output", "-"},
		{"no default", "[www]", "www", "user", "-"},
		{"unknown key", "[www]", "www", "nonsense", "-"},
		{"set", "[www]\nlisten = 9000", "www", "listen", "9000"},
		{"last wins", "[www]\nlisten = a\nlisten = b", "www", "listen", "b"},
		{"case of keys", "[www]\nLISTEN = a\nlisten.Mode = b", "www", "Listen", "a"},
		{"reopened", "[www]\nlisten = a\n[x]\n[WWW]\nlisten = b", "www", "listen", "b"},
		{"letters beyond ASCII have a case", "[É]\nlisten = a\n[é]\nlisten = b", "É", "listen", "a"},
		{"global", "error_log = a\n[www]\n[Global]\nerror_log = b", "", "error_log", "b"},
		{"global before any section", "error_log = a\n[www]\nerror_log = b", "", "error_log", "a"},
		{"$pool", "[www]\nlisten = /run/$pool-$pool.sock", "www", "listen", "/run/www-www.sock"},
		{"$pool as first written", "[www]\n[WWW]\nlisten = /run/$pool", "www", "listen", "/run/www"},
		{"$pool in what is not text", "[www]\npm.max_children = $pool", "www", "pm.max_children", "$pool"},
		{"$pool in [global]", "error_log = $pool", "", "error_log", "$pool"},
		{"$pool without end", "[a$pool]\nlisten = $pool", "a$pool", "listen", "!a$pool"},
		{"$pool of an unknown name", "[${X}]\nlisten = /run/$pool", "${X}", "listen", "!/run/${X}"},
		{"environment", "[www]\nlisten = ${X}", "www", "listen", "!"},
		{"null", "[www]\nlisten", "www", "listen", "!"},
		{"refused line", "[www]\nlisten = \"a", "www", "listen", "!"},
		{"included", including, "www", "pm.max_requests", "8"},
		{"after an include the last section is open", including, "other", "listen.mode", "b"},
		{"unless it switches", "[www]\nlisten = a\rinclude = /etc/php/8.2/fpm/pool.d/*.conf\r[b]\nlisten = c", "www", "pm.max_requests", "-0"},
		{"key names of include have a case", "[www]\nInclude = /nope/*\nlisten = a", "www", "listen", "a"},
		{"absent with a missing include", "include = /nope/*\n[www]\n", "www", "listen", "!-"},
		{"before a missing include", "[www]\nlisten = a\ninclude = /nope/*", "www", "listen", "!a"},
		{"after a missing include", "include = /nope/*\n[www]\nlisten = a", "www", "listen", "a"},
	}
	for _, c := range cases {
		m := loadText(c.text)
		section := m.Global
		for _, p := range m.Pools {
			if p.Name == c.pool {
				section = &p.Section
			}
		}
		if section == m.Global && c.pool != "" {
			t.Errorf("%s: no pool %s", c.name, c.pool)
			continue
		}
		if got := show(section.Get(c.key)); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.name, c.key, got, c.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	m := loadText("[www]\nlisten = 'a'\nphp_value[x] = 1\nphp_value[x] = 2\nPHP_VALUE[x] = 3\n[WWW]\nlisten = b\n")
	if len(m.Pools) != 1 || m.Version != "8.2" || !m.Complete() {
		t.Fatalf("%+v", m)
	}
	p := m.Pools[0]
	if len(p.Heads) != 2 || p.Heads[1].Text() != "[WWW]" || p.Master != m || p.Name != "www" {
		t.Errorf("%+v", p)
	}
	var got []string
	for _, v := range slices.AppendSeq(p.All("Listen"), p.Items("php_value")) {
		got = append(got, v.Key.Text()+"="+v.Span.Text()+" "+v.Offset+"="+v.Text)
	}
	if want := []string{"listen='a' =a", "listen=b =b", "php_value[x]=1 x=1", "php_value[x]=2 x=2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n := len(p.Entries()); n != 5 {
		t.Errorf("%d entries", n)
	}
}

func TestIncludes(t *testing.T) {
	main := func(text string) source.Mem {
		return source.Mem{
			"/etc/php/8.2/fpm/php-fpm.conf": text, "/d/b.conf": "[b]", "/d/a.conf": "[a]", "/d/.c.conf": "[c]",
			"/usr/etc/r.conf": "[r]", "/loop": "include = /loop",
			"/1": "include = /2", "/2": "include = /3", "/3": "include = /4", "/4": "include = /5", "/5": "[deep]",
		}
	}
	cases := []struct{ text, pools, missing string }{
		{"include = /d/*.conf", "a b", ""},
		{"include = /d/?.conf\n[a]", "a b", ""},
		{"include = etc/r.conf", "r", ""},
		{"include = /d/z*", "", ""},
		{"include =", "", ""},
		{"include = /nope", "", "not found or not readable"},
		{"include = /nope/*", "", "not found or not readable"},
		{"include = /secret/*", "", "outside of what may be read"},
		{"include = ${X}", "", "the path is not certain"},
		{"include", "", "the path is not certain"},
		{"include = /loop", "", "the file includes itself"},
		{"include = /2", "deep", ""},
		{"include = /1", "", "nested too deep: php-fpm reads at most 5 files inside each other"},
	}
	for _, c := range cases {
		m := load(main(c.text))
		var pools, missing []string
		for _, p := range m.Pools {
			pools = append(pools, p.Name)
		}
		for _, i := range m.Missing {
			missing = append(missing, i.Reason)
		}
		if strings.Join(pools, " ") != c.pools || strings.Join(missing, ",") != c.missing || m.Complete() != (c.missing == "") {
			t.Errorf("%s: pools %q, missing %q", c.text, pools, missing)
		}
	}
}

// stormLoader gives a hundred files for each include.
type stormLoader struct {
	files []*syntax.INI
	calls int
}

func (l *stormLoader) IncludeINI(pattern string) (files []*syntax.INI, complete, outside bool) {
	l.calls++
	depth, _ := strconv.Atoi(pattern)
	return l.files[depth*100 : depth*100+100], true, false
}

// Patterns that match files with patterns multiply; it must end.
func TestIncludeStorm(t *testing.T) {
	l := &stormLoader{}
	for i := range 500 {
		l.files = append(l.files, syntax.ParseINI(source.NewFile("x", fmt.Sprintf("include = %d", i/100+1))))
	}
	m := Load(syntax.ParseINI(source.NewFile("main", "include = 0")), l, NewBudget())
	if len(m.Missing) == 0 || l.calls > MaxInclusions {
		t.Errorf("%d missing, %d calls", len(m.Missing), l.calls)
	}
}

func TestLonePools(t *testing.T) {
	file := func(name, text string) *syntax.INI { return syntax.ParseINI(source.NewFile(name, text)) }
	m := LoadPools([]*syntax.INI{
		file("/etc/php/7.4/fpm/pool.d/a.conf", "[a]\nlisten = x"),
		file("/etc/php/7.4/fpm/pool.d/b.conf", "log_level = debug\n[b]\n[A]\nlisten = y"),
	}, memLoader{}, NewBudget())
	if m.Complete() || m.Version != "7.4" || len(m.Pools) != 2 || m.Path != "/etc/php/7.4/fpm/pool.d/a.conf" {
		t.Errorf("%+v", m)
	}
	p := m.Pools[0]
	for key, want := range map[string]string{"listen": "y", "listen.backlog": "--1"} {
		if got := show(p.Get(key)); got != want {
			t.Errorf("pool: %s is %q, want %q", key, got, want)
		}
	}
	for key, want := range map[string]string{"log_level": "debug", "daemonize": "!-1"} {
		if got := show(m.Global.Get(key)); got != want {
			t.Errorf("global: %s is %q, want %q", key, got, want)
		}
	}
}

// TestDefaults pins the defaults that rules build on, and that every key has a type that is told apart.
func TestDefaults(t *testing.T) {
	p := loadText("[www]").Pools[0]
	for key, want := range map[string]string{
		"request_terminate_timeout": "0", "request_slowlog_timeout": "0", "listen.mode": "0660", "pm.max_requests": "0",
		"pm.process_idle_timeout": "10s", "security.limit_extensions": ".php .phar", "decorate_workers_output": "1",
	} {
		if v := p.Get(key); v.Text != want || v.Set || !v.Known {
			t.Errorf("%s: %+v", key, v)
		}
	}
	for _, key := range catalog.FPMKeys() {
		if key.Type == "bool" && key.HasDefault && key.Default != "yes" && key.Default != "no" {
			t.Errorf("%s: default %q of a boolean", key.Name, key.Default)
		}
	}
}

// tree puts a shipped tree into a temporary folder, with real paths in place of @ROOT@.
func tree(t *testing.T, name string) (root string, m *Master) {
	t.Helper()
	root = t.TempDir()
	from := filepath.Join("..", "..", "testdata", "syntax", "fpm", name)
	err := filepath.WalkDir(from, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(from, file)
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		to := filepath.Join(root, name, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, []byte(strings.ReplaceAll(string(text), "@ROOT@", root)), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	l := diskLoader{root}
	return root, Load(l.open(t, filepath.Join(root, name, "php-fpm.conf")), l, NewBudget())
}

// diskLoader reads includes from disk; relative ones are below prefix.
type diskLoader struct{ prefix string }

func (l diskLoader) open(t *testing.T, name string) *syntax.INI {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return syntax.ParseINI(source.NewFile(name, string(text)))
}

func (l diskLoader) IncludeINI(pattern string) (files []*syntax.INI, complete, outside bool) {
	if !path.IsAbs(pattern) {
		pattern = path.Join(l.prefix, pattern)
	}
	for _, name := range source.Glob(source.OS{}, pattern, new(100_000)) {
		if text, err := os.ReadFile(name); err == nil {
			files = append(files, syntax.ParseINI(source.NewFile(name, string(text))))
		}
	}
	return files, true, false
}

func treeNames(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "..", "testdata", "syntax", "fpm"))
	if err != nil || len(entries) < 6 {
		t.Fatalf("%d trees: %v", len(entries), err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
