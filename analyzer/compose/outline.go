package compose

import (
	"strings"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"nginx-lint/analyzer/source"
)

// bracket is by how many more brackets what follows a token is held.
var bracket = map[token.Type]int{token.MappingStartType: 1, token.SequenceStartType: 1, token.MappingEndType: -1, token.SequenceEndType: -1}

// OutlineYAML lists the comments of a YAML file, and its entries, in the order in
// which they start: keys and items that begin a line, each with all that is indented
// below it. Of a value in brackets that goes on, each line is one.
func OutlineYAML(f *source.File) (comments, entries []source.Span) {
	text := strings.TrimPrefix(f.Text, bom)
	if tooMuch(text) >= 0 {
		return nil, nil
	}
	defer func() {
		if recover() != nil { // of the lexer, at texts that are no YAML
			comments, entries = nil, nil
		}
	}()
	type open struct {
		entry, column int
		item          bool
	}
	var around []open
	end := func(last open, at, comment int) {
		if last.entry == len(entries)-1 && comment > 0 {
			at = comment
		}
		entries[last.entry].End = at
	}
	brackets, line, block := 0, 0, false
	comment := 0 // where the first on a line of its own starts since the last entry did
	for _, t := range lexer.Tokenize(withoutCR(text)) {
		switch {
		case t.Type == token.CommentType:
			if at := commentAt(f, t); !at.IsZero() {
				comments = append(comments, at)
				if comment == 0 && strings.TrimSpace(f.Text[f.LineStart(t.Position.Line):at.Start]) == "" {
					comment = at.Start
				}
			}
			continue
		case block: // its text
			block = false
			continue
		}
		at := spanOf(f, t)
		first, item := t.Position.Line > line, t.Type == token.SequenceEntryType
		line = t.Position.Line
		switch {
		case !first:
		case brackets > 0:
			at.End = f.LineStart(line + 1)
			entries = append(entries, at)
		default:
			// The items of a list may stand as far to the left as its key.
			for n := len(around); n > 0; n-- {
				last := around[n-1]
				if last.column < t.Position.Column || last.column == t.Position.Column && item && !last.item {
					break
				}
				end(last, at.Start, comment)
				around = around[:n-1]
			}
			around = append(around, open{len(entries), t.Position.Column, item})
			entries = append(entries, at)
		}
		if first {
			comment = 0
		}
		block = t.Type == token.LiteralType || t.Type == token.FoldedType
		brackets = max(brackets+bracket[t.Type], 0)
	}
	for _, last := range around {
		end(last, len(f.Text), comment)
	}
	return comments, entries
}

// commentAt is where a comment is written: at the end of its line. The column that the
// lexer gives it is not right for each.
func commentAt(f *source.File, t *token.Token) source.Span {
	line, text := f.LineText(t.Position.Line), "#"+strings.TrimRight(t.Value, "\r")
	if !strings.HasSuffix(line, text) {
		return source.Span{}
	}
	end := f.LineStart(t.Position.Line) + len(line)
	return source.Span{File: f, Start: end - len(text), End: end}
}
