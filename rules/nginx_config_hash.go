package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

// cacheLine is what buckets are rounded up to, and the usual size of one, in bytes.
const cacheLine = 64

// bucket is the size that a bucket needs to hold a key.
func bucket(key string) int64 {
	const pointer = 8
	return pointer + int64(len(key)+2+pointer-1)/pointer*pointer + pointer
}

// isLong reports whether a key of a table does not fit into a bucket of the usual size.
func isLong(key string) bool { return bucket(key) > cacheLine }

// tooLong looks whether a key of a table fits into a bucket of what a directive
// says in the block; directive is "" where nothing can be said.
func (t *nginxTest) tooLong(table, directive string, in *nginx.Block, r nginx.Ref, at diag.Label, key string) {
	if !isLong(key) || !t.written(r) {
		return
	}
	f := diag.Finding{Summary: "a name that is too long for its table", Subject: at, Remedy: "shorten it"}
	says := fmt.Sprintf("could not build %s, you should increase %s_bucket_size: %d", table, table, cacheLine)
	if directive == "" {
		f.Subject.Text += fmt.Sprintf(": %d bytes, and %d fit", len(key), cacheLine-18)
		t.refuse(r, says, f)
		return
	}
	set, none := t.inForce(in, directive)
	have := int64(cacheLine)
	if !set.IsZero() {
		n, ok := nginx.ParseNumber(set.Arg(0))
		if have = (n + cacheLine - 1) / cacheLine * cacheLine; !ok || n > mostBytes {
			return
		}
		says = fmt.Sprintf("could not build %s, you should increase %s_bucket_size: %d", table, table, have)
	} else if !none {
		return
	}
	if bucket(key) <= have {
		return
	}
	need := int64(cacheLine)
	for need < bucket(key) {
		need *= 2
	}
	f.Subject.Text += fmt.Sprintf(": %d bytes, and %d fit", len(key), have-18)
	line := fmt.Sprintf("%s %d;", directive, need)
	f.Remedy = fmt.Sprintf("write `%s` in %s", line, blockName(outermost(in)))
	fix := diag.Fix{Title: "set " + strings.TrimSuffix(line, ";"), Safety: diag.Safe}
	if !set.IsZero() {
		f.Related = append(f.Related, label(set.Head(), "the size of the table's buckets"))
		fix.Edits = []diag.Edit{set.Tree().SetArg(set.ID, 0, strconv.FormatInt(need, 10))}
	} else if top := outermost(in); top.Context&(catalog.HTTP|catalog.Stream) != 0 && !top.Config.Fragment {
		fix.Edits = []diag.Edit{top.Place.Tree.InsertInto(top.ID, syntax.None, line)}
	}
	if len(fix.Edits) > 0 {
		f.Fixes = []diag.Fix{fix}
	}
	t.refuse(r, says, f)
}

// outermost is the block of http or stream around a block.
func outermost(b *nginx.Block) *nginx.Block {
	if outer := b.Enclosing(catalog.HTTP | catalog.Stream); outer != nil {
		return outer
	}
	return b
}

// longKeys looks at the keys of a map.
func (t *nginxTest) longKeys(rows *nginx.Block) {
	if rows.Name() != "map" || rows.Parent == nil {
		return
	}
	for r := range rows.All() {
		key := r.Name()
		if isLong(key) && r.NArgs() == 1 && !strings.ContainsAny(key[:1], `~\`) && !strings.Contains(key, "*") && !strings.HasPrefix(key, ".") {
			t.tooLong("map_hash", "map_hash_bucket_size", rows.Parent, r, label(r.Tree().NameSpan(r.ID), "a key of this map"), key)
		}
	}
}

// serverNamesHash looks at the names of an address that several servers share: one
// alone needs no table. It reports whether any is long.
func (t *nginxTest) serverNamesHash(a *stack.Address) (long bool) {
	servers := a.Servers
	if len(servers) < 2 || a.Stream {
		return false
	}
	for _, server := range servers {
		for _, r := range server.Own("server_name") {
			for i, name := range r.EachArg() {
				if isLong(name) && !strings.ContainsAny(name, "*~$") {
					long = true
					t.tooLong("server_names_hash", "server_names_hash_bucket_size", server, r, label(r.ArgSpan(i), "a name on %s", a), strings.TrimPrefix(name, "."))
				}
			}
		}
	}
	return long
}

// variableMakers are the directives that make variables.
var variableMakers = sync.OnceValue(func() *nginx.NameSet {
	return nginx.NewNameSet("set", "auth_request_set", "perl_set", "map", "split_clients", "geo")
})

// longVariables looks at the variables that are made.
func (t *nginxTest) longVariables(subsystem *nginx.Block) {
	of := variableMakers().In(t.config)
	for b := range t.config.Blocks(catalog.AnyHTTP | catalog.AnyStream) {
		if of.Empty() || !b.Within(subsystem) {
			continue
		}
		for r := range b.OwnOf(of) {
			at := 0
			switch r.Name() {
			case "map", "split_clients":
				at = 1
			case "geo":
				at = r.NArgs() - 1
			}
			if name, ok := strings.CutPrefix(r.Arg(at), "$"); ok && isLong(name) {
				t.tooLong("variables_hash", "variables_hash_bucket_size", subsystem, r, label(r.ArgSpan(at), "a variable"), name)
			}
		}
	}
}

// longTypes looks at lists of MIME types, whose table has buckets of one size.
func (t *nginxTest) longTypes(b *nginx.Block) {
	if !b.HasAny(mimeLists()) {
		return
	}
	for r := range b.OwnOf(mimeLists()) {
		entry, standing := catalog.Find(r.Name(), b.Context, b.Config.Version)
		if standing != catalog.Fits || entry.Type != catalog.TypeMIMETypes || entry.Section != catalog.Core || r.IndexArg("*", 0) >= 0 {
			continue
		}
		for i, name := range r.EachArg() {
			if isLong(name) {
				t.tooLong("test_types_hash", "", b, r, label(r.ArgSpan(i), "a MIME type"), name)
			}
		}
	}
}

// mimeLists are nginx's own directives that take lists of MIME types.
var mimeLists = sync.OnceValue(func() *nginx.NameSet {
	return namesOf(func(d *catalog.Directive) bool { return d.Section == catalog.Core && d.Type == catalog.TypeMIMETypes })
})

// namesOf are the names of directives some entry of which is such, and others.
func namesOf(such func(d *catalog.Directive) bool, others ...string) *nginx.NameSet {
	names := others
	for d := range catalog.All() {
		if such(d) && !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	return nginx.NewNameSet(names...)
}

// headers are the directives that give proxied requests headers, or take them.
var headers = sync.OnceValue(func() *nginx.NameSet { return nginx.NewNameSet("proxy_set_header", "proxy_hide_header") })

// longHeaders looks at the headers that proxied requests are given.
func (t *nginxTest) longHeaders(b *nginx.Block) {
	for r := range b.OwnOf(headers()) {
		if !isLong(r.Arg(0)) {
			continue
		}
		t.tooLong("proxy_headers_hash", "proxy_headers_hash_bucket_size", b, r, label(r.ArgSpan(0), "a header"), r.Arg(0))
	}
}
