package syntax

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer/source"
)

// nginx's own words.
const (
	endInDirective = `unexpected end of file, expecting ";" or "}"`
	endInBlock     = `unexpected end of file, expecting "}"`
	luaEnd         = "unexpected end of file, expecting terminating characters for lua code block"
)

func unexpected(c byte) string { return `unexpected "` + string([]byte{c}) + `"` }

func (p *parser) spanOf(start, end int) source.Span {
	return source.Span{File: p.tree.File, Start: start, End: end}
}

// errorAt is an error that nginx notices at one byte, or at the end of the file.
func (p *parser) errorAt(at source.Span, noticed int, message string) Error {
	return Error{
		At:      at,
		GaveUp:  p.spanOf(noticed, min(noticed+1, len(p.text))),
		Line:    p.tree.File.Line(noticed),
		Message: message,
	}
}

func (p *parser) unclosedQuote(open, noticed int, message string) Error {
	e := p.errorAt(p.spanOf(open, open+1), noticed, message)
	e.Summary = "unclosed quote"
	e.Hint = "close the quote with " + p.text[open:open+1] + " where the value ends"
	return e
}

// longWord is about a quoted word that is closed, but not within nginx's buffer.
func (p *parser) longWord(open, end, noticed int, message string) Error {
	e := p.errorAt(p.spanOf(open, end), noticed, message)
	e.Line = p.tree.File.Line(open)
	e.Summary = "parameter is too long"
	e.Hint = "nginx reads no word or comment of 4096 bytes or more"
	return e
}

// tooLong is about a word or comment from open to end whose text begins at start.
func (p *parser) tooLong(open, start, end int) Error {
	message := `too long parameter "` + p.text[start:start+10] + `..." started`
	e := p.longWord(open, end, start+bufferSize, message)
	if p.text[open] == '#' {
		e.Summary = "comment is too long"
	}
	return e
}

// maxShown bounds how much text an error points at.
const maxShown = 80

func (p *parser) textAfterQuote(open, at int) Error {
	end := at
	for end < min(at+maxShown, len(p.text)) && class[p.text[end]]&(isSpace|endsPlain) == 0 {
		end++
	}
	e := p.errorAt(p.spanOf(at, max(end, at+1)), at, unexpected(p.text[at]))
	e.Summary = "text directly after a closing quote"
	quote := p.text[open : open+1]
	e.Hint = "put a blank or ; after the closing " + quote + ", or write \\" + quote + " for a quote inside the value"
	return e
}

func (p *parser) missingSemicolon() Error {
	w := p.tree.words
	end := int(w[len(w)-1].end)
	e := p.errorAt(p.spanOf(end, end), p.pos, unexpected('}'))
	e.Summary = `missing ";"`
	e.Hint = `end the directive with ";"`
	f := p.tree.File
	// A block's name wants a "{" instead, and words on several lines more than one ";".
	if len(p.frames) > 1 && !knownBlock(p.rawName(p.first)) && f.Line(int(w[p.first].start)) == f.Line(end) {
		e.FixTitle = `insert the missing ";"`
		e.FixAt = p.spanOf(end, end)
		e.FixText = ";"
	}
	return e
}

// missingBrace is about the head of an empty block.
func (p *parser) missingBrace() Error {
	w := p.tree.words
	end := int(w[len(w)-1].end)
	e := p.errorAt(p.spanOf(int(w[p.first].start), end), p.pos, unexpected('}'))
	e.Summary = `missing "{"`
	e.Hint = `open the block with "{"`
	e.FixTitle, e.FixAt, e.FixText = `insert the missing "{"`, p.spanOf(end, end), " {"
	return e
}

func (p *parser) endInWords() Error {
	end := p.last
	e := p.errorAt(p.spanOf(end, end), len(p.text), endInDirective)
	e.Summary = "file ends inside a directive"
	e.Hint = `end the directive with ";"`
	return e
}

func (p *parser) endInBlock(d ID) Error {
	return p.endInBlockOf(p.errorAt(source.Span{}, len(p.text), endInBlock), d)
}

// endInBlockOf makes block d the guilty one.
func (p *parser) endInBlockOf(e Error, d ID) Error {
	n := p.tree.nodes[d]
	e.At = p.spanOf(int(p.tree.start(d)), int(n.open)+1)
	e.Summary = "block is never closed"
	e.Hint = `close the block with "}"`
	if p.regexBrace(d) {
		e.At = p.spanOf(int(n.open), int(n.open)+1)
		e.Summary = `"{" in an unquoted regular expression opens a block`
		e.Hint = "put the regular expression in quotes"
		e.Before = "nginx takes the brace for one that opens a block, and what follows for directives"
	}
	return e
}

