package syntax

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer/source"
)

// iniParser follows the grammar of Zend's INI parser, with its messages.
type iniParser struct {
	ini   *INI
	lex   iniLexer
	tok   iniToken // lookahead
	last  int      // end of the token before it
	label iniToken // of an assignment whose equals sign is the lookahead
	parts []string // of the value being read
}

// iniText is a value or a part of one.
type iniText struct {
	text  string
	known bool
}

// line reads the statements of one line. There are several behind a section
// head and around a lone carriage return.
func (p *iniParser) line(start, end int) {
	p.lex = newINILexer(p.ini.File, start, end)
	first := len(p.ini.Lines)
	p.advance()
	for p.tok.kind != iniEOF {
		if !p.statement() {
			for p.tok.kind != iniEOF { // there may be a comment
				p.advance()
			}
			p.salvage(first)
		}
	}
	p.ini.Comments = append(p.ini.Comments, p.lex.comments...)
	p.ini.Errors = p.ini.Errors[:min(len(p.ini.Errors), maxErrors)]
}

// file reads the statements of a whole file, up to the first mistake.
func (p *iniParser) file() {
	p.lex = newINIFileLexer(p.ini.File)
	p.advance()
	for ok := true; ok && p.tok.kind != iniEOF; {
		ok = p.statement()
	}
	p.ini.Comments = p.lex.comments
}

// salvage keeps what a refused line names.
func (p *iniParser) salvage(first int) {
	kept := slices.DeleteFunc(p.ini.Lines[first:], func(e Entry) bool { return e.Null })
	p.ini.Lines = p.ini.Lines[:first+len(kept)]
	for i := range kept {
		kept[i].Known = false
	}
	if len(kept) == 0 {
		return
	}
	last := &kept[len(kept)-1] // was cut at the end of the line
	for _, c := range p.lex.comments {
		if at := last.Span(); c.Start >= at.Start && c.Start < at.End {
			last.whole = extentOf(p.trimmed(at.Start, c.Start))
			last.value = extent{min(last.value.start, last.whole.end), min(last.value.end, last.whole.end)}
		}
	}
}

func (p *iniParser) advance() {
	p.last = p.tok.end
	p.tok = p.lex.next()
}

// span covers bytes of the line without the LF that php-fpm appends.
func (p *iniParser) span(start, end int) source.Span {
	return source.Span{File: p.ini.File, Start: min(start, p.lex.end), End: min(end, p.lex.end)}
}

// trimmed is the span without blanks and line ends at its end.
func (p *iniParser) trimmed(start, end int) source.Span {
	s := p.span(start, end)
	s.End = s.Start + len(strings.TrimRight(s.Text(), " \t\r"))
	return s
}

// An iniEntry is an Entry whose places are still changing.
type iniEntry struct {
	Entry

	name, value, span source.Span
}

func (p *iniParser) add(e iniEntry) {
	e.file = p.ini.File
	e.Entry.name, e.Entry.value, e.whole = extentOf(e.name), extentOf(e.value), extentOf(e.span)
	p.ini.Lines = append(p.ini.Lines, e.Entry)
}

func extentOf(s source.Span) extent { return extent{int32(s.Start), int32(s.End)} } //nolint:gosec // a file has at most source.MaxFileSize bytes

// empty is the place behind a token where nothing is written.
func (p *iniParser) empty(at int) source.Span { return p.span(at, at) }

// lineEnd is where the line that an offset lies on ends.
func (p *iniParser) lineEnd(from int) int {
	if i := strings.IndexByte(p.lex.text[from:p.lex.end], '\n'); i >= 0 {
		return from + i
	}
	return p.lex.end
}

// cut adds an entry that an error cuts off; it reaches to the end of the line.
// In a whole file there is none: PHP has not taken it.
func (p *iniParser) cut(e iniEntry) bool {
	if p.lex.whole {
		return false
	}
	e.Known = false
	rest := p.trimmed(e.span.Start, p.lex.end)
	e.span = rest
	e.value.End = rest.End
	e.value.Start = min(e.value.Start, rest.End)
	p.add(e)
	return false
}

