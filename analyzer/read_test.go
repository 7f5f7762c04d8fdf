package analyzer

import (
	"errors"
	"io/fs"
	"testing"

	"nginx-lint/analyzer/source"
)

// unreadable is a file system in which one file may not be opened.
type unreadable struct {
	source.Mem
	name string
}

func (u unreadable) ReadFile(name string) (string, error) {
	if name == u.name {
		return "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return u.Mem.ReadFile(name)
}

// TestRead holds what callers of the model alone are told of what was not read.
func TestRead(t *testing.T) {
	t.Parallel()
	tree := source.Mem{
		"etc/nginx/nginx.conf": "events {}\nhttp {\n    include sites/*;\n    server {\n        location / { proxy_pass http://127.0.0.1:3000; }\n    }\n}\n",
		"etc/nginx/sites/a":    "proxy_read_timeout 5s;\n",
	}
	for _, tt := range []struct {
		fsys   source.FS
		failed string // the file that is named; "" for none
	}{
		{tree, ""},
		{unreadable{tree, "etc/nginx/sites/a"}, "etc/nginx/sites/a"},
	} {
		scopes, failures, err := Read(Options{FS: tt.fsys, Paths: []string{"etc"}})
		if err != nil || len(scopes) != 1 || len(scopes[0].Hops) != 1 {
			t.Fatalf("%v, scopes %v", err, scopes)
		}
		if v := scopes[0].Hops[0].Target.Block.Value("proxy_read_timeout"); v.Known() != (tt.failed == "") {
			t.Errorf("%q: the timeout is known: %t", tt.failed, v.Known())
		}
		if (len(failures) == 1) != (tt.failed != "") || len(failures) == 1 && (failures[0].Path != tt.failed || !errors.Is(failures[0].Err, fs.ErrPermission)) {
			t.Errorf("failures %v, want %q", failures, tt.failed)
		}
	}
	_, _, err := Read(Options{FS: source.Mem{"README": "text\n"}, Paths: []string{"README"}})
	if _, ok := errors.AsType[*UsageError](err); !ok {
		t.Errorf("nothing to read: %v", err)
	}
}
