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
)

var errorPageSameBackend = analyzer.Rule{
	ID:         "error-page-same-backend",
	Severities: []diag.Severity{diag.Warning},
	OnScope:    samePage,
	Doc: analyzer.Doc{
		Summary: "the page for a failed backend is asked of the same backend",
		What:    "`error_page 502` or `504` names a page, and the location that serves it passes to the very backend that has failed.",
		Why: "While the backend is down, nginx asks it again, and then shows its own page of the status; error.log has the same connect error twice for each request. " +
			"Where `recursive_error_pages` is on it goes on asking until it gives up: the client gets 500 after ten more attempts, and error.log has `rewrite or internal redirection cycle`.",
		Gaps:   "Silent where it is not certain which location serves the page: a `try_files` for a file of which nothing is known, an include that was not read. A backend that fails for one request only may well serve the page. A named location is taken for a second try that is meant.",
		Remedy: "Let nginx serve the page from a file: a location for it with a `root` and no pass (`location = /50x.html { root /srv/errors; internal; }`).",
		Refs:   []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page", "https://nginx.org/en/docs/http/ngx_http_core_module.html#recursive_error_pages"},
		Since:  "0.1.0",
	},
}

func samePage(p *analyzer.Pass, s *stack.Scope) {
	passes := map[*nginx.Block]*stack.Target{}
	for _, t := range s.Targets {
		passes[t.Block] = t
	}
	for _, t := range s.Targets {
		if t.Block.Context != catalog.Location {
			continue
		}
		for _, code := range []int{502, 504} {
			page, route, certain := p.Work.ServeError(t.Block, code, s.Files(t.Config))
			if !certain || page.IsZero() || route.Handler != nginx.Passed || strings.HasPrefix(page.Arg(page.NArgs()-1), "@") {
				continue
			}
			again := passes[route.Location]
			if again == nil || !sameBackend(s, t, again) {
				continue
			}
			f := diag.Finding{
				Severity: diag.Warning,
				Summary:  "the page for a failed backend is asked of the same backend",
				Subject:  label(page.ArgSpan(page.NArgs()-1), "for %d of %s this is passed to the same backend", code, blockName(t.Block)),
				Related:  []diag.Label{label(t.Pass.Head(), "what fails")},
				Notes:    []string{fmt.Sprintf("%s the client gets nginx's own page for %d; error.log has the error twice", while[code], code)},
				Remedy:   "let nginx serve the page from a file, in a location without a pass",
			}
			if again != t {
				f.Related = append(f.Related, label(again.Pass.Head(), "what is asked for the page"))
			}
			if asksForEver(p.Work, again, code, s.Files(t.Config)) && on(t.Block, "recursive_error_pages") {
				f.Notes = []string{"with recursive_error_pages the client then gets 500; error.log: rewrite or internal redirection cycle"}
			}
			p.Report(page, nil, f)
			break
		}
	}
}

// while says when a failure of a backend leads to no page of it.
var while = map[int]string{502: "while the backend is down", 504: "while no process of the backend is free"}

// asksForEver reports whether a failure to get the page leads to the page.
func asksForEver(w *nginx.Work, again *stack.Target, code int, files nginx.Files) bool {
	_, route, certain := w.ServeError(again.Block, code, files)
	return certain && route.Pass == again.Pass && on(again.Block, "recursive_error_pages")
}

func on(b *nginx.Block, flag string) bool { return b.Value(flag).Arg(0) == "on" }

// sameBackend reports whether two targets certainly lead to the same addresses.
func sameBackend(s *stack.Scope, a, b *stack.Target) bool {
	varies := strings.Contains(a.Pass.Arg(0)+b.Pass.Arg(0), "$")
	if a.Protocol != b.Protocol || a.Unknown != "" || b.Unknown != "" {
		return a.Protocol == b.Protocol && a.Pass.Arg(0) == b.Pass.Arg(0) && !varies
	}
	first, second := endpointsOf(s, a), endpointsOf(s, b)
	return slices.Equal(first, second) && (len(first) == 1 || !varies)
}

// endpointsOf are the addresses of a target, each once.
func endpointsOf(s *stack.Scope, t *stack.Target) []string {
	type key struct{ *stack.Target }
	return stack.Once(s, key{t}, func() (list []string) {
		for _, peer := range t.Peers {
			list = append(list, peer.Endpoint.String())
		}
		slices.Sort(list)
		return slices.Compact(list)
	})
}
