package analyzer

import (
	"slices"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// Of the steps that a rule may take to follow requests each scope has its share, and
// at least so many as a site needs.
const (
	maxWork = 1 << 26
	minWork = 1 << 16
)

// atOnce is how many things one goroutine looks at: enough to outweigh the start,
// few enough to keep all processors busy.
const atOnce = 256

// run runs the rules: those that look at configurations of nginx alone while join
// joins what the others look at.
func (d *driver) run(join func()) {
	d.readFiles()
	w := workload{driver: d, work: []func(){join}}
	of := byHook(d.opts.Rules)
	configs := slices.Concat(d.mains, d.fragments)
	for _, c := range configs {
		w.once(of.config, nil, maxWork/len(configs), func(p *Pass) { p.Rule.OnConfig(p, c) })
		var in catalog.Context
		for _, rule := range of.block {
			in |= rule.In
		}
		each(&w, of.block, nil, maxWork/len(configs), c.BlocksIn(in), func(p *Pass, b *nginx.Block) {
			if b.Context&p.Rule.In != 0 {
				p.Rule.OnBlock(p, b)
			}
		})
	}
	w.do()
	for _, s := range d.scopes {
		share := maxWork / len(d.scopes)
		w.once(of.scope, s, share, func(p *Pass) { p.Rule.OnScope(p, s) })
		each(&w, of.hop, s, share, s.Hops, func(p *Pass, h *stack.Hop) { p.Rule.OnHop(p, h) })
		each(&w, of.gateway, s, share, s.Gateways, func(p *Pass, g *stack.Gateway) { p.Rule.OnGateway(p, g) })
		for _, m := range s.Masters {
			each(&w, of.pool, s, share, m.Pools, func(p *Pass, pool *fpm.Pool) { p.Rule.OnPool(p, pool) })
		}
	}
	for _, bodies := range d.lookups() {
		w.together(of.directive, nil, minWork, func(passes []*Pass) {
			for _, l := range bodies {
				d.lookUp(l, passes)
			}
		})
	}
	w.do()
	n := 0
	for _, p := range w.passes {
		n += len(p.found)
	}
	d.findings = slices.Grow(d.findings, n)
	for _, p := range w.passes {
		for _, f := range p.found {
			d.findings = append(d.findings, *f)
		}
	}
	d.reading()
}

// hooks are rules by what they look at.
type hooks struct{ hop, gateway, block, directive, config, pool, scope []*Rule }

func byHook(rules []*Rule) (of hooks) {
	for _, rule := range rules {
		var is *[]*Rule
		switch {
		case rule.OnHop != nil:
			if is = &of.hop; rule.OnGateway != nil {
				of.gateway = append(of.gateway, rule)
			}
		case rule.OnBlock != nil:
			is = &of.block
		case rule.OnDirective != nil:
			is = &of.directive
		case rule.OnConfig != nil:
			is = &of.config
		case rule.OnPool != nil:
			is = &of.pool
		case rule.OnScope != nil:
			is = &of.scope
		default:
			continue // the driver itself speaks for it
		}
		*is = append(*is, rule)
	}
	return of
}

// A workload is what rules have to do, in portions that processors take one after another.
type workload struct {
	*driver
	passes []*Pass // in the order of what they look at
	work   []func()
}

// do does the work.
func (w *workload) do() {
	parallel(w.work, func(do func()) { do() })
	w.work = nil
}

// once adds a portion for each rule.
func (w *workload) once(rules []*Rule, s *stack.Scope, steps int, call func(*Pass)) {
	for i := range rules {
		w.together(rules[i:i+1], s, steps, func(passes []*Pass) { call(passes[0]) })
	}
}

// each adds portions of things, at each of which all rules look before the next, while
// what is known of it is at hand.
func each[T any](w *workload, rules []*Rule, s *stack.Scope, steps int, things []T, call func(*Pass, T)) {
	portions := (len(things) + atOnce - 1) / atOnce
	for portion := range slices.Chunk(things, atOnce) {
		w.together(rules, s, steps/portions, func(passes []*Pass) {
			for _, thing := range portion {
				for _, p := range passes {
					call(p, thing)
				}
			}
		})
	}
}

// together adds one portion for some rules.
func (w *workload) together(rules []*Rule, s *stack.Scope, steps int, do func([]*Pass)) {
	passes := make([]*Pass, len(rules))
	for i, rule := range rules {
		passes[i] = &Pass{
			Rule: rule, Scope: s, Work: nginx.NewWork(max(steps, minWork)),
			options: w.opts.RuleOptions[rule.ID], readings: w.readings, whole: w.whole,
		}
	}
	w.passes = append(w.passes, passes...)
	w.work = append(w.work, func() { do(passes) })
}
