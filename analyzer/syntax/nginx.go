package syntax

import (
	"hash/maphash"
	"iter"
	"math"
	"sort"
	"strings"
	"sync"

	"nginx-lint/analyzer/source"
)

// ID is the index of a directive in its tree.
type ID int32

// Root is the file itself, seen as a block without name or braces.
const Root ID = 0

// None is no directive.
const None ID = -1

// MaxDepth is how many blocks may stand inside each other. What is deeper is
// skipped and reported as an Error with Limit set; nginx itself has no limit.
const MaxDepth = 100

// A Tree is one nginx configuration file as it is written: flat slices indexed
// by ID, in the order of the file, without a pointer per directive. It is
// complete whatever the file holds; what was wrong stands in Errors.
type Tree struct {
	File   *source.File
	Errors []Error

	nodes    []node
	words    []word
	comments []extent
	// conditional and filled are of a template: see ParseTemplate.
	conditional []extent
	filled      map[ID]extent

	indentOnce sync.Once // asked by rules that run at the same time
	indent     string

	filledInOnce sync.Once
	filledIn     []uint64 // a bit for each directive; nil where there is none
}

// A node is one directive. Its children follow it directly in the slice.
type node struct {
	word   int32 // first word
	nwords int32
	parent ID
	after  ID    // the first directive that is not inside this one
	open   int32 // offset of `{`; -1 without a block
	end    int32 // offset after `;` or `}`; where they are missing, after the last part
	flags  nodeFlags
	name   NameHash
}

// A NameHash tells most names apart, so that those that are looked for are found
// without reading the others. It is another one in each run.
type NameHash uint16

var nameSeed = maphash.MakeSeed()

// HashName is the NameHash of a name.
func HashName(name string) NameHash {
	return NameHash(maphash.String(nameSeed, name)) //nolint:gosec // as many bits as there are
}

type nodeFlags uint8

const (
	nodeClosed nodeFlags = 1 << iota // has its own `;` or `}`
	nodeRows                         // its children are rows
	nodeLua                          // its body is Lua
	nodeLines                        // its words stand on several lines
)

// A word is a name or an argument as written, quotes included.
type word struct {
	start, end int32
	flags      wordFlags
}

type wordFlags uint8

const (
	wordQuoted   wordFlags = 1 << iota // begins with a quote
	wordUnclosed                       // the closing quote is missing
	wordEscaped                        // unescaping changes it
)

// An extent is a range of bytes.
type extent struct{ start, end int32 }

// Parse reads nginx configuration exactly as nginx's own tokenizer does
// (measured against nginx 1.22.1), recovers from errors, and never fails.
func Parse(f *source.File) *Tree {
	t, _ := parse(f, false)
	return t
}

// CountWords is how many words, `;`, `{` and `}` a text has at most: those in
// comments and quotes count as well. Each takes memory once it is parsed.
func CountWords(text string) int {
	n, space := 0, true
	for i := range len(text) {
		c := text[i]
		switch {
		case class[c]&isSpace != 0:
			space = true
			continue
		case space, c == ';', c == '{', c == '}', c == '"', c == '\'':
			n++
		}
		space = false
	}
	return n
}

// Len is the number of directives including Root.
func (t *Tree) Len() int { return len(t.nodes) }

// Name is the unescaped first word; "" for Root.
func (t *Tree) Name(d ID) string {
	n := &t.nodes[d]
	if n.nwords == 0 {
		return ""
	}
	return t.value(n.word)
}

// NameHash is that of Name.
func (t *Tree) NameHash(d ID) NameHash { return t.nodes[d].name }

// NArgs is the number of words after the name.
func (t *Tree) NArgs(d ID) int { return int(max(t.nodes[d].nwords-1, 0)) }

// Arg is the unescaped i-th word after the name, from 0; "" when there is none.
func (t *Tree) Arg(d ID, i int) string {
	w, ok := t.arg(d, i)
	if !ok {
		return ""
	}
	return t.value(w)
}

