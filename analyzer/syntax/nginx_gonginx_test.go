package syntax

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tufanbarisyildirim/gonginx/config"
	gonginx "github.com/tufanbarisyildirim/gonginx/parser"

	"nginx-lint/analyzer/source"
)

// nginxTestTrees are the files that gonginx's parser and the view are compared on.
func nginxTestTrees(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../../testdata/syntax/nginx/*.conf")
	if err != nil || len(names) < 12 {
		t.Fatalf("%d test trees, %v", len(names), err)
	}
	trees := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		trees[filepath.Base(name)] = string(text)
	}
	return trees
}

// nginxPlainGonginx parses with gonginx, without its typed wrappers: they list
// the servers of http{} and upstream{} last.
func nginxPlainGonginx(t *testing.T, text string) (*config.Config, error) {
	t.Helper()
	blocks, directives, includes := maps.Clone(config.BlockWrappers), maps.Clone(config.DirectiveWrappers), maps.Clone(config.IncludeWrappers)
	defer func() {
		maps.Copy(config.BlockWrappers, blocks)
		maps.Copy(config.DirectiveWrappers, directives)
		maps.Copy(config.IncludeWrappers, includes)
	}()
	clear(config.BlockWrappers)
	clear(config.DirectiveWrappers)
	clear(config.IncludeWrappers)
	config.BlockWrappers["_by_lua_block"] = func(d *config.Directive) (config.IDirective, error) { return d, nil }
	return gonginx.NewStringParser(text, gonginx.WithSkipValidDirectivesErr()).Parse()
}

// nginxDump writes what both keep: one line for each directive, with its words,
// the lines these are on, its comments, its parent and its Lua source.
func nginxDump(b config.IBlock, depth int, out *strings.Builder) {
	if code := b.GetCodeBlock(); code != "" {
		fmt.Fprintf(out, "%*sLUA %q\n", depth*2, "", code)
	}
	for _, d := range b.GetDirectives() {
		fmt.Fprintf(out, "%*s%q", depth*2, "", d.GetName())
		for _, p := range d.GetParameters() {
			fmt.Fprintf(out, " %q+%d", p.Value, p.RelativeLineIndex)
		}
		for _, c := range d.GetComment() {
			fmt.Fprintf(out, " ABOVE %q", c)
		}
		for _, c := range d.GetInlineComment() {
			fmt.Fprintf(out, " BESIDE %q+%d", c.Value, c.RelativeLineIndex)
		}
		if d.GetParent() != nil {
			fmt.Fprintf(out, " IN %q", d.GetParent().GetName())
		}
		out.WriteString("\n")
		if d.GetBlock() != nil {
			nginxDump(d.GetBlock(), depth+1, out)
		}
	}
}

func nginxDumped(c *config.Config) string {
	var out strings.Builder
	nginxDump(c.Block, 0, &out)
	return out.String()
}

func TestNginxGonginxAgrees(t *testing.T) {
	for name, text := range nginxTestTrees(t) {
		want, err := nginxPlainGonginx(t, text)
		if err != nil {
			t.Errorf("%s: gonginx: %v", name, err)
			continue
		}
		got := Parse(source.NewFile(name, text)).Gonginx()
		if diff := cmp.Diff(nginxDumped(want), nginxDumped(got)); diff != "" {
			t.Errorf("%s (-gonginx +view):\n%s", name, diff)
		}
	}
}

// Where gonginx reads something else than nginx does, the view is right. Each
// text is here with what gonginx's parser makes of it.
func TestNginxGonginxDeviations(t *testing.T) {
	for _, c := range []struct{ why, text, gonginx, view string }{
		{
			why:     "an escaped semicolon is part of the word",
			text:    `a b\;c;`,
			gonginx: "\"a\" \"b\\\\\"+0\n\"c\"\n",
			view:    "\"a\" \"b\\\\;c\"+0\n",
		},
		{
			why:     "a closing brace inside a plain word is part of it",
			text:    "a { b c}d;\n}\n",
			gonginx: "fails",
			view:    "\"a\"\n  \"b\" \"c}d\"+0 IN \"a\"\n",
		},
		{
			why:     "a backtick is an ordinary byte",
			text:    "a `b c`;",
			gonginx: "\"a\" \"`b c`\"+0\n",
			view:    "\"a\" \"`b\"+0 \"c`\"+0\n",
		},
		{
			why:     "what follows a stray brace is read",
			text:    "a; } b;",
			gonginx: "\"a\"\n",
			view:    "\"a\"\n\"b\"\n",
		},
		{
			why:     "NUL is an ordinary byte",
			text:    "a \x00; b;",
			gonginx: "fails",
			view:    "\"a\" \"\\x00\"+0\n\"b\"\n",
		},
		{
			why:     "a brace in a Lua string closes nothing",
			text:    "x_by_lua_block { y = '}' } b;",
			gonginx: "fails",
			view:    "\"x_by_lua_block\"\n  LUA \"y = '}'\"\n\"b\"\n",
		},
		{
			why:     "a broken file has a tree",
			text:    "a { b; } c {",
			gonginx: "fails",
			view:    "\"a\"\n  \"b\" IN \"a\"\n\"c\"\n",
		},
	} {
		want := "fails"
		if g, err := nginxPlainGonginx(t, c.text); err == nil {
			want = nginxDumped(g)
		}
		if want != c.gonginx {
			t.Errorf("%s: gonginx now says\n%q", c.why, want)
		}
		if got := nginxDumped(Parse(source.NewFile("t.conf", c.text)).Gonginx()); got != c.view {
			t.Errorf("%s: the view says\n%q", c.why, got)
		}
	}
}

// Line is that of the name; gonginx's parser has that of the `;` or `}`.
func TestNginxGonginxLine(t *testing.T) {
	const text = "a {\n b\n  c;\n}\n"
	view := Parse(source.NewFile("t.conf", text)).Gonginx().Directives[0]
	if got := []int{view.GetLine(), view.GetBlock().GetDirectives()[0].GetLine()}; !cmp.Equal(got, []int{1, 2}) {
		t.Errorf("the view has lines %v", got)
	}
	parsed, err := nginxPlainGonginx(t, text)
	if err != nil {
		t.Fatal(err)
	}
	a := parsed.Directives[0]
	if got := []int{a.GetLine(), a.GetBlock().GetDirectives()[0].GetLine()}; !cmp.Equal(got, []int{4, 3}) {
		t.Errorf("gonginx now has lines %v", got)
	}
}

// gonginx's typed views take a directive of the tree.
func TestNginxGonginxUpstream(t *testing.T) {
	tree := Parse(source.NewFile("t.conf", "upstream u {\n  ip_hash;\n  server 10.0.0.1:80 weight=5 backup; # first\n  server b;\n}\n"))
	u, err := config.NewUpstream(tree.GonginxDirective(1))
	if err != nil {
		t.Fatal(err)
	}
	if u.UpstreamName != "u" || len(u.UpstreamServers) != 2 || len(u.Directives) != 1 {
		t.Fatalf("%+v", u)
	}
	s := u.UpstreamServers[0]
	if s.Address != "10.0.0.1:80" || s.Parameters["weight"] != "5" || !cmp.Equal(s.Flags, []string{"backup"}) || s.Line != 3 || s.InlineComment[0].Value != "# first" {
		t.Errorf("%+v", s)
	}
}
