package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

var nginxWarning = analyzer.Rule{
	ID:         "nginx-warning",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Safe},
	YieldsTo:   []string{"missing-semicolon", "server-unreachable"},
	OnScope:    warnedByNginx,
	NoProof:    "nginx -t itself is asked about every case of the rule, and has to print the warning that the finding quotes",
	Doc: analyzer.Doc{
		Summary: "what nginx accepts with a warning",
		What: "What `nginx -t` warns of: a server name that another server of the address has; a MIME type, a word or an extension that stands twice (`text/html` is in every list of types already); a balancing method that replaces another; bits of an address behind its mask; a network twice in a `geo`, or none there to delete; " +
			"a cache without a key; an absolute `index` before the last; a server name with a slash; another number of `worker_cpu_affinity` masks than of processes; a hash table that is too small for the headers of a proxy, the types, the names of an address or the keys of a `map`.",
		Why: "nginx starts, and a part of what is written has no effect, or another one than it seems: `[warn] conflicting server name \"a.test\" on 0.0.0.0:80, ignored`, `duplicate MIME type \"text/html\"`, `load balancing method redefined`. " +
			"Without `fastcgi_cache_key` all requests have the same key: the first answer in the cache is given to everyone.",
		Gaps: "Silent where a file that was not read may set the other side, for files that a program fills in, and behind the first syntax error of a file. " +
			"Other hash tables (variables, headers that are hidden, parameters) are not counted. What depends on the machine is not looked at. Obsolete directives are told by `deprecated`, servers that no request reaches by `server-unreachable`.",
		Remedy:    "Remove what has no effect, or give it one.",
		FixSafety: "Safe: only what has no effect today is dropped, a network is written as nginx takes it, and a table gets the room that it takes anyway.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_gzip_module.html#gzip_types", "https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_cache_key"},
		Since:     "0.2.0",
	},
}

func warnedByNginx(p *analyzer.Pass, s *stack.Scope) {
	for _, c := range s.Nginx {
		t := nginxWarnings{nginxTest{Pass: p, config: c}, warnsOf().In(c), new([]sizedHeaders)}
		t.affinity()
		for b := range c.Blocks(catalog.Any | catalog.Rows) {
			t.block(b)
		}
	}
	var distinct, roomy *stack.Address // the last ones of whose names there is nothing to say
	for _, a := range s.Addresses {
		if a.Stream {
			continue
		}
		t := nginxWarnings{nginxTest: nginxTest{Pass: p, config: a.Config}}
		if !a.SharesServers(distinct) && !t.conflictingNames(a) {
			distinct = a
		}
		if !a.SharesServers(roomy) && !t.namesOf(a) {
			roomy = a
		}
	}
}

// nginxWarnings looks for what nginx -t warns of in one configuration.
type nginxWarnings struct {
	nginxTest
	of *nginx.NameSet // see warnsOf
	// roomy are headers whose table has room: blocks share snippets.
	roomy *[]sizedHeaders
}

func (t nginxWarnings) warn(at nginx.Ref, says string, f diag.Finding, causes ...any) {
	f.Severity = diag.Warning
	f.Notes = append([]string{"nginx -t: [warn] " + says}, f.Notes...)
	t.Report(at, append(analyzer.Causes{at}, causes...), f)
}

// warnsOf are the directives in which something is looked at.
var warnsOf = sync.OnceValue(func() *nginx.NameSet {
	return namesOf(func(d *catalog.Directive) bool {
		return d.Section == catalog.Core && (d.Type == catalog.TypeMIMETypes || d.Type == catalog.TypeBitmask)
	}, "allow", "deny", "set_real_ip_from", "geoip_proxy", "server_name", "index", "types", "hash", "ip_hash", "least_conn", "least_time", "random", "keepalive")
})

