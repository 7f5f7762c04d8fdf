package nginx

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx/nginxtest"
)

// TestUndefinedAgrees makes configurations that define and use names at random and
// asks nginx -t: what it misses is what we miss, one after the other as each is
// given a definition, until it accepts the rest.
func TestUndefinedAgrees(t *testing.T) {
	t.Parallel()
	nginxtest.Program(t)
	configs := 100
	if os.Getenv("NGINX_LINT_ORACLE") == "full" {
		configs = 4000
	}
	var mu sync.Mutex
	counts := map[string]int{}
	var wg sync.WaitGroup
	next := make(chan uint64)
	for range 2 * runtime.GOMAXPROCS(0) {
		dir := t.TempDir()
		wg.Go(func() {
			for seed := range next {
				kinds := mendOneByOne(t, dir, generate(rand.New(rand.NewPCG(seed, 3))))
				mu.Lock()
				for _, kind := range kinds {
					counts[kind]++
				}
				mu.Unlock()
			}
		})
	}
	for seed := range uint64(configs) {
		next <- seed
	}
	close(next)
	wg.Wait()
	t.Logf("%d configurations, answers %v", configs, counts)
	for _, kind := range []string{"accepted", "unknown variable", "unknown log format", "zone is unknown", "zero size", "different use", "thread pool"} {
		if counts[kind] < configs/100 {
			t.Errorf("%q came up %d times", kind, counts[kind])
		}
	}
}

// mendOneByOne compares what nginx and the model miss, and defines what nginx
// names, until it names nothing. It gives the kinds of the answers.
func mendOneByOne(t *testing.T, dir string, texts map[string]string) (kinds []string) {
	t.Helper()
	for range 20 {
		for name, text := range texts {
			text = strings.ReplaceAll(text, "load_module modules/", "load_module /usr/lib/nginx/modules/")
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Error(err)
			}
		}
		message, _ := nginxtest.Test(t, filepath.Join(dir, "nginx.conf"))
		found := undefinedIn(t, texts)
		if message == "" {
			for _, u := range found {
				t.Errorf("nginx accepts %s; %v", u.Message(), texts)
			}
			return append(kinds, "accepted")
		}
		i := slices.IndexFunc(found, func(u Undefined) bool { return u.Message() == message })
		if i < 0 {
			var ours []string
			for _, u := range found {
				ours = append(ours, u.Message())
			}
			t.Errorf("nginx says %q, we %q; %v", message, ours, texts)
			return kinds
		}
		u := found[i]
		kinds = append(kinds, kindOf(message))
		if !u.Other.IsZero() || !u.Late.IsZero() {
			return kinds // a second definition would be one too many
		}
		subsystem := "http {"
		if u.Kind.In == catalog.AnyStream {
			subsystem = "stream {"
		}
		mended := strings.Replace(texts["nginx.conf"], subsystem, subsystem+" "+definitionOf(u), 1)
		if u.Kind.Thing == ThreadPool {
			mended = "thread_pool " + u.Name + " threads=1;" + texts["nginx.conf"]
		}
		texts["nginx.conf"] = mended
	}
	t.Errorf("no end: %v", texts)
	return kinds
}

func kindOf(message string) string {
	for part, kind := range map[string]string{
		"variable": "unknown variable", "log format": "unknown log format", "is unknown": "zone is unknown", "zero size": "zero size",
		"different use": "different use", "thread pool": "thread pool",
	} {
		if strings.Contains(message, part) {
			return kind
		}
	}
	return message
}

func definitionOf(u Undefined) string {
	switch {
	case u.Kind.Thing == Variable:
		return fmt.Sprintf("map a $%s { }", u.Name)
	case u.Kind.Thing == LogFormat:
		return fmt.Sprintf("log_format %q a;", u.Name)
	case u.Kind.Definer == "limit_req_zone":
		return fmt.Sprintf("limit_req_zone a zone=%s:1m rate=1r/s;", u.Name)
	case u.Kind.Definer == "limit_conn_zone":
		return fmt.Sprintf("limit_conn_zone a zone=%s:1m;", u.Name)
	case u.Kind.Definer == "zone":
		return fmt.Sprintf("upstream more_%s { zone %[1]s 64k; server 127.0.0.1:1; }", u.Name)
	}
	return fmt.Sprintf("%s %[1]s_%[2]s keys_zone=%[2]s:1m;", u.Kind.Definer, u.Name)
}

