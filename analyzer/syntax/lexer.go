package syntax

import (
	"iter"
	"strings"

	"nginx-lint/analyzer/source"
)

// TokenKind tells tokens apart. The zero value is no kind.
type TokenKind uint8

// The kinds of tokens.
const (
	TokenSpace      TokenKind = iota + 1 // blanks, tabs, CR and LF
	TokenComment                         // from `#` to before LF
	TokenWord                            // a plain word
	TokenQuoted                          // a word in quotes, with them
	TokenSemicolon                       // `;`
	TokenBlockOpen                       // `{`
	TokenBlockClose                      // `}`
	TokenLua                             // the body of a `*_by_lua_block`
	TokenStray                           // a `;`, `{` or `}` that belongs to nothing
)

// A Token is a range of bytes of a file.
type Token struct {
	Kind       TokenKind
	Start, End int
}

// Tokens are the tokens of a file as Parse reads them. They cover every byte:
// concatenated they give the file back, whatever it holds.
func Tokens(f *source.File) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		_, tokens := parse(f, true)
		for _, t := range tokens {
			if !yield(t) {
				return
			}
		}
	}
}

// bufferSize is the size of nginx's read buffer: no word and no comment may
// take that many bytes and go on.
const bufferSize = 4096

// Classes of bytes.
const (
	isSpace   = 1 << iota // nginx's whitespace
	endsPlain             // ends a plain word, or needs a closer look inside one
)

var class = [256]uint8{
	' ': isSpace | endsPlain, '\t': isSpace | endsPlain, '\r': isSpace | endsPlain, '\n': isSpace | endsPlain,
	';': endsPlain, '{': endsPlain, '\\': endsPlain, '$': endsPlain,
}

// scanPlain returns where the plain word that starts at i ends, and whether
// unescaping changes it.
func scanPlain(text string, i int) (end int, escaped bool) {
	for i < len(text) {
		c := text[i]
		if class[c]&endsPlain == 0 {
			i++
			continue
		}
		switch c {
		case '\\':
			if i+1 < len(text) && escapes[text[i+1]] != 0 {
				escaped = true
			}
			i = min(i+2, len(text))
		case '$':
			// Directly after `$` a `{` is literal, and so is the next one.
			i++
			for i < len(text) && text[i] == '{' {
				i++
			}
		default:
			return i, escaped
		}
	}
	return i, escaped
}

// scanQuoted returns where the text that starts at i ends in an unescaped
// quote, and whether unescaping changes it; closed is false where text ends first.
func scanQuoted(text string, i int, quote byte) (end int, escaped, closed bool) {
	for i < len(text) {
		switch text[i] {
		case quote:
			return i, escaped, true
		case '\\':
			if i+1 < len(text) && escapes[text[i+1]] != 0 {
				escaped = true
			}
			i += 2
		default:
			i++
		}
	}
	return len(text), escaped, false
}

// scanSpace returns where the whitespace that starts at i ends.
func scanSpace(text string, i int) int {
	for i < len(text) && class[text[i]]&isSpace != 0 {
		i++
	}
	return i
}

// lineEnd is the offset of the first LF at or after i, or the end of the text.
func lineEnd(text string, i int) int {
	if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(text)
}
