package apache

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

type tree map[string]string

func (t tree) Include(pattern string) ([]*source.File, bool) {
	text, ok := t[pattern]
	if !ok {
		return nil, false
	}
	return []*source.File{source.NewFile(pattern, text)}, true
}

// describe writes listeners as `address[ tls][ maybe]`.
func describe(s *Server) []string {
	var found []string
	for _, l := range s.Listeners() {
		text := l.Endpoint.String()
		switch l.TLS {
		case stack.Yes:
			text += " tls"
		case stack.Maybe:
			text += " tls?"
		case stack.No:
		}
		if l.Maybe {
			text += " maybe"
		}
		found = append(found, text)
	}
	return found
}

func TestListeners(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
		incomplete bool
	}{
		{
			"forms", "Listen 8080\nlisten 127.0.0.1:8081\nListen [::]:8082\nListen 0.0.0.0:8083\nListen \"[::1]:8084\"\n",
			[]string{"*:8080", "127.0.0.1:8081", "*:8082", "0.0.0.0:8083", "[::1]:8084"},
			false,
		},
		{"comments and continued lines", "# Listen 1\\\nListen 2\nListen \\\n 8080\nServerName x # Listen 3\n", []string{"*:8080"}, false},
		{
			"conditions are uncertain", "<IfModule ssl_module>\n Listen 8443\n</IfModule>\nListen 8080\n<IfDefine A>\nListen 1\n</IfDefine>\n",
			[]string{"*:8443 maybe", "*:8080", "*:1 maybe"},
			false,
		},
		{"a Define is not known", "Define P 8080\nListen ${P}\nListen 9\n", []string{"*:9 tls?"}, true},
		{"macros are not known", "<Macro M>\nListen 1\n</Macro>\nUse M\nListen 2\n", []string{"*:2 tls?"}, true},
		{"a macro that is not used", "<Macro M $p>\nListen $p\n</Macro>\nListen 2\n", []string{"*:2"}, false},
		{"includes", "Include ports.conf\n", []string{"*:8080"}, false},
		{"a missing include", "IncludeOptional gone/*.conf\nListen 1\n", []string{"*:1 tls?"}, true},
		{"an include below a condition", "<IfVersion > 2>\nInclude ports.conf\n</IfVersion>\n", []string{"*:8080 maybe"}, false},
		{"443 is TLS by itself", "Listen 443\nListen 8443 https\n", []string{"*:443 tls?", "*:8443 tls?"}, false},
		{
			"virtual hosts with TLS", "Listen 8443\nListen 8080\n<VirtualHost *:8443>\nSSLEngine on\n</VirtualHost>\n<VirtualHost *:8080>\n</VirtualHost>\n",
			[]string{"*:8443 tls", "*:8080"},
			false,
		},
		{"one of two virtual hosts", "Listen 8443\n<VirtualHost *:8443>\nSSLEngine on\n</VirtualHost>\n<VirtualHost *:8443>\n</VirtualHost>\n", []string{"*:8443 tls?"}, false},
		{"TLS below a condition", "Listen 8443\n<VirtualHost *:8443>\n<IfModule ssl_module>\nSSLEngine on\n</IfModule>\n</VirtualHost>\n", []string{"*:8443 tls?"}, false},
		{"TLS for all", "Listen 8443\nSSLEngine on\n", []string{"*:8443 tls?"}, false},
		{"a virtual host of any port", "Listen 8443\n<VirtualHost *>\nSSLEngine on\n</VirtualHost>\n", []string{"*:8443 tls"}, false},
		{"a virtual host of one address", "Listen 8443\n<VirtualHost 10.0.0.1:8443>\nSSLEngine on\n</VirtualHost>\n", []string{"*:8443 tls?"}, false},
		{"a virtual host of a port from a variable", "Listen 8443\n<VirtualHost *:${P}>\nSSLEngine on\n</VirtualHost>\n", []string{"*:8443 tls?"}, false},
		{"a section that is not closed", "Listen 1\n<Directory />\n", []string{"*:1 tls?"}, true},
		{"no address", "Listen nonsense\n", nil, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := Load(source.NewFile("apache2.conf", test.text), tree{"ports.conf": "Listen 8080\n"})
			if got := describe(s); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if s.Backend().Complete == test.incomplete {
				t.Errorf("complete: %v", s.Backend().Complete)
			}
		})
	}
}

