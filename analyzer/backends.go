package analyzer

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"nginx-lint/analyzer/apache"
	"nginx-lint/analyzer/gunicorn"
	"nginx-lint/analyzer/keyfile"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/supervisord"
	"nginx-lint/analyzer/systemd"
	"nginx-lint/analyzer/uwsgi"
)

// A host reads what else listens on the host that a scope is of.
type host struct {
	p     *project
	root  string
	scope *stack.Scope
	// loose is set where no folder stands for the host's `/`: none of its paths is known.
	loose bool
	// opened are the files that were read, by their paths here.
	opened map[string]bool
}

// backendFolders hold the configuration of what else listens, on every host; other
// files are read only in the folders that are searched.
var backendFolders = slices.Concat(systemd.Folders, []string{"/etc/apache2", "/etc/httpd", "/etc/uwsgi", "/etc/supervisor", "/etc/supervisord.conf", "/etc/supervisord.d", "/etc/uwsgi.d"})

// backends finds the programs of a host, below the folder that stands for its `/`.
func (p *project) backends(s *stack.Scope, root string) {
	h := &host{p: p, root: root, scope: s, opened: map[string]bool{}}
	h.apache("/etc/apache2/apache2.conf", "/etc/apache2")
	h.apache("/etc/httpd/conf/httpd.conf", "/etc/httpd")
	h.systemd(systemd.Units(unitLoader{h}))
	h.supervisord()
	h.emperors()
	h.apps()
}

// File implements systemd.Loader.
func (h *host) File(name string) *source.File {
	if f := h.open(name); f != nil {
		return h.p.files.short(f)
	}
	return nil
}

// How other programs write their files.
var (
	systemdOutline     = keyfileOutline(keyfile.Systemd)
	supervisordOutline = keyfileOutline(keyfile.Supervisord)
	uwsgiOutline       = keyfileOutline(keyfile.UWSGI)
)

func keyfileOutline(d keyfile.Dialect) outline {
	return func(f *source.File) (comments, entries []source.Span) { return keyfile.Outline(f, d) }
}

// as opens files of one program.
func (h *host) as(o outline) func(name string) *source.File {
	return func(name string) *source.File {
		src := h.File(name)
		if src != nil {
			h.p.files.get(src.Path).foreign = o
		}
		return src
	}
}

// A unitLoader opens units of systemd.
type unitLoader struct{ *host }

// File implements systemd.Loader.
func (l unitLoader) File(name string) *source.File { return l.as(systemdOutline)(name) }

// open is a file of the host; nil where it is not there or not to be read.
func (h *host) open(name string) *file {
	full, ok := h.place(name)
	if !ok {
		return nil
	}
	f := h.p.files.get(full)
	if h.p.files.read(f) == nil {
		return nil
	}
	h.opened[full] = true
	return f
}

// place is where a path of the host lies here; ok is false where nothing may be read.
func (h *host) place(name string) (full string, ok bool) {
	name = path.Clean(name)
	full = h.p.short(path.Join(h.root, name))
	if h.loose {
		return full, false
	}
	known := slices.ContainsFunc(backendFolders, func(dir string) bool { return source.Below(name, dir) })
	return full, (known || h.p.inTree(full)) && !h.p.outside(full) && !h.p.leftOut(full)
}

// nameCost is about how many names take as much time to look at as one of a file that is opened then.
const nameCost = 20

