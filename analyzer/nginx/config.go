// Package nginx models one nginx configuration: which file is included where,
// which directive stands in which block, and which value is in force there.
package nginx

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// A Config is one main file, or one file that nobody includes, with all that it includes.
type Config struct {
	Main *syntax.Tree
	// Top is the outermost block that was read: main for a main file, the
	// inferred context for a fragment.
	Top *Block
	// Fragment is set where the file is no main file: every value that an outer
	// block could set is then unknown.
	Fragment bool
	// Files are the trees read, in the order in which nginx first meets them.
	Files []*syntax.Tree
	// Doubled is set where a second http or stream is not read: nginx goes no further,
	// and its servers would all be told as doubles.
	Doubled bool
	// Missing are the includes that could not be read, and what else stands for directives not known here.
	Missing []Missing
	// Cycles are include directives that lead back to a file on their own chain.
	Cycles []Ref
	// TooMany is the directive at which a limit of the Budget or on chains was
	// reached, if one was: what comes after it was not placed.
	TooMany Ref
	// TooManyOf says which limit, in a few lower-case words.
	TooManyOf string
	// Version is the nginx that will run it; the zero value is unknown.
	Version catalog.Version
	// OtherModules is set where nginx is said to have modules that the catalogue does
	// not know: they may define variables.
	OtherModules bool

	names      allNames // of all directives in it
	allRead    bool     // it is no fragment, and no block has Missing set
	hasParams  bool     // there is a file fastcgi_params, or the folder that it lies in is not part of what was read
	placements map[*syntax.Tree]int
	blocks     list[Block]
	bodies     list[Body]
	// expressions are the compiled patterns.
	expressions sync.Map
	kept        atomic.Int64 // their size
}

// A Body is what stands between two braces, or in an included file, in one
// placement: the directives directly below ID. Include directives are among them.
type Body struct {
	// Block is what the directives stand in.
	Block *Block
	Place *Placement
	ID    syntax.ID
}

// Bodies gives all bodies in reading order. Each directive is in one of them, as
// often as its file is placed.
func (c *Config) Bodies() iter.Seq[*Body] { return c.bodies.all() }

// A Missing include could not be read; what it could set is unknown. So it is
// with a word that a template puts directives in the place of.
type Missing struct {
	Ref
	Pattern string
	// Block is what the include stands in.
	Block *Block
	// Outside is set where the path lies where nothing may be read.
	Outside bool
	// Opaque is set where the path holds a template's part or a variable.
	Opaque bool
	// At is the path of a plain file that is not there; "" where it is not known
	// where it would lie.
	At string
}

// A Placement is one inclusion of a file: the same tree is placed as often as it is included.
type Placement struct {
	Tree *syntax.Tree
	// Parent and At are the placement and the include directive in it; nil and None for the main file.
	Parent *Placement
	At     syntax.ID
	// StandIn is set for our own copy of a stock file.
	StandIn bool
	// Block is what the top level of the file stands in.
	Block *Block

	names    *names      // of the directives at its top level; nil where that includes others
	includes []inclusion // by ascending directive
}

type inclusion struct {
	at     syntax.ID
	placed []Placement
}

// Chain lists the include directives that lead from the main file to the placement.
func (p *Placement) Chain() []source.Span {
	var chain []source.Span
	for ; p.Parent != nil; p = p.Parent {
		chain = append(chain, p.Parent.Tree.HeadSpan(p.At))
	}
	slices.Reverse(chain)
	return chain
}

