package analyzer_test

import (
	"strings"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
)

// The fix of a comment that silences nothing removes the comment and no more.
func TestUnusedCommentFix(t *testing.T) {
	t.Parallel()
	quiet := analyzer.Rule{ID: "quiet", In: catalog.Any, OnBlock: func(*analyzer.Pass, *nginx.Block) {}}
	loud := analyzer.Rule{ID: "loud", In: catalog.HTTP, OnBlock: func(p *analyzer.Pass, b *nginx.Block) {
		p.Report(nginx.Ref{}, nil, diag.Finding{Severity: diag.Info, Subject: diag.Label{Span: b.Ref().Head()}})
	}}
	for name, test := range map[string]struct{ text, want string }{
		"own line":        {"events {}\n  # nginx-lint:ignore quiet why\nhttp {}\n", "events {}\nhttp {}\n"},
		"end of line":     {"events {} \t# nginx-lint:ignore quiet why\nhttp {}\n", "events {}\nhttp {}\n"},
		"own line, CRLF":  {"events {}\r\n# nginx-lint:ignore quiet why\r\nhttp {}\r\n", "events {}\r\nhttp {}\r\n"},
		"end, CRLF":       {"events {} # nginx-lint:ignore quiet why\r\nhttp {}\r\n", "events {}\r\nhttp {}\r\n"},
		"last line":       {"http {}\n# nginx-lint:ignore-file quiet why", "http {}\n"},
		"first of two":    {"# nginx-lint:ignore quiet,loud quiet,loud why\nhttp {}\n", "# nginx-lint:ignore loud quiet,loud why\nhttp {}\n"},
		"second of two":   {"# nginx-lint:ignore loud,quiet why\nhttp {}\n", "# nginx-lint:ignore loud why\nhttp {}\n"},
		"same rule twice": {"http {} # nginx-lint:ignore quiet,quiet why\n", "http {}\n"},
		"template":        {"http {} # nginx-lint:ignore quiet why {{ host }}\n", ""},
		"two bad rules":   {"http {} # nginx-lint:ignore quiet,made-up why\n", "http {} # nginx-lint:ignore made-up why\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := run(t, map[string]string{"nginx.conf": test.text}, analyzer.Options{
				Rules: []*analyzer.Rule{&quiet, &loud}, Known: []string{"quiet", "loud"},
			})
			for _, f := range report.Findings {
				if !strings.HasPrefix(f.Subject.Text, "quiet reports nothing") {
					continue
				}
				got := ""
				if len(f.Fixes) > 0 {
					e := f.Fixes[0].Edits[0]
					got = test.text[:e.Span.Start] + e.NewText + test.text[e.Span.End:]
				}
				if got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
				return
			}
			t.Fatalf("not found to be unused: %v", texts(report))
		})
	}
}
