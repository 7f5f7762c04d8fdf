package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

// Containers say in which containers of a compose project the configurations of a
// scope run: addresses and sockets mean something else in each.
type Containers struct {
	Project *compose.Project
	// Views are the file systems of the services.
	Views map[*compose.Service]*compose.View
	// Nginx are the services that read a configuration of nginx, Masters the one
	// that runs a master.
	Nginx   map[*nginx.Config][]*compose.Service
	Masters map[*fpm.Master]*compose.Service
	// Floating are the masters whose image sets the address of a pool before or
	// after the files of the tree do, and its tag does not tell which. The pools
	// are those of the newer images; here is what the older ones made of them.
	Floating map[*fpm.Master]*fpm.Master

	// Supervised are the services of which a supervisord starts nginx and PHP-FPM,
	// and nothing else that could listen.
	Supervised map[*compose.Service]bool

	resolved sync.Map // see Resolve
}

// Resolve is compose.Project.Resolve, asked once for each name.
func (c *Containers) Resolve(from *compose.Service, name string) (to []*compose.Service, known bool) {
	type key struct {
		from *compose.Service
		name string
	}
	type answer struct {
		to    []*compose.Service
		known bool
	}
	a, ok := c.resolved.Load(key{from, name})
	if !ok {
		to, known := c.Project.Resolve(from, name)
		a, _ = c.resolved.LoadOrStore(key{from, name}, answer{to, known})
	}
	found := a.(answer) //nolint:forcetypeassert // there is one asker
	return found.to, found.known
}

// Of is the service that a listener is in; nil where that is not known.
func (c *Containers) Of(l *Listener) []*compose.Service {
	switch {
	case l.Service != nil:
		return []*compose.Service{l.Service}
	case l.Pool != nil && c.Masters[l.Pool.Master] != nil:
		return []*compose.Service{c.Masters[l.Pool.Master]}
	case l.Address != nil:
		return c.Nginx[l.Address.Config]
	}
	return nil
}

// maxPairs bounds how many pairs of services are looked at for one connection.
const maxPairs = 64

// reaches reports whether a connection arrives at a listener.
func (s *Scope) reaches(w way, l *Listener) Certainty {
	c := s.Containers
	if c == nil {
		return w.to.Reaches(l.Endpoint)
	}
	from, at := c.Nginx[w.from], c.Of(l)
	if len(from) == 0 || len(at) == 0 || len(from)*len(at) > maxPairs {
		return min(w.to.Reaches(l.Endpoint), Maybe)
	}
	first := c.between(from[0], at[0], w.to, l.Endpoint)
	for _, f := range from {
		for _, a := range at {
			if c.between(f, a, w.to, l.Endpoint) != first {
				return Maybe
			}
		}
	}
	switch other := l.Other(); {
	case other == nil:
	case first == No && l.Newer != nil:
		return No // its newer says it
	case c.between(from[0], at[0], w.to, other.Endpoint) != first:
		return Maybe
	case l.Newer != nil:
		return No // both are reached, and one is enough
	}
	return first
}

// Other is the address that the listener has, or had, in other releases of its
// image; nil where there is none such.
func (l *Listener) Other() *Listener {
	if l.Newer != nil {
		return l.Newer
	}
	return l.Older
}

// floating are a pool's listener and where the pool listens in older releases of its image.
func (s *Scope) floating(p *fpm.Pool, l *Listener) []*Listener {
	if s.Containers == nil || s.Containers.Floating[p.Master] == nil {
		return []*Listener{l}
	}
	for _, o := range s.Containers.Floating[p.Master].Pools {
		if o.Name != p.Name {
			continue
		}
		older := poolListener(o)
		if older == nil || older.Endpoint == l.Endpoint {
			break
		}
		older.Pool = p
		l.Older, older.Newer = older, l
		return []*Listener{l, s.written(older)}
	}
	return []*Listener{l}
}

