package compose

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer/source"
)

// maxSteps bounds how many values are taken out of a file: aliases may name one list everywhere.
const maxSteps = 200_000

// A decoder takes a project out of one file.
type decoder struct {
	vars  variables
	dir   string // what relative paths are below
	steps int
}

func (d *decoder) value(n *node) Value {
	d.steps++
	if n == nil {
		return Value{Known: true}
	}
	if n.kind != scalar {
		return Value{Span: n.span, Known: n.kind == null}
	}
	v := interpolate(n.text, d.vars)
	v.Span = n.span
	return v
}

// list is the values of a list, or the one that stands there by itself.
func (d *decoder) list(n *node) []*node {
	if n == nil || n.kind == null {
		return nil
	}
	if n.kind != list {
		return []*node{n}
	}
	if d.steps += len(n.items); d.steps > maxSteps {
		return nil
	}
	return n.items
}

func (d *decoder) values(n *node) []Value {
	var values []Value
	for _, item := range d.list(n) {
		values = append(values, d.value(item))
	}
	return values
}

// pairs are the values of a mapping, or of a list of `key<sep>value`.
func (d *decoder) pairs(n *node, sep string, each func(key string, v Value, set bool)) {
	if n == nil {
		return
	}
	if n.kind == mapping {
		if d.steps += len(n.keys); d.steps > maxSteps {
			return
		}
		for i, k := range n.keys {
			each(k.text, d.value(n.items[i]), n.items[i].kind != null)
		}
		return
	}
	for _, item := range d.list(n) {
		v := d.value(item)
		key, value, set := strings.Cut(v.Text, sep)
		v.Text = value
		each(key, v, set)
	}
}

// path is where a path of the project lies here; not known for one of a home folder.
func (d *decoder) path(v Value) Value {
	switch {
	case !v.Known || v.Text == "":
	case strings.HasPrefix(v.Text, "~"), len(v.Text) > 1 && v.Text[1] == ':', strings.Contains(v.Text, "://"):
		v.Known = false
	case !path.IsAbs(v.Text):
		v.Text = path.Join(d.dir, v.Text)
	}
	return v
}

func (d *decoder) project(root *node, p *Project) {
	if n := root.get("services"); n != nil && n.kind == mapping {
		for i, key := range n.keys {
			if d.steps > maxSteps {
				break
			}
			p.Services = append(p.Services, d.service(key, n.items[i]))
		}
	} else if root.get("version") == nil && n == nil {
		d.first(root, p)
	}
	d.networks(root.get("networks"), p)
	if n := root.get("volumes"); n != nil && n.kind == mapping {
		for i, key := range n.keys {
			p.Volumes[key.text] = truthy(n.items[i].get("external"))
		}
	}
	if n := root.get("configs"); n != nil && n.kind == mapping {
		for i, key := range n.keys {
			p.Configs[key.text] = &Config{File: d.path(d.value(n.items[i].get("file"))), Content: d.value(n.items[i].get("content"))}
		}
	}
	p.Open = p.Open || d.steps > maxSteps
}

// first reads a file of the first version, whose top holds the services.
func (d *decoder) first(root *node, p *Project) {
	for i, key := range root.keys {
		if n := root.items[i]; n.get("image") != nil || n.get("build") != nil {
			p.Services = append(p.Services, d.service(key, n))
		}
	}
}

func (d *decoder) networks(n *node, p *Project) {
	if n == nil || n.kind != mapping {
		return
	}
	for i, key := range n.keys {
		// Other projects join a network by the name that it is given.
		p.Networks[key.text] = &Network{External: truthy(n.items[i].get("external")) || n.items[i].get("name") != nil}
	}
}

// truthy reports whether a flag is set; `external: {name: x}` sets it too.
func truthy(n *node) bool {
	return n != nil && n.kind != null && (n.kind != scalar || !strings.EqualFold(n.text, "false"))
}

