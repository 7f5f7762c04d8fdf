package stack

import "testing"

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"127.0.0.1:3000": "127.0.0.1:3000", "[::1]:3000": "[::1]:3000", "LOCALHOST:3000": "localhost:3000", "app:9000": "app:9000",
		"3000": "*:3000", "*:3000": "*:3000", "0.0.0.0:80": "0.0.0.0:80", "[::]:80": "[::]:80",
		"unix:/var/run/app.sock": "unix:/run/app.sock", "/run//app.sock": "unix:/run/app.sock",
	} {
		if e, ok := ParseAddress(text); !ok || e.String() != want {
			t.Errorf("ParseAddress(%q) = %s, %v; want %s", text, e, ok, want)
		}
	}
	for _, text := range []string{"", "127.0.0.1", "host", "0", "65536", "-1", "host:0", "host:65536", "host:x", ":80", "run/app.sock", "unix:app.sock", "http://a:80", "$a:80", "[::1", "[::1]x:80"} {
		if e, ok := ParseAddress(text); ok {
			t.Errorf("ParseAddress(%q) = %s", text, e)
		}
	}
}

func TestParseProtocol(t *testing.T) {
	t.Parallel()
	seen := map[Protocol]bool{}
	for _, word := range Protocols() {
		p, ok := ParseProtocol(word)
		if !ok || seen[p] {
			t.Errorf("%s: %s, %v", word, p, ok)
		}
		seen[p] = true
	}
	for p := FastCGI; p <= Raw; p++ {
		if !seen[p] {
			t.Errorf("no word for %s", p)
		}
	}
	if _, ok := ParseProtocol("htp"); ok {
		t.Error("htp is a protocol")
	}
}