// cutBracket does the same within brackets.
func (p *iniParser) cutBracket(e iniEntry, open int) bool {
	if p.lex.whole {
		return false
	}
	e.value = p.empty(p.lex.end)
	if e.Kind == Section {
		rest := p.trimmed(open+1, p.lex.end)
		name, _, closed := strings.Cut(rest.Text(), "]")
		e.Name = name
		e.name = p.span(rest.Start, rest.Start+len(name))
		if closed {
			e.span, e.value = p.span(open, e.name.End+1), p.empty(e.name.End+1)
			p.add(e)
			return false
		}
	}
	return p.cut(e)
}

// statement reads one statement and leaves the token behind it as lookahead.
func (p *iniParser) statement() bool {
	if p.label.kind == iniLabel {
		label := p.label
		p.label = iniToken{}
		return p.value(p.labelled(label), 4)
	}
	switch p.tok.kind {
	case iniEndOfLine:
		p.advance()
		return true
	case iniSection:
		return p.section()
	case iniLabel:
		label := p.tok
		if p.advance(); p.tok.kind == '=' {
			p.label = label
			return true
		}
		e := p.labelled(label)
		e.Null = true
		p.add(e)
		return true
	case iniOffset:
		return p.item()
	}
	return p.fail()
}

func (p *iniParser) section() bool {
	open := p.tok
	e := iniEntry{Entry: Entry{Kind: Section}, span: p.span(open.start, open.end), name: p.empty(open.end)}
	p.advance()
	name, ok := p.strings(false)
	if !ok {
		return p.cutBracket(e, open.start)
	}
	if p.tok.kind != ']' {
		p.failBracket(open.start)
		return p.cutBracket(e, open.start)
	}
	e.Name, e.Known = name.text, name.known
	e.name.End = p.tok.start
	e.span.End = p.tok.start + 1
	e.value = p.empty(e.span.End)
	if !e.Known {
		e.Name = e.name.Text()
	}
	p.add(e)
	p.advance()
	return true
}

func (p *iniParser) labelled(label iniToken) iniEntry {
	at := label.start + strings.Index(p.lex.slice(label.start, label.end), label.text)
	name := p.span(at, at+len(label.text))
	return iniEntry{Entry: Entry{Kind: Key, Name: label.text, Known: true}, name: name, value: p.empty(name.End), span: name}
}

func (p *iniParser) item() bool {
	start := p.tok
	e := p.labelled(start)
	e.Kind = Item
	open := start.start + strings.LastIndexByte(p.lex.slice(start.start, start.end), '[')
	p.advance()
	offset, ok := p.strings(true)
	if !ok {
		return p.cutBracket(e, open)
	}
	if p.tok.kind != ']' {
		p.failBracket(open)
		return p.cutBracket(e, open)
	}
	e.Offset, e.Known = offset.text, offset.known
	e.name.End = p.tok.end
	e.span.End = p.tok.end
	e.value = p.empty(p.tok.end)
	p.advance()
	if p.tok.kind != '=' {
		return p.failItem(e, open)
	}
	return p.value(e, 6)
}

// value reads what stands behind the equals sign, the lookahead. Symbols is the size of the
// stack that PHP's parser has by then.
func (p *iniParser) value(e iniEntry, symbols int) bool {
	e.value = p.empty(p.tok.start + strings.IndexByte(p.lex.text[p.tok.start:], '=') + 1)
	e.span.End = e.value.Start
	p.advance()
	value := iniText{known: true}
	start := p.tok
	switch start.kind {
	case iniEndOfLine:
		p.advance()
		if start.text == "'" {
			return p.emptyQuotes(e, start, start)
		}
		p.add(e)
		return true
	case iniTrue:
		value.text = "1"
		p.advance()
	case iniFalse, iniNull:
		p.advance()
	default:
		e.value.Start = start.start
		var ok bool
		if value, ok = p.expression(symbols); !ok {
			return p.cut(e)
		}
	}
	e.Value = value.text
	e.Known = e.Known && value.known
	if quote := p.tok; quote.kind == iniEndOfLine && quote.text == "'" {
		p.advance()
		return p.emptyQuotes(e, start, quote)
	}
	end := p.last
	if p.tok.kind == iniEOF && p.tok.start < p.lex.limit {
		end = p.lineEnd(p.last) // PHP takes an unclosed single quote behind a value for the end of the file
	}
	e.value = p.trimmed(start.start, end)
	e.span.End = e.value.End
	p.add(e)
	return true
}

