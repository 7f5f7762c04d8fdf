package nginx

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"strings"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx/nginxtest"
)

// TestRoutingAgrees asks nginx what answers requests to servers with rewrites,
// try_files, index files, error pages and named locations.
func TestRoutingAgrees(t *testing.T) {
	t.Parallel()
	const servers = 1000
	random := rand.New(rand.NewPCG(3, 4))
	var text strings.Builder
	text.WriteString("root www;\nserver { listen unix:backend.sock; return 200 PASSED; }\n")
	w := configWriter{w: &text, random: random}
	for i := range servers {
		fmt.Fprintf(&text, "server { listen unix:s.sock; server_name s%d.test; add_header X-Id server always;\n", i)
		w.server()
		text.WriteString("}\n")
	}
	conf := nginxtest.Conf(text.String())
	n := nginxtest.Start(t, conf)
	for _, name := range []string{"/a", "/b", "/d/a", "/d/index.html", "/d/x/c", "/e/page"} {
		n.Write(t, "www"+name, "FILE "+name)
	}
	onDisk := func(at *Block, name string) Presence {
		info, err := os.Stat(n.Path(path.Join(at.Value("root").Arg(0), name)))
		switch {
		case err != nil:
			return Nothing
		case info.IsDir():
			return Folder
		}
		return File
	}

	c := load4test(t, false, map[string]string{"nginx.conf": conf})
	var blocks []*Block
	for b := range c.Blocks(catalog.Server) {
		if b.Own("listen")[0].Arg(0) == "unix:s.sock" {
			blocks = append(blocks, b)
		}
	}
	handlers := map[Handler]int{}
	compared, uncertain := 0, 0
	for i, server := range blocks {
		for range 6 {
			uri := somePath(random)
			route, certain := NewWork(1<<20).Serve(server, uri, onDisk)
			if !certain {
				uncertain++
				continue
			}
			compared++
			handlers[route.Handler]++
			want := answerOf(t, n, fmt.Sprintf("s%d.test", i), uri)
			if got := describeRoute(route); got != want {
				t.Errorf("s%d.test%s: %s, nginx says %s\n%s", i, uri, got, want, server.Place.Tree.Span(server.ID).Text())
			}
		}
	}
	t.Logf("%d compared, %d uncertain; static, passed, status, module: %v", compared, uncertain, handlers)
	if uncertain > compared/4 {
		t.Error("too much is uncertain")
	}
	for h := Static; h <= Module; h++ {
		if handlers[h] < compared/100 {
			t.Errorf("handler %d in %d cases only", h, handlers[h])
		}
	}
}

func describeRoute(r Route) string {
	id := r.Location.Own("add_header")[0].Arg(1)
	switch r.Handler {
	case Static:
		return id + " FILE " + path.Clean(strings.TrimPrefix(r.Location.Value("root").Arg(0), "www")+r.URI)
	case Passed:
		return id + " PASSED"
	case Status:
		return fmt.Sprint(id, " ", r.Code)
	case Module:
	}
	return id + " list"
}

// answerOf says what came of a request, as describeRoute does.
func answerOf(t *testing.T, n *nginxtest.Server, host, uri string) string {
	t.Helper()
	response, body := n.Answer(t, "s.sock", uri, "Host: "+host+"\r\n")
	if response == nil {
		t.Fatal("nobody listens")
	}
	id := response.Header.Get("X-Id")
	switch {
	case strings.HasPrefix(body, "FILE"), body == "PASSED":
		return id + " " + body
	case strings.Contains(body, "Index of"):
		return id + " list"
	}
	return fmt.Sprint(id, " ", response.StatusCode)
}

// A configWriter writes random servers.
type configWriter struct {
	w      io.Writer
	random *rand.Rand
	id     int
}

func (w *configWriter) one(of ...string) string { return of[w.random.IntN(len(of))] }

func (w *configWriter) sometimes(format string, args ...any) {
	if w.random.IntN(4) == 0 {
		fmt.Fprintf(w.w, format, args...)
	}
}

func somePath(random *rand.Rand) string {
	return []string{"/", "/a", "/b", "/c", "/d", "/d/", "/d/a", "/d/c", "/d/x/", "/d/x/c", "/e/page", "/e/", "/e", "/ab", "/index.html", "/d/index.html"}[random.IntN(16)]
}

