package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var phpLocationStatic = analyzer.Rule{
	ID:         "php-location-static",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Manual},
	OnScope:    locationStatic,
	Doc: analyzer.Doc{
		Summary: "a location for one PHP script answers with its source",
		What: "`location = /x.php` sets something for one script (a limit, a password, a log) and says nothing of how it is answered, while the other scripts are passed to PHP by a location like `~ \\.php$` beside it. " +
			"nginx takes one location only, and the exact one goes before all others.",
		Why:       "nginx sends the file itself: 200 with the PHP source, passwords and keys in it included, which browsers mostly offer as a download. Nothing is logged as an error.",
		Gaps:      "Silent where the location has a pass or another module's handler, `return`, `rewrite`, `try_files`, `deny`, `error_page` or `internal`, where the server rewrites the path before, where an include of the server or the location was not read, and where the tree that was read holds the root and no such script.",
		Remedy:    "Repeat in the location what passes scripts to PHP: `fastcgi_pass` with its parameters, or the include that has them.",
		FixSafety: "What of the other location belongs here is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#location"},
		Since:     "0.1.0",
	},
}

func locationStatic(p *analyzer.Pass, s *stack.Scope) {
	for _, c := range s.Nginx {
		for b := range c.Blocks(catalog.Location) {
			modifier, uri := b.Location()
			if modifier != "=" || hasOwn(b, "try_files", "return", "rewrite", "deny", "error_page") {
				continue
			}
			php := scriptLocation(p.Work, b, uri)
			if php == nil {
				continue
			}
			at, certain := sendsSource(p.Work, s, c, b.Enclosing(catalog.Server), uri)
			if !certain || at != b || s.Files(c)(b, uri) == nginx.Nothing {
				continue
			}
			p.Report(b.Ref(), nil, diag.Finding{
				Severity: diag.Error,
				Summary:  "the location answers with the source of a PHP script",
				Subject:  label(b.Head(), "nothing here passes %s to PHP: nginx sends the file itself", uri),
				Related: []diag.Label{
					label(php.Head(), "not asked: of all locations nginx takes the exact one"),
					label(php.Own("fastcgi_pass")[0].Head(), "the other scripts are passed on here"),
				},
				Notes:  []string{"requests end as 200 with the PHP source; no error is logged"},
				Remedy: "repeat in the location what passes scripts to PHP",
				Fixes:  []diag.Fix{{Title: "add " + php.Own("fastcgi_pass")[0].Head().Text() + "; and its parameters to the location", Safety: diag.Manual}},
			})
		}
	}
}
