package render

import (
	"strings"
	"unicode/utf8"

	"nginx-lint/analyzer/source"
)

const (
	// tabStop is how many columns a tab stop takes in shown source lines.
	tabStop = 4
	// maxLine is how many columns of a source line are shown; longer lines are
	// cut around the place that matters.
	maxLine = 100
	// lead is how much of a long line is shown before a place that is itself too long.
	lead = 20
)

// A snippet is the first line of a span as it is shown.
type snippet struct {
	line int
	text string
	// from and to are the columns to underline, from 0; to is above from.
	from, to int
}

// A cell is one character of a line as it is shown.
type cell struct {
	text  string
	width int
}

// newSnippet shows the line on which the span starts. A span over several lines is
// underlined to the end of its first line, an empty one gets one column.
// The work is bounded whatever the length of the line.
func newSnippet(span source.Span) snippet {
	f := span.File
	line := f.Line(span.Start)
	lineStart := f.LineStart(line)
	lineEnd := lineStart + len(f.LineText(line))
	start := min(max(span.Start, lineStart), lineEnd)
	end := min(max(span.End, start), lineEnd)

	// A column takes at least one byte, or is part of a character with one that does:
	// so many bytes on either side are sure to fill what is shown of ordinary text.
	const reach = 4 * maxLine
	low, high := max(start-reach, lineStart), min(start+reach, lineEnd)
	for low > lineStart && !utf8.RuneStart(f.Text[low]) && low > start-reach-utf8.UTFMax {
		low--
	}

	var cells []cell
	column, from, to := 0, -1, -1
	for at := low; at < high; {
		if from < 0 && at >= start {
			from = column
		}
		if to < 0 && at >= end {
			to = column
		}
		c, size := cellAt(f.Text[at:lineEnd], column)
		cells = append(cells, c)
		column += c.width
		at += size
	}
	if from < 0 {
		from = column
	}
	if to < 0 {
		to = column
	}
	s := cut(cells, from, max(to, from+1), low > lineStart, high < lineEnd)
	s.line = line
	return s
}

func cellAt(text string, column int) (c cell, size int) {
	if text[0] == '\t' {
		n := tabStop - column%tabStop
		return cell{strings.Repeat(" ", n), n}, 1
	}
	r, size := utf8.DecodeRuneInString(text)
	shown := visible(r, size, text)
	return cell{shown, width(shown)}, size
}

// cut shows at most maxLine columns of the cells, with an ellipsis where something
// is left out; before and after say that the line goes on beyond the cells.
func cut(cells []cell, from, to int, before, after bool) snippet {
	total := 0
	for _, c := range cells {
		total += c.width
	}
	low, high := 0, total
	if total > maxLine || before || after {
		low = max(from-lead, 0)
		if to-from < maxLine {
			low = max(from-(maxLine-(to-from))/2, 0)
		}
		low = max(min(low, total-maxLine), 0)
		high = min(low+maxLine, total)
	}

	var b strings.Builder
	shown := 0 // columns written
	s := snippet{from: -1, to: -1}
	if low > 0 || before {
		b.WriteString("…")
		shown++
	}
	column := 0
	for _, c := range cells {
		if s.from < 0 && column >= from {
			s.from = shown
		}
		if s.to < 0 && column >= to {
			s.to = shown
		}
		if column >= low && column+c.width <= high {
			b.WriteString(c.text)
			shown += c.width
		}
		column += c.width
	}
	if s.from < 0 {
		s.from = shown
	}
	if s.to < 0 {
		s.to = shown
	}
	s.to = max(s.to, s.from+1)
	if high < total || after {
		b.WriteString("…")
	}
	s.text = strings.TrimRight(b.String(), " ")
	return s
}
