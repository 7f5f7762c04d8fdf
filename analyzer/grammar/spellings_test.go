package grammar

import (
	"slices"
	"strings"
)

// addresses to listen on or to connect to.
var addresses = []string{
	"80", "0", "65535", "65536", "127.0.0.1", "127.0.0.1:8080", "127.0.0.1:0", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:80x", "127.0.0.1:99999", ":80", `""`,
	"unix:", "unix:/run/x", "UNIX:/run/x", "unix:x:y", "[::1]", "[::1]:80", "[::1", "[::1]80", "[::1]:", "[]:80", "[x]:1", "[::1:2::3]:1", "[::]:80-79",
	"127.0.0.1:80-90", "127.0.0.1:90-80", "127.0.0.1:80-", "80-90", "90-80", "0-80", "80-70000", "70000-80", "*", "*:80", "*:x", "127.0.0.1/x", "127.0.0.1:80/x",
	"127.0.0.1?x", "1.2.3.4:80?x:y", "http://127.0.0.1", "http://127.0.0.1:80", "/run/x", "...:80", "1..2.3:80", "256.1.1.1:x", "[::ffff:1.2.3.4]:80",
	"unix:/" + strings.Repeat("x", 106), "unix:/" + strings.Repeat("x", 107), "[1:2:3:4:5:6:7:8]:1", "[1:2:3:4:5:6:7:8:9]:1",
}

// scripted are texts with variables, whole and broken.
var scripted = []string{
	"$host", "a$host/b", "${host}", "${host}x", "$1", "a$1b$2", "$", "a$", `"$ a"`, "${", "${host", "${}", "${ho-st}", "$-", "$$", "$host$", "a${host", `""`, "x", "$9$", "${1}", "$0",
}

// networks for allow and deny.
var networks = []string{
	"all", "All", "unix:", "unix", "10.0.0.0/8", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/0", "10.0.0", "10.0.0.0.0", "10..0.1", "256.0.0.1", "255.255.255.255",
	"255.255.255.254", `""`, "::", "::1", "::1/128", "::1/129", "1::2::3", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::",
	"::2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "::ffff:1.2.3.4", "::1.2.3", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "12345::", "1:", ":", ":::", "g::", "[::1]", "::1%lo", "a:b:c:d:e:f:A:B",
	"1.2.3.4.", ".1.2.3", "01.02.03.004", "$x", "1.2.3.4/8/9", "::/0", "::1.2.3.4/96", "1::1.2.3.4.5",
}

// regexes in all places that take one.
var regexes = []string{
	"^/a$", "(", "(a", "a)", "(a)(b)", "[", "[a", "[]", "[^]", "[z-a]", "[a-z]", "[[:alpha:]]", "[[:foo:]]", "*", "a**", "a{3,2}", "x{70000}", "^*", "a|*", `\.php$`, `(?<n>x)`, "(?<>x)",
	"(?<1>x)", "(?<n>x)(?<n>y)", "(?<n", "(?i)a", "(?y)", "(?:a", "(?P<n>x)", "(?Pz)", `\1`, `(a)\1`, `(a)\2`, "(?#x", "[a-", `a\`, "(?<uri>x)", "(?=a)*", "a{2}{3}", ".*", "[.a.]",
}

func prefixed(prefix string, values []string) []string { return around(prefix, "", values) }

func around(prefix, suffix string, values []string) []string {
	all := slices.Clone(values)
	for i, v := range all {
		all[i] = prefix + quote(v) + suffix
	}
	return all
}

// quote puts a word that nginx would split into quotes.
func quote(v string) string {
	if strings.HasPrefix(v, `"`) || !strings.ContainsAny(v, "{};\\ ") {
		return v
	}
	return `"` + strings.ReplaceAll(v, `\`, `\\`) + `"`
}

// glued puts a prefix into the word, within quotes where it has some.
func glued(prefix, suffix string, values []string) []string {
	all := slices.Clone(values)
	for i, v := range all {
		all[i] = quote(prefix+strings.Trim(v, `"`)) + suffix
		if strings.HasPrefix(v, `"`) && !strings.HasPrefix(all[i], `"`) {
			all[i] = `"` + prefix + strings.Trim(v, `"`) + `"` + suffix
		}
	}
	return all
}

