package nginx

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx/stock"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// MaxIncludeDepth is how many files may be included inside each other.
const MaxIncludeDepth = 100

// MaxPlaced is how many directives are placed in one run: a file's count as
// often as it is included, and so does each inclusion.
const MaxPlaced = 1 << 23

// MaxInclusions is how many files are placed in one run.
const MaxInclusions = 1 << 17

// MaxBlocks is how many blocks are placed in one run.
const MaxBlocks = 1 << 19

// A Budget is what all configurations of a run may take together: generous for
// real trees, finite for hostile ones.
type Budget struct{ directives, inclusions, blocks int }

// NewBudget is the one for a run.
func NewBudget() *Budget { return &Budget{MaxPlaced, MaxInclusions, MaxBlocks} }

// take reports whether one more may be placed.
func take(left *int) bool {
	*left--
	return *left >= 0
}

// A Loader reads what include directives name.
type Loader interface {
	// Include reads the files of a pattern in nginx's order. complete is false
	// where some of what the pattern names could not be read or is not known;
	// outside is set where that lies where nothing may be read.
	Include(pattern string) (trees []*syntax.Tree, complete, outside bool)
	// Place is where a file that an include names, and that is not there, would have
	// to lie; "" where that is not known.
	Place(name string) string
	// Has reports whether an include of that file would find it.
	Has(name string) bool
}

// Load places the main file's tree and all that it includes.
func Load(main *syntax.Tree, version catalog.Version, l Loader, budget *Budget) *Config {
	return load(main, catalog.Main, version, l, budget, false)
}

// LoadFragment does the same for a file that no main file includes; it stands
// in a block of the given context that was not read.
func LoadFragment(main *syntax.Tree, context catalog.Context, version catalog.Version, l Loader, budget *Budget) *Config {
	return load(main, context, version, l, budget, true)
}

func load(main *syntax.Tree, context catalog.Context, version catalog.Version, l Loader, budget *Budget, fragment bool) *Config {
	c := &Config{Main: main, Fragment: fragment, Version: version, placements: map[*syntax.Tree]int{}}
	b := &builder{config: c, loader: l, budget: budget, standIns: map[string]*syntax.Tree{}, names: map[*syntax.Tree]*names{}}
	place := &Placement{Tree: main, At: syntax.None}
	c.hasParams = fragment || l.Has(paramsFile)
	c.Top = b.block(place, syntax.Root, nil, context)
	place.Block = c.Top
	b.file(place)
	c.allRead = !fragment
	for block := range c.blocks.all() {
		c.allRead = c.allRead && !block.Missing
		if block.size > small && block.Context != 0 && !block.Place.Tree.IsRow(block.Place.Tree.FirstChild(block.ID)) {
			block.buildIndex()
		}
	}
	return c
}

type builder struct {
	config *Config
	loader Loader
	budget *Budget
	// standIns are shared, so that a stock file placed in ten thousand blocks is parsed once.
	standIns map[string]*syntax.Tree
	// names are those at the top level of files; nil where that includes others.
	names map[*syntax.Tree]*names
}

func (b *builder) block(p *Placement, d syntax.ID, parent *Block, context catalog.Context) *Block {
	order := b.config.blocks.n
	block := b.config.blocks.add()
	block.Config, block.Place, block.ID, block.Parent, block.Context = b.config, p, d, parent, context
	block.order = int32(order) //nolint:gosec // at most MaxBlocks, and those of the files themselves
	if parent != nil {
		parent.Children = append(parent.Children, block)
	}
	return block
}

func (b *builder) file(p *Placement) {
	if b.config.placements[p.Tree]++; b.config.placements[p.Tree] == 1 {
		b.config.Files = append(b.config.Files, p.Tree)
		b.names[p.Tree] = namesIn(p.Tree)
	}
	p.names = b.names[p.Tree]
	b.fill(p, syntax.Root, p.Block)
}

func namesIn(t *syntax.Tree) *names {
	var in names
	for d := range t.Children(syntax.Root) {
		if t.Name(d) == "include" {
			return nil
		}
		in.add(t.NameHash(d))
	}
	return &in
}

// fill walks the directives directly below d, which stand in block.
func (b *builder) fill(p *Placement, d syntax.ID, block *Block) {
	t := p.Tree
	*b.config.bodies.add() = Body{block, p, d}
	if at, ok := t.DecidedIn(d); ok {
		b.missing(Missing{Ref: Ref{p, d}, Pattern: at.Text(), Block: block, Opaque: true})
	}
	for child := range t.Children(d) {
		block.size++
		name := t.Name(child)
		block.names.add(t.NameHash(child))
		b.config.names.add(t.NameHash(child))
		if !block.Missing && block.swallows(t, child) {
			block.Missing, block.swallowed = true, true // what is meant is not in force, and what is in force is not meant
		}
		switch {
		case !take(&b.budget.directives):
			b.tooMany(Ref{p, child}, block, fmt.Sprintf("more than %d directives, those of a file counted as often as it is included", MaxPlaced))
			return
		case t.IsBlock(child) && !take(&b.budget.blocks):
			b.tooMany(Ref{p, child}, block, fmt.Sprintf("more than %d blocks, those of a file counted as often as it is included", MaxBlocks))
			return
		case name == "include" && !t.IsBlock(child) && t.NArgs(child) == 1:
			b.include(p, child, block)
		case t.IsBlock(child):
			context, _ := catalog.Opens(name, block.Context) // 0: a module's own block, not known what it holds
			if block.Context == catalog.Main && block.has(context) {
				block.Missing, block.swallowed, b.config.Doubled = true, false, true
				continue
			}
			b.fill(p, child, b.block(p, child, block, context))
		case !t.IsRow(child) && FilledIn(name, t.NArgs(child) == 0):
			b.missing(Missing{Ref: Ref{p, child}, Pattern: name, Block: block, Opaque: true})
		}
	}
}

