// Package systemd reads the units of a host with their drop-ins: what they start
// and as whom, and the sockets that systemd opens for them.
package systemd

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer/keyfile"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// Folders hold units, the strongest first.
var Folders = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// A Loader gives the files of a host by their paths there.
type Loader interface {
	// Names lists a folder, sorted; none where it is not there.
	Names(dir string) []string
	// File is a file's text; nil where it is not there or not to be read.
	File(name string) *source.File
}

// A Unit is a service or socket with all of its files.
type Unit struct {
	// Name is with the suffix: app.service.
	Name string
	// Main is the unit's own file; nil where only drop-ins were read.
	Main  *source.File
	lines []keyfile.Line
}

// Units lists the services and sockets of a host by name. Templates (`x@.service`)
// are none: what their instances are called is not in them.
func Units(l Loader) map[string]*Unit {
	units := map[string]*Unit{}
	dropIns := map[string]map[string]string{} // by folder name, then by file name: the strongest path
	for _, dir := range Folders {
		for _, name := range l.Names(dir) {
			switch {
			case strings.Contains(name, "@"):
			case strings.HasSuffix(name, ".service"), strings.HasSuffix(name, ".socket"):
				if units[name] != nil {
					continue
				}
				if f := l.File(path.Join(dir, name)); f != nil {
					units[name] = &Unit{Name: name, Main: f, lines: keyfile.Parse(f, keyfile.Systemd)}
				}
			case strings.HasSuffix(name, ".service.d"), strings.HasSuffix(name, ".socket.d"), name == "service.d", name == "socket.d":
				for _, file := range l.Names(path.Join(dir, name)) {
					if !strings.HasSuffix(file, ".conf") {
						continue
					}
					if dropIns[name] == nil {
						dropIns[name] = map[string]string{}
					}
					if dropIns[name][file] == "" {
						dropIns[name][file] = path.Join(dir, name, file)
					}
				}
			}
		}
	}
	for folder := range dropIns {
		name := strings.TrimSuffix(folder, ".d")
		if units[name] == nil && strings.Contains(name, ".") && !strings.HasSuffix(strings.TrimSuffix(name, path.Ext(name)), "-") {
			units[name] = &Unit{Name: name} // the unit's own file was not read
		}
	}
	for name, u := range units {
		// Those of the name itself, of its prefixes up to a dash, and of all of its kind,
		// together in the order of the files' names.
		files := map[string]string{}
		for _, folder := range folders(name) {
			for file, full := range dropIns[folder] {
				if files[file] == "" {
					files[file] = full
				}
			}
		}
		order := make([]string, 0, len(files))
		for file := range files {
			order = append(order, file)
		}
		slices.Sort(order)
		for _, file := range order {
			if f := l.File(files[file]); f != nil {
				u.lines = append(u.lines, keyfile.Parse(f, keyfile.Systemd)...)
			}
		}
	}
	return units
}

// Read is the unit of one file, which lies in no folder of units, with drop-ins.
func Read(name string, main *source.File, dropIns []*source.File) *Unit {
	u := &Unit{Name: name, Main: main}
	files := dropIns
	if main != nil {
		files = append([]*source.File{main}, dropIns...)
	}
	for _, f := range files {
		u.lines = append(u.lines, keyfile.Parse(f, keyfile.Systemd)...)
	}
	return u
}

// folders are those of the drop-ins of a unit, the strongest first.
func folders(name string) []string {
	kind := path.Ext(name)
	base := strings.TrimSuffix(name, kind)
	found := []string{name + ".d"}
	for i := len(base) - 2; i > 0; i-- {
		if base[i] == '-' {
			found = append(found, base[:i+1]+kind+".d")
		}
	}
	return append(found, kind[1:]+".d")
}

// A Value is what a key is set to.
type Value struct {
	Text string
	Span source.Span
	// Known is false for specifiers other than %%, and for parts of templates.
	Known bool
}

// All lists what a key of a section is given; an empty one takes back what stands before it.
func (u *Unit) All(section, key string) []Value {
	var found []Value
	for _, line := range u.lines {
		if line.Section != section || line.Key != key || line.NoValue {
			continue
		}
		if line.Value == "" {
			found = nil
			continue
		}
		text := strings.ReplaceAll(line.Value, "%%", "\x00")
		known := !strings.Contains(text, "%") && !strings.Contains(text, "{{")
		found = append(found, Value{strings.ReplaceAll(text, "\x00", "%"), line.Span, known})
	}
	return found
}

// Last is the value of a key that is set once; zero where it is not set.
func (u *Unit) Last(section, key string) Value {
	all := u.All(section, key)
	if len(all) == 0 {
		return Value{Known: true}
	}
	return all[len(all)-1]
}

// Command is the last ExecStart, program first. ok is false where there is none,
// or a word of it is not closed.
func (u *Unit) Command() ([]keyfile.Word, bool) {
	start := u.Last("Service", "ExecStart")
	if start.Text == "" {
		return nil, false
	}
	words, ok := keyfile.Words(start.Span, keyfile.Systemd)
	if len(words) > 0 {
		words[0].Text = strings.TrimLeft(words[0].Text, "@-:+!|")
	}
	return words, ok && len(words) > 0
}

// Dir is the working directory; "" where it is not known.
func (u *Unit) Dir() string {
	v := u.Last("Service", "WorkingDirectory")
	switch dir := strings.TrimPrefix(v.Text, "-"); {
	case u.Main == nil || !v.Known || u.Last("Service", "RootDirectory").Text != "":
		return ""
	case dir == "":
		return "/"
	case path.IsAbs(dir):
		return path.Clean(dir)
	}
	return ""
}

