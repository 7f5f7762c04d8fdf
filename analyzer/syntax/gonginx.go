package syntax

import (
	"sort"
	"strings"

	"github.com/tufanbarisyildirim/gonginx/config"
)

// Gonginx is the tree in the types of gonginx: plain directives and blocks,
// none of its typed wrappers. Names and parameters are as written, with quotes
// and escapes, as gonginx's own parser keeps them; Line is that of the name.
// A comment belongs to the next directive, or to the directive whose words or
// `;` it follows on the line.
func (t *Tree) Gonginx() *config.Config {
	return &config.Config{FilePath: t.File.Path, Block: t.gonginxBlock(Root, nil)}
}

// GonginxDirective is one directive with its block as Gonginx gives it, without
// a parent: what config.NewUpstream and config.NewUpstreamServer take.
func (t *Tree) GonginxDirective(d ID) *config.Directive {
	n := &t.nodes[d]
	g := &config.Directive{Line: t.NameSpan(d).Line()}
	if n.nwords > 0 {
		g.Name = t.NameSpan(d).Text()
		for i := range t.NArgs(d) {
			span := t.ArgSpan(d, i)
			g.Parameters = append(g.Parameters, config.Parameter{
				Value: span.Text(), RelativeLineIndex: span.Line() - g.Line,
			})
		}
	}
	t.gonginxComments(d, g)
	if n.open >= 0 {
		g.Block = t.gonginxBlock(d, g)
	}
	return g
}

func (t *Tree) gonginxBlock(d ID, parent *config.Directive) *config.Block {
	b := &config.Block{Directives: []config.IDirective{}}
	if t.IsLua(d) {
		b.IsLuaBlock = true
		b.LiteralCode = strings.TrimSpace(t.BodySpan(d).Text())
	}
	for c := range t.Children(d) {
		child := t.GonginxDirective(c)
		if parent != nil {
			child.SetParent(parent)
		}
		b.Directives = append(b.Directives, child)
	}
	return b
}

// gonginxComments finds the comments of a directive: those since the directive
// before it, those among its words, and one after its `;`.
func (t *Tree) gonginxComments(d ID, g *config.Directive) {
	if d == Root {
		return
	}
	from := int32(0)
	if before := d - 1; before != Root {
		from = t.headEnd(before)
		if c, ok := t.commentAfter(before); ok {
			from = c.end
		}
	}
	start, end := t.start(d), t.headEnd(d)
	for _, c := range t.commentsFrom(from) {
		if c.start >= end {
			break
		}
		text := t.span(c.start, c.end)
		if c.start < start {
			g.Comment = append(g.Comment, text.Text())
			continue
		}
		g.SetInlineComment(config.InlineComment{Value: text.Text(), RelativeLineIndex: text.Line() - g.Line})
	}
	if c, ok := t.commentAfter(d); ok {
		text := t.span(c.start, c.end)
		g.SetInlineComment(config.InlineComment{Value: text.Text(), RelativeLineIndex: text.Line() - g.Line})
	}
}

// headEnd is the offset after the `;` or `{` of a directive.
func (t *Tree) headEnd(d ID) int32 {
	n := &t.nodes[d]
	if n.open >= 0 {
		return n.open + 1
	}
	return n.end
}

// commentAfter is the comment that follows a directive's `;` on its line.
func (t *Tree) commentAfter(d ID) (c extent, ok bool) {
	n := &t.nodes[d]
	if n.open >= 0 || n.flags&nodeClosed == 0 {
		return extent{}, false
	}
	comments := t.commentsFrom(n.end)
	if len(comments) == 0 || strings.Trim(t.File.Text[n.end:comments[0].start], " \t") != "" {
		return extent{}, false
	}
	return comments[0], true
}

// commentsFrom are the comments that start at or after an offset.
func (t *Tree) commentsFrom(offset int32) []extent {
	i := sort.Search(len(t.comments), func(i int) bool { return t.comments[i].start >= offset })
	return t.comments[i:]
}
