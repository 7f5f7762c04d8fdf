package analyzer

import (
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/grammar"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/syntax"
)

// A Directive is one that nginx would look up, with what the catalogue says of it.
type Directive struct {
	nginx.Ref
	// Block is what it stands in.
	Block *nginx.Block
	// Entry and Standing are what the nginx that will run it knows of the name there.
	// At the top of a file that nobody includes, which may stand anywhere, a name
	// that is known somewhere fits.
	Entry    *catalog.Directive
	Standing catalog.Standing
	// OtherModules is set where nginx is said to have modules whose directives are not known here.
	OtherModules bool
	// Template is set in a file that a program fills in first: what stands
	// twice there, or nowhere, may not in the end.
	Template bool

	checked bool // fault is known
	fault   *grammar.Fault
}

// Fault is what nginx refuses about the arguments; nil where that is not known.
func (x *Directive) Fault() *grammar.Fault {
	if !x.checked {
		x.checked, x.fault = true, x.check()
	}
	return x.fault
}

func (x *Directive) check() *grammar.Fault {
	version := x.Block.Config.Version
	if x.Standing != catalog.Fits || !x.Entry.ArgsAt(version).Accepts(x.NArgs()) || x.Entry.Block != x.Tree().IsBlock(x.ID) || x.filledIn() {
		return nil
	}
	if x.Block.Parent != nil || !x.Block.Config.Fragment {
		return grammar.Check(x.Entry, x.Args(), x.Block.Context, version)
	}
	// It may stand anywhere: a fault has to be one wherever the name is known.
	var fault *grammar.Fault
	for d := range catalog.Named(x.Name()) {
		if d.Section != catalog.Core || !d.ArgsAt(version).Accepts(x.NArgs()) || d.Block != x.Entry.Block {
			continue
		}
		if fault = grammar.Check(d, x.Args(), 0, version); fault == nil {
			return nil
		}
	}
	return fault
}

// filledIn reports whether a program fills in a part of a directive before nginx reads it.
func (x *Directive) filledIn() bool {
	if x.Tree().FilledIn(x.ID) {
		return true
	}
	for _, arg := range x.EachArg() {
		if x.Template && strings.Contains(arg, "$") {
			return true
		}
	}
	return false
}

// A lookup is a body whose directives nginx looks up, as one kind of block.
type lookup struct {
	nginx.Body

	places int // in how many it stands so
}

// lookups are the bodies of all configurations, atOnce together; one of a
// file that is included in several blocks of the same kind is there once.
func (d *driver) lookups() (all [][]lookup) {
	type key struct {
		tree    *syntax.Tree
		id      syntax.ID
		context catalog.Context
		version catalog.Version
	}
	seen := map[key]*lookup{}
	for _, c := range slices.Concat(d.mains, d.fragments) {
		for b := range c.Bodies() {
			if b.Block.Context == 0 || b.Block.Context&catalog.Rows != 0 || b.Place.StandIn {
				continue
			}
			k := key{b.Place.Tree, b.ID, b.Block.Context, c.Version}
			shared := c.Placements(b.Place.Tree) > 1 || c.Fragment
			if again := seen[k]; shared && again != nil {
				again.places++
				continue
			}
			if n := len(all); n == 0 || len(all[n-1]) == atOnce {
				all = append(all, make([]lookup, 0, atOnce))
			}
			last := &all[len(all)-1]
			*last = append(*last, lookup{*b, 1})
			if shared {
				seen[k] = &(*last)[len(*last)-1]
			}
		}
	}
	return all
}

// A reading is how far a file can be relied on that is a template or has errors. Of
// other files all directives are certain.
type reading struct {
	// until is the offset of the first syntax error: what comes after it is read by
	// guess, and nginx does not get that far.
	until    int
	template bool
}

