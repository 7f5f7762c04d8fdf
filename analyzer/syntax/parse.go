package syntax

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/source"
)

// A parser reads one file once. Where blocks do not add up it is run a second
// time, with what a plan says about the braces.
type parser struct {
	tree *Tree
	text string
	pos  int

	first  int // the first pending word: a directive's words wait for `;` or `{`
	multi  int // the first pending quoted word that spans lines; -1 for none
	frames []frame
	hidden int // blocks open inside the one that is too deep
	last   int // end of the last part of a directive

	keep   bool // collect tokens
	tokens []Token

	plan   *plan // of the second run: errors are not reported again
	budget int   // bytes that may still be read once more

	doubt    bool // what follows may be misread: blocks are not expected to add up
	muted    int  // errors are muted while this many frames or more are open; 0: not muted
	refused  bool // nginx has stopped
	limited  bool // the limit was reported
	strayEnd int  // after the last `;` without a directive; the next on its line is not told
	closed   int  // after the last `}` that closed a block
	stray    int  // error about a `}` too many; -1 for none
	unclosed int  // error about a `}` too few; -1 for none
}

// A frame is an open block.
type frame struct {
	id   ID // the block that directives go to
	kind frameKind
}

type frameKind uint8

const (
	frameBlock  frameKind = iota // a directive's block
	frameBare                    // `{` without a directive: its content goes to the block around it
	frameHidden                  // too deep: its content is skipped; without a directive its id is None
)

func parse(f *source.File, keep bool) (*Tree, []Token) {
	if len(f.Text) > maxText {
		t := &Tree{File: f, nodes: []node{{parent: None, after: 1, open: -1, name: HashName("")}}}
		t.Errors = []Error{{
			At: t.span(0, 0), GaveUp: t.span(0, 0), Limit: true,
			Summary: fmt.Sprintf("file longer than %d bytes", maxText),
		}}
		return t, []Token{{Kind: TokenStray, Start: 0, End: len(f.Text)}}
	}
	var own *scratch
	if len(f.Text) <= scratchText {
		own, _ = scratches.Get().(*scratch)
	}
	p := newParser(f, keep, nil, own)
	p.run()
	if plan := p.braces(); plan != nil {
		errors := p.tree.Errors
		p = newParser(f, keep, plan, own)
		p.run()
		p.tree.Errors = errors
	}
	if own != nil {
		own.words, own.frames = p.tree.words, p.frames
		p.tree.words = append(make([]word, 0, len(own.words)), own.words...)
		scratches.Put(own)
	}
	return p.tree, p.tokens
}

