package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var timeoutDeadDirective = analyzer.Rule{
	ID:         "timeout-dead-directive",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	YieldsTo:   []string{"buffer-sizes"}, // that stop nginx are not without effect
	OnScope:    deadDirectives,
	Doc: analyzer.Doc{
		Summary: "a timeout, buffer or other setting for a kind of pass that no request takes there",
		What: "A server or location has a directive such as `proxy_read_timeout` or `fastcgi_buffers`, and no location in it has the `proxy_pass` or `fastcgi_pass` that it is for: " +
			"`proxy_read_timeout` beside `fastcgi_pass`, a timeout in a location that only has `try_files`. All of one kind in one block are told together.",
		Why: "nginx accepts it and does nothing with it: the backend's location goes on with the value that it has itself or from its server, by default 60s, and the client still gets `504` (`upstream timed out (110: Connection timed out)`). " +
			"A request that `try_files`, `rewrite` or `error_page` sends to another location, also a named one, takes no value along.",
		Gaps: "Silent in http, where such values stand in store; where each location with such a pass has a value of its own; in files of which it is not known what includes them; where a file that was not read, a directive that is not known, or the handler of another module (Lua, njs, nchan …) may pass requests on; " +
			"for sizes of buffers where an outer block has some, too, and nginx compares them when it starts; for a snippet that has an effect in any of the places that include it; and for directives that do something by themselves, as `fastcgi_split_path_info`.",
		Remedy:    "Write the directive of the pass that is used, or move it to the location that passes the requests on, or remove it.",
		FixSafety: "Manual: which place or which directive was meant is not in the file.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout", "https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_read_timeout"},
		Since:     "0.1.0",
	},
}

// A written directive, wherever its file is included.
type written struct {
	tree *syntax.Tree
	id   syntax.ID
}

func whereWritten(r nginx.Ref) written { return written{r.Tree(), r.ID} }

// passing is what a block says about passing requests on.
type passing struct {
	block *nginx.Block
	needs []nginx.Ref // directives that have an effect only with a pass
	has   []nginx.Ref // the passes
	// open is set where requests may be passed on by something that is not known.
	open bool
	// noted are the passes for which inForce has noted the needs.
	noted []string
}

func deadDirectives(p *analyzer.Pass, s *stack.Scope) {
	var needing []*passing
	used := map[written]bool{}
	for _, c := range s.Nginx {
		of := map[*nginx.Block]*passing{}
		var read passing
		for b := range c.Blocks(catalog.Server | catalog.Location | catalog.IfInLocation | catalog.LimitExcept) {
			read.read(b)
			if len(read.needs) > 0 || read.open {
				one := passing{block: b, needs: slices.Clone(read.needs), has: slices.Clone(read.has), open: read.open}
				of[b] = &one
				if len(one.needs) > 0 {
					needing = append(needing, &one)
				}
			}
			if read.open || b.Missing || openAround(of, b) {
				inForce(of, b, "", used)
			}
			for _, pass := range read.has {
				inForce(of, b, pass.Name(), used)
			}
		}
	}
	for _, one := range needing {
		if one.block.Parent == nil { // of a file whose includer was not read
			continue
		}
		dead := map[string][]nginx.Ref{}
		var order []string
		for _, r := range one.needs {
			if used[whereWritten(r)] || r.Place.StandIn || addsToOuter(one.block, r.Name()) {
				continue
			}
			pass, _ := catalog.PassOf(r.Name())
			if dead[pass] == nil {
				order = append(order, pass)
			}
			dead[pass] = append(dead[pass], r)
		}
		for _, pass := range order {
			one.report(p, pass, dead[pass])
		}
	}
}

// read is for a block what it was for another before.
func (one *passing) read(b *nginx.Block) {
	*one = passing{block: b, needs: one.needs[:0], has: one.has[:0], open: len(b.Place.Tree.Errors) > 0}
	for r := range b.All() {
		name := r.Name()
		if catalog.IsSetting(name) {
			one.open = one.open || len(r.Tree().Errors) > 0
			continue
		}
		if _, ok := catalog.PassOf(name); ok {
			one.needs = append(one.needs, r)
		} else if strings.HasSuffix(name, "_pass") && catalog.Known(name) {
			one.has = append(one.has, r)
		}
		one.open = one.open || catalog.MayHandle(name) || len(r.Tree().Errors) > 0
	}
}

func openAround(of map[*nginx.Block]*passing, b *nginx.Block) bool {
	for at := b.Parent; at != nil; at = at.Parent {
		if one := of[at]; one != nil && one.open {
			return true
		}
	}
	return false
}

// inForce notes the directives that stand in a block, or around it up to its
// server, and are for a pass that is there; for any where that is "".
func inForce(of map[*nginx.Block]*passing, b *nginx.Block, pass string, used map[written]bool) {
	for at := b; at != nil; at = at.Parent {
		one := of[at]
		switch {
		case one == nil:
			continue
		case slices.Contains(one.noted, pass):
			return // and so for those around it
		}
		one.noted = append(one.noted, pass)
		for _, r := range one.needs {
			if needs, _ := catalog.PassOf(r.Name()); pass == "" || needs == pass {
				used[whereWritten(r)] = true
			}
		}
	}
}

// addsToOuter reports whether a directive is one of the sizes that nginx compares
// when it starts, and an outer block has others of them: what they would be
// without it nginx may refuse.
func addsToOuter(b *nginx.Block, name string) bool {
	family, setting, _ := strings.Cut(name, "_")
	return slices.Contains(comparedSizes, "_"+setting) && slices.ContainsFunc(comparedSizes, func(suffix string) bool {
		return b.Parent.Value(family + suffix).Explicit()
	})
}

// report tells of the directives of a block that are for a pass which is not there.
func (one *passing) report(p *analyzer.Pass, pass string, dead []nginx.Ref) {
	name := dead[0].Name()
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "a setting for a kind of pass that no request takes here",
		Subject:  label(dead[0].Head(), "%s is for %s, and %s has none", name, pass, blockName(one.block)),
		Remedy:   "move it to the location that has the " + pass + ", or remove it",
	}
	if one.block.Context == catalog.Server {
		f.Subject.Text = fmt.Sprintf("%s is for %s, and no location of this server has one", name, pass)
	}
	for _, r := range dead[1:min(len(dead), 4)] {
		f.Related = append(f.Related, label(r.Head(), "likewise"))
	}
	if more := len(dead) - 4; more > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("likewise %d more directives of this block", more))
	}
	for _, used := range one.has {
		family, _, _ := strings.Cut(used.Name(), "_")
		_, setting, _ := strings.Cut(name, "_")
		f.Related = append(f.Related, label(used.Head(), "requests are passed on by %s", used.Name()))
		if needs, ok := catalog.PassOf(family + "_" + setting); ok && needs == used.Name() {
			f.Remedy = "use " + family + "_" + setting + ", or remove it"
		}
	}
	if one.block.Context == catalog.Location && len(one.has) == 0 {
		f.Notes = append(f.Notes, "a request that is sent to another location by try_files, rewrite or error_page takes no value along: set it there")
	}
	f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Manual}}
	causes := make(analyzer.Causes, len(dead))
	for i, r := range dead {
		causes[i] = whereWritten(r)
	}
	p.Report(dead[0], causes, f)
}
