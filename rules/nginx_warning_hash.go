package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

const (
	mostBuckets = 1 << 20 // that are tried for a table; nobody writes more
	mostKeys    = 1 << 17 // with which buckets are counted
)

// A hashTable is one that nginx builds when it reads its configuration. It is
// enough to know some of the keys: where these have no room, all have none.
type hashTable struct {
	name string       // as in nginx's messages, and in the directives NAME_max_size and NAME_bucket_size
	most int64        // NAME_max_size where nobody writes it
	keys []string     // in lower case, each once
	of   *nginx.Block // that writes the keys
	in   *nginx.Block // where nginx looks up the table's size
	at   nginx.Ref
	on   diag.Label
}

// hasRoom reports whether nginx finds a number of buckets, at most most, in none
// of which the keys take more than the bucket has. It begins where the smallest
// keys would have room, or near the end where most is large.
func (h hashTable) hasRoom(most, bucketSize int64) bool {
	const pointer = 8
	room := bucketSize - pointer
	hashes := make([]uint64, len(h.keys))
	sizes := make([]int64, len(h.keys))
	for i, key := range h.keys {
		sizes[i] = bucket(key) - pointer
		for _, c := range []byte(key) {
			hashes[i] = hashes[i]*31 + uint64(c)
		}
	}
	first := max(int64(len(h.keys))/(room/(2*pointer)), 1)
	if most > 10000 && most/int64(len(h.keys)) < 100 {
		first = most - 1000
	}
	var taken []int64
	fits := func(n uint64) bool {
		if n > uint64(len(taken)) {
			taken = make([]int64, 2*n) // mostly it is not nearly the most
		}
		clear(taken[:n])
		for i, hash := range hashes {
			in := &taken[hash%n]
			if *in += sizes[i]; *in > room {
				return false
			}
		}
		return true
	}
	for n := first; n <= most; n++ {
		if fits(uint64(n)) {
			return true
		}
	}
	return false
}

// crowded warns where nginx finds no number of buckets for a table, and reports whether it does.
func (t nginxWarnings) crowded(h hashTable) bool {
	if h.in == nil || len(h.keys) == 0 || len(h.keys) > mostKeys {
		return false
	}
	most, mostSet, ok := t.tableSize(h.in, h.name+"_max_size", h.most)
	size, sizeSet, known := t.tableSize(h.in, h.name+"_bucket_size", cacheLine)
	size = (size + cacheLine - 1) / cacheLine * cacheLine
	longest := slices.MaxFunc(h.keys, func(a, b string) int { return len(a) - len(b) })
	if !ok || !known || bucket(longest) > size || h.hasRoom(most, size) {
		return false
	}
	f := diag.Finding{Summary: "a hash table that is too small for its keys", Subject: h.on, Notes: []string{"nothing fails: nginx makes the buckets larger than it was told, and looks at more keys in each"}}
	for _, r := range []nginx.Ref{mostSet, sizeSet} {
		if !r.IsZero() {
			f.Related = append(f.Related, label(r.Head(), "the size that it was given"))
		}
	}
	f.Remedy = fmt.Sprintf("raise %s_max_size or %s_bucket_size", h.name, h.name)
	for more := max(2*most, 512); more <= mostBuckets; more *= 2 {
		if h.hasRoom(more, size) {
			t.enlarge(&f, h, mostSet, fmt.Sprintf("%s_max_size %d", h.name, more))
			break
		}
	}
	t.warn(h.at, fmt.Sprintf("could not build optimal %[1]s, you should increase either %[1]s_max_size: %[2]d or %[1]s_bucket_size: %[3]d; ignoring %[1]s_bucket_size", h.name, most, size), f, h.in)
	return true
}

// enlarge offers to write a directive, in place of the one that is set.
func (t nginxWarnings) enlarge(f *diag.Finding, h hashTable, set nginx.Ref, directive string) {
	_, value, _ := strings.Cut(directive, " ")
	f.Remedy = fmt.Sprintf("write `%s;` in %s", directive, blockName(h.of))
	fix := diag.Fix{Title: "set " + directive, Safety: diag.Safe}
	if set.IsZero() {
		fix.Edits = []diag.Edit{h.of.Place.Tree.InsertInto(h.of.ID, syntax.None, directive+";")}
	} else {
		f.Remedy = fmt.Sprintf("write `%s;`", directive)
		fix.Edits = []diag.Edit{set.Tree().SetArg(set.ID, 0, value)}
	}
	if !h.in.Config.Fragment {
		f.Fixes = []diag.Fix{fix}
	}
}

// tableSize is the number that a directive gives a table, and the directive, zero
// where nobody wrote one.
func (t nginxWarnings) tableSize(in *nginx.Block, directive string, fallback int64) (n int64, set nginx.Ref, known bool) {
	set, unset := t.inForce(in, directive)
	if set.IsZero() {
		return fallback, set, unset
	}
	n, ok := nginx.ParseNumber(set.Arg(0))
	return n, set, ok && n > 0 && n <= mostBuckets
}

// headersOfNginx are those that nginx 1.22 sends to a backend of itself, or keeps back.
var headersOfNginx = []string{"host", "connection", "content-length", "transfer-encoding", "te", "keep-alive", "expect", "upgrade"}

