package syntax

import (
	"strings"

	"nginx-lint/analyzer/source"
)

// The tokens of Zend's INI grammar; a single character stands for itself.
const (
	iniEOF rune = iota + 256
	iniSection
	iniRaw
	iniConstant
	iniNumber
	iniString
	iniWhitespace
	iniLabel
	iniOffset
	iniDollarCurly
	iniVarname
	iniQuoted
	iniTrue
	iniFalse
	iniNull
	iniEndOfLine
)

// iniTokenName is the name under which PHP's messages know a token.
func iniTokenName(kind rune) string {
	switch kind {
	case iniEOF:
		return "end of file"
	case iniSection:
		return "TC_SECTION"
	case iniRaw:
		return "TC_RAW"
	case iniConstant:
		return "TC_CONSTANT"
	case iniNumber:
		return "TC_NUMBER"
	case iniString:
		return "TC_STRING"
	case iniWhitespace:
		return "TC_WHITESPACE"
	case iniLabel:
		return "TC_LABEL"
	case iniOffset:
		return "TC_OFFSET"
	case iniDollarCurly:
		return "TC_DOLLAR_CURLY"
	case iniVarname:
		return "TC_VARNAME"
	case iniQuoted:
		return "TC_QUOTED_STRING"
	case iniTrue:
		return "BOOL_TRUE"
	case iniFalse:
		return "BOOL_FALSE"
	case iniNull:
		return "NULL_NULL"
	case iniEndOfLine:
		return "END_OF_LINE"
	}
	return "'" + string(kind) + "'"
}

type iniToken struct {
	kind       rune
	text       string // without quotes, trimmed or unescaped
	start, end int    // as written
}

type iniState uint8

const (
	iniInitial iniState = iota
	iniInValue
	iniInSection
	iniInOffset
	iniInQuotes
	iniInVarname
)

// iniLexer splits one line, or a whole file, into tokens. In each state the longest
// match wins, and among matches of one length the rule that stands first here. A
// match that runs over the limit is the end of the file to PHP.
type iniLexer struct {
	file       *source.File
	text       string
	whole      bool // a file, behind which PHP puts NULs
	start, end int  // the file, or the line without its LF; php-fpm puts an LF behind every line
	limit      int  // where PHP's string ends: with the file, behind the line's LF, or at the line's first NUL
	pos        int
	state      iniState
	outer      []iniState // what quotes and variables stand in
	number     int        // the line number that PHP would print
	comments   []source.Span
}

func newINILexer(f *source.File, start, end int) iniLexer {
	l := iniLexer{file: f, text: f.Text, start: start, end: end, limit: end + 1, pos: start, number: 1}
	if i := strings.IndexByte(f.Text[start:end], 0); i >= 0 {
		l.limit = start + i
	}
	// PHP takes the mark at the start of each string for that of a file.
	if strings.HasPrefix(f.Text[start:end], "\xef\xbb\xbf") && start+3 < l.limit {
		l.pos += 3
	}
	return l
}

// newINIFileLexer splits a whole file.
func newINIFileLexer(f *source.File) iniLexer {
	l := iniLexer{file: f, text: f.Text, whole: true, end: len(f.Text), limit: len(f.Text), number: 1}
	if strings.HasPrefix(f.Text, "\xef\xbb\xbf") && len(f.Text) > 3 {
		l.pos = 3
	}
	return l
}

// at is the byte at an offset; -1 behind the line.
func (l *iniLexer) at(i int) rune {
	switch {
	case i < l.end:
		return rune(l.text[i])
	case l.whole:
		return 0
	case i == l.end:
		return '\n'
	}
	return -1
}

// slice is the text of a token, the appended LF included.
func (l *iniLexer) slice(from, to int) string {
	if to <= l.end || l.whole {
		return l.text[from:min(to, l.end)]
	}
	return l.text[from:l.end] + "\n"
}

