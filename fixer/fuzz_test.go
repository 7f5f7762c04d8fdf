package fixer

import (
	"fmt"
	"strings"
	"testing"
)

// FuzzUnified: the diff of any two texts, applied to the one, gives the other.
func FuzzUnified(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nx\nc")
	f.Add("", "a\r\n\\ No newline at end of file\n")
	f.Add("--- a\n+++ b\n@@ -1 +1 @@\n", "@@\n")
	f.Add(strings.Repeat("a\nb\n", 40), strings.Repeat("a\nb\n", 20)+"\x00\xff\n"+strings.Repeat("a\nb\n", 20))
	f.Fuzz(func(t *testing.T, before, after string) {
		if len(before)+len(after) > 1<<14 || before == after {
			return
		}
		var b strings.Builder
		unified(&b, "name", before, after)
		if got := patched(t, b.String(), before); got != after {
			t.Errorf("%q\nmakes %q of %q, not %q", b.String(), got, before, after)
		}
	})
}

// patched applies a unified diff as its format says, apart from how it is written.
func patched(t *testing.T, diff, text string) string {
	t.Helper()
	old := strings.SplitAfter(text, "\n")
	if old[len(old)-1] == "" {
		old = old[:len(old)-1]
	}
	var out strings.Builder
	at := 0 // lines of old that are done
	lines := strings.SplitAfter(strings.SplitN(diff, "\n", 3)[2], "\n")
	for i := 0; i < len(lines)-1; {
		var from, removed, to, added int
		head := lines[i]
		if n, _ := fmt.Sscanf(head, "@@ -%d,%d +%d,%d @@", &from, &removed, &to, &added); n < 4 {
			removed, added = 1, 1
			if n, _ := fmt.Sscanf(head, "@@ -%d,%d +%d @@", &from, &removed, &to); n < 3 {
				removed, added = 1, 1
				if n, _ := fmt.Sscanf(head, "@@ -%d +%d,%d @@", &from, &to, &added); n < 3 {
					added = 1
					if n, _ := fmt.Sscanf(head, "@@ -%d +%d @@", &from, &to); n < 2 {
						t.Fatalf("no hunk: %q", head)
					}
				}
			}
		}
		if removed > 0 {
			from--
		}
		for ; at < from; at++ {
			out.WriteString(old[at])
		}
		for i++; removed > 0 || added > 0; i++ {
			op, line := lines[i][0], lines[i][1:]
			if strings.HasPrefix(lines[i+1], `\`) {
				line = strings.TrimSuffix(line, "\n")
			}
			if op != '+' {
				if removed--; old[at] != line {
					t.Fatalf("line %d is %q, not %q", at+1, old[at], line)
				}
				at++
			}
			if op != '-' {
				added--
				out.WriteString(line)
			}
			if strings.HasPrefix(lines[i+1], `\`) {
				i++
			}
		}
	}
	return out.String() + strings.Join(old[at:], "")
}
