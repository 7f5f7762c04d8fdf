package render

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// maxFixLines is how many lines of a fix are shown below its finding.
const maxFixLines = 10

// maxShown is how many bytes the lines may have that a fix changes together, to be shown.
const maxShown = 1 << 16

// A fixLine is a line that a fix takes away or adds.
type fixLine struct {
	file *source.File
	op   byte // '-' or '+'
	line int  // in the text before or after the fix
	at   source.Span
}

// fixLines are the lines that a fix changes, file by file.
func fixLines(fix *diag.Fix) []fixLine {
	edits := slices.Clone(fix.Edits)
	slices.SortStableFunc(edits, func(a, b diag.Edit) int { return a.Span.Compare(b.Span) })
	var lines []fixLine
	shift := 0 // lines that the file has more by the edits before
	for len(edits) > 0 {
		f := edits[0].Span.File
		group := lineGroup(edits)
		changed, grown := groupLines(f, edits[:group], shift)
		lines = append(lines, changed...)
		shift += grown
		if edits = edits[group:]; len(edits) > 0 && edits[0].Span.File != f {
			shift = 0
		}
	}
	return lines
}

// lineGroup counts the edits at the start that share lines.
func lineGroup(edits []diag.Edit) int {
	f := edits[0].Span.File
	last := 0
	for i, e := range edits {
		if e.Span.File != f || i > 0 && f.Line(e.Span.Start) > last {
			return i
		}
		last = max(last, f.Line(e.Span.End))
	}
	return len(edits)
}

// groupLines are the lines that edits change which share lines, and by how many the file grows.
func groupLines(f *source.File, edits []diag.Edit, shift int) (changed []fixLine, grown int) {
	first := f.Line(edits[0].Span.Start)
	start, end := f.LineStart(first), f.LineStart(f.Line(edits[len(edits)-1].Span.End)+1)
	if end-start > maxShown {
		for _, e := range edits {
			grown += strings.Count(e.NewText, "\n") - strings.Count(e.Span.Text(), "\n")
		}
		return nil, grown
	}
	var b strings.Builder
	at := start
	for _, e := range edits {
		if e.Span.Start < at {
			return nil, 0 // edits that overlap are no fix
		}
		b.WriteString(f.Text[at:e.Span.Start] + e.NewText)
		at = e.Span.End
	}
	b.WriteString(f.Text[at:end])
	before, after := source.NewFile(f.Path, f.Text[start:end]), source.NewFile(f.Path, b.String())
	old, fresh := shownLines(before), shownLines(after)
	head := 0
	for head < min(old, fresh) && before.LineText(head+1) == after.LineText(head+1) {
		head++
	}
	tail := 0
	for tail < min(old, fresh)-head && before.LineText(old-tail) == after.LineText(fresh-tail) {
		tail++
	}
	add := func(op byte, in, other *source.File, n, shift int) {
		for l := head + 1; l <= n-tail; l++ {
			from := in.LineStart(l) + commonPrefix(in.LineText(l), other.LineText(l))
			changed = append(changed, fixLine{f, op, first + l - 1 + shift, source.Span{File: in, Start: from, End: from}})
		}
	}
	add('-', before, after, old, 0)
	add('+', after, before, fresh, shift)
	return changed, fresh - old
}

// shownLines counts the lines without the empty one that follows the last line feed.
func shownLines(f *source.File) int {
	n := f.LineCount()
	if f.LineStart(n) == len(f.Text) {
		n--
	}
	return n
}

