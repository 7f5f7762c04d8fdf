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