// has reports whether a block of this context stands in b.
func (b *Block) has(context catalog.Context) bool {
	return context != 0 && slices.ContainsFunc(b.Children, func(c *Block) bool { return c.Context == context })
}

func (b *builder) missing(m Missing) {
	m.Block.Missing, m.Block.swallowed = true, false
	b.config.Missing = append(b.config.Missing, m)
}

// tooMany notes that a limit was reached in a block. What is in force there is
// then unknown, and likewise in the blocks around it, which go no further either.
func (b *builder) tooMany(at Ref, block *Block, what string) {
	block.Missing, block.swallowed = true, false
	block.size = small + 1 // what is left out is in the tree all the same
	block.names.fill()
	b.config.names.fill()
	if b.config.TooMany.IsZero() {
		b.config.TooMany, b.config.TooManyOf = at, what
	}
}

var tooManyInclusions = fmt.Sprintf("more than %d inclusions", MaxInclusions)

func (b *builder) include(p *Placement, d syntax.ID, block *Block) {
	m := Missing{Ref: Ref{p, d}, Pattern: p.Tree.Arg(d, 0), Block: block}
	m.Opaque = Opaque(m.Pattern) || strings.Contains(m.Pattern, "$")
	at := len(p.includes)
	p.includes = append(p.includes, inclusion{at: d})
	complete := false
	if !m.Opaque {
		complete = b.place(&m, at)
	}
	if !complete {
		if !m.Opaque && !source.HasGlob(m.Pattern) {
			m.At = b.loader.Place(m.Pattern)
		}
		b.missing(m)
	}
}

// place reads and places the files of one include. It reports whether all that
// the include names was read.
func (b *builder) place(m *Missing, at int) bool {
	p := m.Place
	if b.budget.inclusions <= 0 {
		b.tooMany(m.Ref, m.Block, tooManyInclusions)
		return false
	}
	trees, complete, outside := b.loader.Include(m.Pattern)
	m.Outside = outside
	standIn := false
	if len(trees) == 0 && !complete {
		if t := b.standIn(m.Pattern); t != nil {
			trees, complete, standIn = []*syntax.Tree{t}, true, true
		}
	}
	placed := make([]Placement, 0, min(len(trees), b.budget.inclusions))
	for _, tree := range trees {
		if onChain(p, tree) {
			b.config.Cycles = append(b.config.Cycles, m.Ref)
			continue
		}
		if depth(p) >= MaxIncludeDepth {
			b.tooMany(m.Ref, m.Block, fmt.Sprintf("a chain of more than %d includes", MaxIncludeDepth))
			return false
		}
		if !take(&b.budget.inclusions) {
			b.tooMany(m.Ref, m.Block, tooManyInclusions)
			return false
		}
		m.Block.size++
		placed = append(placed, Placement{Tree: tree, Parent: p, At: m.ID, Block: m.Block, StandIn: standIn})
		p.includes[at].placed = placed
		b.file(&placed[len(placed)-1])
	}
	return complete
}

// standIn is our copy of the stock file that an include names; nil if it names none.
func (b *builder) standIn(pattern string) *syntax.Tree {
	text, ok := stock.Lookup(pattern)
	if !ok {
		return nil
	}
	key := path.Base(pattern)
	b.config.hasParams = b.config.hasParams || key == paramsFile
	if b.standIns[key] == nil {
		b.standIns[key] = syntax.Parse(source.NewFile("stock:"+key, text))
	}
	return b.standIns[key]
}

func onChain(p *Placement, t *syntax.Tree) bool {
	for ; p != nil; p = p.Parent {
		if p.Tree == t {
			return true
		}
	}
	return false
}

func depth(p *Placement) int {
	n := 0
	for ; p != nil; p = p.Parent {
		n++
	}
	return n
}

// FilledIn reports whether the name of a directive may be one that a program puts
// others in place of: it holds a template's part, a variable that nginx itself does
// not have, or it is alone and nothing but a variable.
func FilledIn(name string, alone bool) bool {
	switch {
	case isPlain(name):
		return false
	case Opaque(name):
		return true
	}
	for _, m := range reference().FindAllStringSubmatch(name, -1) {
		own, known := catalog.VariableNamed(m[1], catalog.AnyHTTP)
		if m[1] == strings.ToUpper(m[1]) || !known || own.Prefix || alone && m[0] == name {
			return true
		}
	}
	return false
}

// isPlain reports whether a name is made of lower-case letters, digits and underscores, as almost all are.
func isPlain(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

var reference = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`) })

// Opaque reports whether a word holds a template's part, whose value is not known here.
func Opaque(word string) bool { return syntax.Opaque(word) }

// Literal reports whether a word stands for itself: it holds no variable and no template's part.
func Literal(word string) bool { return !strings.Contains(word, "$") && !Opaque(word) }
