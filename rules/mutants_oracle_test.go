package rules_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"hash/fnv"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// An nginxMutant is a tree with one change, and where that is.
type nginxMutant struct {
	name  string // of the tree
	main  string // file
	what  string
	files source.Mem
	file  string
	lines []int
}

// word matches a token of nginx, or a comment, which is left alone.
var word = regexp.MustCompile(`#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{};]|[^\s{};]+`)

// mutate changes one token of one file, or moves one line.
func mutate(rng *rand.Rand, files source.Mem) (m nginxMutant, ok bool) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if filepath.Ext(name) == ".conf" && !strings.Contains(files[name], "[global]") && strings.ContainsAny(files[name], ";{") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return m, false
	}
	name := names[rng.IntN(len(names))]
	text := files[name]
	var tokens [][]int
	for _, at := range word.FindAllStringIndex(text, -1) {
		if text[at[0]] != '#' {
			tokens = append(tokens, at)
		}
	}
	if len(tokens) < 3 {
		return m, false
	}
	i := rng.IntN(len(tokens) - 1)
	from, to := tokens[i][0], tokens[i][1]
	token := text[from:to]
	next := text[tokens[i+1][0]:tokens[i+1][1]]
	m = nginxMutant{files: maps.Clone(files), file: name}
	m.lines = []int{1 + strings.Count(text[:from], "\n")}
	changed := text
	switch rng.IntN(8) {
	case 0:
		m.what = "delete " + token
		changed = text[:from] + text[to:]
	case 1:
		m.what = "double " + token
		changed = text[:to] + " " + token + text[to:]
	case 2:
		m.what = "swap " + token + " and " + next
		changed = text[:from] + next + text[to:tokens[i+1][0]] + token + text[tokens[i+1][1]:]
		m.lines = append(m.lines, 1+strings.Count(text[:tokens[i+1][0]], "\n"))
	case 3, 4:
		m.what = "misspell " + token
		changed = text[:from] + misspell(rng, token) + text[to:]
	case 5:
		if !strings.ContainsAny(token, "{};") {
			return m, false
		}
		m.what = "drop " + token
		changed = text[:from] + text[to:]
	case 6:
		other := tokens[rng.IntN(len(tokens))]
		m.what = "replace " + token + " by " + text[other[0]:other[1]]
		changed = text[:from] + text[other[0]:other[1]] + text[to:]
	case 7:
		lines := strings.SplitAfter(text, "\n")
		k := m.lines[0] - 1
		if !strings.HasSuffix(strings.TrimSpace(lines[k]), ";") {
			return m, false
		}
		moved := lines[k]
		m.what = "move " + strings.TrimSpace(moved)
		lines = slices.Delete(lines, k, k+1)
		k = rng.IntN(len(lines))
		changed = strings.Join(slices.Insert(lines, k, moved), "")
		m.lines = []int{k + 1}
	}
	if changed == text {
		return m, false
	}
	m.files[name] = changed
	return m, true
}

// wholeTrees are written for being changed: a site, and proxies of TCP, UDP and mail.
var wholeTrees = []string{"../testdata/mutants/site.txtar", "../testdata/mutants/streams.txtar"}

// A mutatedTree is one that nginx accepts, and how often it is changed. The changes
// are the same whatever other trees there are.
type mutatedTree struct {
	name  string
	files source.Mem
	main  string
	count int
}

func (tree mutatedTree) rng() *rand.Rand {
	h := fnv.New64()
	_, _ = h.Write([]byte(tree.name))
	return rand.New(rand.NewPCG(h.Sum64(), 7))
}

// mutatedTrees are the trees that are changed: the whole ones, and every case that
// nginx accepts; half of the changes are of the first.
func mutatedTrees(t *testing.T, oracle catalog.Version, count int) (trees []mutatedTree) {
	t.Helper()
	for _, name := range wholeTrees {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tree := certificate(t)
		for _, f := range archive.Files {
			tree[f.Name] = strings.ReplaceAll(string(f.Data), "load_module modules/", "load_module /usr/lib/nginx/modules/")
		}
		message, place := nginxtest.Test(t, write(t, tree, "nginx.conf"))
		switch {
		case message == "":
			trees = append(trees, mutatedTree{name, tree, "nginx.conf", count / 2 / len(wholeTrees)})
		case strings.HasPrefix(message, "dlopen()") && os.Getenv("NGINX_LINT_PROOF") != "require":
			t.Logf("%s is left out: %s", name, message)
		default:
			t.Fatalf("%s: nginx says %s in %s", name, message, place)
		}
	}
	whole := len(trees)
	for _, name := range caseFiles(t, "*") {
		c := parseCase(t, name)
		main, ok := judged(c, oracle)
		rule, _, _ := strings.Cut(caseName(name), "/")
		if ok && rule != "ignore-comment" && rule != "read-limit" && apart[caseName(name)] == "" && !slices.ContainsFunc(c.wants, func(w want) bool { return w.rule == "include-cycle" }) &&
			len(refusedByNginx(c.files, oracle)) == 0 {
			trees = append(trees, mutatedTree{name: name, files: c.files, main: main})
		}
	}
	for i := range trees[whole:] {
		trees[whole+i].count = 1 + count/2/len(trees[whole:])
	}
	return trees
}

