package apache

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

// loaded is a configuration of which all is read.
const loaded = "LoadModule mpm_event_module m/mod_mpm_event.so\nLoadModule proxy_module m/mod_proxy.so\nLoadModule proxy_fcgi_module m/mod_proxy_fcgi.so\n"

func TestIfModule(t *testing.T) {
	const yes, no, maybe = "*:1", "", "*:1 maybe"
	for _, test := range []struct{ before, module, want string }{
		{loaded, "proxy_fcgi_module", yes},
		{loaded, "mod_proxy_fcgi.c", yes},
		{loaded, "!proxy_fcgi_module", no},
		{loaded, "ssl_module", no},
		{loaded, "mod_ssl.c", no},
		{loaded, "!mod_ssl.c", yes},
		{loaded, "event.c", yes},
		{loaded, "mod_mpm_event.c", no},
		{loaded, "core.c", yes},
		{loaded, "!http_core.c", no},
		{loaded, "mod_proxy_fcgi.c ", yes},

		// mod_php of PHP 8 is no mod_php8.c
		{loaded, "!mod_php8.c", yes},
		{loaded + "LoadModule php_module m/libphp8.2.so\n", "!mod_php8.c", yes},
		{loaded + "LoadModule php_module m/libphp8.2.so\n", "mod_php.c", yes},
		{loaded + "LoadModule php7_module m/libphp7.4.so\n", "!mod_php7.c", maybe},
		{loaded + "LoadModule php7_module m/libphp7.4.so\n", "php7_module", yes},

		// the case counts
		{loaded, "PROXY_module", no},
		{loaded, "MOD_PROXY.c", no},
		{loaded, "mod_proxy", no},

		// modules by others: what they are called is known, not their files
		{loaded + "LoadModule wsgi_module m/mod_wsgi.so\n", "wsgi_module", yes},
		{loaded + "LoadModule wsgi_module m/mod_wsgi.so\n", "mod_wsgi.c", maybe},
		{loaded + "LoadModule wsgi_module m/mod_wsgi.so\n", "!mod_php8.c", yes},
		{loaded + "LoadModule security2_module m/mod_security2.so\n", "mod_security.c", maybe},

		// part of some programs
		{loaded, "unixd_module", maybe},
		{loaded, "mod_log_config.c", maybe},
		{loaded + "LoadModule unixd_module m/mod_unixd.so\n", "unixd_module", yes},

		// not all is read
		{"LoadModule proxy_fcgi_module m\n", "proxy_fcgi_module", yes},
		{"LoadModule proxy_fcgi_module m\n", "!mod_php8.c", maybe},
		{loaded + "IncludeOptional gone/*.conf\n", "!mod_php8.c", maybe},
		{loaded + "IncludeOptional gone/*.conf\n", "proxy_module", yes},
		{loaded + "LoadModule ${M} m\n", "ssl_module", maybe},
		{loaded + "<IfDefine SSL>\nLoadModule ssl_module m\n</IfDefine>\n", "ssl_module", maybe},
		{loaded + "<IfDefine SSL>\nLoadModule ssl_module m\n</IfDefine>\n", "!mod_ssl.c", maybe},
		{loaded + "<IfModule ssl_module>\nLoadModule dav_module m\n</IfModule>\n", "dav_module", no},
		{loaded + "<Macro M>\nLoadModule ssl_module m\n</Macro>\n", "ssl_module", no},

		// Apache takes more than a name in several ways
		{loaded, `"proxy_module"`, maybe},
		{loaded, `"!mod_ssl.c"`, maybe},
		{loaded, "! mod_ssl.c", maybe},
		{loaded, "${M}", maybe},
		{loaded, "", maybe},
	} {
		s := Load(source.NewFile("f", test.before+"<IfModule "+test.module+">\nListen 1\n</IfModule>\n"), tree{})
		var got []string
		for _, text := range describe(s) {
			got = append(got, strings.ReplaceAll(text, " tls?", ""))
		}
		if got := strings.Join(got, ","); got != test.want {
			t.Errorf("%q after %q: %q, not %q", test.module, test.before, got, test.want)
		}
	}
}

