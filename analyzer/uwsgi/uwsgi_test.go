package uwsgi

import (
	"fmt"
	"strings"
	"testing"

	"nginx-lint/analyzer/backendtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

func describe(b *stack.Backend, listeners []*stack.Listener) string {
	return backendtest.Describe(b, listeners, func(l *stack.Listener) string {
		text := l.Endpoint.String() + " " + l.Protocol.String()
		if l.TLS == stack.Yes {
			text += " tls"
		}
		if l.Access.ModeKnown {
			text += fmt.Sprintf(" %04o %s:%s", l.Access.Mode, l.Access.Owner, l.Access.Group)
		}
		return text
	})
}

func TestRead(t *testing.T) {
	tests := []struct{ text, want string }{
		{"socket = :3031", "0.0.0.0:3031 uwsgi, kill 0s, idle 0s, buffer 4096"},
		{"socket=127.0.0.1:3031\nhttp-socket = [::]:8080\nharakiri = 20\nbuffer-size = 32768", "127.0.0.1:3031 uwsgi, *:8080 HTTP, kill 20s, idle 0s, buffer 32768"},
		{"socket = /run/a.sock\nchmod-socket = 660\nchown-socket = app:www-data", "unix:/run/a.sock uwsgi 0660 app:www-data, kill 0s, idle 0s, buffer 4096"},
		{"http = 0.0.0.0:80\nfastcgi-socket = :9000\nhttps = :443,a,b", "0.0.0.0:80 HTTP, 0.0.0.0:9000 FastCGI, more?, kill 0s, idle 0s, buffer 4096"},
		{"https-socket = :8443", "0.0.0.0:8443 HTTP tls, kill 0s, idle 0s, buffer 4096"},
		{"base = /run\nsocket = %(base)/%n.sock", "unix:/run/site.sock uwsgi, kill 0s, idle 0s, buffer 4096"},
		{"socket = u.sock ; no comment", "unix:u.sock ; no comment uwsgi, kill 0s, idle 0s, buffer 4096"},
		{"# socket = :1\n[other]\nsocket = :2", "kill 0s, idle 0s, buffer 4096"},
		{"socket = :1\nprotocol = http", "0.0.0.0:1 raw TCP, kill 0s, idle 0s, buffer 4096"},
		{"harakiri = 5\nharakiri = 50\nchmod-socket\nsocket = /a", "unix:/a uwsgi, idle 0s, buffer 4096"},
		// not known
		{"socket = $(SOCK)", "more?, kill 0s, idle 0s, buffer 4096"},
		{"socket = %(gone)/a.sock\nharakiri = %k", "more?, idle 0s, buffer 4096"},
		{"socket = @(file:///x)", "more?, kill 0s, idle 0s, buffer 4096"},
		{"socket = @abstract", "more?, kill 0s, idle 0s, buffer 4096"},
		{"for = 1 2\nsocket = 127.0.0.1:303%(_)\nendfor =", "more?"},
		{"if-env = X\nsocket = :1\nendif =\nharakiri = 9", "0.0.0.0:1 uwsgi maybe, more?"},
		{"socket = :1\nini = other.ini\nharakiri = 3", "0.0.0.0:1 uwsgi, more?"},
	}
	for _, test := range tests {
		if got := describe(Read(source.NewFile("/etc/uwsgi/site.ini", "[uwsgi]\n"+test.text))); got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.text, got, test.want)
		}
	}
}

func TestCommand(t *testing.T) {
	open := func(name string) *source.File {
		if name != "/srv/a.ini" {
			return nil
		}
		return source.NewFile(name, "[uwsgi]\nsocket = :1\nharakiri = 3\n")
	}
	tests := []struct{ command, want string }{
		{"uwsgi --ini /srv/a.ini", "0.0.0.0:1 uwsgi, kill 3s, idle 0s, buffer 4096"},
		{"/usr/bin/uwsgi --die-on-term a.ini", "0.0.0.0:1 uwsgi, kill 3s, idle 0s, buffer 4096"},
		{"uwsgi --ini a.ini -b 9000 --http-socket=:2", "0.0.0.0:1 uwsgi, 0.0.0.0:2 HTTP, kill 3s, idle 0s, buffer 9000"},
		{"uwsgi --ini a.ini --harakiri 9", "0.0.0.0:1 uwsgi, idle 0s, buffer 4096"},
		{"uwsgi -s :3 --chmod-socket=666", "0.0.0.0:3 uwsgi, kill 0s, idle 0s, buffer 4096"},
		{"uwsgi -s /a.sock -C 666", "unix:/a.sock uwsgi 0666 :, kill 0s, idle 0s, buffer 4096"},
		{"uwsgi --ini gone.ini --socket :4", "0.0.0.0:4 uwsgi, more?"},
		{"uwsgi $OPTS --socket :4", "0.0.0.0:4 uwsgi, more?"},
		{"uwsgi --emperor /etc/uwsgi", "more?"},
		{"uwsgi --socket :${PORT}", "more?, kill 0s, idle 0s, buffer 4096"},
	}
	for _, test := range tests {
		b, listeners, ok := Command(backendtest.Words(test.command), "/srv", open)
		if !ok {
			t.Errorf("%s: no uWSGI", test.command)
			continue
		}
		if got := describe(b, listeners); got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.command, got, test.want)
		}
	}
}

func TestPlaceholdersThatDouble(t *testing.T) {
	var text strings.Builder
	text.WriteString("[uwsgi]\na0 = aa\n")
	for i := range 60 {
		fmt.Fprintf(&text, "a%d = %%(a%d)%%(a%d)\n", i+1, i, i)
	}
	text.WriteString("socket = %(a60)\n")
	if got, want := describe(Read(source.NewFile("f", text.String()))), "more?, kill 0s, idle 0s, buffer 4096"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("socket = %(a)\na = %n:1\nfor = 1")
	f.Add("socket")
	f.Fuzz(func(t *testing.T, text string) {
		_, listeners := Read(source.NewFile("f", "[uwsgi]\n"+text))
		for _, l := range listeners {
			if l.Span.Text() == "" {
				t.Fatal("a listener without its place")
			}
		}
	})
}
