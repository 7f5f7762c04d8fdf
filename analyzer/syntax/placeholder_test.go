package syntax

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

// What Placeholder, Marked and Opaque look for, as expressions.
var (
	markedForm      = regexp.MustCompile(`__[A-Z][A-Z0-9_]*__|@[A-Za-z][A-Za-z0-9_.-]*@|%[A-Z][A-Z0-9_]+%|<[A-Za-z][A-Za-z0-9_. -]*>|\[\[[A-Za-z][A-Za-z0-9_.]*\]\]`)
	placeholderForm = regexp.MustCompile(`\$\{?[A-Z][A-Z0-9_]+|(?s:[^?]):[A-Z][A-Z0-9_]+(?:$|[^A-Z0-9_:])`)
	templateForm    = regexp.MustCompile(`\{\{|\{%|<%`)
	groupForm       = regexp.MustCompile(`\(\?P?<`)
)

func TestPlaceholderAgreesWithItsForm(t *testing.T) {
	t.Parallel()
	pieces := strings.Split("_ __ ___ A B2 Ab a z 9 . - @ % < > $ ${ { } : ? ?: [ [[ ] ]] (?< (?P< (? é \xff \n {{ {% <% / ( ) |", " ")
	pieces = append(pieces, " ")
	random := rand.New(rand.NewPCG(1, 2))
	held := 0
	for range 300_000 {
		var b strings.Builder
		for range random.IntN(8) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		word := b.String()
		marked := markedForm.MatchString(groupForm.ReplaceAllString(word, ""))
		want := marked || placeholderForm.MatchString(word)
		if got := Placeholder(word); got != want {
			t.Fatalf("Placeholder(%q) = %v", word, got)
		}
		if got := Opaque(word); got != (marked || templateForm.MatchString(word)) {
			t.Fatalf("Opaque(%q) = %v", word, got)
		}
		if want {
			held++
		}
	}
	if held < 1000 {
		t.Errorf("only %d words with placeholders", held)
	}
}

func TestFilledIn(t *testing.T) {
	t.Parallel()
	tree := Parse(source.NewFile("t.conf", "a b c;\nserver_name @HOST@;\n\"{{ x }}\" y;\nlocation ~ (?<name>x) { root $ROOT; }\n__X__;\n"))
	want := []bool{false, false, true, true, false, true, true}
	for d, filled := range want {
		if tree.FilledIn(ID(d)) != filled {
			t.Errorf("%s: FilledIn is %v", tree.HeadSpan(ID(d)).Text(), !filled)
		}
	}
}