// emptyQuotes ends a value at a pair of single quotes with nothing in it: PHP ends
// it at the first and takes the second, which is the lookahead, for the start of a
// key, mostly of one without a value.
func (p *iniParser) emptyQuotes(e iniEntry, start, quote iniToken) bool {
	e.value = p.span(start.start, quote.end)
	e.span.End = quote.end
	label := p.tok
	if label.kind != iniLabel {
		p.add(e)
		return true
	}
	p.advance()
	if p.tok.kind == '=' {
		p.add(e)
		p.label = label
		return true
	}
	if p.lex.whole { // what the second one starts is left out
		p.add(e)
		return true
	}
	e.Null = true
	e.value = p.trimmed(start.start, label.end)
	e.span.End = e.value.End
	p.add(e)
	return true
}

// strings joins quoted and unquoted parts and variables, if any stand there.
func (p *iniParser) strings(constants bool) (iniText, bool) {
	p.parts = p.parts[:0]
	known := true
	for {
		part := iniText{p.tok.text, true}
		switch p.tok.kind {
		case iniConstant:
			if constants {
				part = constant(part.text)
			}
		case iniRaw, iniNumber, iniString, iniWhitespace:
		case iniDollarCurly:
			if !p.variable() {
				return iniText{}, false
			}
			known = false
			continue
		case '"':
			quoted, ok := p.quoted()
			if !ok {
				return iniText{}, false
			}
			known = known && quoted
			continue
		default:
			return iniText{strings.Join(p.parts, ""), known}, true
		}
		p.parts = append(p.parts, part.text)
		known = known && part.known
		p.advance()
	}
}

// quoted adds what stands in double quotes to the parts.
func (p *iniParser) quoted() (known, ok bool) {
	open := p.tok
	known = true
	for p.advance(); ; {
		switch p.tok.kind {
		case iniQuoted:
			p.parts = append(p.parts, p.tok.text)
			p.advance()
		case iniDollarCurly:
			if !p.variable() {
				return false, false
			}
			known = false
		case '"':
			p.advance()
			return known, true
		default:
			return false, p.failAt("TC_DOLLAR_CURLY or TC_QUOTED_STRING or '\"'", open.start, open.end,
				"double quote is never closed", `add the closing " on the same line: php-fpm reads each line on its own`)
		}
	}
}

func (p *iniParser) variable() bool {
	open := p.tok
	p.advance()
	if p.tok.kind != iniVarname {
		return p.failAt("TC_VARNAME", open.start, open.end,
			"variable has no name", "write ${NAME}, or put a literal ${ in single quotes")
	}
	p.advance()
	if p.tok.kind != '}' {
		return p.failAt("'}'", open.start, open.end,
			"variable is never closed", "add the closing }, or put a literal ${ in single quotes")
	}
	p.advance()
	return true
}

// iniMaxSymbols is how many symbols PHP's parser holds before it gives up.
const iniMaxSymbols = 9998

// An iniFrame is an open bracket, or an operator with its left side.
type iniFrame struct {
	op   iniToken
	left iniText
}

func (f iniFrame) binary() bool {
	return f.op.kind == '|' || f.op.kind == '&' || f.op.kind == '^'
}

