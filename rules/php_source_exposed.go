package rules

import (
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var phpSourceExposed = analyzer.Rule{
	ID:         "php-source-exposed",
	Severities: []diag.Severity{diag.Warning, diag.Info},
	Safeties:   []diag.Safety{diag.Manual},
	InfoOff:    true,
	OnScope:    sourceExposed,
	Doc: analyzer.Doc{
		Summary: "scripts that no location passes to PHP are sent as source",
		What: "A server passes only certain scripts to PHP (`location = /index.php`, `~ ^/index\\.php(/|$)`), and another location serves files of the same root: any other `.php` file there is a file like all others. " +
			"It is a warning where the tree that was read has such a file. Where none is known it is info, which is given only where the rule is asked for.",
		Why:       "nginx answers with 200 and the PHP source. Nothing is logged as an error.",
		Gaps:      "The root has to be an absolute path that lies in the tree (`--root` and path maps tell where). Silent where an include was not read, and for scripts that a location refuses or sends elsewhere.",
		Remedy:    "Refuse all other scripts (`location ~ \\.php$ { return 404; }` behind the one that runs PHP), or move files that are no entry point out of the root.",
		FixSafety: "Whether the other scripts should run or be refused is yours to say.",
		Refs:      []string{"https://symfony.com/doc/current/setup/web_server_configuration.html#nginx"},
		Since:     "0.1.0",
	},
}

// unlikely is a script that no configuration means to run.
const unlikely = "/nginx-lint-example.php"

func sourceExposed(p *analyzer.Pass, s *stack.Scope) {
	senders := map[*nginx.Block]*nginx.Block{} // by server; nil where scripts are not sent, or were reported
	for _, t := range s.Targets {
		server := t.Block.Enclosing(catalog.Server)
		if t.Protocol != stack.FastCGI || t.Block.Context != catalog.Location || server == nil {
			continue
		}
		at, again := senders[server]
		if !again {
			if by, certain := sendsSource(p.Work, s, t.Config, server, unlikely); certain {
				at = by
			}
			senders[server] = at
		}
		if at == nil || !slices.ContainsFunc(p.Work.Examples(t.Block), isScript) {
			continue
		}
		root, _, rooted := t.Block.Document("/")
		if other, _, ok := at.Document("/"); !rooted || !ok || other != root {
			continue
		}
		senders[server] = nil
		f := diag.Finding{
			Severity: diag.Info,
			Summary:  "scripts are sent as source",
			Subject:  label(t.Block.Head(), "passes these scripts to PHP, and no location any others"),
			Related:  []diag.Label{label(at.Head(), "sends other .php files of %s as they are", root)},
			Remedy:   "refuse other scripts: location ~ \\.php$ { return 404; }",
			Fixes:    []diag.Fix{{Title: "add location ~ \\.php$ { return 404; } behind this one", Safety: diag.Manual}},
		}
		if s.Documents != nil {
			for _, uri := range s.Documents.Scripts(p.Work, t.Config, root) {
				by, certain := sendsSource(p.Work, s, t.Config, server, uri)
				// Those that are made for scripts are other rules' to report.
				if certain && byFolder(by) && s.Files(t.Config)(by, uri) == nginx.File {
					f.Severity = diag.Warning
					f.Subject.Text = "passes these scripts to PHP, and no location " + uri
					f.Related = []diag.Label{label(by.Head(), "sends %s as it is", uri)}
					f.Notes = []string{"GET " + uri + " ends as 200 with the PHP source; no error is logged"}
					break
				}
			}
		}
		p.Report(t.Block.Ref(), nil, f)
	}
}

// isScript reports whether a path is that of a script, or begins with one.
func isScript(uri string) bool { return scriptPath().MatchString(uri) }

// byFolder reports whether a location (or the server) is not one that takes
// requests away from expressions.
func byFolder(b *nginx.Block) bool {
	modifier, _ := b.Location()
	return b.Context != catalog.Location || modifier != "=" && modifier != "^~"
}
