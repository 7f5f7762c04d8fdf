package source_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/source"
)

func TestParseDump(t *testing.T) {
	t.Parallel()
	const head = "# configuration file "
	for name, test := range map[string]struct {
		text  string
		names []string
		texts []string
	}{
		"two files":                        {head + "/etc/nginx/nginx.conf:\nuser x;\n\n" + head + "/etc/nginx/a.conf:\n}\n\n", []string{"/etc/nginx/nginx.conf", "/etc/nginx/a.conf"}, []string{"user x;\n", "}\n"}},
		"no line end at the end of a file": {head + "/a:\nx;\n" + head + "/b:\ny;\n", []string{"/a", "/b"}, []string{"x;", "y;"}},
		"an empty file":                    {head + "/a:\n\n" + head + "/b:\n\n", []string{"/a", "/b"}, []string{"", ""}},
		"with standard error": {
			"nginx: [warn] x\n2026/01/02 03:04:05 [warn] 1#1: y\nnginx: the configuration file /a syntax is ok\n" + head + "/a:\nx;\n", []string{"/a"}, []string{"x;"},
		},
		"a name that is not clean": {head + "/a/./b//c:\nx;\n", []string{"/a/b/c"}, []string{"x;"}},
		"a terminal's line ends":   {head + "/a:\r\nx;\r\n\n", []string{"/a"}, []string{"x;\r\n"}},
		"a comment like a head":    {head + "/a:\n" + head + "/a:\nx;\n", []string{"/a"}, []string{head + "/a:\nx;"}},
		"a relative name":          {head + "a:\nx;\n", nil, nil},
		"a head further down":      {"user x;\n" + head + "/a:\nx;\n", nil, nil},
		"nothing":                  {"", nil, nil},
		"a failure":                {"nginx: [emerg] x\n", nil, nil},
	} {
		d, ok := source.ParseDump(test.text)
		if ok != (test.names != nil) {
			t.Errorf("%s: ok is %v", name, ok)
		}
		var texts []string
		for _, f := range d.Names {
			text, err := d.ReadFile(f)
			if err != nil {
				t.Error(err)
			}
			texts = append(texts, text)
		}
		if diff := cmp.Diff([][]string{test.names, test.texts}, [][]string{d.Names, texts}); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// What a dump does not hold is not said to be missing, but no pattern matches it.
func TestDumpIsSilent(t *testing.T) {
	t.Parallel()
	d, _ := source.ParseDump("# configuration file /etc/nginx/nginx.conf:\nx;\n")
	_, read := d.ReadFile("/etc/nginx/none")
	_, stat := d.Stat("/srv/none")
	for _, err := range []error{read, stat} {
		if !errors.Is(err, source.ErrNotInDump) || errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	if info, err := d.Stat("/etc/nginx"); err != nil || !info.IsDir() {
		t.Errorf("no folder: %v, %v", info, err)
	}
	if found, err := d.ReadDir("/etc/nginx/conf.d"); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
	if got := source.Glob(d, "/etc/nginx/*.conf", new(100_000)); len(got) != 1 {
		t.Error(got)
	}
}
