package rules

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// TestPortAgrees compares what a port says with asking each binding made before.
func TestPortAgrees(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	addresses := []string{"::", "0.0.0.0", "127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1", "::ffff:0.0.0.0"}
	for range 3000 {
		p := newPort()
		var made []binding
		for range 6 {
			b := binding{port: 9000}
			switch n := random.IntN(len(addresses) + 3); {
			case n < len(addresses):
				b.addr = netip.MustParseAddr(addresses[n])
			case n == len(addresses):
				b.addr, b.bare = netip.IPv6Unspecified(), true
			default:
				b.host = []string{"a.test", "b.test"}[n-len(addresses)-1]
			}
			want := free
			tried := b
			for _, a := range made {
				if tried.bare && b.beside(a) == refused {
					tried.addr = netip.IPv4Unspecified()
				}
			}
			var beside binding
			for _, a := range made {
				if want = tried.beside(a); want > free {
					beside = a
					break
				}
			}
			if want == free {
				made = append(made, tried)
			}
			if got, what := p.bind(b); what != want || got.addr != beside.addr || got.host != beside.host {
				t.Fatalf("%v%s after %v: %v beside %v; want %v beside %v", b.addr, b.host, made, what, got, want, beside)
			}
		}
	}
}
