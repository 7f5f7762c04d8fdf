package catalog

import (
	"slices"
	"strings"
)

// Foreign reports whether a name that is in no table is one that a module gives
// its directives: of those in OpenResty and in the packages of Debian and Alpine,
// and of others that are built into nginx. Of these no more is known than that
// some nginx may well know the name.
func Foreign(name string) bool {
	return foreignNames[name] || slices.ContainsFunc(foreignPrefixes[:], func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// foreignPrefixes are what all directives of a module begin with, and no other module's.
var foreignPrefixes = [...]string{
	"auth_digest", "auth_gss", "auth_ldap", "auth_spnego", "aws_", "check_", "concat_", "datadog_", "drizzle_", "dynamic_upstream", "dyups_",
	"encrypted_session_", "enhanced_memcached_", "form_auth", "healthcheck_", "http_accounting", "iconv_", "jvm_", "ldap_", "limit_upstream_",
	"log_zmq_", "memc_", "mogilefs_", "mongo_", "naxsi_", "opentelemetry", "opentracing", "postgres_", "pubcookie_", "push_stream_", "rdns_",
	"rds_csv", "rds_json", "redis2_", "redis_", "replace_filter", "rrd_graph", "secure_download", "shib_", "slowfs_", "small_light", "sphinx2_",
	"srcache_", "statsd_", "supervisord", "sysguard", "testcookie", "tnt_", "upload_", "upstream_fair", "upsync", "video_thumbextractor", "vod_", "xss_",
}

// foreignNames are names that no prefix gives away.
var foreignNames = map[string]bool{
	"array_join": true, "array_map": true, "array_map_op": true, "array_split": true, "auth_jwt_key": true, "BasicRule": true, "check": true,
	"CheckRule": true, "concat": true, "consistent_hash": true, "cookie_flag": true, "DeniedUrl": true, "dynamic_etags": true, "fair": true, "FileETag": true,
	"footer_types": true, "footer_if": true, "gridfs": true, "IgnoreCIDR": true, "IgnoreIP": true, "ip2location_database": true, "jdomain": true, "LearningMode": true,
	"length_hiding": true, "length_hiding_max": true, "LibInjectionSql": true, "LibInjectionXss": true, "limit_upload_rate": true,
	"limit_upload_rate_after": true, "MainRule": true, "ModSecurityConfig": true, "ModSecurityEnabled": true, "ModSecurityPass": true,
	"NginxModuleEnabled": true, "override_method": true, "SecRulesDisabled": true, "SecRulesEnabled": true, "session_sticky": true,
	"set_cookie_flag": true, "set_decrypt_session": true, "set_encrypt_session": true, "set_form_input": true, "set_form_input_multi": true,
	"set_from_accept_language": true, "set_iconv": true, "set_lang": true, "ssl_dyn_rec_enable": true, "strip": true, "subrange": true, "untar": true,
	"untar_archive": true, "untar_file": true, "upstream_list": true, "upstream_show": true, "user_agent": true, "vod": true,
}