// What stands below a condition that is not met is not read at all.
func TestIfModuleOff(t *testing.T) {
	text := loaded + `<IfModule ssl_module>
Include gone.conf
<VirtualHost *:80>
SSLEngine on
</VirtualHost>
<IfModule proxy_module>
ServerRoot /x
User a
<Macro M>
</Macro>
SetHandler proxy:fcgi://a
</IfModule>
Use M
</IfModule>
<IfModule proxy_module>
<IfModule !mod_php8.c>
SetHandler proxy:fcgi://127.0.0.1:9000
</IfModule>
</IfModule>
Listen 80
<IfModule later_module>
Listen 81
</IfModule>
LoadModule later_module m
`
	s := Load(source.NewFile("f", text), tree{})
	got := fmt.Sprint(describe(s), s.Backend().Complete, len(s.Targets()), s.Targets()[0].Maybe)
	if want := "[*:80]true1false"; strings.ReplaceAll(got, " ", "") != want {
		t.Errorf("%s, not %s", got, want)
	}
}

// TestOracleModules compares the names of modules and files with the real Apache's.
func TestOracleModules(t *testing.T) {
	program := apacheProgram(t)
	const folder = "/usr/lib/apache2/modules/"
	there := map[string]bool{}
	files, err := filepath.Glob(folder + "mod_*.so")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		there[strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "mod_"), ".so")] = true
	}
	// Some need others to be loaded before them.
	first := []string{"watchdog", "proxy", "dav", "session", "cache", "ldap", "dbd", "slotmem_shm", "authn_core", "authz_core"}
	var text strings.Builder
	load := func(name string) {
		if there[name] {
			fmt.Fprintf(&text, "LoadModule %s_module %smod_%s.so\n", name, folder, name)
			there[name] = false
		}
	}
	load("mpm_prefork")
	names := slices.Concat(first, strings.Fields(ownModules))
	for _, name := range names {
		if half := len(names) / 2; name != names[half] { // one is left out
			load(name)
		}
	}
	asked := []string{}
	for _, name := range slices.Concat(strings.Fields(ownModules), []string{"core", "http", "ldap", "mpm_event", "mpm_prefork", "mpm_worker", "php8", "foo"}) {
		asked = append(asked, name+"_module", "!"+name+"_module", "mod_"+name+".c", "!mod_"+name+".c", strings.ToUpper(name)+"_module")
	}
	for file := range sources {
		asked = append(asked, file, "!"+file)
	}
	var listens, defines strings.Builder
	for i, name := range asked {
		fmt.Fprintf(&listens, "<IfModule %s>\nListen %d\n</IfModule>\n", name, i+1)
		fmt.Fprintf(&defines, "<IfModule %s>\nDefine HIT_%d_\n</IfModule>\n", name, i+1)
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "apache2.conf")
	if err := os.WriteFile(conf, []byte("ServerName x\nErrorLog error.log\n"+text.String()+defines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "-d", dir, "-f", conf, "-t", "-D", "DUMP_RUN_CFG").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	has := map[int]string{}
	for _, l := range Load(source.NewFile("f", text.String()+listens.String()), tree{}).Listeners() {
		has[l.Endpoint.Port] = "yes"
		if l.Maybe {
			has[l.Endpoint.Port] = "maybe"
		}
	}
	unknown := 0
	for i, name := range asked {
		met := strings.Contains(string(out), fmt.Sprintf("HIT_%d_\n", i+1))
		switch has[i+1] {
		case "maybe":
			unknown++
		case "yes":
			if !met {
				t.Errorf("%s: met for us only", name)
			}
		default:
			if met {
				t.Errorf("%s: met for Apache only", name)
			}
		}
	}
	if unknown > 4*8 {
		t.Errorf("%d of %d are not known", unknown, len(asked))
	}
}