// expression reads a value with the integer operators `| & ^ ~ !` and brackets.
// The binary ones bind alike, from left to right, the others more tightly.
func (p *iniParser) expression(symbols int) (iniText, bool) {
	var stack []iniFrame
	for {
		switch p.tok.kind {
		case '(', '~', '!':
			stack = append(stack, iniFrame{op: p.tok})
			if symbols++; symbols >= iniMaxSymbols {
				return iniText{}, p.failDepth()
			}
			p.advance()
			continue
		case iniConstant, iniRaw, iniNumber, iniString, iniWhitespace, iniDollarCurly, '"':
		default:
			return iniText{}, p.failOperand(stack)
		}
		value, ok := p.strings(true)
		if !ok {
			return iniText{}, false
		}
		for {
			for len(stack) > 0 && stack[len(stack)-1].op.kind != '(' {
				top := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				symbols--
				if top.binary() {
					symbols--
				}
				value = top.apply(value)
			}
			if p.tok.kind != ')' || len(stack) == 0 {
				break
			}
			stack = stack[:len(stack)-1]
			symbols--
			p.advance()
		}
		operator := iniFrame{op: p.tok, left: value}
		if !operator.binary() {
			if len(stack) > 0 {
				return value, p.failAt("'^' or '|' or '&' or ')'", stack[len(stack)-1].op.start, stack[len(stack)-1].op.start+1,
					"bracket is never closed", "close it, or put the whole value in double quotes")
			}
			return value, true
		}
		stack = append(stack, operator)
		if symbols += 2; symbols >= iniMaxSymbols {
			return iniText{}, p.failDepth()
		}
		p.advance()
	}
}

// apply computes with C integers, as atoi reads them.
func (f iniFrame) apply(right iniText) iniText {
	var n int32
	switch f.op.kind {
	case '|':
		n = Atoi(f.left.text) | Atoi(right.text)
	case '&':
		n = Atoi(f.left.text) & Atoi(right.text)
	case '^':
		n = Atoi(f.left.text) ^ Atoi(right.text)
	case '~':
		n = ^Atoi(right.text)
	case '!':
		if Atoi(right.text) == 0 {
			n = 1
		}
	}
	return iniText{strconv.Itoa(int(n)), right.known && (f.left.known || !f.binary())}
}

// Atoi reads a number as php-fpm does, with atoi of glibc: blanks, a sign and
// digits, whatever follows; a 64-bit number cut down to 32 bits.
func Atoi(s string) int32 {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	end := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		end = 1
	}
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil && n != math.MaxInt64 && n != math.MinInt64 {
		return 0
	}
	return int32(n) //nolint:gosec // C cuts it off as well
}

// constant is what PHP puts in place of a bare word. Of the constants that depend
// on version and system, or stand for numbers, only the families are known here.
func constant(name string) iniText {
	switch strings.ToLower(name) {
	case "true":
		return iniText{"1", true}
	case "false", "null":
		return iniText{"", true}
	}
	switch name {
	case "DIRECTORY_SEPARATOR", "PATH_SEPARATOR", "DEFAULT_INCLUDE_PATH", "NAN", "INF":
		return iniText{name, false}
	}
	for _, family := range []string{"E_", "PHP_", "ZEND_", "LOG_", "M_"} {
		if strings.HasPrefix(name, family) {
			return iniText{name, false}
		}
	}
	return iniText{name, true}
}

// failAt notes that the lookahead is not what the grammar wants, and returns false.
func (p *iniParser) failAt(expecting string, start, end int, summary, hint string) bool {
	message := "syntax error, unexpected " + iniTokenName(p.tok.kind)
	if expecting != "" {
		message += ", expecting " + expecting
	}
	p.report(message, p.span(start, end), summary, hint)
	return false
}

func (p *iniParser) report(message string, at source.Span, summary, hint string) {
	if p.lex.whole {
		line := p.lineEnd(at.Start)
		p.ini.Errors = append(p.ini.Errors, Error{At: at, GaveUp: p.trimmed(at.Start, line), Line: p.lex.number, Message: message})
		return
	}
	p.ini.Errors = append(p.ini.Errors, Error{
		At:      at,
		GaveUp:  p.trimmed(p.lex.start, p.lex.end),
		Message: message + " in Unknown on line " + strconv.Itoa(p.lex.number),
		Summary: summary,
		Hint:    hint,
	})
}

const (
	quoteTheValue = "put the whole value in double quotes"
	closeTheQuote = "close it on the same line: php-fpm reads each line on its own"
)

