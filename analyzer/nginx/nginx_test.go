package nginx

import (
	"fmt"
	"strings"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// files is a Loader of files in memory; a pattern matches by its last element.
type files map[string]*syntax.Tree

func (f files) Include(pattern string) (trees []*syntax.Tree, complete, outside bool) {
	if strings.HasPrefix(pattern, "/outside/") {
		return nil, false, true
	}
	if t := f[pattern]; t != nil {
		return []*syntax.Tree{t}, true, false
	}
	for _, name := range []string{"a.conf", "b.conf"} {
		if source.HasGlob(pattern) && f[name] != nil {
			trees = append(trees, f[name])
		}
	}
	return trees, len(trees) > 0, false
}

func (f files) Place(string) string { return "" }

func (f files) Has(name string) bool { return f[name] != nil }

func load4test(t *testing.T, fragment bool, texts map[string]string) *Config {
	t.Helper()
	loader := files{}
	for name, text := range texts {
		loader[name] = syntax.Parse(source.NewFile(name, text))
	}
	if fragment {
		main := loader["nginx.conf"]
		return LoadFragment(main, InferContext(main), catalog.Version{}, loader, NewBudget())
	}
	return Load(loader["nginx.conf"], catalog.Version{}, loader, NewBudget())
}

// blockAt finds the one block of that head.
func blockAt(t *testing.T, c *Config, head string) *Block {
	t.Helper()
	for b := range c.Blocks(^catalog.Context(0)) {
		if strings.TrimSpace(b.Name()+" "+strings.Join(b.Args(), " ")) == head {
			return b
		}
	}
	t.Fatalf("no block %q", head)
	return nil
}

func TestValue(t *testing.T) {
	t.Parallel()
	const tree = `
events {}
http {
    fastcgi_read_timeout 10s;
    include known.inc;
    server {
        fastcgi_send_timeout $v;
        location /here { fastcgi_read_timeout 20s; }
        location /outer { location /outer/in { if ($uri) { return 204; } } }
        location /missing { include /none.inc; location /missing/in { } }
        location /beside { include /none.inc; fastcgi_read_timeout 30s; }
    }
}
`
	c := load4test(t, false, map[string]string{"nginx.conf": tree, "known.inc": "fastcgi_connect_timeout 5s;\n"})
	tests := []struct{ block, directive, want string }{
		{"location /here", "fastcgi_read_timeout", "here [20s]"},
		{"location /outer", "fastcgi_read_timeout", "outer [10s]"},
		{"if ($uri)", "fastcgi_read_timeout", "outer [10s]"},
		{"location /outer", "fastcgi_connect_timeout", "outer [5s]"}, // from the included file
		{"location /outer", "proxy_read_timeout", "default [60s]"},
		{"location /outer", "fastcgi_bind", "absent []"},
		{"location /outer", "fastcgi_send_timeout", "unknown [$v]"},
		{"location /missing", "proxy_read_timeout", "unknown []"},
		{"location /missing/in", "fastcgi_read_timeout", "unknown []"},
		{"location /beside", "fastcgi_read_timeout", "here [30s]"}, // nginx refuses a second one
	}
	origins := map[Origin]string{Here: "here", Outer: "outer", Default: "default", Absent: "absent", Unknown: "unknown"}
	for _, tt := range tests {
		v := blockAt(t, c, tt.block).Value(tt.directive)
		if got := fmt.Sprint(origins[v.Origin], " ", v.Args); got != tt.want {
			t.Errorf("%s in %s: %s, want %s", tt.directive, tt.block, got, tt.want)
		}
	}
	if len(c.Missing) != 2 || c.Missing[0].Pattern != "/none.inc" {
		t.Errorf("missing: %v", c.Missing)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	c := load4test(t, false, map[string]string{"nginx.conf": `
events {}
http {
    server {
        fastcgi_param A 1;
        include a.conf;
        location /inherits { }
        location /own { fastcgi_param C 3; }
        location /missing { fastcgi_param D 4; include /none.inc; }
    }
}
`, "a.conf": "fastcgi_param B 2;\n"})
	tests := []struct{ block, want string }{
		{"location /inherits", "A B true"},
		{"location /own", "C true"},
		{"location /missing", "D false"},
	}
	for _, tt := range tests {
		refs, _, known := blockAt(t, c, tt.block).List("fastcgi_param")
		var got []string
		for _, r := range refs {
			got = append(got, r.Arg(0))
		}
		if got := fmt.Sprint(strings.Join(got, " "), " ", known); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.block, got, tt.want)
		}
	}
	if _, _, known := blockAt(t, c, "location /inherits").List("proxy_set_header"); !known {
		t.Error("a list that nobody sets is known to be empty")
	}
}

