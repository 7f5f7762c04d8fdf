// Package uwsgi reads where uWSGI listens, who may open its sockets, and what it
// allows a request, from its ini file or its command line.
package uwsgi

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-lint/analyzer/keyfile"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// sockets are the options that open a socket, with what is spoken there.
var sockets = map[string]stack.Protocol{
	"socket": stack.UWSGI, "uwsgi-socket": stack.UWSGI,
	"http-socket": stack.HTTP, "http11-socket": stack.HTTP, "http": stack.HTTP,
	"fastcgi-socket": stack.FastCGI, "scgi-socket": stack.SCGI,
	"https": stack.HTTP, "https-socket": stack.HTTP, "suwsgi-socket": stack.UWSGI,
}

// tlsSockets are those that speak TLS.
var tlsSockets = []string{"https", "https-socket", "suwsgi-socket"}

// opaque reports whether an option brings in what does not stand beside it: other
// files, loops, conditions.
func opaque(key string) bool {
	switch key {
	case "ini", "inherit", "include", "xml", "yaml", "yml", "json", "config", "emperor", "shared-socket", "undeferred-shared-socket":
		return true
	}
	return conditional(key)
}

// conditional reports whether an option begins or ends a loop or a condition.
func conditional(key string) bool {
	return strings.HasPrefix(key, "for") || strings.HasPrefix(key, "end") || strings.HasPrefix(key, "if-") || key == "if"
}

// short are the options that are read by their letters on the command line.
var short = map[string]string{"s": "socket", "b": "buffer-size", "t": "harakiri", "C": "chmod-socket"}

// An option is one setting with its value.
type option struct {
	key   string
	value string
	span  source.Span
	known bool
}

// Read reads an ini file. It speaks for all of the program only where that is
// started with this file alone.
func Read(f *source.File) (*stack.Backend, []*stack.Listener) {
	return read(file(f), source.Span{File: f})
}

func file(f *source.File) []option {
	defined := map[string]string{}
	var options []option
	for _, line := range keyfile.Parse(f, keyfile.UWSGI) {
		if line.Section != "uwsgi" {
			continue
		}
		o := option{key: strings.ReplaceAll(line.Key, "_", "-"), value: line.Value, span: line.Span, known: true}
		o.value, o.known = expand(o.value, f.Path, defined)
		o.known = o.known && !line.NoValue
		if o.known { // a placeholder is the value of any option, also one of the file's own
			defined[line.Key] = o.value
		} else {
			delete(defined, line.Key)
		}
		options = append(options, o)
	}
	return options
}

// Command reads a command line; open gives a file by its path on the host, nil
// where it is not known. ok is false where it does not start uWSGI.
func Command(words []keyfile.Word, dir string, open func(name string) *source.File) (b *stack.Backend, listeners []*stack.Listener, ok bool) {
	at := slices.IndexFunc(words, func(w keyfile.Word) bool {
		base := path.Base(w.Text)
		return base == "uwsgi" || strings.HasPrefix(base, "uwsgi_python") || base == "uwsgi-core"
	})
	if at < 0 || at > 8 {
		return nil, nil, false
	}
	var options []option
	include := func(w keyfile.Word) {
		if f := openIn(w, dir, open); f != nil {
			options = append(options, file(f)...)
		} else {
			options = append(options, option{key: "ini", span: w.Span})
		}
	}
	rest := words[at+1:]
	for i := 0; i < len(rest); i++ {
		w := rest[i]
		key, inline, has := strings.Cut(strings.TrimLeft(w.Text, "-"), "=")
		switch {
		case !strings.HasPrefix(w.Text, "-"):
			if w.Known {
				include(w) // its ending says what it is
			} else {
				options = append(options, option{key: "ini", span: w.Span})
			}
			continue
		case !strings.HasPrefix(w.Text, "--") && len(w.Text) > 2:
			key, inline, has = w.Text[1:2], w.Text[2:], true
		}
		o := option{key: strings.ReplaceAll(key, "_", "-"), value: inline, span: w.Span, known: w.Known}
		if !has && i+1 < len(rest) && !strings.HasPrefix(rest[i+1].Text, "-") && (key == "ini" || path.Ext(rest[i+1].Text) != ".ini") {
			i++
			o.value, o.span, o.known = rest[i].Text, rest[i].Span, rest[i].Known
		}
		if long := short[key]; long != "" && !strings.HasPrefix(w.Text, "--") {
			o.key = long
		}
		if o.key == "ini" {
			include(keyfile.Word{Text: o.value, Span: o.span, Known: o.known})
			continue
		}
		options = append(options, o)
	}
	b, listeners = read(options, words[at].Span)
	return b, listeners, true
}

func openIn(w keyfile.Word, dir string, open func(string) *source.File) *source.File {
	if !w.Known || !path.IsAbs(w.Text) && dir == "" {
		return nil
	}
	if !path.IsAbs(w.Text) {
		w.Text = path.Join(dir, w.Text)
	}
	return open(w.Text)
}

