package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/syntax"
)

// sections misses the events block. Only a file of the usual name is certainly no
// part of another one.
func (t *nginxTest) sections() {
	c := t.config
	if c.Fragment || c.Top.Missing || path.Base(c.Main.File.Path) != "nginx.conf" || len(c.Main.Errors) > 0 || len(c.Top.Own("events")) > 0 {
		return
	}
	for d := range c.Top.All() {
		if _, standing := catalog.Find(d.Name(), catalog.Main, c.Version); standing == catalog.Nobody && d.Tree().IsBlock(d.ID) {
			return // it may be a misspelt events, and nginx goes no further
		}
	}
	for _, b := range c.Top.Children {
		if b.Context&(catalog.HTTP|catalog.Stream|catalog.Mail) == 0 || !t.written(b.Ref()) {
			continue
		}
		f := diag.Finding{
			Summary: "a main file without events",
			Subject: label(b.Head(), "no events block stands beside it"),
			Remedy:  "add `events {}`",
		}
		if b.Place.Parent == nil {
			f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Safe, Edits: []diag.Edit{b.Place.Tree.InsertInto(b.Place.Tree.Parent(b.ID), lastBefore(b), "events {}")}}}
		}
		t.refuse(b.Ref(), `no "events" section in configuration`, f)
		return
	}
}

// lastBefore is the directive before a block.
func lastBefore(b *nginx.Block) (last syntax.ID) {
	last = syntax.None
	for d := range b.Place.Tree.Children(b.Place.Tree.Parent(b.ID)) {
		if d == b.ID {
			break
		}
		last = d
	}
	return last
}

// progress is what nginx has read so far.
type progress struct {
	*nginxTest
	block   nginx.Ref            // the first block behind which no module is loaded
	modules map[string]nginx.Ref // by path
	pools   map[string]nginx.Ref // thread pools by name
	formats map[logName]nginx.Ref
	logs    map[logName]bufferedLog
	folders map[string]folder
	zones   map[string]zone
	maps    map[catalog.Context]nginx.Ref // the first map of http and of stream

	upstreams map[logName]*nginx.Block // by subsystem and name in lower case
	passes    []pass
	mail      map[string]nginx.Ref // listen of the mail module, by address
}

// A logName is a name in http or in stream.
type logName struct{ in, name string }

// inOrder looks at what depends on what stands before it.
func (t *nginxTest) inOrder() {
	s := progress{
		nginxTest: t, modules: map[string]nginx.Ref{}, pools: map[string]nginx.Ref{}, formats: map[logName]nginx.Ref{},
		logs: map[logName]bufferedLog{}, folders: map[string]folder{}, zones: map[string]zone{}, maps: map[catalog.Context]nginx.Ref{},
		upstreams: map[logName]*nginx.Block{}, mail: map[string]nginx.Ref{},
	}
	for u := range t.config.Blocks(catalog.Upstream | catalog.StreamUpstream) {
		if t.written(u.Ref()) {
			s.upstreams[logName{subsystem(u), strings.ToLower(u.Ref().Arg(0))}] = u
		}
	}
	for b, r := range t.config.InOrder(dependsOnOrder()) {
		if b.Context&catalog.Any != 0 && t.stands(b, r) {
			s.directive(b, r)
		}
	}
	s.ports()
}

// dependsOnOrder are the directives in which something is looked at.
var dependsOnOrder = sync.OnceValue(func() *nginx.NameSet {
	return namesOf(func(d *catalog.Directive) bool { return strings.HasSuffix(d.Name, "_path") }, // of a cache, or temporary files
		"events", "http", "stream", "mail", "load_module", "limit_req", "limit_conn", "thread_pool",
		"proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass",
		"log_format", "access_log", "proxy_redirect", "proxy_cookie_domain", "proxy_cookie_path", "listen",
		"connection_pool_size", "request_pool_size", "http2_pool_size", "map", "map_hash_bucket_size", "map_hash_max_size",
		"limit_req_zone", "limit_conn_zone", "zone", "ssl_session_cache")
})

