package syntax

import "strings"

// Opaque reports whether a word holds what a program puts a value in place of: a
// template's part, or a name that is Marked.
func Opaque(word string) bool {
	for i := range len(word) {
		if c := word[i]; marks[c] && c != '_' || c == '{' || c == '_' && i+1 < len(word) && word[i+1] == '_' {
			return isTemplate(word) || Marked(word)
		}
	}
	return false // almost all hold nothing that may begin one
}

func isTemplate(word string) bool {
	for i := 0; i+1 < len(word); i++ {
		switch word[i] {
		case '{':
			if word[i+1] == '{' || word[i+1] == '%' {
				return true
			}
		case '<':
			if word[i+1] == '%' {
				return true
			}
		}
	}
	return false
}

// FilledIn reports whether a program fills in a part of a directive before nginx
// reads it: a word of it is Opaque or holds a Placeholder. It is found out once for
// each directive, however often its file is included.
func (t *Tree) FilledIn(d ID) bool {
	t.filledInOnce.Do(t.findFilledIn)
	return t.filledIn != nil && t.filledIn[d/64]&(1<<(d%64)) != 0
}

func (t *Tree) findFilledIn() {
	for d := range t.nodes {
		n := &t.nodes[d]
		for w := n.word; w < n.word+n.nwords; w++ {
			if text := t.value(w); !isTemplate(text) && !Placeholder(text) {
				continue
			}
			if t.filledIn == nil {
				t.filledIn = make([]uint64, len(t.nodes)/64+1)
			}
			t.filledIn[d/64] |= 1 << (d % 64)
			break
		}
	}
}

// Placeholder reports whether a word holds what deployment scripts put their values
// in place of: what Marked finds, $NAME or :NAME. What is between two colons names
// a zone or cache, as in shared:SSL:10m.
func Placeholder(word string) bool {
	for i := range len(word) {
		switch rest := word[i+1:]; word[i] {
		case '$':
			if shouted(strings.TrimPrefix(rest, "{")) {
				return true
			}
		case ':':
			if i > 0 && word[i-1] != '?' && shouted(rest) && !namesZone(rest) {
				return true
			}
		}
	}
	return Marked(word)
}

// Marked reports whether a word holds a name between marks, as deployment scripts
// know their places by: __NAME__, @name@, %NAME%, <name> or [[name]]. The name of a
// group in a regular expression, `(?<name>`, is none.
func Marked(word string) bool {
	if strings.IndexByte(word, '<') >= 0 {
		word = strings.NewReplacer("(?P<", "", "(?<", "").Replace(word)
	}
	for i := range len(word) {
		if !marks[word[i]] {
			continue
		}
		switch rest := word[i+1:]; word[i] {
		case '_':
			if rest != "" && rest[0] == '_' && named(rest[1:], nameUpper, nameUpper|nameDigit|nameUnderscore, "__") {
				return true
			}
		case '@':
			if named(rest, nameLetter, nameLetter|nameDigit|nameUnderscore|nameSign, "@") {
				return true
			}
		case '%':
			// %C% stands in access.format.
			if shouted(rest) && named(rest, nameUpper, nameUpper|nameDigit|nameUnderscore, "%") {
				return true
			}
		case '<':
			if named(rest, nameLetter, nameLetter|nameDigit|nameUnderscore|nameSign|nameBlank, ">") {
				return true
			}
		case '[':
			if rest != "" && rest[0] == '[' && named(rest[1:], nameLetter, nameLetter|nameDigit|nameUnderscore|nameDot, "]]") {
				return true
			}
		}
	}
	return false
}

// marks are the bytes that what is Marked begins with.
var marks = [256]bool{'_': true, '@': true, '%': true, '<': true, '[': true}

// The bytes of which names of placeholders are made.
const (
	nameUpper = 1 << iota
	nameLower
	nameDigit
	nameUnderscore
	nameDot
	nameMinus
	nameBlank

	nameLetter = nameUpper | nameLower
	nameSign   = nameDot | nameMinus
)

func nameByte(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return nameUpper
	case c >= 'a' && c <= 'z':
		return nameLower
	case c >= '0' && c <= '9':
		return nameDigit
	case c == '_':
		return nameUnderscore
	case c == '.':
		return nameDot
	case c == '-':
		return nameMinus
	case c == ' ':
		return nameBlank
	}
	return 0
}

// named reports whether a text begins with a name, whose bytes are of these sorts,
// and what has to stand behind it.
func named(text string, first, others int, behind string) bool {
	if text == "" || nameByte(text[0])&first == 0 {
		return false
	}
	for i := 1; i < len(text); i++ {
		if strings.HasPrefix(text[i:], behind) {
			return true
		}
		if nameByte(text[i])&others == 0 {
			return false
		}
	}
	return false
}

// namesZone reports whether a colon ends the name that a text begins with.
func namesZone(text string) bool {
	end := 0
	for end < len(text) && nameByte(text[end])&(nameUpper|nameDigit|nameUnderscore) != 0 {
		end++
	}
	return end < len(text) && text[end] == ':'
}

// shouted reports whether a text begins with a name in capitals of two bytes or more.
func shouted(text string) bool {
	return len(text) > 1 && nameByte(text[0])&nameUpper != 0 && nameByte(text[1])&(nameUpper|nameDigit|nameUnderscore) != 0
}
