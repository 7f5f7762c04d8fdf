// Package gunicorn reads where gunicorn listens and how long it lets a request
// take, from its command line and from the literals of its configuration file.
package gunicorn

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

// options are the settings that are read, by their names in the configuration file.
var options = map[string][]string{
	"bind":         {"-b", "--bind"},
	"timeout":      {"-t", "--timeout"},
	"keepalive":    {"--keep-alive"},
	"worker_class": {"-k", "--worker-class"},
	"threads":      {"--threads"},
	"certfile":     {"--certfile"},
	"keyfile":      {"--keyfile"},
	"config":       {"-c", "--config"},
	"chdir":        {"--chdir"},
	"protocol":     {"--protocol"}, // uwsgi, in newer releases
	"umask":        {"-m", "--umask"},
}

// valued are the other options that are often given a value from elsewhere: what
// follows is no option.
var valued = []string{
	"-w", "--workers", "-n", "--name", "-p", "--pid", "-u", "--user", "-g", "--group", "-e", "--env", "--access-logfile", "--error-logfile", "--log-file",
	"--log-level", "--graceful-timeout", "--max-requests", "--max-requests-jitter", "--worker-connections", "--worker-tmp-dir", "--backlog", "--pythonpath",
}

// settings are the names that a configuration file may set.
var settings = func() map[string]bool {
	names := map[string]bool{}
	for name := range options {
		names[name] = true
	}
	return names
}()

// A Start is how gunicorn is started.
type Start struct {
	// Words are the command, program first.
	Words []keyfile.Word
	// Dir is the working directory as the host calls it; "" where it is not known.
	Dir string
	// Environment is set where the environment may hold settings that are not known:
	// GUNICORN_CMD_ARGS, PORT, WEB_CONCURRENCY.
	Environment bool
	// Open gives a file by its path on the host: nil where it is not there; known is
	// false where that is not to be told.
	Open func(name string) (f *source.File, known bool)
}

// program is the index of the word that is gunicorn, or -1.
func program(words []keyfile.Word) int {
	for i, w := range words {
		switch base := path.Base(w.Text); {
		case base == "gunicorn" || base == "gunicorn3":
			return i
		case i > 8:
			return -1
		}
	}
	return -1
}

// Read reads a command. ok is false where it does not start gunicorn.
func Read(s Start) (b *stack.Backend, listeners []*stack.Listener, ok bool) {
	at := program(s.Words)
	if at < 0 {
		return nil, nil, false
	}
	r := reading{values: map[string]value{}}
	r.command(s.Words[at+1:])
	b = &stack.Backend{Program: "gunicorn", At: s.Words[at].Span}
	fromFile := s.configuration(&r)
	get := func(name string) (value, bool) { // the value and whether it is known; no words where it is not set
		if v, set := r.values[name]; set || r.opaque {
			return v, v.known && !r.opaque
		}
		if s.Environment || fromFile == nil {
			return value{}, false
		}
		if v, set := fromFile.values[name]; set || fromFile.opaque {
			return v, v.known && !fromFile.opaque
		}
		return value{}, true
	}
	b.Kill, b.Idle = limits(get)
	tls, known := get("certfile")
	speaks := stack.No
	if !known || len(tls.words) > 0 {
		speaks = stack.Maybe
	}
	if key, known := get("keyfile"); !known || len(key.words) > 0 {
		speaks = stack.Maybe
	}
	protocol := stack.HTTP
	if v, known := get("protocol"); known && len(v.words) > 0 || !known && v.span.File != nil {
		protocol = stack.Raw
	}
	bind, known := get("bind")
	dir := s.Dir
	if v, known := get("chdir"); !known || len(v.words) > 0 {
		dir = ""
	}
	switch {
	case !known:
	case len(bind.words) == 0:
		b.Complete = true // the default, without PORT in the environment
		listeners = append(listeners, &stack.Listener{
			Endpoint: stack.TCPEndpoint("127.0.0.1", 8000), Protocol: protocol, Span: b.At, Backend: b, TLS: speaks,
		})
	default:
		b.Complete = true
		for _, w := range bind.words {
			e, ok := Address(w.text)
			if !ok {
				b.Complete = false
				continue
			}
			if e.Net == stack.Unix && !path.IsAbs(e.Path) && dir != "" {
				e = stack.UnixEndpoint(path.Join(dir, e.Path))
			}
			l := &stack.Listener{Endpoint: e, Protocol: protocol, Span: w.span, Backend: b, TLS: speaks}
			if _, known := get("umask"); known {
				if v, _ := get("umask"); len(v.words) == 0 {
					l.Access = stack.Access{Mode: 0o777, ModeKnown: true} // its own default
				}
			}
			listeners = append(listeners, l)
		}
	}
	return b, listeners, true
}

