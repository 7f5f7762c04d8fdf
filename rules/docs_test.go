package rules_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer"
	"nginx-lint/rules"
	"nginx-lint/testdata"
)

var update = flag.Bool("update", false, "write the generated pages")

// TestPages compares docs/rules with what the rules' own text says.
func TestPages(t *testing.T) {
	t.Parallel()
	const dir = "../docs/rules"
	want := map[string]string{"README.md": index() + byLog(t)}
	for _, r := range rules.All() {
		want[r.ID+".md"] = page(t, r)
	}
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range want {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if diff := cmp.Diff(text, string(got)); err != nil || diff != "" {
			t.Errorf("%s/%s is stale, `make update` writes it: %v\n%s", dir, name, err, diff)
		}
	}
	have, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range have {
		if _, ok := want[f.Name()]; !ok {
			t.Errorf("%s/%s is the page of no rule", dir, f.Name())
		}
	}
}

// logLines are what logs say of a failure, as far as the lines of several causes
// are alike; nil stands for the line itself.
var logLines = []struct {
	line    string
	matches *regexp.Regexp
}{
	{"connect() failed (111: Connection refused)", nil},
	{"connect() to unix:… failed (2: No such file or directory)", regexp.MustCompile(`connect\(\) to unix:\S+ failed \(2: `)},
	{"connect() to unix:… failed (13: Permission denied)", regexp.MustCompile(`connect\(\) to unix:\S+ failed \(13: `)},
	{"connect() to unix:… failed (11: Resource temporarily unavailable)", regexp.MustCompile(`connect\(\) to unix:\S+ failed \(11: `)},
	{"recv() failed (104: Connection reset by peer)", nil},
	{"upstream prematurely closed connection", nil},
	{"upstream timed out (110: Connection timed out)", nil},
	{"no live upstreams while connecting to upstream", nil},
	{"upstream sent unsupported FastCGI protocol version", nil},
	{"upstream sent too large http2 frame", nil},
	{"SSL_do_handshake() failed", nil},
	{"while reading PROXY protocol", nil},
	{"Primary script unknown", nil},
	{"Unable to open primary script", nil},
	{"has been denied (see security.limit_extensions)", nil},
	{"client intended to send too large body", nil},
	{"no resolver defined to resolve", nil},
	{"invalid URL prefix in", nil},
	{"host not found in upstream", nil},
	{"rewrite or internal redirection cycle", nil},
	{"worker_connections are not enough", nil},
	{"(24: Too many open files)", nil},
	{"Address already in use", nil},
	{"Another FPM instance seems to already listen on", nil},
	{"execution timed out, terminating", nil},
	{"POST Content-Length of … bytes exceeds the limit", regexp.MustCompile(`POST Content-Length of \d+ bytes exceeds`)},
	{"WORKER TIMEOUT", nil},
	{"HARAKIRI ON WORKER", nil},
	{"invalid request block size", nil},
	{"AH01067: Failed to read FastCGI header", nil},
	{"AH01074: Failed writing Environment", nil},
	{"AH01075: Error dispatching request", nil},
	{"AH02454: FCGI: attempt to connect to Unix domain socket … failed", regexp.MustCompile(`AH02454: FCGI: attempt`)},
}

// byLog is a table of what logs say, with the rules whose pages speak of it.
func byLog(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n## By what the log says\n\nOf nginx, PHP-FPM, PHP, gunicorn, uWSGI or Apache. A cause that is no rule's is in no file, or not looked for.\n\n" +
		"| line | rules that speak of it |\n|---|---|\n")
	for _, l := range logLines {
		if l.matches == nil {
			l.matches = regexp.MustCompile(regexp.QuoteMeta(l.line))
		}
		var causes []string
		for _, r := range rules.All() {
			if l.matches.MatchString(r.Doc.Why) {
				causes = append(causes, fmt.Sprintf("[%s](%s.md)", r.ID, r.ID))
			}
		}
		if len(causes) == 0 {
			t.Errorf("no rule's page says %q", l.line)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", l.line, strings.Join(causes, ", "))
	}
	return b.String()
}