// between is reaches of two services.
func (c *Containers) between(from, at *compose.Service, to, l Endpoint) Certainty {
	switch {
	case to.Net != l.Net:
		return No
	case to.Net == Unix:
		if !path.IsAbs(to.Path) || !path.IsAbs(l.Path) {
			return min(samePath(to.Path, l.Path), Maybe)
		}
		a, known := c.Views[from].Store(to.Path)
		b, other := c.Views[at].Store(l.Path)
		if !known || !other {
			if path.Base(to.Path) == path.Base(l.Path) {
				return Maybe
			}
			return No
		}
		if a == b {
			return Yes
		}
		return No
	case to.Port != l.Port:
		return No
	}
	network, its := c.Project.Namespace(from), c.Project.Namespace(at)
	switch {
	case network == nil || its == nil:
		return Maybe
	case to.Local():
		if network == its {
			return to.Reaches(l)
		}
		return No
	case isAddr(to.Host):
		return Maybe // docker gives the addresses out
	}
	services, known := c.Resolve(from, to.Host)
	if !slices.Contains(services, its) {
		if known {
			return No
		}
		return Maybe
	}
	switch {
	case len(services) > 1, l.Host == "" && l.Families == V6:
		return Maybe
	case l.Host == "":
		return Yes
	case l.Local():
		return No
	}
	return Maybe
}

// known reports whether all that may listen where a connection leads was read.
// What else runs in a container is not: only of sockets that a pool's container shares
// it is, and where a supervisord starts all.
func (c *Containers) known(w way) bool {
	if len(c.Nginx[w.from]) != 1 {
		return false
	}
	from := c.Nginx[w.from][0]
	if w.to.Net == Unix {
		return c.shares(from, w.to.Path)
	}
	return c.Supervised[from] && !slices.ContainsFunc(c.Project.Services, func(o *compose.Service) bool {
		its := c.Project.Namespace(o) // another service may listen in the network of this one
		return (o == from) != (its == from) || its == nil && !o.HostMode()
	})
}

// shares reports whether the folder of a socket in a service is certainly one
// that a service with PHP-FPM has as well.
func (c *Containers) shares(from *compose.Service, socket string) bool {
	dir, known := c.Views[from].Store(path.Dir(socket))
	if !known {
		return false
	}
	for _, s := range c.Masters {
		if s == from {
			return c.Views[s].Runs() != compose.Nginx
		}
		for _, target := range c.Views[s].MountTargets() {
			if its, ok := c.Views[s].Store(target); ok && (its == dir || strings.HasPrefix(dir, strings.TrimSuffix(its, "/")+"/")) {
				return true
			}
		}
	}
	return false
}

// written is where the address of a pool is written; for one of an image's own
// files, where the image is named.
func (s *Scope) written(l *Listener) *Listener {
	if s.Containers == nil || l.Pool == nil || !standIn(l.Span) {
		return l
	}
	service := s.Containers.Masters[l.Pool.Master]
	if service == nil {
		return l
	}
	l.Image = true
	if at := service.BaseImage().Span; !at.IsZero() {
		l.Span = at
	}
	return l
}

func standIn(at source.Span) bool {
	return at.File != nil && strings.HasPrefix(at.File.Path, "stock:")
}

// service is the one service that reads a configuration; nil where there is none such.
func (s *Scope) service(c *nginx.Config) *compose.Service {
	if s.Containers == nil || len(s.Containers.Nginx[c]) != 1 {
		return nil
	}
	return s.Containers.Nginx[c][0]
}

func (s *Scope) isTemplate(c *nginx.Config) bool {
	return s.Containers != nil && slices.ContainsFunc(s.Containers.Nginx[c], func(from *compose.Service) bool {
		return s.Containers.IsTemplate(from, c.Main.File.Path)
	})
}

