package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// refusedConnection is how nginx fails where nothing listens on a port of another container.
func refusedConnection(h *stack.Hop) failure {
	return noConnection(fmt.Sprintf("connect() failed (111: Connection refused) while connecting to upstream, upstream: \"fastcgi://ADDRESS:%d\"", h.Peer.Endpoint.Port))
}

// named is the one service that the name in a hop's address certainly leads to;
// nil where there is none such.
func named(h *stack.Hop) *compose.Service {
	from, e := h.Service(), h.Peer.Endpoint
	if from == nil || e.Net != stack.TCP || e.Host == "" || e.Local() || h.Peer.Down || h.Peer.PortMissing {
		return nil
	}
	c := h.Scope.Containers
	to, known := c.Resolve(from, e.Host)
	if !known || len(to) != 1 || to[0] == c.Project.Namespace(from) || c.Views[to[0]] == nil || guests(h.Scope, to[0]) {
		return nil
	}
	return to[0]
}

// guests reports whether other services use, or may use, the network of a service:
// they may listen there as well.
func guests(s *stack.Scope, host *compose.Service) bool {
	type key struct{ *compose.Service }
	return stack.Once(s, key{host}, func() bool {
		project := s.Containers.Project
		return slices.ContainsFunc(project.Services, func(o *compose.Service) bool {
			n := project.Namespace(o)
			return o != host && (n == host || n == nil && !o.HostMode())
		})
	})
}

// listenersIn are the listeners in a service; known is false where it may have others.
func listenersIn(s *stack.Scope, service *compose.Service) (found []*stack.Listener, known bool) {
	c := s.Containers
	for _, l := range s.Listeners {
		if slices.Contains(c.Of(l), service) {
			found = append(found, l)
		}
	}
	if slices.ContainsFunc(found, func(l *stack.Listener) bool { return l.Backend != nil && !l.Backend.Complete }) {
		return found, false
	}
	if len(found) > 0 && !slices.ContainsFunc(found, func(l *stack.Listener) bool { return l.Backend == nil }) {
		return found, true // its command says all
	}
	known = len(found) > 0 && c.Views[service].Runs() != 0 && c.Views[service].Runs() != compose.Nginx
	for _, p := range s.UnknownPools {
		known = known && c.Masters[p.Master] != service
	}
	for m, of := range c.Masters {
		known = known && (of != service || m.Complete())
	}
	return found, known
}

// fpmServices are the services that certainly run PHP-FPM, in the project's order.
func fpmServices(s *stack.Scope) []*compose.Service {
	type key struct{}
	return stack.Once(s, key{}, func() []*compose.Service {
		var found []*compose.Service
		for _, service := range s.Containers.Project.Services {
			if v := s.Containers.Views[service]; v != nil && v.Runs() == compose.FPM {
				found = append(found, service)
			}
		}
		return found
	})
}

// readBy says which service reads the file that a hop's address is written in.
func readBy(s *compose.Service) diag.Label {
	return label(s.Key, "reads it, in service %s", s.Name)
}

// listensAt is the label of a listener in a container.
func listensAt(l *stack.Listener, service *compose.Service) diag.Label {
	if l.Image {
		return label(l.Span, "the image of service %s listens on %s by default", service.Name, l.Endpoint)
	}
	return label(l.Span, "service %s listens on %s", service.Name, l.Endpoint)
}

// hostSpan is the host in the address of a hop, and portSpan the port, where they
// are written as they are.
func hostSpan(h *stack.Hop) (at source.Span, ok bool) {
	return within(h.Peer.Span, h.Peer.Endpoint.Host)
}

func portSpan(h *stack.Hop) (at source.Span, ok bool) {
	at, ok = within(h.Peer.Span, h.Peer.Endpoint.Host+portSuffix(h.Peer.Endpoint.Port))
	at.Start += len(h.Peer.Endpoint.Host) + 1
	return at, ok
}

func within(span source.Span, part string) (source.Span, bool) {
	i := strings.Index(strings.ToLower(span.Text()), part)
	if i < 0 {
		return span, false
	}
	return source.Span{File: span.File, Start: span.Start + i, End: span.Start + i + len(part)}, true
}

// besidePHP are the labels of a hop that ends in nginx's own container, while these
// services run PHP-FPM.
func besidePHP(h *stack.Hop, php []*compose.Service) []diag.Label {
	labels := append([]diag.Label{readBy(h.Service())}, useLabel(h)...)
	for _, s := range php[:min(len(php), 3)] {
		text := "runs PHP-FPM"
		if l, _ := listenersIn(h.Scope, s); len(l) == 1 {
			text += ", which listens on " + l[0].Endpoint.String()
		}
		labels = append(labels, label(s.Key, "%s", text))
	}
	return labels
}
