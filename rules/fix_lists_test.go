package rules_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/stack"
)

// lists are the directives any one of which keeps those of outer blocks from being in force.
var lists = []string{"fastcgi_param", "uwsgi_param", "scgi_param", "proxy_set_header", "grpc_set_header", "add_header"}

// inForce lists the names that the directives in force set, for each pass of a
// case, by scope and in reading order.
func (c ruleCase) inForce(t *testing.T) map[string][]map[string]bool {
	t.Helper()
	found := map[string][]map[string]bool{}
	var lock sync.Mutex // scopes are looked at side by side
	probe := analyzer.Rule{ID: "probe", OnScope: func(_ *analyzer.Pass, s *stack.Scope) {
		lock.Lock()
		defer lock.Unlock()
		for _, target := range s.Targets {
			names := map[string]bool{}
			for _, list := range lists {
				refs, _, _ := target.Block.List(list)
				for _, r := range refs {
					names[list+" "+strings.ToLower(r.Arg(0))] = true
				}
			}
			found[s.Name] = append(found[s.Name], names)
		}
	}}
	c.opts.FS = c.files
	c.opts.Known, c.opts.Rules = []string{"probe"}, []*analyzer.Rule{&probe}
	if _, err := analyzer.Run(c.opts); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestFixesKeepLists: where a fix adds a directive of which any one replaces those
// further out, it repeats them; no fix takes a parameter or header out of force.
func TestFixesKeepLists(t *testing.T) {
	t.Parallel()
	for _, name := range caseFiles(t, "*") {
		t.Run(caseName(name), func(t *testing.T) {
			t.Parallel()
			c := parseCase(t, name)
			before := c.inForce(t)
			for _, f := range c.run(t).Findings {
				for _, fix := range f.Fixes {
					mended := c
					mended.files = mend(c.files, fix)
					after := mended.inForce(t)
					for scope, passes := range before {
						if len(after[scope]) != len(passes) {
							continue // it adds or takes out a pass
						}
						for i, names := range passes {
							for _, lost := range slices.Sorted(maps.Keys(names)) {
								if !after[scope][i][lost] {
									t.Errorf("the fix %q of %s drops %s", fix.Title, describe(f), lost)
								}
							}
						}
					}
				}
			}
		})
	}
}
