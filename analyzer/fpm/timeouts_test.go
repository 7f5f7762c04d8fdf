package fpm

import (
	"fmt"
	"testing"
	"time"
)

// The values are those of php-fpm 8.2 (`php-fpm -tt`, and the tick in its debug log).
func TestParseTime(t *testing.T) {
	cases := []struct {
		text    string
		seconds int64
		ok      bool
		exact   bool
	}{
		{"0", 0, true, true},
		{"30", 30, true, true},
		{"30s", 30, true, true},
		{"2m", 120, true, true},
		{"1h", 3600, true, true},
		{"1d", 86400, true, true},
		{"-1", -1, true, true},
		{"-2m", -120, true, true},
		{"+5", 5, true, false},
		{" 5", 5, true, false},
		{"30 s", 30, true, false},
		{"30ms", 30, true, false},
		{"1m30s", 1, true, false},
		{"1m30", 1, true, false},
		{"1.5m", 60, true, false},
		{"abcs", 0, true, false},
		{"s", 0, true, false},
		{"0x10", 0, true, false},
		{"30000d", -1702967296, true, true},
		{"9999999999", 1410065407, true, true},
		{"", 0, false, false},
		{"-", 0, false, false},
		{"5 ", 0, false, false},
		{"30S", 0, false, false},
		{"30sec", 0, false, false},
		{"1w", 0, false, false},
	}
	for _, c := range cases {
		if seconds, ok := ParseTime(c.text); seconds != c.seconds || ok != c.ok {
			t.Errorf("%q is %d %v, want %d %v", c.text, seconds, ok, c.seconds, c.ok)
		}
		if TimeExact(c.text) != c.exact {
			t.Errorf("%q: exact %v", c.text, !c.exact)
		}
	}
}

func TestTimeouts(t *testing.T) {
	pool := func(terminate, slowlog string) string {
		return fmt.Sprintf("request_terminate_timeout = %s\nrequest_slowlog_timeout = %s\n", terminate, slowlog)
	}
	const unknown = -1
	cases := []struct {
		name, text  string
		tick, bound time.Duration // bound of the first pool
	}{
		{"none", "[a]", 0, 0},
		{"one", "[a]\n" + pool("1", "0"), 333 * time.Millisecond, 1333 * time.Millisecond},
		{"slowlog", "[a]\n" + pool("10", "2"), 666 * time.Millisecond, 10666 * time.Millisecond},
		{"slowlog on the same tick", "[a]\n" + pool("9", "9"), 3 * time.Second, 15 * time.Second},
		{"slowlog more than a tick before", "[a]\n" + pool("9", "6"), 2 * time.Second, 11 * time.Second},
		{"slowlog one tick before", "[a]\n" + pool("12", "9"), 3 * time.Second, 15 * time.Second},
		{"slowlog within a tick", "[a]\n" + pool("10", "8"), 2666 * time.Millisecond, 15332 * time.Millisecond},
		{"slowlog only", "[a]\n" + pool("0", "5"), 1666 * time.Millisecond, 0},
		{"another pool's", "[a]\n" + pool("30", "0") + "[b]\n" + pool("4", "0"), 1333 * time.Millisecond, 31333 * time.Millisecond},
		{"another pool's slowlog", "[a]\n" + pool("30", "0") + "[b]\n" + pool("0", "5"), 1666 * time.Millisecond, 31666 * time.Millisecond},
		{"negative", "[a]\n" + pool("-1", "0"), 0, 0},
		{"another pool's negative", "[a]\n" + pool("30", "0") + "[b]\n" + pool("0", "-1"), 0, 0},
		{"milliseconds overflow", "[a]\n" + pool("25d", "0"), 0, 0},
		{"and again", "[a]\n" + pool("60d", "0"), 296344234 * time.Millisecond, 60*24*time.Hour + 296344234*time.Millisecond},
		{"largest", "[a]\n" + pool("24d", "0"), 8 * 24 * time.Hour, 32 * 24 * time.Hour},
		{"refused", "[a]\n" + pool("1w", "0"), unknown, unknown},
		{"environment", "[a]\n" + pool("${X}", "0"), unknown, unknown},
		{"another pool's environment", "[a]\n" + pool("30", "0") + "[b]\n" + pool("0", "${X}"), unknown, unknown},
		{"missing include", "include = /nope/*\n[a]\n" + pool("30", "0"), unknown, unknown},
		{"off with a missing include", "include = /nope/*\n[a]\n" + pool("0", "0"), unknown, 0},
	}
	show := func(d time.Duration, known bool) time.Duration {
		if !known {
			return unknown
		}
		return d
	}
	for _, c := range cases {
		m := loadText(c.text)
		if got := show(m.Tick()); got != c.tick {
			t.Errorf("%s: tick %v, want %v", c.name, got, c.tick)
		}
		if got := show(m.Pools[0].KillBound()); got != c.bound {
			t.Errorf("%s: bound %v, want %v", c.name, got, c.bound)
		}
	}
}
