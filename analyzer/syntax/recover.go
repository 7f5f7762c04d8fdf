package syntax

import (
	"math"
	"slices"
	"strings"
)

// openQuote deals with a quoted word that begins at p.pos and has no closing
// quote before limit: the file ends there, or nginx's buffer is full.
func (p *parser) openQuote(quote byte, limit int) {
	open := p.pos
	message, noticed := endInDirective, limit
	if limit < len(p.text) {
		message = `too long parameter, probably missing terminating "` + string(quote) + `" character`
		if p.multi < 0 {
			if end, escaped, ok := p.longQuote(open, limit, quote); ok {
				p.fail(p.longWord(open, end, limit, message))
				p.closedQuote(open, end, escaped)
				p.afterQuote(open)
				return
			}
		}
	}
	guilty := len(p.tree.words)
	at := open
	if p.multi >= 0 {
		guilty = p.multi
		at = int(p.tree.words[guilty].start)
	}
	e := p.unclosedQuote(at, noticed, message)
	if limit < len(p.text) {
		e.Line = p.tree.File.Line(open)
	}
	p.fail(e)
	p.addWord(limit, wordQuoted|wordUnclosed)
	p.token(TokenQuoted, limit)
	p.cutQuote(guilty)
}

// longQuote looks for the closing quote of a word that is too long for nginx
// but not unclosed: on the same line, or followed by what ends a word well.
func (p *parser) longQuote(open, limit int, quote byte) (end int, escaped, ok bool) {
	end, escaped, closed := scanQuoted(p.text, open+1, quote)
	if !p.spend(end-limit) || !closed {
		return 0, false, false
	}
	end++
	if strings.IndexByte(p.text[open:end], '\n') < 0 {
		return end, escaped, true
	}
	next := end
	for next < len(p.text) && (p.text[next] == ' ' || p.text[next] == '\t') {
		next++
	}
	return end, escaped, next < len(p.text) && strings.IndexByte(";{)", p.text[next]) >= 0
}

// swallowed reports whether a pending quoted word seems to hold what was meant
// to be other directives: a line inside it ends like a directive.
func (p *parser) swallowed() bool {
	if p.multi < 0 {
		return false
	}
	w := p.tree.words[p.multi]
	body := p.text[w.start:w.end]
	for i := strings.IndexByte(body, '\n'); i >= 0; i = strings.IndexByte(body, '\n') {
		line := strings.TrimRight(body[:i], " \t\r")
		if strings.HasSuffix(line, ";") || strings.HasSuffix(line, "{") || strings.HasSuffix(line, "}") {
			return true
		}
		body = body[i+1:]
	}
	return false
}

// cutQuote goes on as if the pending quoted word w had been closed where its
// line ends: before the `;` or `{` there, if any.
func (p *parser) cutQuote(w int) {
	p.distrust()
	open := int(p.tree.words[w].start)
	if !p.spend(p.pos - open) {
		p.multi = -1
		return
	}
	eol := lineEnd(p.text, open)
	line := p.text[open:eol]
	code, _, commented := strings.Cut(line, " #")
	if !commented {
		code = line
	}
	code = strings.TrimRight(code, " \t\r")
	if !strings.HasSuffix(code, ";") && !strings.HasSuffix(code, "{") {
		code = strings.TrimRight(line, " \t\r")
	}
	end := open + len(code)
	if len(code) > 1 && (strings.HasSuffix(code, ";") || strings.HasSuffix(code, "{")) {
		end = open + max(len(strings.TrimRight(code[:len(code)-1], " \t\r")), 1)
	}
	flags := wordQuoted | wordUnclosed
	if unescape(p.text[open:end]) != p.text[open:end] {
		flags |= wordEscaped
	}
	p.rewind(w, open)
	p.addWord(end, flags)
	p.token(TokenQuoted, end)
}

// blockInRows deals with `{` after words in a block of rows, where nginx
// allows none. It reports whether the `{` is done with.
func (p *parser) blockInRows() bool {
	head := int(p.tree.words[p.first].start)
	rows := p.top().id
	if quantifier(p.text, p.pos) {
		p.fail(p.braceInRow())
		p.distrust()
		p.token(TokenStray, p.pos+1)
		return true
	}
	column, first := p.indent(head)
	outer, _ := p.indent(int(p.tree.start(rows)))
	if first && (column <= outer || knownBlock(p.rawName(p.first))) {
		p.fail(p.unclosedRows(rows))
		p.last = p.lastBefore(rows)
		p.pop(0)
		return p.inRows() && p.blockInRows()
	}
	p.fail(p.braceInRow())
	p.distrust()
	return false
}

// lastBefore is where the open block d ends when the pending words are not in it.
func (p *parser) lastBefore(d ID) int {
	t := p.tree
	last := ID(len(t.nodes) - 1) //nolint:gosec // within maxText
	if last == d {
		return int(t.nodes[d].open) + 1
	}
	for t.nodes[last].parent != d {
		last = t.nodes[last].parent
	}
	return int(t.nodes[last].end)
}

