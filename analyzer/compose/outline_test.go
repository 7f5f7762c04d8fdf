package compose

import (
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

func texts(spans []source.Span) (found []string) {
	for _, s := range spans {
		found = append(found, strings.TrimSpace(s.Text()))
	}
	return found
}

func TestOutlineYAML(t *testing.T) {
	t.Parallel()
	const text = "\ufeff# first\r\nservices: # é end\r\n  web:\n    image: \"a # no\" # in line\n    url: a#b\n    command: >- # of a block\n      # text\n      more # text\n    # own \t\n    empty: |\n    args: [a, # in brackets\n      # between\n      b] # last\n" +
		"    list:\n    - 'x # no\n      # no' # item\n    - y\n  app:\n    z: multi\n      line # plain\n---\n# document\nlast: 1"
	f := source.NewFile("compose.yml", text)
	comments, entries := OutlineYAML(f)
	want := []string{"# first", "# é end", "# in line", "# of a block", "# own", "# in brackets", "# between", "# last", "# item", "# plain", "# document"}
	if got := texts(comments); !slices.Equal(got, want) {
		t.Errorf("comments %q", got)
	}
	starts := map[string]string{}
	var order []int
	for _, e := range entries {
		head, _, _ := strings.Cut(e.Text(), "\n")
		lines := strings.Split(strings.TrimRight(e.Text(), "\n "), "\n")
		starts[strings.TrimSpace(head)] = strings.TrimSpace(lines[len(lines)-1])
		order = append(order, e.Start)
	}
	if !slices.IsSorted(order) {
		t.Errorf("out of order: %v", order)
	}
	for head, end := range map[string]string{
		"services: # é end": "line # plain", "web:": "- y", `image: "a # no" # in line`: `image: "a # no" # in line`,
		"command: >- # of a block": "more # text", "empty: |": "empty: |", "args: [a, # in brackets": "b] # last", "b] # last": "b] # last",
		"list:": "- y", "- 'x # no": "# no' # item", "- y": "- y", "app:": "line # plain", "z: multi": "line # plain", "last: 1": "last: 1",
	} {
		if starts[head] != end {
			t.Errorf("%q ends with %q, want %q", head, starts[head], end)
		}
	}
	if starts["more # text"] != "" {
		t.Error("the text of a block is an entry")
	}
}

// What the lexer cannot read has no comments, and those before it count.
func TestOutlineBrokenYAML(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"a: [\n# x\n b: } # y\n":  {"# x", "# y"},
		"# x\na: \"open # no\n":   {"# x"},
		strings.Repeat("[", 200):  nil,
		"# x\n\tb: c\n":           {"# x"},
		"a: b\n  c: d # x\n e: f": {"# x"},
	} {
		if comments, _ := OutlineYAML(source.NewFile("compose.yml", text)); !slices.Equal(texts(comments), want) {
			t.Errorf("%q: %q", text, texts(comments))
		}
	}
}

func TestOutlineDockerfile(t *testing.T) {
	t.Parallel()
	f := source.NewFile("Dockerfile", "# syntax=x\nFROM a # no\n  # own\r\nRUN b \\\n  # between\n  && c # no\nCOPY <<EOF /x\n# text\nEOF\n# end")
	comments, instructions := OutlineDockerfile(f)
	if got, want := texts(comments), []string{"# syntax=x", "# own", "# between", "# end"}; !slices.Equal(got, want) {
		t.Errorf("comments %q", got)
	}
	if got, want := texts(instructions), []string{"FROM a # no", "RUN b \\\n  # between\n  && c # no", "COPY <<EOF /x\n# text\nEOF"}; !slices.Equal(got, want) {
		t.Errorf("instructions %q", got)
	}
}

// Comments before line ends with CR shift no place.
func TestPlacesWithCR(t *testing.T) {
	t.Parallel()
	docs, problem := parseYAML(source.NewFile("compose.yml", "# a\r\nservices: # b\r\n  # c\r\n  web:\r\n    image: nginx\r\n"))
	if problem != nil || len(docs) != 1 {
		t.Fatal(problem, docs)
	}
	at := docs[0].get("services").get("web").get("image").span
	if at.Line() != 5 || at.Text() != "nginx" {
		t.Errorf("line %d, %q", at.Line(), at.Text())
	}
}
