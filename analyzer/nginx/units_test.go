package nginx

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want time.Duration
		ok   bool
	}{
		{"0", 0, true},
		{"60", time.Minute, true},
		{"60s", time.Minute, true},
		{"1m", time.Minute, true},
		{"500ms", 500 * time.Millisecond, true},
		{"1m30s", 90 * time.Second, true},
		{"1m 30s", 90 * time.Second, true},
		{"1m30", 90 * time.Second, true},
		{"1h", time.Hour, true},
		{"1d", 24 * time.Hour, true},
		{"1w", 7 * 24 * time.Hour, true},
		{"1s500ms", 1500 * time.Millisecond, true},
		{"10 5", 15 * time.Second, true},
		{"10 ", 10 * time.Second, true},
		{"", 0, false},
		{"s", 0, false},
		{"1.5m", 0, false},
		{"1M", 0, false},
		{"1y", 0, false},
		{"60S", 0, false},
		{"60sec", 0, false},
		{"-1", 0, false},
		{"30s1m", 0, false},
		{"1m1m", 0, false},
		{"99999999999999999999", 0, false},
		{"9223372036854775807w", 0, false},
	}
	for _, tt := range tests {
		if got, ok := ParseTime(tt.in); ok != tt.ok || got != tt.want {
			t.Errorf("ParseTime(%q) = %v, %v; want %v, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in           string
		size, offset int64 // -1: refused
	}{
		{"0", 0, 0},
		{"8192", 8192, 8192},
		{"8k", 8192, 8192},
		{"8K", 8192, 8192},
		{"8m", 8 << 20, 8 << 20},
		{"8M", 8 << 20, 8 << 20},
		{"1g", -1, 1 << 30},
		{"1G", -1, 1 << 30},
		{"8MB", -1, -1},
		{"1.5m", -1, -1},
		{"-1", -1, -1},
		{"", -1, -1},
		{"k", -1, -1},
		{"9223372036854775807k", -1, -1},
		{"99999999999999999999", -1, -1},
	}
	for _, tt := range tests {
		for _, f := range []struct {
			name  string
			parse func(string) (int64, bool)
			want  int64
		}{{"ParseSize", ParseSize, tt.size}, {"ParseOffset", ParseOffset, tt.offset}} {
			got, ok := f.parse(tt.in)
			if !ok {
				got = -1
			}
			if got != f.want {
				t.Errorf("%s(%q) = %d, want %d", f.name, tt.in, got, f.want)
			}
		}
	}
}