var (
	rewrites = slices.Concat(
		around("", " a", regexes), prefixed("^ ", scripted),
		[]string{"^ a last", "^ a break", "^ a redirect", "^ a permanent", "^ a Last", "^ a foo", `^ ""`, `( "" foo`, `"" a`, "^ $ foo"},
	)
	caches = []string{
		"max=0", "max=1", "max=x", "max=", "max=1 inactive=x", "max=1 inactive=5s", "max=1 inactive=1ms", "off", "off max=x", "max=5 off", "foo", "inactive=1", "max=1 valid=5s", "max=1 valid=x",
		"max=-1", "max=1 min_uses=1", "max=1 min_uses=x", "max=1 min_uses=0", "Off", `""`, "max=99999999999999999999", "max=1 foo", "max=1 inactive=", "off foo", "off off", "max=1 max=0",
	}
	sizesOfZones = []string{"1k", "31k", "32k", "64k", "1m", "x", `""`, "1g", "-1", "32767", "32768"}
	accessLogs   = slices.Concat(scripted, []string{
		"off", "off x", "x combined", "x combined buffer=4k", "x combined buffer=0", "x combined buffer=x", "x combined buffer=", "x combined buffer=1g", "x combined gzip", "x combined gzip=1",
		"x combined gzip=0", "x combined gzip=10", "x combined gzip=", "x combined gzipx", "x combined flush=1s", "x combined buffer=1k flush=1s", "x combined buffer=1k flush=0", "x combined buffer=1k flush=x",
		"x combined gzip flush=1m", "x$uri combined buffer=4k", "x$uri combined gzip", "x combined if=$host", "x combined if=$", "x combined if=", "x combined buffer", "x combined flush", "x combined foo",
		"x combined buffer=1k if=a$", "x combined buffer=1k flush=1s gzip=9 if=$uri", "x combined Buffer=1k", "x combined escape=json",
	}, prefixed("", syslogs), around("", " combined gzip", syslogs[:3]))
	syslogs = []string{
		"syslog:server=127.0.0.1", "syslog:server=127.0.0.1:514", "syslog:server=unix:/dev/log,nohostname", "syslog:", "syslog:server=", "syslog:server=127.0.0.1,", "syslog:server=127.0.0.1,foo",
		"syslog:server=127.0.0.1,facility=local7", "syslog:server=127.0.0.1,facility=x", "syslog:server=127.0.0.1,severity=info", "syslog:server=127.0.0.1,severity=x", "syslog:server=127.0.0.1,severity=Info",
		"syslog:server=127.0.0.1,tag=a_B1", "syslog:server=127.0.0.1,tag=a-b", "syslog:server=127.0.0.1,tag=", "syslog:server=127.0.0.1,tag=" + strings.Repeat("a", 33), "syslog:server=127.0.0.1,tag=" + strings.Repeat("a", 32),
		"syslog:server=127.0.0.1,server=127.0.0.1", "syslog:server=127.0.0.1:x", "syslog:server=a/b", "syslog:facility=user", "syslog:server=127.0.0.1,tag=a,tag=b", "syslog:server=127.0.0.1,facility=user,facility=mail",
		"syslog:nohostname", "syslog:x", "syslog:server", "syslog:server=[::1]:514",
	}
	states = []string{
		"listen", "80 ssl", "80 default_server", "80 default", "80 default-server", "80 http2", "80 quic", "80 bind", "80 deferred", "80 reuseport", "80 proxy_protocol", "80 udp", "80 udp ssl", "80 udp backlog=4",
		"80 udp fastopen=3", "80 udp fastopen=3 backlog=4", "80 udp so_keepalive=on", "80 udp so_keepalive=off", "80 udp proxy_protocol", "80 udp reuseport", "80 udp ssl proxy_protocol", "80 udp fastopen=3 ssl",
		"80 backlog=0", "80 backlog=1", "80 backlog=x", "80 backlog=", "80 backlog", "80 fastopen=0", "80 fastopen=x", "80 fastopen=-1", "80 rcvbuf=1k", "80 rcvbuf=1g", "80 rcvbuf=", "80 sndbuf=x", "80 sndbuf=0",
		"80 ipv6only=on", "80 ipv6only=off", "80 ipv6only=onn", "80 ipv6only=o", "80 ipv6only=x", "80 ipv6only=", "80 ipv6only", "80 so_keepalive=on", "80 so_keepalive=off", "80 so_keepalive=", "80 so_keepalive=::",
		"80 so_keepalive=30m::10", "80 so_keepalive=a::", "80 so_keepalive=1:2:3", "80 so_keepalive=1:2:x", "80 so_keepalive=1:2:3:4", "80 so_keepalive=0:0:0", "80 so_keepalive=1ms", "80 so_keepalive=1", "80 so_keepalive=:5",
		"80 so_keepalive=::5", "80 foo", "80 SSL", "80 ssl=on", "80 spdy", "80 multipath", "80 accept_filter=x", "80 setfib=1", "80 ssl foo", "80 foo ssl", `80 ""`,
	}
)

