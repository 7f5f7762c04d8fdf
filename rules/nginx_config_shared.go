package rules

import (
	"fmt"
	"strings"
	"time"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
)

func (s *progress) logFormat(b *nginx.Block, r nginx.Ref) {
	at := logName{subsystem(b), r.Arg(0)}
	if first, again := s.formats[at]; again {
		s.refuse(r, fmt.Sprintf("duplicate %q name %q", "log_format", at.name), s.twice(r, first, "a log format stands twice", "the second one of this name"))
		return
	}
	if b.Context == catalog.HTTP && at.name == "combined" {
		s.refuse(r, `duplicate "log_format" name "combined"`, diag.Finding{
			Summary: "a log format stands twice",
			Subject: label(r.Head(), "nginx has a format of this name"),
			Remedy:  "give it another name, here and in access_log",
		})
		return
	}
	s.formats[at] = r
}

// A bufferedLog is how an access log is written.
type bufferedLog struct {
	by          nginx.Ref
	size, level int64
	flush       time.Duration
}

// The buffer and the level of an access log with gzip that names none.
const gzipBuffer, gzipLevel = 64 << 10, 1

// accessLog compares the buffers that one file is given. Those without a buffer
// fit to all.
func (s *progress) accessLog(b *nginx.Block, r nginx.Ref) {
	file := r.Arg(0)
	if r.NArgs() < 2 || strings.Contains(file, "$") || strings.HasPrefix(file, "syslog:") {
		return
	}
	own := bufferedLog{by: r}
	for _, arg := range r.Args()[2:] {
		name, value, set := strings.Cut(arg, "=")
		ok := true
		switch name {
		case "buffer":
			own.size, ok = nginx.ParseSize(value)
		case "flush":
			own.flush, ok = nginx.ParseTime(value)
		case "gzip":
			if own.level = gzipLevel; set {
				own.level, ok = nginx.ParseNumber(value)
			}
			if own.size == 0 {
				own.size = gzipBuffer
			}
		}
		if !ok {
			return
		}
	}
	if own.size == 0 {
		return
	}
	at := logName{subsystem(b), file}
	first, again := s.logs[at]
	if !again {
		s.logs[at] = own
		return
	}
	if first.size == own.size && first.level == own.level && first.flush == own.flush {
		return
	}
	s.refuse(r, fmt.Sprintf("access_log %q already defined with conflicting parameters", file), diag.Finding{
		Summary: "one log with two buffers",
		Subject: label(r.Head(), "another buffer, flush or gzip than before"),
		Related: []diag.Label{label(first.by.Head(), "the first one for this file")},
		Remedy:  "write the same buffer, flush and gzip in both, or to another file",
	})
}

// A folder is one that nginx makes for itself.
type folder struct {
	by     nginx.Ref
	levels string
	cache  bool
}

// folder compares the folders for caches and for temporary files: a cache has
// its own, temporary files of several kinds may lie in one with the same levels.
func (s *progress) folder(r nginx.Ref) {
	at := r.Arg(0)
	own := folder{by: r, cache: strings.HasSuffix(r.Name(), "_cache_path")}
	if at == "" || strings.Contains(at, "$") || at == "off" {
		return
	}
	if !own.cache {
		own.levels = strings.Join(r.Args()[1:], " ")
	}
	first, again := s.folders[at]
	if !again {
		s.folders[at] = own
		return
	}
	f := diag.Finding{
		Summary: "one folder for two purposes",
		Subject: label(r.ArgSpan(0), "this folder is taken"),
		Related: []diag.Label{label(first.by.Head(), "by this")},
		Remedy:  "give each of them a folder of its own",
	}
	switch {
	case own.cache || first.cache:
		s.refuse(r, fmt.Sprintf("the same path name %q used in", at), f)
	case own.levels != first.levels:
		f.Summary = "one folder with two sorts of levels"
		f.Subject.Text = "other levels than before"
		f.Remedy = "write the same levels in both"
		s.refuse(r, fmt.Sprintf("the same path name %q in", at), f)
	}
}

// A zone is one of shared memory. A name is one zone in all of nginx.
type zone struct {
	by   nginx.Ref
	name string
	// use is the module that works with it.
	use string
	// bytes is 0 where another directive says it.
	bytes int64
	// once is set where only one directive may declare it.
	once bool
}

