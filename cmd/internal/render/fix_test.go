package render_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/cmd/internal/render"
)

// shownFix is what a finding's text has below the title of its only fix.
func shownFix(t *testing.T, subject diag.Label, edits ...diag.Edit) string {
	t.Helper()
	r := &diag.Report{Findings: []diag.Finding{{
		Rule: "r", Severity: diag.Error, Summary: "s", Subject: subject, Fixes: []diag.Fix{{Title: "mend it", Safety: diag.Safe, Edits: edits}},
	}}}
	_, below, ok := strings.Cut(text(t, r, render.TextOptions{Severity: diag.Info, Quiet: true}), "fix (safe): mend it\n")
	if !ok {
		t.Fatal("the fix is not shown")
	}
	return below
}

func TestFixIsShown(t *testing.T) {
	t.Parallel()
	f := source.NewFile("a.conf", "one 1;\ntwo 2; two 3;\r\n\tthree;\nfour;\nfive")
	g := source.NewFile("b\n.conf", "x;\ny;\n")
	insert := func(before, text string) diag.Edit {
		span := at(t, f, before)
		span.End = span.Start
		return diag.Edit{Span: span, NewText: text}
	}
	many := make([]string, 14)
	for i := range many {
		many[i] = fmt.Sprint("line ", i+1)
	}
	for _, test := range []struct {
		name  string
		edits []diag.Edit
		want  string
	}{
		{"none", nil, ""},
		{"a word", []diag.Edit{{Span: at(t, f, "1"), NewText: "9"}}, "1 - one 1;\n1 + one 9;\n"},
		{"two on a line", []diag.Edit{{Span: at(t, f, "3"), NewText: "8"}, {Span: at(t, f, "2"), NewText: "9"}}, "2 - two 2; two 3;\n2 + two 9; two 8;\n"},
		{"an added line", []diag.Edit{insert("\nfour", "\n\tnew;")}, "4 +     new;\n"},
		{"a removed line", []diag.Edit{{Span: at(t, f, "four;\n")}}, "4 - four;\n"},
		{"lines apart", []diag.Edit{insert("one", "zero;\n"), {Span: at(t, f, "four"), NewText: "4"}}, "1 + zero;\n4 - four;\n5 + 4;\n"},
		{"the last line", []diag.Edit{{Span: at(t, f, "five"), NewText: "5\n6\n"}}, "5 - five\n5 + 5\n6 + 6\n"},
		{"another file", []diag.Edit{{Span: at(t, g, "y"), NewText: "z"}}, "  --> b\\n.conf:2\n2 - y;\n2 + z;\n"},
		{"two files", []diag.Edit{{Span: at(t, g, "y"), NewText: "z"}, {Span: at(t, f, "1"), NewText: "9"}}, "1 - one 1;\n1 + one 9;\n  --> b\\n.conf:2\n2 - y;\n2 + z;\n"},
		{"what is not visible", []diag.Edit{{Span: at(t, f, "1"), NewText: "\x1b[2J"}}, "1 - one 1;\n1 + one \\x1b[2J;\n"},
		{"too many", []diag.Edit{insert("one", strings.Join(many, "\n")+"\n")}, " 1 + line 1\n 2 + line 2\n 3 + line 3\n 4 + line 4\n 5 + line 5\n 6 + line 6\n 7 + line 7\n 8 + line 8\n 9 + line 9\n10 + line 10\n   | and 4 lines more\n"},
	} {
		got := shownFix(t, diag.Label{Span: at(t, f, "one")}, test.edits...)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestFixedIsShown(t *testing.T) {
	t.Parallel()
	o := render.TextOptions{Severity: diag.Info, Mended: 4, Fixed: []render.Fixed{
		{"b", "r", "y"}, {"a", "r", "x"}, {"b", "q", "z"}, {"b", "r", "y"},
	}}
	want := "fixed a\n    r: x\nfixed b\n    r: y (2 times)\n    q: z\n\nno problems in 0 files; 4 fixed\n"
	if diff := cmp.Diff(want, text(t, &diag.Report{}, o)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	o.Quiet = true
	if got := text(t, &diag.Report{}, o); got != "" {
		t.Errorf("quiet: %q", got)
	}
}

func TestHarmless(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		" a\tb # caf\u00e9 \u00a0 \xe9": true, " a\r": true, " ## a :: b": true, "+::add-mask::x": true, "--- a/::x": true, "": true,
		" a\rb": false, " \x1b[2J": false, " \x00": false, " \u009b2J": false, " \u202e": false, " \u2066": false, " \x7f": false, " \b": false,
		" ::add-mask::x": false, " \t::error::x": false, "+ ##vso[task.x]y": false, "- ##[group]x": false, "+++ b/##[x]": false,
	} {
		if got := render.Harmless("@@ -1 +1 @@\n" + line + "\n"); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

func TestPatch(t *testing.T) {
	t.Parallel()
	const patch = "--- a/f\n+++ b/f\n@@ -1,4 +1,3 @@\n a\x1b\t\n ::error::x\n--- b\n-c\r\n+++ d\n\\ No newline at end of file\n--- a/g\n+++ b/g\n@@ -1 +1 @@\n-x\n+y\n"
	for color, want := range map[bool]string{
		false: patch,
		true: "<1>--- a/f<>\n<1>+++ b/f<>\n<36>@@ -1,4 +1,3 @@<>\n a\\x1b\t\n \\x3a:error::x\n<1;31>--- b<>\n<1;31>-c<>\n<32>+++ d<>\n\\ No newline at end of file\n" +
			"<1>--- a/g<>\n<1>+++ b/g<>\n<36>@@ -1 +1 @@<>\n<1;31>-x<>\n<32>+y<>\n",
	} {
		var b bytes.Buffer
		if err := render.Patch(&b, patch, color); err != nil {
			t.Fatal(err)
		}
		got := strings.NewReplacer("\x1b[0m", "<>", "\x1b[", "<", "m", ">").Replace(b.String())
		if !color {
			got = b.String()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("color %v (-want +got):\n%s", color, diff)
		}
	}
}

// FuzzPatch: a diff in colour holds nothing but colours that a terminal obeys, and one
// that is harmless nothing at all.
func FuzzPatch(f *testing.F) {
	f.Add("a\x1b[2J\r\n::stop::\n", "b", "::x")
	f.Add("\t::error::x\n@@ -1 @@\n@@ - + @@\n##vso[x]\u202e\n", "--- a/f", "++ ##[group]")
	f.Fuzz(func(t *testing.T, context, removed, added string) {
		var body strings.Builder
		lines := 0
		for _, op := range []struct{ mark, text string }{{" ", context}, {"-", removed}, {"+", added}} {
			for line := range strings.SplitSeq(op.text, "\n") {
				body.WriteString(op.mark + line + "\n")
				if op.mark == " " {
					lines++
				}
			}
		}
		diff := fmt.Sprintf("--- a/f\n+++ b/f\n@@ -1,%d +1,%d @@\n", lines+strings.Count(removed, "\n")+1, lines+strings.Count(added, "\n")+1) + body.String()
		var b bytes.Buffer
		if err := render.Patch(&b, diff, true); err != nil {
			t.Fatal(err)
		}
		colors := regexp.MustCompile("\x1b\\[[0-9;]*m")
		check := func(what, out string) {
			for i, c := range out {
				if c != '\n' && c != '\t' && unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
					t.Errorf("%s has %U at %d: %q", what, c, i, out)
				}
			}
			if hit := obeyed.FindString(out); hit != "" {
				t.Errorf("%s has the command %q: %q", what, hit, out)
			}
		}
		check("colour", colors.ReplaceAllString(b.String(), ""))
		if render.Harmless(diff) {
			check("a harmless diff", strings.ReplaceAll(diff, "\r\n", "\n"))
		}
	})
}
