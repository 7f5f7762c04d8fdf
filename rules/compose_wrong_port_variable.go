package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

// otherPortVariable reports a service whose program is not known where PORT, and
// `expose` or `ports`, tell it one port, and nothing at all the one that nginx uses.
func otherPortVariable(p *analyzer.Pass, h *stack.Hop, service *compose.Service) {
	v, set, known := service.Variable("PORT")
	told, err := strconv.Atoi(v.Text)
	port := h.Peer.Endpoint.Port
	if !set || !known || err != nil || told == port || v.Span.Text() == "" || h.Target.Protocol != stack.HTTP || h.Scope.Containers.Views[service].Runs() != 0 {
		return
	}
	inside := func(pub compose.Port, port int) bool {
		return port >= pub.Target && port < pub.Target+pub.Count && !pub.UDP
	}
	agreed := slices.ContainsFunc(service.Ports, func(pub compose.Port) bool { return inside(pub, told) }) ||
		slices.ContainsFunc(service.Expose, func(e compose.Value) bool { return e.Known && e.Text == v.Text })
	type key struct {
		*compose.Service
		port int
	}
	at, ok := portSpan(h)
	if !agreed || !ok || stack.Once(h.Scope, key{service, port}, func() bool { return mentioned(h.Scope.Containers.Project, service, port) }) {
		return
	}
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "nginx connects to another port than the service is told to listen on",
		Subject:  label(at, "nothing says that service %s listens on %d", service.Name, port),
		Related:  append([]diag.Label{label(v.Span, "the service is told to listen on %d", told), readBy(h.Service())}, useLabel(h)...),
		Notes:    []string{"requests then fail with 502, unless the program listens there as well; error.log: connect() failed (111: Connection refused) while connecting to upstream"},
		Remedy:   fmt.Sprintf("write port %d", told),
		Fixes:    []diag.Fix{{Title: fmt.Sprintf("connect to port %d", told), Safety: diag.Unsafe, Risk: "requests go to another port of service " + service.Name, Edits: []diag.Edit{{Span: at, NewText: v.Text}}}},
	}
	p.Report(targetRef(h), analyzer.Causes{targetRef(h), h.Reach}, f)
}

// mentioned reports whether a number stands anywhere in what the service is started
// by, but for where it is a port of the host.
func mentioned(project *compose.Project, service *compose.Service, port int) bool {
	word := regexp.MustCompile(`\b` + strconv.Itoa(port) + `\b`)
	published := 0
	for _, pub := range service.Ports {
		switch {
		case pub.Published == port && pub.Count == 1 && pub.Target != port:
			published++
		case port >= pub.Target && port < pub.Target+pub.Count:
			return true
		}
	}
	for _, f := range project.Files {
		published -= len(word.FindAllString(f.Text, published+1))
	}
	return published != 0 || service.Dockerfile != nil && service.Dockerfile.File != nil && word.MatchString(service.Dockerfile.File.Text)
}
