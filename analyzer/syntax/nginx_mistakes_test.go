package syntax

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/source"
)

// nginxMistakes are broken texts. § marks where each error is, in order of
// the file; tree is what is read all the same, fixed what the fixes make of it
// ("none": no fix is offered; empty: not looked at).
var nginxMistakes = []struct {
	name, text string
	want       []string // summaries
	tree       string
	fixed      string
}{
	{
		name:  "missing semicolons in two servers",
		text:  "server {\n\tlisten 80§\n}\nserver {\n\tlocation / { root /x§ }\n\tlisten 81;\n}\n",
		want:  []string{`missing ";"`, `missing ";"`},
		tree:  "server(listen) server(location(root) listen)",
		fixed: "server {\n\tlisten 80;\n}\nserver {\n\tlocation / { root /x; }\n\tlisten 81;\n}\n",
	},
	{
		name:  "missing semicolon before a comment",
		text:  "events {\n  worker_connections 5§ # few\n}\n",
		want:  []string{`missing ";"`},
		tree:  "events(worker_connections)",
		fixed: "events {\n  worker_connections 5; # few\n}\n",
	},
	{
		name:  "missing semicolon after a quote",
		text:  "server { return 200 \"ok\"§}\n",
		want:  []string{`missing ";"`},
		tree:  "server(return)",
		fixed: "server { return 200 \"ok\";}\n",
	},
	{
		name:  "words on several lines: which semicolon is missing is not known",
		text:  "server {\n  root /x\n  index y§\n}\n",
		want:  []string{`missing ";"`},
		tree:  "server(root)",
		fixed: "none",
	},
	{
		name:  "a block's brace may be missing instead",
		text:  "server {\n  location /§\n}\n",
		want:  []string{`missing ";"`},
		tree:  "server(location)",
		fixed: "none",
	},
	{
		name:  "words at the end",
		text:  "server {\n  listen 80;\n}\nuser www-data§\n",
		want:  []string{"file ends inside a directive"},
		tree:  "server(listen) user",
		fixed: "none",
	},
	{
		name: "unclosed quote met by the next quote",
		text: "server {\n  add_header A §\"x;\n  add_header B \"y\";\n  root /r;\n}\nserver { listen 81§ }\n",
		want: []string{"unclosed quote", `missing ";"`},
		tree: "server(add_header add_header root) server(listen)",
	},
	{
		name: "unclosed quote to the end of the file",
		text: "server {\n  set $a §'x; # why\n  root /r;\n}\nserver {\n  listen 81;\n}\n",
		want: []string{"unclosed quote"},
		tree: "server(set root) server(listen)",
	},
	{
		name: "unclosed quote before a brace",
		text: "server {\n  if ($host = §\"x) {\n    return 404;\n  }\n  return 200 \"ok\";\n}\n",
		want: []string{"unclosed quote"},
		tree: "server(if(return) return)",
	},
	{
		name: "unclosed quote whose line goes on below",
		text: "log_format main §'$remote_addr\n                '$status';\nserver { listen 80; }\n",
		want: []string{"unclosed quote"},
		tree: "log_format server(listen)",
	},
	{
		name: "unclosed quote that swallows a directive, met by a close",
		text: "server {\n  set $a §\"x;\n  set $b \" y\"\n}\nserver { }\n",
		want: []string{"unclosed quote"},
		tree: "server(set set) server()",
	},
	{
		name: "unclosed quote that fills nginx's buffer",
		text: "server {\n  set $a §\"x;\n" + strings.Repeat("  root /r;\n", 500) + "}\nserver { }\n",
		want: []string{"unclosed quote"},
		tree: "server(set" + strings.Repeat(" root", 500) + ") server()",
	},
	{
		name: "a quote that is closed, but too long",
		text: "server {\n  set $a §\"" + strings.Repeat("x;\n", 1500) + "\";\n  root /r;\n}\n",
		want: []string{"parameter is too long"},
		tree: "server(set root)",
	},
	{
		name: "apostrophe in single quotes",
		text: "server {\n  return 200 'it'§s ok';\n  root \"/r\";\n}\nserver { listen 81§ }\n",
		want: []string{"text directly after a closing quote", `missing ";"`},
		tree: "server(return root) server(listen)",
	},
	{
		name: "many quotes in quotes are one mistake",
		text: "server {\n  return 200 \"<a href=\"§/x\">y</a><b id=\"z\">\";\n  root /r;\n}\n",
		want: []string{"text directly after a closing quote"},
		tree: "server(return root)",
	},
	{
		name: "location never closed",
		text: "server {\n    §location / {\n        root /x;\n\n    location /b {\n        root /y;\n    }\n}\nserver {\n    listen 81;\n}\n",
		want: []string{"block is never closed"},
		tree: "server(location(root) location(root)) server(listen)",
	},
	{
		name: "server never closed, told by the next one",
		text: "http {\n\t§server {\n\t\tlisten 80;\n\t\tlocation / {\n\t\t}\n\n\tserver {\n\t\tlisten 81;\n\t}\n}\n",
		want: []string{"block is never closed"},
		tree: "http(server(listen location()) server(listen))",
	},
	{
		name: "server never closed at top level",
		text: "§server {\n  listen 80;\n\nserver {\n  listen 81;\n}\n",
		want: []string{"block is never closed"},
		tree: "server(listen) server(listen)",
	},
	{
		name: "location and server never closed",
		text: "http {\n    server {\n        §location / {\n            root /x;\n    server {\n        listen 81;\n    }\n}\n",
		want: []string{"block is never closed"},
		tree: "http(server(location(root)) server(listen))",
	},
	{
		name: "nothing is indented: the last that is open",
		text: "§http {\nserver {\nlisten 80;\n}\nserver {\nlisten 81;\n}\n",
		want: []string{"block is never closed"},
		tree: "http(server(listen) server(listen))",
	},
	{
		name: "the file is cut off",
		text: "http {\n  server {\n    §location / {\n      root /x;\n",
		want: []string{"block is never closed"},
		tree: "http(server(location(root)))",
	},
	{
		name: "repetition in an unquoted regular expression",
		text: "server {\n    location ~ ^/[a-z]§{2}/ {\n        return 204;\n    }\n}\nserver {\n    listen 81;\n}\n",
		want: []string{`"{" in an unquoted regular expression opens a block`},
		tree: "server(location(2}/(return))) server(listen)",
	},
	{
		name:  "brace repeated",
		text:  "server {\n  listen 80;\n}\n§}\nserver {\n  listen 81;\n}\n§",
		want:  []string{`superfluous "}"`},
		tree:  "server(listen) server(listen)",
		fixed: "server {\n  listen 80;\n}\nserver {\n  listen 81;\n}\n",
	},
	{
		name:  "brace too many inside, told by its column",
		text:  "http {\n    server {\n        location / {\n        }\n        §}\n        listen 80;\n    }\n    server {\n        listen 81;\n    }\n}\n",
		want:  []string{`superfluous "}"`},
		tree:  "http(server(location() listen) server(listen))",
		fixed: "none",
	},
	{
		name:  "missing opening brace",
		text:  "§server\n  listen 80;\n}\nserver {\n  listen 81;\n}\n",
		want:  []string{`missing "{"`},
		tree:  "server server(listen)",
		fixed: "server {\n  listen 80;\n}\nserver {\n  listen 81;\n}\n",
	},
	{
		name:  "missing opening brace before a block",
		text:  "§server\n  location /a {\n  }\n}\nserver {\n  listen 81;\n}\n",
		want:  []string{`missing "{"`},
		tree:  "server() server(listen)",
		fixed: "server {\n  location /a {\n  }\n}\nserver {\n  listen 81;\n}\n",
	},
	{
		name:  "missing opening brace on one line",
		text:  "server {\n  §location /a return 204; }\n}\n",
		want:  []string{`missing "{"`},
		tree:  "server(location)",
		fixed: "none",
	},
	{
		name:  "missing opening brace of a server on one line",
		text:  "http {\n  §server listen 80; return 204; }\n  upstream u { server include; }\n}\n",
		want:  []string{`missing "{"`},
		tree:  "http(server return) upstream(server)",
		fixed: "none",
	},
	{
		name:  "missing opening brace before a block on one line",
		text:  "http {\n  §server location / { } }\n}\n",
		want:  []string{`missing "{"`},
		tree:  "http(server())",
		fixed: "none",
	},
	{
		name:  "brace too many in a server on one line",
		text:  "server { location / { } §} location /a { } }\nserver { listen 81; }\n",
		want:  []string{`superfluous "}"`},
		tree:  "server(location() location()) server(listen)",
		fixed: "none",
	},
	{
		name:  "missing opening brace of an empty block",
		text:  "server {\n  §location = /a\n  }\n  listen 81;\n}\n",
		want:  []string{`missing "{"`},
		tree:  "server(location listen)",
		fixed: "server {\n  location = /a {\n  }\n  listen 81;\n}\n",
	},
	{
		name:  "block on one line not closed",
		text:  "server {\n  §location /a { internal; alias /x;\n  location /b { root /y; }\n  listen 81;\n}\n",
		want:  []string{"block is never closed"},
		tree:  "server(location(internal alias) location(root) listen)",
		fixed: "none",
	},
	{
		name:  "another word in place of the opening brace",
		text:  "§server /hidden\n  listen 80;\n}\n",
		want:  []string{`missing "{"`},
		tree:  "server",
		fixed: "none",
	},
	{
		name:  "servers of an upstream need no brace",
		text:  "upstream u {\n  server\n    127.0.0.1;\n}\n§}\n",
		want:  []string{`superfluous "}"`},
		tree:  "upstream(server)",
		fixed: "upstream u {\n  server\n    127.0.0.1;\n}\n",
	},
	{
		name:  "semicolon after a block",
		text:  "server {\n  listen 80;\n}§;\nserver { listen 81;§; }\n",
		want:  []string{`";" without a directive`, `";" without a directive`},
		tree:  "server(listen) server(listen)",
		fixed: "server {\n  listen 80;\n}\nserver { listen 81; }\n",
	},
	{
		name: "brace after a semicolon",
		text: "server {\n  location /; §{\n    root /x;\n  }\n  listen 80;\n}\n",
		want: []string{`"{" without a directive`},
		tree: "server(location root listen)",
	},
	{
		name: "map never closed",
		text: "http {\n  §map $a $b {\n    default 0;\n\n  server {\n    listen 80;\n  }\n}\n",
		want: []string{"block is never closed"},
		tree: "http(map(default) server(listen))",
	},
	{
		name: "repetition in an unquoted map entry",
		text: "http {\n  map $a $b {\n    ~^[a-z]§{2}$ 1;\n    x 2;\n  }\n  server { listen 80; }\n}\n",
		want: []string{`"{" in a map block`},
		tree: "http(map(~^[a-z] x) server(listen))",
	},
	{
		name: "block in a map",
		text: "map $a $b {\n  x §{\n    y 1;\n  }\n}\nserver { listen 80; }\n",
		want: []string{`"{" in a map block`},
		tree: "map(x(y)) server(listen)",
	},
	{
		name: "Lua bracket never closed",
		text: "server {\n  content_by_lua_block {\n    x = §[==[ } ]]\n  }\n  listen 80;\n}\nserver { listen 81; }\n",
		want: []string{"unclosed long bracket"},
		tree: "server(content_by_lua_block() listen) server(listen)",
	},
	{
		name: "Lua table never closed",
		text: "server {\n  content_by_lua_block §{\n    x = { {\n  }\n}\n",
		want: []string{"Lua block is never closed"},
		tree: "server(content_by_lua_block())",
	},
	{
		name: "comment too long",
		text: "server {\n  §#" + strings.Repeat("c", 5000) + "\n  listen 80§\n}\n",
		want: []string{"comment is too long", `missing ";"`},
		tree: "server(listen)",
	},
}