// A generator writes a configuration.
type generator struct {
	*rand.Rand
	files   map[string]string
	defined map[string]bool
	id      int
}

func generate(random *rand.Rand) map[string]string {
	g := &generator{random, map[string]string{}, map[string]bool{}, 0}
	var main strings.Builder
	main.WriteString("load_module modules/ngx_stream_module.so; events {}\n")
	if g.IntN(8) == 0 {
		main.WriteString("thread_pool p0 threads=1;\n")
	}
	fmt.Fprintf(&main, "http {\n%s}\n", g.several(6, g.inHTTP))
	if g.IntN(3) == 0 {
		fmt.Fprintf(&main, "stream {\n%s}\n", g.several(4, g.inStream))
	}
	g.files["nginx.conf"] = main.String()
	return g.files
}

// several writes some lines, now and then into a file that is included.
func (g *generator) several(most int, line func() string) string {
	var text strings.Builder
	for range 1 + g.IntN(most) {
		part := line() + "\n"
		if g.IntN(6) == 0 {
			g.id++
			name := fmt.Sprintf("f%d.conf", g.id)
			g.files[name] = part
			part = "include " + name + ";\n"
		}
		text.WriteString(part)
	}
	return text.String()
}

func (g *generator) name(prefix string) string {
	names := []string{"0", "1", "2", "3"}
	return prefix + names[g.IntN(len(names))]
}

func (g *generator) one(forms ...string) string { return forms[g.IntN(len(forms))] }

// once gives a definition, and a comment where the name has one of the kind.
func (g *generator) once(key, text string) string {
	if g.defined[key] {
		return "# " + key
	}
	g.defined[key] = true
	return text
}

// value is a text with variables.
func (g *generator) value() string {
	v := g.name("va")
	return g.one("a", "a", "$host", "$arg_", "$http_x_y", "$1", "$msec", "$"+v, "$"+v, "${"+v+"}b", "a$"+strings.ToUpper(v[:1])+v[1:], "$host$"+v+"-")
}

func (g *generator) inHTTP() string {
	v, z, f := g.name("va"), g.name("z"), g.name("f")
	g.id++
	switch g.IntN(18) {
	case 0:
		return fmt.Sprintf("map %s $%s { default %s; ~^(?<%s>x) a; }", g.value(), v, g.value(), g.name("va"))
	case 1:
		return fmt.Sprintf("geo %s $%s { default a; }", g.one("", "$remote_addr", "$"+g.name("va")), v)
	case 2:
		return fmt.Sprintf("split_clients %s $%s { * a; }", g.value(), v)
	case 3:
		return g.once("req"+z, fmt.Sprintf("limit_req_zone %s zone=%s:1m rate=1r/s;", g.value(), z))
	case 4:
		return g.once("conn"+z, fmt.Sprintf("limit_conn_zone %s zone=c%s:1m;", g.value(), z))
	case 5, 6:
		return g.once("format"+f, fmt.Sprintf("log_format %s %s;", f, g.one(g.value(), "$"+v, "$1")))
	case 7:
		return g.once("cache"+z, fmt.Sprintf("proxy_cache_path d%s keys_zone=p%s:1m;", z, z))
	case 8:
		return g.once("fcache"+z, fmt.Sprintf("fastcgi_cache_path e%s keys_zone=q%s:1m;", z, z))
	case 9:
		return fmt.Sprintf("upstream u%d { server 127.0.0.1:1; zone u%s%s; %s }", g.id, z, g.one("", " 64k"), g.one("", "hash "+g.value()+";"))
	case 10:
		return g.once("inherited", g.one("proxy_set_header X $", "fastcgi_param X $", "proxy_set_body $", "grpc_set_header Y $")+v+";")
	case 11:
		return g.once("http log", g.log())
	case 12:
		return g.once("http cache", g.one("proxy_cache p", "fastcgi_cache q", "proxy_cache z")+z+";")
	}
	g.defined["server"] = false
	return "server {\n" + g.several(5, g.inServer) + "}"
}

