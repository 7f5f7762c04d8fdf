package rules

import (
	"regexp"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var templateDefaultSyntax = analyzer.Rule{
	ID:         "template-default-syntax",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Manual},
	OnScope:    templateDefaults,
	Doc: analyzer.Doc{
		Summary: "a default for a variable in a template of nginx's image, which knows none",
		What: "A file that lies in `/etc/nginx/templates` of a container of nginx's own image, as a compose project or its Dockerfile puts it there, has `${NAME:-default}` or another form with an operator. " +
			"The image fills templates in with `envsubst`, which replaces `$NAME` and `${NAME}` and leaves the rest as it is.",
		Why:       "nginx gets the text itself: in most directives it does not start (`[emerg] the closing bracket in \"NAME\" variable is missing`, `invalid port in \"${PORT:-80}\" of the \"listen\" directive`); in `server_name` it is taken for a name that no request has.",
		Gaps:      "Silent where the template's folder is another one (`NGINX_ENVSUBST_TEMPLATE_DIR`), and for templates that other programs fill in.",
		Remedy:    "Write `${NAME}`, and the default in the service's `environment`: `NAME: ${NAME:-default}`.",
		FixSafety: "Manual: it takes both files.",
		Refs:      []string{"https://hub.docker.com/_/nginx", "https://github.com/nginx/docker-nginx/issues/592"},
		Since:     "0.1.0",
	},
}

// operator is a variable in braces with an operator of the shell.
var operator = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-=+?][^{}]*)\}`) })

func templateDefaults(p *analyzer.Pass, s *stack.Scope) {
	if s.Containers == nil {
		return
	}
	for _, c := range s.Nginx {
		for _, service := range s.Containers.Nginx[c] {
			if s.Containers.IsTemplate(service, c.Main.File.Path) && s.Containers.Views[service].Runs() == compose.Nginx {
				templateDefault(p, c, service)
				break
			}
		}
	}
}

func templateDefault(p *analyzer.Pass, c *nginx.Config, service *compose.Service) {
	for token := range syntax.Tokens(c.Main.File) {
		if token.Kind == syntax.TokenComment {
			continue
		}
		for _, m := range operator().FindAllStringSubmatchIndex(c.Main.File.Text[token.Start:token.End], -1) {
			at := source.Span{File: c.Main.File, Start: token.Start + m[0], End: token.Start + m[1]}
			name := at.File.Text[token.Start+m[2] : token.Start+m[3]]
			value := strings.TrimLeft(at.File.Text[token.Start+m[4]:token.Start+m[5]], ":-=+?")
			title := "write ${" + name + "}, and " + name + ": ${" + name + ":-" + value + "} in the environment of service " + service.Name
			p.Report(nginx.Ref{}, nil, diag.Finding{
				Severity: diag.Error,
				Summary:  "a template's default that envsubst does not know",
				Subject:  label(at, "nginx gets this as it is: envsubst fills in ${%s} only", name),
				Related:  []diag.Label{label(service.Key, "fills the template in when it starts")},
				Notes:    []string{"in most directives nginx does not start: [emerg] the closing bracket in \"" + name + "\" variable is missing"},
				Remedy:   title,
				Fixes:    []diag.Fix{{Title: title, Safety: diag.Manual}},
			})
		}
	}
}
