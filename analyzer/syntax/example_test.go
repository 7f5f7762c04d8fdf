package syntax_test

import (
	"fmt"

	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// The tree of a file: every directive with its place. What is wrong with the file
// lies beside it, and does not keep the rest from being read.
func ExampleParse() {
	tree := syntax.Parse(source.NewFile("nginx.conf", `events {}
http {
    server {
        listen 80;
        root "/srv/my site";
`))
	for id := syntax.Root + 1; int(id) < tree.Len(); id++ {
		fmt.Printf("line %d: %s %q\n", tree.HeadSpan(id).Line(), tree.Name(id), tree.Args(id))
	}
	for _, e := range tree.Errors {
		fmt.Printf("line %d: %s\n", e.At.Line(), e.Summary)
	}
	// Output:
	// line 1: events []
	// line 2: http []
	// line 3: server []
	// line 4: listen ["80"]
	// line 5: root ["/srv/my site"]
	// line 3: block is never closed
}