func (d *decoder) service(key, n *node) *Service {
	s := &Service{Name: key.text, Key: key.span, Environment: map[string]Value{}, dir: d.dir, clear: map[string]bool{}}
	if n.kind != mapping {
		s.Unknown = n.kind != null
		return s
	}
	for i, k := range n.keys {
		if n.items[i].tag != "" {
			s.clear[k.text] = true
		}
	}
	get := func(name string) *node {
		v := n.get(name)
		if v != nil && v.tag == "!reset" {
			return nil
		}
		return v
	}
	s.Image = d.value(get("image"))
	s.Build = d.build(get("build"))
	s.ContainerName, s.Hostname = d.value(get("container_name")), d.value(get("hostname"))
	s.NetworkMode, s.User = d.value(get("network_mode")), d.value(get("user"))
	if net := get("net"); net != nil {
		s.NetworkMode = d.value(net)
	}
	d.attachments(get("networks"), s)
	s.Links, s.ExternalLinks = d.values(get("links")), d.values(get("external_links"))
	d.extraHosts(get("extra_hosts"), s)
	d.mounts(get("volumes"), s)
	for _, v := range d.values(get("tmpfs")) {
		v.Text, _, _ = strings.Cut(v.Text, ":")
		s.Mounts = append(s.Mounts, Mount{Kind: Tmpfs, Source: Value{Known: true}, Target: v, Span: v.Span})
	}
	d.configs(get("configs"), s)
	s.VolumesFrom = d.values(get("volumes_from"))
	d.ports(get("ports"), s)
	s.Expose = d.values(get("expose"))
	s.Command, s.Entrypoint = d.command(get("command")), d.command(get("entrypoint"))
	d.pairs(get("environment"), "=", func(key string, v Value, set bool) {
		if v.Known = v.Known && set; !set {
			v.Variable = true
		}
		s.Environment[key] = v
	})
	for _, item := range d.list(get("env_file")) {
		f := envFile{path: d.path(d.value(item))}
		if item.kind == mapping {
			required := item.get("required")
			f = envFile{d.path(d.value(item.get("path"))), required != nil && !truthy(required)}
		}
		s.envFiles = append(s.envFiles, f)
	}
	s.Profiles = d.values(get("profiles"))
	switch e := get("extends"); {
	case e == nil:
	case e.kind == mapping:
		s.extends = &extension{d.path(d.value(e.get("file"))), d.value(e.get("service"))}
	default:
		s.extends = &extension{Value{Known: true}, d.value(e)}
	}
	s.Unknown = d.steps > maxSteps
	return s
}

func (d *decoder) build(n *node) *Build {
	if n == nil || n.kind == null {
		return nil
	}
	b := &Build{Args: map[string]Value{}}
	if n.kind != mapping {
		b.Context = d.path(d.value(n))
		n = &node{}
	} else {
		context := d.value(n.get("context"))
		if n.get("context") == nil {
			context.Text = "."
		}
		b.Context = d.path(context)
	}
	b.Dockerfile = d.value(n.get("dockerfile"))
	b.Inline, b.Target = d.value(n.get("dockerfile_inline")), d.value(n.get("target"))
	d.pairs(n.get("args"), "=", func(key string, v Value, set bool) {
		if !set {
			v.Known = false
		}
		b.Args[key] = v
	})
	return b
}

// File is the path of the Dockerfile here.
func (b *Build) File() Value {
	v := b.Dockerfile
	if v.Text == "" {
		v.Text = "Dockerfile"
	}
	if v.Known = v.Known && b.Context.Known; !path.IsAbs(v.Text) {
		v.Text = path.Join(b.Context.Text, v.Text)
	}
	return v
}

func (d *decoder) attachments(n *node, s *Service) {
	if n == nil {
		return
	}
	if n.kind != mapping {
		for _, v := range d.values(n) {
			s.Networks = append(s.Networks, Attachment{Name: v.Text})
		}
		return
	}
	for i, key := range n.keys {
		s.Networks = append(s.Networks, Attachment{key.text, d.values(n.items[i].get("aliases"))})
	}
}