func (l *iniLexer) next() iniToken {
	for {
		if l.pos >= l.limit {
			if l.state == iniInValue {
				l.state = iniInitial
				return l.token(iniEndOfLine, l.pos)
			}
			return l.token(iniEOF, l.pos)
		}
		number := l.number
		var t iniToken
		switch l.state {
		case iniInitial:
			t = l.initial()
		case iniInValue:
			t = l.value()
		case iniInSection, iniInOffset:
			t = l.bracketed()
		case iniInQuotes:
			t = l.quotes()
		case iniInVarname:
			t = l.varname()
		}
		if t.end > l.limit { // the rule matched bytes behind PHP's string
			t.kind, l.number = iniEOF, number
		}
		l.pos = t.end
		if t.kind != 0 { // blanks that no rule returns
			return t
		}
	}
}

// token makes one that starts at the reading position.
func (l *iniLexer) token(kind rune, end int) iniToken {
	return iniToken{kind: kind, start: l.pos, end: end}
}

func (l *iniLexer) textToken(kind rune, end int) iniToken {
	return iniToken{kind: kind, text: l.slice(l.pos, end), start: l.pos, end: end}
}

func (l *iniLexer) initial() iniToken {
	blank := l.blanks(l.pos)
	switch l.at(blank) {
	case '\n', '\r', ';':
		return l.endOfLine(blank)
	case '=':
		l.state = iniInValue
		return l.token('=', l.blanks(blank+1))
	}
	if l.at(l.pos) == '[' {
		l.state = iniInSection
		return l.token(iniSection, l.pos+1)
	}
	label := l.label(l.pos)
	switch {
	case label > l.pos && l.at(label) == '[':
		l.state = iniInOffset
		t := l.token(iniOffset, l.blanks(label+1))
		t.text = strings.Trim(l.slice(l.pos, label), " ")
		return t
	case blank > label:
		return iniToken{start: l.pos, end: blank}
	case label == l.pos:
		return l.token(l.at(l.pos), l.pos+1)
	}
	if kind, end := l.word(); end >= label {
		return l.token(kind, end)
	}
	t := l.token(iniLabel, label)
	t.text = strings.Trim(l.slice(l.pos, label), " ")
	return t
}

func (l *iniLexer) value() iniToken {
	blank := l.blanks(l.pos)
	switch l.at(blank) {
	case '\n', '\r', ';':
		l.state = iniInitial
		return l.endOfLine(blank)
	case '"':
		return l.openQuotes(blank)
	}
	if blank > l.pos {
		return l.textToken(iniWhitespace, blank)
	}
	c := l.at(l.pos)
	switch c {
	case '&', '|', '^', '~', '(', ')', '!':
		return l.token(c, l.blanks(l.pos+1))
	case '=': // read again as the start of a statement, where it is an error
		l.state = iniInitial
		return l.token(iniEndOfLine, l.pos)
	case '\'':
		if end := l.singleQuoted(); end > l.pos {
			return iniToken{kind: iniRaw, text: l.slice(l.pos+1, end-1), start: l.pos, end: end}
		}
	case '$':
		if l.at(l.pos+1) == '{' {
			return l.openVariable()
		}
	}
	end := l.run(&endsINIValue, false)
	if kind, word := l.word(); word >= end && word > l.pos {
		return l.token(kind, word)
	}
	if end == l.pos { // a quote with nothing in it, a dollar before NUL
		l.state = iniInitial
		return l.textToken(iniEndOfLine, l.pos+1)
	}
	return l.textToken(l.class(end), end)
}

// bracketed reads the name of a section or the offset of a key.
func (l *iniLexer) bracketed() iniToken {
	blank := l.blanks(l.pos)
	switch {
	case l.at(l.pos) == ']' && l.state == iniInSection:
		l.state = iniInitial
		l.number++
		return l.token(']', l.newline(l.blanks(l.pos+1)))
	case l.at(blank) == ']' && l.state == iniInOffset:
		l.state = iniInitial
		return iniToken{kind: ']', start: blank, end: blank + 1}
	case l.at(blank) == '"':
		return l.openQuotes(blank)
	case l.at(l.pos) == '\'':
		if end := l.singleQuoted(); end > l.pos {
			return iniToken{kind: iniRaw, text: l.slice(l.pos+1, end-1), start: l.pos, end: end}
		}
	case l.at(l.pos) == '$' && l.at(l.pos+1) == '{':
		return l.openVariable()
	}
	end := l.run(&endsININame, true)
	if end == l.pos {
		return l.token(iniEOF, l.pos)
	}
	return l.textToken(l.class(end), end)
}

