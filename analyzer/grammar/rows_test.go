package grammar

import (
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx/nginxtest"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// rowSpellings are rows to try, by the head of the block.
var rowSpellings = map[string][]string{
	"map $host $a": slices.Concat(glued("~", " 1", regexes), around("x ", "", scripted), []string{
		"hostnames", "volatile", "default 1", "default", "default 1 2", "a 1", "A 1", "b c d", "a", `\a 1`, `\\a 1`, `"" 1`, "*.a 1", ".a 1", "a.* 1", "*.A 1", "a*b 1", "* 1", "*. 1", "a..b 1", "*.a.* 1",
		".* 1", ". 1", "default $", `\default 1`, `\~a 1`, `\volatile 1`, "~ 1", "~* 1", "~*a 1", "Default 1", "hostnames 1", "include", "~a $1", "~(?<m>a) $m",
	}),
	"geo $a": append(around("", " 1", networks), "default 1", "default", "ranges", "volatile", "proxy_recursive", "proxy 1.2.3.4", "proxy x", "proxy 1.2.3.0/24", "delete 1.2.3.4", "delete x", "delete 10.0.0.0/8",
		"1.2.3.4-1.2.3.5 1", "1.2.3.5-1.2.3.4 1", "1.2.3.4-x 1", "1.2.3.4- 1", "1..3.4-1.2.3.5 1", "delete 1.2.3.4-1.2.3.5", "1.2.3.4-1.2.3.4 1", "ranges 1", "1.2.3.4 a b", "x", "0.0.0.0-255.255.255.255 1"),
	"split_clients $host $a": {
		"50% a", "50.5% a", "50.55% a", "50.555% a", "0% a", "0.01% a", "100% a", "100.01% a", "101% a", "* a", "50 a", "x% a", "% a", "-1% a", ".5% a", "5.% a", "1.1.1% a", `"" a`, "99999999999999999999% a", "*% a", "33.33% a",
	},
	"charset_map a b":     {"80 E1", "8 1", "100 1", "1 100", "GG 1", "1 GG", "1", "1 2 3", `"" 1`, `1 ""`, "0080 1", "80 80", "0x80 1", "1 E29982", "ff FF"},
	"charset_map a utf-8": {"80 C3A9", "80 E29982", "80 E2998240", "80 XX", "100 C3A9", "1", "1 2 3"},
	"types":               {"text/x a", "text/x a b", "text/x", "a b", "include", "include a b", "text/x a a", `"" a`, `text/x ""`},
}

// TestRows asks nginx -t about rows of blocks of data, alone and behind each other.
func TestRows(t *testing.T) {
	t.Parallel()
	version := nginxtest.Version(t)
	var questions []question
	for head, rows := range rowSpellings {
		name, _, _ := strings.Cut(head, " ")
		d, _ := catalog.Find(name, catalog.HTTP, version)
		add := func(rows ...string) {
			q := question{d, catalog.HTTP, head + " { " + strings.Join(rows, "; ") + "; }"}
			if asked(q) {
				questions = append(questions, q)
			}
		}
		for _, row := range rows {
			add(row)
			for _, other := range rows {
				add(row, other)
			}
		}
	}
	counts := ask(t, questions, func(q question, message string) string {
		tree := syntax.Parse(&source.File{Path: "x", Text: q.text})
		block := tree.FirstChild(syntax.Root)
		var rows []Row
		for id := range tree.Children(block) {
			rows = append(rows, append(Row{tree.Name(id)}, tree.Args(id)...))
		}
		faults := Rows(q.d, tree.Args(block), rows, version)
		switch {
		case len(faults) == 0 && message == "":
			return "accepted"
		case slices.ContainsFunc(faults, func(f RowFault) bool { return f.Message == message }): // percentages are added up at the end
			return "refused"
		case unread.MatchString(message), elsewhere.MatchString(message):
			return "not read"
		}
		t.Errorf("%s: nginx says %q, we %v", q.text, message, faults)
		return "different"
	})
	if counts["refused"] < 40 || counts["accepted"] < 40 {
		t.Errorf("the sample is too thin: %v", counts)
	}
}
