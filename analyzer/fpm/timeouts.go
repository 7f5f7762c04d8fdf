package fpm

import (
	"strings"
	"time"

	"nginx-lint/analyzer/syntax"
)

// ParseTime reads a time as php-fpm does, in seconds: the leading number (none
// is 0) times what the last character says. `1m30s` is 1 second, `30 s` and
// `30ms` are 30, `1.5m` is 60. Numbers wrap around at 32 bits. ok is false
// where php-fpm refuses the value.
func ParseTime(s string) (seconds int64, ok bool) {
	if s == "" {
		return 0, false
	}
	unit := int32(1)
	switch last := s[len(s)-1]; {
	case last == 's':
	case last == 'm':
		unit = 60
	case last == 'h':
		unit = 60 * 60
	case last == 'd':
		unit = 24 * 60 * 60
	case last < '0' || last > '9':
		return 0, false
	}
	return int64(unit * syntax.Atoi(s)), true
}

// TimeExact reports whether a time means to people what it means to php-fpm:
// digits, perhaps a minus before and one of s, m, h and d behind.
func TimeExact(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits != "" && strings.IndexByte("smhd", digits[len(digits)-1]) >= 0 {
		digits = digits[:len(digits)-1]
	}
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// TerminateTimeout is request_terminate_timeout; zero is off, negative switches
// the checks of the whole master off. known is false where the value is not
// certain or php-fpm refuses it.
func (p *Pool) TerminateTimeout() (timeout time.Duration, known bool) {
	return p.timeout("request_terminate_timeout")
}

// SlowlogTimeout is request_slowlog_timeout, likewise.
func (p *Pool) SlowlogTimeout() (timeout time.Duration, known bool) {
	return p.timeout("request_slowlog_timeout")
}

func (p *Pool) timeout(key string) (time.Duration, bool) {
	v := p.Get(key)
	seconds, ok := ParseTime(v.Text)
	if !v.Known || !ok {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

// minTick is the shortest interval that php-fpm checks in.
const minTick = 130 * time.Millisecond

// Tick is the interval in which the master looks for requests that run too
// long: a third of the shortest of all terminate and slowlog timeouts, at least
// 130 ms. It is zero where none is set, and where one is negative or above
// 2,147,483 seconds (its milliseconds overflow): then no check is made for any
// pool. Of lone pool files only the pools that were read are counted.
func (m *Master) Tick() (tick time.Duration, known bool) {
	m.tick.once.Do(func() { m.tick.length, m.tick.known = m.computeTick() })
	return m.tick.length, m.tick.known
}

func (m *Master) computeTick() (tick time.Duration, known bool) {
	if len(m.Missing) > 0 {
		return 0, false
	}
	shortest := int32(0)
	for _, p := range m.Pools {
		for _, key := range []string{"request_terminate_timeout", "request_slowlog_timeout"} {
			timeout, known := p.timeout(key)
			if !known {
				return 0, false
			}
			if timeout == 0 {
				continue
			}
			third := int32(timeout/time.Second) * 1000 / 3 //nolint:gosec // wraps around as in php-fpm
			if shortest == 0 || third < shortest {
				shortest = third
			}
		}
	}
	if shortest <= 0 {
		return 0, true
	}
	return max(time.Duration(shortest)*time.Millisecond, minTick), true
}

// KillBound is the time after which a request of the pool is certainly ended:
// the terminate timeout and one tick, or two where the slowlog may take the
// first. Zero means never.
func (p *Pool) KillBound() (bound time.Duration, known bool) {
	terminate, known := p.TerminateTimeout()
	if !known || terminate == 0 {
		return 0, known
	}
	tick, known := p.Master.Tick()
	if !known || tick == 0 {
		return 0, known
	}
	bound = terminate + tick
	if slowlog, _ := p.SlowlogTimeout(); slowlog > 0 && terminate-slowlog < tick {
		bound += tick
	}
	return bound, true
}