func (t nginxWarnings) block(b *nginx.Block) {
	if b.Context == catalog.Rows {
		switch b.Name() {
		case "geo":
			t.geo(b)
		case "map":
			t.mapKeys(b)
		}
		return
	}
	var words map[string]map[string]nginx.Ref // by directive
	var types map[string]string               // content type by extension
	var method nginx.Ref
	for r := range b.OwnOf(t.of) {
		if !t.written(r) {
			continue
		}
		switch r.Name() {
		case "allow", "deny", "set_real_ip_from", "geoip_proxy":
			t.mask(r, 0, r.Arg(0))
		case "server_name":
			t.suspicious(r)
		case "index":
			t.absoluteIndex(r)
		case "types":
			if b.Context&catalog.AnyHTTP != 0 {
				if types == nil {
					types = map[string]string{}
				}
				t.extensions(b, r, types)
			}
		case "hash", "ip_hash", "least_conn", "least_time", "random", "keepalive":
			if b.Context&(catalog.Upstream|catalog.StreamUpstream) != 0 {
				t.method(&method, r)
			}
		}
		entry, standing := catalog.Find(r.Name(), b.Context, b.Config.Version)
		if standing == catalog.Fits && entry.Section == catalog.Core && (entry.Type == catalog.TypeMIMETypes || entry.Type == catalog.TypeBitmask) {
			if words == nil {
				words = map[string]map[string]nginx.Ref{}
			}
			if words[r.Name()] == nil {
				words[r.Name()] = map[string]nginx.Ref{}
			}
			t.words(b, r, entry, words[r.Name()])
		}
	}
	if b.Context&(catalog.Server|catalog.Location|catalog.IfInLocation|catalog.LimitExcept) != 0 {
		t.cacheKeys(b)
	}
	t.hashTables(b)
}

// dropWord removes an argument with the blanks before it.
func dropWord(r nginx.Ref, i int) diag.Edit {
	before := r.Tree().NameSpan(r.ID)
	if i > 0 {
		before = r.ArgSpan(i - 1)
	}
	at := r.ArgSpan(i)
	return diag.Edit{Span: source.Span{File: at.File, Start: before.End, End: at.End}}
}

// words looks for words that stand twice in the directives of one name in a block.
func (t nginxWarnings) words(b *nginx.Block, r nginx.Ref, entry *catalog.Directive, seen map[string]nginx.Ref) {
	mime := entry.Type == catalog.TypeMIMETypes
	if mime && slices.ContainsFunc(b.Own(r.Name()), func(r nginx.Ref) bool { return r.IndexArg("*", 0) >= 0 }) {
		return // behind it nothing counts
	}
	for i, word := range r.EachArg() {
		key := strings.ToLower(word)
		first, again := seen[key]
		always := mime && entry.HasDefault && strings.HasPrefix(entry.Default+" ", key+" ")
		if !again && !always {
			seen[key] = r
			continue
		}
		f := diag.Finding{Summary: "a word stands twice", Subject: label(r.ArgSpan(i), "there already"), Remedy: "drop it"}
		says := fmt.Sprintf("duplicate value %q", word)
		if mime {
			says = fmt.Sprintf("duplicate MIME type %q", key)
			f.Summary = "a MIME type stands twice"
		}
		switch {
		case again && first != r:
			f.Related = []diag.Label{label(first.Head(), "the first one")}
		case !again:
			f.Subject.Text = "in the list without being written"
		}
		if r.NArgs() > 1 {
			f.Fixes = []diag.Fix{{Title: "drop " + word, Safety: diag.Safe, Edits: []diag.Edit{dropWord(r, i)}}}
		}
		t.warn(r, says, f)
	}
}

func (t nginxWarnings) suspicious(r nginx.Ref) {
	for i, name := range r.EachArg() {
		if strings.Contains(name, "/") {
			t.warn(r, fmt.Sprintf("server name %q has suspicious symbols", name), diag.Finding{
				Summary: "a server name that is no name",
				Subject: label(r.ArgSpan(i), "no host name has a slash"),
				Remedy:  "write the host name alone",
			})
		}
	}
}

func (t nginxWarnings) absoluteIndex(r nginx.Ref) {
	for i, name := range r.EachArg() {
		if i < r.NArgs()-1 && strings.HasPrefix(name, "/") {
			t.warn(r, `only the last index in "index" directive should be absolute`, diag.Finding{
				Summary: "what stands behind an absolute index is never looked at",
				Subject: label(r.ArgSpan(i), "nginx takes it without looking whether it exists"),
				Remedy:  "put it last",
			})
		}
	}
}

