package fpm

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/syntax"
)

// maxDepth is how many files php-fpm has open inside each other, the main file counted.
const maxDepth = 5

// MaxInclusions bounds how often files are included in one run: patterns that
// match the including files multiply.
const MaxInclusions = 50_000

// MaxEntries is how many keys the masters of a run take in: a file's count as
// often as it is included.
const MaxEntries = 1 << 21

// A Budget is what all masters of a run may take together.
type Budget struct{ inclusions, entries int }

// NewBudget is the one for a run.
func NewBudget() *Budget { return &Budget{MaxInclusions, MaxEntries} }

// A Loader reads what include directives name.
type Loader interface {
	// IncludeINI reads the files of a pattern in php-fpm's order: sorted by whole
	// path, folders left out. A relative pattern is below php-fpm's prefix (-p, else
	// what its build says), not below the including file. complete is false where
	// some of what the pattern names could not be read or is not known; a pattern
	// with wildcards that matches nothing in a folder that is there is complete.
	// outside is set where that lies where nothing may be read.
	IncludeINI(pattern string) (files []*syntax.INI, complete, outside bool)
}

// Load builds the master of a main file.
func Load(main *syntax.INI, l Loader, budget *Budget) *Master {
	b := newBuilder(main.File.Path, l, budget)
	b.master.Main = main
	b.file(main)
	b.buildIndexes()
	return b.master
}

// LoadPools builds a master of pool files whose main file is not known, in the
// order given. There is at least one.
func LoadPools(files []*syntax.INI, l Loader, budget *Budget) *Master {
	b := newBuilder(files[0].File.Path, l, budget)
	for _, f := range files {
		b.current, b.adrift = b.master.Global, true
		b.file(f)
	}
	b.buildIndexes()
	return b.master
}

type builder struct {
	loader  Loader
	master  *Master
	budget  *Budget
	pools   map[string]*Pool // by name in lower case
	current *Section
	adrift  bool // current may not be the section that is open
	chain   []*syntax.INI
	seen    map[*syntax.INI]bool
	order   int32
}

var versionInPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:^|/)php/(\d+\.\d+)/fpm/`) })

// versionInPlace holds for what lies right there: folders further up are not the host's.
var versionInPlace = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`/php/(\d+\.\d+)/fpm/(?:pool\.d/)?[^/]+$`)
})

// StartAt sets Dir.
func (m *Master) StartAt(dir string) {
	m.Dir = dir
	if v := versionInPlace().FindStringSubmatch(m.Place(m.Path)); v != nil && m.Version == "" {
		m.Version = v[1]
	}
}

func newBuilder(path string, l Loader, budget *Budget) *builder {
	m := &Master{Path: path}
	if v := versionInPath().FindStringSubmatch(path); v != nil {
		m.Version = v[1]
	}
	m.Global = &Section{kind: catalog.FPMGlobal, master: m}
	return &builder{
		loader: l, master: m, budget: budget, current: m.Global,
		pools: map[string]*Pool{}, seen: map[*syntax.INI]bool{},
	}
}

// file reads a file in the section that is open where it is included, and
// leaves its last section open.
func (b *builder) file(f *syntax.INI) {
	if !b.seen[f] {
		b.seen[f] = true
		b.master.Files = append(b.master.Files, f)
	}
	b.chain = append(b.chain, f)
	var include *syntax.Entry
	for i := range f.Lines {
		e := &f.Lines[i]
		// php-fpm includes at the end of the line, which may hold more statements.
		if include != nil && e.Span().Line() != include.Span().Line() {
			b.include(include)
			include = nil
		}
		if b.budget.entries--; b.budget.entries < 0 {
			b.tooMany(e)
			break
		}
		switch {
		case e.Kind == syntax.Section:
			b.open(e)
		case e.Kind == syntax.Key && e.Name == "include":
			include = e
		default:
			if b.current.entries == nil { // mostly a pool has a file to itself
				b.current.entries = make([]entry, 0, min(len(f.Lines)-i, small))
			}
			b.current.entries = append(b.current.entries, entry{e, fold(e.Name), b.order, !b.adrift})
			b.order++
		}
	}
	if include != nil {
		b.include(include)
	}
	b.chain = b.chain[:len(b.chain)-1]
}

// open switches to a section: a new pool, or one met before.
func (b *builder) open(head *syntax.Entry) {
	b.adrift = false
	name := fold(head.Name)
	if name == "global" {
		b.current = b.master.Global
		return
	}
	p := b.pools[name]
	if p == nil {
		p = &Pool{Name: head.Name, Master: b.master}
		p.Section = Section{kind: catalog.FPMPool, name: head.Name, certain: head.Known, master: b.master}
		b.pools[name] = p
		b.master.Pools = append(b.master.Pools, p)
	}
	if !strings.HasPrefix(head.Span().File.Path, "stock:") { // nobody wrote an image's own
		p.Heads = append(p.Heads, head.Span())
	}
	b.current = &p.Section
}

func (b *builder) include(e *syntax.Entry) {
	if !e.Known || e.Null {
		b.missing(e, "the path is not certain")
		return
	}
	if e.Value == "" { // names the prefix, a folder
		return
	}
	if len(b.chain) == maxDepth {
		b.missing(e, "nested too deep: php-fpm reads at most 5 files inside each other")
		b.master.Missing[len(b.master.Missing)-1].TooDeep = true
		return
	}
	var files []*syntax.INI
	complete, outside := true, false
	if b.budget.inclusions > 0 {
		files, complete, outside = b.loader.IncludeINI(e.Value)
	}
	for _, f := range files {
		if slices.Contains(b.chain, f) {
			b.missing(e, "the file includes itself")
			b.master.Missing[len(b.master.Missing)-1].Cycle = true
			return
		}
		if b.budget.inclusions--; b.budget.inclusions < 0 {
			break
		}
		b.file(f)
	}
	switch {
	case b.budget.inclusions <= 0:
		b.missing(e, "too many inclusions")
		b.tooMany(e)
	case outside:
		b.missing(e, "outside of what may be read")
	case !complete:
		b.missing(e, "not found or not readable")
	}
}

// tooMany notes that a limit of the run was reached: what comes after e was not
// taken in, so that no value is certain.
func (b *builder) tooMany(e *syntax.Entry) {
	b.adrift = true
	if b.master.TooMany.IsZero() {
		b.master.TooMany = e.Span()
		b.master.Missing = append(b.master.Missing, Missing{At: e.Span(), Pattern: e.Value, Reason: "too much", Limit: true, order: b.order})
	}
}

// small is the most keys in a section that is not indexed by their names.
const small = 64

func (b *builder) buildIndexes() {
	sections := []*Section{b.master.Global}
	for _, p := range b.master.Pools {
		sections = append(sections, &p.Section)
	}
	for _, s := range sections {
		if len(s.entries) > small {
			s.buildIndex()
		}
	}
}

func (b *builder) missing(e *syntax.Entry, reason string) {
	b.adrift = true
	b.master.Missing = append(b.master.Missing, Missing{At: e.ValueSpan(), Pattern: e.Value, Reason: reason, order: b.order})
}