// Conf reads a configuration file for which no command is known: what it says
// holds unless a command line says otherwise.
func Conf(f *source.File) (b *stack.Backend, listeners []*stack.Listener) {
	word := keyfile.Word{Text: "gunicorn", Span: source.Span{File: f}, Known: true}
	b, listeners, _ = Read(Start{Words: []keyfile.Word{word}, Dir: "/", Open: func(string) (*source.File, bool) { return f, true }})
	b.Complete = false
	for _, l := range listeners {
		if l.Span == b.At {
			return b, nil // the default, which the file does not say
		}
		l.Maybe = true
	}
	return b, listeners
}

// configuration is the file that is read; nil where that is not known.
func (s Start) configuration(r *reading) *conf {
	name := "gunicorn.conf.py"
	if v, set := r.values["config"]; set {
		if !v.known || len(v.words) == 0 || strings.HasPrefix(v.words[0].text, "python:") {
			return nil
		}
		name = strings.TrimPrefix(v.words[0].text, "file:")
	}
	if !path.IsAbs(name) {
		if s.Dir == "" {
			return nil
		}
		name = path.Join(s.Dir, name)
	}
	f, known := s.Open(name)
	switch {
	case !known:
		return nil
	case f == nil:
		return &conf{}
	}
	c := parsePython(f, settings)
	return &c
}

// limits are how long gunicorn lets a request take, and keeps an idle connection.
// Only the sync worker is stopped by the timeout while it answers, and only it
// closes each connection (measured on gunicorn 20.1).
func limits(get func(string) (value, bool)) (kill, idle stack.Limit) {
	class, classKnown := get("worker_class")
	threads, threadsKnown := get("threads")
	if !classKnown || !threadsKnown {
		return kill, idle
	}
	sync := len(class.words) == 0 || class.words[0].text == "sync"
	if len(threads.words) > 0 && threads.words[0].text != "1" {
		sync = false // sync with threads is gthread
	}
	if !sync {
		if len(class.words) > 0 && class.words[0].text != "gthread" && class.words[0].text != "sync" {
			return kill, idle // such workers have rules of their own
		}
		kill = stack.Limit{Known: true, Name: "timeout"}
		if v, known := get("keepalive"); known {
			idle = seconds(v, 2, "keepalive")
		}
		return kill, idle
	}
	if v, known := get("timeout"); known {
		kill = seconds(v, 30, "timeout")
	}
	return kill, stack.Limit{Known: true, Name: "keepalive"}
}

func seconds(v value, standard int, name string) stack.Limit {
	l := stack.Limit{Time: time.Duration(standard) * time.Second, Known: true, Name: name}
	if len(v.words) > 0 {
		n, err := strconv.Atoi(v.words[0].text)
		l.Time, l.Span, l.Known = time.Duration(n)*time.Second, v.words[0].span, err == nil && n >= 0
	}
	return l
}

// reading is what a command line sets.
type reading struct {
	values map[string]value
	// opaque is set where a word is not known that may be an option.
	opaque bool
}

