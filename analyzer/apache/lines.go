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

// lines are those of a file that are neither empty nor comments.
func lines(f *source.File) iter.Seq[line] {
	return func(yield func(line) bool) {
		for start, end := range joined(f.Text) {
			if words := split(f, start, end); len(words) > 0 && !yield(line{words}) {
				return
			}
		}
	}
}

// joined splits a text into lines as Apache does: a backslash before the end of a
// line continues it, also one with a comment.
func joined(text string) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
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
			if !yield(at, end) {
				return
			}
			at = end + 1
		}
	}
}

// Outline lists the comments of a file, each on a line of its own, and its entries:
// the directives, and the sections with all in them, in the order in which they start.
func Outline(f *source.File) (comments, entries []source.Span) {
	var open []int // the sections around
	for start, end := range joined(f.Text) {
		text := strings.TrimRight(f.Text[start:end], " \t\r")
		indent := len(text) - len(strings.TrimLeft(text, " \t"))
		at := start + indent
		words := split(f, start, end)
		switch {
		case len(words) == 0:
			if len(text) > indent && !strings.Contains(text, "\n") { // what continues a comment would be in force without
				comments = append(comments, source.Span{File: f, Start: at, End: start + len(text)})
			}
			continue
		case strings.HasPrefix(words[0].text, "</"):
			if n := len(open); n > 0 {
				entries[open[n-1]].End = end
				open = open[:n-1]
			}
			continue
		case strings.HasPrefix(words[0].text, "<"):
			open = append(open, len(entries))
		}
		entries = append(entries, source.Span{File: f, Start: at, End: end})
	}
	for _, i := range open {
		entries[i].End = len(f.Text)
	}
	return comments, entries
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
