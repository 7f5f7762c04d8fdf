// Package render writes a report in the formats of the command line. It shows
// what it is given: it filters by severity and decides nothing else.
package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a text from a file, a name or a message safe to print on one line:
// whatever is not visible (control characters, line ends, invalid UTF-8, bidirectional
// overrides, invisible and unusual blanks) is written as an escape, so that no
// configuration can move the cursor, hide text or pass for another. So is what the
// machines that run continuous integration obey in a log.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		b.WriteString(visible(r, size, s[i:]))
		i += size
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return !strings.Contains(s, "##")
}

// maxCommand is more than the bytes of the longest name of such commands.
const maxCommand = 32

// obeyed reports whether a text starts as the commands do that are obeyed anywhere
// in a line of a log: ##[ by GitHub's runners and ##vso[ by Azure's; TeamCity has
// ##teamcity[. Those of GitLab and Jenkins have control characters; for GitHub's ::
// at the start of a line, see place.
func obeyed[T string | []byte](text T) bool {
	if len(text) < 3 || text[0] != '#' || text[1] != '#' {
		return false
	}
	for i := 2; i < min(len(text), maxCommand); i++ {
		switch c := text[i] | 0x20; {
		case text[i] == '[':
			return true
		case c < 'a' || c > 'z':
			return false
		}
	}
	return false
}

// visible is the rune that a text starts with, as it is shown; size is that of its bytes.
func visible(r rune, size int, text string) string {
	switch {
	case r == utf8.RuneError && size == 1:
		return fmt.Sprintf(`\x%02x`, text[0])
	case obeyed(text):
		return `\x23`
	case unicode.IsPrint(r):
		return string(r)
	case r == '\t':
		return `\t`
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	default:
		return fmt.Sprintf(`\u%04x`, r)
	}
}

// wide lists the ranges whose characters take two columns of a terminal
// (East Asian width W and F, and emoji).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1},
		{Lo: 0x231a, Hi: 0x231b, Stride: 1},
		{Lo: 0x23e9, Hi: 0x23ec, Stride: 1},
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1},
		{Lo: 0x3041, Hi: 0x4dbf, Stride: 1},
		{Lo: 0x4e00, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xa960, Hi: 0xa97f, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1},
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff01, Hi: 0xff60, Stride: 1},
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1},
		{Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1},
		{Lo: 0x1f900, Hi: 0x1faff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

// width is the number of terminal columns of a text that Clean has returned.
func width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r >= ' ' && r <= '~':
			n++
		case unicode.In(r, unicode.Mn, unicode.Me):
		case unicode.Is(wide, r):
			n += 2
		default:
			n++
		}
	}
	return n
}
