package rules

import (
	"regexp"
	"slices"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fastcgiPathInfo = analyzer.Rule{
	ID:         "fastcgi-path-info",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Unsafe, diag.Manual},
	OnScope:    pathInfo,
	Doc: analyzer.Doc{
		Summary: "try_files empties PATH_INFO",
		What: "A location splits paths like `/index.php/page` (`fastcgi_split_path_info`), checks with `try_files $fastcgi_script_name` that the script is there, and sends `$fastcgi_path_info` as PATH_INFO. " +
			"With `try_files` the script's path becomes the request's path, and `$fastcgi_path_info` is what is left of that: nothing.",
		Why:       "Scripts get an empty PATH_INFO: applications that route by it show their start page, or 404 of their own, for every path. Nothing is logged.",
		Gaps:      "Silent where the location's own pattern takes no path that goes on after the script (Debian's snippet in `~ \\.php$`), where `set` saves the value before, and where PATH_INFO is made from anything else.",
		Remedy:    "Save the value before: `set $path_info $fastcgi_path_info;`, and send `$path_info`. `set` is run before `try_files`, wherever it stands.",
		FixSafety: "Unsafe: applications that have come to terms with an empty PATH_INFO see another one.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_split_path_info"},
		Since:     "0.1.0",
	},
}

// scriptPath matches a path of a script, and what goes on after it.
var scriptPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(/.*\.php)(/.*)?$`) })

func pathInfo(p *analyzer.Pass, s *stack.Scope) {
	for _, t := range s.Targets {
		b := t.Block
		tries, splits := b.Own("try_files"), b.Own("fastcgi_split_path_info")
		if t.Protocol != stack.FastCGI || b.Context != catalog.Location || len(tries) != 1 || len(splits) != 1 || b.Missing {
			continue
		}
		args := tries[0].Args()
		params := b.FastCGIParams()
		param, _, _ := params.Get("PATH_INFO")
		if !params.Known || param.Value() != "$fastcgi_path_info" || !slices.Contains(args[:len(args)-1], "$fastcgi_script_name") {
			continue
		}
		uri, found := withPathInfo(p.Work, b, splits[0].Arg(0))
		if !found {
			continue
		}
		f := diag.Finding{
			Severity: diag.Warning,
			Summary:  "try_files empties PATH_INFO",
			Subject:  label(param.Head(), "empty for %s: try_files has made the script's path the request's", uri),
			Related:  []diag.Label{label(tries[0].Head(), "sets the path to that of the script"), label(splits[0].Head(), "splits the path that it finds then")},
			Notes:    []string{"nothing is logged"},
			Remedy:   "save the value before: set $path_info $fastcgi_path_info; and send $path_info",
		}
		fix := diag.Fix{Title: "save $fastcgi_path_info in $path_info before try_files", Safety: diag.Manual}
		if params.In == b && param.Place == b.Place && !slices.ContainsFunc(b.Own("set"), func(r nginx.Ref) bool { return r.Arg(0) == "$path_info" }) {
			fix.Safety, fix.Risk = diag.Unsafe, "applications that have come to terms with an empty PATH_INFO see another one"
			fix.Edits = []diag.Edit{
				b.Place.Tree.InsertInto(b.ID, ownDirective(b, splits[0]), "set $path_info $fastcgi_path_info;"),
				param.Tree().SetArg(param.ID, 1, "$path_info"),
			}
		}
		f.Fixes = []diag.Fix{fix}
		p.Report(param.Ref, nil, f)
	}
}

// withPathInfo is a path that goes on after a script, which a location serves and
// its expression splits.
func withPathInfo(w *nginx.Work, location *nginx.Block, split string) (uri string, found bool) {
	server := location.Enclosing(catalog.Server)
	if server == nil {
		return "", false
	}
	for _, example := range w.Examples(location) {
		script := scriptPath().FindStringSubmatch(example)
		if script == nil {
			continue
		}
		uri = script[1] + "/page"
		parts, _ := w.Submatches(location.Config, split, uri)
		if serves, certain := w.SelectLocation(server, uri); certain && serves == location && len(parts) == 3 && parts[2] != "" {
			return uri, true
		}
	}
	return "", false
}