// Environment reports whether the unit sets a variable, or may do so; v is what
// it sets it to, where that is known.
func (u *Unit) Environment(name string) (v Value, may bool) {
	for _, line := range u.All("Service", "Environment") {
		words, ok := keyfile.Words(line.Span, keyfile.Systemd)
		if !ok {
			return Value{}, true
		}
		for _, w := range words {
			if text, is := strings.CutPrefix(w.Text, name+"="); is {
				v, may = Value{text, w.Span, w.Known}, true
			}
		}
	}
	if len(u.All("Service", "EnvironmentFile"))+len(u.All("Service", "PassEnvironment")) > 0 {
		return Value{}, true
	}
	return v, may
}

// PrivateTmp is where the unit is given a /tmp of its own; zero where it is not, or that is not known.
func (u *Unit) PrivateTmp() source.Span {
	if len(u.All("Unit", "JoinsNamespaceOf")) > 0 {
		return source.Span{} // another unit's
	}
	switch v := u.Last("Service", "PrivateTmp"); strings.ToLower(v.Text) {
	case "yes", "y", "true", "t", "1", "on", "disconnected":
		return v.Span
	}
	return source.Span{}
}

// User is the user and group that a service runs as: without User, root's. "" where that is not known.
func (u *Unit) User() (user, group Value) {
	user, group = u.Last("Service", "User"), u.Last("Service", "Group")
	dynamic := u.Last("Service", "DynamicUser").Text
	if !user.Known || u.Main == nil || dynamic != "" {
		user = Value{}
	} else if user.Text == "" {
		user.Text = "root"
	}
	if group.Text == "" {
		group = Value{Text: user.Text, Known: user.Known} // a user's primary group has its name nearly everywhere
	}
	if !group.Known {
		group = Value{}
	}
	return user, group
}

// Folders are those that systemd makes below /run for a service: its user's, with
// mode 0755 where no other is written. It lists those of which all of that is known.
func (u *Unit) Folders() (found []*stack.Folder) {
	user, group := u.User()
	mode := u.Last("Service", "RuntimeDirectoryMode")
	bits := 0o755
	if mode.Text != "" {
		n, err := strconv.ParseUint(mode.Text, 8, 12)
		if err != nil {
			return nil
		}
		bits = int(n)
	}
	if !user.Known || !group.Known || !mode.Known {
		return nil
	}
	for _, v := range u.All("Service", "RuntimeDirectory") {
		for name := range strings.FieldsSeq(v.Text) {
			if !v.Known || !literalFolder(name) {
				continue
			}
			found = append(found, &stack.Folder{
				Path: path.Join("/run", name), Mode: bits, Owner: user.Text, Group: group.Text, At: v.Span, ModeAt: mode.Span,
			})
		}
	}
	return found
}

func literalFolder(name string) bool { return !strings.ContainsAny(name, "\"'\\:{}") }

// Starts is the service that a socket is for; "" where that is not known.
func (u *Unit) Starts() string {
	if v := u.Last("Socket", "Service"); !v.Known || v.Text != "" {
		return v.Text
	}
	if accept := strings.ToLower(u.Last("Socket", "Accept").Text); accept != "" && accept != "no" && accept != "false" && accept != "0" && accept != "off" {
		return ""
	}
	return strings.TrimSuffix(u.Name, ".socket") + ".service"
}

// Sockets are the stream sockets that systemd opens; complete is false where one is not known.
func (u *Unit) Sockets() (found []Socket, complete bool) {
	complete = true
	access := u.access()
	only := strings.ToLower(u.Last("Socket", "BindIPv6Only").Text)
	for _, v := range u.All("Socket", "ListenStream") {
		e, ok := address(v.Text, only)
		if !v.Known || !ok {
			complete = false
			continue
		}
		s := Socket{Endpoint: e, Span: v.Span}
		if e.Net == stack.Unix {
			s.Access = access
		}
		found = append(found, s)
	}
	return found, complete
}

// A Socket is one address of a socket unit.
type Socket struct {
	Endpoint stack.Endpoint
	Span     source.Span
	Access   stack.Access
}

// access is who may open the sockets: by default root's, mode 0666.
func (u *Unit) access() stack.Access {
	a := stack.Access{Mode: 0o666, ModeKnown: true, Owner: "root", Group: "root"}
	if v := u.Last("Socket", "SocketMode"); v.Text != "" {
		n, err := strconv.ParseUint(v.Text, 8, 12)
		a.Mode, a.ModeKnown, a.ModeAt = int(n), err == nil && v.Known, v.Span
	}
	if v := u.Last("Socket", "SocketUser"); v.Text != "" {
		a.Owner, a.Group, a.OwnerAt = v.Text, v.Text, v.Span
		if !v.Known {
			a.Owner, a.Group = "", ""
		}
	}
	if v := u.Last("Socket", "SocketGroup"); v.Text != "" {
		a.Group, a.GroupAt = v.Text, v.Span
		if !v.Known {
			a.Group = ""
		}
	}
	return a
}

// address reads a ListenStream: a path, `HOST:PORT`, or a port alone, which accepts both families.
func address(text, only string) (stack.Endpoint, bool) {
	switch {
	case path.IsAbs(text):
		return stack.UnixEndpoint(text), true
	case strings.HasPrefix(text, "@"), strings.HasPrefix(text, "vsock:"):
		return stack.Endpoint{}, false
	}
	e, ok := stack.ParseAddress(text)
	if ok && e.Host == "" && e.Families != stack.V4 {
		e.Families = stack.Dual
		if only == "ipv6-only" {
			e.Families = stack.V6
		}
	}
	return e, ok && e.Net == stack.TCP
}