func TestIdle(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "5s true",
		"KeepAliveTimeout 7\n":                "7s true",
		"KeepAliveTimeout 100ms\n":            "100ms true",
		"KeepAlive Off\n":                     "0s false",
		"Define T 3\nKeepAliveTimeout ${T}\n": "0s false",
		"<VirtualHost *:80>\nKeepAliveTimeout 7\n</VirtualHost>\n":       "0s false",
		"<IfModule mpm_event_module>\nKeepAliveTimeout 7\n</IfModule>\n": "0s false",
	} {
		idle := Load(source.NewFile("f", text), tree{}).Backend().Idle
		if got := fmt.Sprint(idle.Time, " ", idle.Known); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	text := `<FilesMatch \.php$>
    SetHandler "proxy:unix:/run/php/php8.2-fpm.sock|fcgi://localhost"
</FilesMatch>
ProxyPassMatch "^/p/(.*\.php)$" "fcgi://127.0.0.1:9000/var/www/$1"
ProxyPass /a unix:/run/a.sock|fcgi://a/x
ProxyPass /b http://127.0.0.1:8080/
SetHandler application/x-httpd-php
SetHandler "proxy:unix:${SOCK}|fcgi://localhost"
ProxyPassMatch "^/([a-z]+)/.*\.php$" "unix:/run/$1.sock|fcgi://localhost/var/www"
<IfModule proxy_fcgi_module>
SetHandler "proxy:fcgi://127.0.0.1:9001"
</IfModule>
`
	var got []string
	for _, target := range Load(source.NewFile("f", text), tree{}).Targets() {
		got = append(got, fmt.Sprint(target.Protocol, " ", target.Endpoint, " ", target.Maybe))
	}
	want := []string{
		"FastCGI unix:/run/php/php8.2-fpm.sock false", "FastCGI 127.0.0.1:9000 false", "FastCGI unix:/run/a.sock false", "HTTP 127.0.0.1:8080 false", "FastCGI 127.0.0.1:9001 true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Apache takes the worker of a name for all addresses with that name; SetHandler makes none.
func TestWorkers(t *testing.T) {
	for text, want := range map[string]string{
		"SetHandler proxy:unix:/a|fcgi://localhost\nProxyPass /b unix:/b|fcgi://localhost/\n":                                                      "unix:/a true, unix:/b false",
		"ProxyPass /a unix:/a|fcgi://localhost/a\nProxyPass /b unix:/b|fcgi://localhost/b\n":                                                       "unix:/a true, unix:/b true",
		"<Files *.cgi>\nSetHandler proxy:unix:/a|fcgi://localhost\n</Files>\n<Files *.php>\nSetHandler proxy:unix:/b|fcgi://localhost\n</Files>\n": "unix:/a false, unix:/b false",
		"SetHandler proxy:unix:/a|fcgi://localhost\nProxyPass /b unix:/b|fcgi://other/\n":                                                          "unix:/a false, unix:/b false",
		"SetHandler proxy:unix:/a|fcgi://localhost\nProxyPass /b unix:/a|fcgi://LocalHost/x\n":                                                     "unix:/a false, unix:/a false",
		"<Proxy unix:/a|fcgi://localhost>\n</Proxy>\nSetHandler proxy:fcgi://localhost\n":                                                          "localhost:8000 true",
	} {
		var got []string
		for _, target := range Load(source.NewFile("f", text), tree{}).Targets() {
			got = append(got, fmt.Sprint(target.Endpoint, " ", target.Maybe))
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

func TestWait(t *testing.T) {
	const pass = "ProxyPass /a fcgi://127.0.0.1:9000/\n"
	for text, want := range map[string]string{
		pass:                                   "Timeout 1m0s",
		"Timeout 300\n" + pass:                 "Timeout 5m0s",
		pass + "Timeout 300\n":                 "Timeout 5m0s",
		"Timeout 300\nProxyTimeout 9\n" + pass: "ProxyTimeout 9s",
		"ProxyTimeout 9\n<VirtualHost *>\nTimeout 7\n" + pass + "</VirtualHost>\n":          "ProxyTimeout 9s",
		"ProxyTimeout 9\n<VirtualHost *>\nProxyTimeout 500ms\n" + pass + "</VirtualHost>\n": "ProxyTimeout 500ms",
		"Timeout 8\nProxyPass /a fcgi://127.0.0.1:9000/ retry=0 timeout=3\n":                "timeout 3s",

		// not known
		pass + "<VirtualHost *>\nProxyTimeout 9\n</VirtualHost>\n":                    "?", // requests of the virtual host go there as well
		"<IfModule a>\nProxyTimeout 9\n</IfModule>\n" + pass:                          "?",
		"ProxyTimeout ${T}\n" + pass:                                                  "?",
		"ProxyTimeout 1h\n" + pass:                                                    "?",
		"IncludeOptional gone\n" + pass:                                               "?",
		pass + "<Proxy fcgi://127.0.0.1:9000>\nProxySet timeout=5\n</Proxy>\n":        "?",
		pass + "ProxyPass /b fcgi://127.0.0.1:9000/b timeout=5\n":                     "?",
		"Timeout 8\nProxyPass /a fcgi://127.0.0.1:9000/ retry=0 timeout=${SECONDS}\n": "?",
	} {
		targets := Load(source.NewFile("f", text), tree{}).Targets()
		got := "?"
		if w := targets[0].Wait; w.Known {
			got = fmt.Sprint(w.Name, " ", w.Time)
			if text := w.Span.Text(); !w.Span.IsZero() && !strings.ContainsAny(text[:1], "0123456789") {
				t.Errorf("written at %q", text)
			}
		}
		if got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

func TestIdentity(t *testing.T) {
	environment := Environment(source.NewFile("envvars", "export APACHE_RUN_USER=www-data\nexport APACHE_RUN_GROUP=www-data\nexport TWICE=a\nexport TWICE=b\n  export IN_IF=x\nexport SHELL=$(id)\n"))
	for text, want := range map[string]string{
		"User apache\nGroup web\n":                                "apache:web true",
		"User ${APACHE_RUN_USER}\nGroup ${APACHE_RUN_GROUP}\n":    "www-data:www-data true",
		"User ${TWICE}\nGroup a\n":                                ": false",
		"User ${IN_IF}\nGroup a\n":                                ": false",
		"User ${SHELL}\nGroup a\n":                                ": false",
		"User #33\nGroup a\n":                                     ": false",
		"Group a\n":                                               ": false",
		"<IfModule unixd_module>\nUser a\nGroup a\n</IfModule>\n": ": false",
		"User a\nGroup a\n<VirtualHost *>\nAssignUserID b b\n</VirtualHost>\n": ": false",
		"User a\nGroup a\nInclude gone\n":                                      "a:a false",
	} {
		user, group, _, known := Load(source.NewFile("f", text), tree{}).Identity(environment)
		if got := fmt.Sprint(user, ":", group, " ", known); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

func TestServerRoot(t *testing.T) {
	files := tree{"/srv/httpd/a.conf": "Listen 1\n", "a.conf": "Listen 2\n"}
	for text, want := range map[string]string{
		"Include a.conf\n":                                           "[*:2] true",
		"ServerRoot /srv/httpd\nInclude a.conf\n":                    "[*:1] true",
		"ServerRoot \"/srv/httpd/\"\nInclude /srv/httpd/a.conf\n":    "[*:1] true",
		"ServerRoot ${ROOT}\nInclude a.conf\n":                       "[] false",
		"<IfDefine A>\nServerRoot /x\n</IfDefine>\nInclude a.conf\n": "[] false",
	} {
		s := Load(source.NewFile("f", text), files)
		if got := fmt.Sprint(describe(s), " ", s.Backend().Complete); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

func TestOutline(t *testing.T) {
	f := source.NewFile("f", "  # a\r\nListen 80 # no\n# goes on \\\n# so\n<A \\\n b>\n\tB c\n <C>\n </C>\n</A>\n</X>\n<D>\nE f\n")
	comments, entries := Outline(f)
	if len(comments) != 1 || comments[0].Text() != "# a" {
		t.Errorf("comments %v", comments)
	}
	want := []string{"Listen 80 # no", "<A \\\n b>\n\tB c\n <C>\n </C>\n</A>", "B c", "<C>\n </C>", "<D>\nE f\n", "E f"}
	var got []string
	for _, at := range entries {
		got = append(got, at.Text())
	}
	if !slices.Equal(got, want) {
		t.Errorf("entries %q", got)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("ProxyPass / unix:/a|fcgi://x timeout=\nSetHandler proxy:fcgi://[::1\nProxyTimeout\n")
	f.Add("<IfModule !mod_php8.c>\n<FilesMatch \\.php$>\nSetHandler proxy:balancer://a\n</FilesMatch>\n</IfModule>\n<Location ~ x>\nProxyPassMatch ^/(a fcgi://h\n")
	f.Add("<Proxy balancer://a>\nBalancerMember fcgi://h\nBalancerMember\n</Proxy>\n<Directory />\nProxyPass ! /\nDocumentRoot a\nServerName\n")
	f.Add("Listen 80\n<VirtualHost *:80>\nSSLEngine \"on\n</VirtualHost>\nInclude f\\\n")
	f.Fuzz(func(t *testing.T, text string) {
		comments, entries := Outline(source.NewFile("f", text))
		for _, at := range append(comments, entries...) {
			if at.Start >= at.End || at.End > len(text) {
				t.Fatalf("comment or entry %d-%d", at.Start, at.End)
			}
		}
		s := Load(source.NewFile("f", text), tree{"f": text})
		for _, target := range s.Targets() {
			if target.Span.Text() == "" || !target.Maybe && target.Protocol == 0 {
				t.Fatalf("target %+v", target)
			}
		}
		for _, l := range s.Listeners() {
			if l.Span.Text() == "" {
				t.Fatal("a listener without its place")
			}
		}
	})
}
