package syntax

import (
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	"nginx-lint/analyzer/source"
)

// ParseTemplate reads nginx configuration in which a program fills in parts before
// nginx reads it: Jinja, ERB and Go templates. What stands for a part of a word is
// part of that word; what decides, repeats or includes takes no place, so that all
// branches are read. It returns nil where what is left is no configuration: the
// parts then stand for more than words and directives.
func ParseTemplate(f *source.File) *Tree {
	text, s, ok := maskTemplate(f.Text)
	if !ok {
		return nil
	}
	t, _ := parse(source.NewFile(f.Path, text), false)
	if len(t.Errors) > 0 {
		return nil
	}
	t.File, t.conditional, t.filled = f, s.conditional, map[ID]extent{}
	for _, at := range s.at {
		if d := t.block(int(at.start)); t.filled[d] == (extent{}) {
			t.filled[d] = at
		}
	}
	return t
}

// Conditional reports whether a span lies, in part, on a line of which a program
// makes something else, or on none, or on several.
func (t *Tree) Conditional(at source.Span) bool {
	i := sort.Search(len(t.conditional), func(i int) bool { return int(t.conditional[i].end) > at.Start })
	return i < len(t.conditional) && int(t.conditional[i].start) < max(at.End, at.Start+1)
}

// DecidedIn is the first place directly in a block, or in the file itself, at which a
// program decides what stands there; ok is false where there is none.
func (t *Tree) DecidedIn(d ID) (at source.Span, ok bool) {
	s, ok := t.filled[d]
	if !ok {
		return source.Span{}, false
	}
	return t.span(s.start, s.end), true
}

// block is the innermost block whose body holds an offset.
func (t *Tree) block(offset int) ID {
	d := t.At(offset)
	for d != Root && (!t.IsBlock(d) || offset <= int(t.nodes[d].open)) {
		d = t.nodes[d].parent
	}
	return d
}

// templateParts are where the parts of a template are.
type templateParts struct {
	at          []extent // statements
	conditional []extent // whole lines, in order and apart
}

// maxTags is how many tags of a template are looked at.
const maxTags = 20_000

// statement is the first word of a tag of Go templates, which looks like that of a value.
var statement = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(if|else|end|range|with|define|template|block|break|continue|include|\$\w+\s*:?=)(\s|$|\()`)
})

// opens and closes tell which statements have others inside them.
var (
	opens = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(if|for|range|with|define|block|macro|call|filter|raw|autoescape|unless|case|while|until|begin)\b|\bdo(\s*\|[^|]*\|)?$`)
	})
	closes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(end\w*)$|^(end\w*)\s`) })
)

// maskTemplate writes tags that stand for words as letters, and others as blanks. ok is
// false for a text without tags, with one that has no end, or with too many.
func maskTemplate(text string) (masked string, parts templateParts, ok bool) {
	b := []byte(text)
	var inside []int // where the statements begin that are open
	balanced := true
	n := 0
	for i := 0; i < len(text); {
		end, kind := tag(text, i)
		if kind == noTag {
			i++
			continue
		}
		if n++; end < 0 || n > maxTags {
			return "", parts, false
		}
		if kind == valueTag && alone(text, i, end) {
			kind = statementTag // it stands for whole directives
		}
		with := byte(' ')
		if kind == valueTag {
			with = 'x'
		}
		for j := i; j < end; j++ {
			if kind == valueTag || b[j] != '\n' {
				b[j] = with
			}
		}
		if kind == statementTag {
			parts.at = append(parts.at, span32(i, end))
			switch word := inner(text[i:end]); {
			case closes().MatchString(word):
				if len(inside) == 0 {
					balanced = false
					break
				}
				parts.conditional = append(parts.conditional, span32(inside[len(inside)-1], end))
				inside = inside[:len(inside)-1]
			case opens().MatchString(word):
				inside = append(inside, i)
			}
		}
		parts.conditional = append(parts.conditional, span32(i, end))
		i = end
	}
	if !balanced || len(inside) > 0 {
		parts.conditional = []extent{span32(0, len(text))}
	}
	parts.conditional = wholeLines(text, parts.conditional)
	return string(b), parts, n > 0
}

func span32(start, end int) extent {
	return extent{int32(start), int32(end)} //nolint:gosec // below maxText
}

// wholeLines are the lines that ranges lie on, in order and joined where they touch.
func wholeLines(text string, ranges []extent) []extent {
	slices.SortFunc(ranges, func(a, b extent) int { return int(a.start - b.start) })
	var joined []extent
	for _, r := range ranges {
		n := len(joined)
		if n > 0 && r.end <= joined[n-1].end {
			continue
		}
		end := lineEnd(text, int(r.end))
		if n > 0 && r.start <= joined[n-1].end {
			joined[n-1] = span32(int(joined[n-1].start), end)
		} else {
			joined = append(joined, span32(strings.LastIndexByte(text[:r.start], '\n')+1, end))
		}
	}
	return joined
}

type tagKind uint8

const (
	noTag tagKind = iota
	valueTag
	statementTag
	commentTag
)

// tag is what begins at an offset; end is -1 for a tag without one.
func tag(text string, i int) (end int, kind tagKind) {
	var closing string
	switch rest := text[i:]; {
	case strings.HasPrefix(rest, "{%"):
		closing, kind = "%}", statementTag
	case strings.HasPrefix(rest, "{#"):
		closing, kind = "#}", commentTag
	case strings.HasPrefix(rest, "<%#"):
		closing, kind = "%>", commentTag
	case strings.HasPrefix(rest, "<%="):
		closing, kind = "%>", valueTag
	case strings.HasPrefix(rest, "<%"):
		closing, kind = "%>", statementTag
	case strings.HasPrefix(rest, "{{"):
		closing, kind = "}}", valueTag
	default:
		return 0, noTag
	}
	n := strings.Index(text[i+2:], closing)
	if n < 0 {
		return -1, kind
	}
	end = i + 2 + n + len(closing)
	if kind == valueTag && text[i] == '{' {
		switch word := inner(text[i:end]); {
		case strings.HasPrefix(word, "/*"):
			kind = commentTag
		case statement().MatchString(word):
			kind = statementTag
		}
	}
	return end, kind
}

// inner is what stands in a tag.
func inner(tag string) string {
	return strings.TrimSpace(strings.Trim(tag[2:len(tag)-2], "-~+=%"))
}

// alone reports whether nothing but blanks stands on the lines of a tag beside it.
func alone(text string, start, end int) bool {
	before := strings.TrimRight(text[:start], " \t\r")
	after := strings.TrimLeft(text[end:], " \t\r")
	return (before == "" || before[len(before)-1] == '\n') && (after == "" || after[0] == '\n')
}