func TestFragmentInheritsUnknown(t *testing.T) {
	t.Parallel()
	c := load4test(t, true, map[string]string{"nginx.conf": "server {\n  client_max_body_size 8m;\n  location / { }\n}\n"})
	if c.Top.Context != catalog.HTTP {
		t.Fatalf("stands in %s", c.Top.Context)
	}
	location := blockAt(t, c, "location /")
	if v := location.Value("client_max_body_size"); v.Origin != Outer || v.Arg(0) != "8m" {
		t.Errorf("what the fragment itself sets: %+v", v)
	}
	if v := location.Value("fastcgi_read_timeout"); v.Known() {
		t.Errorf("what an unread block could set: %+v", v)
	}
}

func TestIncludes(t *testing.T) {
	t.Parallel()
	c := load4test(t, false, map[string]string{
		"nginx.conf": "events {}\nhttp {\n  include *.conf;\n  include snippets/fastcgi-php.conf;\n  server { include s.inc; location / { include s.inc; } }\n}\n",
		"a.conf":     "include b.conf;\n",
		"b.conf":     "include a.conf;\nmap $uri $x { /a 1; }\n",
		"s.inc":      "expires 1h;\n",
	})
	if len(c.Cycles) != 2 {
		t.Errorf("%d cycles, want the one through a and the one through b", len(c.Cycles))
	}
	if n := c.Placements(blockAt(t, c, "location /").Own("expires")[0].Tree()); n != 2 {
		t.Errorf("s.inc is placed %d times", n)
	}
	expires := blockAt(t, c, "location /").Own("expires")[0]
	var chain []string
	for _, s := range expires.Place.Chain() {
		chain = append(chain, s.Text())
	}
	if got := strings.Join(chain, ", "); got != "include s.inc" {
		t.Errorf("chain %q", got)
	}
	if http := blockAt(t, c, "http"); len(http.Own("fastcgi_split_path_info")) != 1 {
		t.Error("no stock file stands in for snippets/fastcgi-php.conf")
	}
	if len(c.Missing) != 0 {
		t.Errorf("missing: %v", c.Missing)
	}
}

func TestInferContext(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want catalog.Context
	}{
		{"server { listen 80; location / { root /x; } }", catalog.HTTP},
		{"upstream u { server a:1; keepalive 4; }\nserver { listen 80; server_name a; }", catalog.HTTP},
		{"upstream u { server a:1; }\nserver { listen 1; proxy_pass u; }", catalog.Stream},
		{"location / { }\nlisten 80;", catalog.Server},
		{"fastcgi_pass unix:/x;\ntry_files $uri =404;", catalog.Location},
		{"worker_processes 4;\nevents { }", catalog.Main},
		{"server a:1;\nserver b:1 backup;\nip_hash;", catalog.Upstream},
		{"map $uri $x { default 1; }\nlog_format f '$x';", catalog.HTTP},
		{"ssl_protocols TLSv1.2;", catalog.HTTP},
		{"", catalog.HTTP},
	}
	for _, tt := range tests {
		if got := InferContext(syntax.Parse(source.NewFile("x", tt.text))); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.text, got, tt.want)
		}
	}
}