func (l *iniLexer) quotes() iniToken {
	c := l.at(l.pos)
	if c == '"' {
		l.pop()
		return l.token('"', l.blanks(l.pos+1))
	}
	if c == '$' && l.at(l.pos+1) == '{' {
		return l.openVariable()
	}
	end := l.pos
scan:
	for ; end < l.limit; end++ {
		switch l.at(end) {
		case '"':
			break scan
		case '$':
			if end+1 < l.limit && l.at(end+1) == '{' {
				break scan
			}
		case '\\':
			if end+1 >= l.limit {
				break
			}
			end++
			// "C:\path\" at the end of a line is closed.
			if after := l.at(end + 1); l.at(end) == '"' && (end+1 >= l.limit || after == '\n' || after == '\r') {
				break scan
			}
		}
	}
	t := l.textToken(iniQuoted, end)
	t.text = l.unescape(t.text)
	return t
}

// unescape takes the backslash from `\\`, `\"` and `\$`, and counts lines as PHP does.
func (l *iniLexer) unescape(s string) string {
	if !strings.ContainsAny(s, "\\\r\n") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if c := s[i]; c != '\\' && c != '"' && c != '$' {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(s[i])
		if s[i] == '\n' || s[i] == '\r' && (i+1 == len(s) || s[i+1] != '\n') {
			l.number++
		}
	}
	return b.String()
}

func (l *iniLexer) varname() iniToken {
	if l.at(l.pos) == '}' {
		l.pop()
		return l.token('}', l.pos+1)
	}
	end := l.label(l.pos)
	if fallback := strings.Index(l.text[l.pos:min(end, l.end)], ":-"); fallback > 0 {
		end = max(end, l.fallback(l.pos+fallback+2))
	}
	if end == l.pos {
		return l.token(iniEOF, l.pos)
	}
	return l.textToken(iniVarname, end)
}

// fallback finds the brace that ends a fallback with quotes and variables in it,
// which PHP takes since 8.3; 0 where none does.
func (l *iniLexer) fallback(from int) int {
	depth := 0
	for i := from; i < min(l.limit, l.end); i++ {
		switch c := l.text[i]; c {
		case '\\':
			i++
		case '"', '\'':
			n := strings.IndexByte(l.text[i+1:l.end], c)
			if n < 0 {
				return 0
			}
			i += n + 1
		case '{':
			if l.text[i-1] == '$' {
				depth++
			}
		case '}':
			if depth == 0 {
				return i
			}
			depth--
		case ';', '\r', '\n':
			return 0
		}
	}
	return 0
}

// endOfLine takes a line end, or a comment with the line end behind it.
func (l *iniLexer) endOfLine(from int) iniToken {
	end := from
	if l.at(from) == ';' {
		end = l.end
		if i := strings.IndexAny(l.text[from:l.end], "\r\n"); i >= 0 {
			end = from + i
		}
		l.comments = append(l.comments, source.Span{File: l.file, Start: from, End: end})
		if l.whole && end == l.end {
			return l.token(iniEndOfLine, l.limit+1)
		}
	}
	l.number++
	return l.token(iniEndOfLine, l.newline(end))
}

// newline is the offset behind the line end at an offset, if one is there.
func (l *iniLexer) newline(from int) int {
	if l.at(from) == '\r' {
		from++
		if l.at(from) != '\n' {
			return from
		}
	}
	if l.at(from) == '\n' {
		from++
	}
	return from
}

func (l *iniLexer) openQuotes(at int) iniToken {
	l.push(iniInQuotes)
	return iniToken{kind: '"', start: at, end: at + 1}
}

func (l *iniLexer) openVariable() iniToken {
	l.push(iniInVarname)
	return l.token(iniDollarCurly, l.pos+2)
}

