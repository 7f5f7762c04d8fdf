package nginx

import (
	"fmt"
	"strings"
	"testing"
)

func TestFastCGIParams(t *testing.T) {
	t.Parallel()
	c := load4test(t, false, map[string]string{"nginx.conf": `
events {}
http {
    fastcgi_param OUT 1;
    server {
        include fastcgi_params;
        location /inherits { if ($a) { } location /inherits/in { } }
        location /own { fastcgi_param OWN 1; }
        location /twice { fastcgi_param X 1; fastcgi_param x 2; fastcgi_param X 3; fastcgi_param X "" if_not_empty; }
        location /some { fastcgi_param X 1; fastcgi_param X $v if_not_empty; }
        location /translated { fastcgi_param PATH_TRANSLATED /x.php; }
        location /missing { fastcgi_param X 1; include /none.inc; }
        location /template { fastcgi_param X 1; ${PARAMS}; }
        location /name { fastcgi_param X 1; fastcgi_param "{{n}}" 1; }
    }
    server { location /http { } }
}
`})
	describe := func(block, name string) string {
		p := blockAt(t, c, block).FastCGIParams()
		param, set, known := p.Get(name)
		in := "none"
		if p.In != nil {
			in = p.In.Name()
		}
		return fmt.Sprint(in, " ", param.Value(), " set=", set, " known=", known)
	}
	for _, tt := range []struct{ block, name, want string }{
		{"location /inherits/in", "REQUEST_METHOD", "server $request_method set=true known=true"},
		{"if ($a)", "REQUEST_METHOD", "server $request_method set=true known=true"},
		{"location /inherits", "SCRIPT_FILENAME", "server  set=false known=true"},
		{"location /inherits", "OUT", "server  set=false known=true"},
		{"location /inherits", "REMOTE_USER", "server  set=false known=false"}, // Debian's file has it not, others have
		{"location /http", "OUT", "http 1 set=true known=true"},
		{"location /own", "REQUEST_METHOD", "location  set=false known=true"},
		{"location /twice", "X", "location 3 set=true known=true"},
		{"location /twice", "x", "location 2 set=true known=true"},
		{"location /some", "X", "location $v set=true known=false"},
		{"location /missing", "X", "location 1 set=true known=false"},
		{"location /missing", "Y", "location  set=false known=false"},
		{"location /template", "Y", "location  set=false known=false"},
		{"location /name", "Y", "location  set=false known=false"},
	} {
		if got := describe(tt.block, tt.name); got != tt.want {
			t.Errorf("%s of %s: %s, want %s", tt.name, tt.block, got, tt.want)
		}
	}
	for block, want := range map[string]string{"location /translated": "/x.php true", "location /own": " false", "location /missing": " false"} {
		param, known := blockAt(t, c, block).FastCGIParams().Script()
		if got := fmt.Sprint(param.Value(), " ", known); got != want {
			t.Errorf("script of %s: %s, want %s", block, got, want)
		}
	}
	for block, want := range map[string]bool{"location /inherits": true, "location /own": false} {
		if got := blockAt(t, c, block).FastCGIParams().All[0].StandIn(); got != want {
			t.Errorf("%s: stand-in %t, want %t", block, got, want)
		}
	}
}

func TestFragmentParams(t *testing.T) {
	t.Parallel()
	c := load4test(t, true, map[string]string{"nginx.conf": "fastcgi_param A 1;\nfastcgi_pass unix:/x;\nif ($a) { set $b 1; }\n"})
	if p := c.Top.FastCGIParams(); p.Known || len(p.All) != 1 {
		t.Errorf("others may stand beside the file's own: %+v", p)
	}
}

func TestUsualParams(t *testing.T) {
	t.Parallel()
	const one = "include fastcgi_params;"
	for _, tt := range []struct {
		texts map[string]string
		want  int
	}{
		{map[string]string{"nginx.conf": "events {}\n", "fastcgi_params": "fastcgi_param A 1;\n"}, 1},
		{map[string]string{"nginx.conf": "events {}\nhttp { server { include /etc/nginx/fastcgi_params; } }\n"}, 1},
		{map[string]string{"nginx.conf": "events {}\n"}, 19},
	} {
		lines := load4test(t, false, tt.texts).UsualParams()
		if len(lines) != tt.want || (lines[0] == one) != (tt.want == 1) {
			t.Errorf("%v: %q", tt.texts, lines)
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ value, block, want string }{
		{"$document_root$fastcgi_script_name", "location /", "/srv/www folder root"},
		{"${document_root}${fastcgi_script_name}", "location /", "/srv/www folder root"},
		{"$realpath_root/public$uri", "location /", "/srv/www/public folder root"},
		{"$document_root/index.php", "location /", "/srv/www/index.php file root"},
		{"$request_filename", "location /", "/srv/www folder root"},
		{"/srv/app/x.php", "location /", "/srv/app/x.php file fastcgi_param"},
		{"/srv/app$fastcgi_script_name", "location /", "/srv/app folder fastcgi_param"},
		{"/srv/app$fastcgi_script_names", "location /", "unknown"},
		{"/srv/$host/x.php", "location /", "unknown"},
		{"$document_root$suffix/x.php", "location /", "unknown"},
		{"app/x.php", "location /", "unknown"},
		{"$fastcgi_script_name", "location /", "unknown"},
		{"/srv/{{ app }}/x.php", "location /", "unknown"},
		{"$document_root$fastcgi_script_name", "location ~ nested", "/srv/alias folder alias"},
		{"$request_filename", "location ~ nested", "/srv/alias folder alias"},
		{"$request_filename", "location /maybe-a-file", "unknown"},
		{"$request_filename", "location /root", "/srv/other folder root"},
		{"$request_filename", "location /variable", "unknown"},
	} {
		c := load4test(t, false, map[string]string{"nginx.conf": `
events {}
http { server { root /srv/www;
    location / { fastcgi_param P "` + tt.value + `"; }
    location /a/ { alias /srv/alias/;
        location ~ nested { fastcgi_param P "` + tt.value + `"; }
        location /root { root /srv/other/; fastcgi_param P "` + tt.value + `"; } }
    location /maybe-a-file { alias /srv/x; fastcgi_param P "` + tt.value + `"; }
    location /variable { root /srv/$host; fastcgi_param P "` + tt.value + `"; }
} }
`})
		b := blockAt(t, c, tt.block)
		got := "unknown"
		if at, ok := b.Path(b.FastCGIParams().All[0]); ok {
			kind := "folder"
			if at.File {
				kind = "file"
			}
			got = strings.Join([]string{at.Base, kind, at.From.Name()}, " ")
		}
		if got != tt.want {
			t.Errorf("%s in %s: %s, want %s", tt.value, tt.block, got, tt.want)
		}
	}
}