// proxyHeaders looks at the table of the headers that a block sends to backends.
func (t nginxWarnings) proxyHeaders(b *nginx.Block) {
	const name, fallback = "proxy_headers_hash", 512
	sent := sizedHeaders{headers: b.Own("proxy_set_header"), context: b.Context}
	in := sizedBy(b, "proxy_set_header")
	if len(sent.headers) == 0 || in == nil {
		return
	}
	sent.max.Ref, sent.max.unset = in.From(name + "_max_size")
	sent.bucket.Ref, sent.bucket.unset = in.From(name + "_bucket_size")
	if slices.ContainsFunc(*t.roomy, sent.same) {
		return
	}
	headers := t.own(b, "proxy_set_header")
	if len(headers) == 0 {
		return
	}
	keys := slices.Grow(slices.Clone(headersOfNginx), len(headers))
	for _, r := range headers {
		keys = append(keys, strings.ToLower(r.Arg(0)))
	}
	last := headers[len(headers)-1]
	table := hashTable{name: name, most: fallback, keys: eachOnce(keys), of: b, in: in, at: last, on: label(last.Head(), "the last of %d headers here", len(headers))}
	if !t.crowded(table) && len(*t.roomy) < mostRoomy {
		*t.roomy = append(*t.roomy, sent)
	}
}

// mostRoomy is how many lists of headers are kept, to be compared with others.
const mostRoomy = 8

// sizedHeaders are the headers that a kind of block sends, with what sizes their table.
type sizedHeaders struct {
	headers     []nginx.Ref
	context     catalog.Context
	max, bucket from
}

// from is who wrote a value, see nginx.Block.From.
type from struct {
	nginx.Ref
	unset bool
}

// same reports whether others are written by the same directives, wherever these are included.
func (h sizedHeaders) same(o sizedHeaders) bool {
	return h.context == o.context && h.max == o.max && h.bucket == o.bucket &&
		slices.EqualFunc(h.headers, o.headers, func(a, b nginx.Ref) bool { return whereWritten(a) == whereWritten(b) })
}

// hashTables looks at the tables of a block of http.
func (t nginxWarnings) hashTables(b *nginx.Block) {
	if b.Context&(catalog.HTTP|catalog.Server|catalog.Location|catalog.IfInLocation|catalog.LimitExcept) == 0 {
		return
	}
	t.proxyHeaders(b)
	var keys []string
	var last *nginx.Block
	for _, types := range b.Children {
		if types.Name() != "types" {
			continue
		}
		last = types
		for row := range types.All() {
			if t.written(row) {
				keys = append(keys, row.Args()...)
			}
		}
	}
	if last != nil {
		for i, key := range keys {
			keys[i] = strings.ToLower(key)
		}
		t.crowded(hashTable{name: "types_hash", most: 1024, keys: eachOnce(keys), of: b, in: sizedBy(b, ""), at: last.Ref(), on: label(last.Head(), "%d extensions", len(keys))})
	}
}

// sizedBy is the block whose sizes count for a table of a block: a table of http is
// built with those of the first server that has none of its own; nil where that is not known.
func sizedBy(b *nginx.Block, own string) *nginx.Block {
	if b.Context != catalog.HTTP {
		return b
	}
	i := slices.IndexFunc(b.Children, func(server *nginx.Block) bool {
		return server.Context == catalog.Server && len(server.Own(own)) == 0
	})
	if i < 0 || b.Missing {
		return nil
	}
	return b.Children[i]
}

// mapKeys looks at the table of a map.
func (t nginxWarnings) mapKeys(rows *nginx.Block) {
	if rows.Name() != "map" || rows.Parent == nil {
		return
	}
	var keys []string
	for r := range rows.All() {
		key := strings.ToLower(r.Name())
		if r.NArgs() == 1 && key != "" && key != "default" && t.written(r) && !strings.ContainsAny(key[:1], `~\.`) && !strings.Contains(key, "*") {
			keys = append(keys, key)
		}
	}
	t.crowded(hashTable{name: "map_hash", most: 2048, keys: eachOnce(keys), of: rows.Parent, in: rows.Parent, at: rows.Ref(), on: label(rows.Head(), "%d keys", len(keys))})
}

// namesOf looks at the table of the names of an address that several servers share,
// and reports whether it is too small.
func (t nginxWarnings) namesOf(a *stack.Address) bool {
	if len(a.Servers) < 2 {
		return false
	}
	var keys []string
	var last nginx.Ref
	for _, server := range a.Servers {
		for _, r := range t.own(server, "server_name") {
			for _, name := range r.EachArg() {
				if name != "" && !strings.ContainsAny(name, "*~$") && name[0] != '.' {
					keys, last = append(keys, strings.ToLower(name)), r
				}
			}
		}
	}
	if keys = eachOnce(keys); last.IsZero() {
		return false
	}
	in := outermost(a.Servers[0])
	return t.crowded(hashTable{name: "server_names_hash", most: 512, keys: keys, of: in, in: in, at: last, on: label(last.Head(), "the last of %d names on %s", len(keys), a)})
}

func eachOnce(keys []string) []string {
	slices.Sort(keys)
	return slices.Compact(keys)
}