func (l *iniLexer) push(s iniState) {
	l.outer = append(l.outer, l.state)
	l.state = s
}

func (l *iniLexer) pop() {
	last := len(l.outer) - 1
	l.state, l.outer = l.outer[last], l.outer[:last]
}

// singleQuoted is the offset behind the closing quote; behind everything where
// there is none, and the reading position where the quotes are empty.
func (l *iniLexer) singleQuoted() int {
	switch i := strings.IndexByte(l.text[l.pos+1:l.end], '\''); i {
	case -1:
		return l.limit + 1
	case 0:
		return l.pos
	default:
		return l.pos + i + 2
	}
}

func (l *iniLexer) blanks(i int) int {
	for i < l.end && (l.text[i] == ' ' || l.text[i] == '\t') {
		i++
	}
	return i
}

func (l *iniLexer) label(i int) int {
	for i < l.end && !endsINILabel[l.text[i]] {
		i++
	}
	if l.whole && i == l.end {
		return l.limit + 1 // a key may hold NUL
	}
	return i
}

// run is the end of the longest run of bytes that are no stops, of `$` with what
// follows it (but `{` and NUL; an escaped byte whatever it is), and, where
// escapes is set, of a backslash with the byte behind it. `$\` may count as two
// bytes or as the head of three, so all readings are followed at once.
func (l *iniLexer) run(stops *[256]bool, escapes bool) int {
	const (
		between = 1 << iota
		dollar
		escape
	)
	end := l.pos
	for end < l.end && !stops[l.text[end]] {
		end++
	}
	readings := between
	for i := end; readings != 0 && i <= l.end; i++ {
		c := l.at(i)
		next := 0
		if readings&between != 0 {
			switch {
			case c == '$':
				next |= dollar
			case c == '\\' && escapes:
				next |= escape
			case !stops[c]:
				next |= between
			}
		}
		if readings&dollar != 0 && c != '{' && c != 0 {
			next |= between
			if c == '\\' {
				next |= escape
			}
		}
		if readings&escape != 0 {
			next |= between
		}
		readings = next
		if readings&between != 0 {
			end = i + 1
		}
	}
	return end
}

// The bytes that end a key, a part of a value, and a part of a section's name or an offset.
var (
	endsINILabel = byteSet("=\n\r\t;&|^$~(){}!\"[")
	endsINIValue = byteSet("$= \t\n\r;&|^~()!\"'\x00")
	endsININame  = byteSet("$\n\r;\"']\\")
)

func byteSet(s string) (set [256]bool) {
	for i := range len(s) {
		set[s[i]] = true
	}
	return set
}

// word reads a boolean word and the blanks behind it; its end is the reading
// position where none stands there.
func (l *iniLexer) word() (rune, int) {
	end := l.pos
	for end < l.end && end < l.pos+6 && l.text[end]|0x20 >= 'a' && l.text[end]|0x20 <= 'z' {
		end++
	}
	if end == l.pos+6 { // longer than all of them
		return 0, l.pos
	}
	var kind rune
	switch strings.ToLower(l.text[l.pos:end]) {
	case "true", "on", "yes":
		kind = iniTrue
	case "false", "off", "no", "none":
		kind = iniFalse
	case "null":
		kind = iniNull
	default:
		return 0, l.pos
	}
	return kind, l.blanks(end)
}

// class tells the kind of a run of bytes that ends at an offset.
func (l *iniLexer) class(end int) rune {
	s := l.slice(l.pos, end)
	switch {
	case isINIConstant(s):
		return iniConstant
	case isININumber(s):
		return iniNumber
	}
	return iniString
}

func isINIConstant(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// isININumber matches `-5`, `5`, `5.`, `.5` and `5.5`, but not `-5.5`.
func isININumber(s string) bool {
	whole, fraction, dotted := strings.Cut(s, ".")
	if !dotted {
		return isDigits(strings.TrimPrefix(s, "-"))
	}
	return len(s) > 1 && (whole == "" || isDigits(whole)) && (fraction == "" || isDigits(fraction))
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
