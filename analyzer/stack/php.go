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

// Settings are the PHP settings that nginx sends by the parameters of a block.
type Settings struct {
	// Of lists those of each name, the weaker ones first.
	Of map[string][]Sent
	// Known is false where there may be others.
	Known bool
}

// Sent are the PHP settings that a target sends. Targets share them that have
// their parameters from one block.
func (t *Target) Sent() *Settings {
	t.sent.once.Do(t.findSent)
	return t.sent.Settings
}

func (t *Target) findSent() {
	if t.Protocol != FastCGI {
		t.sent.Settings = &Settings{}
		return
	}
	params := t.Block.FastCGIParams()
	if params.In == nil || params.In == t.Block {
		t.sent.Settings = settingsOf(params)
		return
	}
	type key struct{ *nginx.Block }
	t.sent.Settings = Once(t.scope, key{params.In}, func() *Settings { return settingsOf(params) })
}

// settingsOf reads what parameters set.
func settingsOf(params nginx.Params) *Settings {
	s := &Settings{Known: params.Known}
	for _, layer := range []struct {
		name string
		is   fpm.Layer
	}{{"PHP_VALUE", fpm.ParamLayer}, {"PHP_ADMIN_VALUE", fpm.AdminParamLayer}} {
		param, set, known := params.Get(layer.name)
		s.Known = s.Known && known
		if set {
			s.read(param, layer.is)
		}
	}
	return s
}

// maxWritten is how long the text of a parameter may be in which settings are looked up.
const maxWritten = 1 << 14

// read adds the settings of one parameter.
func (s *Settings) read(param nginx.Param, layer fpm.Layer) {
	text := param.Value()
	variable := strings.Contains(text, "$")
	ini := syntax.ParsePHPINI(source.NewFile("", text+"\n"))
	if nginx.Opaque(text) || variable && len(ini.Errors) > 0 {
		s.Known = false
	}
	written := param.ArgSpan(1)
	for _, e := range ini.Lines {
		switch {
		case e.Null && variable:
			s.Known = false // the variable may bring more
		case e.Null || e.Kind != syntax.Key: // PHP-FPM takes no sections and arrays
		default:
			setting := fpm.Setting{Layer: layer, Text: e.Value, Known: e.Known && !strings.Contains(e.Value, "$"), Key: written, Span: written}
			if raw := written.Text(); len(raw) <= maxWritten && e.Value != "" && strings.Count(raw, e.Value) == 1 {
				setting.Span.Start += strings.Index(raw, e.Value)
				setting.Span.End = setting.Span.Start + len(e.Value)
			}
			if s.Of == nil {
				s.Of = map[string][]Sent{}
			}
			s.Of[e.Name] = append(s.Of[e.Name], Sent{Name: e.Name, Setting: setting, Param: param.Ref})
		}
	}
}

// sentTo are the PHP settings that locations send to one pool.
type sentTo struct {
	names   map[string]bool
	unknown bool
	seen    map[*Settings]bool
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
		sent := t.Sent()
		for _, h := range t.Hops {
			for _, l := range h.Listeners {
				if l.Pool == nil {
					continue
				}
				to := s.sent.to[l.Pool]
				if to == nil {
					to = &sentTo{names: map[string]bool{}, seen: map[*Settings]bool{}}
					s.sent.to[l.Pool] = to
				}
				to.unknown = to.unknown || !sent.Known
				if len(sent.Of) == 0 || to.seen[sent] {
					continue
				}
				to.seen[sent] = true
				for name := range sent.Of {
					to.names[name] = true
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
	sent := h.Target.Sent()
	if pool == nil || !sent.Known {
		return nil, false
	}
	settings, known = pool.PHP(name)
	locked := slices.ContainsFunc(settings, func(s fpm.Setting) bool { return s.Layer == fpm.AdminLayer })
	own := sent.Of[name]
	for _, s := range own[max(len(own)-fpm.MaxSettings, 0):] {
		settings, known = slices.Insert(slices.Clip(settings), 0, s.Setting), s.Known
		locked = locked || s.Layer == fpm.AdminParamLayer
	}
	if to := h.Scope.sentTo(pool); to.unknown || to.names[name] && len(own) == 0 {
		known = false // php-fpm does not take back what it was sent
	}
	if h.Target.UserINI == nil || locked {
		return settings, known
	}
	if file, _ := pool.PHP("user_ini.filename"); len(file) > 0 && file[0].Text != ".user.ini" {
		return settings, known
	}
	type key struct {
		*syntax.INI
		name string
	}
	user := Once(h.Scope, key{h.Target.UserINI, name}, func() (u userSettings) {
		u.list, u.certain = fpm.FileSettings(h.Target.UserINI, name, fpm.UserLayer)
		u.list = u.list[:min(len(u.list), fpm.MaxSettings)]
		return u
	})
	if !user.certain {
		return settings, false
	}
	if len(user.list) > 0 {
		known = user.list[0].Known
	}
	return slices.Concat(user.list, settings), known
}

// userSettings are those of one .user.ini.
type userSettings struct {
	list    []fpm.Setting
	certain bool
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
	switch sent.Value() {
	case "$document_root", "$realpath_root", "${document_root}", "${realpath_root}":
	default:
		return "", false
	}
	if !sentKnown || !scriptKnown {
		return "", false
	}
	at, ok := t.Block.Path(script)
	return value.Arg(0), ok && source.Below(at.Base, path.Clean(value.Arg(0)))
}