func (g *generator) log() string {
	f := g.name("f")
	return g.one("access_log l;", "access_log l combined;", "access_log l "+f+";", "access_log l "+strings.ToUpper(f)+" if=$"+g.name("va")+";", "access_log off;", "access_log l$host "+f+";")
}

func (g *generator) inServer() string {
	v := g.name("va")
	g.id++
	switch g.IntN(10) {
	case 0:
		return fmt.Sprintf("set $%s %s;", g.one(v, strings.ToUpper(v)), g.value())
	case 1:
		return fmt.Sprintf("server_name ~^(?<%s>x%d);", v, g.id)
	case 2:
		return fmt.Sprintf("if (%s) { set $%s a; }", g.one("$host", "$"+v, "$"+v+" = "+g.value(), "$host ~ ^(?<"+v+">x)", "-f "+g.value()), g.name("va"))
	case 3:
		return fmt.Sprintf("rewrite ^/(?<%s>x) /a%s;", v, g.value())
	case 4:
		return g.log()
	}
	return fmt.Sprintf("location %s {\n%s}", g.one(fmt.Sprintf("/%d", g.id), "~ ^/(?<"+v+">x)"), g.several(4, g.inLocation(map[int]bool{})))
}

// inLocation gives a writer of lines of one location, most of them once.
func (g *generator) inLocation(done map[int]bool) func() string {
	return func() string {
		z := g.name("z")
		kind := g.IntN(13)
		if kind > 3 && done[kind] {
			return "# again"
		}
		done[kind] = true
		switch kind {
		case 0:
			return fmt.Sprintf("set $%s %s;", g.name("va"), g.value())
		case 1:
			return fmt.Sprintf("add_header X %s;", g.value())
		case 2:
			return g.log()
		case 3:
			return fmt.Sprintf("proxy_set_header X%s %s;", z, g.value())
		case 4:
			return fmt.Sprintf("limit_req zone=%s burst=3;", g.one(z, z, z, "c"+z))
		case 5:
			return fmt.Sprintf("limit_conn %s 3;", g.one("c"+z, "c"+z, z))
		case 6:
			return fmt.Sprintf("proxy_cache %s;", g.one("p"+z, "p"+z, "off", "$host"))
		case 7:
			return fmt.Sprintf("fastcgi_cache q%s; fastcgi_cache_key a;", z)
		case 8:
			return fmt.Sprintf("proxy_pass http://%s;", g.one("127.0.0.1", "$"+g.name("va")))
		case 9:
			return fmt.Sprintf("auth_request_set $%s %s;", g.name("va"), g.value())
		case 10:
			return fmt.Sprintf("aio threads%s;", g.one("", "=p0", "=default"))
		case 11:
			return fmt.Sprintf("return 200 %s;", g.value())
		}
		return fmt.Sprintf("root /a%s;", g.value())
	}
}

func (g *generator) inStream() string {
	v, z, f := g.name("va"), g.name("z"), g.name("f")
	g.id++
	switch g.IntN(7) {
	case 0:
		return fmt.Sprintf("map $%s $%s { default $%s; }", g.one("remote_addr", v), g.name("va"), g.one("remote_addr", v))
	case 1:
		return g.once("sconn"+z, fmt.Sprintf("limit_conn_zone $%s zone=s%s:1m;", g.one("remote_addr", v), z))
	case 2:
		return g.once("sformat"+f, fmt.Sprintf("log_format %s $%s;", f, g.one("status", v)))
	case 3:
		return fmt.Sprintf("upstream u%d { server 127.0.0.1:1; zone w%s%s; }", g.id, z, g.one("", " 64k"))
	}
	return fmt.Sprintf("server { listen unix:s%d; %s %s %s }", g.id, g.one("proxy_pass 127.0.0.1:1;", "return $"+g.one("host", "remote_addr", v)+";"),
		g.one("", "access_log l "+f+";"), g.one("", "limit_conn s"+z+" 1;"))
}
