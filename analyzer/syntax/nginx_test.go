package syntax

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/source"
)

func TestNginxTokens(t *testing.T) {
	kinds := map[TokenKind]string{
		TokenSpace: "_", TokenComment: "#", TokenWord: "w", TokenQuoted: "q", TokenSemicolon: ";",
		TokenBlockOpen: "{", TokenBlockClose: "}", TokenLua: "L", TokenStray: "!",
	}
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{" a\t'b' ;\n", "_ w:a _ q:'b' _ ; _"},
		{"a{b;}", "w:a { w:b ; }"},
		{"a#b #c\r\nd;", "w:a#b _ #:#c\r _ w:d ;"},
		{`a\;\ b;`, `w:a\;\ b ;`},
		{"a${b}{c;}", "w:a${b} { w:c ; }"},
		{`if ($a = "b") {}`, `w:if _ w:($a _ w:= _ q:"b" w:) _ { }`},
		{"x_by_lua_block { '}' }", "w:x_by_lua_block _ { L: '}'  }"},
		{"x_by_lua_block {}", "w:x_by_lua_block _ { }"},
		{"'x_by_lua_block'{ [[}]] --[[}]]\n}", "q:'x_by_lua_block' { L: [[}]] --[[}]]\n }"},
		{"x_by_lua_block b;", "w:x_by_lua_block _ w:b ;"},
		{"}; { a; }", "! ! _ ! _ w:a ; _ !"},
		{`a "b"c;`, `w:a _ q:"b" w:c ;`},
		{"a \"b;\nc;", "w:a _ q:\"b ; _ w:c ;"},
		{"a", "w:a"},
	} {
		var got []string
		for k := range Tokens(source.NewFile("t.conf", c.text)) {
			s := kinds[k.Kind]
			if text := c.text[k.Start:k.End]; s == "w" || s == "q" || s == "#" || s == "L" {
				s += ":" + text
			}
			got = append(got, s)
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%q:\ngot  %q\nwant %q", c.text, got, c.want)
		}
	}
}

func TestNginxTokensStop(t *testing.T) {
	for k := range Tokens(source.NewFile("t.conf", "a b;")) {
		if k.Start > 0 {
			t.Error("went on")
		}
		break
	}
}

func TestNginxTree(t *testing.T) {
	const text = "# top\nhttp {\n  map $a $b {\n    default \"x y\"; # why\n  }\n  server { listen 80 'q\\'\\t\\.'; }\n  init_by_lua_block { a = {} }\n}\nend\n;"
	tree := Parse(source.NewFile("t.conf", text))
	if len(tree.Errors) > 0 {
		t.Fatal(tree.Errors)
	}
	var got []string
	for i := range tree.Len() {
		d := ID(i)
		got = append(got, fmt.Sprintf("%d in %d: %q %q row=%t lua=%t block=%t closed=%t", d, tree.Parent(d), tree.Name(d), tree.Args(d),
			tree.IsRow(d), tree.IsLua(d), tree.IsBlock(d), tree.Closed(d)))
	}
	want := []string{
		`0 in -1: "" [] row=false lua=false block=true closed=true`,
		`1 in 0: "http" [] row=false lua=false block=true closed=true`,
		`2 in 1: "map" ["$a" "$b"] row=false lua=false block=true closed=true`,
		`3 in 2: "default" ["x y"] row=true lua=false block=false closed=true`,
		`4 in 1: "server" [] row=false lua=false block=true closed=true`,
		`5 in 4: "listen" ["80" "q'\t\\."] row=false lua=false block=false closed=true`,
		`6 in 1: "init_by_lua_block" [] row=false lua=true block=true closed=true`,
		`7 in 0: "end" [] row=false lua=false block=false closed=true`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, c := range []struct {
		span source.Span
		want string
	}{
		{tree.NameSpan(5), "listen"},
		{tree.ArgSpan(5, 1), `'q\'\t\.'`},
		{tree.ArgsSpan(5), `80 'q\'\t\.'`},
		{tree.ArgsSpan(4), "server"},
		{tree.HeadSpan(2), "map $a $b"},
		{tree.Span(3), `default "x y";`},
		{tree.Span(4), `server { listen 80 'q\'\t\.'; }`},
		{tree.BodySpan(6), " a = {} "},
		{tree.BodySpan(Root), text},
		{tree.Span(7), "end\n;"},
		{tree.Comments()[1], "# why"},
		{tree.ArgSpan(5, 2), ""},
		{tree.BodySpan(5), ""},
	} {
		if c.span.Text() != c.want {
			t.Errorf("got %q, want %q", c.span.Text(), c.want)
		}
	}
	if tree.Quoted(5, 0) || !tree.Quoted(5, 1) || tree.Quoted(5, 2) || tree.Arg(5, -1) != "" || tree.Arg(5, 2) != "" {
		t.Error("Quoted or Arg")
	}
	if tree.FirstChild(1) != 2 || tree.NextSibling(2) != 4 || tree.NextSibling(6) != None || tree.FirstChild(6) != None || tree.NextSibling(Root) != None {
		t.Error("FirstChild or NextSibling")
	}
	if tree.At(strings.Index(text, "80")) != 5 || tree.At(0) != Root || tree.Next(0) != 1 || tree.Next(len(text)) != None {
		t.Error("At or Next")
	}
}

func TestOnLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"a b;": false, "a\nb;": true, "a b # why\nc;": true, "a b\n;": false, "a 'b\nc';": false, "a 'b\nc' d;": true, "a\n{}": false, "a b\nc {}": true,
	} {
		if tree := Parse(source.NewFile("t.conf", text)); tree.OnLines(1) != want {
			t.Errorf("%q: not %t", text, want)
		}
	}
}

// The value of a word is part of the file's text unless it has to be unescaped.
func TestNginxValuesAreSubstrings(t *testing.T) {
	tree := Parse(source.NewFile("t.conf", strings.Repeat("a 'b c' d${e} \\.f;\n", 100)))
	if n := testing.AllocsPerRun(10, func() {
		for i := 1; i < tree.Len(); i++ {
			for a := range 3 {
				_ = tree.Arg(ID(i), a)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
