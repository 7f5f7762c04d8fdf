package supervisord

import (
	"fmt"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

func TestRead(t *testing.T) {
	text := `[supervisord]
nodaemon=true
[program:nginx]
command=nginx -g "daemon off;"  ; in the foreground
[program:app]
directory=/srv/app
command=gunicorn
    -b :8000 app:app
user=app
environment=PORT="1"
[program:off]
command=/bin/x %(ENV_Y)s
directory=%(here)s
autostart=false
[program:broken]
command=/bin/x "y
[include]
files = conf.d/*.conf /etc/more.conf
`
	c := Read(source.NewFile("f", text))
	var got []string
	for _, p := range c.Programs {
		var words []string
		for _, w := range p.Words {
			words = append(words, w.Text)
		}
		got = append(got, fmt.Sprintf("%s: %s, %s, %s, %v", p.Name, strings.Join(words, "|"), p.Dir, p.User.Text, p.Off))
	}
	want := []string{
		"nginx: nginx|-g|daemon off;, , , false",
		"app: gunicorn|-b|:8000|app:app, /srv/app, app, false",
		"off: /bin/x|%(ENV_Y)s, , , true",
		"broken: , , , false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Join(c.Includes, " ") != "conf.d/*.conf /etc/more.conf" {
		t.Errorf("includes %q", c.Includes)
	}
	if c.More {
		t.Error("nothing else listens")
	}
	for _, more := range []string{"[inet_http_server]\nport=9001\n", "[eventlistener:a]\ncommand=/bin/a\n", "[fcgi-program:a]\nsocket=tcp://localhost:9002\n"} {
		if !Read(source.NewFile("f", text+more)).More {
			t.Errorf("%q listens, or may do so", more)
		}
	}
}