// includesFrom are the include directives behind the one that opens a block.
func (p *Placement) includesFrom(block syntax.ID) []inclusion {
	low, high := 0, len(p.includes) // written out, since every look at a block begins with it
	for low < high {
		if middle := (low + high) / 2; p.includes[middle].at < block {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return p.includes[low:]
}

// A Ref is one directive in one placement. The zero Ref is none.
type Ref struct {
	Place *Placement
	ID    syntax.ID
}

// IsZero reports whether the ref points at nothing.
func (r Ref) IsZero() bool { return r.Place == nil }

// Tree is the file that the directive is written in.
func (r Ref) Tree() *syntax.Tree { return r.Place.Tree }

// Name is the directive's name.
func (r Ref) Name() string { return r.Place.Tree.Name(r.ID) }

// NArgs is the number of arguments.
func (r Ref) NArgs() int { return r.Place.Tree.NArgs(r.ID) }

// Arg is the i-th argument, from 0; "" when there is none.
func (r Ref) Arg(i int) string { return r.Place.Tree.Arg(r.ID, i) }

// Args are all arguments.
func (r Ref) Args() []string { return r.Place.Tree.Args(r.ID) }

// EachArg gives all arguments by index.
func (r Ref) EachArg() iter.Seq2[int, string] { return r.Place.Tree.EachArg(r.ID) }

// IndexArg is the index of a word among the arguments, from the given one on; -1 where it is not there.
func (r Ref) IndexArg(word string, from int) int {
	for i, arg := range r.EachArg() {
		if i >= from && arg == word {
			return i
		}
	}
	return -1
}

// ArgSpan covers the i-th argument as written.
func (r Ref) ArgSpan(i int) source.Span { return r.Place.Tree.ArgSpan(r.ID, i) }

// Head covers name and arguments.
func (r Ref) Head() source.Span { return r.Place.Tree.HeadSpan(r.ID) }

// A Block is one block in one placement. Directives are not copied into it:
// they are found by walking the tree and what it includes.
type Block struct {
	Config *Config
	Place  *Placement
	Parent *Block
	ID     syntax.ID
	// Context is what the block is to nginx (http, server, location …).
	Context catalog.Context
	// Children are the blocks in it, also those of included files, in reading order.
	Children []*Block
	// Missing is set where an include directly in the block could not be read, a template fills in directives, a directive
	// has taken up the next one, or a second http is not read.
	Missing bool
	// swallowed is set where Missing is so only because a directive has taken up the next one.
	swallowed bool

	names names // of all directives in it
	// index finds the directives of a block with many; elsewhere a walk is cheaper.
	index *index
	// params are what FastCGIParams has said.
	params atomic.Pointer[Params]
	size   int32 // directives and included files directly in the block
	order  int32 // among the blocks of the configuration
}

// InOrder compares blocks of one configuration by the order of reading.
func InOrder(a, b *Block) int { return int(a.order - b.order) }

// Ref is the directive that opens the block.
func (b *Block) Ref() Ref { return Ref{b.Place, b.ID} }

// Name is the name of the directive that opens the block; "" for the file itself.
func (b *Block) Name() string { return b.Place.Tree.Name(b.ID) }

// Args are the arguments of the directive that opens the block.
func (b *Block) Args() []string { return b.Place.Tree.Args(b.ID) }

// Head covers the name and arguments that open the block; empty for a whole file.
func (b *Block) Head() source.Span {
	if b.ID == syntax.Root {
		return source.Span{}
	}
	return b.Place.Tree.HeadSpan(b.ID)
}

// All yields the directives directly in the block, those of included files in
// the place of the include, which itself is not yielded.
func (b *Block) All() iter.Seq[Ref] {
	return func(yield func(Ref) bool) { walk(b.Place, b.ID, yield) }
}

func walk(p *Placement, block syntax.ID, yield func(Ref) bool) bool {
	includes := p.includesFrom(block)
	for d := p.Tree.FirstChild(block); d != syntax.None; d = p.Tree.NextSibling(d) {
		for len(includes) > 0 && includes[0].at < d { // those in a block before d
			includes = includes[1:]
		}
		if len(includes) > 0 && includes[0].at == d {
			placed := includes[0].placed
			for i := range placed {
				if !walk(&placed[i], syntax.Root, yield) {
					return false
				}
			}
			continue
		}
		if !yield(Ref{p, d}) {
			return false
		}
	}
	return true
}

// Own are the directives of that name directly in the block, in order. For
// `server` blocks use Children.
func (b *Block) Own(name string) []Ref { return b.ownHashed(name, syntax.HashName(name)) }

func (b *Block) ownHashed(name string, hash syntax.NameHash) []Ref {
	switch {
	case !b.mayHave(hash):
		return nil
	case b.index != nil:
		return b.index.byName[name]
	}
	var few [32]Ref // mostly enough, so that no more memory is asked for than is kept
	return slices.Clone(appendOwn(few[:0], b.Place, b.ID, name, hash))
}

// appendOwn is walk without a call for each directive.
func appendOwn(own []Ref, p *Placement, block syntax.ID, name string, hash syntax.NameHash) []Ref {
	includes := p.includesFrom(block)
	for d := p.Tree.FirstChild(block); d != syntax.None; d = p.Tree.NextSibling(d) {
		for len(includes) > 0 && includes[0].at < d {
			includes = includes[1:]
		}
		switch {
		case len(includes) > 0 && includes[0].at == d:
			placed := includes[0].placed
			for i := range placed {
				if in := &placed[i]; in.names == nil || in.names.mayHave(hash) {
					own = appendOwn(own, in, syntax.Root, name, hash)
				}
			}
		case p.Tree.NameHash(d) == hash && p.Tree.Name(d) == name:
			own = append(own, Ref{p, d})
		}
	}
	return own
}

// Has reports whether a directive of that name stands directly in the block.
func (b *Block) Has(name string) bool { return !b.lastOwn(name).IsZero() }

// lastOwn is the last directive of that name directly in the block; zero for none.
func (b *Block) lastOwn(name string) Ref { return b.lastHashed(name, syntax.HashName(name)) }

func (b *Block) lastHashed(name string, hash syntax.NameHash) Ref {
	switch {
	case !b.mayHave(hash):
		return Ref{}
	case b.index != nil:
		if own := b.index.byName[name]; len(own) > 0 {
			return own[len(own)-1]
		}
		return Ref{}
	}
	var few [8]Ref // mostly enough, so that no memory is asked for
	if own := appendOwn(few[:0], b.Place, b.ID, name, hash); len(own) > 0 {
		return own[len(own)-1]
	}
	return Ref{}
}

// small is the most directives in a block that is not indexed by their names.
const small = 64

// Nothing asks these blocks for the thousands of servers that they may have.
const holdsServers = catalog.HTTP | catalog.Stream | catalog.Mail

func (b *Block) buildIndex() {
	b.index = &index{byName: map[string][]Ref{}, keyed: map[string]map[string][]Ref{}}
	for r := range b.All() {
		if name := r.Name(); name != "server" || b.Context&holdsServers == 0 {
			b.index.byName[name] = append(b.index.byName[name], r)
		}
	}
}

// An index finds the directives of a block by their names.
type index struct {
	byName map[string][]Ref
	// keyed finds those that stand there many times by their first argument in lower
	// case, too. It is made for the names that are asked for, by several rules at a time.
	mu    sync.Mutex
	keyed map[string]map[string][]Ref
}

// ownOf are directives of a name directly in the block among which are all with
// a first argument, whatever its case.
func (b *Block) ownOf(name, first string) []Ref {
	own := b.Own(name)
	if len(own) <= small || b.index == nil {
		return own
	}
	b.index.mu.Lock()
	defer b.index.mu.Unlock()
	keys := b.index.keyed[name]
	if keys == nil {
		keys = map[string][]Ref{}
		for _, r := range own {
			key := strings.ToLower(r.Arg(0))
			keys[key] = append(keys[key], r)
		}
		b.index.keyed[name] = keys
	}
	return keys[strings.ToLower(first)]
}

// Within reports whether the block is c or stands in c at any depth.
func (b *Block) Within(c *Block) bool {
	for ; b != nil; b = b.Parent {
		if b == c {
			return true
		}
	}
	return false
}

// Enclosing is the innermost block of one of the contexts that holds b, b itself included; nil if none was read.
func (b *Block) Enclosing(c catalog.Context) *Block {
	for ; b != nil; b = b.Parent {
		if b.Context&c != 0 {
			return b
		}
	}
	return nil
}

// Blocks yields all blocks of the given contexts in reading order.
func (c *Config) Blocks(contexts catalog.Context) iter.Seq[*Block] {
	return func(yield func(*Block) bool) {
		for b := range c.blocks.all() {
			if b.Context&contexts != 0 && !yield(b) {
				return
			}
		}
	}
}

// BlocksIn are what Blocks yields.
func (c *Config) BlocksIn(contexts catalog.Context) []*Block {
	n := 0
	for range c.Blocks(contexts) {
		n++
	}
	return slices.AppendSeq(make([]*Block, 0, n), c.Blocks(contexts))
}

// InOrder yields the directives of some names with the block that each stands in, in the
// order in which nginx reads them: what a block holds comes behind the directive that opens it.
func (c *Config) InOrder(s *NameSet) iter.Seq2[*Block, Ref] {
	return func(yield func(*Block, Ref) bool) {
		if in := s.In(c); !in.Empty() {
			inOrder(c.Top, in, yield)
		}
	}
}

func inOrder(b *Block, s *NameSet, yield func(*Block, Ref) bool) bool {
	children := b.Children
	if b.mayHaveAny(s) {
		for r := range b.All() {
			if s.Has(r) && !yield(b, r) {
				return false
			}
			if len(children) > 0 && children[0].Ref() == r {
				if !inOrder(children[0], s, yield) {
					return false
				}
				children = children[1:]
			}
		}
	}
	for _, child := range children {
		if !inOrder(child, s, yield) {
			return false
		}
	}
	return true
}

// Placements counts how often a file is included.
func (c *Config) Placements(t *syntax.Tree) int { return c.placements[t] }