func (s *progress) directive(b *nginx.Block, r nginx.Ref) {
	switch name := r.Name(); name {
	case "events", "http", "stream", "mail":
		if b.Context == catalog.Main && s.block.IsZero() {
			s.block = r
		}
	case "load_module":
		s.module(r)
	case "limit_req", "limit_conn":
		s.limitTwice(b, r)
	case "thread_pool":
		s.threadPool(r)
	case "proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass":
		if r.NArgs() == 1 && !strings.Contains(r.Arg(0), "$") {
			s.passes = append(s.passes, pass{b, r})
		}
	case "log_format":
		s.logFormat(b, r)
	case "access_log":
		s.accessLog(b, r)
	case "proxy_redirect":
		s.besidesOff(b, r)
		s.redirect(b, r)
	case "proxy_cookie_domain", "proxy_cookie_path":
		s.besidesOff(b, r)
	case "listen":
		if b.Context == catalog.MailServer {
			s.mailListen(r)
		}
	case "connection_pool_size", "request_pool_size", "http2_pool_size":
		s.poolSize(r)
	case "map":
		if _, again := s.maps[b.Context]; !again {
			s.maps[b.Context] = r
		}
	case "map_hash_bucket_size", "map_hash_max_size":
		s.mapHash(b, r)
	default:
		if strings.HasSuffix(name, "_cache_path") || strings.HasSuffix(name, "_temp_path") {
			s.folder(r)
		}
	}
	s.zone(b, r)
}

func (s *progress) module(r nginx.Ref) {
	if r.NArgs() != 1 {
		return
	}
	if !s.block.IsZero() {
		s.refuse(r, `"load_module" directive is specified too late`, diag.Finding{
			Summary: "a module is loaded too late",
			Subject: label(r.Head(), "modules are loaded before the first block"),
			Related: []diag.Label{label(s.block.Head(), "the first block")},
			Remedy:  "move it to the top of the main file",
		})
		return
	}
	file := r.Arg(0)
	if first, again := s.modules[file]; again {
		f := s.twice(r, first, "a module is loaded twice", "the second load of this module")
		s.refuse(r, fmt.Sprintf("module %q is already loaded", strings.TrimSuffix(path.Base(file), ".so")), f)
		return
	}
	s.modules[file] = r
}

// twice is a finding on a second directive; it is dropped where it says the same as the first.
func (t *nginxTest) twice(r, first nginx.Ref, summary, text string) diag.Finding {
	f := diag.Finding{
		Summary: summary,
		Subject: label(r.Head(), "%s", text),
		Related: []diag.Label{label(first.Head(), "the first one")},
		Remedy:  "keep one of the two",
	}
	if slices.Equal(r.Args(), first.Args()) {
		f.Fixes = []diag.Fix{{Title: "drop the second " + r.Name() + ", which says the same", Safety: diag.Safe, Edits: []diag.Edit{r.Tree().Delete(r.ID)}}}
	}
	return f
}

func (s *progress) threadPool(r nginx.Ref) {
	name := r.Arg(0)
	if first, again := s.pools[name]; again {
		s.refuse(r, fmt.Sprintf("duplicate thread pool %q", name), s.twice(r, first, "a thread pool is declared twice", "the second one of this name"))
		return
	}
	s.pools[name] = r
}

