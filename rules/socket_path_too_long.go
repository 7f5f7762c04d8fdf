package rules

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var socketPathTooLong = analyzer.Rule{
	ID:            "socket-path-too-long",
	RefusedPartly: []diag.Program{diag.Nginx},
	Severities:    []diag.Severity{diag.Error},
	OnScope:       pathTooLong,
	Doc: analyzer.Doc{
		Summary: "a unix socket's path that is longer than the system takes",
		What:    "The path of a unix socket, in nginx's `listen`, `server` or `*_pass` or in a pool's `listen`, has more than 107 bytes.",
		Why: "A socket's address has room for 107 bytes. nginx refuses to start: `too long path in the unix domain socket`. php-fpm says nothing, cuts the path off there, and makes the socket under a name that nobody connects to: " +
			"requests end as 502 with `connect() to unix:PATH failed (2: No such file or directory) while connecting to upstream`.",
		Gaps:   "That is Linux's limit; BSD and macOS take 103 bytes. Paths with variables are not judged, and of a relative listen only what is written (and the pool's `prefix`) is counted.",
		Remedy: "Use a shorter path, /run/php/NAME.sock for example, on both sides.",
		Refs:   []string{"https://man7.org/linux/man-pages/man7/unix.7.html"},
		Since:  "0.1.0",
	},
}

func pathTooLong(p *analyzer.Pass, s *stack.Scope) {
	for _, c := range s.Nginx {
		for b := range c.Blocks(catalog.Server | catalog.StreamServer | catalog.Upstream | catalog.StreamUpstream | catalog.Location | catalog.IfInLocation | catalog.LimitExcept) {
			for r := range b.All() {
				if _, ok := nginxSocket(r); ok {
					longInNginx(p, r)
				}
			}
		}
	}
	for _, m := range s.Masters {
		for _, pool := range m.Pools {
			longInPool(p, pool)
		}
	}
}

// nginxSocket is the path of the unix socket that a directive listens on or connects to.
func nginxSocket(r nginx.Ref) (path string, ok bool) {
	name := r.Name()
	if name != "listen" && name != "server" && !strings.HasSuffix(name, "_pass") || r.NArgs() == 0 {
		return "", false
	}
	scheme, path, ok := strings.Cut(r.Arg(0), "unix:")
	if !ok || scheme != "" && !strings.HasSuffix(scheme, "://") || !nginx.Literal(path) {
		return "", false
	}
	if name == "proxy_pass" {
		path, _, _ = strings.Cut(path, ":") // http://unix:/path:/uri
	}
	return path, true
}

func longInNginx(p *analyzer.Pass, r nginx.Ref) {
	path, _ := nginxSocket(r)
	if len(path) <= stack.MaxSocketPath {
		return
	}
	p.Report(r, r, diag.Finding{
		Severity:  diag.Error,
		Summary:   "a socket's path is too long",
		Subject:   label(r.ArgSpan(0), "the path has %d bytes, %d are the most", len(path), stack.MaxSocketPath),
		Notes:     []string{"nginx says: too long path in the unix domain socket " + socketPlace(r)},
		Remedy:    "use a shorter path",
		RefusedBy: diag.Nginx,
	})
}

// socketPlace names the address as nginx does in its messages, without the scheme.
func socketPlace(r nginx.Ref) string {
	_, path, _ := strings.Cut(r.Arg(0), "unix:")
	address := "unix:" + path
	if r.Name() == "listen" {
		return fmt.Sprintf(`in "%s" of the "listen" directive`, address)
	}
	return fmt.Sprintf(`in upstream "%s"`, address)
}

func longInPool(p *analyzer.Pass, pool *fpm.Pool) {
	v := pool.Get("listen")
	listen, ok := fpm.ParseListen(v.Text)
	if !ok || !v.Set || !v.Known || listen.Kind != fpm.Unix || nginx.Opaque(v.Text) {
		return
	}
	path := listen.Path
	if prefix := pool.Get("prefix"); listen.Relative && prefix.Set && prefix.Known {
		path = prefix.Text + "/" + path
	}
	if len(path) <= stack.MaxSocketPath {
		return
	}
	p.Report(nginx.Ref{}, pool, diag.Finding{
		Severity: diag.Error,
		Summary:  "a socket's path is too long",
		Subject:  label(v.Span, "the path has %d bytes, php-fpm cuts it off after %d", len(path), stack.MaxSocketPath),
		Notes:    []string{"php-fpm logs nothing; nginx refuses a path of this length: too long path in the unix domain socket"},
		Remedy:   "use a shorter path",
	})
}
