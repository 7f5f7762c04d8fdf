package systemd

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

type host map[string]string

func (h host) Names(dir string) []string {
	var names []string
	for name := range h {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			first, _, _ := strings.Cut(rest, "/")
			names = append(names, first)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (h host) File(name string) *source.File {
	text, ok := h[name]
	if !ok {
		return nil
	}
	return source.NewFile(name, text)
}

func TestUnits(t *testing.T) {
	const etc, lib = "/etc/systemd/system", "/usr/lib/systemd/system"
	units := Units(host{
		path.Join(lib, "a.service"):                     "[Service]\nExecStart=/bin/old\nUser=old\n",
		path.Join(etc, "a.service"):                     "[Service]\nExecStart=-/bin/a \\\n  -b c\nUser=app\nWorkingDirectory=/srv/a\n",
		path.Join(etc, "b-c.service"):                   "[Service]\nExecStart=/bin/b %n\nEnvironment=A=1 \"PORT=80 1\"\nEnvironment=PORT=3000\n",
		path.Join(lib, "b-c.service.d/20.conf"):         "[Service]\nExecStart=\nExecStart=/bin/d --x=50%%\n",
		path.Join(etc, "b-.service.d/10.conf"):          "[Service]\nUser=b\nExecStart=/bin/no\n",
		path.Join(etc, "service.d/10.conf"):             "[Service]\nPrivateTmp=yes\n",
		path.Join(etc, "b-c.service.d/readme"):          "[Service]\nUser=no\n",
		path.Join(etc, "nginx.service.d/override.conf"): "[Service]\nPrivateTmp=no\nPrivateTmp=true\n",
		path.Join(etc, "t@.service"):                    "[Service]\nExecStart=/bin/t %i\n",
		path.Join(etc, "e.service"):                     "[Service]\nExecStart=/bin/e\nEnvironmentFile=-/etc/e\nUser=%i\n",
	})
	for name, want := range map[string]string{
		"a.service":     `/bin/a -b c | app:app | /srv/a | tmp="yes"`,
		"b-c.service":   `/bin/d --x=50%%? | b:b | / | tmp=""`, // its prefix's 10.conf hides that of all services
		"nginx.service": ` | : |  | tmp="true"`,
		"e.service":     `/bin/e | : | / | tmp="yes"`,
	} {
		u := units[name]
		if u == nil {
			t.Errorf("no %s", name)
			continue
		}
		words, _ := u.Command()
		var command []string
		for _, w := range words {
			text := w.Text
			if !w.Known {
				text += "?"
			}
			command = append(command, text)
		}
		user, group := u.User()
		who := user.Text + ":" + group.Text
		if name == "e.service" && (user.Known || group.Known) {
			t.Errorf("%s: %s is known", name, who)
		}
		got := fmt.Sprintf("%s | %s | %s | tmp=%q", strings.Join(command, " "), who, u.Dir(), u.PrivateTmp().Text())
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", name, got, want)
		}
	}
	if units["t@.service"] != nil {
		t.Error("a template is no unit")
	}
	if v, may := units["b-c.service"].Environment("PORT"); !may || v.Text != "3000" || !v.Known {
		t.Errorf("PORT is %q, %v", v.Text, may)
	}
	if _, may := units["a.service"].Environment("PORT"); may {
		t.Error("a sets no PORT")
	}
	if v, may := units["e.service"].Environment("PORT"); !may || v.Known {
		t.Error("the file of e may set PORT")
	}
}

func TestFolders(t *testing.T) {
	for text, want := range map[string]string{
		"RuntimeDirectory=a": "/run/a 0755 root:root",
		"RuntimeDirectory=a b/c\nRuntimeDirectoryMode=750\nUser=u":  "/run/a 0750 u:u, /run/b/c 0750 u:u",
		"RuntimeDirectory=a\nRuntimeDirectory=\nRuntimeDirectory=b": "/run/b 0755 root:root",
		"RuntimeDirectory=%p\nRuntimeDirectory=a:link\nUser=u":      "",
		"RuntimeDirectory=a\nRuntimeDirectoryMode=u+x":              "",
		"RuntimeDirectory=a\nRuntimeDirectoryMode=%i":               "",
		"RuntimeDirectory=a\nDynamicUser=yes":                       "",
		"RuntimeDirectory=a\nUser=%i":                               "",
	} {
		u := Units(host{"/etc/systemd/system/a.service": "[Service]\n" + text + "\n"})["a.service"]
		var parts []string
		for _, f := range u.Folders() {
			parts = append(parts, fmt.Sprintf("%s %04o %s:%s", f.Path, f.Mode, f.Owner, f.Group))
		}
		if got := strings.Join(parts, ", "); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

func TestSockets(t *testing.T) {
	tests := []struct{ text, want string }{
		{"ListenStream=/run/a.sock", "unix:/run/a.sock 666 root:root > a.service"},
		{"ListenStream=/run/a.sock\nSocketUser=app\nSocketMode=0600", "unix:/run/a.sock 600 app:app > a.service"},
		{"ListenStream=/run/a.sock\nSocketGroup=www-data\nSocketMode=660\nService=b.service", "unix:/run/a.sock 660 root:www-data > b.service"},
		{"ListenStream=8000\nListenStream=127.0.0.1:8001\nListenStream=[::1]:8002", "*:8000 0 :, 127.0.0.1:8001 0 :, [::1]:8002 0 : > a.service"},
		{"ListenStream=8000\nBindIPv6Only=ipv6-only", "[::]:8000 0 : > a.service"},
		{"ListenStream=1\nListenStream=\nListenStream=2\nListenDatagram=3", "*:2 0 : > a.service"},
		{"ListenStream=/run/%i.sock\nListenStream=@abstract", "more? > a.service"},
		{"ListenStream=1\nAccept=yes", "*:1 0 : > "},
	}
	for _, test := range tests {
		u := Units(host{"/etc/systemd/system/a.socket": "[Socket]\n" + test.text + "\n"})["a.socket"]
		sockets, complete := u.Sockets()
		var parts []string
		for _, s := range sockets {
			parts = append(parts, fmt.Sprintf("%s %o %s:%s", s.Endpoint, s.Access.Mode, s.Access.Owner, s.Access.Group))
		}
		if !complete {
			parts = append(parts, "more?")
		}
		if got := strings.Join(parts, ", ") + " > " + u.Starts(); got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.text, got, test.want)
		}
	}
}
