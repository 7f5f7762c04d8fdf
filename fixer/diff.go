package fixer

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// context is how many unchanged lines stand around changed ones.
const context = 3

// maxLines bounds the lines that are compared with each other: there are no more
// code points, which is what the comparison takes lines for. Beyond, all that
// lies between the first and the last change is shown as changed.
const maxLines = 500_000

// Diff is the changes as one unified diff, which `git apply` and `patch -p1`
// accept in dir, the absolute working folder. A file is named by its real path, as
// both refuse to patch a symbolic link; one outside dir by its path from the
// root of the file system. A file that is on no disk keeps its name.
func Diff(disk Disk, dir string, changes []Change) (string, error) {
	if resolved, err := disk.Resolve(dir); err == nil {
		dir = resolved
	}
	targets, err := resolve(disk, dir, changes, true)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, t := range targets {
		name := t.real
		if rel, err := filepath.Rel(dir, name); err == nil && filepath.IsLocal(rel) {
			name = rel
		}
		name = strings.TrimLeft(filepath.ToSlash(strings.TrimPrefix(name, filepath.VolumeName(name))), "/")
		unified(&b, name, t.old, t.text)
	}
	return b.String(), nil
}

// unified writes the difference of two texts. There is no `diff --git` line: with
// it git takes names from the top of its working tree, without from where it runs.
func unified(b *strings.Builder, name, before, after string) {
	fmt.Fprintf(b, "--- %s\n+++ %s\n", patchName("a/"+name), patchName("b/"+name))
	lines := compare(before, after)
	from, to := 0, 0 // lines of the two texts before lines[i]
	for i := 0; i < len(lines); {
		if lines[i].op == ' ' {
			i, from, to = i+1, from+1, to+1
			continue
		}
		start := max(i-context, 0)
		end := hunkEnd(lines, i)
		hunk(b, lines[start:end], from-(i-start), to-(i-start))
		for ; i < end; i++ {
			if lines[i].op != '+' {
				from++
			}
			if lines[i].op != '-' {
				to++
			}
		}
	}
}

// hunkEnd is where the hunk ends that holds the change at i: changes with not more
// than twice the context between them share one.
func hunkEnd(lines []line, i int) int {
	last := i
	for ; i < len(lines) && i <= last+2*context+1; i++ {
		if lines[i].op != ' ' {
			last = i
		}
	}
	return min(last+context+1, len(lines))
}

// hunk writes one hunk; from and to are how many lines lie before it.
func hunk(b *strings.Builder, lines []line, from, to int) {
	removed, added := 0, 0
	for _, l := range lines {
		if l.op != '+' {
			removed++
		}
		if l.op != '-' {
			added++
		}
	}
	fmt.Fprintf(b, "@@ -%s +%s @@\n", lineRange(from, removed), lineRange(to, added))
	for _, l := range lines {
		b.WriteByte(l.op)
		b.WriteString(l.text)
		if !strings.HasSuffix(l.text, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// lineRange is a range as the head of a hunk has it: an empty one is after its number.
func lineRange(before, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", before)
	case 1:
		return strconv.Itoa(before + 1)
	default:
		return fmt.Sprintf("%d,%d", before+1, n)
	}
}

// A line is one of a diff: op is ' ', '-' or '+'. The text has its line feed, if any.
type line struct {
	op   byte
	text string
}

// compare tells which lines of two texts are the same.
func compare(before, after string) []line {
	var lines []line
	add := func(op byte, text string) {
		for l := range strings.Lines(text) {
			lines = append(lines, line{op, l})
		}
	}
	head, tail := commonLines(before, after)
	add(' ', before[:head])
	old, fresh := before[head:len(before)-tail], after[head:len(after)-tail]
	if strings.Count(old, "\n")+strings.Count(fresh, "\n") > maxLines {
		add('-', old)
		add('+', fresh)
	} else {
		dmp := diffmatchpatch.New()
		dmp.DiffTimeout = 0 // or the result would depend on the speed of the machine
		a, b, index := dmp.DiffLinesToRunes(old, fresh)
		for _, d := range dmp.DiffCharsToLines(dmp.DiffMainRunes(a, b, false), index) {
			switch d.Type {
			case diffmatchpatch.DiffEqual:
				add(' ', d.Text)
			case diffmatchpatch.DiffDelete:
				add('-', d.Text)
			case diffmatchpatch.DiffInsert:
				add('+', d.Text)
			}
		}
	}
	add(' ', before[len(before)-tail:])
	return lines
}

// commonLines are the lengths of the whole lines that two texts begin and end with alike.
func commonLines(a, b string) (head, tail int) {
	n := min(len(a), len(b))
	for head < n && a[head] == b[head] {
		head++
	}
	head = strings.LastIndexByte(a[:head], '\n') + 1
	for tail < n-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	// The tail begins after a line feed that stands in both texts or after the head.
	for tail > 0 && !startsLine(a, len(a)-tail, head) || tail > 0 && !startsLine(b, len(b)-tail, head) {
		next := strings.IndexByte(a[len(a)-tail:], '\n')
		if next < 0 {
			return head, 0
		}
		tail -= next + 1
	}
	return head, tail
}

func startsLine(text string, at, head int) bool { return at == head || text[at-1] == '\n' }

// patchName is a name as git writes it in the head of a patch: with a tab behind
// it where it has blanks, and as a C string where it has bytes that are not plain;
// also where it ends in a blank, which patch would cut off.
func patchName(name string) string {
	plain := !strings.HasSuffix(name, " ")
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(name) {
		c := name[i]
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			plain = false
		}
		switch at := strings.IndexByte("\a\b\t\n\v\f\r\"\\", c); {
		case at >= 0:
			b.WriteByte('\\')
			b.WriteByte(`abtnvfr"\`[at])
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	switch {
	case !plain:
		return b.String() + `"`
	case strings.Contains(name, " "):
		return name + "\t"
	default:
		return name
	}
}
