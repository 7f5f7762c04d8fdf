package catalog

import (
	"path"
	"strings"
)

// A Standing is what a version of nginx makes of a name in a context, before it
// looks at the arguments.
type Standing uint8

// The standings.
const (
	// Fits: the directive may stand there.
	Fits Standing = iota
	// Elsewhere: nginx knows the name, but not there ("is not allowed here").
	Elsewhere
	// OtherVersion: other versions know the name ("unknown directive").
	OtherVersion
	// Nobody knows the name ("unknown directive").
	Nobody
)

// Find gives the directive of that name that a version knows in a context, or in
// the first context of a set of which it knows one. The zero version stands for
// all that are supported: what one of them knows fits. Directives of modules that
// are packaged apart and of commercial builds are taken for known. Where none
// fits, the entry is the first of that name, nil where nobody knows it.
func Find(name string, in Context, v Version) (*Directive, Standing) {
	var first, elsewhere *Directive
	for d := range Named(name) {
		if first == nil {
			first = d
		}
		if !d.ExistsIn(v) {
			continue
		}
		if d.Contexts&in != 0 {
			return d.whileItWorked(v), Fits
		}
		if elsewhere == nil {
			elsewhere = d
		}
	}
	switch {
	case elsewhere != nil:
		return elsewhere, Elsewhere
	case first != nil:
		return first, OtherVersion
	}
	return nil, Nobody
}

// whileItWorked is the entry of what an obsolete directive was to a version that
// still heeds it; other directives are what they are.
func (d *Directive) whileItWorked(v Version) *Directive {
	if d.Type != TypeObsolete || v.IsZero() || d.Deprecated.Compare(v) <= 0 {
		return d
	}
	for past := range Named(d.Name) {
		if past.Section == Past && past.Type != TypeObsolete {
			return past
		}
	}
	return d
}

// ExistsIn reports whether a version knows the directive; for the zero version,
// whether one of the supported versions does. It is true for directives of
// modules and builds whose versions are not known.
func (d *Directive) ExistsIn(v Version) bool {
	switch {
	case d.Section == ThirdParty, d.Section == Documented && d.Status != StatusRemoved:
		return true
	case d.Section == Documented && !v.IsZero():
		return false
	case v.IsZero():
		return d.Removed.IsZero() || d.Removed.Compare(Oldest) > 0
	case !d.Removed.IsZero() && d.Removed.Compare(v) <= 0:
		return false
	}
	// A backport is in some builds of an older version.
	return d.Since.Compare(v) <= 0 || len(d.Backports) > 0
}

// modules are the files, without ".so", of the modules packaged apart whose directives are in the tables.
var modules = map[string]bool{
	"ndk_http_module": true, "ngx_http_auth_pam_module": true, "ngx_http_brotli_filter_module": true, "ngx_http_brotli_static_module": true,
	"ngx_http_cache_purge_module": true, "ngx_http_dav_ext_module": true, "ngx_http_echo_module": true, "ngx_http_fancyindex_module": true,
	"ngx_http_geoip2_module": true, "ngx_stream_geoip2_module": true, "ngx_http_headers_more_filter_module": true,
	"ngx_http_lua_module": true, "ngx_http_lua_upstream_module": true, "ngx_stream_lua_module": true, "ngx_http_modsecurity_module": true,
	"ngx_nchan_module": true, "ngx_http_js_module": true, "ngx_stream_js_module": true, "ngx_otel_module": true, "ngx_pagespeed": true,
	"ngx_http_passenger_module": true, "ngx_rtmp_module": true, "ngx_http_set_misc_module": true, "ngx_http_subs_filter_module": true,
	"ngx_http_uploadprogress_module": true, "ngx_http_vhost_traffic_status_module": true, "ngx_http_zstd_filter_module": true,
	"ngx_http_zstd_static_module": true, "ngx_mail_module": true, "ngx_stream_module": true, "ngx_http_acme_module": true,
}

// KnownPackage reports whether the tables hold directives of that package of
// modules, such as "lua" or "headers-more".
func KnownPackage(name string) bool {
	for d := range All() {
		if d.Package == name {
			return name != ""
		}
	}
	return false
}

// KnownModule reports whether the tables hold the directives of the module that
// a load_module directive names by its file.
func KnownModule(file string) bool {
	name := strings.TrimSuffix(path.Base(file), ".so")
	if modules[name] {
		return true
	}
	for i := range directives {
		if directives[i].Module == name {
			return true
		}
	}
	return false
}
