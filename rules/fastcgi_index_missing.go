package rules

import (
	"regexp"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fastcgiIndexMissing = analyzer.Rule{
	ID:         "fastcgi-index-missing",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Safe},
	OnHop:      indexMissing,
	Doc: analyzer.Doc{
		Summary: "PHP-FPM is asked to run a folder",
		What: "A location for a folder and all below it (`location /`, `location /admin/`) passes to PHP-FPM, its SCRIPT_FILENAME ends with `$fastcgi_script_name`, and there is no `fastcgi_index`. For a path that ends with a slash nginx then sends the folder's path. " +
			"`index` does not help: it belongs to nginx's own handler for files.",
		Why:       "Such requests, the site's start page first of all, end as 404 with the body `File not found.`; error.log has `FastCGI sent in stderr: \"Primary script unknown\"`.",
		Gaps:      "Silent where the location's prefix does not end with a slash, where it has `try_files`, `rewrite`, an `if` or `fastcgi_split_path_info`, where another location takes the path with the slash, where an outer block that was not read may set `fastcgi_index`, and where neither a pool that was read nor a name says that it is PHP-FPM that answers.",
		Remedy:    "Add `fastcgi_index index.php;`.",
		FixSafety: "Safe: it changes only requests that end as 404 today.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_index"},
		Since:     "0.1.0",
	},
}

// endsWithName matches a SCRIPT_FILENAME that ends as $fastcgi_script_name does.
var endsWithName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$(fastcgi_script_name|\{fastcgi_script_name\})$`) })

func indexMissing(p *analyzer.Pass, h *stack.Hop) {
	t := h.Target
	b := t.Block
	if b.Context != catalog.Location || b.Missing || !servesPHP(h) || h.Pool() != nil && monitors(t, h.Pool()) {
		return
	}
	script, known := b.FastCGIParams().Script()
	server := b.Enclosing(catalog.Server)
	if !known || server == nil || !endsWithName().MatchString(script.Value()) {
		return
	}
	modifier, prefix := b.Location()
	if modifier != "" && modifier != "^~" || hasOwn(b, "rewrite", "if") || b.Value("fastcgi_split_path_info").Origin != nginx.Absent || b.Value("fastcgi_index").Origin != nginx.Absent {
		return
	}
	route, certain := p.Work.Serve(server, prefix, h.Scope.Files(t.Config))
	if !certain || !strings.HasSuffix(prefix, "/") || route.Handler != nginx.Passed || route.Pass != t.Pass || route.URI != prefix {
		return
	}
	p.Report(t.Pass, nil, diag.Finding{
		Severity: diag.Warning,
		Summary:  "PHP-FPM is asked to run a folder",
		Subject:  label(t.Pass.Head(), "for %s the script is a folder: there is no fastcgi_index", prefix),
		Related:  []diag.Label{label(b.Head(), "takes paths that end with a slash")},
		Notes:    []string{"such requests end as 404, File not found.; error.log: FastCGI sent in stderr: \"Primary script unknown\""},
		Remedy:   "add fastcgi_index index.php;",
		Fixes:    []diag.Fix{{Title: "add fastcgi_index index.php;", Safety: diag.Safe, Edits: []diag.Edit{addToLocation(t, "fastcgi_index index.php;")}}},
	})
}