// A scratch is memory that parsers of files of up to scratchText bytes use one
// after another: a tree keeps no more words than it has, and how many these are is
// known in the end.
type scratch struct {
	words  []word
	frames []frame
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

const scratchText = 256 << 10

func newParser(f *source.File, keep bool, plan *plan, own *scratch) *parser {
	// As many directives as there are `;` and `{`, within reason: these may stand in comments.
	n := strings.Count(f.Text, ";") + strings.Count(f.Text, "{")
	n = min(n, len(f.Text)/8) + 1
	if own == nil {
		own = &scratch{words: make([]word, 0, 2*n)}
	}
	return &parser{
		tree: &Tree{
			File:  f,
			nodes: append(make([]node, 0, n), node{parent: None, open: -1, flags: nodeClosed, name: HashName("")}),
			words: own.words[:0],
		},
		text: f.Text, multi: -1, stray: -1, unclosed: -1, keep: keep, plan: plan,
		frames: append(own.frames[:0], frame{id: Root}),
		budget: 2*len(f.Text) + 1<<16,
	}
}

func (p *parser) run() {
	for {
		p.scan()
		if p.endOfFile() {
			return
		}
	}
}

func (p *parser) scan() {
	text := p.text
	next := math.MaxInt
	if p.plan != nil {
		next = p.plan.next()
	}
	for p.pos < len(text) {
		for p.pos >= next {
			p.force()
			next = p.plan.next()
		}
		switch c := text[p.pos]; {
		case class[c]&isSpace != 0:
			p.token(TokenSpace, scanSpace(text, p.pos))
		case c == '#':
			p.comment()
		case c == ';':
			p.semicolon()
		case c == '{':
			p.openBlock()
		case c == '}':
			p.closeBlock()
		case c == '"' || c == '\'':
			p.quotedWord(c)
		default:
			p.plainWord()
		}
	}
}

// token takes the bytes up to end.
func (p *parser) token(kind TokenKind, end int) {
	if p.keep && end > p.pos {
		p.tokens = append(p.tokens, Token{Kind: kind, Start: p.pos, End: end})
	}
	p.pos = end
}

func (p *parser) pending() int { return len(p.tree.words) - p.first }

func (p *parser) top() frame { return p.frames[len(p.frames)-1] }

func (p *parser) comment() {
	end := lineEnd(p.text, p.pos)
	if end-p.pos >= bufferSize && len(p.text) > p.pos+bufferSize {
		p.fail(p.tooLong(p.pos, p.pos, end))
	}
	shown := end
	if shown > p.pos && p.text[shown-1] == '\r' {
		shown--
	}
	p.tree.comments = append(p.tree.comments, extent{int32(p.pos), int32(shown)}) //nolint:gosec // within maxText
	p.token(TokenComment, end)
}

func (p *parser) plainWord() {
	start := p.pos
	end, escaped := scanPlain(p.text, start)
	if end-start >= bufferSize-1 {
		// A blank that ends the word is still read with it; `;` and `{` make nginx start afresh.
		read := end - start
		if end < len(p.text) && class[p.text[end]]&isSpace != 0 {
			read++
		}
		if read >= bufferSize && len(p.text) > start+bufferSize {
			p.fail(p.tooLong(start, start, end))
		}
	}
	var flags wordFlags
	if escaped {
		flags = wordEscaped
	}
	p.addWord(end, flags)
	p.token(TokenWord, end)
}

func (p *parser) quotedWord(quote byte) {
	open, start := p.pos, p.pos+1
	limit := min(len(p.text), start+bufferSize)
	end, escaped, closed := scanQuoted(p.text[:limit], start, quote)
	if !closed {
		p.openQuote(quote, limit)
		return
	}
	end++
	p.closedQuote(open, end, escaped)
	read := end - start
	if end < len(p.text) && class[p.text[end]]&isSpace != 0 {
		read++
	}
	if read >= bufferSize && len(p.text) > start+bufferSize {
		p.fail(p.tooLong(open, start, end))
	}
	p.afterQuote(open)
}

// closedQuote adds the quoted word from open to end.
func (p *parser) closedQuote(open, end int, escaped bool) {
	flags := wordQuoted
	if escaped {
		flags |= wordEscaped
	}
	if p.multi < 0 && strings.IndexByte(p.text[open:end], '\n') >= 0 {
		p.multi = len(p.tree.words)
	}
	p.addWord(end, flags)
	p.token(TokenQuoted, end)
}

// afterQuote looks at the byte after a closing quote: only a blank, `;`, `{` and `)` may stand there.
func (p *parser) afterQuote(open int) {
	if p.pos >= len(p.text) {
		return
	}
	c := p.text[p.pos]
	if class[c]&isSpace != 0 || c == ';' || c == '{' || c == ')' {
		return
	}
	at := p.pos
	if p.multi >= 0 {
		e := p.unclosedQuote(int(p.tree.words[p.multi].start), at, unexpected(c))
		p.fail(e)
		p.cutQuote(p.multi)
		return
	}
	if c == '}' {
		return // told by closeBlock, in the same words
	}
	p.fail(p.textAfterQuote(open, at))
	p.distrust()
}

func (p *parser) addWord(end int, flags wordFlags) {
	p.tree.words = append(p.tree.words, word{int32(p.pos), int32(end), flags}) //nolint:gosec // within maxText
	p.last = end
}

func (p *parser) semicolon() {
	if p.pending() == 0 {
		if p.strayEnd == 0 || strings.TrimLeft(p.text[p.strayEnd:p.pos], " \t\r") != "" {
			p.fail(p.straySemicolon())
		}
		p.token(TokenStray, p.pos+1)
		p.strayEnd = p.pos
		return
	}
	p.last = p.pos + 1
	p.addDirective(nodeClosed)
	p.token(TokenSemicolon, p.pos+1)
}

// addDirective makes the pending words a directive that ends at p.last.
func (p *parser) addDirective(flags nodeFlags) {
	t, top := p.tree, p.top()
	if top.kind == frameHidden {
		p.dropWords()
		return
	}
	if first, last := t.words[p.first], t.words[len(t.words)-1]; first.end < last.start && strings.IndexByte(p.text[first.end:last.start], '\n') >= 0 {
		flags |= nodeLines
	}
	t.nodes = append(t.nodes, node{
		word: int32(p.first), nwords: int32(p.pending()), parent: top.id, //nolint:gosec // within maxText
		after: ID(len(t.nodes) + 1), open: -1, end: int32(p.last), flags: flags, name: HashName(t.value(int32(p.first))), //nolint:gosec // within maxText
	})
	p.first = len(t.words)
	p.multi = -1
}

func (p *parser) dropWords() {
	p.tree.words = p.tree.words[:p.first]
	p.multi = -1
}

func (p *parser) openBlock() {
	if p.pending() == 0 {
		p.fail(p.bareBlock())
		p.distrust()
		switch {
		case p.top().kind == frameHidden:
			p.hidden++
		case len(p.frames) > MaxDepth:
			p.tooDeep(p.pos)
			p.frames = append(p.frames, frame{None, frameHidden})
		default:
			p.frames = append(p.frames, frame{p.top().id, frameBare})
		}
		p.token(TokenStray, p.pos+1)
		return
	}
	if p.inRows() && p.blockInRows() {
		return
	}
	name, head := p.rawName(p.first), int(p.tree.words[p.first].start)
	lua := strings.HasSuffix(name, "_by_lua_block")
	p.last = p.pos + 1
	if p.top().kind == frameHidden {
		p.dropWords()
		p.hidden++
	} else {
		p.pushBlock(name, lua)
	}
	p.token(TokenBlockOpen, p.pos+1)
	if lua {
		p.luaBody(head)
	}
}

// pushBlock makes the pending words a directive whose block begins at p.pos.
func (p *parser) pushBlock(name string, lua bool) {
	t := p.tree
	id := ID(len(t.nodes)) //nolint:gosec // within maxText
	p.addDirective(0)
	n := &t.nodes[id]
	n.open = int32(p.pos) //nolint:gosec // within maxText
	switch {
	case lua:
		n.flags |= nodeLua
	case rowBlocks(name):
		n.flags |= nodeRows
	}
	kind := frameBlock
	if len(p.frames) > MaxDepth {
		kind = frameHidden
		p.tooDeep(int(t.start(id)))
	}
	p.frames = append(p.frames, frame{id, kind})
}

// rowBlocks reports whether the body of a block is rows: nginx reads words up
// to `;` there, but knows no directives and no blocks.
func rowBlocks(name string) bool {
	switch name {
	case "map", "geo", "types", "split_clients", "charset_map":
		return true
	}
	return false
}

// rawName is a word without quotes; no name that matters holds escapes.
func (p *parser) rawName(w int) string {
	word := p.tree.words[w]
	text := p.text[word.start:word.end]
	if word.flags&wordQuoted != 0 {
		return strings.Trim(text, text[:1])
	}
	return text
}

// inRows reports whether the innermost block holds rows.
func (p *parser) inRows() bool {
	top := p.top()
	return top.kind == frameBlock && p.tree.nodes[top.id].flags&nodeRows != 0
}

// headOnly reports whether the pending words are the head of a block that the `}`
// in the column of the head closes, without having been opened.
func (p *parser) headOnly() bool {
	name, words := p.rawName(p.first), p.tree.words[p.first:]
	if p.inRows() || !knownBlock(name) || name == "server" && len(words) > 1 {
		return false
	}
	start, end := int(words[0].start), int(words[len(words)-1].end)
	f := p.tree.File
	head, first := p.indent(start)
	brace, alone := p.indent(p.pos)
	return first && alone && head == brace && f.Line(start) == f.Line(end)
}

func (p *parser) closeBlock() {
	pending := p.pending() > 0
	if pending {
		if p.swallowed() {
			p.fail(p.unclosedQuote(int(p.tree.words[p.multi].start), p.pos, unexpected('}')))
			p.cutQuote(p.multi)
			return
		}
		if p.headOnly() {
			p.fail(p.missingBrace())
			p.addDirective(0)
			p.token(TokenBlockClose, p.pos+1)
			return
		}
		p.fail(p.missingSemicolon())
		p.addDirective(0)
	}
	skip := p.plan != nil && p.plan.skip == p.pos
	if skip || len(p.frames) == 1 {
		if !pending {
			p.strayBrace()
		}
		p.token(TokenStray, p.pos+1)
		return
	}
	kind := TokenBlockClose
	if p.hidden > 0 {
		p.hidden--
		p.token(kind, p.pos+1)
		return
	}
	if p.top().kind == frameBare {
		kind = TokenStray
	} else {
		p.last = p.pos + 1
	}
	p.closed = p.pos + 1
	p.pop(nodeClosed)
	p.token(kind, p.pos+1)
}

// pop ends the innermost block at p.last.
func (p *parser) pop(flags nodeFlags) {
	top := p.top()
	p.frames = p.frames[:len(p.frames)-1]
	p.hidden = 0
	if top.kind != frameBare && top.id != None {
		n := &p.tree.nodes[top.id]
		n.end = int32(p.last)           //nolint:gosec // within maxText
		n.after = ID(len(p.tree.nodes)) //nolint:gosec // within maxText
		n.flags |= flags
	}
	if len(p.frames) < p.muted {
		p.muted = 0
	}
}

// endOfFile ends what is open; it reports false where reading is to go on.
func (p *parser) endOfFile() bool {
	words, open := p.pending() > 0, len(p.frames) > 1
	if words {
		if p.swallowed() {
			p.fail(p.unclosedQuote(int(p.tree.words[p.multi].start), p.pos, endInDirective))
			p.cutQuote(p.multi)
			return false
		}
		p.fail(p.endInWords())
		p.addDirective(0)
	}
	if open && !words && !p.doubt {
		p.unclosed = len(p.tree.Errors)
		if !p.fail(p.endInBlock(p.top().id)) {
			p.unclosed = -1
		}
	}
	for len(p.frames) > 1 {
		p.pop(0)
	}
	root := &p.tree.nodes[Root]
	root.end = int32(len(p.text))      //nolint:gosec // within maxText
	root.after = ID(len(p.tree.nodes)) //nolint:gosec // within maxText
	return true
}

// maxErrors bounds what is said about a file that is no nginx configuration.
const maxErrors = 100

// fail reports an error unless it follows from one that was reported.
func (p *parser) fail(e Error) bool {
	if p.plan != nil || p.muted > 0 && len(p.frames) >= p.muted || len(p.tree.Errors) >= maxErrors {
		return false
	}
	e.First = !p.refused && !e.Limit
	p.refused = p.refused || !e.Limit
	p.tree.Errors = append(p.tree.Errors, e)
	return true
}

// distrust mutes further errors until the block that stands open now is closed.
func (p *parser) distrust() {
	p.doubt = true
	if p.muted == 0 {
		p.muted = len(p.frames)
	}
}

// spend reports whether n bytes may be read once more, so that the whole stays linear.
func (p *parser) spend(n int) bool {
	p.budget -= n
	return p.budget >= 0
}

// rewind goes back to an offset within the pending words, where word w began.
func (p *parser) rewind(w, offset int) {
	t := p.tree
	t.words = t.words[:w]
	if p.multi >= w {
		p.multi = -1
	}
	i, _ := slices.BinarySearchFunc(t.comments, offset, func(c extent, offset int) int { return int(c.start) - offset })
	t.comments = t.comments[:i]
	j, _ := slices.BinarySearchFunc(p.tokens, offset, func(k Token, offset int) int { return k.Start - offset })
	p.tokens = p.tokens[:j]
	p.pos = offset
}
