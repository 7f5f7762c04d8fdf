package syntax

import (
	"strings"
)

// luaBody takes the body of a `*_by_lua_block` up to its `}`, which is left to
// closeBlock. Braces in strings, long brackets and comments do not count.
func (p *parser) luaBody(head int) {
	body := p.pos
	end, open := scanLua(p.text, body)
	if open >= 0 {
		p.luaUnclosed(body-1, open)
		if p.spend(end - body) {
			end = p.luaRecover(head, end)
		}
	}
	p.token(TokenLua, end)
	p.last = end
}

// scanLua reads as lua-nginx-module 0.10.23 does; it returns where the `}` stands that ends the Lua source beginning at i.
// Without one, end is the end of the text and open where the long bracket begins
// that was left open, or else the last `{`; i-1 is the block's own.
func scanLua(text string, i int) (end, open int) {
	open = i - 1
	depth := 1
	odd := map[byte]int{} // quotes without a partner, up to that offset
	for i < len(text) {
		switch c := text[i]; c {
		case '{':
			open = i
			depth++
			i++
		case '}':
			depth--
			if depth == 0 {
				return i, -1
			}
			i++
		case '"', '\'':
			// A string ends on its line; a quote without a partner there is an ordinary byte.
			if i >= odd[c] {
				eol := lineEnd(text, i)
				if end, _, closed := scanQuoted(text[:eol], i+1, c); closed {
					i = end
				} else {
					odd[c] = eol
				}
			}
			i++
		case '-':
			if !strings.HasPrefix(text[i:], "--") {
				i++
				break
			}
			i += 2
			if level := longBracket(text, i); level >= 0 {
				next := skipLong(text, i, level)
				if next < 0 {
					return len(text), i
				}
				i = next
				break
			}
			i = lineEnd(text, i)
		case '[':
			level := longBracket(text, i)
			if level < 0 {
				i++
				break
			}
			next := skipLong(text, i, level)
			if next < 0 {
				return len(text), i
			}
			i = next
		default:
			i++
		}
	}
	return len(text), open
}

// longBracket is the number of `=` in the long bracket that opens at i; -1 where none does.
func longBracket(text string, i int) int {
	if i >= len(text) || text[i] != '[' {
		return -1
	}
	j := i + 1
	for j < len(text) && text[j] == '=' {
		j++
	}
	if j < len(text) && text[j] == '[' {
		return j - i - 1
	}
	return -1
}

// skipLong returns where the long bracket at i ends; -1 where it does not.
func skipLong(text string, i, level int) int {
	closing := "]" + text[i+1:i+1+level] + "]"
	n := strings.Index(text[i+len(closing):], closing)
	if n < 0 {
		return -1
	}
	return i + n + 2*len(closing)
}

// luaUnclosed reports a Lua body without end, in the words of lua-nginx-module.
func (p *parser) luaUnclosed(brace, open int) {
	f := p.tree.File
	if p.text[open] == '[' {
		width := longBracket(p.text, open) + 2
		at := p.spanOf(open, open+width)
		e := p.luaOpen(at, f.Line(open), `Lua code block missing the closing long bracket "`+
			strings.ReplaceAll(at.Text(), "[", "]")+`", the inlined Lua code may be too long`)
		p.fail(e)
	} else {
		p.fail(p.luaOpen(p.spanOf(brace, brace+1), f.Line(open), luaEnd))
	}
	p.distrust()
}

// luaRecover guesses where a Lua body without end was meant to end: at the
// first `}` after it that stands in the column of the block's head.
func (p *parser) luaRecover(head, end int) int {
	want, _ := p.indent(head)
	for i := lineEnd(p.text, p.pos); i < end; i = lineEnd(p.text, i) {
		i++
		j := i
		for j < end && (p.text[j] == ' ' || p.text[j] == '\t') {
			j++
		}
		if j < end && p.text[j] == '}' {
			if column, _ := p.indent(j); column <= want {
				return j
			}
		}
	}
	return end
}