func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// fix shows what a fix does to the lines of the files.
func (p *printer) fix(f *diag.Finding, fix *diag.Fix) {
	lines := fixLines(fix)
	in := f.Subject.Span.File
	for i, l := range lines[:min(len(lines), maxFixLines)] {
		if l.file != in {
			in = l.file
			fmt.Fprintf(p.w, "%*s %s %s:%d\n", p.gutter, "", p.paint(blue, "-->"), Clean(in.Path), l.line)
		}
		paint := green
		if l.op == '-' {
			paint = red
		}
		fmt.Fprintf(p.w, "%s %s\n", p.paint(blue, fmt.Sprintf("%*d", p.gutter, l.line)), p.paint(paint, strings.TrimRight(string(l.op)+" "+newSnippet(l.at).text, " ")))
		if rest := len(lines) - maxFixLines; i == maxFixLines-1 && rest > 0 {
			p.line("", fmt.Sprintf("and %s more", plural(rest, "line")))
		}
	}
}

// A Fixed is what --fix did to a file.
type Fixed struct {
	Path, Rule, Title string
}

// fixed lists what was done, file by file.
func (p *printer) fixed(list []Fixed) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Fixed) int { return cmp.Compare(a.Path, b.Path) })
	for i := 0; i < len(list); {
		path := list[i].Path
		fmt.Fprintf(p.w, "%s %s\n", p.paint(green, "fixed"), p.paint(bold, Clean(path)))
		var order []Fixed
		count := map[Fixed]int{}
		for ; i < len(list) && list[i].Path == path; i++ {
			if count[list[i]]++; count[list[i]] == 1 {
				order = append(order, list[i])
			}
		}
		for _, f := range order {
			times := ""
			if count[f] > 1 {
				times = " (" + strconv.Itoa(count[f]) + " times)"
			}
			fmt.Fprintf(p.w, "    %s: %s%s\n", Clean(f.Rule), Clean(f.Title), times)
		}
	}
	if len(list) > 0 {
		fmt.Fprintln(p.w)
	}
}

// Harmless reports whether a unified diff may be shown byte for byte: what steers a
// terminal, hides text or is obeyed by the machines that run continuous integration
// cannot be escaped in it.
func Harmless(diff string) bool {
	for line := range strings.Lines(diff) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if commands(line) {
			return false
		}
		for i, r := range line {
			if r != '\t' && unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) || r == '#' && obeyed(line[i:]) {
				return false
			}
		}
	}
	return true
}

// commands reports whether a line begins as the commands do that GitHub's runners obey.
func commands(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "::") }

// Patch writes a unified diff. In colour, as people see it on a terminal, it is not
// byte for byte what it stands for: what could steer the terminal is shown escaped.
func Patch(w io.Writer, diff string, color bool) error {
	if !color {
		_, err := io.WriteString(w, diff)
		return err
	}
	b := bufio.NewWriter(w)
	var left [2]int // lines of the hunk that are to come, before and after
	for line := range strings.Lines(diff) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		paint := ""
		switch inHunk := left[0] > 0 || left[1] > 0; {
		case inHunk && line[:1] == "-":
			paint = red
			left[0]--
		case inHunk && line[:1] == "+":
			paint = green
			left[1]--
		case inHunk && line[:1] == " ":
			left[0]--
			left[1]--
		case strings.HasPrefix(line, "@@ "):
			paint = cyan
			left = hunkSize(line)
		case !strings.HasPrefix(line, `\`):
			paint = bold
		}
		clean := cleanLine(line)
		if commands(clean) {
			clean = strings.Replace(clean, ":", `\x3a`, 1)
		}
		fmt.Fprintln(b, palette(paint != "").paint(paint, clean))
	}
	return b.Flush()
}

// cleanLine is Clean for a line that keeps its tabs.
func cleanLine(line string) string {
	parts := strings.Split(line, "\t")
	for i := range parts {
		parts[i] = Clean(parts[i])
	}
	return strings.Join(parts, "\t")
}

// hunkSize reads how many lines a hunk has in the text before and in that after.
func hunkSize(head string) (size [2]int) {
	for i, part := range strings.Fields(head)[1:3] {
		size[i] = 1
		if _, n, ok := strings.Cut(part, ","); ok {
			size[i], _ = strconv.Atoi(n)
		}
	}
	return size
}
