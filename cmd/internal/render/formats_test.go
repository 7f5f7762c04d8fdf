package render_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/cmd/internal/render"
)

// docs are the rules of the reports that tests make.
var docs = []render.Rule{
	{ID: "buffer-sizes", Summary: "buffers that nginx refuses", Level: diag.Error, Help: "Eight buffers."},
	{ID: "rule", Summary: "a rule", Level: diag.Info, Help: "Look."},
	{ID: "target-no-listener", Summary: "nothing listens where nginx sends requests", Level: diag.Error, Help: "Name the **same** socket."},
	{ID: "timeout-nginx-gives-up-first", Summary: "nginx gives up before PHP may finish", Level: diag.Warning, Help: "Wait {longer}."},
}

func formatted(t *testing.T, format string, r *diag.Report, o render.Options) string {
	t.Helper()
	o.Version, o.Rules = "v1.2.3", docs
	var b bytes.Buffer
	if err := render.Formats[format](&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The extension of each format's golden files.
var extensions = map[string]string{
	"checkstyle": "checkstyle.xml", "github": "github", "gitlab": "gitlab.json", "json": "json", "junit": "junit.xml",
	"sarif": "sarif",
}

// failed is the report on the small stack, with a file that could not be read.
func failed(t *testing.T) *diag.Report {
	t.Helper()
	r := stack(t)
	r.Failures = []diag.Failure{{Path: "etc/nginx/secret.conf", Err: errors.New("cannot read: permission denied")}}
	return r
}

func TestFormatsGolden(t *testing.T) {
	t.Parallel()
	for format := range render.Formats {
		if format == "json" {
			continue // TestJSONGolden
		}
		all := render.Options{Severity: diag.Info, FailOn: diag.Warning}
		golden(t, "stack."+extensions[format], formatted(t, format, failed(t), all))
		golden(t, "lines."+extensions[format], formatted(t, format, lines(t), all))
		golden(t, "empty."+extensions[format], formatted(t, format, &diag.Report{}, all))
	}
}

// A finding below --severity is in no report.
func TestFormatsLeaveOut(t *testing.T) {
	t.Parallel()
	for format := range render.Formats {
		out := formatted(t, format, stack(t), render.Options{Severity: diag.Error})
		if strings.Contains(out, "timeout-nginx-gives-up-first") || !strings.Contains(out, "target-no-listener") {
			t.Errorf("%s holds a warning, or not the error:\n%s", format, out)
		}
	}
}

// TestXMLSchemas asks libxml2 about the golden files.
func TestXMLSchemas(t *testing.T) {
	t.Parallel()
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("NGINX_LINT_PROOF") == "require" {
			t.Fatal(err)
		}
		t.Skip("xmllint is not installed; `make setup` does so")
	}
	files := map[string]string{}
	for _, format := range []string{"checkstyle", "junit"} {
		found, err := filepath.Glob("testdata/*." + extensions[format])
		if err != nil || len(found) != 3 {
			t.Fatalf("%v: %v", found, err)
		}
		for _, f := range found {
			files[f] = format
		}
		hostile := filepath.Join(t.TempDir(), format+".xml")
		if err := os.WriteFile(hostile, []byte(formatted(t, format, hostileReport(everything(), everything()), render.Options{FailOn: diag.Info})), 0o600); err != nil {
			t.Fatal(err)
		}
		files[hostile] = format
	}
	for f, format := range files {
		if out, err := exec.Command(xmllint, "--noout", "--nonet", "--schema", "testdata/"+format+".xsd", f).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	// The schemas do refuse something.
	for _, format := range []string{"checkstyle", "junit"} {
		wrong := filepath.Join(t.TempDir(), "wrong.xml")
		text, err := os.ReadFile("testdata/stack." + extensions[format])
		if err != nil {
			t.Fatal(err)
		}
		for old, planted := range map[string]string{`"error"`: `"wrong"`, `line="`: `row="`, ` tests="`: ` test="`, `<failure `: `<fail `, `</failure>`: `</fail>`} {
			text = bytes.ReplaceAll(text, []byte(old), []byte(planted))
		}
		if err := os.WriteFile(wrong, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := exec.Command(xmllint, "--noout", "--nonet", "--schema", "testdata/"+format+".xsd", wrong).Run(); err == nil {
			t.Errorf("%s.xsd accepts what is none", format)
		}
	}
}

// everything holds each byte, and each kind of character that is not shown.
func everything() string {
	var every strings.Builder
	for c := range 256 {
		if c != '\n' {
			every.WriteByte(byte(c))
		}
	}
	for _, table := range []*unicode.RangeTable{unicode.Cf, unicode.Zs, unicode.Zl, unicode.Zp, unicode.Co} {
		for _, r := range table.R16 {
			every.WriteRune(rune(r.Lo))
		}
		for _, r := range table.R32 {
			every.WriteRune(rune(r.Lo))
		}
	}
	return every.String()
}

// hostileReport has a finding and a failure in which all that can come from outside is hostile.
func hostileReport(name, content string) *diag.Report {
	f := source.NewFile(name, content)
	span := source.Span{File: f, Start: len(content) / 3, End: len(content) / 2}
	r := &diag.Report{
		Files: []*source.File{f},
		Findings: []diag.Finding{{
			Rule: content, Severity: diag.Error, Summary: content, Subject: diag.Label{Span: span, Text: content},
			Context: span, Related: []diag.Label{{Span: span, Text: content}, {Text: content}}, Notes: []string{content}, Remedy: content,
			Fixes:        []diag.Fix{{Title: content, Safety: diag.Unsafe, Risk: content, Edits: []diag.Edit{{Span: span, NewText: content}}}},
			IncludeChain: []source.Span{span}, Places: 2,
		}, {Rule: "placeless", Severity: diag.Info, Summary: content, Subject: diag.Label{Text: content}}},
		Unresolved: []diag.Unresolved{{Span: span, Reason: diag.Variable, What: content}},
		Notes:      []diag.ReadNote{{Path: content, Why: content}},
		Accounts:   []diag.Target{{Span: span, What: content, Address: content, Leads: content, Places: 2}},
		Failures:   []diag.Failure{{Path: name, Err: errors.New(content)}},
	}
	fingerprint(r)
	return r
}

// obeyed are the lines that machines of continuous integration obey: a command of
// GitHub's runners at the start, or one of theirs or Azure's anywhere.
var obeyed = regexp.MustCompile(`(?m)^\s*::|##[A-Za-z]*\[`)

// FuzzFormats gives every format any file name and any content: what comes out is
// a valid document that holds nothing a terminal or a machine obeys.
func FuzzFormats(f *testing.F) {
	f.Add("nginx.conf", "listen 80;")
	f.Add("", "")
	f.Add("::set-output name=x::y", "\n::error file=a,line=1::x\n")
	f.Add("a\r\n::stop-commands::x", "##vso[task.setvariable variable=PATH]x ###[add-mask]y ##teamcity[x]")
	f.Add("100%0A::warning::,:.conf", "%0A%25 <a b='c' d=\"e\">&amp;]]></a><![CDATA[")
	f.Add("ev\x1b[2Jil\u202e.conf", "section_start:1:x\r\x1b[0K\ufffe\uffff\x00\u0085\u2028")
	f.Add("../a b/[x](1)#?.conf", "[click](https://example.org) {0} {} \\ \xed\xa0\x80 \xff")
	f.Add("//host/c:\\d", everything())
	f.Add("\u00e9\U0001f600", "\U0001f600\r\n\U0001f600 \t\v\f")
	f.Fuzz(func(t *testing.T, name, content string) {
		r := hostileReport(name, content)
		outputs := map[string]string{"text": text(t, r, render.TextOptions{})}
		for format := range render.Formats {
			outputs[format] = formatted(t, format, r, render.Options{FailOn: diag.Error})
		}
		for format, out := range outputs {
			for i, c := range out {
				if c != '\n' && !unicode.IsPrint(c) {
					t.Errorf("%s has %U at %d", format, c, i)
				}
			}
			if hit := obeyed.FindString(out); hit != "" && (format != "github" || strings.Contains(hit, "#")) {
				t.Errorf("%s has the command %q:\n%s", format, hit, out)
			}
		}
		valid := map[string]func(*testing.T, string, *diag.Report){
			"checkstyle": validXML[checkstyle], "github": validGitHub, "gitlab": validGitLab, "junit": validXML[junit], "sarif": validSARIF,
		}
		for format, check := range valid {
			check(t, outputs[format], r)
		}
		var decoded any
		if err := json.Unmarshal([]byte(outputs["json"]), &decoded); err != nil {
			t.Error(err)
		}
	})
}

// What a reader of the XML formats looks for.
type (
	checkstyle struct {
		Files []struct {
			Name   string `xml:"name,attr"`
			Errors []struct {
				Message string `xml:"message,attr"`
			} `xml:"error"`
		} `xml:"file"`
	}
	junit struct {
		Tests  int `xml:"tests,attr"`
		Suites []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Failure *struct {
					Text string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
)

func (c checkstyle) read() (names, texts []string) {
	for _, f := range c.Files {
		names = append(names, f.Name)
		for _, e := range f.Errors {
			texts = append(texts, e.Message)
		}
	}
	return names, texts
}

func (j junit) read() (names, texts []string) {
	for _, s := range j.Suites {
		names = append(names, s.Name)
		for _, c := range s.Cases {
			if c.Failure != nil {
				texts = append(texts, c.Failure.Text)
			}
		}
	}
	return names, texts
}

// validXML checks that the document is one, and that names and texts come back.
func validXML[T interface {
	read() (names, texts []string)
}](t *testing.T, out string, r *diag.Report) {
	t.Helper()
	var doc T
	d := xml.NewDecoder(strings.NewReader(out))
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	if rest := strings.TrimSpace(out[d.InputOffset():]); rest != "" {
		t.Errorf("more after the document: %q", rest)
	}
	names, texts := doc.read()
	if name := render.Clean(r.Files[0].Path); !slices.Contains(names, name) {
		t.Errorf("no file %q in %q", name, names)
	}
	if summary := render.Clean(r.Findings[0].Summary); !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, summary) }) {
		t.Errorf("no %q in %q", summary, texts)
	}
}

// githubLine is a command as GitHub's runners split it.
var githubLine = regexp.MustCompile(`^::(error|warning|notice) ((?:[a-zA-Z]+=[^:,]*)(?:,[a-zA-Z]+=[^:,]*)*)::(.*)$`)

func validGitHub(t *testing.T, out string, r *diag.Report) {
	t.Helper()
	all := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if want := len(r.Findings) + len(r.Failures); len(all) != want {
		t.Fatalf("%d commands, want %d:\n%s", len(all), want, out)
	}
	m := githubLine.FindStringSubmatch(all[0])
	if m == nil {
		t.Fatalf("no command: %q", all[0])
	}
	unescape := strings.NewReplacer("%25", "%", "%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",")
	file, _, _ := strings.Cut(strings.TrimPrefix(m[2], "file="), ",")
	if diff := cmp.Diff(render.Clean(r.Files[0].Path), unescape.Replace(file)); diff != "" {
		t.Error(diff)
	}
	if text := strings.NewReplacer("%25", "%", "%0D", "\r", "%0A", "\n").Replace(m[3]); !strings.HasPrefix(text, render.Clean(r.Findings[0].Summary)) {
		t.Errorf("%q does not begin with the summary", text)
	}
}

// validGitLab checks the fields that GitLab documents, and that there are no others.
func validGitLab(t *testing.T, out string, r *diag.Report) {
	t.Helper()
	var issues []struct {
		Description string `json:"description"`
		CheckName   string `json:"check_name"`
		Fingerprint string `json:"fingerprint"`
		Severity    string `json:"severity"`
		Location    struct {
			Path  string `json:"path"`
			Lines struct {
				Begin int `json:"begin"`
			} `json:"lines"`
		} `json:"location"`
	}
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	if err := d.Decode(&issues); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	if len(issues) != len(r.Findings) {
		t.Fatalf("%d issues, want %d", len(issues), len(r.Findings))
	}
	seen := map[string]bool{}
	for _, issue := range issues {
		if seen[issue.Fingerprint] || len(issue.Fingerprint) != 16 {
			t.Errorf("fingerprint %q", issue.Fingerprint)
		}
		seen[issue.Fingerprint] = true
		if !slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, issue.Severity) {
			t.Errorf("severity %q", issue.Severity)
		}
		if issue.Location.Lines.Begin < 1 {
			t.Errorf("line %d", issue.Location.Lines.Begin)
		}
	}
	if got, want := issues[0].Location.Path, render.Clean(r.Files[0].Path); got != want {
		t.Errorf("path %q, want %q", got, want)
	}
}