func (d *decoder) extraHosts(n *node, s *Service) {
	if n != nil && n.kind == mapping {
		d.pairs(n, ":", func(key string, v Value, _ bool) {
			v.Text = key
			s.ExtraHosts = append(s.ExtraHosts, v)
		})
		return
	}
	for _, v := range d.values(n) {
		v.Text = v.Text[:strings.IndexAny(v.Text+":", ":=")]
		s.ExtraHosts = append(s.ExtraHosts, v)
	}
}

func (d *decoder) mounts(n *node, s *Service) {
	for _, item := range d.list(n) {
		if item.kind == mapping {
			s.Mounts = append(s.Mounts, d.longMount(item, s))
			continue
		}
		v := d.value(item)
		s.Mounts = append(s.Mounts, d.shortMount(v, item, s))
	}
}

func (d *decoder) longMount(n *node, s *Service) Mount {
	m := Mount{Source: d.value(n.get("source")), Target: d.value(n.get("target")), Span: n.span, Owner: s.Name}
	if from := n.get("src"); from != nil {
		m.Source = d.value(from)
	}
	for _, name := range []string{"dst", "destination"} {
		if to := n.get(name); to != nil {
			m.Target = d.value(to)
		}
	}
	if !m.Target.Span.IsZero() {
		m.Span = m.Target.Span
	}
	switch kind := d.value(n.get("type")); kind.Text {
	case "bind":
		m.Kind, m.Source = Bind, d.path(m.Source)
	case "tmpfs":
		m.Kind = Tmpfs
	case "volume":
		m.Kind = Volume
		m.Subpath = n.get("volume").get("subpath") != nil
	default:
		m.Kind, m.Source.Known = Volume, false
	}
	return m
}

// shortMount reads `[source:]target[:mode]`. A source that is no path is the name of a volume.
func (d *decoder) shortMount(v Value, n *node, s *Service) Mount {
	m := Mount{Kind: Volume, Span: v.Span, Owner: s.Name}
	from, rest, both := cutVolume(v.Text)
	if !v.Known {
		// What is known of it may still tell where it goes: `${SRC}:/etc/nginx/conf.d`.
		raw := n.text
		if i := strings.LastIndex(raw, ":/"); i >= 0 && !strings.Contains(raw[i:], "$") {
			target, _, _ := strings.Cut(raw[i+1:], ":")
			m.Target = Value{Text: path.Clean(target), Span: v.Span, Known: true}
		} else {
			m.Target = Value{Span: v.Span}
		}
		m.Kind, m.Source = Bind, Value{Span: v.Span, Variable: true}
		return m
	}
	if !both {
		m.Target = v
		m.Target.Text = path.Clean(from)
		m.Source = Value{Known: true}
		return m
	}
	target, _, _ := strings.Cut(rest, ":")
	m.Source, m.Target = v, v
	m.Source.Text, m.Target.Text = from, path.Clean(target)
	if strings.HasPrefix(from, ".") || strings.HasPrefix(from, "/") || strings.HasPrefix(from, "~") {
		m.Kind, m.Source = Bind, d.path(m.Source)
	}
	return m
}

// cutVolume splits a short volume at its first colon, but not after the letter of a drive.
func cutVolume(text string) (from, rest string, both bool) {
	skip := 0
	if len(text) > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/') && text[0]|0x20 >= 'a' && text[0]|0x20 <= 'z' {
		skip = 2
	}
	i := strings.IndexByte(text[skip:], ':')
	if i < 0 {
		return text, "", false
	}
	return text[:skip+i], text[skip+i+1:], true
}

