package nginx

import (
	"iter"
	"math"

	"nginx-lint/analyzer/syntax"
)

// names tells quickly of most names that a block does not have them: each name
// has one of the bits.
type names [4]uint64

func (n *names) add(h syntax.NameHash) { n[h>>6&3] |= 1 << (h & 63) }

func (n *names) mayHave(h syntax.NameHash) bool { return n[h>>6&3]&(1<<(h&63)) != 0 }

func (n *names) fill() {
	for i := range n {
		n[i] = math.MaxUint64
	}
}

// allNames does the same for a configuration, which has more of them.
type allNames [64]uint64

func (n *allNames) add(h syntax.NameHash) { n[h>>10] |= 1 << (h >> 4 & 63) }

func (n *allNames) mayHave(h syntax.NameHash) bool { return n[h>>10]&(1<<(h>>4&63)) != 0 }

func (n *allNames) fill() {
	for i := range n {
		n[i] = math.MaxUint64
	}
}

// mayHave is false where no directive with a name of that hash stands directly in the block.
func (b *Block) mayHave(h syntax.NameHash) bool {
	return b.Config.names.mayHave(h) && b.names.mayHave(h)
}

// MayRepeat is false where no two directives directly in the block have one name of the set.
func (b *Block) MayRepeat(s *NameSet) bool {
	var seen allNames
	for r := range b.All() {
		switch h := r.Place.Tree.NameHash(r.ID); {
		case !s.bits.mayHave(h):
		case !seen.mayHave(h):
			seen.add(h)
		case s.has[r.Name()]:
			return true
		}
	}
	return false
}

// A NameSet are names of directives that are looked for together.
type NameSet struct {
	list []setName
	has  map[string]bool
	bits allNames // of the list
	some names    // of the list
}

type setName struct {
	name string
	hash syntax.NameHash
}

// NewNameSet is the set of some names.
func NewNameSet(names ...string) *NameSet {
	s := &NameSet{has: make(map[string]bool, len(names))}
	for _, name := range names {
		s.add(setName{name, syntax.HashName(name)})
	}
	return s
}

func (s *NameSet) add(n setName) {
	s.list = append(s.list, n)
	s.has[n.name] = true
	s.bits.add(n.hash)
	s.some.add(n.hash)
}

// In is the set without names that the configuration certainly does not have:
// with it, blocks are looked through faster.
func (s *NameSet) In(c *Config) *NameSet {
	in := &NameSet{has: map[string]bool{}}
	for _, n := range s.list {
		if c.names.mayHave(n.hash) {
			in.add(n)
		}
	}
	return in
}

// Empty reports whether no name is in the set.
func (s *NameSet) Empty() bool { return len(s.list) == 0 }

// Has reports whether the name of a directive is in the set.
func (s *NameSet) Has(r Ref) bool {
	return s.bits.mayHave(r.Place.Tree.NameHash(r.ID)) && s.has[r.Name()]
}

// HasAny reports whether a directive of one of the names stands directly in the block.
func (b *Block) HasAny(s *NameSet) bool {
	for i := range s.list {
		if n := &s.list[i]; b.mayHave(n.hash) && !b.lastHashed(n.name, n.hash).IsZero() {
			return true
		}
	}
	return false
}

// OwnOf yields the directives of the names directly in the block, in order. For
// `server` blocks use Children.
func (b *Block) OwnOf(s *NameSet) iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		if b.mayHaveAny(s) {
			walk(b.Place, b.ID, func(r Ref) bool { return !s.Has(r) || yield(r) })
		}
	}
}

// mayHaveAny is false where no directive of one of the names stands directly in the block.
func (b *Block) mayHaveAny(s *NameSet) bool {
	for i, bits := range s.some {
		if bits&b.names[i] != 0 {
			return true
		}
	}
	return false
}
