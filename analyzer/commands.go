package analyzer

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/gunicorn"
	"nginx-lint/analyzer/keyfile"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/uwsgi"
)

// plainImage matches images that start the command as it is: they have no program
// of their own to do so.
var plainImage = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(docker\.io/)?(library/)?(python|debian|ubuntu|alpine)(:[^/]*)?$`)
})

// commandListeners are what the services of a project listen on whose command says
// so: gunicorn and uWSGI with the address among their arguments.
func (p *project) commandListeners(project *compose.Project) []*stack.Listener {
	var found []*stack.Listener
	for _, s := range p.services.all {
		if s.project != project {
			continue
		}
		words := commandOf(s.Service)
		if words == nil {
			continue
		}
		none := func(string) (*source.File, bool) { return nil, false }
		b, listeners, ok := gunicorn.Read(gunicorn.Start{Words: words, Environment: true, Open: none})
		if !ok {
			b, listeners, ok = uwsgi.Command(words, "", func(string) *source.File { return nil })
		}
		if !ok || !b.Complete {
			continue
		}
		for _, l := range listeners {
			l.Service = s.Service
			found = append(found, l)
		}
	}
	return found
}

// commandOf are the words of what a service runs, where that is one of the two
// programs and nothing stands between; nil elsewhere.
func commandOf(s *compose.Service) []keyfile.Word {
	base := s.BaseImage()
	if s.Unknown || !base.Known || !plainImage().MatchString(base.Text) {
		return nil
	}
	var words []keyfile.Word
	for _, c := range startOf(s) {
		for i, text := range c.Words {
			if strings.ContainsAny(text, "\"'`;|&<>()\\\n") {
				return nil // for a shell
			}
			at := c.Span
			if len(c.Places) > 0 {
				at = c.Places[i]
			}
			if i := strings.Index(at.Text(), text); i >= 0 {
				at.Start, at.End = at.Start+i, at.Start+i+len(text)
			}
			words = append(words, keyfile.Word{Text: text, Span: at, Known: c.Known && !strings.Contains(text, "$")})
		}
	}
	if len(words) > 3 && slices.Contains([]string{"python", "python3"}, path.Base(words[0].Text)) && words[1].Text == "-m" {
		words = words[2:]
	}
	if len(words) == 0 || !slices.Contains([]string{"gunicorn", "uwsgi"}, path.Base(words[0].Text)) {
		return nil
	}
	return words
}

// startOf are the entrypoint and the command of a service, as far as they are written.
func startOf(s *compose.Service) []*compose.Command {
	entrypoint, command := s.Entrypoint, s.Command
	if d := s.Dockerfile; d != nil {
		if d.Unknown {
			return nil
		}
		if command == nil && entrypoint == nil {
			command = d.Command
		}
		if entrypoint == nil {
			entrypoint = d.Entrypoint
		}
	}
	return slices.DeleteFunc([]*compose.Command{entrypoint, command}, func(c *compose.Command) bool { return c == nil })
}

// portListeners are where services of unknown programs may listen: what PORT tells
// them, as Node's frameworks and many others take it, and what `expose` names.
// Of those whose command says where they listen, that counts.
func (p *project) portListeners(project *compose.Project, commands []*stack.Listener) []*stack.Listener {
	var found []*stack.Listener
	for _, s := range p.services.all {
		if s.project != project || s.view.Runs() != 0 || slices.ContainsFunc(commands, func(l *stack.Listener) bool { return l.Service == s.Service }) {
			continue
		}
		values := slices.Clone(s.Expose)
		if v, set, known := s.Variable("PORT"); set && known {
			values = append([]compose.Value{v}, values...)
		}
		seen := map[int]bool{}
		for _, v := range values {
			port, err := strconv.Atoi(strings.TrimSuffix(v.Text, "/tcp"))
			if err != nil || port <= 0 || port > 65535 || !v.Known || seen[port] {
				continue
			}
			seen[port] = true
			found = append(found, &stack.Listener{
				Endpoint: stack.TCPEndpoint("*", port), Protocol: stack.Raw, Span: v.Span, Service: s.Service, Backend: &stack.Backend{Program: s.Name, At: s.Key}, TLS: stack.Maybe, Maybe: true,
			})
		}
	}
	return found
}