// customSpellings are arguments to try, by the directive.
var customSpellings = map[string][]string{
	"listen":              slices.Concat(addresses, states),
	"server":              slices.Concat(addresses, around("127.0.0.1:80 ", "", []string{"weight=5", "weight=0", "weight=x", "weight=", "weight", "max_conns=0", "max_conns=x", "max_fails=0", "max_fails=-1", "max_fails=x", "fail_timeout=10s", "fail_timeout=1ms", "fail_timeout=x", "fail_timeout=0", "backup", "down", "Down", "resolve", "route=a", "service=x", "drain", "slow_start=1", "foo", "weight=1 max_fails=x", "backup=1", `""`})),
	"fastcgi_pass":        slices.Concat(addresses, scripted),
	"scgi_pass":           slices.Concat(addresses, scripted),
	"memcached_pass":      addresses,
	"uwsgi_pass":          slices.Concat(addresses, scripted, prefixed("uwsgi://", []string{"127.0.0.1:1", "", "a:x"}), prefixed("suwsgi://", []string{"127.0.0.1:1", "", "a:x"})),
	"grpc_pass":           slices.Concat(addresses, scripted, prefixed("grpc://", []string{"127.0.0.1:1", "", "a:x", "127.0.0.1/x"}), prefixed("grpcs://", []string{"127.0.0.1:1", "", "a:x"})),
	"proxy_pass":          slices.Concat(addresses, scripted, glued("http://", "", addresses), glued("https://", "", addresses[:14]), glued("HTTP://", "", addresses[4:8]), []string{"http:/a", "ftp://a", "http", "http:", "https:/", "http://unix:/a:/b", "http://unix::/b"}),
	"proxy_bind":          slices.Concat(addresses, scripted, networks[4:22], []string{"off", "Off", "off x", "127.0.0.1 transparent", "127.0.0.1 x", "$host transparent", "$host x"}),
	"allow":               networks,
	"deny":                networks,
	"set_real_ip_from":    networks,
	"resolver":            slices.Concat(addresses, around("127.0.0.1 ", "", []string{"valid=1s", "valid=x", "valid=", "valid=1ms", "ipv6=on", "ipv6=off", "ipv6=x", "ipv6=", "ipv4=off", "[::1]", "127.0.0.1:x", "valid=1s ipv6=x", "status_zone=a"}), []string{"valid=1s", "ipv6=off", "off"}),
	"auth_http":           slices.Concat(addresses, glued("http://", "", addresses)),
	"protocol":            {"imap", "pop3", "smtp", "IMAP", "x", `""`},
	"rewrite":             rewrites,
	"location":            slices.Concat(around("~ ", "", regexes), around("~* ", "", regexes[:10]), glued("~", "", regexes[:15]), glued("~*", "", regexes[1:6]), []string{"/", "= /", "=/", "^~ /", "^~/", "foo /", "! /", `"" /`, "@x", "@", `""`, "~", "^~", "~~ /", "~* ", "=", "~~x", "==x", "= x y"}),
	"server_name":         slices.Concat(glued("~", "", regexes), []string{"*", "*x", ".", "*.", "~", `""`, "*.a *a", ".a", "*.a", "a.*", "a*b", "**.a", "..", "a/b", "$hostname", "A.b", "a b c", "a .", "~a ~(", "a ~"}),
	"if":                  slices.Concat(around("($host ~ ", ")", regexes), around("($host = ", ")", scripted), around("(-f ", ")", scripted), []string{"()", "( )", "$host", "($host", "($host)", "( $host )", "($host = a)", "($host =a)", "($host = a b)", "($)", "(-f)", "(-f a b)", "(-q a)", "(!-e $uri)", "(! -e $uri)", "($host !~* a)", "($host !~+ a)", `("$host" = a)`, "($host != )", "($host = )", "a", "(a)", `""`, "($host == a)", "($host a)", "(host = a)", "(!-q a)", "(-fx a)", "(-d /)", "(-x /)", "($host ~* a )", "(", ")", "( ( $host )", "($host ))", "(!-f", `($host = "")`, `($host = "a b")`}),
	"return":              slices.Concat(scripted, prefixed("200 ", scripted), []string{"200", "999", "1000", "-1", "foo", "foo bar", "http://x", "https://x", "$scheme://x", "HTTP://x", "http://x y", "301 /x", "0", "00200", "200.5", "1e2", "404 x", "http://$", "/x"}),
	"set":                 slices.Concat(around("", " x", []string{"$a", "a", "$", "${a}", "$a-b", "$host", "$HOST", "$uri", "$args", "$http_x", "$http_host", "$arg_x", "$request_uri", "$status", "$limit_rate", "$connection_time", "$document_root", "$remote_addr", "$hostname", "$1", "$server_name", "$sent_http_link", `""`, "host"}), prefixed("$a ", scripted)),
	"auth_request_set":    slices.Concat(around("", " x", []string{"$a", "a", "$", "$host", "$args", `""`}), prefixed("$a ", scripted)),
	"map":                 slices.Concat(around("", " $a", scripted), prefixed("$host ", []string{"$a", "a", "$", "$host", "$uri", "$args", "$http_x", `""`, "$hostname", "${a}"})),
	"split_clients":       slices.Concat(around("", " $a", scripted), prefixed("$host ", []string{"$a", "a", "$", "$host", "$uri", "$args", `""`})),
	"geo":                 {"a", "$a", "$", "$host $a", "host $a", "$host a", "$ $a", "$host $", "$host $uri", "$uri", `""`, "$args", `"" $a`, "$remote_addr $geo"},
	"try_files":           slices.Concat(around("a ", "", scripted), around("", " a", scripted), []string{"a =404", "a =1000", "a =x", "a =", "a =999", "a =0", "=x a", "a =$x", "a @x", "a b/ =404", "a =4 04", "a =-1"}),
	"error_page":          slices.Concat(around("404 ", "", scripted), []string{"404 /x", "404 =", "= /x", "=200 /x", "404 = /x", "404 =200 /x", "404 =x /x", "404 =99999 /x", "x /x", "299 /x", "300 /x", "599 /x", "600 /x", "499 /x", "600 $", "404 499 /x", "404 600 =200 /x", "404 403", "404 /x /y", "-1 /x", "404 =-1 /x", "404 == /x", `"" /x`, "499 =200 /x", "500 502 503 504 /50x.html"}),
	"access_log":          accessLogs,
	"error_log":           slices.Concat(syslogs, prefixed("x ", []string{"debug", "info", "notice", "warn", "error", "crit", "alert", "emerg", "Info", "x", `""`, "info info", "info warn", "debug_http", "debug_http debug_core", "debug_http info", "info debug_http", "debug debug_http", "debug_imap", "json", "stderr"}), []string{"stderr", "stderr foo", `""`, "off", "/dev/null error"}),
	"log_format":          slices.Concat(around("a ", "", scripted), around("a b ", "", scripted), []string{"a escape=x $uri", "a escape=json", "a escape=json $uri", "a escape=default x", "a escape=none x", "a escape=JSON x", "a x escape=foo", "a escape= x"}),
	"add_header":          slices.Concat(around("a ", "", scripted), []string{"a b always", "a b c", "a b Always", "a $ c", `a b ""`}),
	"add_trailer":         slices.Concat(around("a ", "", scripted), []string{"a b always", "a b c", "a $ c"}),
	"expires":             slices.Concat(times, scripted, []string{"epoch", "max", "off", "Max", "modified", "modified 1h", "modified +1h", "modified @1h", "modified max", "Modified 1h", "@25h", "@24h", "@0", "@", "+", "-", "-1", "+1h", "+-1", "--1", "modified $host", "modified $"}),
	"keepalive_timeout":   slices.Concat(times, prefixed("1 ", times)),
	"keepalive":           {"0", "1", "x", "-1", "99999999999999999999", `""`, "16k"},
	"directio":            slices.Concat(sizes, []string{"Off"}),
	"aio":                 {"on", "off", "threads", "threads=x", "threads=$x", "threadsx", "On", `""`, "1"},
	"disable_symlinks":    {"off", "on", "if_not_owner", "foo", "from=/", "on off", "off from=/", "on from=$", "from=/ on", "on from=$document_root", "from=/ off", "on foo", "On", `""`, "from=a from=b", "on from=", "if_not_owner from=/a"},
	"root":                slices.Concat(scripted, []string{"$document_root", "${document_root}/x", "$realpath_root", "/a$document_rootx", "/a/${realpath_root}"}),
	"alias":               slices.Concat(scripted, []string{"$document_root", "${document_root}/x", "$realpath_root"}),
	"index":               slices.Concat(scripted, prefixed("a ", scripted), []string{"/a b"}),
	"limit_except":        {"GET", "get", "FOO", "GET POST", "GET foo", "PATCH", "PROPFIND LOCK", "TRACE", "CONNECT", `""`, "UNLOCK", "MKCOL COPY MOVE", "GET,POST", "OPTIONS", "HEAD", "all"},
	"limit_conn":          {"a 0", "a 1", "a 65535", "a 65536", "a x", "a -1", `a ""`, `"" 1`, "a 1k"},
	"limit_req":           {"zone=a", "zone=a burst=5", "zone=a burst=0", "zone=a burst=x", "zone=a burst=-1", "zone=a burst=", "zone=a delay=0", "zone=a delay=x", "zone=a delay=5", "zone=a nodelay", "zone=a burst=5 nodelay", "zone=a foo", "burst=5", "nodelay", "zone= burst=1", "foo", "zone=a burst", "Zone=a", `""`, "zone=a burst=5 delay=x", "zone=a rate=1"},
	"limit_req_zone":      slices.Concat(around("", " zone=a:1m rate=1r/s", scripted), around("a rate=1r/s zone=z:", "", sizesOfZones), around("a zone=a:1m rate=", "", []string{"1", "1r/s", "1r/m", "0r/s", "r/s", "1r/h", "x", "", "-1r/s", "1.5r/s", "r", "100r", "1r/sr/m", "1r/mr/s", "10R/s"}), []string{"a zone=a rate=1r/s", "a zone=:1m rate=1r/s", "a zone=a:1m sync", "a zone=a:1m foo", "a rate=1r/s rate=2r/s", "a zone=a:b:1m rate=1r/s", "a zone= rate=1r/s", "a zone=a:1m zone=a:1m"}),
	"limit_conn_zone":     slices.Concat(around("", " zone=a:1m", scripted), around("a zone=z:", "", sizesOfZones), []string{"a zone=a", "a zone=:1m", "a foo", "a zone=a:b:1m", "a rate=1r/s", "a Zone=a:1m"}),
	"hash":                slices.Concat(scripted, []string{"$host consistent", "$host x", "$ x", "a Consistent"}),
	"random":              {"two", "x", "Two", "two least_conn", "two x", "two least_time=header", "x least_conn"},
	"zone":                slices.Concat(prefixed("a ", sizesOfZones), []string{"a", `""`, `"" 1m`}),
	"open_file_cache":     caches,
	"open_log_file_cache": caches,
	"ssl_session_cache":   slices.Concat(prefixed("shared:a:", sizesOfZones[:6]), prefixed("off shared:a:", sizesOfZones[:6]), []string{"off", "none", "builtin", "builtin:x", "builtin:0", "builtin:1000", "builtin:", "shared:", "shared:a", "shared::1m", "shared:a:b:1m", "off foo", "foo", "Off", "builtin shared:a:1m", "builtin foo", `""`, "shared:a:", "builtin:1000 shared:b:1k"}),
	"ssl_ocsp_cache":      slices.Concat(prefixed("shared:a:", sizesOfZones[:6]), []string{"off", "none", "builtin", "shared:", "shared:a", "shared::1m", "foo", "Off", `""`}),
	"proxy_cookie_domain": slices.Concat(glued("~", " a", regexes), around("", " a", scripted), around("a ", "", scripted), []string{"off", "Off", "x", "~(", "~*( a", ".a b", `""`}),
	"proxy_cookie_path":   slices.Concat(glued("~", " a", regexes), glued("~*", " a", regexes[:12]), around("", " a", scripted), around("a ", "", scripted), []string{"off", "x", `""`}),
	"proxy_cookie_flags":  slices.Concat(glued("~", " secure", regexes), around("", " secure", scripted), around("a ", "", scripted), around("a secure ", "", scripted), []string{"off", "x", "a foo"}),
	"proxy_redirect":      slices.Concat(glued("~", " a", regexes), glued("~*", " a", regexes[:12]), around("", " a", scripted), around("a ", "", scripted), []string{"off", "x", "default", "default x", "off x", `""`, "false"}),
	"sub_filter":          slices.Concat(around("", " a", scripted), around("a ", "", scripted)),
	"userid_expires":      slices.Concat(times, []string{"max", "Max"}),
	"userid_mark":         {"off", "a", "Z", "0", "9", "=", "+", "_", "ab", `""`, "Off", "-", "/"},
	"valid_referers":      slices.Concat(glued("~", "", regexes), []string{"a", `""`, "~", "a a", "a A", "*.a .a", ".a a", "a .a", "a*b", "a..b", "a.* b", "a.* a.*", "*", "a/b a/c", "a/* b", "server_names none blocked", "none none", "*.a *.A", "*.a b.*", "*.*", ".", "*.", "www.* *.www", ". .", ".* a", "*.a.*", "/x", "a/*/..", ".a *.a", "a.*.b", "None none"}),
	"modern_browser":      {"unlisted", "msie 6", "msie 6.0", "MSIE 6.0", "msie x", "msie 1a", `msie ""`, "foo 1", "unlisted 1", "gecko 1..2", "opera 1.2.3.4.5", "safari 3", "konqueror 3.0", "chrome 1"},
	"gzip_disable":        slices.Concat(around("", "", regexes), prefixed("msie6 ", regexes), []string{"msie6", "msie7", "MSIE6", "degradation", `""`}),
	"fastcgi_split_path_info": slices.Concat(around("", "", regexes), []string{
		"^(a)(b)(c)$", "^(a)((b))$", "^(a)(?:b)(c)", "^(.+\\.php)(/.+)$", "^(?<x>a)(b)$", `""`, "^a$", "\\((a)(b)", "[(](a)(b)", "(a)(b)|(c)", "(?P<a>x)(?<b>y)",
	}),
	"worker_processes":    slices.Concat(numbers, []string{"auto", "Auto"}),
	"worker_connections":  slices.Concat(numbers[3:20], numbers[21:]),
	"worker_priority":     {"0", "-5", "+5", "-x", "-", "+", `""`, "1.5", "--5", "5-", "x", "20", "-20"},
	"worker_cpu_affinity": {"auto", "auto 1", "auto 1 1", "auto 12", "1x", "x1", `"1 0"`, `""`, "auto auto", "Auto", "01 10", "0101 2", "x y", "0102", "auto x"},
	"thread_pool":         {"a threads=1", "a threads=0", "a threads=x", "a threads=1 max_queue=x", "a threads=1 max_queue=0", "a threads=1 foo", "a foo", "a max_queue=1 threads=1", "a threads=", "default threads=4", `"" threads=1`, "a max_queue=1", "a Threads=1", "a max_queue=x threads=0"},
	"use":                 {"epoll", "Epoll", "foo", "kqueue", `""`, "select"},
	"charset":             {"utf-8", "off", "$host", "$", `""`, "$x"},
	"source_charset":      {"utf-8", "off", "$host", "$", `""`},
	"charset_map":         {"a b", "a A", "a a", "utf-8 a", "a utf-8", "utf-8 UTF-8", "koi8-r windows-1251"},
	"fastcgi_param":       slices.Concat(around("a ", "", scripted), []string{"a b if_not_empty", "a b c", "a $ if_not_empty", "$ b", "a b If_not_empty"}),
	"uwsgi_param":         slices.Concat(around("a ", "", scripted), []string{"a b if_not_empty", "a b c"}),
	"scgi_param":          slices.Concat(around("a ", "", scripted), []string{"a b if_not_empty", "a b c"}),
	"proxy_set_header":    slices.Concat(around("a ", "", scripted), []string{"$ b"}),
	"grpc_set_header":     slices.Concat(around("a ", "", scripted), []string{"$ b"}),
	"proxy_cache":         scripted,
	"proxy_cache_key":     scripted,
	"fastcgi_cache_key":   scripted,
	"proxy_store":         slices.Concat(scripted, []string{"on", "off"}),
	"fastcgi_store":       slices.Concat(scripted, []string{"on", "off"}),
	"ssl_alpn":            {"h2", "h2 http/1.1", strings.Repeat("a", 255), strings.Repeat("a", 256), "a " + strings.Repeat("b", 256), `""`},

	"auth_basic_user_file": scripted,
}
