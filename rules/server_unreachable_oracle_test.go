package rules_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/rules"
)

// TestServerUnreachableOracle asks nginx which of generated servers answer any
// request: those that are reported never do, and where no expression hides a
// server all others do.
func TestServerUnreachableOracle(t *testing.T) {
	t.Parallel()
	const worlds, each = 150, 6
	random := rand.New(rand.NewPCG(7, 3))
	var text strings.Builder
	expressions := map[int]bool{} // worlds that have one
	line, heads := 2, map[int][2]int{}
	for w := range worlds {
		for s := range each {
			names := serverNames(random)
			expressions[w] = expressions[w] || strings.Contains(names, "~")
			listen := fmt.Sprintf("listen unix:%d-%d.sock;", w, random.IntN(2))
			if random.IntN(3) == 0 {
				listen = fmt.Sprintf("listen unix:%d-0.sock; listen unix:%d-1.sock;", w, w)
			}
			fmt.Fprintf(&text, "server { %s %s return 200 %d-%d; }\n", listen, names, w, s)
			heads[line] = [2]int{w, s}
			line++
		}
	}
	conf := nginxtest.Conf(text.String())

	report, err := analyzer.Run(analyzer.Options{FS: source.Mem{"nginx.conf": conf}, Paths: []string{"."}, Rules: rules.All()})
	if err != nil {
		t.Fatal(err)
	}
	reported := map[[2]int]bool{}
	for _, f := range report.Findings {
		if f.Rule == "server-unreachable" {
			reported[heads[f.Subject.Span.Line()]] = true
		}
	}

	server := nginxtest.Start(t, conf)
	ask := func(socket, header string) string {
		_, body := server.Get(t, socket, "/", header)
		return body
	}
	answered, withoutHost := map[string]bool{}, map[string]bool{}
	for w := range worlds {
		for socket := range 2 {
			name := fmt.Sprintf("%d-%d.sock", w, socket)
			for _, host := range []string{"a.test", "x.a.test", "b.test", "x.b.test", "a.org", "b.org", "other"} {
				answered[ask(name, "Host: "+host+"\r\n")] = true
			}
			withoutHost[ask(name, "")] = true
		}
	}
	for _, ws := range heads {
		id := fmt.Sprintf("%d-%d", ws[0], ws[1])
		switch {
		case reported[ws] && answered[id]:
			t.Errorf("%s is reported, and answers", id)
		case !reported[ws] && !answered[id] && !withoutHost[id] && !expressions[ws[0]]:
			t.Errorf("%s is not reported, and never answers", id)
		}
	}
	t.Logf("%d of %d servers are reported", len(reported), worlds*each)
	if t.Failed() {
		t.Log(conf)
	}
}

// serverNames is a random server_name directive, or none.
func serverNames(random *rand.Rand) string {
	if random.IntN(6) == 0 {
		return ""
	}
	words := []string{"server_name"}
	for range random.IntN(2) + 1 {
		pool := []string{"a.test", "A.test", "*.a.test", ".a.test", "a.*", "b.test", ".b.test", "*.b.test", `""`}
		if random.IntN(10) == 0 {
			pool = []string{"~^a", `~b\.test$`}
		}
		words = append(words, pool[random.IntN(len(pool))])
	}
	return strings.Join(words, " ") + ";"
}
