package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

const dataDir = "../testdata/rules"

// A want is one expected finding, written at the end of the line that it is about:
//
//	fastcgi_pass unix:/x; # want error target-no-listener "no pool listens" at "unix:/x" fix unsafe,manual
//
// The text is a regular expression; the place and the safeties of the fixes are
// compared where they are given.
//
// or, where a comment there would change the case, in the section "want":
//
//	conf/nginx.conf:3 error syntax "never closed" at "\""
type want struct {
	file               string
	line               int
	severity, rule, at string
	fixes              string
	text               *regexp.Regexp
}

var wantPattern = regexp.MustCompile(`want (error|warning|info) ([a-z0-9-]+) ("(?:[^"\\]|\\.)*")(?: at ("(?:[^"\\]|\\.)*"))?(?: fix ([a-z,]+))?`)

// A ruleCase is one configuration tree; a file `-> TARGET` in it is a symbolic link.
// A ruleCase is one configuration tree with what is to be found in it.
type ruleCase struct {
	opts  analyzer.Options
	files source.Mem
	wants []want
	// only are the ids of the rules to run; with none all run that are not off.
	only []string
}

// parseCase reads a txtar file. Lines `option: value` in its comment set options;
// the rest of the comment says why the case exists.
func parseCase(t *testing.T, name string) ruleCase {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c := ruleCase{files: source.Mem{}, opts: analyzer.Options{Paths: []string{"."}}}
	for line := range strings.Lines(string(archive.Comment)) {
		option, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch option {
		case "nginx-user":
			c.opts.NginxUser = value
		case "nginx-version":
			if c.opts.NginxVersion, err = catalog.ParseVersion(value); err != nil {
				t.Fatal(err)
			}
		case "context":
			c.opts.Context = value
		case "paths":
			c.opts.Paths = strings.Fields(value)
		case "root":
			c.opts.Root = value
		case "path-map":
			from, to, _ := strings.Cut(value, "=")
			c.opts.PathMap = append(c.opts.PathMap, analyzer.Mapping{From: from, To: to})
		case "only":
			c.only = strings.Fields(value)
		}
	}
	for _, f := range archive.Files {
		text := string(f.Data)
		if f.Name == "want" {
			for line := range strings.Lines(text) {
				place, _, _ := strings.Cut(line, " ")
				file, number, _ := strings.Cut(place, ":")
				n, err := strconv.Atoi(number)
				if err != nil {
					t.Fatalf("%s: want line %q", name, line)
				}
				c.wants = append(c.wants, parseWants(t, file, n, "want "+strings.TrimPrefix(line, place+" "))...)
			}
			continue
		}
		if strings.HasPrefix(f.Name, "fixed/") {
			continue // what --fix makes of it
		}
		if raw, err := strconv.Unquote(strings.TrimSpace(text)); err == nil {
			text = raw // a file with bytes that txtar cannot hold is written as one Go string
		}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			c.files[f.Name] = source.Link(strings.TrimSpace(target))
			continue
		}
		c.files[f.Name] = text
		number := 0
		for line := range strings.Lines(text) {
			number++
			c.wants = append(c.wants, parseWants(t, f.Name, number, line)...)
		}
	}
	c.opts.FS = c.files
	return c
}

func parseWants(t *testing.T, file string, line int, text string) []want {
	t.Helper()
	var wants []want
	for _, m := range wantPattern.FindAllStringSubmatch(text, -1) {
		w := want{file: file, line: line, severity: m[1], rule: m[2], fixes: m[5]}
		for i, s := range m[3:5] {
			if s == "" {
				continue
			}
			plain, err := strconv.Unquote(s)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				w.text = regexp.MustCompile(plain)
			} else {
				w.at = plain
			}
		}
		wants = append(wants, w)
	}
	if strings.Contains(text, "want ") && len(wants) == 0 {
		t.Fatalf("%s:%d: this want is not understood: %s", file, line, text)
	}
	return wants
}

// rules are the rules that the case runs, and the ids of all there are.
func (c ruleCase) rules() (selected []*analyzer.Rule, known []string) {
	for _, r := range rules.All() {
		known = append(known, r.ID)
		if len(c.only) == 0 && !r.Off || slices.Contains(c.only, r.ID) {
			selected = append(selected, r)
		}
	}
	return selected, known
}