// read makes listeners of options.
func read(options []option, at source.Span) (*stack.Backend, []*stack.Listener) {
	b := &stack.Backend{Program: "uWSGI", At: at, Complete: true}
	last := map[string]option{}
	condition, speech := false, false
	for _, o := range options {
		b.Complete = b.Complete && !opaque(o.key)
		condition = condition || conditional(o.key)
		speech = speech || o.key == "protocol" || o.key == "socket-protocol"
		if _, again := last[o.key]; again {
			o.known = false // of what stands twice, the option decides which holds
		}
		last[o.key] = o
	}
	whole := b.Complete
	var access stack.Access
	if whole {
		access = accessOf(last)
		b.Kill = number(last, "harakiri", 0)
		b.Kill.Time = time.Duration(b.Kill.Bytes) * time.Second
		b.Buffer = number(last, "buffer-size", 4096)
		b.Idle = stack.Limit{Known: true} // it closes after each answer
	}
	_, changes := last["chdir"]
	var found []*stack.Listener
	for _, o := range options {
		protocol, is := sockets[o.key]
		if !is {
			continue
		}
		e, ok := Address(o.value)
		if !ok || !o.known {
			b.Complete = false
			continue
		}
		if speech && protocol == stack.UWSGI {
			protocol = stack.Raw // not read which
		}
		l := &stack.Listener{Endpoint: e, Protocol: protocol, Span: o.span, Backend: b, TLS: stack.No, Maybe: condition}
		if slices.Contains(tlsSockets, o.key) {
			l.TLS = stack.Yes
		}
		if e.Net == stack.Unix && (path.IsAbs(e.Path) || !changes) {
			l.Access = access
		}
		found = append(found, l)
	}
	return b, found
}

func number(last map[string]option, key string, standard int) stack.Limit {
	l := stack.Limit{Bytes: standard, Known: true, Name: key}
	if o, set := last[key]; set {
		n, err := strconv.Atoi(o.value)
		l.Bytes, l.Known, l.Span = n, o.known && err == nil, o.span
	}
	return l
}

func accessOf(last map[string]option) stack.Access {
	var a stack.Access
	if mode, set := last["chmod-socket"]; set && mode.known {
		n, err := strconv.ParseUint(mode.value, 8, 12)
		a.Mode, a.ModeKnown, a.ModeAt = int(n), err == nil, mode.span
	}
	// It drops its rights before it makes the socket, and chown-socket comes last
	// (measured on uWSGI 2.0.21).
	for key, to := range map[string]func(string, source.Span){
		"uid": func(name string, at source.Span) { a.Owner, a.OwnerAt = name, at },
		"gid": func(name string, at source.Span) { a.Group, a.GroupAt = name, at },
	} {
		if o, set := last[key]; set {
			to(o.value, o.span)
			a.ModeKnown = a.ModeKnown && o.known && !isNumber(o.value)
		}
	}
	if o, set := last["chown-socket"]; set {
		user, group, both := strings.Cut(o.value, ":")
		a.Owner, a.OwnerAt = user, o.span
		if both {
			a.Group, a.GroupAt = group, o.span
		}
		a.ModeKnown = a.ModeKnown && o.known && !isNumber(user) && !isNumber(group)
	}
	return a
}

func isNumber(name string) bool {
	return name != "" && strings.Trim(name, "0123456789") == ""
}

// maxValue bounds how long placeholders make a value: each may double what another one is.
const maxValue = 4096

// expand puts in what the file itself says: `%(name)` of an option that stands
// before, `%n`, the file's name without its ending, and `%%`.
func expand(value, file string, defined map[string]string) (text string, known bool) {
	if strings.Contains(value, "$(") || strings.Contains(value, "@(") {
		return value, false
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] != '%' {
			b.WriteByte(value[i])
			continue
		}
		rest := value[i+1:]
		switch {
		case strings.HasPrefix(rest, "n"):
			b.WriteString(strings.TrimSuffix(path.Base(file), path.Ext(file)))
			i++
		case strings.HasPrefix(rest, "("):
			name, _, closed := strings.Cut(rest[1:], ")")
			v, set := defined[name]
			if !closed || !set {
				return value, false
			}
			if b.Len()+len(v) > maxValue {
				return value, false
			}
			b.WriteString(v)
			i += len(name) + 2
		default:
			return value, false
		}
	}
	return b.String(), true
}

// Address reads the value of socket: a path, relative also where it holds no
// colon, `HOST:PORT`, or `:PORT`, which is IPv4 only; `[::]:PORT` accepts both
// families (measured on uWSGI 2.0.21 for Linux).
func Address(text string) (stack.Endpoint, bool) {
	switch {
	case text == "" || strings.HasPrefix(text, "@") || strings.HasPrefix(text, "=") || strings.Contains(text, "//") || strings.Contains(text, ","):
		return stack.Endpoint{}, false // abstract sockets, shared ones, descriptors
	case !strings.Contains(text, ":"):
		return stack.UnixEndpoint(text), true
	case strings.HasPrefix(text, ":"):
		text = "0.0.0.0" + text
	case path.IsAbs(text):
		return stack.Endpoint{}, false
	}
	e, ok := stack.ParseAddress(text)
	if e.Host == "" && e.Families == stack.V6 {
		e.Families = stack.Dual
	}
	return e, ok && e.Net == stack.TCP && !strings.HasPrefix(text, "*")
}
