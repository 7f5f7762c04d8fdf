package nginx

import (
	"fmt"
	"hash/fnv"
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

// uses are arguments that nginx accepts for directives that do not take any word.
// Each argument is replaced in turn.
var uses = map[string][]string{
	"access_log": {"l combined", "l combined if=1", "syslog:server=127.0.0.1 combined if=1", "off"}, "add_header": {"a b", "a b always"}, "add_trailer": {"a b"},
	"aio": {"threads=default"}, "auth_request_set": {"$a b"}, "error_page": {"404 /x", "404 =200 /x"}, "expires": {"1h", "modified 1h"},
	"disable_symlinks": {"on from=/"}, "geo": {"$remote_addr $a {}"}, "hash": {"a"}, "if": {"($host) {}", "($host = a) {}", "($host != a) {}", "($host ~ a) {}", "(-f a) {}", "( $host ~* a ) {}", "( -f a ) {}"},
	"limit_conn_zone": {"a zone=z:1m"}, "limit_req_zone": {"a zone=z:1m rate=1r/s"}, "location": {"/x {}", "~ x {}"}, "log_format": {"f a b", "f escape=json a"},
	"map": {"a $b { a b; }", "a $b { default b; a c; }", "a $b { ~a c; }"}, "memcached_pass": {"127.0.0.1:1"}, "proxy_cookie_domain": {"a b", "~a b", "off"}, "proxy_cookie_path": {"a b", "~a b"},
	"proxy_cookie_flags": {"a secure", "~a secure"}, "proxy_pass": {"http://127.0.0.1"}, "proxy_redirect": {"a b", "~a b"}, "fastcgi_pass": {"127.0.0.1:1"},
	"grpc_pass": {"127.0.0.1:1"}, "scgi_pass": {"127.0.0.1:1"}, "uwsgi_pass": {"127.0.0.1:1"}, "return": {"200 a", "http://a"}, "rewrite": {"a b", "a b last"},
	"server_name": {"a b", "~a"}, "set": {"$a b"}, "split_clients": {"a $b { 1% a; * b; }"}, "sub_filter": {"a b"}, "try_files": {"a =404", "a b /c", "a @b"},
	"valid_referers": {"none a", "~a"}, "types": {"{ a b; }"}, "sticky": {"cookie a"}, "proxy_method": {"GET"}, "root": {"/a"}, "alias": {"/a"}, "index": {"a b"},
	"ssl_certificate": {"a"}, "ssl_certificate_key": {"a"}, "secure_link": {"a"}, "charset": {"a"}, "source_charset": {"a"}, "auth_basic": {"a"}, "mirror": {"/a"}, "auth_request": {"/a"},
	"fastcgi_split_path_info": {"^(.*)(x)$"}, "env": {"a"}, "error_log": {"e info"}, "fastcgi_index": {"a"}, "default_type": {"a/b"}, "post_action": {"/a"}, "proxy_set_body": {"a"},
	"fastcgi_store": {"/a"}, "proxy_store": {"/a"}, "scgi_store": {"/a"}, "uwsgi_store": {"/a"}, "userid_name": {"a"}, "add_before_body": {"/a"}, "xml_entities": {"a"},
	"proxy_bind": {"127.0.0.1"}, "fastcgi_bind": {"127.0.0.1"}, "grpc_bind": {"127.0.0.1"}, "scgi_bind": {"127.0.0.1"}, "uwsgi_bind": {"127.0.0.1"}, "memcached_bind": {"127.0.0.1"},
	"upstream": {"a { server 127.0.0.1; }"}, "pass": {"127.0.0.1:1"}, "keyval": {}, "listen": {"127.0.0.1:9"}, "proxy_upload_rate": {"1"}, "proxy_download_rate": {"1"},
	"real_ip_header": {"a"}, "set_real_ip_from": {"127.0.0.1"}, "gzip_disable": {"a"}, "fastcgi_param": {"a b", "a b if_not_empty"}, "uwsgi_param": {"a b"}, "scgi_param": {"a b"},
	"proxy_set_header": {"a b"}, "grpc_set_header": {"a b"}, "proxy_cache_key": {"a"}, "limit_except": {"GET {}"}, "resolver": {"127.0.0.1"}, "include": {}, "modern_browser": {}, "http2_push": {"a"},
}

// around are the blocks that a use stands in.
var around = map[catalog.Context]string{
	catalog.HTTP:         "events {} http { %s server {} }",
	catalog.Server:       "events {} http { server { %s } }",
	catalog.Location:     "events {} http { server { location / { %s } } }",
	catalog.IfInServer:   "events {} http { server { if ($host) { %s } } }",
	catalog.IfInLocation: "events {} http { server { location / { if ($host) { %s } } } }",
	catalog.LimitExcept:  "events {} http { server { location / { limit_except GET { %s } } } }",
	catalog.Upstream:     "events {} http { upstream u { server 127.0.0.1; %s } }",
	catalog.Stream:       "load_module modules/ngx_stream_module.so; events {} stream { %s }",
	catalog.StreamServer: "load_module modules/ngx_stream_module.so; events {} stream { server { listen 127.0.0.1:9; proxy_pass 127.0.0.1:1; %s } }",
}

// sample takes one question in so many, unless NGINX_LINT_ORACLE=full.
const sample = 20

// TestVariablesAgree puts a variable that nobody defines into the arguments of each
// directive, one after the other: nginx looks it up where we do.
func TestVariablesAgree(t *testing.T) {
	t.Parallel()
	version := nginxtest.Version(t)
	var questions []string
	for d := range catalog.All() {
		if d.Section != catalog.Core || !d.ExistsIn(version) {
			continue
		}
		for in, frame := range around {
			if d.Contexts&in == 0 {
				continue
			}
			for _, use := range usesOf(d) {
				if n := len(strings.Fields(use)); !d.Block && d.Name != "if" && !d.ArgsAt(version).Accepts(n) {
					continue
				}
				for i, word := range strings.Fields(use) {
					if strings.Trim(word, "{};()") == "" || strings.HasPrefix(word, "$") && d.Name != "geo" {
						continue
					}
					for _, form := range []string{"$nosuch", word + "$nosuch", "${nosuch}" + word} {
						words := strings.Fields(use)
						suffix := strings.TrimRight(word, ";)")
						words[i] = strings.Replace(form, word, suffix, 1) + strings.TrimPrefix(word, suffix)
						text := d.Name + " " + strings.Join(words, " ")
						if !strings.HasSuffix(text, "}") {
							text += ";"
						}
						if d.Name == "ssl_certificate" {
							text += "ssl_certificate_key k;"
						}
						if d.Name == "ssl_certificate_key" {
							text += "ssl_certificate c;"
						}
						questions = append(questions, fmt.Sprintf(frame, text))
					}
				}
			}
		}
	}
	counts := agree(t, questions, func(text, message string) string {
		found := undefinedIn(t, map[string]string{"nginx.conf": text})
		ours := slices.ContainsFunc(found, func(u Undefined) bool { return u.Name == "nosuch" })
		switch theirs := message == `unknown "nosuch" variable`; {
		case theirs != ours && (theirs || message == ""):
			t.Errorf("%s: nginx says %q, we %v", text, message, found)
		case theirs:
			return "looked up"
		case message == "":
			return "taken as it is"
		}
		return "refused for another reason"
	})
	t.Logf("a sample of %d questions, answers %v", len(questions), counts)
	if counts["looked up"] < 20 || counts["taken as it is"] < 20 {
		t.Errorf("the sample is too thin: %v", counts)
	}
}

// plainTypes are those of directives that refuse all but their own values.
var plainTypes = []catalog.Type{
	catalog.TypeFlag, catalog.TypeNum, catalog.TypeSize, catalog.TypeMsec, catalog.TypeSec, catalog.TypeOff, catalog.TypeBufs, catalog.TypeEnum, catalog.TypeBitmask,
}

func usesOf(d *catalog.Directive) []string {
	if known, ok := uses[d.Name]; ok {
		return known
	}
	if slices.Contains(plainTypes, d.Type) {
		return nil
	}
	if d.Type == catalog.TypeSizeVars {
		return []string{"1"}
	}
	if len(d.Words) > 0 {
		return []string{d.Words[0]}
	}
	return []string{"a", "a b"}
}

func undefinedIn(t *testing.T, texts map[string]string) []Undefined {
	t.Helper()
	return load4test(t, false, texts).Undefined()
}

// agree asks nginx -t about configurations, a sample of them or all, and counts
// what compare makes of its messages.
func agree(t *testing.T, texts []string, compare func(text, message string) string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan string)
	for range 2 * runtime.GOMAXPROCS(0) {
		dir := t.TempDir()
		wg.Go(func() {
			for text := range next {
				conf := filepath.Join(dir, "nginx.conf")
				if err := os.WriteFile(conf, []byte(strings.ReplaceAll(text, "load_module modules/", "load_module /usr/lib/nginx/modules/")), 0o600); err != nil {
					t.Error(err)
				}
				message, _ := nginxtest.Test(t, conf)
				answer := compare(text, message)
				mu.Lock()
				counts[answer]++
				mu.Unlock()
			}
		})
	}
	for _, text := range texts {
		h := fnv.New32a()
		fmt.Fprint(h, text)
		if h.Sum32()%sample == 0 || os.Getenv("NGINX_LINT_ORACLE") == "full" {
			next <- text
		}
	}
	close(next)
	wg.Wait()
	return counts
}
