package apache

import (
	"fmt"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

// A sharedFile is what every Include means.
type sharedFile struct{ f *source.File }

func (l sharedFile) Include(string) ([]*source.File, bool) { return []*source.File{l.f}, true }

// TestOverridden pins which of several SetHandler is certainly in use, as measured on
// Apache 2.4.71. The targets are a, b, c.
func TestOverridden(t *testing.T) {
	set := func(name string) string { return "SetHandler proxy:unix:/" + name + "|fcgi://localhost\n" }
	files := func(pattern, name string) string {
		return "<FilesMatch " + pattern + ">\n" + set(name) + "</FilesMatch>\n"
	}
	php := func(name string) string { return files(`\.php$`, name) }
	in := func(section, text string) string {
		return "<" + section + ">\n" + text + "</" + strings.Fields(section)[0] + ">\n"
	}
	host := func(text string) string { return in("VirtualHost *:80", text) }
	for text, want := range map[string]string{
		// the last one of a place
		php("a") + php("b"):                                                 "b",
		php("a") + files(`".+\.ph(?:ar|p|tml)$"`, "b"):                      "b",
		files(`".+\.ph(?:ar|p|tml)$"`, "a") + php("b"):                      "a b", // .phtml
		files(`\.cgi$`, "a") + files(`\.phtml$`, "b") + php("c"):            "a b c",
		php("a") + "<FilesMatch \\.phps$>\nSetHandler x\n</FilesMatch>\n":   "a",
		php("a") + "<FilesMatch \\.php$>\nSetHandler None\n</FilesMatch>\n": "",
		php("a") + "<Files *.php>\nSetHandler None\n</Files>\n":             "",
		php("a") + "<Files ~ \"\\.php$\">\nSetHandler None\n</Files>\n":     "",
		php("a") + "<Files wp-login.php>\nSetHandler None\n</Files>\n":      "a",
		php("a") + "<IfDefine X>\n" + php("b") + "</IfDefine>\n":            "", // b may be there
		php("a") + set("b"):                  "a b",
		set("b") + php("a"):                  "b a",
		files(`\.(?<x>php)$`, "a"):           "a",
		files(`(?=x)\.php$`, "a"):            "", // none for Go
		php("a") + files(`(?=x)\.php$`, "b"): "",
		php("a") + in("Location /server-status", "SetHandler server-status\n"):                   "a",
		php("a") + in("Location /", set("b")):                                                    "b",
		php("a") + in("LocationMatch \\.php$", set("b")):                                         "b",
		in("Directory /srv/a", php("a")) + in("Directory /srv/b", php("b")):                      "a b",
		in("Directory /srv/a", php("a")) + php("b"):                                              "a b",
		php("a") + in("Directory /srv/a", php("b")):                                              "a b",
		php("a") + in("Directory /srv", php("b")):                                                "b",
		php("a") + in("Directory /srv/*/b", php("b")):                                            "b",
		in("Directory /srv/a", php("b")) + "DocumentRoot /srv/a\n" + php("a"):                    "b",
		in("Directory /srv", php("a")) + in("Directory /srv/a", php("b")):                        "a b",
		in("Directory /srv", php("a")) + in("Directory /srv/www", php("b")):                      "b",
		in("Directory /srv/a", set("a")) + files("x", "b"):                                       "b",
		in("Directory /srv/a", set("a")) + php("b"):                                              "a b",
		in("Directory /srv/www/a", php("a")) + in("Location /a", set("b")):                       "b",
		in("Directory /srv/www/a", php("a")) + in("Location /b", set("b")):                       "a b",
		in("Directory /srv/www/a", php("a")) + "ProxyPass /a http://h/\n":                        "*",
		in("Directory /srv/www/a", php("a")) + "ProxyPass /b http://h/\n":                        "a *",
		in("Location /a", set("a")) + in("Location /a", set("b")):                                "b",
		in("Location /a", set("a")) + in("Location /b", set("b")):                                "a b",
		in("Location /a/b", set("a")) + in("Location /a", set("b")):                              "b",
		"ProxyPass / http://h/\nProxyPass /a http://i/\n":                                        "*",
		"ProxyPass /a http://h/\nProxyPass / http://i/\n":                                        "* *",
		"ProxyPass /a !\nProxyPass / http://i/\n" + php("a"):                                     "*",
		"ProxyPassMatch \\.php$ http://h/\nProxyPassMatch ^/x\\.php$ http://i/\n":                "*",
		"ProxyPassMatch ^/(.*\\.php)$ http://h/$1\nProxyPassMatch ^/a/(.*\\.php)$ http://i/$1\n": "*",
		"ProxyPassMatch ^/a/(.*\\.php)$ http://h/$1\nProxyPassMatch ^/(.*\\.php)$ http://i/$1\n": "* *",
		"ProxyPassMatch \\.cgi$ http://h/\nProxyPassMatch \\.php$ http://i/\n":                   "* *",
		in("Directory /srv/a", php("a")+php("b")):                                                "b",
		in("Directory /srv/a", php("a")) + in("Directory /srv/a", php("b")):                      "b",
		php("a") + "ProxyPass / http://h/\n":                                                     "*",
		php("a") + "ProxyPass /app http://h/\n":                                                  "a *",
		php("a") + "ProxyPassMatch \"^/(.*\\.php)$\" \"fcgi://h:9000/x/$1\"\n":                   "*",
		php("a") + "ProxyPassMatch \"^/p/(.*\\.php)$\" \"fcgi://h:9000/x/$1\"\n":                 "a *",
		php("a") + in("Location /", "ProxyPass http://h/\n"):                                     "*",
		php("a") + in("Location /app", "ProxyPass http://h/\n"):                                  "a *",

		// virtual hosts
		php("a") + host(php("b")):            "b",
		php("a") + host(""):                  "a",
		php("a") + host(php("b")) + host(""): "a b",
		php("a") + host(php("b")) + host("Redirect permanent / https://x/\n"):                "b",
		php("a") + host(php("b")) + host("RewriteRule ^ https://x/ [R=301,L]\n"):             "b",
		php("a") + host(php("b")) + "<IfDefine X>\n" + host("") + "</IfDefine>\n":            "b",
		php("a") + host("ProxyPass / http://h/\n"):                                           "*",
		php("a") + host(in("Directory /srv/b", php("b"))):                                    "a b",
		in("Directory /srv/a", php("a")) + host(php("b")):                                    "a b",
		in("Directory /srv/a", php("a")) + host(in("Directory /srv/a", php("b"))):            "b",
		php("a") + host(in("Location /", "SetHandler None\n")):                               "",
		in("Location /", "SetHandler None\n") + host(php("a")):                               "",
		"ProxyPass / http://h/\n" + host("ProxyPass /a http://i/\n"+php("a")):                "*",
		host("ServerName a\n"+php("a")) + host("ServerName A\n"+php("b")):                    "a",
		host("ServerName a\n"+php("a")) + in("VirtualHost *:443", "ServerName a\n"+php("b")): "a b",
		host("Include f\n"+php("a")) + host(php("b")+"Include f\n") + host(php("c")):         "a c",
		php("a") + host("Include f\n") + host("Include f\n"):                                 "a",
		host(php("a")) + host(php("b")):                                                      "a b",
		host(php("a")) + php("b"):                                                            "a",
	} {
		var got []string
		for _, target := range Load(source.NewFile("f", "DocumentRoot /srv/www\n"+text), sharedFile{source.NewFile("f", "# nothing")}).Targets() {
			switch {
			case target.Maybe:
			case target.Endpoint.Path == "":
				got = append(got, "*")
			default:
				got = append(got, strings.TrimPrefix(target.Endpoint.Path, "/"))
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s\n%q, not %q", text, got, want)
		}
	}
}

// TestBalancer pins that the only member of a balancer is followed.
func TestBalancer(t *testing.T) {
	const pass = "ProxyPass /a balancer://PHP/x\n"
	for text, want := range map[string]string{
		"<Proxy balancer://php>\nBalancerMember fcgi://127.0.0.1:9000 route=1\n</Proxy>\n" + pass:                                "127.0.0.1:9000 false",
		pass + "<Proxy \"balancer://php/\">\nBalancerMember \"unix:/a|fcgi://localhost\"\n</Proxy>\n":                            "unix:/a false",
		"BalancerMember balancer://php fcgi://127.0.0.1:9000\n" + pass:                                                           "127.0.0.1:9000 false",
		"<Proxy balancer://php>\nBalancerMember fcgi://127.0.0.1:9000\n</Proxy>\nSetHandler proxy:balancer://php":                "127.0.0.1:9000 false",
		"<Proxy balancer://php>\nBalancerMember fcgi://127.0.0.1:9000\nBalancerMember fcgi://127.0.0.1:9001\n</Proxy>\n" + pass:  "? true",
		"<Proxy balancer://php>\nBalancerMember fcgi://127.0.0.1:9000\n</Proxy>\nBalancerMember balancer://php ajp://h\n" + pass: "? true",
		"<Proxy balancer://php>\n<IfDefine X>\nBalancerMember fcgi://127.0.0.1:9000\n</IfDefine>\n</Proxy>\n" + pass:             "127.0.0.1:9000 true",
		"<Proxy balancer://php>\nBalancerMember fcgi://127.0.0.1:${P}\n</Proxy>\n" + pass:                                        "? true",
		"<Proxy balancer://php>\nInclude gone\nBalancerMember fcgi://127.0.0.1:9000\n</Proxy>\n" + pass:                          "? true",
		"<Proxy balancer://other>\nBalancerMember fcgi://127.0.0.1:9000\n</Proxy>\n" + pass:                                      "? true",
		"<Proxy balancer://*>\nBalancerMember fcgi://127.0.0.1:9000\n</Proxy>\n" + pass:                                          "? true",
		pass: "? true",
	} {
		for _, target := range Load(source.NewFile("f", text), tree{}).Targets() {
			got := fmt.Sprint("? ", target.Maybe)
			if target.Protocol != 0 {
				got = fmt.Sprint(target.Endpoint, " ", target.Maybe)
			}
			if got != want {
				t.Errorf("%q: %s, not %s", text, got, want)
			}
			if at := target.Span.Text(); !target.Maybe && (strings.HasPrefix(at, "balancer:") || !strings.Contains(at, "fcgi:")) {
				t.Errorf("%q: written at %q", text, at)
			}
		}
	}
}