func (d *driver) readFiles() {
	d.readings, d.whole = map[*syntax.Tree]reading{}, map[*nginx.Config]bool{}
	seen := map[*syntax.Tree]bool{}
	for _, c := range slices.Concat(d.mains, d.fragments) {
		d.whole[c] = true
		for _, t := range c.Files {
			if !seen[t] {
				seen[t] = true
				if r := (reading{firstError(t), isTemplate(path.Base(t.File.Path), t.File.Text)}); r.template || len(t.Errors) > 0 {
					d.readings[t] = r
				}
			}
			if _, doubtful := d.readings[t]; doubtful {
				d.whole[c] = false
			}
		}
	}
}

func (r reading) certain(t *syntax.Tree, id syntax.ID) bool {
	// The brace of a repetition is an error right behind the words before it.
	return t.HeadSpan(id).End < r.until && (t.Closed(id) || t.IsBlock(id))
}

// Certain reports whether a directive is written as it will run: not behind a
// syntax error, of its file or of one that includes it, in no template, in no
// stand-in for a stock file.
func (p *Pass) Certain(r nginx.Ref) bool {
	if r.Place.StandIn {
		return false
	}
	reading, doubtful := p.readings[r.Tree()]
	if doubtful && (reading.template || !reading.certain(r.Tree(), r.ID)) {
		return false
	}
	return !behindError(p.readings, r.Place)
}

// Whole reports whether all files of a configuration are written as they will
// run: none has a syntax error, and none is a template.
func (p *Pass) Whole(c *nginx.Config) bool { return p.whole[c] }

func firstError(t *syntax.Tree) int {
	first := len(t.File.Text) + 1
	for _, e := range t.Errors {
		first = min(first, e.At.Start)
	}
	return first
}

// behindError reports whether a file is included behind a syntax error of one that
// leads to it: the block that it stands in is a guess.
func behindError(readings map[*syntax.Tree]reading, p *nginx.Placement) bool {
	if len(readings) == 0 {
		return false
	}
	for ; p.Parent != nil; p = p.Parent {
		if reading, doubtful := readings[p.Parent.Tree]; doubtful && !reading.certain(p.Parent.Tree, p.At) {
			return true
		}
	}
	return false
}

// lookUp calls the rules for each directive of the body.
func (d *driver) lookUp(l lookup, passes []*Pass) {
	tree, orphan := l.Place.Tree, l.Block.Config.Fragment && l.Block.Parent == nil
	reading, doubtful := d.readings[tree]
	guessed := behindError(d.readings, l.Place)
	var x Directive
	for id := range tree.Children(l.ID) {
		if doubtful && !reading.certain(tree, id) {
			continue
		}
		x = Directive{Ref: nginx.Ref{Place: l.Place, ID: id}, Block: l.Block, Template: reading.template, OtherModules: d.opts.OtherModules}
		x.Entry, x.Standing = d.find(&x)
		if x.Standing == catalog.Elsewhere && guessed {
			continue
		}
		if orphan && x.Standing == catalog.Elsewhere {
			x.Standing = catalog.Fits
		}
		for _, p := range passes {
			before := len(p.found)
			p.Rule.OnDirective(p, &x)
			for i := range p.found[before:] {
				p.found[before+i].Places = l.places
			}
		}
	}
}

// find is what nginx and the modules that the caller speaks of know of a directive.
func (d *driver) find(x *Directive) (*catalog.Directive, catalog.Standing) {
	entry, standing := catalog.Find(x.Name(), x.Block.Context, x.Block.Config.Version)
	i := slices.IndexFunc(d.opts.Directives, func(own catalog.Directive) bool { return own.Name == x.Name() })
	if standing == catalog.Fits || i < 0 {
		return entry, standing
	}
	own := d.opts.Directives[i]
	own.Block = x.Tree().IsBlock(x.ID) // whether it has one is not said
	if own.Contexts&x.Block.Context != 0 {
		return &own, catalog.Fits
	}
	if standing == catalog.Elsewhere {
		own.Contexts |= entry.Contexts
	}
	return &own, catalog.Elsewhere
}
