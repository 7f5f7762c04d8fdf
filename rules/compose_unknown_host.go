package rules

import (
	"net/netip"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/spelling"
	"nginx-lint/analyzer/stack"
)

var composeUnknownHost = analyzer.Rule{
	ID:         "compose-unknown-host",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Unsafe},
	OnHop:      unknownHost,
	Doc: analyzer.Doc{
		Summary: "no service of the compose project has the name that nginx connects to",
		What: "A file that a compose project puts into an nginx container, by a mount or in its Dockerfile, names a host that is no service, `container_name`, `hostname`, network alias, link or `extra_hosts` of the project, " +
			"or one of a service that shares no network with nginx.",
		Why: "nginx looks the name up when it starts, and does not start: `[emerg] host not found in upstream \"NAME\"`. With `restart: always` the container starts again and again.",
		Gaps: "Silent for names with a dot or without a port (an upstream in a file that was not read may have them), for names in variables (they are looked up for each request), where nginx is on an external network or one with a name of its own, uses the network of the machine, or where a compose file, an alias or a name could not be read. " +
			"What another program brings to the network, as `docker run --network`, is in no file.",
		Remedy:    "Write the name of the service, or give the service that name as an alias.",
		FixSafety: "Unsafe: one service differs in one or two letters, and is taken to be meant.",
		Refs:      []string{"https://docs.docker.com/compose/how-tos/networking/", "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server"},
		Since:     "0.1.0",
	},
}

func unknownHost(p *analyzer.Pass, h *stack.Hop) {
	from, e := h.Service(), h.Peer.Endpoint
	if from == nil || e.Net != stack.TCP || e.Local() || !hostName(e.Host) || len(h.Target.Names) > 0 || !h.Peer.By.IsZero() || !h.Scope.InUse(h.Target.Config) {
		return
	}
	project := h.Scope.Containers.Project
	to, known := h.Scope.Containers.Resolve(from, e.Host)
	if !known || len(to) > 0 {
		return
	}
	at, written := hostSpan(h)
	if _, port := portSpan(h); !port && (written || !strings.Contains(at.Text(), "$")) {
		return // an upstream that was not read may have the name
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "nginx connects to a host that its container cannot find",
		Subject:  label(at, "no service of %s is named %s", project.Files[0].Path, e.Host),
		Related:  append([]diag.Label{readBy(from)}, useLabel(h)...),
		Notes:    []string{"nginx does not start: [emerg] host not found in upstream \"" + e.Host + "\""},
		Remedy:   "write the name of the service that is meant",
	}
	var reachable []string
	for _, s := range project.Services {
		names, _ := project.Names(s)
		if slices.Contains(names, e.Host) {
			f.Subject.Text = "service " + s.Name + " shares no network with " + from.Name
			f.Related = append(f.Related, label(s.Key, "is on other networks"))
			f.Remedy = "put both services on one network"
		} else if s != from && project.Connected(from, s) {
			reachable = append(reachable, names...)
		}
	}
	if near := spelling.Nearest(e.Host, slices.Values(reachable)); near != "" && written && len(f.Related) == 1+len(useLabel(h)) {
		f.Fixes = []diag.Fix{{
			Title: "connect to " + near, Safety: diag.Unsafe, Risk: "another service may be meant",
			Edits: []diag.Edit{{Span: at, NewText: near}},
		}}
	}
	p.Report(targetRef(h), h.Peer, f)
}

// hostName reports whether a host is a name without dots, as those of services are.
func hostName(host string) bool {
	_, err := netip.ParseAddr(host)
	return host != "" && err != nil && !strings.ContainsAny(host, ".*")
}
