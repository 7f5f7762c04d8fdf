// Package release_test checks what a release takes along: the links of the pages, the
// image.
package release_test

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

const top = "../../.."

// A page is what a file in Markdown links to, and what may be linked to in it.
type page struct {
	links   []string
	anchors []string
}

// TestLinks resolves the links of all pages: relative ones to files and headings here,
// others by their form only.
func TestLinks(t *testing.T) {
	t.Parallel()
	root := os.DirFS(top)
	wrong := brokenLinks(t, root)
	if len(wrong) > 0 {
		t.Errorf("%d links lead nowhere:\n%s", len(wrong), strings.Join(wrong, "\n"))
	}
}

// TestBrokenLinks holds the check itself to finding what is wrong.
func TestBrokenLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"README.md": "# Use it, `now`!\n\n## Twice\n\n## Twice\n\n[a](docs/a.md) [b](docs/a.md#the-top) [c](#use-it-now) [d](#twice-1) [e](docs)\n" +
			"[f](docs/gone.md) [g](docs/a.md#gone) [h](#twice-2) [i](../outside.md) [j](https://example.org/x) [k](https://nohost) [l](http:example.org)\n" +
			"`[m](code)` ![n](gone.png) [o][ref] <https://example.org> [p](mailto:a@example.org) [q](/docs/a.md)\n\n```\n[r](code)\n```\n\n[ref]: docs/none.md\n",
		"docs/a.md": "# The *top*\n\n[up](../README.md)\n[s](README.md)\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, path.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"README.md: #twice-2: no such heading", "README.md: ../outside.md: no such file", "README.md: /docs/a.md: not relative",
		"README.md: docs/a.md#gone: no such heading", "README.md: docs/gone.md: no such file", "README.md: docs/none.md: no such file",
		"README.md: gone.png: no such file", "README.md: http:example.org: not https://HOST", "README.md: https://nohost: not https://HOST",
		"README.md: mailto:a@example.org: not https://HOST",
		"docs/a.md: README.md: no such file",
	}
	if diff := cmp.Diff(want, brokenLinks(t, os.DirFS(dir))); diff != "" {
		t.Errorf("-want +found\n%s", diff)
	}
}

// brokenLinks are the links of all pages that lead nowhere, each with its page.
func brokenLinks(t *testing.T, root fs.FS) []string {
	t.Helper()
	pages := map[string]page{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == "bin" || name == "dist" || name == ".git"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(root, name)
		pages[name] = readPage(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := pages["README.md"]; !ok {
		t.Fatal("there is no README")
	}
	var wrong []string
	for name, p := range pages {
		for _, link := range p.links {
			if why := broken(root, pages, name, link); why != "" {
				wrong = append(wrong, name+": "+link+": "+why)
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// broken says what is wrong with a link of a page, if anything.
func broken(root fs.FS, pages map[string]page, from, link string) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme != "" || u.Host != "":
		if (u.Scheme != "https" && u.Scheme != "http") || !strings.Contains(u.Hostname(), ".") {
			return "not https://HOST"
		}
		return ""
	case path.IsAbs(u.Path):
		return "not relative"
	}
	name := from
	if u.Path != "" {
		name = path.Join(path.Dir(from), u.Path)
		if _, err := fs.Stat(root, name); err != nil {
			return "no such file"
		}
	}
	if u.Fragment != "" && !slices.Contains(pages[name].anchors, u.Fragment) {
		return "no such heading"
	}
	return ""
}

func readPage(source []byte) page {
	var p page
	taken := map[string]int{}
	tree := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	// The walk ends early for errors only, of which there are none.
	_ = ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
		case *ast.AutoLink:
			if n.AutoLinkType == ast.AutoLinkURL {
				p.links = append(p.links, string(n.URL(source)))
			}
		case *ast.Heading:
			anchor := anchorOf(plain(n, source))
			if seen := taken[anchor]; seen > 0 {
				p.anchors = append(p.anchors, fmt.Sprintf("%s-%d", anchor, seen))
			} else {
				p.anchors = append(p.anchors, anchor)
			}
			taken[anchor]++
		}
		return ast.WalkContinue, nil
	})
	return p
}

// plain is the text of a node without its marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if text, ok := n.(*ast.Text); ok && entering {
			b.Write(text.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// anchorOf is what GitHub and GitLab make of the text of a heading: letters, digits,
// dashes and underlines in lower case, a dash for each blank.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}
