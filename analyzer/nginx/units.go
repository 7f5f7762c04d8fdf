package nginx

import (
	"math"
	"strings"
	"time"
)

// ParseTime reads a time as nginx does for directives of millisecond precision
// (`60`, `60s`, `500ms`, `1m30s`, `1m 30s`, `1w`; no years, no months). It
// returns false for what nginx refuses (ngx_parse_time).
func ParseTime(s string) (time.Duration, bool) {
	const (
		start = iota
		week
		day
		hour
		minute
		second
		millisecond
	)
	scales := [...]int64{week: 7 * 24 * 3600e3, day: 24 * 3600e3, hour: 3600e3, minute: 60e3, second: 1e3, millisecond: 1}
	const limit = math.MaxInt64 / int64(time.Millisecond)
	step, some := start, false
	var value, total int64
	for s != "" {
		c := s[0]
		s = s[1:]
		unit := start
		switch {
		case c >= '0' && c <= '9':
			if value = value*10 + int64(c-'0'); value > limit {
				return 0, false
			}
			some = true
			continue
		case c == 'w':
			unit = week
		case c == 'd':
			unit = day
		case c == 'h':
			unit = hour
		case c == 'm' && strings.HasPrefix(s, "s"):
			unit, s = millisecond, s[1:]
		case c == 'm':
			unit = minute
		case c == 's' || c == ' ':
			unit = second
		}
		// Units come in falling order, each at most once.
		if unit <= step || value > (limit-total)/scales[unit] {
			return 0, false
		}
		step = unit
		total += value * scales[unit]
		value = 0
		s = strings.TrimLeft(s, " ")
	}
	if !some || value > (limit-total)/scales[second] {
		return 0, false
	}
	return time.Duration(total+value*scales[second]) * time.Millisecond, true
}

// ParseSize reads a size in bytes as nginx does for buffers (`k`, `K`, `m`, `M`; no `g`).
func ParseSize(s string) (int64, bool) {
	if _, ok := cutUnit(s, 'g'); ok {
		return 0, false
	}
	return ParseOffset(s)
}

// ParseOffset reads a size in bytes as nginx does for files and bodies: as ParseSize, also `g`, `G`.
func ParseOffset(s string) (int64, bool) {
	for unit, scale := range map[byte]int64{'k': 1 << 10, 'm': 1 << 20, 'g': 1 << 30} {
		if digits, ok := cutUnit(s, unit); ok {
			n, ok := ParseNumber(digits)
			return n * scale, ok && n <= math.MaxInt64/scale
		}
	}
	return ParseNumber(s)
}

func cutUnit(s string, unit byte) (digits string, ok bool) {
	if s == "" || s[len(s)-1]|0x20 != unit {
		return s, false
	}
	return s[:len(s)-1], true
}

// ParseNumber reads decimal digits without a sign.
func ParseNumber(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	var n int64
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