// redirect looks for the proxy_pass that `proxy_redirect default` reads.
func (s *progress) redirect(b *nginx.Block, r nginx.Ref) {
	if r.NArgs() != 1 || r.Arg(0) != "default" {
		return
	}
	f := diag.Finding{
		Summary: "proxy_redirect default where there is nothing to take it from",
		Subject: label(r.Head(), "no proxy_pass stands before it in this %s", b.Context),
		Remedy:  "put it behind proxy_pass, or leave it out: it is the default",
	}
	says := `"proxy_redirect default" should be placed after the "proxy_pass" directive`
	for other := range b.All() {
		if other == r {
			break
		}
		switch other.Name() {
		case "proxy_redirect":
			return // a duplicate, or off: nginx says that first
		case "proxy_pass":
			if !strings.Contains(other.Arg(0), "$") || !s.written(other) {
				return
			}
			f.Subject.Text = "the proxy_pass has variables"
			f.Related = []diag.Label{label(other.Head(), "what to replace is known only when a request comes")}
			f.Remedy = "write what is to be replaced, or leave it out"
			says = `"proxy_redirect default" cannot be used with "proxy_pass" directive with variables`
		}
	}
	if b.Missing && len(f.Related) == 0 {
		return // a file that was not read may have the proxy_pass
	}
	if len(b.Own(r.Name())) == 1 && s.noneOutside(b, r.Name()) {
		f.Fixes = []diag.Fix{{Title: "drop proxy_redirect default, which holds without it", Safety: diag.Safe, Edits: []diag.Edit{r.Tree().Delete(r.ID)}}}
	}
	s.refuse(r, says, f)
}

// besidesOff finds an `off` in one block with others of its name.
func (s *progress) besidesOff(b *nginx.Block, r nginx.Ref) {
	own := b.Own(r.Name())
	i := slices.Index(own, r)
	if i < 1 {
		return
	}
	first := own[i-1]
	if !s.written(first) || r.Arg(0) != "off" && (first.Arg(0) != "off" || i > 1) {
		return
	}
	s.refuse(r, fmt.Sprintf("%q directive is duplicate", r.Name()), s.twice(r, first, "a directive stands beside an off", "off and others exclude each other in one "+b.Context.String()))
}

// noneOutside reports whether no block around has directives of a name.
func (t *nginxTest) noneOutside(b *nginx.Block, name string) bool {
	if b.Parent == nil {
		return false
	}
	refs, _, known := b.Parent.List(name)
	return known && len(refs) == 0
}

// The least pool that nginx makes, in bytes (measured on 64 bits), and what its size is a multiple of.
const leastPool, poolStep = 112, 16

func (s *progress) poolSize(r nginx.Ref) {
	n, ok := nginx.ParseSize(r.Arg(0))
	if !ok || n > mostBytes || n >= leastPool && n%poolStep == 0 {
		return
	}
	says := fmt.Sprintf("the pool size must be a multiple of %d", poolStep)
	text := fmt.Sprintf("not a multiple of %d", poolStep)
	if n < leastPool {
		says, text = fmt.Sprintf("the pool size must be no less than %d", leastPool), fmt.Sprintf("less than %d", leastPool)
	}
	better := size((max(n, leastPool) + poolStep - 1) / poolStep * poolStep)
	s.refuse(r, says, diag.Finding{
		Summary: "a size that no pool can have",
		Subject: label(r.ArgSpan(0), "%s", text),
		Remedy:  "write a multiple of 16 from 112",
		Fixes:   []diag.Fix{{Title: "write " + better, Safety: diag.Safe, Edits: []diag.Edit{r.Tree().SetArg(r.ID, 0, better)}}},
	})
}

// mapHash looks for a map before the directive: it fixes the size of its table.
func (s *progress) mapHash(b *nginx.Block, r nginx.Ref) {
	first, late := s.maps[b.Context]
	if !late || len(b.Own(r.Name())) > 1 {
		return
	}
	f := diag.Finding{
		Summary: "the size of a table is set behind the table",
		Subject: label(r.Head(), "a map stands before it"),
		Related: []diag.Label{label(first.Head(), "from here on the size is fixed")},
		Remedy:  "move it before the first map",
	}
	if r.Place == first.Place && b.Place == r.Place && r.NArgs() == 1 {
		f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Safe, Edits: []diag.Edit{
			b.Place.Tree.InsertInto(b.ID, syntax.None, r.Name()+" "+r.Arg(0)+";"), r.Tree().Delete(r.ID),
		}}}
	}
	s.refuse(r, fmt.Sprintf("%q directive is duplicate", r.Name()), f)
}
