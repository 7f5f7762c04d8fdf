package rules

import (
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/stack"
)

var targetSchemeMissing = analyzer.Rule{
	ID:         "target-scheme-missing",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Manual},
	OnScope:    schemeMissing,
	Doc: analyzer.Doc{
		Summary:   "a proxy_pass with a variable whose values have no http:// or https://",
		What:      "A `proxy_pass` with variables, where no value that the variables can get from `set` and `map` begins with `http://` or `https://`.",
		Why:       "nginx builds the address while it serves the request and refuses one without scheme: every request ends as 500, and error.log has `invalid URL prefix in \"127.0.0.1:3000\"`. `nginx -t` sees it in a `proxy_pass` without variables only.",
		Gaps:      "Silent where one value has a scheme, or where one is not known.",
		Remedy:    "Write the scheme in the pass: `proxy_pass http://$backend;`",
		FixSafety: "Which of the two schemes is meant, and whether the variable is used elsewhere as well, is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass"},
		Since:     "0.1.0",
	},
}

func schemeMissing(p *analyzer.Pass, s *stack.Scope) {
	for _, t := range s.Targets {
		if len(t.Schemeless) == 0 {
			continue
		}
		text := t.Pass.Arg(0)
		f := diag.Finding{
			Severity: diag.Error,
			Summary:  "proxy_pass without http:// or https://",
			Subject:  label(t.Pass.ArgSpan(0), "no value of %s begins with http:// or https://", text),
			Notes:    []string{"every request here ends as 500; error.log: invalid URL prefix in \"" + strings.Trim(t.Schemeless[0].Text(), `"'`) + "…\""},
			Remedy:   "write the scheme: proxy_pass http://" + text,
			Fixes:    []diag.Fix{{Title: "write http:// or https:// before " + text, Safety: diag.Manual}},
		}
		for _, span := range t.Schemeless[:min(len(t.Schemeless), 3)] {
			if span != f.Subject.Span {
				f.Related = append(f.Related, label(span, "a value without scheme"))
			}
		}
		p.Report(t.Pass, t.Pass, f)
	}
}