func (w *configWriter) path() string { return somePath(w.random) }

func (w *configWriter) server() {
	w.rewrites("")
	w.sometimes("index %s;\n", w.one("a", "nosuch index.html", "/d/a", "index.html a"))
	w.sometimes("error_page %s %s%s;\n", w.one("404", "403 404", "405"), w.one("", "", "= ", "=410 "), w.one("/e/page", "/e/nosuch", w.path(), "@n"))
	w.sometimes("recursive_error_pages on;\n")
	w.sometimes("try_files %s =404;\n", w.one("$uri", "/a", "$uri $uri/"))
	w.sometimes("autoindex on;\n")
	seen := map[string]bool{}
	for range w.random.IntN(5) + 1 {
		modifier := w.one("", "", "=", "^~", "~")
		pattern := w.path()
		if modifier == "~" {
			pattern = w.one("a$", "^/d", "/$", `\.html$`, "^/(a|b)$", "c")
		}
		if key := strings.TrimPrefix(modifier, "^~") + pattern; !seen[key] {
			seen[key] = true
			w.location(modifier + " " + pattern)
		}
	}
	w.location("@n")
}

func (w *configWriter) location(head string) {
	w.id++
	fmt.Fprintf(w.w, "location %s { add_header X-Id l%d always;\n", head, w.id)
	named := strings.HasPrefix(head, "@")
	w.rewrites("location")
	if !named {
		w.sometimes("internal;\n")
	}
	if w.random.IntN(8) == 0 {
		fmt.Fprintln(w.w, w.one("deny all;", "allow all; deny all;", "deny 10.0.0.1;"))
	}
	w.sometimes("error_page %s %s%s;\n", w.one("404", "403 404", "500"), w.one("", "= ", "=200 "), w.one("/e/page", "/e/nosuch", w.path(), "@n"))
	w.sometimes("recursive_error_pages %s;\n", w.one("on", "off"))
	if w.random.IntN(3) == 0 {
		fmt.Fprintf(w.w, "try_files %s %s;\n", w.one("$uri", "$uri $uri/", "$uri.html $uri/index.html", "/nosuch", "$uri/"), w.one("=404", "=403", "@n", w.path(), "$uri", w.path()+"?x=$args"))
	}
	w.sometimes("index %s;\n", w.one("a", "nosuch", "page index.html", "/b"))
	w.sometimes("autoindex on;\n")
	w.sometimes("proxy_pass http://unix:backend.sock;\n")
	if w.random.IntN(8) == 0 {
		fmt.Fprintf(w.w, "root www/%s;\n", "d")
	}
	if fields := strings.Fields(head); len(fields) == 1 && !named && w.random.IntN(3) == 0 {
		w.location(w.one("~ c$", "~ a", "= "+head+"a", "^~ "+head+"/x", head+"b"))
	}
	fmt.Fprintln(w.w, "}")
}

// rewrites writes directives of the rewrite module.
func (w *configWriter) rewrites(in string) {
	for range w.random.IntN(3) {
		switch w.random.IntN(9) {
		case 0:
			if in != "" {
				fmt.Fprintf(w.w, "return %s;\n", w.one("404", "403", "204", "410 gone", "302 http://other/", "http://other/"))
			}
		case 1:
			w.sometimes("break;\n")
		case 2:
			fmt.Fprintf(w.w, "if (%s) { %s }\n", w.one("$uri = /a", "$uri ~ ^/d", "$request_method != GET", "!-f $request_filename", "-e $request_filename", "$arg_x", "$request_uri !~ c"),
				w.one("return 404;", "return 403;", "rewrite ^ /d/a last;", "rewrite ^/(.*)$ /d/$1 last;", "break;", "set $x y;"))
		case 3, 4, 5:
			fmt.Fprintf(w.w, "rewrite %s %s;\n", w.one("^/a$ /b", "^/(.)$ /d/$1", "^/d/(.*)$ /$1", "c /a?x=y", "^/e /d/", "^/b http://other/"), w.one("", "last", "break", "redirect"))
		}
	}
}