func TestNginxMistakes(t *testing.T) {
	for _, c := range nginxMistakes {
		t.Run(c.name, func(t *testing.T) {
			parts := strings.Split(c.text, "§")
			text := strings.Join(parts, "")
			var want []string
			at := 0
			for i, summary := range c.want {
				at += len(parts[i])
				want = append(want, fmt.Sprintf("%d: %s", at, summary))
			}
			tree := Parse(source.NewFile("t.conf", text))
			var got []string
			fixed := text
			for _, e := range slices.Backward(tree.Errors) {
				got = append([]string{fmt.Sprintf("%d: %s", e.At.Start, e.Summary)}, got...)
				if e.FixTitle != "" {
					fixed = fixed[:e.FixAt.Start] + e.FixText + fixed[e.FixAt.End:]
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if got := nginxOutline(tree, Root); got != c.tree {
				t.Errorf("got  %s\nwant %s", got, c.tree)
			}
			switch {
			case c.fixed == "none" && fixed != text, c.fixed != "" && c.fixed != "none" && fixed != c.fixed:
				t.Errorf("fixed: %q", fixed)
			}
		})
	}
}

// nginxOutline writes the names in a block, with what stands in theirs.
func nginxOutline(tree *Tree, d ID) string {
	var names []string
	for c := range tree.Children(d) {
		name := tree.Name(c)
		if tree.IsBlock(c) {
			name += "(" + nginxOutline(tree, c) + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestNginxDepthLimit(t *testing.T) {
	nested := func(n int) *Tree {
		text := strings.Repeat("a {\n", n) + "b;\n" + strings.Repeat("}\n", n) + "c;\n"
		return Parse(source.NewFile("t.conf", text))
	}
	if tree := nested(MaxDepth); len(tree.Errors) > 0 || tree.Len() != MaxDepth+3 {
		t.Errorf("%d directives, %v", tree.Len(), tree.Errors)
	}
	tree := nested(100 * MaxDepth)
	if len(tree.Errors) != 1 || !tree.Errors[0].Limit || tree.Errors[0].First || tree.Errors[0].Message != "" {
		t.Fatalf("errors: %+v", tree.Errors)
	}
	if at := tree.Errors[0].At; at.Line() != MaxDepth+1 || at.Text() != "a {" {
		t.Errorf("at line %d: %q", at.Line(), at.Text())
	}
	if tree.Len() != MaxDepth+3 || tree.Name(ID(MaxDepth+2)) != "c" || !tree.Closed(1) {
		t.Errorf("%d directives", tree.Len())
	}
}

// No text takes more than linear time: half a megabyte takes milliseconds, quadratic time would take minutes.
func TestNginxTimeIsBounded(t *testing.T) {
	for _, unit := range []string{
		";", "{", "}", "a{", "a}", `"`, "'", `"a"b `, "\"a\nb\" ", "'\n\"\n", `\"`, "a {\n", "a\n", "#", "# \n", "{2}", "a{2} ",
		"map {a{", "map {\nserver {\n", "map a {\n a {2}", "x_by_lua_block {", "x_by_lua_block {\n[[", "x_by_lua_block {\n'\\'", "x_by_lua_block{--[[\n}",
		"a \"b;\n c \" d\" ", "a \"b;\n c \" d\"\n}", "  a {\n", "\t}\n", "a {\n b {\n", " a {\n b;\n", "\"\n'\n\\'\\\"",
	} {
		for _, head := range []string{"", "map {\n", "a {\n  b {\n    c;\n", `"`, "'"} {
			text := head + strings.Repeat(unit, 1<<19/len(unit))
			start := time.Now()
			tree := Parse(source.NewFile("t.conf", text))
			if took := time.Since(start); took > 30*time.Second { // the machine may be busy
				t.Errorf("%q %q took %v", head, unit, took)
			}
			if len(tree.Errors) > maxErrors+1 {
				t.Errorf("%q %q: %d errors", head, unit, len(tree.Errors))
			}
		}
	}
}
