package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/grammar"
	"nginx-lint/analyzer/nginx"
)

// rootAndAlias finds the two in one block; which stands where decides nothing else.
func (t *nginxTest) rootAndAlias(b *nginx.Block) {
	t.besides(b, []string{"root", "alias"}, func(r, first nginx.Ref) string {
		return fmt.Sprintf("%q directive is duplicate, %q directive was specified earlier", r.Name(), first.Name())
	}, "keep one of the two: root has the whole URI added, alias what follows the location's text")
}

// storeAndCache finds in one block a cache and a store of the same family.
func (t *nginxTest) storeAndCache(b *nginx.Block) {
	for _, names := range cachesAndStores {
		t.besides(b, names, func(r, first nginx.Ref) string {
			return fmt.Sprintf("%q directive is incompatible with %q", r.Name(), first.Name())
		}, "switch one of the two off")
	}
}

var cachesAndStores = [...][]string{{"fastcgi_cache", "fastcgi_store"}, {"proxy_cache", "proxy_store"}, {"uwsgi_cache", "uwsgi_store"}, {"scgi_cache", "scgi_store"}}

// besides reports the second of two directives that exclude each other in a block.
func (t *nginxTest) besides(b *nginx.Block, names []string, says func(r, first nginx.Ref) string, remedy string) {
	if !b.Has(names[0]) || !b.Has(names[1]) {
		return
	}
	var first nginx.Ref
	for r := range b.All() {
		if !slices.Contains(names, r.Name()) || !t.stands(b, r) || r.Arg(0) == "off" && r.Name() != "root" && r.Name() != "alias" {
			continue
		}
		if first.IsZero() {
			first = r
		}
		if first.Name() != r.Name() {
			t.refuse(r, says(r, first), diag.Finding{
				Summary: "two directives that exclude each other",
				Subject: label(r.Head(), "beside %s in one %s", first.Name(), b.Context),
				Related: []diag.Label{label(first.Head(), "the first of the two")},
				Remedy:  remedy,
			})
			return
		}
	}
}

// defaultPool and defaultHeaders are connection_pool_size on 64 bits, and the size in
// large_client_header_buffers, in bytes.
const defaultPool, defaultHeaders = 512, 8 << 10

// headerBuffers compares the buffers for long headers with the pool that a small one comes from.
func (t *nginxTest) headerBuffers(server *nginx.Block) {
	buffers, noBuffers := t.inForce(server, "large_client_header_buffers")
	pool, noPool := t.inForce(server, "connection_pool_size")
	headers, poolSize := int64(defaultHeaders), int64(defaultPool)
	known, knownPool := noBuffers, noPool
	if !buffers.IsZero() {
		headers, known = nginx.ParseSize(buffers.Arg(1))
	}
	if !pool.IsZero() {
		poolSize, knownPool = nginx.ParseSize(pool.Arg(0))
	}
	if !known || !knownPool || headers >= poolSize {
		return
	}
	at, other := buffers, pool
	if at.IsZero() || !other.IsZero() && server.Value(other.Name()).Origin == nginx.Here {
		at, other = other, at
	}
	f := diag.Finding{
		Summary: "buffers for headers that are less than the connection's pool",
		Subject: label(at.Head(), "large_client_header_buffers has %s, connection_pool_size is %s", size(headers), size(poolSize)),
		Remedy:  "make the size in large_client_header_buffers at least " + size(poolSize),
	}
	if !other.IsZero() {
		f.Related = []diag.Label{label(other.Head(), "the other of the two")}
	}
	if !buffers.IsZero() {
		f.Fixes = []diag.Fix{{Title: "raise the size to " + size(poolSize), Safety: diag.Safe, Edits: []diag.Edit{buffers.Tree().SetArg(buffers.ID, 1, size(poolSize))}}}
	}
	t.refuse(at, `the "large_client_header_buffers" size must be equal to or greater than "connection_pool_size"`, f)
}

// referers looks for valid_referers that let nobody in from elsewhere.
func (t *nginxTest) referers(b *nginx.Block) {
	own := b.Own("valid_referers")
	if len(own) == 0 || b.Missing {
		return
	}
	alone := true
	for _, r := range own {
		if !t.written(r) {
			return
		}
		alone = alone && !slices.ContainsFunc(r.Args(), func(arg string) bool { return arg != "none" && arg != "blocked" })
	}
	if !alone {
		t.refererTwice(b, own)
		return
	}
	t.refuse(own[0], `the "none" or "blocked" referers are specified in the "valid_referers" directive without any valid referer`, diag.Finding{
		Summary: "valid_referers without any referer",
		Subject: label(own[0].Head(), "only requests without a usable Referer"),
		Remedy:  "add server_names, or the names that may refer",
	})
}

// refererTwice looks for a name that stands in two valid_referers of a block, or
// that server_names among them stands for as well. One that stands twice in one
// of them is a value that nginx does not take.
func (t *nginxTest) refererTwice(b *nginx.Block, own []nginx.Ref) {
	type place struct {
		nginx.Ref
		arg int
	}
	var all []place
	serverNames := false
	for _, r := range own {
		alone := grammar.NewReferers()
		for i, arg := range r.Args() {
			if alone.Add(arg) != "" {
				return
			}
			all = append(all, place{r, i})
			serverNames = serverNames || arg == "server_names"
		}
	}
	if server := b.Enclosing(catalog.Server); serverNames && server != nil && !server.Missing {
		for _, r := range server.Own("server_name") {
			if !t.written(r) {
				return
			}
			for i, name := range r.Args() {
				if strings.HasPrefix(name, "$") {
					continue // the machine's name
				}
				all = append(all, place{r, i})
			}
		}
	}
	referers := grammar.NewReferers()
	for i, p := range all {
		name := p.Arg(p.arg)
		message := referers.Add(name)
		if message == "" {
			continue
		}
		alone := grammar.NewReferers()
		alone.Add(name)
		first := slices.IndexFunc(all[:i], func(other place) bool { return alone.Add(other.Arg(other.arg)) != "" })
		f := diag.Finding{
			Summary: "a referer stands twice",
			Subject: label(p.ArgSpan(p.arg), "%s is valid already", name),
			Remedy:  "keep one of the two",
		}
		if first >= 0 {
			other := all[first]
			f.Related = []diag.Label{label(other.ArgSpan(other.arg), "here")}
			if p.Name() == "server_name" && other.Name() != "server_name" {
				f.Subject = label(other.ArgSpan(other.arg), "server_names stands for this name as well")
				f.Related = []diag.Label{label(p.ArgSpan(p.arg), "the name of the server")}
				f.Remedy = "drop the name from valid_referers"
			}
		}
		t.refuse(own[0], message, f)
		return
	}
}

// secureLinks finds the two sorts of secure links in one block.
func (t *nginxTest) secureLinks(b *nginx.Block) {
	secret := t.own(b, "secure_link_secret")
	other := slices.Concat(t.own(b, "secure_link"), t.own(b, "secure_link_md5"))
	if len(secret) == 0 || len(other) == 0 {
		return
	}
	t.refuse(secret[0], `"secure_link_secret" cannot be mixed with "secure_link" and "secure_link_md5"`, diag.Finding{
		Summary: "two directives that exclude each other",
		Subject: label(secret[0].Head(), "beside %s in one %s", other[0].Name(), b.Context),
		Related: []diag.Label{label(other[0].Head(), "the other of the two")},
		Remedy:  "keep one of the two",
	})
}
