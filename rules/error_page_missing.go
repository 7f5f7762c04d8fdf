package rules

import (
	"strconv"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var errorPageMissing = analyzer.Rule{
	ID:         "error-page-missing",
	Severities: []diag.Severity{diag.Warning},
	OnScope:    pageMissing,
	Doc: analyzer.Doc{
		Summary: "the file of an error page is not there",
		What:    "`error_page` names a page that nginx serves as a file, the root of the location that serves it lies in the tree that was read, and there is no such file.",
		Why:     "The client gets nginx's own 404 in place of the status that was meant, 502 for instance: monitoring and caches take it for a page that does not exist. error.log has `open() \"/srv/www/50x.html\" failed (2: No such file or directory)`.",
		Gaps:    "The root has to be an absolute path that lies in the tree (`--root` and path maps tell where), and not one that a package of nginx or an image may fill. Silent where a link may lead to the file, and where an include was not read.",
		Remedy:  "Put the file there, or correct the path, or the `root` of its location.",
		Refs:    []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page"},
		Since:   "0.1.0",
	},
}

func pageMissing(p *analyzer.Pass, s *stack.Scope) {
	if s.Documents == nil {
		return
	}
	for _, c := range s.Nginx {
		for b := range c.Blocks(catalog.Server | catalog.Location) {
			if b.Context == catalog.Location && len(b.Own("error_page")) == 0 {
				continue // those of its server
			}
			pages, _, known := b.List("error_page")
			for _, page := range pages {
				if code, err := strconv.Atoi(page.Arg(0)); err == nil && known {
					missingPage(p, s, b, page, code)
				}
			}
		}
	}
}

func missingPage(p *analyzer.Pass, s *stack.Scope, b *nginx.Block, page nginx.Ref, code int) {
	uri := page.Arg(page.NArgs() - 1)
	if !strings.HasPrefix(uri, "/") || strings.ContainsAny(uri, "$?") {
		return
	}
	c := b.Config
	used, route, certain := p.Work.ServeError(b, code, s.Present(c, uri))
	if !certain || used != page || route.Handler != nginx.Static || route.URI != uri || s.Files(c)(route.Location, uri) != nginx.Nothing {
		return
	}
	at := route.Location
	if _, route, certain = p.Work.ServeError(b, code, s.Files(c)); !certain || route.Handler != nginx.Status || route.Code != 404 || route.Location != at {
		return
	}
	root, _, _ := at.Document(uri)
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "the file of an error page is not there",
		Subject:  label(page.ArgSpan(page.NArgs()-1), "there is no %s in %s", uri, root),
		Related:  []diag.Label{label(at.Head(), "serves the page")},
		Notes:    []string{"error.log: open() \"" + root + uri + "\" failed (2: No such file or directory)"},
		Remedy:   "put the file there, or correct the path or the root",
	}
	if code != 404 {
		f.Notes = append([]string{"the client gets 404 in place of " + page.Arg(0)}, f.Notes...)
	}
	if v := at.Value("root"); v.Explicit() {
		f.Related = append(f.Related, label(v.From.Head(), "the root that is looked in"))
	}
	p.Report(page, nil, f)
}
