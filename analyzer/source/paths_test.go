package source

import "testing"

// TestPaths holds what is made of paths as Windows has them, with forward slashes.
func TestPaths(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]bool{ // on Windows, elsewhere
		"/etc/nginx": {true, true}, "C:/nginx/conf": {true, false}, "c:/": {true, false}, "//host/share": {true, true},
		"C:": {false, false}, "C:nginx": {false, false}, "conf/nginx.conf": {false, false}, "1:/x": {false, false}, "": {false, false}, "CC:/x": {false, false},
	} {
		if got := [2]bool{isAbs(name, true), isAbs(name, false)}; got != want {
			t.Errorf("isAbs(%q) = %v, want %v", name, got, want)
		}
	}
	for _, tt := range []struct {
		name, dir string
		want      bool
	}{
		{"C:/conf/nginx/a.conf", "C:/conf", true},
		{"C:/conf/../secret", "C:/conf", false},
		{"C:/conf.d", "C:/conf", false},
		{"D:/conf/a", "C:/conf", false},
		{"C:/conf", "C:/", true},
		{"C:/conf", ".", false},
		{"conf/a", ".", true},
		{"..", ".", false},
	} {
		if got := isBelow(tt.name, tt.dir, true); got != tt.want {
			t.Errorf("isBelow(%q, %q) = %v", tt.name, tt.dir, got)
		}
	}
	for name, want := range map[string]string{"C:/a b/c": "/C:/a b/c", "/a": "/a"} {
		if got := URIPath(name); got != want {
			t.Errorf("URIPath(%q) = %q", name, got)
		}
	}
}
