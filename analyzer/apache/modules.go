package apache

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/stack"
)

// ownModules are the modules that Apache 2.4 is built with or brings as files,
// without those that bear another name than their source file.
const ownModules = " access_compat actions alias allowmethods asis auth_basic auth_digest auth_form authn_anon authn_core authn_dbd" +
	" authn_dbm authn_file authn_socache authnz_fcgi authnz_ldap authz_core authz_dbd authz_dbm authz_groupfile authz_host authz_owner" +
	" authz_user autoindex brotli buffer cache cache_disk cache_socache cern_meta cgi cgid charset_lite data dav dav_fs dav_lock dbd" +
	" deflate dialup dir dumpio echo env expires ext_filter file_cache filter headers heartbeat heartmonitor http2 ident imagemap" +
	" include info lbmethod_bybusyness lbmethod_byrequests lbmethod_bytraffic lbmethod_heartbeat log_config log_debug log_forensic" +
	" logio lua macro md mime mime_magic negotiation proxy proxy_ajp proxy_balancer proxy_connect proxy_express proxy_fcgi" +
	" proxy_fdpass proxy_ftp proxy_hcheck proxy_html proxy_http proxy_http2 proxy_scgi proxy_uwsgi proxy_wstunnel ratelimit reflector" +
	" remoteip reqtimeout request rewrite sed session session_cookie session_crypto session_dbd setenvif slotmem_plain slotmem_shm so" +
	" socache_dbm socache_memcache socache_redis socache_shmcb speling ssl status substitute suexec unique_id unixd userdir usertrack" +
	" version vhost_alias watchdog xml2enc "

// sources are the source files of modules that bear another name: with PHP 8,
// mod_php.c is that of every version.
var sources = map[string]string{
	"core.c": "core_module", "http_core.c": "http_module", "event.c": "mpm_event_module", "worker.c": "mpm_worker_module",
	"prefork.c": "mpm_prefork_module", "util_ldap.c": "ldap_module", "mod_php.c": "php_module",
}

// builtIn are the modules that are part of every program, and, with Maybe, those that
// are part of some: of Debian's, but not of Red Hat's.
var builtIn = map[string]stack.Certainty{
	"core_module": stack.Yes, "http_module": stack.Yes, "so_module": stack.Yes,
	"log_config_module": stack.Maybe, "logio_module": stack.Maybe, "unixd_module": stack.Maybe, "version_module": stack.Maybe, "watchdog_module": stack.Maybe,
}

var moduleName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^!?[\w.-]+$`) })

// ifModule is whether the content of an <IfModule> section is in force: Apache looks
// the module up among those that are loaded by then, by its identifier or the name
// of its source file, in this case (measured on Apache 2.4.71).
func (s *Server) ifModule(args []word) stack.Certainty {
	if len(args) > 0 && args[len(args)-1].text == ">" {
		args = args[:len(args)-1]
	}
	if len(args) != 1 {
		return stack.Maybe
	}
	at := args[0].span
	name := strings.TrimSuffix(args[0].text, ">")
	if !moduleName().MatchString(name) || at.Start > 0 && strings.IndexByte(`"'`, at.File.Text[at.Start-1]) >= 0 {
		return stack.Maybe
	}
	name, not := strings.CutPrefix(name, "!")
	is := s.has(name)
	if not && is != stack.Maybe {
		is = stack.Yes - is
	}
	return is
}

// has is whether a module is there.
func (s *Server) has(name string) stack.Certainty {
	id, own := name, true
	if strings.HasSuffix(name, ".c") {
		if id, own = sources[name]; !own {
			base := strings.TrimSuffix(strings.TrimPrefix(name, "mod_"), ".c")
			id, own = base+"_module", strings.HasPrefix(name, "mod_") && isOwn(base)
			if hasSource(id) {
				id = "" // its file is another
			}
		}
	}
	found := max(s.modules[id], builtIn[id])
	switch {
	case !own && found != stack.No: // of a module by others the file is not known
		return stack.Maybe
	case found == stack.No && (!s.backend.Complete || s.modulesUnknown || !s.mpm || !own && s.maybeFrom(name)):
		return stack.Maybe
	}
	return found
}

// hasSource reports whether a module is one of the sources above.
func hasSource(id string) bool {
	return slices.Contains(slices.Collect(maps.Values(sources)), id)
}

func isOwn(base string) bool { return strings.Contains(ownModules, " "+base+" ") }

// maybeFrom reports whether a file may be the source of a module by others that is loaded.
func (s *Server) maybeFrom(file string) bool {
	for id := range s.modules {
		base := strings.TrimSuffix(id, "_module")
		stem := strings.TrimRight(base, "0123456789_.-")
		if !isOwn(base) && !hasSource(id) && strings.Contains(file, stem) {
			return true
		}
	}
	return false
}

// loadModule notes a LoadModule.
func (s *Server) loadModule(name word, at frame) {
	is := stack.Yes
	if at.maybe {
		is = stack.Maybe
	}
	s.modules[name.text] = max(s.modules[name.text], is)
	s.modulesUnknown = s.modulesUnknown || strings.Contains(name.text, "${")
	// Apache does not start without one: where none is loaded, not all that is was read.
	s.mpm = s.mpm || is == stack.Yes && strings.HasPrefix(name.text, "mpm_")
}
