package syntax

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

func FuzzNginx(f *testing.F) {
	for _, c := range nginxEdges {
		f.Add(c.text)
	}
	for _, c := range nginxMistakes {
		f.Add(strings.ReplaceAll(c.text, "§", ""))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := nginxInvariants(text); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func TestNginxInvariants(t *testing.T) {
	for name, text := range nginxTestTrees(t) {
		for _, text := range []string{text, strings.ReplaceAll(text, ";", ""), strings.ReplaceAll(text, "}", ""), strings.ReplaceAll(text, "{", ""), strings.ReplaceAll(text, `"`, "'")} {
			if err := nginxInvariants(text); err != nil {
				t.Errorf("%s: %q: %v", name, text, err)
			}
		}
	}
}

// nginxInvariants checks what holds for any text.
func nginxInvariants(text string) error {
	f := source.NewFile("f.conf", text)
	tree := Parse(f)
	for _, check := range []func(*Tree) error{nginxTokenInvariants, nginxTreeInvariants, nginxSearchInvariants, nginxErrorInvariants, nginxEditInvariants} {
		if err := check(tree); err != nil {
			return err
		}
	}
	tree.Gonginx()
	return nil
}

// The tokens cover every byte, and the tree's words and comments are among them.
func nginxTokenInvariants(tree *Tree) error {
	at := 0
	var words, comments []extent
	for k := range Tokens(tree.File) {
		if k.Start != at || k.End <= at || k.Kind < TokenSpace || k.Kind > TokenStray {
			return fmt.Errorf("token %v at %d", k, at)
		}
		at = k.End
		if k.Kind == TokenWord || k.Kind == TokenQuoted {
			words = append(words, extent{int32(k.Start), int32(k.End)})
		}
		if k.Kind == TokenComment {
			comments = append(comments, extent{int32(k.Start), int32(k.End)})
		}
	}
	if at != len(tree.File.Text) {
		return fmt.Errorf("tokens end at %d", at)
	}
	for i := 0; i < len(words) && i < len(tree.words); i++ {
		if w := tree.words[i]; words[i] != (extent{w.start, w.end}) {
			return fmt.Errorf("word %v is token %v", w, words[i])
		}
	}
	if len(words) != len(tree.words) && !nginxLimited(tree) {
		return fmt.Errorf("%d words, %d tokens", len(tree.words), len(words))
	}
	if len(comments) != len(tree.Comments()) {
		return fmt.Errorf("%d comments, %d tokens", len(tree.Comments()), len(comments))
	}
	for i, c := range tree.Comments() {
		if c.Start != int(comments[i].start) || !strings.HasPrefix(c.Text(), "#") || strings.ContainsAny(c.Text(), "\n") {
			return fmt.Errorf("comment %q", c.Text())
		}
	}
	return nil
}

func nginxLimited(tree *Tree) bool {
	for _, e := range tree.Errors {
		if e.Limit {
			return true
		}
	}
	return false
}

// Parents come before children and hold them; siblings follow each other.
func nginxTreeInvariants(tree *Tree) error {
	words := 0
	for i := range tree.Len() {
		d := ID(i)
		span, body := tree.Span(d), tree.BodySpan(d)
		if d == Root {
			if tree.Parent(d) != None || body.Text() != tree.File.Text || tree.Name(d) != "" {
				return errors.New("bad root")
			}
		} else {
			words += 1 + tree.NArgs(d)
			parent := tree.Parent(d)
			outer := tree.BodySpan(parent)
			if parent < 0 || parent >= d || span.Start < outer.Start || span.End > outer.End {
				return fmt.Errorf("%d: %v in %d: %v", d, span, parent, outer)
			}
		}
		for _, inner := range []source.Span{tree.NameSpan(d), tree.ArgsSpan(d), tree.HeadSpan(d), body} {
			if !inner.IsZero() && (inner.Start < span.Start || inner.End > span.End || inner.End < inner.Start) {
				return fmt.Errorf("%d: %v outside %v", d, inner, span)
			}
		}
		if end := tree.File.Text[max(span.End-1, 0):span.End]; d != Root && tree.Closed(d) && end != ";" && end != "}" {
			return fmt.Errorf("%d ends in %q", d, end)
		}
		for a, arg := range tree.Args(d) {
			if written := tree.ArgSpan(d, a).Text(); !strings.Contains(written, `\`) && !strings.Contains(written, arg) {
				return fmt.Errorf("%q is %q", written, arg)
			}
		}
		last := body.Start
		for c := range tree.Children(d) {
			if tree.Parent(c) != d || tree.Span(c).Start < last || tree.IsLua(d) {
				return fmt.Errorf("child %d of %d", c, d)
			}
			last = tree.Span(c).End
		}
	}
	if words != len(tree.words) {
		return fmt.Errorf("%d words in directives, %d in all", words, len(tree.words))
	}
	return nil
}

// At and Next agree with a search through all directives.
func nginxSearchInvariants(tree *Tree) error {
	text := tree.File.Text
	for offset := -1; offset <= len(text)+1; offset += 1 + len(text)/64 {
		at, next := Root, None
		for i := 1; i < tree.Len(); i++ {
			span := tree.Span(ID(i))
			if span.Start <= offset && offset < span.End {
				at = ID(i)
			}
			if next == None && span.Start >= offset {
				next = ID(i)
			}
		}
		if got := tree.At(offset); got != at {
			return fmt.Errorf("At(%d) = %d, want %d", offset, got, at)
		}
		if got := tree.Next(offset); got != next {
			return fmt.Errorf("Next(%d) = %d, want %d", offset, got, next)
		}
	}
	return nil
}

func nginxErrorInvariants(tree *Tree) error {
	first := true
	for _, e := range tree.Errors {
		for _, s := range []source.Span{e.At, e.GaveUp} {
			if s.File != tree.File || s.Start < 0 || s.End < s.Start || s.End > len(tree.File.Text) {
				return fmt.Errorf("span %v in %v", s, e)
			}
		}
		if e.Summary == "" || e.Limit == (e.Message != "") || !e.Limit && e.First != first {
			return fmt.Errorf("error %+v", e)
		}
		first = first && e.Limit
		if e.FixTitle != "" {
			if fixed := nginxApply(diag.Edit{Span: e.FixAt, NewText: e.FixText}); fixed == tree.File.Text {
				return fmt.Errorf("idle fix in %+v", e)
			}
		}
	}
	return nil
}

// An edit of a text without errors gives a text without errors that says what was asked for.
func nginxEditInvariants(tree *Tree) error {
	// A word that just fits nginx's buffer may not once the file goes on.
	if len(tree.Errors) > 0 || len(tree.File.Text) > bufferSize-100 {
		return nil
	}
	for i := 1; i < min(tree.Len(), 40); i++ {
		d := ID(i)
		for a := range tree.NArgs(d) + 1 {
			value := []string{"", "x$", `a"b'c`, `{\`, "\t;", `\n\.\`, "#", "}", "${v}", `\${v`, ")", ") x"}[(i+a)%12]
			if a == tree.NArgs(d) && tree.Name(d) == "" {
				continue
			}
			edit := tree.SetArg(d, a, value)
			again := Parse(source.NewFile("f", nginxApply(edit)))
			if len(again.Errors) > 0 || again.Len() != tree.Len() || again.Arg(d, a) != value || again.NArgs(d) != max(tree.NArgs(d), a+1) {
				return fmt.Errorf("SetArg(%d, %d, %q): %+v", d, a, value, edit)
			}
		}
		edit := tree.Delete(d)
		again := Parse(source.NewFile("f", nginxApply(edit)))
		if want := tree.Len() - int(tree.nodes[d].after-d); len(again.Errors) > 0 || again.Len() != want {
			return fmt.Errorf("Delete(%d): %+v", d, edit)
		}
		parent := tree.Parent(d)
		for _, after := range []ID{None, d} {
			edit := tree.InsertInto(parent, after, "new line;")
			again := Parse(source.NewFile("f", nginxApply(edit)))
			at := parent + 1
			if after == d {
				at = tree.nodes[d].after
			}
			if len(again.Errors) > 0 || again.Len() != tree.Len()+1 || again.Name(at) != "new" || again.Parent(at) != parent {
				return fmt.Errorf("InsertInto(%d, %d): %+v", parent, after, edit)
			}
		}
	}
	return nil
}