// Args are all words after the name, unescaped.
func (t *Tree) Args(d ID) []string {
	args := make([]string, t.NArgs(d))
	for i := range args {
		args[i] = t.Arg(d, i)
	}
	return args
}

// EachArg gives all words after the name, unescaped, by index: Args for where none of them is kept.
func (t *Tree) EachArg(d ID) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for i := range t.NArgs(d) {
			if !yield(i, t.Arg(d, i)) {
				return
			}
		}
	}
}

// ArgSpan covers the i-th argument as written, with its quotes; it is zero when there is none.
func (t *Tree) ArgSpan(d ID, i int) source.Span {
	w, ok := t.arg(d, i)
	if !ok {
		return source.Span{}
	}
	return t.span(t.words[w].start, t.words[w].end)
}

// ArgsSpan covers all arguments; the name where there are none.
func (t *Tree) ArgsSpan(d ID) source.Span {
	n := &t.nodes[d]
	if n.nwords < 2 {
		return t.NameSpan(d)
	}
	return t.span(t.words[n.word+1].start, t.words[n.word+n.nwords-1].end)
}

// Quoted reports whether the i-th argument is written in quotes.
func (t *Tree) Quoted(d ID, i int) bool {
	w, ok := t.arg(d, i)
	return ok && t.words[w].flags&wordQuoted != 0
}

// NameSpan covers the name, with its quotes; the start of the file for Root.
func (t *Tree) NameSpan(d ID) source.Span {
	n := &t.nodes[d]
	if n.nwords == 0 {
		return t.span(0, 0)
	}
	return t.span(t.words[n.word].start, t.words[n.word].end)
}

// HeadSpan covers name and arguments, without `;` or `{`.
func (t *Tree) HeadSpan(d ID) source.Span {
	n := &t.nodes[d]
	if n.nwords == 0 {
		return t.span(0, 0)
	}
	return t.span(t.words[n.word].start, t.words[n.word+n.nwords-1].end)
}

// OnLines reports whether name and arguments stand on more than one line.
func (t *Tree) OnLines(d ID) bool { return t.nodes[d].flags&nodeLines != 0 }

// Span covers the whole directive: with `;`, or with the block up to its `}`.
func (t *Tree) Span(d ID) source.Span { return t.span(t.start(d), t.nodes[d].end) }

// IsBlock reports whether the directive opens a block.
func (t *Tree) IsBlock(d ID) bool { return d == Root || t.nodes[d].open >= 0 }

// BodySpan covers what stands between the braces; the whole file for Root.
// It is zero for directives without a block.
func (t *Tree) BodySpan(d ID) source.Span {
	n := &t.nodes[d]
	switch {
	case d == Root:
		return t.span(0, n.end)
	case n.open < 0:
		return source.Span{}
	case n.flags&nodeClosed != 0:
		return t.span(n.open+1, n.end-1)
	}
	return t.span(n.open+1, n.end)
}

// Closed reports whether the block has its own `}`, or the directive its own `;`.
func (t *Tree) Closed(d ID) bool { return t.nodes[d].flags&nodeClosed != 0 }

// Parent is the block that a directive stands in; None for Root.
func (t *Tree) Parent(d ID) ID { return t.nodes[d].parent }

// FirstChild is the first directive directly in a block; None where there is none.
func (t *Tree) FirstChild(d ID) ID {
	if t.nodes[d].after > d+1 {
		return d + 1
	}
	return None
}

// NextSibling is the next directive in the same block; None after the last.
func (t *Tree) NextSibling(d ID) ID {
	n := &t.nodes[d]
	if int(n.after) < len(t.nodes) && t.nodes[n.after].parent == n.parent {
		return n.after
	}
	return None
}

// Children are the directives directly in a block, in order.
func (t *Tree) Children(d ID) iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for c := t.FirstChild(d); c != None; c = t.NextSibling(c) {
			if !yield(c) {
				return
			}
		}
	}
}

