package rules

import (
	"strconv"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var composeWrongPort = analyzer.Rule{
	ID:         "compose-wrong-port",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Unsafe},
	OnHop:      wrongPort,
	Doc: analyzer.Doc{
		Summary: "nginx connects to a port on which the service does not listen",
		What: "A target names a service of the compose project, and a port on which nothing in its container listens: mostly the one that `ports` publishes on the host. " +
			"Judged for services that run PHP-FPM and all of whose pools are known (one that listens on a unix socket has no port), for gunicorn and uWSGI whose command says where they listen, and where the port is published for another one of the container, for images of web servers too. " +
			"A warning for other services where `PORT` of their environment, and `expose` or `ports`, say one port, and the compose file and the Dockerfile hold the number that nginx uses nowhere, but as a port of the host. " +
			"A warning where `error_page 502` gives another answer.",
		Why:       "Every such request fails with 502; error.log: `connect() failed (111: Connection refused) while connecting to upstream`. `ports` is about the host: between services the port of the container counts, and `expose` changes nothing.",
		Gaps:      "Silent for custom images without `PORT`, for services whose command or entrypoint is not the image's own, and where a pool's address is not known.",
		Remedy:    "Write the port on which the service listens in its container.",
		FixSafety: "Unsafe, and offered where the service listens on one port: that it is meant is a guess.",
		Refs:      []string{"https://docs.docker.com/compose/how-tos/networking/"},
		Since:     "0.1.0",
	},
}

func wrongPort(p *analyzer.Pass, h *stack.Hop) {
	service := named(h)
	if service == nil || len(h.Listeners) > 0 {
		return
	}
	listeners, known := listenersIn(h.Scope, service)
	if !known {
		otherPortVariable(p, h, service)
		return
	}
	port := h.Peer.Endpoint.Port
	ports := map[int]*stack.Listener{}
	fastCGI, command := false, true
	for _, l := range listeners {
		fastCGI = fastCGI || l.Protocol == stack.FastCGI
		command = command && l.Backend != nil && l.Backend.Complete
		if l.Endpoint.Net == stack.TCP {
			ports[l.Endpoint.Port] = l
		}
	}
	published := 0
	for _, pub := range service.Ports {
		if pub.Published > 0 && port >= pub.Published && port < pub.Published+pub.Count {
			published = pub.Target + port - pub.Published
		}
	}
	if len(listeners) == 0 || ports[port] != nil || ports[published] == nil && !command && (!fastCGI || h.Target.Protocol != stack.FastCGI) {
		return
	}
	failure := refusedConnection(h)
	if h.Target.Protocol != stack.FastCGI {
		failure = noConnection("connect() failed (111: Connection refused) while connecting to upstream")
	}
	severity, notes := failure.of(h)
	at, _ := portSpan(h)
	f := diag.Finding{
		Severity: severity,
		Summary:  "nginx connects to a port on which the service does not listen",
		Subject:  label(at, "nothing in service %s listens on %d", service.Name, port),
		Related:  append([]diag.Label{readBy(h.Service())}, useLabel(h)...),
		Notes:    notes,
		Remedy:   "write the port of the container",
	}
	if len(ports) == 0 {
		f.Remedy = "let both services share the folder of the socket and connect to that, or let PHP-FPM listen on a port"
	}
	for _, pub := range service.Ports {
		if pub.Published > 0 && port >= pub.Published && port < pub.Published+pub.Count {
			f.Related = append(f.Related, label(pub.Span, "publishes it on the host, for port %d of the container", published))
		}
	}
	for _, l := range listeners[:min(len(listeners), 3)] {
		f.Related = append(f.Related, listensAt(l, service))
	}
	if right, ok := portSpan(h); ok && len(ports) == 1 {
		for only := range ports {
			f.Remedy = "write port " + strconv.Itoa(only)
			f.Fixes = []diag.Fix{{
				Title: "connect to port " + strconv.Itoa(only), Safety: diag.Unsafe, Risk: "requests go to service " + service.Name,
				Edits: []diag.Edit{{Span: right, NewText: strconv.Itoa(only)}},
			}}
		}
	}
	p.Report(targetRef(h), analyzer.Causes{targetRef(h), h.Reach}, f)
}
