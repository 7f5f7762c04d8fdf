package rules_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// bufferTreesEnv sets how many configurations are compared with nginx.
const bufferTreesEnv = "NGINX_LINT_BUFFER_TREES"

// bufferRounds bounds how often fixes are applied: one mends one family in one
// block at most, and there are not more than that in a generated tree.
const bufferRounds = 64

// bufferFamilies are those that nginx compares the sizes of.
var bufferFamilies = []string{"fastcgi", "proxy", "uwsgi", "scgi"}

// TestBufferSizesOracle compares the rule with nginx on generated configurations:
// nginx refuses exactly those that are reported, with a message that is quoted,
// and it accepts each after the safe fixes.
func TestBufferSizesOracle(t *testing.T) {
	ask := nginxTest(t)
	count := 2000
	if s := os.Getenv(bufferTreesEnv); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("%s: %v", bufferTreesEnv, err)
		}
		count = n
	}
	var mu sync.Mutex
	refusals := map[string]int{}
	seeds := make(chan uint64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		dir := t.TempDir()
		workers.Go(func() {
			for seed := range seeds {
				message := checkBufferTree(t, seed, func(text string) string { return ask(dir, text) })
				mu.Lock()
				refusals[message]++
				mu.Unlock()
			}
		})
	}
	for seed := range uint64(count) {
		seeds <- seed
	}
	close(seeds)
	workers.Wait()
	for message, n := range refusals {
		t.Logf("%d times %q", n, message)
	}
	if want := 1 + 5*len(bufferFamilies); count >= 2000 && len(refusals) != want {
		t.Errorf("%d different answers, want %d: accepted, and five relations for each family", len(refusals), want)
	}
}

// checkBufferTree compares one configuration and returns nginx's complaint.
func checkBufferTree(t *testing.T, seed uint64, ask func(string) string) string {
	t.Helper()
	text := bufferTree(rand.New(rand.NewPCG(seed, 11)))
	emerg := ask(text)
	found := bufferFindings(t, text)
	quoted := false
	for _, f := range found {
		for _, note := range f.Notes {
			quoted = quoted || strings.Contains(note, "[emerg] "+emerg+" ")
		}
	}
	switch {
	case emerg == "" && len(found) > 0:
		t.Errorf("seed %d: nginx accepts, reported is %s\n%s", seed, describe(found[0]), text)
		return emerg
	case emerg != "" && !quoted:
		t.Errorf("seed %d: nginx says %s, and %d findings do not\n%s", seed, emerg, len(found), text)
		return emerg
	}
	mended := text
	for round := 0; len(found) > 0; round++ {
		if round == bufferRounds {
			t.Errorf("seed %d: still %s after %d rounds of\n%s", seed, describe(found[0]), round, text)
			return emerg
		}
		mended = applyEdits(mended, found[0].Fixes[0].Edits)
		found = bufferFindings(t, mended)
	}
	if again := ask(mended); again != "" {
		t.Errorf("seed %d: mended, nginx still says %s\n%s\nmended:\n%s", seed, again, text, mended)
	}
	return emerg
}

func bufferFindings(t *testing.T, text string) []diag.Finding {
	t.Helper()
	only := slices.DeleteFunc(rules.All(), func(r *analyzer.Rule) bool { return r.ID != "buffer-sizes" && r.ID != "syntax" })
	report, err := analyzer.Run(analyzer.Options{
		FS: source.Mem{"nginx.conf": text}, Paths: []string{"nginx.conf"}, Rules: only,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.Rule != "buffer-sizes" || len(f.Fixes) != 1 || f.Fixes[0].Safety != diag.Safe {
			t.Fatalf("unexpected %s\n%s", describe(f), text)
		}
	}
	return report.Findings
}

// nginxTest returns a function that tells what `nginx -t` has against a text; "" for nothing.
func nginxTest(t *testing.T) func(dir, text string) string {
	t.Helper()
	program := nginxtest.Program(t)
	emerg := regexp.MustCompile(`\[emerg\] (?:\d+#\d+: )?(.*) in [^\n]*nginx\.conf:\d+\n`)
	return func(dir, text string) string {
		conf := filepath.Join(dir, "nginx.conf")
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
		out, err := exec.Command(program, "-t", "-p", dir, "-e", "stderr", "-c", conf, "-g", "pid "+dir+"/nginx.pid;").CombinedOutput()
		m := emerg.FindSubmatch(out)
		switch {
		case m != nil:
			return string(m[1])
		case err != nil:
			t.Errorf("nginx -t: %v: %s", err, out)
		}
		return ""
	}
}

// bufferTree writes a random configuration: up to two servers, locations in
// locations, each with some of the five directives of the four families.
func bufferTree(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("events {}\nhttp {\n")
	families := slices.Clone(bufferFamilies)
	r.Shuffle(len(families), func(i, j int) { families[i], families[j] = families[j], families[i] })
	families = families[:1+r.IntN(2)]
	rare := 2 + r.IntN(6) // so that trees that nginx accepts are common, and full blocks too
	bufferDirectives(&b, r, families, rare, "    ")
	for range r.IntN(3) {
		b.WriteString("    server {\n")
		bufferDirectives(&b, r, families, rare, "        ")
		for i := range r.IntN(3) {
			fmt.Fprintf(&b, "        location /%d/ {\n", i)
			bufferDirectives(&b, r, families, rare, "            ")
			if r.IntN(3) == 0 {
				fmt.Fprintf(&b, "            location /%d/x/ {\n", i)
				bufferDirectives(&b, r, families, rare, "                ")
				b.WriteString("                if ($arg_a) { return 204; }\n            }\n")
			}
			b.WriteString("        }\n")
		}
		b.WriteString("    }\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func bufferDirectives(b *strings.Builder, r *rand.Rand, families []string, rare int, indent string) {
	sizes := []string{"0", "1k", "2k", "4k", "8k", "8192", "14336", "14337", "12K", "16k", "32k", "64k", "1m"}
	pick := func(from int) string { return sizes[from+r.IntN(len(sizes)-from)] }
	for _, family := range families {
		for _, directive := range []string{"buffer_size", "buffers", "busy_buffers_size", "temp_file_write_size", "max_temp_file_size"} {
			if r.IntN(rare) != 0 {
				continue
			}
			value := pick(0)
			if directive == "buffers" {
				value = strconv.Itoa(1+r.IntN(10)) + " " + pick(1)
			}
			fmt.Fprintf(b, "%s%s_%s %s;\n", indent, family, directive, value)
		}
	}
}
