package fpm

import "testing"

// listenCases are addresses and whether php-fpm can listen on them; starts is set
// where that can be tried on any machine.
var listenCases = []struct {
	listen string
	want   Listen
	ok     bool
	starts bool
}{
	{"29431", Listen{Kind: TCP, Port: 29431}, true, true},
	{"029431", Listen{Kind: TCP, Port: 29431}, true, true},
	{"4294996727", Listen{Kind: TCP, Port: 29431}, true, true},
	{"127.0.0.1:29431", Listen{Kind: TCP, Host: "127.0.0.1", Port: 29431}, true, true},
	{"127.0.0.1: +29431", Listen{Kind: TCP, Host: "127.0.0.1", Port: 29431}, true, true},
	{"[127.0.0.1]:29431", Listen{Kind: TCP, Host: "127.0.0.1", Port: 29431}, true, true},
	{"localhost:29431", Listen{Kind: TCP, Host: "localhost", Port: 29431}, true, true},
	{"0.0.0.0:29431", Listen{Kind: TCP, Host: "0.0.0.0", Port: 29431}, true, true},
	{"*:29431", Listen{Kind: TCP, Host: "*", Port: 29431}, true, true},
	{"[::]:29431", Listen{Kind: TCP, Host: "::", Port: 29431}, true, false},
	{"[::1]:29431", Listen{Kind: TCP, Host: "::1", Port: 29431}, true, false},
	{"::1:29431", Listen{Kind: TCP, Host: "::1", Port: 29431}, true, false},
	{"app.internal:9000", Listen{Kind: TCP, Host: "app.internal", Port: 9000}, true, false},
	{"/run/php/x.sock", Listen{Kind: Unix, Path: "/run/php/x.sock"}, true, false},
	{"x.sock", Listen{Kind: Unix, Path: "x.sock", Relative: true}, true, true},
	{"./x.sock", Listen{Kind: Unix, Path: "./x.sock", Relative: true}, true, true},
	{"127.0.0.1", Listen{Kind: Unix, Path: "127.0.0.1", Relative: true}, true, true},
	{"localhost", Listen{Kind: Unix, Path: "localhost", Relative: true}, true, true},
	{"-29431", Listen{Kind: Unix, Path: "-29431", Relative: true}, true, true},
	{"29431 ", Listen{Kind: Unix, Path: "29431 ", Relative: true}, true, true},
	{"", Listen{}, false, true},
	{"0", Listen{}, false, true},
	{"65536", Listen{}, false, true},
	{"99999999999", Listen{}, false, true},
	{"127.0.0.1:", Listen{}, false, true},
	{"127.0.0.1:0", Listen{}, false, true},
	{"127.0.0.1:70000", Listen{}, false, true},
	{"127.0.0.1:-29431", Listen{}, false, true},
	{"127.0.0.1:29431x", Listen{}, false, true},
	{"127.0.0.1:http", Listen{}, false, true},
	{"127.0.0.1:29431 ", Listen{}, false, true},
	{":29431", Listen{}, false, true},
	{"::1", Listen{}, false, true},
	{"[::1]", Listen{}, false, true},
	{"[::1:29431", Listen{}, false, true},
	{"127.0.0.1 :29431", Listen{}, false, true},
	{"unix:/run/x.sock", Listen{}, false, true},
	{"/run/x:1.sock", Listen{}, false, true},
	{"/run/x:1", Listen{}, false, true},
	{"http://127.0.0.1:29431", Listen{}, false, true},
}

func TestParseListen(t *testing.T) {
	for _, c := range listenCases {
		got, ok := ParseListen(c.listen)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q is %+v %v, want %+v %v", c.listen, got, ok, c.want, c.ok)
		}
	}
}