func (c ruleCase) run(t *testing.T) *diag.Report {
	t.Helper()
	c.opts.Rules, c.opts.Known = c.rules()
	c.opts.Asked = c.only
	report, err := analyzer.Run(c.opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func describe(f diag.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d %s %s %q at %q", f.Subject.Span.File.Path, f.Subject.Span.Line(), f.Severity, f.Rule, f.Summary+": "+f.Subject.Text, f.Subject.Span.Text())
	for _, fix := range f.Fixes {
		fmt.Fprintf(&b, "\n\t\tfix (%s): %s", fix.Safety, fix.Title)
	}
	return b.String()
}

// TestCases runs every case: each finding is wanted, each want is found.
func TestCases(t *testing.T) {
	t.Parallel()
	for _, name := range caseFiles(t, "*") {
		t.Run(caseName(name), func(t *testing.T) {
			t.Parallel()
			c := parseCase(t, name)
			report := c.run(t)
			wants := slices.Clone(c.wants)
			for _, f := range report.Findings {
				i := slices.IndexFunc(wants, func(w want) bool { return w.matches(f) })
				if i < 0 {
					t.Errorf("not wanted: %s", describe(f))
					continue
				}
				wants = slices.Delete(wants, i, i+1)
			}
			for _, w := range wants {
				t.Errorf("not found: %s:%d %s %s %s at %q", w.file, w.line, w.severity, w.rule, w.text, w.at)
			}
		})
	}
}

func (w want) matches(f diag.Finding) bool {
	span := f.Subject.Span
	return w.file == span.File.Path && w.line == span.Line() && w.severity == f.Severity.String() && w.rule == f.Rule &&
		w.text.MatchString(f.Summary+": "+f.Subject.Text) && (w.at == "" || w.at == span.Text()) &&
		(w.fixes == "" || w.fixes == safeties(f))
}

func safeties(f diag.Finding) string {
	names := make([]string, 0, len(f.Fixes))
	for _, fix := range f.Fixes {
		names = append(names, fix.Safety.String())
	}
	return strings.Join(names, ",")
}

// caseName is what the test of a case is called: rule/situation.
func caseName(file string) string {
	return strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), dataDir+"/"), ".txtar")
}

// caseFiles are the cases of a rule: every txtar file of its folder that is no proof.
func caseFiles(t *testing.T, rule string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dataDir, rule, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(name string) bool { return strings.HasPrefix(filepath.Base(name), "proof") })
}

// TestRules holds what every rule has to have.
func TestRules(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	all := rules.All()
	for i, r := range all {
		t.Run(r.ID, func(t *testing.T) {
			if !id.MatchString(r.ID) {
				t.Errorf("id %q is not in kebab-case", r.ID)
			}
			if i > 0 && all[i-1].ID >= r.ID {
				t.Errorf("not sorted, or not unique, after %q", all[i-1].ID)
			}
			if file := strings.ReplaceAll(r.ID, "-", "_") + ".go"; !exists(file) {
				t.Errorf("no file %s", file)
			}
			checkDoc(t, r)
			hooks := 0
			for _, set := range []bool{r.OnHop != nil, r.OnBlock != nil, r.OnDirective != nil, r.OnConfig != nil, r.OnPool != nil, r.OnScope != nil, r.Driver} {
				if set {
					hooks++
				}
			}
			if hooks != 1 || (r.OnBlock != nil) != (r.In != 0) {
				t.Errorf("runs on %d kinds of things, want exactly one, and In where these are blocks", hooks)
			}
			for _, other := range r.YieldsTo {
				if !slices.ContainsFunc(all, func(r *analyzer.Rule) bool { return r.ID == other }) {
					t.Errorf("yields to %q, which is no rule", other)
				}
			}
			checkCases(t, r)
		})
	}
	folders, err := os.ReadDir(dataDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !slices.ContainsFunc(all, func(r *analyzer.Rule) bool { return r.ID == f.Name() }) {
			t.Errorf("%s/%s belongs to no rule", dataDir, f.Name())
		}
	}
}

