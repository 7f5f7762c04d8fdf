package stack

import (
	"strings"
	"testing"

	"nginx-lint/analyzer/nginx"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, http, want string }{
		{
			"properties are of the address", "server { server_name a; listen 443; } server { server_name b; listen 443 ssl http2 default_server; } server { server_name c; listen 443 proxy_protocol; }",
			"0.0.0.0:443 a,b,c default=b tls proxy_protocol http2 complete",
		},
		{"families", "server { server_name a; listen 80; listen [::]:80; listen 127.0.0.1:80; }", "0.0.0.0:80 a default=a complete; [::]:80 a default=a complete; 127.0.0.1:80 a default=a complete"},
		{"one says ipv6only=off for all", "server { server_name a; listen [::]:80; } server { server_name b; listen [::]:80 ipv6only=off; }", "[::]:80 a,b default=a complete dual"},
		{"UDP apart", "server { server_name a; listen 443 quic; listen 443 ssl; }", "0.0.0.0:443 a default=a complete udp; 0.0.0.0:443 a default=a tls complete"},
		{"ssl on of the default server", "server { server_name a; listen 443; ssl on; } server { server_name b; listen 443; }", "0.0.0.0:443 a,b default=a tls complete"},
		{"ssl on of another", "server { server_name a; listen 443; } server { server_name b; listen 443; ssl on; }", "0.0.0.0:443 a,b default=a complete"},
		{"http2 on", "server { server_name a; listen 443; } server { server_name b; listen 443; http2 on; }", "0.0.0.0:443 a,b default=a http2 complete"},
		{"missing in http", "include x; server { server_name a; listen 80; }", "0.0.0.0:80 a default=a"},
		{"missing in a server", "server { server_name a; listen 80; include x; }", "0.0.0.0:80 a default=a"},
		{"missing in a location", "server { server_name a; listen 80; location / { include x; } }", "0.0.0.0:80 a default=a complete"},
		{"an address that is not known", "server { server_name a; listen 80; listen $x; }", "0.0.0.0:80 a default=a"},
		{"a server without listen", "server { server_name a; } server { server_name b; listen 80; listen 81; }", "0.0.0.0:80 b default=b; 0.0.0.0:81 b default=b complete"},
	}
	for _, tt := range tests {
		var got []string
		for _, a := range scopeOf(t, tt.http).Addresses {
			got = append(got, describeAddress(a))
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%s:\n%s, want\n%s", tt.name, s, tt.want)
		}
	}
}

func describeAddress(a *Address) string {
	name := func(b *nginx.Block) string { return b.Own("server_name")[0].Arg(0) }
	var servers []string
	for _, b := range a.Servers {
		servers = append(servers, name(b))
	}
	words := []string{a.String(), strings.Join(servers, ","), "default=" + name(a.Default)}
	for _, p := range []struct {
		word string
		set  bool
	}{
		{"tls", !a.TLS.IsZero()},
		{"proxy_protocol", !a.ProxyProtocol.IsZero()},
		{"http2", !a.HTTP2.IsZero()},
		{"complete", a.Complete},
		{"udp", a.UDP},
		{"dual", a.Endpoint.Families == Dual},
	} {
		if p.set {
			words = append(words, p.word)
		}
	}
	return strings.Join(words, " ")
}

// TestOwn holds which of nginx's own addresses answer a target.
func TestOwn(t *testing.T) {
	t.Parallel()
	tests := []struct{ target, listens, want string }{
		{"127.0.0.1:8080", "listen 8080;", "0.0.0.0:8080"},
		{"127.0.0.1:8080", "listen [::]:8080;", ""},
		{"127.0.0.1:8080", "listen [::]:8080 ipv6only=off;", "[::]:8080"},
		{"127.0.0.1:8080", "listen 8080; listen 127.0.0.1:8080;", "127.0.0.1:8080"},
		{"127.0.0.1:8080", "listen 8081;", ""},
		{"127.0.0.1:8080", "listen localhost:8080;", ""}, // what it binds is for the hosts file to say
		{"localhost:8080", "listen 8080; listen [::]:8080;", "0.0.0.0:8080 [::]:8080"},
		{"localhost:8080", "listen [::1]:8080;", ""},
		{"localhost:8080", "listen 127.0.0.1:8080; listen [::1]:8080;", "127.0.0.1:8080 [::1]:8080"},
		{"10.0.0.5:8080", "listen 8080;", ""}, // another host's
		{"0.0.0.0:8080", "listen 8080;", ""},
		{"unix:/var/run/a.sock", "listen unix:/run/a.sock;", "unix:/run/a.sock"},
		{"127.0.0.1:8080", "listen 8080 quic;", ""},
	}
	for _, tt := range tests {
		s := scopeOf(t, "server { "+tt.listens+" } server { listen 80; location / { proxy_pass http://"+tt.target+"; } }")
		var got []string
		for _, a := range s.Hops[0].Own {
			got = append(got, a.String())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s to %s: %q, want %q", tt.target, tt.listens, got, tt.want)
		}
	}
}
