package cli

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

const manPage = "../../../docs/nginx-lint.1"

// formatReaders are who reads each format.
var formatReaders = map[string]string{
	"text": "people, with an excerpt of each place", "json": "programs", "sarif": "GitHub's code scanning, editors",
	"github": "GitHub Actions: annotations beside the lines", "gitlab": "GitLab: Code Quality in merge requests",
	"checkstyle": "Jenkins and most others", "junit": "Jenkins and most others",
}

// environment is what the environment says to the program.
var environment = []word{
	{"CLICOLOR_FORCE", "Colour the text though it goes to no terminal, unless it is 0."},
	{"NGINX_LINT_DEBUG", "Where not empty, an internal error shows where in the program it arose."},
	{"NO_COLOR", "Where not empty, the text has no colour."},
	{"TERM", "On a terminal called dumb there is neither colour nor a line of progress."},
}

// A manWriter writes mdoc.
type manWriter struct{ strings.Builder }

// plain is a text in which nothing means anything to roff.
func (manWriter) plain(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

func (m *manWriter) line(macros string) { m.WriteString(macros + "\n") }

func (m *manWriter) text(text string) { m.line(m.plain(text)) }

func (m *manWriter) section(title string) { m.line(".Sh " + title) }

func (m *manWriter) tagged(width string, items func()) {
	m.line(".Bl -tag -width " + width)
	items()
	m.line(".El")
}

// man is the manual page, with the date at which its text last changed.
func man(date string) string {
	var m manWriter
	m.line(".Dd " + date)
	m.line(".Dt NGINX-LINT 1")
	m.line(".Os nginx-lint")
	m.section("NAME")
	m.line(".Nm nginx-lint")
	m.line(".Nd check nginx and PHP\\-FPM configuration together")

	m.section("SYNOPSIS")
	m.line(".Nm")
	m.line(".Op Ar flags")
	m.line(".Op Ar PATH ...")
	for _, c := range commands {
		m.line(".Nm")
		m.line(".Ic " + c.name)
		switch {
		case c.operand != "":
			m.line(".Ar " + c.operand)
		case c.words != nil:
			var words []string
			for _, w := range c.words {
				words = append(words, "Cm "+w.Name)
			}
			m.line(".Op " + strings.Join(words, " | "))
		}
	}

	m.section("DESCRIPTION")
	m.line(".Nm")
	m.text("reads nginx and PHP-FPM configuration together and says what will fail.")
	m.text("It checks the files and folders that are named, and what they include; without any, what the settings name, this folder")
	m.text("where it holds configuration, or else, outside of a repository, the system's own.")
	m.line("The path")
	m.line(".Sq \\-")
	m.text("is standard input, which may be what nginx -T prints.")
	m.line(".Pp")
	m.text("The first argument that is no flag may be a command; a file or folder of that name is given with ./ before it:")
	m.tagged("Ds", func() {
		for _, c := range commands {
			item := ".It Ic " + c.name
			if c.operand != "" {
				item += " Ar " + c.operand
			}
			m.line(item)
			m.text(c.about)
			for _, w := range c.words {
				m.line(".It Ic " + c.name + " Cm " + w.Name)
				m.text(w.About)
			}
		}
	})

	m.section("OPTIONS")
	m.tagged("Ds", func() {
		newOptions().flags.VisitAll(func(f *pflag.Flag) {
			name, about := pflag.UnquoteUsage(f)
			item := `.It Fl \-` + m.plain(f.Name)
			if f.Shorthand != "" {
				item = ".It Fl " + f.Shorthand + " , Fl \\-" + m.plain(f.Name)
			}
			switch {
			case f.NoOptDefVal == "":
				item += " Ns = Ns Ar " + name
			case name != "":
				item += " Ns Op Ns = Ns Ar " + name
			}
			m.line(item)
			if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
				about += " (default " + f.DefValue + ")"
			}
			m.text(about)
		})
	})

	m.section("FORMATS")
	m.tagged("checkstyle", func() {
		for _, f := range formats {
			m.line(".It Cm " + f)
			m.text(formatReaders[f])
		}
	})

	m.section("COMMENTS")
	m.text("In nginx's files,")
	m.line(".Bd -literal -offset indent")
	m.text("# nginx-lint:ignore RULE reason")
	m.line(".Ed")
	m.line(".Pp")
	m.text("silences a rule for the directive on its line, or on the next; ignore-file for the file.")
	m.text("In PHP-FPM's files the comment starts with a semicolon; in compose files, Dockerfiles, units and the like")
	m.text("it stands where these take comments.")

	m.section("ENVIRONMENT")
	m.tagged("NGINX_LINT_DEBUG", func() {
		for _, v := range environment {
			m.line(".It Ev " + v.Name)
			m.text(v.About)
		}
	})

	m.section("FILES")
	m.tagged("Ds", func() {
		m.line(".It Pa " + m.plain(settingsName))
		m.text("The settings, in this folder or above it, up to the top of the repository.")
		m.text("What may stand in it is the subject of docs/settings.md, and of the schema that nginx-lint config schema prints.")
	})

	m.section("EXIT STATUS")
	m.text("The first of these that holds is given:")
	m.tagged("Ds", func() {
		for _, e := range exitMeanings {
			m.line(".It " + strconv.Itoa(e.code))
			m.text(e.meaning)
		}
	})

	m.section("EXAMPLES")
	for i, e := range []word{
		{"What lies there, and the PHP-FPM beside it:", "nginx-lint /etc/nginx"},
		{"The fixes as a patch, and then the safe ones written:", "nginx-lint --diff /etc/nginx\nnginx-lint --fix /etc/nginx"},
		{"What an nginx has read, on whatever machine:", "nginx -T | nginx-lint -"},
		{"Only what is new from now on:", "nginx-lint --write-baseline .nginx-lint-baseline.json\nnginx-lint --baseline .nginx-lint-baseline.json"},
		{"A report for code scanning:", "nginx-lint --format sarif --output nginx-lint.sarif"},
	} {
		if i > 0 {
			m.line(".Pp")
		}
		m.text(e.Name)
		m.line(".Bd -literal -offset indent")
		for l := range strings.SplitSeq(e.About, "\n") {
			m.text(l)
		}
		m.line(".Ed")
	}
	m.section("SEE ALSO")
	m.line(".Xr nginx 8 ,")
	m.line(".Xr php\\-fpm 8")
	return m.String()
}

