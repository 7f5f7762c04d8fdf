package rules

import (
	"strconv"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var composeFPMLoopbackListen = analyzer.Rule{
	ID:         "compose-fpm-loopback-listen",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe},
	OnHop:      fpmLoopbackListen,
	Doc: analyzer.Doc{
		Summary: "PHP-FPM listens on its own container's loopback address, nginx is in another",
		What: "nginx connects to a service of the compose project whose pool listens on that port of 127.0.0.1 only. " +
			"The official images of PHP-FPM set `listen = 9000` by themselves: until January 2026 in zz-docker.conf, which is read after www.conf and wins; since the next release of each branch (8.2.31, 8.3.30, 8.4.17, 8.5.2) in docker.conf, which is read before it and loses. " +
			"So a www.conf with `listen = 127.0.0.1:9000` works or does not by the tag of the image: an error where the tag tells that it does not, a warning where the tag floats from one to the other (`php:8.3-fpm`), and the next build or pull decides.",
		Why:       "Every request to it fails with 502; nginx's error.log: `connect() failed (111: Connection refused) while connecting to upstream`. PHP-FPM starts and logs nothing.",
		Gaps:      "Only where the files and the image of the service are known: a custom image, a folder of pools in a volume, and a Dockerfile that edits them are not.",
		Remedy:    "Write `listen = 9000`.",
		FixSafety: "Safe where the service publishes no such port: only containers of its networks reach it. Unsafe where it does: FastCGI that is open to others lets them run code.",
		Refs:      []string{"https://github.com/docker-library/php/pull/1635", "https://www.php.net/manual/en/install.fpm.configuration.php#listen"},
		Since:     "0.1.0",
	},
}

func fpmLoopbackListen(p *analyzer.Pass, h *stack.Hop) {
	service := named(h)
	if service == nil || h.Target.Protocol != stack.FastCGI {
		return
	}
	listeners, known := listenersIn(h.Scope, service)
	port := h.Peer.Endpoint.Port
	var guilty, older *stack.Listener
	for _, l := range listeners {
		switch {
		case l.Endpoint.Net != stack.TCP || l.Endpoint.Port != port:
		case l.Newer != nil:
			older = l
		case !l.Endpoint.Local() || l.Pool == nil || guilty != nil:
			return // served, or served by we do not know whom
		default:
			guilty = l
		}
	}
	if guilty == nil || !known {
		return
	}
	failure := refusedConnection(h)
	severity, notes := failure.of(h)
	f := diag.Finding{
		Severity: severity,
		Summary:  "PHP-FPM listens on its container's own loopback address",
		Subject:  label(guilty.Span, "nothing outside of service %s reaches this", service.Name),
		Related:  []diag.Label{label(h.Peer.Span, "service %s connects to it", h.Service().Name), label(service.Key, "runs PHP-FPM")},
		Notes:    notes,
		Remedy:   "listen on all addresses of the container: listen = " + strconv.Itoa(port),
	}
	if guilty.Older != nil && guilty.Older == older && older.Endpoint.Host == "" {
		f.Severity = diag.Warning
		f.Subject.Text = "in newer images nothing outside of service " + service.Name + " reaches this"
		f.Related = append(f.Related, label(service.BaseImage().Span, "the tag floats: images built before 2026 listen on all addresses whatever is written here"))
	} else if older != nil {
		return
	}
	fix := diag.Fix{
		Title: "listen = " + strconv.Itoa(port), Safety: diag.Safe,
		Edits: []diag.Edit{{Span: guilty.Span, NewText: strconv.Itoa(port)}},
	}
	for _, published := range service.Ports {
		if published.Target <= port && port < published.Target+published.Count {
			fix.Safety, fix.Risk = diag.Unsafe, "the port is published: whoever reaches it runs code through PHP-FPM"
		}
	}
	if !guilty.Image {
		f.Fixes = []diag.Fix{fix}
	}
	p.Report(nginx.Ref{}, guilty.Pool, f)
}
