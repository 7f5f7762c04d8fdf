package diag_test

import (
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// passes finds each fastcgi_pass of a file, in the server that it stands in.
func passes(path, text string) []diag.Finding {
	f := source.NewFile(path, text)
	var found []diag.Finding
	for at := 0; ; {
		i := strings.Index(text[at:], "fastcgi_pass")
		if i < 0 {
			return found
		}
		start := at + i
		end := start + strings.IndexByte(text[start:], ';')
		head := strings.LastIndex(text[:start], "server")
		found = append(found, diag.Finding{
			Rule:    "target-no-listener",
			Subject: diag.Label{Span: source.Span{File: f, Start: start, End: end}},
			Context: source.Span{File: f, Start: head, End: head + strings.IndexByte(text[head:], '{')},
		})
		at = end
	}
}

func TestFingerprints(t *testing.T) {
	t.Parallel()
	const a, b = "server a { fastcgi_pass x; }\n", "server b { fastcgi_pass x; fastcgi_pass x; }\n"
	prints := func(path, text string) []string { return diag.Fingerprints(passes(path, text)) }
	base := prints("etc/shop.conf", a+b)

	for name, got := range map[string][]string{
		"lines shifted":  prints("etc/shop.conf", "# new\n\n"+a+b),
		"folder renamed": prints("srv/web1/etc/shop.conf", a+b),
		"blanks changed": prints("etc/shop.conf", strings.ReplaceAll(a+b, "fastcgi_pass x", "fastcgi_pass \n\t x")),
	} {
		if !slices.Equal(got, base) {
			t.Errorf("%s: %v, want %v", name, got, base)
		}
	}
	moved := prints("etc/shop.conf", b+a)
	if want := []string{base[1], base[2], base[0]}; !slices.Equal(moved, want) {
		t.Errorf("blocks moved: %v, want %v", moved, want)
	}
	for name, got := range map[string][]string{
		"file renamed":    prints("etc/other.conf", a),
		"subject changed": prints("etc/shop.conf", strings.Replace(a, "pass x", "pass y", 1)),
		"context changed": prints("etc/shop.conf", strings.Replace(a, "server a", "server c", 1)),
	} {
		if got[0] == base[0] {
			t.Errorf("%s: still %s", name, got[0])
		}
	}
	slices.Sort(base)
	if len(slices.Compact(base)) != 3 || len(base[0]) != 16 {
		t.Errorf("not three distinct names of 16 digits: %v", base)
	}
}