// regexBrace reports whether what opens block d is a repetition in an unquoted
// regular expression.
func (p *parser) regexBrace(d ID) bool {
	n := p.tree.nodes[d]
	if n.open < 0 || int(d)+1 >= len(p.tree.nodes) || p.tree.nodes[d+1].parent != d {
		return false
	}
	return p.tree.start(d+1) == n.open+1 && quantifier(p.text, int(n.open))
}

// unopened makes the head of a block, which ends at an offset, the guilty one of
// an error about a `}` too many.
func (p *parser) unopened(e Error, d ID, end int, certain bool) Error {
	n, name := p.tree.nodes[d], p.tree.Name(d)
	e.At = p.spanOf(int(p.tree.start(d)), end)
	e.Summary = `missing "{"`
	e.Hint = `open the block with "{"`
	e.FixTitle, e.FixAt, e.FixText = "", source.Span{}, ""
	if certain {
		e.FixTitle, e.FixAt, e.FixText = `insert the missing "{"`, p.spanOf(end, end), " {"
	}
	says, noticed := fmt.Sprintf("directive %q has no opening %q", name, "{"), int(n.end)-1
	if n.open >= 0 {
		says, noticed = fmt.Sprintf("invalid number of arguments in %q directive", name), int(n.open)
	}
	e.Before = fmt.Sprintf("nginx says: %s in %s:%d", says, p.tree.File.Path, p.tree.File.Line(noticed))
	return e
}

func (p *parser) straySemicolon() Error {
	e := p.errorAt(p.spanOf(p.pos, p.pos+1), p.pos, unexpected(';'))
	e.Summary = `";" without a directive`
	e.Hint = `remove the ";": a block ends with "}" alone`
	e.FixTitle, e.FixAt = `remove the ";"`, e.At
	return e
}

func (p *parser) bareBlock() Error {
	e := p.errorAt(p.spanOf(p.pos, p.pos+1), p.pos, unexpected('{'))
	e.Summary = `"{" without a directive`
	e.Hint = "a block needs its directive's name before the brace"
	return e
}

// strayClose is about a `}` at the top level. To remove it is the only way where
// it repeats the one that closed the last block.
func (p *parser) strayClose(at int) Error {
	e := p.strayCloseAt(p.errorAt(source.Span{}, at, unexpected('}')), at)
	repeated := p.closed > 0 && strings.Trim(p.text[p.closed:at], " \t\r\n") == ""
	if start, end, alone := p.tree.aloneOnLine(at, at+1); repeated && alone {
		e.FixTitle, e.FixAt = `remove the "}"`, p.spanOf(start, end)
	}
	return e
}

// strayCloseAt makes the `}` at an offset the guilty one.
func (p *parser) strayCloseAt(e Error, at int) Error {
	e.At = p.spanOf(at, at+1)
	e.Summary = `superfluous "}"`
	e.Hint = `remove this "}", or put the "{" before it that is missing`
	e.FixTitle, e.FixAt = "", source.Span{}
	return e
}

func (p *parser) unclosedRows(rows ID) Error {
	e := p.errorAt(p.spanOf(int(p.tree.start(rows)), int(p.tree.nodes[rows].open)+1), p.pos, unexpected('{'))
	e.Summary = "block is never closed"
	e.Hint = `close the block with "}"`
	return e
}

func (p *parser) braceInRow() Error {
	e := p.errorAt(p.spanOf(p.pos, p.pos+1), p.pos, unexpected('{'))
	e.Summary = `"{" in a ` + p.tree.Name(p.top().id) + " block"
	e.Hint = "entries hold no blocks; put a value with braces in quotes"
	return e
}

// tooDeep reports once that the block whose head begins at start, and which
// opens at p.pos, is not read.
func (p *parser) tooDeep(start int) {
	if p.limited || p.plan != nil {
		return
	}
	p.limited = true
	at := p.spanOf(start, p.pos+1)
	p.tree.Errors = append(p.tree.Errors, Error{
		At: at, GaveUp: at, Limit: true,
		Summary: "blocks are nested deeper than 100",
		Hint:    "what stands inside this block is not read",
	})
}

// luaOpen is about a Lua body without end; from is what was left open.
func (p *parser) luaOpen(from source.Span, line int, message string) Error {
	e := p.errorAt(from, len(p.text), message)
	e.Line = line
	e.Summary = "Lua block is never closed"
	e.Hint = `close the block with "}"`
	if strings.HasPrefix(from.Text(), "[") {
		e.Summary = "unclosed long bracket"
		e.Hint = "close it with " + strings.ReplaceAll(from.Text(), "[", "]")
	}
	return e
}
