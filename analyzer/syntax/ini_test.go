package syntax

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-lint/analyzer/source"
)

// iniCases are lines of a pool that has `ping.path` set, and what php-fpm 8.2 makes of
// them with FOO=foo in its environment: the value that it gives ping.response,
// the first complaint, or the pool that it opens.
var iniCases = []struct{ line, sees string }{
	// Statements.
	{"ping.response = x", "value x"},
	{"  ping.response=x  ", "value x"},
	{"\tping.response\t=\tx\t", "value x"},
	{"PING.Response = x", "value x"},
	{"ping.response =", "value "},
	{"ping.response", "null"},
	{"", "nothing"},
	{" \t ", "nothing"},
	{"; comment", "nothing"},
	{" \t; comment", "nothing"},
	{"# comment", "null"},
	{"# a = 1", "unknown entry '# a'"},
	{"#a=1", "unknown entry '#a'"},
	{"a b = 1", "unknown entry 'a b'"},
	{"a]b.c:d,e+f/g*h'i = 1", "unknown entry 'a]b.c:d,e+f/g*h'i'"},
	{"a\tping.response = 1", "null"},
	{"yesterday = 1", "unknown entry 'yesterday'"},
	{" yes = 1", "unknown entry 'yes'"},
	{"yes = 1", "syntax error, unexpected BOOL_TRUE in Unknown on line 1"},
	{"None = 1", "syntax error, unexpected BOOL_FALSE in Unknown on line 1"},
	{"null\t= 1", "syntax error, unexpected NULL_NULL in Unknown on line 1"},
	{"= 1", "syntax error, unexpected '=' in Unknown on line 1"},
	{`"a" = 1`, `syntax error, unexpected '"' in Unknown on line 1`},
	{"{a = 1", "syntax error, unexpected '{' in Unknown on line 1"},
	{"$a = 1", "syntax error, unexpected '$' in Unknown on line 1"},
	{"&", "syntax error, unexpected '&' in Unknown on line 1"},
	{"}", "syntax error, unexpected '}' in Unknown on line 1"},
	{"\xef\xbb\xbfping.response = x", "value x"},
	{"\xef\xbb\xbf", "nothing"},
	{"ping.response = x\x00 junk", "value x"},
	{"ping.response =\x00 junk", "value "},
	{"ping.response\x00 = x", "nothing"},
	{"ping.response = x\r", "value x"},
	{"ping.response = x\rping.response = y", "value y"},
	{"; c\rping.response = y", "value y"},

	// Sections.
	{"[pool]", "pool pool"},
	{"[pool] ; c", "pool pool"},
	{"[pool]\r", "pool pool"},
	{"[a b]", "pool a b"},
	{"[ a ]", "pool  a "},
	{`["a"b'c'${FOO}]`, "pool ?"},
	{"[[a]", "pool [a"},
	{"[a=b]", "pool a=b"},
	{"[E_ALL]", "pool E_ALL"},
	{`[a\]b]`, `pool a\]b`},
	{"\t[pool]", "pool pool"},
	{"[pool] ping.response", "null"},
	{" [pool]", "syntax error, unexpected END_OF_LINE, expecting '=' in Unknown on line 2"},
	{"[pool", "syntax error, unexpected end of file, expecting ']' in Unknown on line 1"},
	{"[po;ol]", "syntax error, unexpected end of file, expecting ']' in Unknown on line 1"},
	{"[po''ol]", "syntax error, unexpected end of file, expecting ']' in Unknown on line 1"},
	{`["pool]`, `syntax error, unexpected end of file, expecting TC_DOLLAR_CURLY or TC_QUOTED_STRING or '"' in Unknown on line 2`},
	{"[pool] = 1", "syntax error, unexpected '=' in Unknown on line 2"},

	// Array keys.
	{"php_value[a] = 1", "php_value[a] = 1"},
	{"php_value[a b] = 1", "php_value[a b] = 1"},
	{`php_value["a" 'b' c] = 1`, "php_value[ab c] = 1"},
	{"php_value[ a ] = 1", "php_value[a ] = 1"},
	{"php_value[true] = 1", "php_value[1] = 1"},
	{"php_value [a] = 1", "php_value[a] = 1"},
	{"php_value[a]", "syntax error, unexpected END_OF_LINE, expecting '=' in Unknown on line 2"},
	{"php_value[a = 1", "syntax error, unexpected end of file, expecting ']' in Unknown on line 1"},
	{"php_value[a]b = 1", "syntax error, unexpected TC_LABEL, expecting '=' in Unknown on line 1"},
	{"php_value[a][b] = 1", "syntax error, unexpected TC_SECTION, expecting '=' in Unknown on line 1"},
	{"nonsense[a] = 1", "unknown directive 'nonsense'"},

	// Unquoted values.
	{"ping.response = a  b\tc", "value a  b\tc"},
	{"ping.response = x;y", "value x"},
	{"ping.response = x ; y", "value x"},
	{"ping.response = x # y", "value x # y"},
	{"ping.response = {a}[b]:c,d/e*f%g@h<i>j?k+l-m", "value {a}[b]:c,d/e*f%g@h<i>j?k+l-m"},
	{"ping.response = 1.5.6", "value 1.5.6"},
	{"ping.response = YES", "value 1"},
	{"ping.response = off ; c", "value "},
	{"ping.response = null", "value "},
	{"ping.response = yes!", "syntax error, unexpected '!' in Unknown on line 1"},
	{"ping.response = yes # c", "syntax error, unexpected TC_STRING in Unknown on line 1"},
	{"ping.response = yes 5", "syntax error, unexpected TC_NUMBER in Unknown on line 1"},
	{"ping.response = a yes", "syntax error, unexpected BOOL_TRUE in Unknown on line 1"},
	{"ping.response = a=b", "syntax error, unexpected '=' in Unknown on line 1"},
	{"ping.response = ${FOO}", "value ?"},
	{"ping.response = ${NOPE:-x}", "value ?"},
	{"ping.response = a${FOO}b", "value ?"},
	{"ping.response = ${FOO", "syntax error, unexpected end of file, expecting '}' in Unknown on line 1"},
	{"ping.response = ${}", "syntax error, unexpected '}', expecting TC_VARNAME in Unknown on line 1"},
	{"ping.response = $FOO $x$", "value $FOO $x$\n"},
	{"ping.response = $;x", "value $;x"},
	{`ping.response = $\;x`, `value $\;x`},
	{`ping.response = $\$;x`, `value $\$;x`},
	{"ping.response = $${FOO}", "value $${FOO}"},
	{"ping.response = E_ALL", "value ?"},
	{"ping.response = E_ALL & ~E_NOTICE", "value ?"},
	{"ping.response = PHP_OS", "value ?"},

	// Quoted values.
	{`ping.response = "a b"`, "value a b"},
	{`ping.response = ""`, "value "},
	{`ping.response = "a;b=c#d!e"`, "value a;b=c#d!e"},
	{`ping.response = "yes"`, "value yes"},
	{`ping.response = "a\"b\\c\$d\'e\nf"`, `value a"b\c$d\'e\nf`},
	{`ping.response = "C:\x\"`, `value C:\x\`},
	{`ping.response = "C:\x\" `, `syntax error, unexpected end of file, expecting TC_DOLLAR_CURLY or TC_QUOTED_STRING or '"' in Unknown on line 2`},
	{`ping.response = "\${FOO}"`, "value ${FOO}"},
	{`ping.response = "a${FOO}"`, "value ?"},
	{`ping.response = 'a "b" ${c} \'`, `value a "b" ${c} \`},
	{`ping.response = /tmp/"a b"c'd;e'`, "value /tmp/a bcd;e"},
	{`ping.response = "a" "b"  'c'  d`, "value abc  d"},
	{`ping.response = "a`, `syntax error, unexpected end of file, expecting TC_DOLLAR_CURLY or TC_QUOTED_STRING or '"' in Unknown on line 2`},
	{"ping.response = 'a", "syntax error, unexpected end of file in Unknown on line 1"},
	{"ping.response = it's", "value it"},
	{`ping.response = "a"'b" ; c`, "value a"},
	{"ping.response = ''", "null"},
	{"ping.response = '' ; c", "null"},
	{"ping.response = a''", "null"},
	{"ping.response = '' = 5", "unknown entry '''"},
	{`ping.response = yes"a"`, `syntax error, unexpected '"' in Unknown on line 1`},

	// Operators.
	{"ping.response = 1&3|4", "value 5"},
	{"ping.response = 1|2^3&4", "value 0"},
	{"ping.response = ~1|2", "value -2"},
	{"ping.response = !0", "value 1"},
	{"ping.response = ~(1|2)", "value -4"},
	{"ping.response = ~/run/x", "value -1"},
	{"ping.response = a&b", "value 0"},
	{`ping.response = " 7x"|8`, "value 15"},
	{"ping.response = 99999999999|0", "value 1215752191"},
	{"ping.response = (a)", "value a"},
	{"ping.response = (a", "syntax error, unexpected END_OF_LINE, expecting '^' or '|' or '&' or ')' in Unknown on line 2"},
	{"ping.response = a)", "syntax error, unexpected ')' in Unknown on line 1"},
	{"ping.response = a (b)", "syntax error, unexpected '(' in Unknown on line 1"},
	{"ping.response = (a)b", "syntax error, unexpected TC_CONSTANT in Unknown on line 1"},
	{"ping.response = a|", "syntax error, unexpected END_OF_LINE in Unknown on line 2"},
	{"ping.response = |a", "syntax error, unexpected '|' in Unknown on line 1"},
	{"ping.response = a!", "syntax error, unexpected '!' in Unknown on line 1"},
	{"ping.response = " + strings.Repeat("(", 9993) + "1" + strings.Repeat(")", 9993), "value 1"},
	{"ping.response = " + strings.Repeat("(", 9994) + "1" + strings.Repeat(")", 9994), "memory exhausted in Unknown on line 1"},
}

func TestINILines(t *testing.T) {
	for _, c := range iniCases {
		if got := iniSees(c.line); got != c.sees {
			t.Errorf("%.80q: php-fpm sees %q, we see %q", c.line, c.sees, got)
		}
	}
}

// iniSees tells what php-fpm would do with a line, in the words of iniCases.
func iniSees(line string) string {
	ini := ParseINI(source.NewFile("pool.conf", line+"\n"))
	if len(ini.Errors) > 0 {
		return ini.Errors[0].Message
	}
	sees := "nothing"
	for _, e := range ini.Lines {
		value := e.Value
		if !e.Known {
			value = "?"
		}
		switch {
		case e.Null:
			return "null"
		case e.Kind == Section && e.Known:
			sees = "pool " + e.Name
		case e.Kind == Section:
			sees = "pool ?"
		case e.Kind == Item && e.Name != "php_value":
			return "unknown directive '" + e.Name + "'"
		case e.Kind == Item:
			sees = fmt.Sprintf("%s[%s] = %s", e.Name, e.Offset, value)
		case !strings.EqualFold(e.Name, "ping.response"):
			return "unknown entry '" + e.Name + "'"
		default:
			sees = "value " + value
		}
	}
	return sees
}

// TestINILinesOracle asks php-fpm about the same lines.
func TestINILinesOracle(t *testing.T) {
	bin := phpFPM(t)
	dir := t.TempDir()
	main := filepath.Join(dir, "php-fpm.conf")
	head := "[global]\nerror_log = " + dir + "/log\n[www]\nuser = 0\nlisten = 9000\npm = static\npm.max_children = 1\nping.path = /p\n"
	for _, c := range iniCases {
		if err := os.WriteFile(main, []byte(head+c.line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(bin, "-n", "-tt", "-y", main)
		cmd.Env = []string{"FOO=foo"}
		out, _ := cmd.CombinedOutput()
		if got := fpmSees(string(out)); got != c.sees && !strings.HasSuffix(c.sees, "?") {
			t.Errorf("%.80q: php-fpm sees %q, not %q", c.line, got, c.sees)
		} else if strings.HasSuffix(c.sees, "?") && !strings.HasPrefix(got, strings.TrimSuffix(c.sees, "?")) {
			t.Errorf("%.80q: php-fpm sees %q", c.line, got)
		}
	}
}

var (
	fpmStamp    = regexp.MustCompile(`(?m)^\[\d\d-\w+-\d{4} [\d:]+\] `)
	fpmSyntax   = regexp.MustCompile(`(?m)^PHP:  (.*)$`)
	fpmUnknown  = regexp.MustCompile(`(?m)unknown (?:entry|directive) '.*'$`)
	fpmPool     = regexp.MustCompile(`(?ms)^ALERT: \[pool (.*)\] user has not been defined`)
	fpmItem     = regexp.MustCompile(`(?m)^NOTICE: \tphp_value\[.*$`)
	fpmResponse = regexp.MustCompile(`(?ms)^NOTICE: \tping.response = (.*?)\nNOTICE: \taccess.log`)
)

// fpmSees puts php-fpm's output into the words of iniCases.
func fpmSees(out string) string {
	out = fpmStamp.ReplaceAllString(out, "")
	switch {
	case strings.Contains(out, "value is NULL for a ZEND_INI_PARSER_ENTRY"):
		return "null"
	case fpmSyntax.MatchString(out):
		return fpmSyntax.FindStringSubmatch(out)[1]
	case fpmUnknown.MatchString(out):
		return fpmUnknown.FindString(out)
	case fpmPool.MatchString(out):
		return "pool " + fpmPool.FindStringSubmatch(out)[1]
	case fpmItem.MatchString(out):
		return strings.TrimPrefix(fpmItem.FindString(out), "NOTICE: \t")
	case strings.Contains(out, "the ping response page '' is not long enough"):
		return "value "
	case fpmResponse.MatchString(out):
		if value := fpmResponse.FindStringSubmatch(out)[1]; value != "pong" {
			return "value " + value
		}
		return "nothing"
	}
	return out
}

// phpFPM is the real server; without it the test is skipped, or fails if it must run.
func phpFPM(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"php-fpm8.2", "/usr/sbin/php-fpm8.2"} {
		if bin, err := exec.LookPath(name); err == nil {
			return bin
		}
	}
	if os.Getenv("NGINX_LINT_PROOF") == "require" {
		t.Fatal("php-fpm8.2 is not installed")
	}
	t.Skip("php-fpm8.2 is not installed")
	return ""
}

func TestINISpans(t *testing.T) {
	text := "; head\n[www] ; pool\r\n  listen = \"/run/a b\".sock ; c\nphp_value[ x ] = 'y'  \nempty = ; c\nbare\nlast=it's "
	ini := ParseINI(source.NewFile("pool.conf", text))
	var got []string
	for _, e := range ini.Lines {
		got = append(got, e.NameSpan().Text()+"|"+e.ValueSpan().Text()+"|"+e.Span().Text())
	}
	want := []string{
		"www||[www]",
		`listen|"/run/a b".sock|listen = "/run/a b".sock`,
		"php_value[ x ]|'y'|php_value[ x ] = 'y'",
		"empty||empty =",
		"bare||bare",
		"last|it's|last=it's",
	}
	if !slices.Equal(got, want) {
		t.Errorf("spans\n%q, want\n%q", got, want)
	}
	var comments []string
	for _, c := range ini.Comments {
		comments = append(comments, c.Text())
	}
	if want := []string{"; head", "; pool", "; c", "; c"}; !slices.Equal(comments, want) {
		t.Errorf("comments %q, want %q", comments, want)
	}
}

// TestINIErrors pins where errors point, and what a refused line still tells.
func TestINIErrors(t *testing.T) {
	cases := []struct{ line, at, summary, entry string }{
		{`listen = "/run/x ; y`, `"`, "double quote is never closed", `listen="/run/x ; y`},
		{`listen = '/run/x`, `'`, "single quote is never closed", `listen='/run/x`},
		{`listen = ${X`, `${`, "variable is never closed", `listen=${X`},
		{`listen = "${X"`, `${`, "variable is never closed", `listen="${X"`},
		{`listen = ${}`, `${`, "variable has no name", `listen=${}`},
		{`[www`, `[`, "bracket is never closed", `[www]`},
		{`[w;w]`, `;`, "`;` cannot stand in brackets", `[w;w]`},
		{`[w'w]`, `'`, "single quote is never closed", `[w'w]`},
		{` [www]`, ` `, "blanks before a section head", `[www]`},
		{`env[a = 1`, `[`, "bracket is never closed", `env=`},
		{`env[a]`, `env[a]`, "`env[a]` has no value", `env[a]=`},
		{`env[a]b = 1`, `b `, "text between `]` and `=`", `env[a]=b = 1`},
		{`listen = a=b ; c`, `=`, "second `=` in a value", `listen=a`},
		{`= b`, `=`, "no key before `=`", ``},
		{`listen = a!b ; c`, `!`, "`!` cannot stand here in a value", `listen=a`},
		{`listen = (a ; c`, `(`, "bracket is never closed", `listen=(a`},
		{`listen = a | ; c`, `|`, "nothing stands behind `|`", `listen=a |`},
		{`clear_env = yes # c`, `#`, "`#` does not start a comment here", `clear_env=yes`},
		{`clear_env = yes or no`, `or`, "`or` cannot stand here in a value", `clear_env=yes`},
		{`yes = 1`, `yes`, "`yes` cannot be a key", ``},
		{"a = $\\\x00", "$", "a NUL byte ends the line", `a=$\` + "\x00"},
		{`a"b = 1`, `"`, "`\"` cannot stand in a key", ``},
	}
	for _, c := range cases {
		ini := ParseINI(source.NewFile("pool.conf", c.line))
		if len(ini.Errors) != 1 {
			t.Errorf("%q: %d errors", c.line, len(ini.Errors))
			continue
		}
		e := ini.Errors[0]
		if e.At.Text() != c.at || e.Summary != c.summary || !e.First || e.Line != 0 || e.GaveUp.Text() != strings.TrimRight(c.line, " ") {
			t.Errorf("%q: error at %q: %s (%+v)", c.line, e.At.Text(), e.Summary, e)
		}
		entry := ""
		for _, l := range ini.Lines {
			entry += l.NameSpan().Text() + "=" + l.ValueSpan().Text()
			if l.Kind == Section {
				entry = "[" + l.Name + "]"
			}
			if l.Known {
				t.Errorf("%q: %q is taken for certain", c.line, entry)
			}
		}
		if entry != c.entry {
			t.Errorf("%q: kept %q, want %q", c.line, entry, c.entry)
		}
		if fixed := c.line == " [www]"; fixed != (e.FixTitle != "") {
			t.Errorf("%q: fix %q", c.line, e.FixTitle)
		} else if fixed {
			line := c.line[:e.FixAt.Start] + e.FixText + c.line[e.FixAt.End:]
			if len(ParseINI(source.NewFile("pool.conf", line)).Errors) > 0 {
				t.Errorf("%q: the fix gives %q", c.line, line)
			}
		}
	}
}

func TestINIGoesOnAfterErrors(t *testing.T) {
	ini := ParseINI(source.NewFile("pool.conf", "[a]\nlisten = \"x\n; c\n[b\nlisten = y=z\nuser = u\n"))
	if len(ini.Errors) != 3 || !ini.Errors[0].First || ini.Errors[1].First || ini.Errors[2].First {
		t.Errorf("errors %+v", ini.Errors)
	}
	var got []string
	for _, e := range ini.Lines {
		got = append(got, fmt.Sprintf("%s %v", e.Name, e.Known))
	}
	if want := []string{"a true", "listen false", "b false", "listen false", "user true"}; !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
}

// PHP 8.3 takes fallbacks that 8.2 refuses; both leave the value unknown.
func TestINIFallback(t *testing.T) {
	for _, line := range []string{`a = ${X:-"b c"}`, `a = "${X:-'}'}/y"`, `a = ${X:-${Y:-"z"}}`, `a = ${X:-a=b}`} {
		ini := ParseINI(source.NewFile("pool.conf", line))
		if len(ini.Errors) > 0 || len(ini.Lines) != 1 || ini.Lines[0].Known {
			t.Errorf("%s: %+v", line, ini)
		}
	}
}

// TestINILongLines reads long lines of each kind: no stack may overflow, and what
// took quadratic time would take minutes.
func TestINILongLines(t *testing.T) {
	units := []string{
		"a=b;c\r", "a=''", "a[x]=1\r", "[a]", "a=x y ", "a=1|", "a=(", "a=~", "a=\"b\"c'd' ", "a=\"${x}", "${a:-", "${x:-'",
		"$\\", "\"\\", "'", " ", "\t ", "\r", "=", ";", "\x00", "é",
	}
	for _, unit := range units {
		for _, head := range []string{"", "a=", "a=\"", "["} {
			start := time.Now()
			ParseINI(source.NewFile("pool.conf", head+strings.Repeat(unit, 1<<18/len(unit))))
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%q and many %q: %v", head, unit, took)
			}
		}
	}
}

// FuzzINI checks that nothing panics, that spans lie in order inside the file, and
// that statements, comments and blanks make up every line that is not refused.
func FuzzINI(f *testing.F) {
	for _, c := range iniCases {
		if len(c.line) < 200 {
			f.Add(c.line)
		}
	}
	f.Add("\xef\xbb\xbf[a]\r\nlisten = x ; c\r\nb='\r\n[b")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.NewFile("pool.conf", text)
		ini := ParseINI(file)
		covered := make([]bool, len(text)+1)
		cover := func(s source.Span) {
			if s.File != file || s.Start < 0 || s.Start > s.End || s.End > len(text) {
				t.Fatalf("span %d-%d of %d", s.Start, s.End, len(text))
			}
			for i := s.Start; i < s.End; i++ {
				covered[i] = true
			}
		}
		end := 0
		for _, e := range ini.Lines {
			cover(e.Span())
			if e.Span().Start < end {
				t.Errorf("%q overlaps the statement before it", e.Span().Text())
			}
			end = e.Span().End
			for _, s := range []source.Span{e.NameSpan(), e.ValueSpan()} {
				cover(s)
				if s.Start < e.Span().Start || s.End > e.Span().End {
					t.Errorf("%q is not in %q", s.Text(), e.Span().Text())
				}
			}
		}
		end = 0
		for _, c := range ini.Comments {
			if c.Start < end || !strings.HasPrefix(c.Text(), ";") {
				t.Errorf("comment %q", c.Text())
			}
			cover(c)
			end = c.End
		}
		for _, e := range ini.Errors {
			cover(e.At)
			cover(e.GaveUp)
			if e.Summary == "" || e.Message == "" || e.At.Start < e.GaveUp.Start && e.At.Line() != e.GaveUp.Line() {
				t.Errorf("error %+v", e)
			}
		}
		for line := 1; line <= file.LineCount(); line++ {
			start := file.LineStart(line)
			rest := file.LineText(line)
			if strings.Contains(rest, "\x00") { // php-fpm does not read what stands behind it
				continue
			}
			if strings.HasPrefix(rest, "\xef\xbb\xbf") && len(rest) >= 3 {
				start, rest = start+3, rest[3:]
			}
			for i := range len(rest) {
				if !covered[start+i] && rest[i] != ' ' && rest[i] != '\t' && rest[i] != '\r' {
					t.Errorf("line %d: %q belongs to nothing", line, rest[i:])
					break
				}
			}
		}
	})
}

func BenchmarkParseINI(b *testing.B) {
	file := source.NewFile("pool.conf", strings.Repeat("[www]\n; a comment\nlisten = /run/php/php8.2-fpm.sock\nphp_value[a] = \"b\" c\n", 10_000))
	b.SetBytes(int64(len(file.Text)))
	for b.Loop() {
		ParseINI(file)
	}
}