// knownBlock reports whether a name is that of a block which stands beside blocks of rows.
func knownBlock(name string) bool {
	switch name {
	case "http", "server", "location", "upstream", "if", "limit_except", "stream", "mail", "events", "rtmp", "application":
		return true
	}
	return rowBlocks(name)
}

// quantifier reports whether the `{` at i looks like a repetition in an
// unquoted regular expression: `[0-9]{2}`.
func quantifier(text string, i int) bool {
	if i == 0 || class[text[i-1]]&isSpace != 0 {
		return false
	}
	j := i + 1
	for j < len(text) && (text[j] >= '0' && text[j] <= '9' || text[j] == ',') {
		j++
	}
	return j > i+1 && j < len(text) && text[j] == '}'
}

// indent is the width of the blanks that the line of offset i begins with, a
// tab counting up to the next multiple of eight, and whether i comes right after them.
func (p *parser) indent(i int) (column int, first bool) {
	f := p.tree.File
	j := f.LineStart(f.Line(i))
	for ; j < i && (p.text[j] == ' ' || p.text[j] == '\t') && column < maxIndent; j++ {
		if p.text[j] == '\t' {
			column |= 7
		}
		column++
	}
	return column, j == i
}

// maxIndent bounds the time that is spent on a line's blanks.
const maxIndent = 1024

// A plan mends the braces of a file: the blocks that are to be closed before
// certain offsets, and a `}` that is to be passed over.
type plan struct {
	closes []int // ascending; an offset stands as often as blocks are closed there
	skip   int   // offset of a `}`; -1 for none
}

func (p *plan) next() int {
	if len(p.closes) == 0 {
		return math.MaxInt
	}
	return p.closes[0]
}

// force closes the innermost block where the plan says so.
func (p *parser) force() {
	p.plan.closes = p.plan.closes[1:]
	if p.pending() > 0 {
		p.addDirective(0)
	}
	if len(p.frames) > 1 {
		p.pop(0)
	}
}

// braces finds out by indentation where a missing or superfluous `}` belongs,
// moves the error there and returns the plan for reading the file again.
func (p *parser) braces() *plan {
	switch {
	case p.stray >= 0:
		return p.blameBrace()
	case p.unclosed >= 0:
		return p.blameBlock()
	}
	return nil
}

// strayBrace reports the first `}` at the top level; all later ones follow from it.
func (p *parser) strayBrace() {
	if p.doubt {
		return
	}
	p.doubt = true
	n := len(p.tree.Errors)
	if p.fail(p.strayClose(p.pos)) {
		p.stray = n
	}
}

// blameBrace looks for the `}` that is one too many: the first that is indented
// deeper than the block it closes. Without one it is that at the top level.
func (p *parser) blameBrace() *plan {
	t := p.tree
	e := &t.Errors[p.stray]
	guilty := e.GaveUp.Start
	for d := Root + 1; int(d) < len(t.nodes) && int(t.start(d)) < guilty; d++ {
		if end, certain := p.headAlone(d); end >= 0 {
			*e = p.unopened(*e, d, end, certain)
			return nil
		}
	}
	for d := Root + 1; int(d) < len(t.nodes); d++ {
		n := &t.nodes[d]
		brace := int(n.end) - 1
		if n.open < 0 || n.flags&(nodeClosed|nodeLua) != nodeClosed || brace >= guilty {
			continue
		}
		column, first := p.indent(brace)
		if outer, _ := p.indent(int(t.start(d))); first && column > outer && column < maxIndent {
			guilty = brace
		}
	}
	if guilty == e.GaveUp.Start {
		if guilty = p.closedServer(); guilty < 0 {
			return nil
		}
	}
	*e = p.strayCloseAt(*e, guilty)
	return &plan{skip: guilty}
}

// headAlone is where the head of a block ends that goes on in what was to stand in
// it, for want of a `{`; -1 where d is none. It ends with its line, or after the
// name where all is on one line, which alone is not certain.
func (p *parser) headAlone(d ID) (end int, certain bool) {
	t := p.tree
	n := t.nodes[d]
	name := t.Name(d)
	if n.flags&(nodeClosed|nodeRows|nodeLua) != nodeClosed || n.nwords < 2 || !knownBlock(name) || t.nodes[n.parent].flags&nodeRows != 0 {
		return -1, false
	}
	words := t.words[n.word : n.word+n.nwords]
	for i, w := range words[1:] {
		end = int(words[i].end)
		if t.File.Line(end) == t.File.Line(int(w.start)) {
			continue
		}
		switch {
		case n.open >= 0 && !knownBlock(p.rawName(int(n.word)+i+1)):
			return -1, false // an argument in a line of its own
		case n.open < 0 && name == "server" && (t.Name(n.parent) == "upstream" || i > 0 && !startsServer(p.rawName(int(n.word)+i+1))):
			return -1, false // one of an upstream
		}
		return end, name != "server" || i == 0
	}
	next := p.rawName(int(n.word) + 1)
	if n.open < 0 && (name != "server" || startsServer(next)) || n.open >= 0 && knownBlock(next) {
		return int(words[0].end), false
	}
	return -1, false
}

