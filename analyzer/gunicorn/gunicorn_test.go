package gunicorn

import (
	"testing"

	"nginx-lint/analyzer/backendtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// start is a command in a folder with one file of configuration, or none.
func start(command, conf string) Start {
	return Start{Words: backendtest.Words(command), Dir: "/srv/app", Open: func(name string) (*source.File, bool) {
		if name == "/srv/app/gunicorn.conf.py" && conf != "" {
			return source.NewFile(name, conf), true
		}
		return nil, name == "/srv/app/gunicorn.conf.py"
	}}
}

func describe(b *stack.Backend, listeners []*stack.Listener) string {
	return backendtest.Describe(b, listeners, func(l *stack.Listener) string {
		text := l.Endpoint.String()
		if l.TLS != stack.No {
			text += " tls?"
		}
		if l.Protocol != stack.HTTP {
			text += " " + l.Protocol.String()
		}
		return text
	})
}

func TestCommand(t *testing.T) {
	tests := []struct{ command, conf, want string }{
		{"gunicorn app:app", "", "127.0.0.1:8000, kill 30s, idle 0s"},
		{"/srv/venv/bin/gunicorn -b :8001 --bind=unix:/run/a.sock app:app", "", "0.0.0.0:8001, unix:/run/a.sock, kill 30s, idle 0s"},
		{"python3 -m gunicorn -b[::]:8001 -t 60 app", "", "*:8001, kill 1m0s, idle 0s"},
		{"gunicorn -b unix:run/a.sock app", "", "unix:/srv/app/run/a.sock, kill 30s, idle 0s"},
		{"gunicorn --chdir /x -b unix:run/a.sock app", "", "unix:run/a.sock, kill 30s, idle 0s"},
		{"gunicorn -k gthread --keep-alive 5 app", "", "127.0.0.1:8000, kill 0s, idle 5s"},
		{"gunicorn --threads 4 app", "", "127.0.0.1:8000, kill 0s, idle 2s"},
		{"gunicorn -k uvicorn.workers.UvicornWorker app", "", "127.0.0.1:8000"},
		{"gunicorn --certfile a.pem app", "", "127.0.0.1:8000 tls?, kill 30s, idle 0s"},
		{"gunicorn --protocol uwsgi -b :1 app", "", "0.0.0.0:1 raw TCP, kill 30s, idle 0s"},
		{"gunicorn --tim 60 app", "", "127.0.0.1:8000, kill 1m0s, idle 0s"},
		{"gunicorn -b 127.0.0.1 app", "", "127.0.0.1:8000, kill 30s, idle 0s"},
		{"gunicorn -b 8001 app", "", "more?, kill 30s, idle 0s"},
		{"gunicorn -b fd://3 app", "", "more?, kill 30s, idle 0s"},

		{"gunicorn -b 0.0.0.0:${PORT} app", "", "more?, kill 30s, idle 0s"},
		{"gunicorn -b unix:/run/%i.sock app", "", "more?, kill 30s, idle 0s"},
		{"gunicorn $OPTS app", "", "more?"},
		{"gunicorn -w $WORKERS app", "", "more?"},
		{"gunicorn -w ${WORKERS} --log-level {{ level | lower }} app", "", "127.0.0.1:8000, kill 30s, idle 0s"},
		{"gunicorn --reload {{ options }} app", "", "more?"},
		{"gunicorn --bind {{ address }} -t {{ t }} app", "", "more?, idle 0s"},
		{"gunicorn -c /etc/app.py -t 9 app", "", "more?"},
		{"gunicorn -c python:conf app", "", "more?"},
		{"gunicorn -c /etc/app.py -t 9 -k sync --threads 1 -b :1 app", "", "0.0.0.0:1 tls?, kill 9s, idle 0s"},

		{"gunicorn app", "bind = '0.0.0.0:9001'\ntimeout = 90\n", "0.0.0.0:9001, kill 1m30s, idle 0s"},
		{"gunicorn -b :1 app", "bind = '0.0.0.0:9001'\n", "0.0.0.0:1, kill 30s, idle 0s"},
		{"gunicorn app", "# bind = ':1'\nbind = [\n  'unix:/run/a.sock',  # a\n  \"127.0.0.1:8001\",\n]\n", "unix:/run/a.sock, 127.0.0.1:8001, kill 30s, idle 0s"},
		{"gunicorn app", "bind = (':1')\nbind = ':2'\n", "0.0.0.0:2, kill 30s, idle 0s"},
		{"gunicorn app", "bind = u':1'; timeout = 1_0\n", "0.0.0.0:1, kill 10s, idle 0s"},
		{"gunicorn app", "worker_class = 'gthread'\nkeepalive = 75\n", "127.0.0.1:8000, kill 0s, idle 1m15s"},
		{"gunicorn app", "threads = 2\n", "127.0.0.1:8000, kill 0s, idle 2s"},
		{"gunicorn app", "import os\nworkers = os.cpu_count()\nbind = ':1'\n", "0.0.0.0:1, kill 30s, idle 0s"},

		// Python that is no literal.
		{"gunicorn app", "import os\nbind = os.getenv('BIND', ':1')\ntimeout = 9\n", "more?, kill 9s, idle 0s"},
		{"gunicorn app", "bind = f'0.0.0.0:{port}'\n", "more?, kill 30s, idle 0s"},
		{"gunicorn app", "bind = ':1'\nif x:\n    bind = ':2'\n", "more?, kill 30s, idle 0s"},
		{"gunicorn app", "if x:\n    bind = ':2'\nbind = ':1'\n", "more?, kill 30s, idle 0s"},
		{"gunicorn app", "bind = [':1']\nbind.append(':2')\n", "more?, kill 30s, idle 0s"},
		{"gunicorn app", "bind = [':1'] + x\n", "more?, kill 30s, idle 0s"},
		{"gunicorn app", "bind = ':' '1'\n", "more?, kill 30s, idle 0s"},
		{"gunicorn app", "timeout = 2 * 60\n", "127.0.0.1:8000, idle 0s"},
		{"gunicorn app", "timeout: int = 60\n", "127.0.0.1:8000, idle 0s"},
		{"gunicorn app", "bind = timeout = ':1'\n", "more?, idle 0s"},
		{"gunicorn app", "for k in e:\n    locals()[k] = 1\n", "more?"},
		{"gunicorn app", "from base import *\ntimeout = 9\n", "more?"},
		{"gunicorn app", "bind = '''\n", "more?"},
		{"gunicorn app", "x = 'bind = :2'\ndef f():\n    return 1\n", "127.0.0.1:8000, kill 30s, idle 0s"},
	}
	for _, test := range tests {
		b, listeners, ok := Read(start(test.command, test.conf))
		if !ok {
			t.Errorf("%s: not gunicorn", test.command)
			continue
		}
		if got := describe(b, listeners); got != test.want {
			t.Errorf("%s\n%s\ngot  %s\nwant %s", test.command, test.conf, got, test.want)
		}
		for _, l := range listeners {
			if l.Span.Text() == "" {
				t.Errorf("%s: %s without its place", test.command, l.Endpoint)
			}
		}
	}
}

func TestOtherCommands(t *testing.T) {
	for _, command := range []string{"/usr/bin/node server.js", "sh -c 'gunicorn app'", "/usr/bin/gunicorn-exporter"} {
		if _, _, ok := Read(start(command, "")); ok {
			t.Errorf("%s is no gunicorn", command)
		}
	}
}

func TestEnvironment(t *testing.T) {
	s := start("gunicorn -b :1 app", "timeout = 9\n")
	s.Environment = true
	b, listeners, _ := Read(s)
	if got, want := describe(b, listeners), "0.0.0.0:1 tls?"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConf(t *testing.T) {
	b, listeners := Conf(source.NewFile("gunicorn.conf.py", "bind = 'unix:/run/a.sock'\n"))
	if got, want := describe(b, listeners), "unix:/run/a.sock maybe, more?, kill 30s, idle 0s"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, listeners := Conf(source.NewFile("gunicorn.conf.py", "timeout = 3\n")); listeners != nil {
		t.Error("the default is not what the file says")
	}
}

func FuzzConf(f *testing.F) {
	f.Add("bind = [':1', \"unix:/a\"]\ntimeout = 3 # x\n")
	f.Fuzz(func(t *testing.T, text string) {
		comments, statements := Outline(source.NewFile("f", text))
		for _, at := range append(comments, statements...) {
			if at.Start >= at.End || at.End > len(text) {
				t.Fatalf("comment or statement %d-%d", at.Start, at.End)
			}
		}
		_, listeners := Conf(source.NewFile("f", text))
		for _, l := range listeners {
			if l.Span.End > len(text) || l.Span.Text() == "" {
				t.Fatal("a listener without its place")
			}
		}
	})
}