// IsRow reports whether the directive is an entry of a map, geo, types,
// split_clients or charset_map body rather than a directive proper.
func (t *Tree) IsRow(d ID) bool {
	parent := t.nodes[d].parent
	return parent != None && t.nodes[parent].flags&nodeRows != 0
}

// IsLua reports whether the body of the block is Lua source (`*_by_lua_block`): it has no children.
func (t *Tree) IsLua(d ID) bool { return t.nodes[d].flags&nodeLua != 0 }

// Comments are all comments, from `#` to before the line end, in order.
func (t *Tree) Comments() []source.Span {
	spans := make([]source.Span, len(t.comments))
	for i, c := range t.comments {
		spans[i] = t.span(c.start, c.end)
	}
	return spans
}

// At is the innermost directive whose Span holds the offset; Root if none does.
func (t *Tree) At(offset int) ID {
	d := ID(sort.Search(len(t.nodes)-1, func(i int) bool { //nolint:gosec // below len(t.nodes)
		return int(t.start(ID(i+1))) > offset //nolint:gosec // below len(t.nodes)
	}))
	for d != Root && offset >= int(t.nodes[d].end) {
		d = t.nodes[d].parent
	}
	return d
}

// Next is the first directive (in file order, whatever its depth) whose name starts at or after the offset; None if none does.
func (t *Tree) Next(offset int) ID {
	d := 1 + sort.Search(len(t.nodes)-1, func(i int) bool {
		return int(t.start(ID(i+1))) >= offset //nolint:gosec // below len(t.nodes)
	})
	if d == len(t.nodes) {
		return None
	}
	return ID(d) //nolint:gosec // below len(t.nodes)
}

// ChildBefore is the last directive directly in a block that starts before an offset; None if none does.
func (t *Tree) ChildBefore(block ID, offset int) ID {
	d := ID(sort.Search(len(t.nodes)-1, func(i int) bool { //nolint:gosec // below len(t.nodes)
		return int(t.start(ID(i+1))) >= offset //nolint:gosec // below len(t.nodes)
	}))
	for d > block && t.nodes[d].parent != block {
		d = t.nodes[d].parent
	}
	if d <= block {
		return None
	}
	return d
}

func (t *Tree) start(d ID) int32 {
	n := &t.nodes[d]
	if n.nwords == 0 {
		return 0
	}
	return t.words[n.word].start
}

func (t *Tree) arg(d ID, i int) (w int32, ok bool) {
	n := &t.nodes[d]
	if i < 0 || i >= int(n.nwords)-1 {
		return 0, false
	}
	return n.word + 1 + int32(i), true //nolint:gosec // below nwords
}

func (t *Tree) span(start, end int32) source.Span {
	return source.Span{File: t.File, Start: int(start), End: int(end)}
}

// value is a word as nginx stores it.
func (t *Tree) value(i int32) string {
	if w := &t.words[i]; w.flags == 0 {
		return t.File.Text[w.start:w.end]
	}
	return t.unquoted(i)
}

func (t *Tree) unquoted(i int32) string {
	w := t.words[i]
	text := t.File.Text[w.start:w.end]
	if w.flags&wordQuoted != 0 {
		text = text[1:]
		if w.flags&wordUnclosed == 0 {
			text = text[:len(text)-1]
		}
	}
	if w.flags&wordEscaped != 0 {
		text = unescape(text)
	}
	return text
}

// unescape drops the backslash of \" \' \\, turns \t \r \n into control bytes
// and keeps any other backslash together with what follows it.
func unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && escapes[s[i+1]] != 0 {
			i++
			b.WriteByte(escapes[s[i]])
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// escapes maps the byte after a backslash to what the two stand for; 0 where both stay.
var escapes = [256]byte{'"': '"', '\'': '\'', '\\': '\\', 't': '\t', 'r': '\r', 'n': '\n'}

// maxText is the longest text whose offsets fit the tables.
const maxText = math.MaxInt32 - 1