// fail reports a lookahead that no statement can start or go on with.
func (p *iniParser) fail() bool {
	written := strings.TrimRight(p.lex.slice(p.tok.start, max(p.tok.end, p.tok.start)), " \t\r\n")
	start, end := p.tok.start, p.tok.start+len(written)
	value := strings.Contains(p.lex.text[p.lex.start:min(start, p.lex.end)], "=")
	switch kind := p.tok.kind; {
	case kind == iniEOF && p.unclosedQuote():
		return p.failAt("", start, start+1, "single quote is never closed", closeTheQuote)
	case kind == iniEOF:
		return p.failAt("", start, start+1, "a NUL byte ends the line", "remove it")
	case strings.HasPrefix(written, "#"):
		return p.failAt("", start, end, "`#` does not start a comment here", "start comments with ;")
	case kind == '=' && value:
		return p.failAt("", start, end, "second `=` in a value", quoteTheValue)
	case kind == '=':
		return p.failAt("", start, end, "no key before `=`", "write the name of a key before it")
	case value:
		return p.failAt("", start, end, "`"+written+"` cannot stand here in a value", quoteTheValue)
	case kind == iniTrue || kind == iniFalse || kind == iniNull:
		return p.failAt("", start, end, "`"+written+"` cannot be a key", "")
	}
	return p.failAt("", start, end, "`"+written+"` cannot stand in a key", "a comment starts with ;")
}

// unclosedQuote reports whether the lookahead is a single quote that none closes.
func (p *iniParser) unclosedQuote() bool {
	return p.lex.at(p.tok.start) == '\'' && p.lex.at(p.tok.start+1) != '\''
}

// failBracket reports that the bracket at open is not closed before the lookahead.
func (p *iniParser) failBracket(open int) {
	const expecting = "']'"
	at := p.tok.start
	switch {
	case at >= p.lex.end || !strings.Contains(p.lex.text[at:p.lex.end], "]"):
		p.failAt(expecting, open, open+1, "bracket is never closed", "add the closing ]")
	case p.unclosedQuote():
		p.failAt(expecting, at, at+1, "single quote is never closed", closeTheQuote)
	default:
		p.failAt(expecting, at, at+1, "`"+p.lex.slice(at, at+1)+"` cannot stand in brackets", "put the name in double quotes")
	}
}

// failItem reports that there is no equals sign behind the brackets of a key.
func (p *iniParser) failItem(e iniEntry, open int) bool {
	const expecting = "'='"
	if p.lex.whole {
		return p.failAt(expecting, p.tok.start, p.tok.end, "", "")
	}
	switch {
	case e.Name == "": // blanks before the bracket make it no section
		p.failAt(expecting, e.span.Start, open, "blanks before a section head", "php-fpm takes [ behind a space for part of a key")
		if p.tok.kind == iniEndOfLine {
			last := &p.ini.Errors[len(p.ini.Errors)-1]
			last.FixTitle, last.FixAt = "remove the blanks", last.At
		}
		end := e.span.End
		p.add(iniEntry{Entry: Entry{Kind: Section, Name: e.Offset}, name: p.span(open+1, end-1), value: p.empty(end), span: p.span(open, end)})
		return false
	case p.tok.kind == iniEndOfLine:
		p.failAt(expecting, e.span.Start, e.span.End, "`"+e.name.Text()+"` has no value", "write = and a value behind it")
	default:
		p.failAt(expecting, p.tok.start, p.tok.end, "text between `]` and `=`", "")
	}
	return p.cut(e)
}

// failOperand reports that the last bracket or operator is not followed by a value.
func (p *iniParser) failOperand(stack []iniFrame) bool {
	if p.tok.kind != iniEndOfLine || len(stack) == 0 {
		return p.fail()
	}
	op := stack[len(stack)-1].op
	return p.failAt("", op.start, op.start+1, "nothing stands behind `"+string(op.kind)+"`", quoteTheValue)
}

func (p *iniParser) failDepth() bool {
	p.report("memory exhausted", p.span(p.tok.start, p.tok.end), "too many brackets and operators in a value", quoteTheValue)
	return false
}