// extensions looks for file name extensions that have a type in the block already.
func (t nginxWarnings) extensions(b *nginx.Block, r nginx.Ref, types map[string]string) {
	i := slices.IndexFunc(b.Children, func(c *nginx.Block) bool { return c.Ref() == r })
	if i < 0 {
		return
	}
	for row := range b.Children[i].All() {
		if !t.written(row) {
			continue
		}
		for n, arg := range row.EachArg() {
			extension := strings.ToLower(arg)
			before, again := types[extension]
			if types[extension] = row.Name(); !again {
				continue
			}
			f := diag.Finding{
				Summary: "an extension with two types",
				Subject: label(row.ArgSpan(n), "had %s before; the last one counts", before),
				Remedy:  "keep one of the two",
			}
			if before == row.Name() {
				f.Summary = "an extension stands twice"
				if row.NArgs() > 1 {
					f.Fixes = []diag.Fix{{Title: "drop " + arg, Safety: diag.Safe, Edits: []diag.Edit{dropWord(row, n)}}}
				}
			}
			t.warn(row, fmt.Sprintf("duplicate extension %q, content type: %q, previous content type: %q", extension, row.Name(), before), f)
		}
	}
}

// method looks for a balancing method behind another; keepalive is one to it up to nginx 1.29.6.
func (t nginxWarnings) method(first *nginx.Ref, r nginx.Ref) {
	if r.Name() == "keepalive" {
		if first.IsZero() && t.before(29, 7) {
			*first = r
		}
		return
	}
	if !first.IsZero() {
		f := diag.Finding{
			Summary: "a balancing method replaces another",
			Subject: label(r.Head(), "this one counts"),
			Related: []diag.Label{label(first.Head(), "replaced")},
			Remedy:  "keep one of the two",
		}
		if first.Name() == "keepalive" {
			f.Summary = "keepalive stands before the balancing method"
			f.Subject.Text = "replaces what keepalive has set up: connections are not kept"
			f.Remedy = "put keepalive behind it"
		}
		t.warn(r, "load balancing method redefined", f)
	}
	*first = r
}

// cacheKeys looks for caches that tell no request from another.
func (t nginxWarnings) cacheKeys(b *nginx.Block) {
	for _, c := range []struct{ family, cache, key string }{
		{"fastcgi", "fastcgi_cache", "fastcgi_cache_key"}, {"uwsgi", "uwsgi_cache", "uwsgi_cache_key"}, {"scgi", "scgi_cache", "scgi_cache_key"},
	} {
		family := c.family
		cache, _ := b.From(c.cache)
		if cache.IsZero() || !t.written(cache) || cache.Arg(0) == "off" {
			continue
		}
		if _, unset := b.From(c.key); !unset {
			continue
		}
		t.warn(cache, fmt.Sprintf("no \"%s_cache_key\" for \"%s_cache\"", family, family), diag.Finding{
			Summary: "a cache without a key",
			Subject: label(cache.Head(), "no %s_cache_key is in force: all requests share one answer", family),
			Remedy:  fmt.Sprintf("add `%s_cache_key $scheme$request_method$host$request_uri;`", family),
		})
	}
}

// affinity compares the number of masks with that of processes.
func (t nginxWarnings) affinity() {
	top := t.config.Top
	masks := t.own(top, "worker_cpu_affinity")
	if top.Context != catalog.Main || len(masks) != 1 || masks[0].NArgs() < 2 || masks[0].Arg(0) == "auto" {
		return
	}
	processes, none := t.inForce(top, "worker_processes")
	n := 1
	if !none {
		var err error
		if n, err = strconv.Atoi(processes.Arg(0)); processes.IsZero() || err != nil {
			return
		}
	}
	if n == masks[0].NArgs() {
		return
	}
	f := diag.Finding{
		Summary: "not as many masks as processes",
		Subject: label(masks[0].Head(), "%d masks for %d worker processes", masks[0].NArgs(), n),
		Remedy:  "write a mask for each process",
	}
	if !processes.IsZero() {
		f.Related = []diag.Label{label(processes.Head(), "the number of processes")}
	}
	t.warn(masks[0], `the number of "worker_processes" is not equal to the number of "worker_cpu_affinity" masks, using last mask for remaining worker processes`, f)
}
