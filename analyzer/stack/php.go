package stack

import (
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// A Sent is a PHP setting that nginx sends with a request, by fastcgi_param
// PHP_VALUE or PHP_ADMIN_VALUE.
type Sent struct {
	Name string
	fpm.Setting
	// Param is the directive.
	Param nginx.Ref
}

// Sent lists the PHP settings that a target sends, the weaker ones first. known
// is false where there may be others.
func (t *Target) Sent() (sent []Sent, known bool) {
	t.sent.once.Do(t.findSent)
	return t.sent.list, t.sent.known
}

// findSent reads what the parameters in force at a target set.
func (t *Target) findSent() {
	if t.Protocol != FastCGI {
		return
	}
	params := t.Block.FastCGIParams()
	t.sent.known = params.Known
	for _, layer := range []struct {
		name string
		is   fpm.Layer
	}{{"PHP_VALUE", fpm.ParamLayer}, {"PHP_ADMIN_VALUE", fpm.AdminParamLayer}} {
		param, set, known := params.Get(layer.name)
		t.sent.known = t.sent.known && known
		if set {
			t.read(param, layer.is)
		}
	}
}

// read adds the settings of one parameter.
func (t *Target) read(param nginx.Param, layer fpm.Layer) {
	text := param.Value()
	variable := strings.Contains(text, "$")
	ini := syntax.ParsePHPINI(source.NewFile("", text+"\n"))
	if nginx.Opaque(text) || variable && len(ini.Errors) > 0 {
		t.sent.known = false
	}
	written := param.ArgSpan(1)
	for _, e := range ini.Lines {
		switch {
		case e.Null && variable:
			t.sent.known = false // the variable may bring more
		case e.Null || e.Kind != syntax.Key: // PHP-FPM takes no sections and arrays
		default:
			s := fpm.Setting{Layer: layer, Text: e.Value, Known: e.Known && !strings.Contains(e.Value, "$"), Key: written, Span: written}
			if raw := written.Text(); e.Value != "" && strings.Count(raw, e.Value) == 1 {
				s.Span.Start += strings.Index(raw, e.Value)
				s.Span.End = s.Span.Start + len(e.Value)
			}
			t.sent.list = append(t.sent.list, Sent{Name: e.Name, Setting: s, Param: param.Ref})
		}
	}
}

// sentTo are the PHP settings that locations send to one pool.
type sentTo struct {
	names   map[string]bool
	unknown bool
}

// sentTo is what is sent to a pool, also where that is not certain.
func (s *Scope) sentTo(pool *fpm.Pool) *sentTo {
	s.sent.once.Do(s.findSent)
	return s.sent.to[pool]
}

func (s *Scope) findSent() {
	s.sent.to = map[*fpm.Pool]*sentTo{}
	for _, t := range s.Targets {
		if t.Protocol != FastCGI {
			continue
		}
		list, known := t.Sent()
		for _, h := range t.Hops {
			for _, l := range h.Listeners {
				if l.Pool == nil {
					continue
				}
				to := s.sent.to[l.Pool]
				if to == nil {
					to = &sentTo{names: map[string]bool{}}
					s.sent.to[l.Pool] = to
				}
				to.unknown = to.unknown || !known
				for _, sent := range list {
					to.names[sent.Name] = true
				}
			}
		}
	}
}

// PHP lists what is written about a PHP setting that .user.ini may change, for
// the requests of a hop that a pool certainly serves: the one in force first.
// known is false where something else may be in force: what was not read, or
// what another location has left in the child that serves the request. What a
// script sets itself is not looked at.
func (h *Hop) PHP(name string) (settings []fpm.Setting, known bool) {
	pool := h.Pool()
	sent, sentKnown := h.Target.Sent()
	if pool == nil || !sentKnown {
		return nil, false
	}
	settings, known = pool.PHP(name)
	locked := slices.ContainsFunc(settings, func(s fpm.Setting) bool { return s.Layer == fpm.AdminLayer })
	own := false
	for _, s := range sent {
		if s.Name == name {
			settings, own, known = slices.Insert(settings, 0, s.Setting), true, s.Known
			locked = locked || s.Layer == fpm.AdminParamLayer
		}
	}
	if to := h.Scope.sentTo(pool); to.unknown || to.names[name] && !own {
		known = false // php-fpm does not take back what it was sent
	}
	if h.Target.UserINI == nil || locked {
		return settings, known
	}
	if file, _ := pool.PHP("user_ini.filename"); len(file) > 0 && file[0].Text != ".user.ini" {
		return settings, known
	}
	user, certain := fpm.FileSettings(h.Target.UserINI, name, fpm.UserLayer)
	if !certain {
		return settings, false
	}
	if len(user) > 0 {
		known = user[0].Known
	}
	return slices.Concat(user, settings), known
}

// DocumentRoot is the folder from which on PHP-FPM looks for .user.ini: the
// literal root in force, where it is sent as DOCUMENT_ROOT and the scripts lie below it.
func (t *Target) DocumentRoot() (root string, ok bool) {
	if t.Protocol != FastCGI {
		return "", false
	}
	value, alias := t.Block.Root()
	if !value.Explicit() || alias || !path.IsAbs(value.Arg(0)) {
		return "", false
	}
	params := t.Block.FastCGIParams()
	sent, _, sentKnown := params.Get("DOCUMENT_ROOT")
	script, scriptKnown := params.Script()
	switch strings.NewReplacer("{", "", "}", "").Replace(sent.Value()) {
	case "$document_root", "$realpath_root":
	default:
		return "", false
	}
	if !sentKnown || !scriptKnown {
		return "", false
	}
	at, ok := t.Block.Path(script)
	return value.Arg(0), ok && source.Below(at.Base, path.Clean(value.Arg(0)))
}