// startsServer reports whether a name is that of a directive with which the inside
// of a server begins, and no address of one of an upstream.
func startsServer(name string) bool {
	return name == "listen" || name == "server_name" || name == "root" || name == "include" || name == "return"
}

// closedServer is the `}` of a server behind which a location stands beside it, as
// one too many within the server makes it; -1 where there is none.
func (p *parser) closedServer() int {
	t := p.tree
	servers := map[ID]int{} // the end of the last one in each block
	for d := Root + 1; int(d) < len(t.nodes); d++ {
		switch n := t.nodes[d]; {
		case n.open < 0:
		case t.Name(d) == "server" && n.flags&nodeClosed != 0:
			servers[n.parent] = int(n.end)
		case t.Name(d) == "location" && servers[n.parent] > 0:
			return servers[n.parent] - 1
		}
	}
	return -1
}

// A simBlock is an open block as its indentation tells.
type simBlock struct {
	id     ID
	column int
	// under is the first directive in it that is indented no deeper than its
	// head although an earlier one was; -1 for none.
	under int
	// children and indented tell about the first directive on a line of its own,
	// inline that one stands on the line of the head.
	children, indented, inline bool
}

// blameBlock looks for the block whose `}` is missing: the innermost one open
// where a `}` stands in the column of a block further out, or else where the
// indentation falls back to its own.
func (p *parser) blameBlock() *plan {
	t := p.tree
	var open, sim []simBlock // as they were read; as they are meant
	missing := 0
	for d := Root + 1; int(d) < len(t.nodes); d++ {
		if t.nodes[d].open >= 0 && t.nodes[d].flags&nodeClosed == 0 {
			missing++
		}
	}
	plan := &plan{skip: -1}
	guilty, where := None, len(p.text)
	force := func(at int) {
		b := sim[len(sim)-1]
		sim = sim[:len(sim)-1]
		missing--
		plan.closes = append(plan.closes, at)
		if at < where {
			guilty, where = b.id, at
		}
	}
	closeBlocks := func(before int) {
		for len(open) > 0 && int(t.nodes[open[len(open)-1].id].end) <= before {
			n := &t.nodes[open[len(open)-1].id]
			open = open[:len(open)-1]
			if n.flags&nodeClosed == 0 {
				continue
			}
			brace := int(n.end) - 1
			column, first := p.indent(brace)
			for first && missing > 0 && len(sim) > 1 && column < sim[len(sim)-1].column && hasColumn(sim, column) {
				at := sim[len(sim)-1].under
				if at < 0 {
					at = brace
				}
				force(at)
			}
			if len(sim) > 0 {
				sim = sim[:len(sim)-1]
			}
		}
	}
	for d := Root + 1; int(d) < len(t.nodes); d++ {
		start := int(t.start(d))
		closeBlocks(start)
		column, first := p.indent(start)
		if first {
			noteColumn(sim, column, start)
		} else if len(sim) > 0 {
			sim[len(sim)-1].inline = true
		}
		if t.nodes[d].open >= 0 {
			b := simBlock{id: d, column: column, under: -1}
			open, sim = append(open, b), append(sim, b)
		}
	}
	closeBlocks(len(p.text))
	for missing > 0 && len(sim) > 0 {
		if b := sim[len(sim)-1]; b.under >= 0 {
			force(b.under)
			continue
		}
		sim = sim[:len(sim)-1]
	}
	e := &t.Errors[p.unclosed]
	for d := Root + 1; int(d) < len(t.nodes); d++ {
		if p.regexBrace(d) { // whatever the indentation says
			*e = p.endInBlockOf(*e, d)
			break
		}
	}
	if guilty == None {
		return nil
	}
	slices.Sort(plan.closes)
	if e.Before == "" {
		*e = p.endInBlockOf(*e, guilty)
	}
	return plan
}

// noteColumn remembers a directive that stands alone in its column for the blocks around it.
func noteColumn(sim []simBlock, column, start int) {
	for i := len(sim) - 1; i >= 0; i-- {
		b := &sim[i]
		if !b.children {
			b.children, b.indented = true, column > b.column || b.inline
			if column > b.column || !b.inline {
				return
			}
		}
		if !b.indented || b.under >= 0 || column > b.column {
			return
		}
		b.under = start
	}
}

// hasColumn reports whether a block around the innermost one has its head in the column.
func hasColumn(sim []simBlock, column int) bool {
	for i := len(sim) - 2; i >= 0 && sim[i].column >= column; i-- {
		if sim[i].column == column {
			return true
		}
	}
	return false
}
