package apache

import (
	"iter"
	"strings"

	"nginx-lint/analyzer/source"
)

// A line is a directive or the head or end of a section.
type line struct{ words []word }

type word struct {
	text string
	span source.Span
}

// lines splits a file as Apache does: a backslash before the end of a line
// continues it, also one with a comment.
func lines(f *source.File) iter.Seq[line] {
	return func(yield func(line) bool) {
		text := f.Text
		for at := 0; at < len(text); {
			end := at
			for {
				next := strings.IndexByte(text[end:], '\n')
				if next < 0 {
					end = len(text)
					break
				}
				end += next
				if !strings.HasSuffix(strings.TrimSuffix(text[at:end], "\r"), `\`) {
					break
				}
				end++
			}
			if words := split(f, at, end); len(words) > 0 && !yield(line{words}) {
				return
			}
			at = end + 1
		}
	}
}

// split lists the words of a line; none for an empty one and for a comment.
func split(f *source.File, at, end int) []word {
	var words []word
	text := f.Text
	for i := at; i < end; {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\\' && i+1 < end && (text[i+1] == '\n' || text[i+1] == '\r'):
			i++
		case c == '#' && len(words) == 0:
			return nil
		case c == '"' || c == '\'':
			start := i + 1
			for i++; i < end && text[i] != c; i++ {
				if text[i] == '\\' && i+1 < end {
					i++
				}
			}
			i = min(i, end)
			words = append(words, word{text[min(start, i):i], source.Span{File: f, Start: min(start, i), End: i}})
			i++
		default:
			start := i
			for i < end && !strings.ContainsRune(" \t\r\n", rune(text[i])) {
				i++
			}
			words = append(words, word{text[start:i], source.Span{File: f, Start: start, End: i}})
		}
	}
	return words
}
