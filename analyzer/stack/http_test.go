package stack

import (
	"fmt"
	"strings"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// unread is a Loader that finds nothing.
type unread struct{}

func (unread) Place(string) string { return "" }

func (unread) Include(string) (trees []*syntax.Tree, complete, outside bool) {
	return nil, false, false
}

func (unread) Has(string) bool { return false }

// scopeOf builds the scope of one nginx whose http block holds the text.
func scopeOf(t *testing.T, http string) *Scope {
	t.Helper()
	tree := syntax.Parse(source.NewFile("nginx.conf", "events {}\nhttp {\n"+http+"\n}\n"))
	s := &Scope{Nginx: []*nginx.Config{nginx.Load(tree, catalog.Version{}, unread{}, nginx.NewBudget())}}
	Build(s, NewBudget())
	return s
}

// TestTargetURL holds what a proxy_pass sends: the TLS, the Host and the URI part.
func TestTargetURL(t *testing.T) {
	t.Parallel()
	const upstream = "upstream app { server 127.0.0.1; }\n"
	tests := []struct{ location, want string }{
		{"proxy_pass http://127.0.0.1;", `127.0.0.1:80 tls=false host="127.0.0.1" true uri=""`},
		{"proxy_pass http://127.0.0.1:80/;", `127.0.0.1:80 tls=false host="127.0.0.1" true uri="/"`},
		{"proxy_pass https://127.0.0.1:8443/a/b;", `127.0.0.1:8443 tls=true host="127.0.0.1:8443" true uri="/a/b"`},
		{"proxy_pass https://[::1];", `[::1]:443 tls=true host="[::1]" true uri=""`},
		{"proxy_pass HTTP://localhost:8080;", `localhost:8080 tls=false host="localhost:8080" true uri=""`},
		{"proxy_pass http://unix:/run/a.sock:/x;", `unix:/run/a.sock tls=false host="localhost" true uri="/x"`},
		{"proxy_pass http://unix:/run/a.sock;", `unix:/run/a.sock tls=false host="localhost" true uri=""`},
		{"proxy_pass http://app/x;", `127.0.0.1:80 tls=false host="app" true uri="/x"`},
		{"proxy_pass http://app; proxy_set_header Host a.test;", `127.0.0.1:80 tls=false host="a.test" true uri=""`},
		{"proxy_pass http://app; proxy_set_header host $proxy_host;", `127.0.0.1:80 tls=false host="app" true uri=""`},
		{"proxy_pass http://app; proxy_set_header X-Real-IP $remote_addr;", `127.0.0.1:80 tls=false host="app" true uri=""`},
		{"proxy_pass http://app; proxy_set_header Host a; proxy_set_header Host b;", `127.0.0.1:80 tls=false host="b" false uri=""`},
		{"proxy_pass http://app; include headers;", `127.0.0.1:80 tls=false host="app" false uri=""`},
		{"proxy_pass http://127.0.0.1:81$request_uri; proxy_set_header Host $host;", `127.0.0.1:81 tls=false host="$host" true`},
		{"grpc_pass 127.0.0.1:50051;", `127.0.0.1:50051 tls=false`},
		{"grpc_pass grpcs://127.0.0.1:50051;", `127.0.0.1:50051 tls=true`},
		{"grpc_pass grpc://app;", `127.0.0.1:80 tls=false`},
		{"uwsgi_pass suwsgi://127.0.0.1:3031;", `127.0.0.1:3031 tls=true`},
		{"memcached_pass 127.0.0.1:11211;", `127.0.0.1:11211 tls=false`},
	}
	for _, tt := range tests {
		s := scopeOf(t, upstream+"proxy_set_header X-Outer 1;\nserver { listen 80; location / { "+tt.location+" } }")
		if len(s.Targets) != 1 || len(s.Targets[0].Peers) != 1 {
			t.Errorf("%s: %d targets", tt.location, len(s.Targets))
			continue
		}
		target := s.Targets[0]
		got := fmt.Sprintf("%s tls=%v", target.Peers[0].Endpoint, target.Peers[0].TLS)
		if target.Protocol == HTTP {
			host, known := target.SentHost()
			got += fmt.Sprintf(" host=%q %v", host, known)
			if !strings.Contains(target.Pass.Arg(0), "$") {
				got += fmt.Sprintf(" uri=%q", target.URI())
			}
		}
		if got != tt.want {
			t.Errorf("%s:\n%s, want\n%s", tt.location, got, tt.want)
		}
	}
}