// certificate is a certificate for a server of the tree, and its key.
func certificate(t *testing.T) source.Mem {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(crand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return source.Mem{
		"cert.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		"key.pem":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}
}

// TestMutants asks nginx -t about changed trees: it refuses those with a finding
// that says so, at the line that nginx names or nearer to the change. `make oracle`
// asks about all.
func TestMutants(t *testing.T) {
	oracle := nginxtest.Version(t)
	count, full := 400, os.Getenv("NGINX_LINT_ORACLE") == "full"
	if full {
		count = 7000
	}
	trees := mutatedTrees(t, oracle, count)
	tally := mutantTally{apart: map[string]*atomic.Int64{}}
	for kind := range nginxMutantsApart {
		tally.apart[kind] = &atomic.Int64{}
	}
	const parts = 8
	t.Run("mutants", func(t *testing.T) {
		for part := range parts {
			t.Run(strconv.Itoa(part), func(t *testing.T) {
				t.Parallel()
				for i := part; i < len(trees); i += parts {
					rng := trees[i].rng()
					for range trees[i].count {
						if m, ok := mutate(rng, trees[i].files); ok {
							m.name, m.main = trees[i].name, trees[i].main
							tally.ask(t, m, oracle)
						}
					}
				}
			})
		}
	})
	t.Logf("%d mutants, %d refused; %d about the machine", tally.asked.Load(), tally.refused.Load(), tally.ofMachine.Load())
	for kind, n := range tally.apart {
		t.Logf("apart %d: %s", n.Load(), kind)
		if full && n.Load() == 0 {
			t.Errorf("nothing differs in this way any longer: %s", kind)
		}
	}
	if tally.asked.Load() < int64(count/2) || tally.refused.Load() < int64(count/5) {
		t.Errorf("too few to say anything")
	}
}

// A mutantTally counts what nginx said of mutants.
type mutantTally struct {
	asked, refused, ofMachine atomic.Int64
	apart                     map[string]*atomic.Int64 // by kind of nginxMutantsApart
}

// ask compares what nginx says of a mutant with what the rules find.
func (tally *mutantTally) ask(t *testing.T, m nginxMutant, oracle catalog.Version) {
	t.Helper()
	conf := write(t, m.files, m.main)
	message, place := nginxtest.Test(t, conf)
	_ = os.RemoveAll(filepath.Dir(conf))
	if message != "" && machine.MatchString(message) || lacks(message, oracle) || outside.MatchString(m.files[m.file]) {
		tally.ofMachine.Add(1)
		return
	}
	tally.asked.Add(1)
	if message != "" {
		tally.refused.Add(1)
	}
	ours := refusedByNginx(m.files, oracle)
	why := m.judge(message, place, ours)
	if why == "" || message == "" && !m.read(t) {
		return
	}
	if kind := knownNginxMutant(m, message, ours); kind != "" {
		tally.apart[kind].Add(1)
		return
	}
	t.Errorf("%s, %s:%v: %s\n%s", m.name, m.file, m.lines, m.what, why)
	for _, f := range ours {
		t.Logf("%s %q", describe(f), f.Notes)
	}
}

// TestMutantsLinted changes trees in up to four places, as nobody has written the
// rules for: none of them may fall over it.
func TestMutantsLinted(t *testing.T) {
	t.Parallel()
	var trees []source.Mem
	for _, name := range append(caseFiles(t, "*"), wholeTrees...) {
		trees = append(trees, parseCase(t, name).files)
	}
	for part := range 2 {
		t.Run(strconv.Itoa(part), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(part), 8))
			for range 1000 {
				m := nginxMutant{files: trees[rng.IntN(len(trees))]}
				var done []string
				for len(done) < 1+rng.IntN(4) {
					next, ok := mutate(rng, m.files)
					if m = next; !ok {
						break
					}
					done = append(done, fmt.Sprintf("%s:%v: %s", m.file, m.lines, m.what))
				}
				if m.files != nil {
					lintSafely(t, m.files, done)
				}
			}
		})
	}
}