func (d *decoder) configs(n *node, s *Service) {
	for _, item := range d.list(n) {
		if item.kind != mapping {
			v := d.value(item)
			to := v
			to.Text = "/" + v.Text
			s.Mounts = append(s.Mounts, Mount{Kind: FromConfig, Source: v, Target: to, Span: v.Span})
			continue
		}
		from, to := d.value(item.get("source")), d.value(item.get("target"))
		if to.Text == "" && to.Known {
			to.Text = from.Text
		}
		if !strings.HasPrefix(to.Text, "/") {
			to.Text = "/" + to.Text
		}
		s.Mounts = append(s.Mounts, Mount{Kind: FromConfig, Source: from, Target: to, Span: item.span})
	}
}

func (d *decoder) ports(n *node, s *Service) {
	for _, item := range d.list(n) {
		if item.kind == mapping {
			target, published, protocol := d.value(item.get("target")), d.value(item.get("published")), d.value(item.get("protocol"))
			if p, ok := portRange(published.Text, target.Text); ok && target.Known && published.Known {
				p.UDP, p.Span = protocol.Text == "udp", item.span
				s.Ports = append(s.Ports, p)
			}
			continue
		}
		v := d.value(item)
		if !v.Known {
			continue
		}
		text, protocol, _ := strings.Cut(v.Text, "/")
		published, target := "", text
		if i := strings.LastIndexByte(text, ':'); i >= 0 {
			published, target = text[:i], text[i+1:]
			published = published[strings.LastIndexByte(published, ':')+1:]
		}
		if p, ok := portRange(published, target); ok {
			p.UDP, p.Span = protocol == "udp", v.Span
			s.Ports = append(s.Ports, p)
		}
	}
}

// portRange reads ports or ranges of ports of the host and the container.
func portRange(published, target string) (Port, bool) {
	first, last, ok := ports(target)
	if !ok {
		return Port{}, false
	}
	p := Port{Target: first, Count: last - first + 1}
	if published != "" {
		p.Published, _, ok = ports(published)
	}
	return p, ok
}

func ports(text string) (first, last int, ok bool) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, err := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	return first, last, err == nil && err2 == nil && first > 0 && last >= first && last < 65536
}

func (d *decoder) command(n *node) *Command {
	if n == nil || n.kind == null {
		return nil
	}
	c := &Command{Span: n.span, Known: true}
	for _, v := range d.values(n) {
		c.Known = c.Known && v.Known
		c.Words = append(c.Words, v.Text)
		c.Places = append(c.Places, v.Span)
	}
	if n.kind == scalar && len(c.Words) == 1 {
		c.Words, c.Places = strings.Fields(c.Words[0]), nil
	}
	return c
}

// environment is the variables of a service: those of its env_files, and over them its own.
func (s *Service) environment(open func(string) *source.File) {
	if len(s.envFiles) == 0 {
		return
	}
	env := &Env{values: map[string]string{}}
	var spans source.Span
	for _, f := range s.envFiles {
		file := open(f.path.Text)
		switch {
		case f.path.Known && file != nil:
			env.readEnv(file)
			spans = source.Span{File: file}
		default: // also one that need not be there may be
			env.open = true
		}
	}
	if env.open {
		clear(env.values) // what could not be read may say otherwise
		s.Environment["*"] = Value{}
	}
	names := make([]string, 0, len(env.values))
	for name := range env.values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if _, own := s.Environment[name]; !own {
			s.Environment[name] = Value{Text: env.values[name], Span: spans, Known: true, Variable: false}
		}
	}
}

// Variable is the value of a variable of the service's containers; set is false
// where compose sets none, known where that is not to be seen.
func (s *Service) Variable(name string) (v Value, set, known bool) {
	v, set = s.Environment[name]
	if set {
		return v, true, v.Known
	}
	_, open := s.Environment["*"]
	return Value{}, false, !open && !s.Unknown
}

// Setting is a variable of a service's containers, which its Dockerfile may set as well.
func (s *Service) Setting(name string) (v Value, set, known bool) {
	v, set, known = s.Variable(name)
	if d := s.Dockerfile; d != nil && !set {
		known = known && !d.Unknown
		if v, set = d.Env[name]; set {
			known = known && v.Known
		}
	}
	return v, set, known
}
