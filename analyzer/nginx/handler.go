package nginx

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
)

// passes are the directives that pass a request on.
var passes = []string{"fastcgi_pass", "proxy_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"}

// modules are further directives of nginx's own that answer a location's requests.
var modules = []string{"stub_status", "empty_gif", "mp4", "flv", "hls", "f4f", "perl", "js_content", "api", "status", "random_index", "tunnel_pass", "dav_methods", "image_filter", "xslt_stylesheet"}

// bystanders are the packages of modules whose directives answer no requests.
var bystanders = map[string]bool{"brotli": true, "geoip2": true, "headers-more": true, "modsecurity": true, "otel": true, "set-misc": true, "subs-filter": true, "zstd": true}

// handler is what answers the requests of a location by a directive of its own: a
// pass, or another module; neither where nginx serves files. known is false
// where a directive may do so that is not known.
func handler(location *Block) (pass Ref, module, known bool) {
	known = true
	for d := range location.All() {
		switch name := d.Name(); {
		case slices.Contains(passes, name):
			pass = d
		case slices.Contains(modules, name):
			module = true
		default:
			known = known && bystander(name, location.Context)
		}
	}
	return pass, module, !location.Missing && (known || module || !pass.IsZero())
}

// bystander reports whether a directive is known, and of no module that may answer requests.
func bystander(name string, context catalog.Context) bool {
	entry, ok := catalog.Lookup(name, context)
	return ok && (entry.Section != catalog.ThirdParty || bystanders[entry.Package])
}

// runsCode reports whether a script in force in a block may take a request over
// before its location's own directives do.
func (w *Work) runsCode(b *Block) bool {
	for ; b != nil; b = b.Parent {
		if b.index != nil {
			if !w.Take(len(b.index.byName)) {
				return true
			}
			for name := range b.index.byName {
				if takesOver(name) {
					return true
				}
			}
			continue
		}
		for d := range b.All() {
			if takesOver(d.Name()) {
				return true
			}
		}
	}
	return false
}

func takesOver(name string) bool {
	phase, _, lua := strings.Cut(name, "_by_lua")
	return lua && (phase == "server_rewrite" || phase == "rewrite" || phase == "access" || phase == "precontent")
}