func lintSafely(t *testing.T, files source.Mem, done []string) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s\n%v", strings.Join(done, "\n"), r)
		}
	}()
	refusedByNginx(files, catalog.Version{})
}

// refusedByNginx are the findings of all rules that nginx is said to refuse. There
// are none where no file is read, as it looks like another program's or a template now.
func refusedByNginx(files source.Mem, oracle catalog.Version) (ours []diag.Finding) {
	report, err := analyzer.Run(analyzer.Options{Paths: []string{"."}, FS: files, Rules: rules.All(), NginxVersion: oracle})
	if err != nil {
		return nil
	}
	for _, f := range report.Findings {
		if f.RefusedBy == diag.Nginx {
			ours = append(ours, f)
		}
	}
	return ours
}

// judge says how the findings differ from what nginx says.
func (m nginxMutant) judge(message, place string, ours []diag.Finding) string {
	switch {
	case message == "" && len(ours) > 0:
		return "nginx accepts it"
	case message == "":
		return ""
	case len(ours) == 0:
		return fmt.Sprintf("nginx says %q at %s, and no finding says so", message, place)
	}
	file, number, _ := strings.Cut(place, ":")
	line, _ := strconv.Atoi(number)
	near := m.distance(file, line)
	for _, f := range ours {
		at := f.Subject.Span
		if at.File.Path == file && at.Line() == line || m.distance(at.File.Path, at.Line()) <= near {
			return ""
		}
	}
	return fmt.Sprintf("nginx says %q at %s, which is nearer", message, place)
}

// read reports whether nginx opens the changed file at all.
func (m nginxMutant) read(t *testing.T) bool {
	t.Helper()
	files := maps.Clone(m.files)
	files[m.file] = "}"
	conf := write(t, files, m.main)
	defer os.RemoveAll(filepath.Dir(conf))
	message, _ := nginxtest.Test(t, conf)
	return message != ""
}

// distance counts the lines from a place to the change; in another file it is far away.
func (m nginxMutant) distance(file string, line int) int {
	if file != m.file || line == 0 {
		return 1 << 20
	}
	least := 1 << 20
	for _, l := range m.lines {
		least = min(least, max(l-line, line-l))
	}
	return least
}

// nginxMutantsApart are the kinds of changes on which nginx and the linter differ, each with its reason.
var nginxMutantsApart = map[string]func(m nginxMutant, message string, ours []diag.Finding) bool{
	"a block that is never closed is told where it begins, not where nginx stumbles over it": func(_ nginxMutant, _ string, ours []diag.Finding) bool {
		return slices.ContainsFunc(ours, func(f diag.Finding) bool {
			return f.Rule == "syntax" && strings.Contains(f.Subject.Text+f.Summary, "never closed")
		})
	},
	"two braces in a row are a template's": func(m nginxMutant, _ string, _ []diag.Finding) bool {
		return strings.Contains(m.files[m.file], "{{")
	},
	"a variable where a directive's name belongs may be filled in by a program": func(_ nginxMutant, message string, _ []diag.Finding) bool {
		return regexp.MustCompile(`^unknown directive ".*\$`).MatchString(message)
	},
	"a file of the distribution that stands in for one that is not there is not judged": func(m nginxMutant, message string, _ []diag.Finding) bool {
		return strings.HasPrefix(m.what, "move include ") && strings.HasSuffix(message, "is not allowed here")
	},
	"nothing is left that looks like nginx's": func(m nginxMutant, _ string, _ []diag.Finding) bool {
		_, err := analyzer.Run(analyzer.Options{Paths: []string{"."}, FS: m.files})
		return err != nil
	},
	"properties of Unicode are not read in expressions": func(_ nginxMutant, message string, _ []diag.Finding) bool {
		return strings.Contains(message, `\P or \p`)
	},
}

func knownNginxMutant(m nginxMutant, message string, ours []diag.Finding) string {
	if message == "" {
		return "" // nothing excuses a finding on what nginx accepts
	}
	for kind, is := range nginxMutantsApart {
		if is(m, message, ours) {
			return kind
		}
	}
	return ""
}
