package stack

import (
	"strings"
	"testing"

	"nginx-lint/analyzer/fpm"
)

// TestReaches follows what was measured of php-fpm's listen and nginx's connect (lab rows in the comments).
func TestReaches(t *testing.T) {
	t.Parallel()
	pool := func(s string) Endpoint {
		l, ok := fpm.ParseListen(s)
		if !ok {
			t.Fatalf("listen %q", s)
		}
		return PoolEndpoint(l)
	}
	tests := []struct {
		target Endpoint
		listen string
		want   Certainty
	}{
		{UnixEndpoint("/run/php/a.sock"), "/run/php/a.sock", Yes},
		{UnixEndpoint("/var/run/php/a.sock"), "/run/php/a.sock", Yes},
		{UnixEndpoint("/run/php/../php//a.sock"), "/var/run/php/a.sock", Yes},
		{UnixEndpoint("/run/php/b.sock"), "/run/php/a.sock", No},
		{UnixEndpoint("a.sock"), "a.sock", Yes},
		{UnixEndpoint("/srv/a.sock"), "a.sock", Maybe}, // below a prefix that is not known
		{UnixEndpoint("/srv/b.sock"), "a.sock", No},
		{UnixEndpoint("/" + strings.Repeat("a", 106)), "/" + strings.Repeat("a", 107), Yes}, // cut off after 107 bytes
		{UnixEndpoint("/run/a.sock"), "9000", No},
		{TCPEndpoint("127.0.0.1", 9000), "/run/a.sock", No},
		{TCPEndpoint("127.0.0.1", 9000), "9000", Yes}, // dual stack
		{TCPEndpoint("[::1]", 9000), "9000", Yes},
		{TCPEndpoint("127.0.0.1", 9000), "[::]:9000", Yes}, // dual stack too
		{TCPEndpoint("[::1]", 9000), "0.0.0.0:9000", No},
		{TCPEndpoint("127.0.0.1", 9000), "0.0.0.0:9000", Yes},
		{TCPEndpoint("127.0.0.1", 9000), "127.0.0.1:9000", Yes},
		{TCPEndpoint("[::1]", 9000), "127.0.0.1:9000", No},
		{TCPEndpoint("127.0.0.2", 9000), "127.0.0.1:9000", No},
		{TCPEndpoint("127.0.0.1", 9001), "127.0.0.1:9000", No},
		{TCPEndpoint("localhost", 9000), "127.0.0.1:9000", Yes},
		{TCPEndpoint("localhost", 9000), "[::1]:9000", Maybe},
		{TCPEndpoint("localhost", 9000), "9000", Yes},
		{TCPEndpoint("localhost", 9000), "10.0.0.1:9000", No},
		{TCPEndpoint("127.0.0.1", 9000), "localhost:9000", Maybe},
		{TCPEndpoint("127.0.0.1", 9000), "*:9000", Maybe},
		{TCPEndpoint("php", 9000), "127.0.0.1:9000", Maybe},
		{TCPEndpoint("[::ffff:127.0.0.1]", 9000), "127.0.0.1:9000", Yes},
	}
	for _, tt := range tests {
		if got := tt.target.Reaches(pool(tt.listen)); got != tt.want {
			t.Errorf("%s to listen = %s: %d, want %d", tt.target, tt.listen, got, tt.want)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{"127.0.0.1": true, "127.8.9.1": true, "[::1]": true, "localhost": true, "php": false, "10.0.0.1": false, "0.0.0.0": false} {
		if got := TCPEndpoint(host, 1).Local(); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}
