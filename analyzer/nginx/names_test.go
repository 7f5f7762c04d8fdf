package nginx

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"nginx-lint/analyzer/syntax"
)

// sameHash are two names with one hash.
func sameHash() (a, b string) {
	seen := map[syntax.NameHash]string{}
	for i := 0; ; i++ {
		name := "x" + strconv.Itoa(i)
		h := syntax.HashName(name)
		if other, again := seen[h]; again {
			return other, name
		}
		seen[h] = name
	}
}

// TestNames holds that names are told apart where their hashes are not.
func TestNames(t *testing.T) {
	t.Parallel()
	is, other := sameHash()
	c := load4test(t, false, map[string]string{
		"nginx.conf": fmt.Sprintf("events {}\nhttp {\n    include a.conf;\n    server { %s 1; root /a; }\n}\n", is),
		"a.conf":     "gzip on;\n" + is + " 2;\n",
	})
	http, server := blockAt(t, c, "http"), blockAt(t, c, "server")
	for _, b := range []*Block{http, server} {
		if !b.Has(is) || b.Has(other) || len(b.Own(is)) != 1 || len(b.Own(other)) != 0 {
			t.Errorf("%s: %v, %v", b.Context, b.Own(is), b.Own(other))
		}
		if !b.HasAny(NewNameSet("no_such", is)) || b.HasAny(NewNameSet("no_such", other)) {
			t.Errorf("%s: HasAny takes one name for another", b.Context)
		}
		if from, unset := b.From(other); !from.IsZero() || !unset {
			t.Errorf("%s: %v", b.Context, from)
		}
	}
	if from, _ := server.From("gzip"); from.IsZero() || from.Tree().File.Path != "a.conf" {
		t.Error("the inherited directive is not found")
	}
	if got := slices.Collect(server.OwnOf(NewNameSet("root", other).In(c))); len(got) != 1 || got[0].Name() != "root" {
		t.Errorf("OwnOf: %v", got)
	}
	if !NewNameSet("no_such").In(c).Empty() {
		t.Error("the set has a name that stands nowhere")
	}
	var order []string
	for b, r := range c.InOrder(NewNameSet(is, "root", "server")) {
		order = append(order, b.Context.String()+" "+r.Name())
	}
	if want := []string{"http " + is, "http server", "server " + is, "server root"}; !slices.Equal(order, want) {
		t.Errorf("in order: %q, want %q", order, want)
	}
}

// TestMayRepeat holds that no directive that stands twice is missed.
func TestMayRepeat(t *testing.T) {
	t.Parallel()
	a, b := sameHash()
	for text, want := range map[string]bool{
		"root /a; gzip on;":                     false,
		"root /a; gzip on; root /b;":            true,
		"include a.conf; gzip on;":              true,
		"add_header A 1; add_header B 2;":       false, // not of the set
		fmt.Sprintf("%s 1; %s 2;", a, b):        true,  // it may
		a + " 1; root /a;":                      false,
		fmt.Sprintf("%s 1; %[1]s /a; ", a):      true,
		fmt.Sprintf("root /a; %s 1; %s;", b, b): true,
	} {
		c := load4test(t, false, map[string]string{"nginx.conf": "http { server { " + text + " } }", "a.conf": "gzip on;\n"})
		if got := blockAt(t, c, "server").MayRepeat(NewNameSet("root", "gzip", a, b)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
