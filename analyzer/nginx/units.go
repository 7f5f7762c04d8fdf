package nginx

import (
	"math"
	"strings"
	"time"
)

// ParseTime reads a time as nginx does for directives of millisecond precision
// (`60`, `60s`, `500ms`, `1m30s`, `1m 30s`, `1w`; no years, no months). It
// returns false for what nginx refuses (ngx_parse_time), and for more than 292 years.
func ParseTime(s string) (time.Duration, bool) {
	total, ok := ParseMilliseconds(s)
	return time.Duration(total) * time.Millisecond, ok && total <= math.MaxInt64/int64(time.Millisecond)
}

// ParseMilliseconds is ParseTime without its limit.
func ParseMilliseconds(s string) (int64, bool) { return parseTime(s, month, 1000) }

// ParseSeconds reads a time as nginx does for directives of whole seconds: as
// ParseTime, also years of 365 days (`1y`) and months of 30 (`1M`), and no `ms`.
// The result is in seconds.
func ParseSeconds(s string) (int64, bool) { return parseTime(s, start, 1) }

// The units of time in the order in which they may follow each other.
const (
	start = iota
	year
	month
	week
	day
	hour
	minute
	second
	millisecond
)

// parseTime reads a time in units of 1/scale seconds; step is the unit that may not come any more.
func parseTime(s string, step int, scale int64) (int64, bool) {
	factors := [...]int64{
		start: 0, year: 365 * 24 * 3600 * scale, month: 30 * 24 * 3600 * scale, week: 7 * 24 * 3600 * scale,
		day: 24 * 3600 * scale, hour: 3600 * scale, minute: 60 * scale, second: scale, millisecond: 1,
	}
	some := false
	var value, total int64
	for s != "" {
		c := s[0]
		s = s[1:]
		unit := start
		switch {
		case c >= '0' && c <= '9':
			if value > (math.MaxInt64-int64(c-'0'))/10 {
				return 0, false
			}
			value = value*10 + int64(c-'0')
			some = true
			continue
		case c == 'y':
			unit = year
		case c == 'M':
			unit = month
		case c == 'w':
			unit = week
		case c == 'd':
			unit = day
		case c == 'h':
			unit = hour
		case c == 'm' && strings.HasPrefix(s, "s"):
			if scale == 1 {
				return 0, false
			}
			unit, s = millisecond, s[1:]
		case c == 'm':
			unit = minute
		case c == 's' || c == ' ':
			unit = second
		}
		// Units come in falling order, each at most once.
		if unit <= step {
			return 0, false
		}
		if value > (math.MaxInt64-total)/factors[unit] {
			return 0, false
		}
		step = unit
		total += value * factors[unit]
		value = 0
		s = strings.TrimLeft(s, " ")
	}
	if !some || value > (math.MaxInt64-total)/scale {
		return 0, false
	}
	return total + value*scale, true
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
		if c < '0' || c > '9' || n > (math.MaxInt64-int64(c-'0'))/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
