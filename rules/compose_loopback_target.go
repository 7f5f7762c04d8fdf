package rules

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var composeLoopbackTarget = analyzer.Rule{
	ID:         "compose-loopback-target",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Unsafe},
	OnHop:      loopbackTarget,
	Doc: analyzer.Doc{
		Summary: "inside a container, 127.0.0.1 is the container itself",
		What: "`fastcgi_pass` in a file of an nginx container leads to a loopback address, where that container runs nginx and nothing else, and PHP-FPM runs in another service of the compose project. " +
			"A warning where `error_page 502` gives another answer.",
		Why:       "Every such request fails with 502; error.log: `connect() failed (111: Connection refused) while connecting to upstream`. Each container has a loopback interface of its own.",
		Gaps:      "Only where the image is nginx's own, started as it starts itself: other images may run PHP-FPM beside nginx (supervisord, s6). Silent with `network_mode: host`, and where another service uses nginx's network (`network_mode: service:…`), as in a pod.",
		Remedy:    "Name the service that runs PHP-FPM, with the port of its container: `fastcgi_pass php:9000;`.",
		FixSafety: "Unsafe, and offered where one service runs PHP-FPM: that it is meant is a guess.",
		Refs:      []string{"https://docs.docker.com/compose/how-tos/networking/"},
		Since:     "0.1.0",
	},
}

func loopbackTarget(p *analyzer.Pass, h *stack.Hop) {
	from, e := h.Service(), h.Peer.Endpoint
	if from == nil || h.Target.Protocol != stack.FastCGI || e.Net != stack.TCP || !e.Local() || h.Peer.Down || h.Peer.PortMissing || len(h.Listeners) > 0 {
		return
	}
	c := h.Scope.Containers
	if c.Views[from].Runs() != compose.Nginx {
		return
	}
	php := fpmServices(h.Scope)
	if len(php) == 0 || c.Project.Namespace(from) != from || guests(h.Scope, from) {
		return
	}
	severity, notes := nobodyListens(h).of(h)
	f := diag.Finding{
		Severity: severity,
		Summary:  "a container connects to itself for PHP",
		Subject:  label(h.Peer.Span, "in service %s this is nginx's own container, where no PHP-FPM runs", from.Name),
		Related:  besidePHP(h, php),
		Notes:    notes,
		Remedy:   "connect to the service that runs PHP-FPM",
	}
	if listeners, known := listenersIn(h.Scope, php[0]); len(php) == 1 && known && len(listeners) == 1 && !strings.Contains(h.Peer.Span.Text(), "$") &&
		listeners[0].Endpoint.Net == stack.TCP && c.Project.Connected(from, php[0]) {
		address := fmt.Sprintf("%s:%d", php[0].Name, listeners[0].Endpoint.Port)
		f.Remedy = "connect to " + address
		f.Fixes = []diag.Fix{{
			Title: f.Remedy, Safety: diag.Unsafe, Risk: "requests go to service " + php[0].Name,
			Edits: []diag.Edit{{Span: h.Peer.Span, NewText: address}},
		}}
	}
	at := targetRef(h)
	p.Report(at, analyzer.Causes{at, h.Reach}, f)
}
