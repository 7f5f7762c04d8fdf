package syntax

import (
	"testing"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// nginxFind is the first directive of a name.
func nginxFind(t *testing.T, tree *Tree, name string) ID {
	t.Helper()
	if name == "" {
		return Root
	}
	for i := 1; i < tree.Len(); i++ {
		if tree.Name(ID(i)) == name {
			return ID(i)
		}
	}
	t.Fatalf("no %s in %q", name, tree.File.Text)
	return None
}

func TestNginxSetArg(t *testing.T) {
	for _, c := range []struct {
		text  string
		i     int
		value string
		want  string
	}{
		{"a  60s ;", 0, "91s", "a  91s ;"},
		{"a x \"60s\";", 1, "91s", "a x \"91s\";"},
		{"a 'x';", 0, "it's", `a 'it\'s';`},
		{"a x;", 0, "", `a "";`},
		{"a x;", 0, "b c", `a "b c";`},
		{"a x;", 0, `say "hi"; ok`, `a 'say "hi"; ok';`},
		{"a x;", 0, `"it's"`, `a "\"it's\"";`},
		{"a x;", 0, "#c", `a "#c";`},
		{"a x;", 0, "b#c", "a b#c;"},
		{"a x;", 0, "${b}c", "a ${b}c;"},
		{"a x;", 0, "^/b{2}$", `a "^/b{2}$";`},
		{"a x;", 0, `\.php$`, `a \.php$;`},
		{"a x;", 0, `C:\new`, `a C:\\new;`},
		{"a x;", 0, `end\`, `a end\\;`},
		{"a ~ x{ }", 1, `\.php$`, `a ~ "\.php$"{ }`},
		{"a x y;", 2, "z", "a x y z;"},
		{"a\r\n\tx # why\r\n;", 0, "y", "a\r\n\ty # why\r\n;"},
		{`a "x")y;`, 1, "z", `a "x" z;`},
		{`a "x")y;`, 1, ")z", `a "x")z;`},
	} {
		tree := Parse(source.NewFile("t.conf", c.text))
		edit := tree.SetArg(nginxFind(t, tree, "a"), c.i, c.value)
		got := nginxApply(edit)
		if got != c.want {
			t.Errorf("%q: %d, %q: got %q, want %q", c.text, c.i, c.value, got, c.want)
		}
		tree = Parse(source.NewFile("t.conf", got))
		if value := tree.Arg(1, c.i); value != c.value || len(tree.Errors) > 0 {
			t.Errorf("%q is read as %q", got, value)
		}
	}
}

func TestNginxDelete(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"x;\nd 1;\ny;\n", "x;\ny;\n"},
		{"x;\n\td 1; # why\n\ty;\n", "x;\n\ty;\n"},
		{"x;\r\n  d 1;\r\n  y;\r\n", "x;\r\n  y;\r\n"},
		{"# about d\nd\n  1\n  2;\n# about y\ny;\n", "# about d\n# about y\ny;\n"},
		{"x { d; y; }\n", "x { y; }\n"},
		{"x { y; d; }\n", "x { y; }\n"},
		{"x { d; }\n", "x { }\n"},
		{"x {d;}\n", "x {}\n"},
		{"x; d;\n", "x;\n"},
		{"x; d; # c\n", "x; # c\n"},
		{"x;\nd { y;\n}\nz;\n", "x;\nz;\n"},
		{"x;\nd;", "x;\n"},
		{"d;", ""},
		{"d\n1; y;\n", "y;\n"},
	} {
		tree := Parse(source.NewFile("t.conf", c.text))
		if got := nginxApply(tree.Delete(nginxFind(t, tree, "d"))); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestNginxInsertInto(t *testing.T) {
	for _, c := range []struct{ text, block, after, want string }{
		{"b {\n  x;\n  y;\n}\n", "b", "", "b {\n  n 1;\n  x;\n  y;\n}\n"},
		{"b {\n  x;\n  y;\n}\n", "b", "x", "b {\n  x;\n  n 1;\n  y;\n}\n"},
		{"b {\n  x; # c\n}\n", "b", "x", "b {\n  x; # c\n  n 1;\n}\n"},
		{"b { # c\n\tx;\n}\n", "b", "", "b { # c\n\tn 1;\n\tx;\n}\n"},
		{"b {\r\n\tx;\r\n}\r\n", "b", "", "b {\r\n\tn 1;\r\n\tx;\r\n}\r\n"},
		{"b {\r\n\tx;\r\n}\r\n", "b", "x", "b {\r\n\tx;\r\n\tn 1;\r\n}\r\n"},
		{"b\n{\n    x;\n}\n", "b", "", "b\n{\n    n 1;\n    x;\n}\n"},
		{"b { x; y; }\n", "b", "", "b { n 1; x; y; }\n"},
		{"b { x; y; }\n", "b", "x", "b { x; n 1; y; }\n"},
		{"b { x; y; }\n", "b", "y", "b { x; y; n 1; }\n"},
		{"b{x;}\n", "b", "", "b{ n 1; x;}\n"},
		{"b {}\n", "b", "", "b { n 1; }\n"},
		{"b { }\n", "b", "", "b { n 1; }\n"},
		{"b {\n}\n", "b", "", "b {\n    n 1;\n}\n"},
		{"a {\n\tb {\n\t}\n}\n", "b", "", "a {\n\tb {\n\t\tn 1;\n\t}\n}\n"},
		{"a {\n  c {\n    x;\n  }\n  b {\n  }\n}\n", "b", "", "a {\n  c {\n    x;\n  }\n  b {\n    n 1;\n  }\n}\n"},
		{"b {\n  c {\n    x;\n  }\n}\n", "b", "c", "b {\n  c {\n    x;\n  }\n  n 1;\n}\n"},
		{"x;\n", "", "", "n 1;\nx;\n"},
		{"", "", "", "n 1;\n"},
		{"x;", "", "x", "x;\nn 1;"},
	} {
		tree := Parse(source.NewFile("t.conf", c.text))
		after := None
		if c.after != "" {
			after = nginxFind(t, tree, c.after)
		}
		if got := nginxApply(tree.InsertInto(nginxFind(t, tree, c.block), after, "n 1;")); got != c.want {
			t.Errorf("%q: into %q after %q: got %q, want %q", c.text, c.block, c.after, got, c.want)
		}
	}
}

// nginxApply is the text of an edit's file after it.
func nginxApply(e diag.Edit) string {
	text := e.Span.File.Text
	return text[:e.Span.Start] + e.NewText + text[e.Span.End:]
}
