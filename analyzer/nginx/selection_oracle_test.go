package nginx

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx/nginxtest"
)

// TestSelectionAgrees asks nginx which server and location answer.
func TestSelectionAgrees(t *testing.T) {
	t.Parallel()
	const servers = 150
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	id := 0
	for i := range servers {
		fmt.Fprintf(&text, "server { listen unix:s.sock; server_name s%d.test;\n", i)
		writeLocations(&text, random, &id, "/", 0)
		text.WriteString("}\n")
	}
	for i, names := range []string{"exact.test", "*.test", "*.b.test", ".c.test", "d.*", "d.e.*", "~^f[0-9]+\\.test$", "~^f", "UPPER.test", ""} {
		name := ""
		if names != "" {
			name = "server_name " + names + ";"
		}
		fmt.Fprintf(&text, "server { listen unix:n.sock; %s return 200 n%d; }\n", name, i)
	}
	conf := nginxtest.Conf(text.String())
	running := nginxtest.Start(t, conf)
	get := func(socket, host, uri string) string {
		status, body := running.Get(t, socket, uri, "Host: "+host+"\r\n")
		if status != http.StatusOK {
			return fmt.Sprint("none ", status)
		}
		return body
	}

	c := load4test(t, false, map[string]string{"nginx.conf": conf})
	var numbered, named []*Block
	for b := range c.Blocks(catalog.Server) {
		if b.Own("listen")[0].Arg(0) == "unix:s.sock" {
			numbered = append(numbered, b)
		} else {
			named = append(named, b)
		}
	}
	compared := 0
	for i := range numbered {
		for range 8 {
			uri := "/" + letters(random, 3)
			host := fmt.Sprintf("s%d.test", i)
			want := get("s.sock", host, uri)
			server, certain := NewServerTable(numbered, numbered[0], NewWork(1<<20)).Select(host)
			location, sure := NewWork(1<<20).SelectLocation(server, uri)
			got := "none"
			if location != nil {
				got = location.Own("return")[0].Arg(1)
			}
			if !certain || !sure || !strings.HasPrefix(want, got) || got == "none" && !strings.HasPrefix(want, "none") {
				t.Errorf("%s%s: %s (certain %v %v), nginx says %s", host, uri, got, certain, sure, want)
			}
			compared++
		}
	}
	for _, host := range []string{"exact.test", "EXACT.test", "a.test", "x.b.test", "y.x.b.test", "b.test", "c.test", "x.c.test", "d.org", "d.e.org", "d", "f1.test", "f1.org", "fx.org", "upper.test", "other"} {
		want := get("n.sock", host, "/")
		server, certain := NewServerTable(named, named[0], NewWork(1<<20)).Select(host)
		if got := server.Own("return")[0].Arg(1); got != want || !certain {
			t.Errorf("%s: %s (certain %v), nginx says %s", host, got, certain, want)
		}
	}
	t.Logf("%d URIs compared", compared)
}

// writeLocations writes a few locations of each kind, nested ones among them.
func writeLocations(w io.Writer, random *rand.Rand, id *int, prefix string, depth int) {
	seen := map[string]bool{}
	for range random.IntN(4) + 1 {
		modifier := []string{"", "", "=", "^~", "~", "~*"}[random.IntN(6)]
		pattern := prefix + letters(random, 2)
		if modifier == "~" || modifier == "~*" {
			pattern = []string{"b", "^/a", "ab$", "/B", "c.*a"}[random.IntN(5)]
		}
		key := pattern + strings.TrimPrefix(modifier, "^~")
		if seen[key] {
			continue
		}
		seen[key] = true
		*id++
		fmt.Fprintf(w, "location %s %s { return 200 l%d-; ", modifier, pattern, *id)
		if depth < 2 && modifier != "=" {
			// A location whose prefix reaches further than its parent's is refused.
			inner := pattern
			if strings.HasPrefix(modifier, "~") {
				inner = prefix
			}
			if !strings.HasPrefix(modifier, "~") && random.IntN(2) == 0 {
				writeLocations(w, random, id, inner, depth+1)
			}
		}
		fmt.Fprintln(w, "}")
	}
}

func letters(random *rand.Rand, most int) string {
	b := make([]byte, random.IntN(most+1))
	for i := range b {
		b[i] = "abc"[random.IntN(3)]
	}
	return string(b)
}
