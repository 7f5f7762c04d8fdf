package rules

import (
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var composeSocketNotShared = analyzer.Rule{
	ID:         "compose-socket-not-shared",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	OnHop:      socketNotShared,
	Doc: analyzer.Doc{
		Summary: "a unix socket that only nginx's container can have",
		What: "`fastcgi_pass` in a file of an nginx container names a unix socket, that container runs nginx and nothing else, and no other service of the compose project has the folder of the socket: it is no mount, or one of a volume that is nginx's alone. " +
			"PHP-FPM runs in another service. A warning where `error_page 502` gives another answer.",
		Why:    "Every such request fails with 502; error.log: `connect() to unix:PATH failed (2: No such file or directory) while connecting to upstream`. A container sees the sockets of another one only in a folder that both mount.",
		Gaps:   "Only where the image is nginx's own, started as it starts itself. Silent for folders of the machine (`/run/php:/run/php`), where PHP-FPM may run, and for external volumes.",
		Remedy: "Mount one volume in both services at the folder of the socket, or connect to a port of the service.",
		Refs:   []string{"https://docs.docker.com/reference/compose-file/services/#volumes"},
		Since:  "0.1.0",
	},
}

func socketNotShared(p *analyzer.Pass, h *stack.Hop) {
	from, e := h.Service(), h.Peer.Endpoint
	if from == nil || h.Target.Protocol != stack.FastCGI || e.Net != stack.Unix || !strings.HasPrefix(e.Path, "/") || h.Peer.Down || len(h.Listeners) > 0 {
		return
	}
	c := h.Scope.Containers
	store, known := c.Views[from].Store(e.Path)
	php := fpmServices(h.Scope)
	if !known || len(php) == 0 || c.Views[from].Runs() != compose.Nginx || strings.HasPrefix(store, "bind:") {
		return
	}
	type key struct{ *stack.Reach }
	if stack.Once(h.Scope, key{h.Reach}, func() bool { return c.Shared(from, e.Path) }) {
		return
	}
	severity, notes := nobodyListens(h).of(h)
	f := diag.Finding{
		Severity: severity,
		Summary:  "nginx connects to a socket that only its own container can have",
		Subject:  label(h.Peer.Span, "no other service has this folder of service %s", from.Name),
		Related:  besidePHP(h, php),
		Notes:    notes,
		Remedy:   "mount one volume in both services at the folder of the socket, or connect to a port",
	}
	at := targetRef(h)
	p.Report(at, analyzer.Causes{at, h.Reach}, f)
}