// zone compares the declarations of a zone.
func (s *progress) zone(b *nginx.Block, r nginx.Ref) {
	own, ok := zoneOf(b, r)
	if !ok {
		return
	}
	first, again := s.zones[own.name]
	if !again {
		s.zones[own.name] = own
		return
	}
	f := diag.Finding{
		Subject: label(r.Head(), "%s", own),
		Related: []diag.Label{label(first.by.Head(), "%s", first)},
	}
	switch {
	case own.use != first.use:
		f.Summary = "one zone for two purposes"
		f.Remedy = "give one of them another name"
		s.refuse(r, fmt.Sprintf("the shared memory zone %q is already declared for a different use", own.name), f)
	case own.bytes != 0 && first.bytes != 0 && own.bytes != first.bytes:
		f.Summary = "one zone with two sizes"
		f.Remedy = "write the same size in both"
		s.refuse(r, fmt.Sprintf("the size %d of shared memory zone %q conflicts with already declared size %d", own.bytes, own.name, first.bytes), f)
	case own.once && first.once:
		says := fmt.Sprintf("%s %q is already bound to key %q", r.Name(), own.name, first.by.Arg(0))
		if strings.HasSuffix(r.Name(), "_cache_path") {
			says = fmt.Sprintf("duplicate zone %q", own.name)
		}
		s.refuse(r, says, s.twice(r, first.by, "a zone is declared twice", "the second one of this name"))
	default:
		if first.bytes == 0 {
			s.zones[own.name] = own
		}
	}
}

// limitTwice finds a limit of one zone that stands twice in a block.
func (s *progress) limitTwice(b *nginx.Block, r nginx.Ref) {
	name := limitZone(r)
	for _, other := range b.Own(r.Name()) {
		if other == r {
			return
		}
		if name != "" && limitZone(other) == name && s.written(other) {
			s.refuse(r, fmt.Sprintf("%q directive is duplicate", r.Name()), s.twice(r, other, "a limit stands twice", "the second one with zone "+name))
			return
		}
	}
}

func limitZone(r nginx.Ref) string {
	if r.Name() == "limit_conn" {
		return r.Arg(0)
	}
	return parameter(r, "zone=")
}

// String says what a zone is for.
func (z zone) String() string {
	if z.bytes == 0 {
		return "zone " + z.name + " for " + z.use
	}
	return fmt.Sprintf("zone %s of %s for %s", z.name, size(z.bytes), z.use)
}

// zoneOf reads the zone of a directive.
func zoneOf(b *nginx.Block, r nginx.Ref) (z zone, ok bool) {
	z.by = r
	family, _, _ := strings.Cut(r.Name(), "_")
	text := ""
	switch name := r.Name(); name {
	case "limit_req_zone", "limit_conn_zone":
		z.use, z.once = strings.TrimSuffix(name, "_zone"), true
		text = parameter(r, "zone=")
	case "proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path", "scgi_cache_path":
		z.use, z.once = family+"_cache", true
		text = parameter(r, "keys_zone=")
	case "zone":
		if z.use, text = "upstream", r.Arg(0); r.NArgs() > 1 {
			text += ":" + r.Arg(1)
		}
	case "ssl_session_cache":
		z.use = name
		text = parameter(r, "shared:")
	}
	if text == "" || strings.Contains(text, "$") || b.Context&(catalog.AnyHTTP|catalog.AnyStream|catalog.AnyMail) == 0 {
		return z, false
	}
	if in := subsystem(b); in != "http" {
		z.use += " of " + in
	}
	var digits string
	z.name, digits, ok = strings.Cut(text, ":")
	if ok {
		z.bytes, ok = nginx.ParseSize(digits)
		return z, ok && z.bytes > 0 && z.name != ""
	}
	return z, r.Name() == "zone" // its size may stand in another upstream
}

// subsystem is "http", "stream" or "mail".
func subsystem(b *nginx.Block) string {
	switch {
	case b.Context&catalog.AnyStream != 0:
		return "stream"
	case b.Context&catalog.AnyMail != 0:
		return "mail"
	}
	return "http"
}

// parameter is what stands behind a prefix in one of the arguments; "" where none has it.
func parameter(r nginx.Ref, prefix string) string {
	for _, arg := range r.EachArg() {
		if value, ok := strings.CutPrefix(arg, prefix); ok {
			return value
		}
	}
	return ""
}
