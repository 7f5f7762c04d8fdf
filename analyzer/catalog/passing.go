package catalog

import (
	"slices"
	"strings"
	"sync"
)

// lasting are directives that do something without the pass of their module:
// variables come from them, or nginx looks at them when it starts.
var lasting = []string{"fastcgi_index", "fastcgi_split_path_info", "proxy_headers_hash_bucket_size", "proxy_headers_hash_max_size"}

// PassOf is the directive that hands requests to a backend for the module of a
// directive that has an effect only where this is done: "fastcgi_pass" for
// fastcgi_read_timeout. ok is false for directives that are not so.
func PassOf(name string) (pass string, ok bool) {
	pass, ok = passes()[name]
	return pass, ok
}

var passes = sync.OnceValue(func() map[string]string {
	of := map[string]string{}
	for d := range All() {
		if pass, ok := passOf(d.Name); ok {
			of[d.Name] = pass
		}
	}
	return of
})

// IsSetting reports whether a directive certainly has nothing to do with passing
// requests on: it passes none, is for no pass, and handles none in another way.
func IsSetting(name string) bool { return settings()[name] }

var settings = sync.OnceValue(func() map[string]bool {
	are := map[string]bool{}
	for d := range All() {
		if _, ok := PassOf(d.Name); !ok && !strings.HasSuffix(d.Name, "_pass") && !MayHandle(d.Name) {
			are[d.Name] = true
		}
	}
	return are
})

func passOf(name string) (pass string, ok bool) {
	d, ok := Lookup(name, Location)
	if !ok || d.Section != Core || d.Contexts&HTTP == 0 || d.Inherit != InheritMerge && d.Inherit != InheritList {
		return "", false
	}
	if d.Type == TypePath || slices.Contains(lasting, name) { // a path is a folder that nginx makes when it starts
		return "", false
	}
	family, _, _ := strings.Cut(name, "_")
	p, ok := Lookup(family+"_pass", Location)
	if !ok || p.Module != d.Module || p.Contexts&Server != 0 {
		return "", false
	}
	return p.Name, true
}

// MayHandle reports whether a directive may give a location a content handler
// that is not known here: nobody knows it, or it is of a module that is not part
// of nginx, and no mere setting, which could stand in http as well. The purge of
// a cache is both.
func MayHandle(name string) bool {
	for d := range Named(name) { // none where nobody knows it
		if d.Section == Core || d.Section == Past || d.Contexts&HTTP != 0 && !strings.HasSuffix(name, "_cache_purge") {
			return false
		}
	}
	return true
}