func (r *reading) command(words []keyfile.Word) {
	for i := 0; i < len(words); i++ {
		w := words[i]
		if !strings.HasPrefix(w.Text, "-") {
			r.opaque = r.opaque || !w.Known && strings.ContainsAny(w.Text[:min(len(w.Text), 1)], "$%{") // may be options
			continue
		}
		flag, inline, hasValue := w.Text, "", false
		if strings.HasPrefix(w.Text, "--") {
			flag, inline, hasValue = strings.Cut(w.Text, "=")
			if !hasValue {
				inline = ""
			}
		} else if len(w.Text) > 2 {
			flag, inline, hasValue = w.Text[:2], strings.TrimPrefix(w.Text[2:], "="), true
		}
		name := optionName(flag)
		if name == "" {
			if !hasValue && slices.Contains(valued, flag) && i+1 < len(words) && !manyWords(words[i+1].Text) {
				i++
			}
			continue
		}
		v := value{known: w.Known, span: w.Span}
		switch {
		case hasValue:
			start := w.Span.Start
			if j := strings.LastIndex(w.Span.Text(), inline); j >= 0 {
				start += j
			}
			v.words = []word{{inline, source.Span{File: w.Span.File, Start: start, End: start + len(inline)}}}
			if w.Span.End < start+len(inline) {
				v.words[0].span = w.Span
			}
		case i+1 < len(words):
			i++
			v.words = []word{{words[i].Text, words[i].Span}}
			v.known = words[i].Known
		default:
			v.known = false
		}
		if name == "bind" {
			if old, again := r.values[name]; again {
				v.words = append(old.words, v.words...)
				v.known = v.known && old.known
			}
		}
		r.values[name] = v
	}
}

// manyWords reports whether systemd makes several words, or none, of one: it does of
// `$NAME`, not of `${NAME}`.
func manyWords(word string) bool {
	return strings.HasPrefix(word, "$") && !strings.HasPrefix(word, "${")
}

// optionName is the setting that an option sets; argparse takes the beginning of a
// long one for it, where that fits one option only.
func optionName(flag string) string {
	if flag == "--" || flag == "-" {
		return ""
	}
	for name, flags := range options {
		if slices.Contains(flags, flag) {
			return name
		}
	}
	if !strings.HasPrefix(flag, "--") || len(flag) < 4 {
		return ""
	}
	found := ""
	for name, flags := range options {
		for _, f := range flags {
			if strings.HasPrefix(f, flag) {
				if found != "" {
					return "" // gunicorn refuses it
				}
				found = name
			}
		}
	}
	return found
}

// Address reads a bind: `HOST:PORT`, `[V6]:PORT`, `:PORT`, `HOST` with port 8000,
// `unix:PATH`, each address also after tcp://. `:P` is IPv4 only, `[::]:P` accepts
// both families (measured on gunicorn 20.1 for Linux).
func Address(text string) (stack.Endpoint, bool) {
	if p, ok := strings.CutPrefix(text, "unix://"); ok {
		return stack.UnixEndpoint(p), p != ""
	}
	if p, ok := strings.CutPrefix(text, "unix:"); ok {
		return stack.UnixEndpoint(p), p != ""
	}
	text = strings.ToLower(strings.TrimPrefix(text, "tcp://"))
	if strings.HasPrefix(text, ":") {
		text = "0.0.0.0" + text
	}
	if i := strings.LastIndexByte(text, ':'); (i < 0 || strings.HasSuffix(text, "]")) && !strings.Contains(text, "//") {
		text += ":8000"
	}
	e, ok := stack.ParseAddress(text)
	if e.Net != stack.TCP {
		return e, false
	}
	if e.Host == "" && e.Families == stack.V6 {
		e.Families = stack.Dual
	}
	_, err := strconv.Atoi(e.Host)
	return e, ok && err != nil && !strings.HasPrefix(text, "fd:") && !strings.HasPrefix(text, "*")
}