// Names implements systemd.Loader.
func (h *host) Names(dir string) []string {
	full, ok := h.place(dir)
	if !ok {
		return nil
	}
	entries, err := h.p.opts.FS.ReadDir(full)
	if err != nil {
		return nil
	}
	if h.p.namesLeft -= len(entries)*nameCost + folderCost; h.p.namesLeft < 0 {
		if h.p.tooManyNames.pattern == "" {
			h.p.tooManyNames.main, h.p.tooManyNames.pattern = full, dir
		}
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// add takes in what a program listens on; why is empty where nothing but its
// addresses is known: no finding is about such a file alone.
func (h *host) add(b *stack.Backend, listeners []*stack.Listener, why string) {
	b.Complete = b.Complete && !h.loose
	h.scope.Backends = append(h.scope.Backends, b)
	h.scope.Listeners = append(h.scope.Listeners, listeners...)
	for _, l := range listeners {
		h.read(l.Span, why)
		if l.Access.Folder != nil {
			h.read(l.Access.Folder.At, why)
		}
	}
	for _, at := range []source.Span{b.At, b.Kill.Span, b.Idle.Span, b.Buffer.Span, b.PrivateTmp} {
		h.read(at, why)
	}
}

// read notes that a place is one that findings may be about.
func (h *host) read(at source.Span, why string) {
	if at.IsZero() || why == "" {
		return
	}
	f := h.p.files.get(at.File.Path)
	if !slices.Contains(f.scopes, h.scope) {
		f.scopes = append(f.scopes, h.scope)
	}
	h.p.wanted(f, why)
}

func (h *host) apache(main, root string) {
	f := h.whole(main, apache.Outline)
	if f == nil {
		return
	}
	s := apache.Load(f, &apacheLoader{host: h, root: root, as: apache.Outline})
	b := s.Backend()
	environment := map[string]string{}
	if vars := h.File(path.Join(root, "envvars")); vars != nil {
		environment = apache.Environment(vars)
	}
	b.User, b.Group, b.UserAt, _ = s.Identity(environment)
	const why = "Apache's configuration"
	h.add(b, s.Listeners(), why)
	for _, t := range s.Targets() {
		if !t.Maybe {
			h.scope.Gateways = append(h.scope.Gateways, &stack.Gateway{Backend: b, Endpoint: t.Endpoint, Protocol: t.Protocol, Wait: t.Wait, Span: t.Span, Via: t.Via, PHP: t.PHP})
			h.read(t.Span, why)
			h.read(t.Wait.Span, why)
		}
	}
}

// whole is a file of any size.
func (h *host) whole(name string, as outline) *source.File {
	if f := h.open(name); f != nil {
		f.foreign = as
		return f.src
	}
	return nil
}

// An apacheLoader finds Apache's includes below its server root.
type apacheLoader struct {
	*host
	root  string
	as    outline
	steps int // names that were compared with patterns
}

// Include implements apache.Loader.
func (l *apacheLoader) Include(pattern string) (files []*source.File, complete bool) {
	if !path.IsAbs(pattern) {
		pattern = path.Join(l.root, pattern)
	}
	return l.expand("/", strings.Split(strings.Trim(path.Clean(pattern), "/"), "/"))
}

// expand lists the files that the rest of a pattern means below a folder, in
// order: those of a folder that it names are all that lies below that, hidden ones
// too (measured on Apache 2.4.71).
func (l *apacheLoader) expand(dir string, rest []string) (files []*source.File, complete bool) {
	if len(rest) > 0 && !source.HasGlob(rest[0]) {
		return l.expand(path.Join(dir, rest[0]), rest[1:])
	}
	if len(rest) == 0 {
		if f := l.whole(dir, l.as); f != nil {
			return []*source.File{f}, true
		}
	}
	full, ok := l.place(dir)
	if !ok || !l.p.isFolder(full) || l.steps > maxSteps || strings.Count(dir, "/") > maxDepth {
		return nil, false
	}
	complete = true
	for _, name := range l.Names(dir) {
		l.steps++
		further := rest
		if len(rest) > 0 {
			if !source.Match(rest[0], name) {
				continue
			}
			further = rest[1:]
		}
		at := path.Join(dir, name)
		if place, ok := l.place(at); len(further) > 0 && ok && !l.p.isFolder(place) {
			continue // a file where the pattern goes on
		}
		more, all := l.expand(at, further)
		files, complete = append(files, more...), complete && all
	}
	return files, complete
}

// maxSteps is how many names of a host are compared with the patterns of Apache's includes.
const maxSteps = 1 << 16

// serverUnit matches the units that start nginx, Apache and PHP-FPM.
var serverUnit = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(nginx|apache2|httpd|php[0-9.]*-fpm)\.service$`)
})

// systemd reads the units of the host: what its services start, and the sockets
// that are opened for them.
func (h *host) systemd(units map[string]*systemd.Unit) {
	names := slices.Sorted(maps.Keys(units))
	opened := map[string]*systemd.Unit{} // by the service that is handed the sockets
	for _, name := range names {
		if strings.HasSuffix(name, ".socket") {
			opened[units[name].Starts()] = units[name]
		}
	}
	for _, name := range names {
		if u := units[name]; strings.HasSuffix(name, ".service") {
			h.service(u, opened[name])
		} else if service := u.Starts(); units[service] == nil {
			h.sockets(u, &stack.Backend{Program: name, At: source.Span{File: u.Main}}, stack.Raw, stack.Maybe)
		}
	}
	h.scope.PrivateTmp = map[string]source.Span{}
	for _, name := range names {
		if at := units[name].PrivateTmp(); !at.IsZero() && serverUnit().MatchString(name) {
			h.scope.PrivateTmp[strings.TrimSuffix(name, ".service")] = at
			h.read(at, "the unit of a server")
		}
	}
}

// service takes in a service, with the unit that opens its sockets, if one does.
func (h *host) service(u, socket *systemd.Unit) {
	words, ok := u.Command()
	if !ok {
		return
	}
	_, args := u.Environment("GUNICORN_CMD_ARGS")
	port, portSet := u.Environment("PORT")
	b, listeners, is := gunicorn.Read(gunicorn.Start{Words: words, Dir: u.Dir(), Environment: args || portSet, Open: h.known})
	speaks := stack.HTTP
	if !is {
		b, listeners, is = uwsgi.Command(words, u.Dir(), h.as(uwsgiOutline))
		speaks = stack.Raw // what is spoken on a socket that was handed over depends on its options
	}
	if !is {
		b = &stack.Backend{Program: u.Name, At: words[0].Span}
		if n, err := strconv.Atoi(port.Text); portSet && port.Known && err == nil && n > 0 && n < 65536 {
			listeners = []*stack.Listener{{Endpoint: stack.TCPEndpoint("", n), Protocol: stack.Raw, Span: port.Span, Backend: b, TLS: stack.Maybe, Maybe: true}}
		}
		speaks = stack.Raw
	}
	b.PrivateTmp = u.PrivateTmp()
	if socket != nil {
		b.PrivateTmp = source.Span{} // systemd makes the sockets outside of it
		tls := stack.Maybe
		if len(listeners) > 0 {
			tls, speaks = listeners[0].TLS, max(speaks, listeners[0].Protocol)
		}
		h.sockets(socket, b, speaks, tls)
		return
	}
	for _, l := range listeners {
		for _, folder := range u.Folders() {
			if l.Endpoint.Net == stack.Unix && strings.HasPrefix(l.Endpoint.Path, folder.Path+"/") {
				l.Access.Folder = folder
			}
		}
	}
	if user, group := u.User(); user.Known && group.Known {
		runAs(listeners, user, group)
	}
	if is || len(listeners) > 0 {
		h.add(b, listeners, "what systemd starts")
	}
}

// runAs makes the sockets of a program those of whom it runs as, where it says nothing else.
func runAs(listeners []*stack.Listener, user, group systemd.Value) {
	for _, l := range listeners {
		if l.Endpoint.Net != stack.Unix || !l.Access.ModeKnown {
			continue
		}
		if l.Access.Owner == "" {
			l.Access.Owner, l.Access.OwnerAt = user.Text, user.Span
		}
		if l.Access.Group == "" {
			l.Access.Group, l.Access.GroupAt = group.Text, group.Span
		}
	}
}

// sockets takes in what systemd listens on for a program.
func (h *host) sockets(u *systemd.Unit, b *stack.Backend, speaks stack.Protocol, tls stack.Certainty) {
	sockets, complete := u.Sockets()
	b.Complete = complete
	var listeners []*stack.Listener
	for _, s := range sockets {
		listeners = append(listeners, &stack.Listener{Endpoint: s.Endpoint, Protocol: speaks, Span: s.Span, Backend: b, TLS: tls, Access: s.Access})
	}
	if len(listeners) > 0 || !complete {
		why := ""
		if speaks != stack.Raw {
			why = "a socket that systemd opens"
		}
		h.add(b, listeners, why)
	}
}

// known implements gunicorn's Open: whether a file is there is known where its
// folder is one that is searched.
func (h *host) known(name string) (f *source.File, known bool) {
	if f = h.as(gunicorn.Outline)(name); f != nil {
		return f, true
	}
	full, ok := h.place(name)
	if !ok || !h.p.isFolder(path.Dir(full)) {
		return nil, false
	}
	_, err := h.p.opts.FS.Stat(full)
	return nil, errors.Is(err, fs.ErrNotExist)
}

func (h *host) supervisord() {
	for _, main := range []string{"/etc/supervisor/supervisord.conf", "/etc/supervisord.conf"} {
		f := h.as(supervisordOutline)(main)
		if f == nil {
			continue
		}
		c := supervisord.Read(f)
		programs, includes := c.Programs, c.Includes
		seen := map[*source.File]bool{f: true}
		slices.Sort(includes)
		for _, pattern := range slices.Compact(includes) {
			files, _ := (&apacheLoader{host: h, root: path.Dir(main), as: supervisordOutline}).Include(pattern)
			for _, f := range files {
				if f = h.p.files.short(h.p.files.get(f.Path)); f == nil || seen[f] {
					continue // a section that is read twice is one program
				}
				seen[f] = true
				programs = append(programs, supervisord.Read(f).Programs...)
			}
		}
		for _, program := range programs {
			if program.Off || program.Words == nil {
				continue
			}
			b, listeners, ok := gunicorn.Read(gunicorn.Start{Words: program.Words, Dir: program.Dir, Environment: true, Open: h.known})
			if !ok {
				b, listeners, ok = uwsgi.Command(program.Words, program.Dir, h.as(uwsgiOutline))
			}
			if ok {
				if user := program.User; user.Text != "" && !strings.ContainsAny(user.Text, "%0123456789") {
					at := systemd.Value{Text: user.Text, Span: user.Span}
					runAs(listeners, at, at) // with the primary group of the user, which has its name nearly everywhere
				}
				h.add(b, listeners, "what supervisord starts")
			}
		}
	}
}

// maxApps is how often files of gunicorn and uWSGI are compared with the folders of hosts in a run.
const maxApps = 1 << 20

// apps takes in what lies below the host's `/` and configures gunicorn or uWSGI,
// and which nothing that was read starts: it may be started all the same.
func (h *host) apps() {
	if h.p.appsLeft -= len(h.p.appFiles); h.p.appsLeft < 0 {
		return
	}
	for _, name := range h.p.appFiles {
		if h.opened[name] || !h.p.below(name, h.root) {
			continue
		}
		f := h.p.files.read(h.p.files.get(name))
		if f == nil {
			continue
		}
		var b *stack.Backend
		var listeners []*stack.Listener
		if path.Ext(name) == ".py" {
			b, listeners = gunicorn.Conf(f)
		} else {
			b, listeners = uwsgi.Read(f)
			b.Complete = false
			for _, l := range listeners {
				l.Maybe = true
			}
		}
		h.add(b, listeners, "")
	}
}

// looseUnits reads the units of systemd that lie outside of folders that stand for a
// host's `/`, as those in roles of Ansible do. They belong to the configurations of
// the closest folder above them that holds any, if these are of one scope.
func (p *project) looseUnits(scopes []*stack.Scope) {
	type place struct {
		scope *stack.Scope
		name  string
	}
	mains, dropIns := map[place][]*source.File{}, map[place][]*source.File{}
	var places []place
	in := p.scopesByFolder(scopes)
	slices.Sort(p.unitFiles)
	for _, name := range slices.Compact(p.unitFiles) {
		dir := path.Dir(p.abs(name))
		for in[dir] == nil && dir != path.Dir(dir) {
			dir = path.Dir(dir)
		}
		scope := in[dir]
		f := p.files.read(p.files.get(name))
		if _, onHost := p.hostRoot(name); onHost || scope == nil || scope == ambiguous || f == nil || strings.Contains(f.Text, "{%") || strings.Contains(f.Text, "<%") {
			continue // what a template's conditions leave is not known
		}
		unit := name
		if path.Ext(path.Dir(name)) == ".d" {
			unit = strings.TrimSuffix(path.Dir(name), ".d")
			dropIns[place{scope, path.Base(unit)}] = append(dropIns[place{scope, path.Base(unit)}], f)
		} else {
			if ext := path.Ext(unit); ext != ".service" && ext != ".socket" {
				unit = strings.TrimSuffix(unit, ext) // a template
			}
			mains[place{scope, path.Base(unit)}] = append(mains[place{scope, path.Base(unit)}], f)
		}
		p.files.get(name).foreign = systemdOutline
		places = append(places, place{scope, path.Base(unit)})
	}
	units := map[*stack.Scope]map[string]*systemd.Unit{}
	for _, at := range places {
		if units[at.scope] == nil {
			units[at.scope] = map[string]*systemd.Unit{}
		}
		switch files := mains[at]; len(files) {
		case 0:
			units[at.scope][at.name] = systemd.Read(at.name, nil, dropIns[at])
		case 1:
			units[at.scope][at.name] = systemd.Read(at.name, files[0], dropIns[at])
		default: // those of several hosts
		}
	}
	for _, scope := range scopes {
		if len(units[scope]) > 0 {
			(&host{p: p, scope: scope, loose: true, opened: map[string]bool{}}).systemd(units[scope])
		}
	}
}

// ambiguous stands for several scopes.
var ambiguous = &stack.Scope{}

// scopesByFolder are the scopes with nginx files in and below each folder.
func (p *project) scopesByFolder(scopes []*stack.Scope) map[string]*stack.Scope {
	in := map[string]*stack.Scope{}
	for _, s := range scopes {
		for _, c := range s.Nginx {
			for dir := path.Dir(p.abs(c.Main.File.Path)); in[dir] != s && in[dir] != ambiguous; dir = path.Dir(dir) {
				if in[dir] == nil {
					in[dir] = s
				} else {
					in[dir] = ambiguous
				}
			}
		}
	}
	return in
}

// emperors takes in the ini files that a uWSGI emperor, or Debian's script, starts
// one program for each of. Both add options of their own to what the files say.
func (h *host) emperors() {
	for _, dir := range []string{"/etc/uwsgi/apps-enabled", "/etc/uwsgi/vassals", "/etc/uwsgi.d"} {
		for _, name := range h.Names(dir) {
			if path.Ext(name) != ".ini" {
				continue
			}
			f := h.as(uwsgiOutline)(path.Join(dir, name))
			if f == nil {
				continue
			}
			b, listeners := uwsgi.Read(f)
			b.Complete, b.Kill, b.Buffer = false, stack.Limit{}, stack.Limit{}
			for _, l := range listeners {
				l.Access = stack.Access{}
			}
			h.add(b, listeners, "a uWSGI application")
		}
	}
}
