package render

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/diag"
)

// TestReportsPage: docs/reports.md has each key of the JSON form and each format, and no others.
func TestReportsPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	formats, keys, ok := strings.Cut(string(text), "## JSON")
	if !ok {
		t.Fatal("no section on JSON")
	}
	for name := range Formats {
		if !strings.Contains(formats, "\n| `"+name+"` |") {
			t.Errorf("nothing on --format %s", name)
		}
	}
	want := map[string]bool{}
	var fields func(reflect.Type)
	fields = func(of reflect.Type) {
		switch of.Kind() { //nolint:exhaustive // what has fields
		case reflect.Slice:
			fields(of.Elem())
		case reflect.Struct:
			for f := range of.Fields() {
				if !f.Anonymous {
					name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
					want[name] = true
				}
				fields(f.Type)
			}
		}
	}
	fields(reflect.TypeFor[jsonReport]())
	words := []string{"nginx", "php-fpm", "error", "warning", "info", "safe", "unsafe", "manual"}
	for _, r := range []diag.Reason{
		diag.Variable, diag.Environment, diag.Template, diag.MissingInclude, diag.DNSName, diag.OutsideRoot, diag.UnknownVersion, diag.UnknownDirective, diag.LimitReached,
	} {
		words = append(words, string(r))
	}
	said := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z][a-zA-Z-]*)`").FindAllStringSubmatch(keys, -1) {
		said[m[1]] = true
	}
	for key := range want {
		if !said[key] {
			t.Errorf("nothing on the key %s", key)
		}
	}
	for word := range said {
		if !want[word] && !slices.Contains(words, word) {
			t.Errorf("`%s` is no key", word)
		}
	}
	for _, word := range words {
		if !said[word] {
			t.Errorf("nothing on the value %s", word)
		}
	}
}