func index() string {
	var b strings.Builder
	b.WriteString("# Rules\n\nWhat the words mean is said in [how it decides](../how-it-decides.md); how levels are set, in [settings](../settings.md).\n\n" +
		"| rule | severity | fix | what it reports |\n|---|---|---|---|\n")
	for _, r := range rules.All() {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s |\n", r.ID, r.ID, severities(r), joined(r.Safeties), r.Doc.Summary)
	}
	return b.String()
}

// severities are those of a rule, with what has to be asked for.
func severities(r *analyzer.Rule) string {
	switch {
	case r.Off:
		return joined(r.Severities) + " (off by default)"
	case r.InfoOff:
		return joined(r.Severities) + " (info off by default)"
	}
	return joined(r.Severities)
}

func joined[T fmt.Stringer](list []T) string {
	if len(list) == 0 {
		return "–"
	}
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = x.String()
	}
	return strings.Join(words, ", ")
}

func page(t *testing.T, r *analyzer.Rule) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s.\n\nSeverity: %s. Fix: %s. Since %s.\n", r.ID, testdata.Capitalised(r.Doc.Summary), severities(r), joined(r.Safeties), r.Doc.Since)
	if r.Refused != "" {
		fmt.Fprintf(&b, "Refused by: `%s -t`.\n", r.Refused)
	}
	for _, program := range r.RefusedPartly {
		fmt.Fprintf(&b, "Some of it is refused by `%s -t`.\n", program)
	}
	for _, section := range []struct{ title, text string }{
		{"What is reported", r.Doc.What},
		{"What happens", r.Doc.Why},
		{"What to do", r.Doc.Remedy},
		{"How safe the fixes are", r.Doc.FixSafety},
		{"What is not seen", r.Doc.Gaps},
	} {
		if section.text != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", section.title, section.text)
		}
	}
	if len(r.Options) > 0 {
		fmt.Fprintf(&b, "\n## Options\n\nThey are set below `rules: {%s: …}` in the [settings](../settings.md).\n\n", r.ID)
		for _, o := range r.Options {
			fmt.Fprintf(&b, "- `%s`: %s (default %v, at least %v)\n", o.Name, o.Doc, o.Default, o.Min)
		}
	}
	for _, example := range []struct{ title, name string }{{"Reported", "bad"}, {"Fine", "good"}} {
		archive, ok := testdata.Example(r.ID, example.name)
		if !ok {
			t.Fatalf("%s has no %s.txtar", r.ID, example.name)
		}
		if len(archive.Comment) == 0 {
			t.Errorf("%s/%s.txtar does not say what it shows", r.ID, example.name)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", example.title, archive.Comment)
		for _, f := range archive.Files {
			fmt.Fprintf(&b, "\n`%s`\n\n```\n%s```\n", f.Name, f.Data)
		}
	}
	b.WriteString("\n## Proof\n\n" + proofs(t, r))
	if len(r.Doc.Refs) > 0 {
		b.WriteString("\n## References\n\n")
		for _, ref := range r.Doc.Refs {
			fmt.Fprintf(&b, "- <%s>\n", ref)
		}
	}
	return b.String()
}

// proofs says what the rule's proofs show, or why there are none.
func proofs(t *testing.T, r *analyzer.Rule) string {
	t.Helper()
	if r.NoProof != "" {
		return "None on running servers: " + r.NoProof + ".\n"
	}
	var b strings.Builder
	b.WriteString("The tests start the servers, send requests and read the logs:\n\n")
	for _, proof := range testdata.Proofs(r.ID) {
		if proof.Claim == "" {
			t.Errorf("%s/%s does not begin with what it shows", r.ID, proof.Name)
		}
		fmt.Fprintf(&b, "- [%[2]s](../../testdata/rules/%[1]s/%[2]s): %[3]s\n", r.ID, proof.Name, proof.Claim)
	}
	return b.String()
}
