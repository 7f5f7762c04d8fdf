package analyzer_test

import (
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/hosttest"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
	"nginx-lint/rules"
)

// benchSites is how many sites the host of the benchmarks has.
const benchSites = 1000

// A readHost is one whose files are read, each by itself.
type readHost struct {
	nginx, pools []*source.File
	trees        []*syntax.Tree
	inis         []*syntax.INI
	included     map[string][]*syntax.Tree
}

func hostFiles(sites int) (h readHost) {
	for f := range hosttest.Files(sites) {
		if src := source.NewFile(f.Path, f.Text); strings.HasPrefix(f.Path, hosttest.NginxFolder) {
			h.nginx = append(h.nginx, src)
		} else {
			h.pools = append(h.pools, src)
		}
	}
	return h
}

// parse reads the files, and gives how many directives and entries they have.
func (h *readHost) parse() (entries int) {
	h.trees, h.inis, h.included = h.trees[:0], h.inis[:0], map[string][]*syntax.Tree{}
	for _, f := range h.nginx {
		t := syntax.Parse(f)
		h.trees = append(h.trees, t)
		entries += t.Len() - 1
	}
	for _, f := range h.pools {
		in := syntax.ParseINI(f)
		h.inis = append(h.inis, in)
		entries += len(in.Lines)
	}
	return entries
}

func (h *readHost) loadPools() *fpm.Master {
	return fpm.LoadPools(h.inis[1:], noPools{}, fpm.NewBudget()) // the first one includes the others
}

// noPools implements fpm.Loader for files without includes.
type noPools struct{}

func (noPools) IncludeINI(string) ([]*syntax.INI, bool, bool) { return nil, true, false }

// Include implements nginx.Loader.
func (h *readHost) Include(pattern string) (trees []*syntax.Tree, complete, outside bool) {
	if trees, again := h.included[pattern]; again {
		return trees, true, false
	}
	for _, t := range h.trees {
		if source.MatchPath(hosttest.NginxFolder+"/"+pattern, t.File.Path) {
			trees = append(trees, t)
		}
	}
	h.included[pattern] = trees
	return trees, true, false
}

// Place implements nginx.Loader.
func (h *readHost) Place(string) string { return "" }

// Has implements nginx.Loader.
func (h *readHost) Has(string) bool { return false }

func (h *readHost) place() *nginx.Config {
	return nginx.Load(h.trees[0], catalog.Version{}, h, nginx.NewBudget())
}

// TestAllocationBudget keeps reading at no more than one piece of memory for five
// directives or entries.
func TestAllocationBudget(t *testing.T) {
	h := hostFiles(100)
	entries := 0
	allocs := testing.AllocsPerRun(5, func() { entries = h.parse() })
	if each := allocs / float64(entries); each > 0.2 {
		t.Errorf("%.3f allocations per directive or entry", each)
	}
}

// BenchmarkRead reads the texts of a host.
func BenchmarkRead(b *testing.B) {
	h := hostFiles(benchSites)
	b.ReportAllocs()
	entries := 0
	for b.Loop() {
		entries = h.parse()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(entries), "ns/entry")
}

// BenchmarkPlace places what was read where it is included.
func BenchmarkPlace(b *testing.B) {
	h := hostFiles(benchSites)
	h.parse()
	b.ReportAllocs()
	for b.Loop() {
		h.place()
		h.loadPools()
	}
}

// BenchmarkResolve asks for values in force in all locations.
func BenchmarkResolve(b *testing.B) {
	h := hostFiles(benchSites)
	h.parse()
	c := h.place()
	b.ReportAllocs()
	for b.Loop() {
		for l := range c.Blocks(catalog.Location) {
			for _, name := range []string{"root", "client_max_body_size", "proxy_read_timeout", "fastcgi_read_timeout", "access_log", "gzip"} {
				l.Value(name)
			}
			l.List("add_header")
			l.FastCGIParams()
		}
	}
}

// BenchmarkJoin finds what listens and what is passed on, and joins them.
func BenchmarkJoin(b *testing.B) {
	h := hostFiles(benchSites)
	h.parse()
	c, m := h.place(), h.loadPools()
	b.ReportAllocs()
	for b.Loop() {
		stack.Build(&stack.Scope{Nginx: []*nginx.Config{c}, Masters: []*fpm.Master{m}}, stack.NewBudget())
	}
}

// BenchmarkRule runs each rule by itself on a host that is read afresh each time,
// so that what rules find out for each other counts for each.
func BenchmarkRule(b *testing.B) {
	dir := b.TempDir()
	if _, err := hosttest.Write(dir, benchSites/10); err != nil {
		b.Fatal(err)
	}
	opts := analyzer.Options{FS: source.OS{Dir: dir}, Dir: dir, Paths: []string{"."}}
	for _, rule := range slices.DeleteFunc(rules.All(), func(r *analyzer.Rule) bool { return r.Driver }) {
		b.Run(rule.ID, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				b.StopTimer()
				run, err := analyzer.Prepare(opts)
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				run.Check(rule)
			}
		})
	}
}

// BenchmarkFinish puts the findings of all rules in order: one of them is in a
// file that all sites include.
func BenchmarkFinish(b *testing.B) {
	dir := b.TempDir()
	if _, err := hosttest.Write(dir, benchSites); err != nil {
		b.Fatal(err)
	}
	opts := analyzer.Options{FS: source.OS{Dir: dir}, Dir: dir, Paths: []string{"."}, Rules: rules.All()}
	b.ReportAllocs()
	b.ResetTimer() // without the writing of the files
	for range b.N {
		b.StopTimer()
		run, err := analyzer.Prepare(opts)
		if err != nil {
			b.Fatal(err)
		}
		run.Check(opts.Rules...)
		b.StartTimer()
		if run.Finish().LimitReached {
			b.Fatal("not all was read")
		}
	}
}
