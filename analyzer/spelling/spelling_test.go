package spelling

import (
	"slices"
	"testing"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"kitten", "sitting", 3},
		{"timeout-rase", "timeout-race", 1},
		{"ab", "ba", 1},
		{"abc", "ca", 3},
		{"mian", "main", 1},
		{"retrun_cdoe", "return_code", 2},
	} {
		if got := distance(test.a, test.b, 100); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"root", "return", "server_name", "server_names_hash"}
	for word, want := range map[string]string{
		"rot":        "root",
		"server_nam": "server_name",
		"retrun":     "return",
		"roto":       "root",
		"frobnicate": "",
		"x":          "",
	} {
		if got := Nearest(word, slices.Values(known)); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// TestLimit holds that a limit changes nothing below it.
func TestLimit(t *testing.T) {
	t.Parallel()
	words := []string{"", "a", "ab", "ba", "abc", "cab", "root", "rot", "return", "retrun", "server_name", "sever_nam"}
	for _, a := range words {
		for _, b := range words {
			d := distance(a, b, 100)
			for limit := range 12 {
				if got := distance(a, b, limit); got != d && (d < limit || got < limit) {
					t.Errorf("distance(%q, %q) = %d below %d; it is %d", a, b, got, limit, d)
				}
			}
		}
	}
}