// templateVariable is what envsubst replaces.
var templateVariable = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$(?:\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)`)
})

// filled is a text of a template with the variables of its service filled in, as
// far as they are known; other texts stay as they are.
func (s *Scope) filled(c *nginx.Config, text string) string {
	service := s.service(c)
	if service == nil || !strings.Contains(text, "$") || !s.isTemplate(c) || s.Containers.Views[service].Runs() != compose.Nginx {
		return text
	}
	return templateVariable().ReplaceAllStringFunc(text, func(name string) string {
		v, set, known := service.Setting(strings.Trim(name, "${}"))
		if !set || !known || strings.ContainsAny(v.Text, "${};\"' \t\n") {
			return name
		}
		return v.Text
	})
}

// Service is the one service of whose containers a hop starts; nil where it starts in none, or in several.
func (h *Hop) Service() *compose.Service {
	return h.Scope.service(h.Target.Config)
}

// Shared reports whether another service may have the folder of a socket in a
// service: one with a mount of the same volume, or with one that is not known.
func (c *Containers) Shared(from *compose.Service, socket string) bool {
	dir, known := c.Views[from].Store(path.Dir(socket))
	if !known {
		return true
	}
	for _, s := range c.Project.Services {
		if s == from {
			continue
		}
		for _, target := range c.Views[s].MountTargets() {
			its, ok := c.Views[s].Store(target)
			if !ok || its == dir || strings.HasPrefix(dir, strings.TrimSuffix(its, "/")+"/") || strings.HasPrefix(its, strings.TrimSuffix(dir, "/")+"/") {
				return true
			}
		}
		if _, ok := c.Views[s].Store("/"); !ok {
			return true
		}
	}
	name, volume := strings.CutPrefix(dir, "volume:")
	name, _, _ = strings.Cut(name, ":")
	return volume && c.Project.Volumes[name]
}

// IsTemplate reports whether a file is one that nginx's image fills in with the
// variables of a service before nginx reads it.
func (c *Containers) IsTemplate(s *compose.Service, file string) bool {
	for _, name := range []string{"NGINX_ENVSUBST_TEMPLATE_DIR", "NGINX_ENVSUBST_TEMPLATE_SUFFIX", "NGINX_ENVSUBST_OUTPUT_DIR"} {
		if _, set, known := s.Setting(name); set || !known {
			return false
		}
	}
	return slices.ContainsFunc(c.Views[s].Targets(file), func(target string) bool {
		return strings.HasPrefix(target, "/etc/nginx/templates/") && strings.HasSuffix(target, ".template")
	})
}

// AddressOf is what nginx writes to reach a listener from the container that a
// hop starts in; ok is false where it cannot reach it, or that is not certain.
func (h *Hop) AddressOf(l *Listener) (address string, ok bool) {
	from, at := h.Service(), h.Scope.Containers.Of(l)
	if from == nil || len(at) != 1 {
		return "", false
	}
	c, e := h.Scope.Containers, l.Endpoint
	switch {
	case e.Net != TCP:
	case c.Project.Namespace(from) != c.Project.Namespace(at[0]):
		e = TCPEndpoint(at[0].Name, e.Port)
	case e.Host == "" && e.Families == V6:
		e = TCPEndpoint("::1", e.Port)
	case e.Host == "":
		e = TCPEndpoint("127.0.0.1", e.Port)
	}
	return e.String(), c.between(from, at[0], e, l.Endpoint) == Yes
}

// Apart reports whether the pool that serves a hop runs in another container than
// nginx; known is false where the names of users may stand for others there than in the images.
func (h *Hop) Apart() (apart, known bool) {
	c, pool := h.Scope.Containers, h.Pool()
	if c == nil || pool == nil {
		return false, true
	}
	from, at := h.Service(), c.Masters[pool.Master]
	if from == nil || at == nil {
		return false, false
	}
	return from != at, from == at || c.Views[from].OwnUsers() && c.Views[at].OwnUsers() && c.Views[at].Root()
}

// Speaks reports whether the service of a listener certainly runs nothing but what its image is for.
func (c *Containers) Speaks(l *Listener) bool {
	of := c.Of(l)
	return len(of) == 1 && c.Views[of[0]].Runs() != 0
}