func checkDoc(t *testing.T, r *analyzer.Rule) {
	t.Helper()
	for field, text := range map[string]string{"Summary": r.Doc.Summary, "What": r.Doc.What, "Why": r.Doc.Why, "Gaps": r.Doc.Gaps, "Remedy": r.Doc.Remedy, "Since": r.Doc.Since} {
		if text == "" {
			t.Errorf("Doc.%s is empty", field)
		}
	}
	if strings.HasSuffix(r.Doc.Summary, ".") || strings.Contains(r.Doc.Summary, "\n") {
		t.Errorf("Doc.Summary is no single line without a full stop: %q", r.Doc.Summary)
	}
	if (len(r.Safeties) > 0) != (r.Doc.FixSafety != "") {
		t.Errorf("fixes of safety %v, but Doc.FixSafety is %q", r.Safeties, r.Doc.FixSafety)
	}
	if len(r.Severities) == 0 {
		t.Error("no severities")
	}
}

// checkCases compares what a rule declares with what its cases show.
func checkCases(t *testing.T, r *analyzer.Rule) {
	t.Helper()
	proofs, err := filepath.Glob(filepath.Join(dataDir, r.ID, "proof*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if (len(proofs) > 0) == (r.NoProof != "") {
		t.Errorf("%d proofs, and NoProof %q: want one of the two", len(proofs), r.NoProof)
	}
	severities, safeties, refused := map[diag.Severity]bool{}, map[diag.Safety]bool{}, map[diag.Program]bool{}
	nearMisses, bad := 0, 0
	for _, name := range caseFiles(t, r.ID) {
		report := parseCase(t, name).run(t)
		own := 0
		for _, f := range report.Findings {
			if f.Rule != r.ID {
				continue
			}
			own++
			severities[f.Severity] = true
			refused[f.RefusedBy] = true
			checkFinding(t, f)
			for _, fix := range f.Fixes {
				safeties[fix.Safety] = true
			}
		}
		if own == 0 {
			nearMisses++
		} else {
			bad++
		}
	}
	if bad == 0 || nearMisses < 2 {
		t.Errorf("%d cases with a finding and %d without: want at least 1 and 2", bad, nearMisses)
	}
	for _, name := range []string{"bad", "good"} {
		if !exists(filepath.Join(dataDir, r.ID, name+".txtar")) {
			t.Errorf("no %s.txtar, the example that explain shows", name)
		}
	}
	compareSets(t, "severities", r.Severities, severities)
	compareSets(t, "safeties", r.Safeties, safeties)
	if r.Refused != "" && (len(refused) != 1 || !refused[r.Refused]) {
		t.Errorf("declared refused by %s, and findings are refused by %v", r.Refused, refused)
	}
	if r.Refused == "" {
		delete(refused, "")
		compareSets(t, "programs", r.RefusedPartly, refused)
	}
}

func checkFinding(t *testing.T, f diag.Finding) {
	t.Helper()
	if f.Summary == "" || f.Summary[0] >= 'A' && f.Summary[0] <= 'Z' && !strings.HasPrefix(f.Summary, "PHP") || strings.HasSuffix(f.Summary, ".") {
		t.Errorf("summary %q: want lower case and no full stop", f.Summary)
	}
	if f.Subject.Text == "" {
		t.Errorf("%s: the subject has no text", f.Rule)
	}
	for _, fix := range f.Fixes {
		if fix.Title == "" || fix.Safety != diag.Manual && len(fix.Edits) == 0 || (fix.Safety == diag.Unsafe) != (fix.Risk != "") {
			t.Errorf("fix %+v: want a title, edits unless manual, and a risk where it is unsafe", fix)
		}
	}
}

func compareSets[T comparable](t *testing.T, what string, declared []T, observed map[T]bool) {
	t.Helper()
	for _, x := range declared {
		if !observed[x] {
			t.Errorf("declared %s has %v, which no case shows", what, x)
		}
	}
	for x := range observed {
		if !slices.Contains(declared, x) {
			t.Errorf("a case shows %v, which is not among the declared %s", x, what)
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