// TestGoldenMan holds the manual page to what the program is. Its date is that of
// the last change of its text.
func TestGoldenMan(t *testing.T) {
	t.Parallel()
	got, err := os.ReadFile(manPage)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	date := time.Now().UTC().Format("January 2, 2006")
	if m := regexp.MustCompile(`^\.Dd (\S+ \d+, \d+)\n`).FindSubmatch(got); m != nil {
		date = string(m[1])
	}
	want := man(date)
	if want == string(got) {
		return
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(manPage, []byte(man(time.Now().UTC().Format("January 2, 2006"))), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is stale, `make update` writes it:\n%s", manPage, cmp.Diff(want, string(got)))
}

// TestManIsComplete compares the page with what it is not made from.
func TestManIsComplete(t *testing.T) {
	t.Parallel()
	for _, f := range formats {
		if formatReaders[f] == "" {
			t.Errorf("who reads %s?", f)
		}
	}
	if len(formatReaders) != len(formats) {
		t.Error("a format that does not exist has readers")
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var used, told []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\.Getenv\("(\w+)"\)`).FindAllSubmatch(text, -1) {
			used = append(used, string(m[1]))
		}
	}
	for _, v := range environment {
		told = append(told, v.Name)
	}
	slices.Sort(used)
	if diff := cmp.Diff(slices.Compact(used), told); diff != "" {
		t.Errorf("-variables that the program reads +that the page tells of\n%s", diff)
	}
}

// TestManRenders reads the page with both programs that show such pages.
func TestManRenders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string // in what is shown
	}{
		{[]string{"mandoc", "-Tlint", "-Wwarning"}, ""},
		{[]string{"mandoc", "-Tutf8"}, "--write-baseline=FILE"},
		{[]string{"groff", "-mdoc", "-ww", "-Tutf8", "-P-cbou"}, "--write-baseline=FILE"},
	} {
		name := strings.Join(c.args, " ")
		if _, err := exec.LookPath(c.args[0]); err != nil {
			if os.Getenv("NGINX_LINT_PROOF") == "require" {
				t.Error(err)
			}
			t.Logf("%s: not installed; `make setup` does so", c.args[0])
			continue
		}
		var out, errs strings.Builder
		cmd := exec.Command(c.args[0], append(c.args[1:], manPage)...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		// mandoc shows bold by striking a letter twice.
		shown := regexp.MustCompile(`.\x08`).ReplaceAllString(out.String(), "")
		if c.want == "" {
			errs.WriteString(shown)
		}
		if err != nil || errs.Len() > 0 || !strings.Contains(shown, c.want) {
			t.Errorf("%s: %v: %s\n%s", name, err, &errs, shown)
		}
	}
}
