package rules

import "testing"

func TestSameButVersion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want bool
	}{
		{"/run/php/php7.4-fpm.sock", "/run/php/php8.2-fpm.sock", true},
		{"/run/php/php7.4-fpm.sock", "/run/php/php8.10-fpm.sock", true},
		{"/run/php/php74-fpm.sock", "/run/php/php82-fpm.sock", true},
		{"/run/php-fpm-7.4.sock", "/run/php-fpm-8.2.sock", true},
		{"/run/php/php8.2-fpm-a.sock", "/run/php/php8.2-fpm-b.sock", false},
		{"/run/php/site1.sock", "/run/php/site2.sock", false}, // another site, not another version
		{"/run/php/php7.4-fpm.sock", "/run/php/php-fpm.sock", false},
		{"/run/a.sock", "/run/b.sock", false},
		{"", "", false},
		{"/run/php8", "/run/php81", true},
	}
	for _, tt := range tests {
		if got := sameButVersion(tt.a, tt.b); got != tt.want || sameButVersion(tt.b, tt.a) != tt.want {
			t.Errorf("%q, %q: %v", tt.a, tt.b, got)
		}
	}
}
