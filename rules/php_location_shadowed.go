package rules

import (
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var phpLocationShadowed = analyzer.Rule{
	ID:         "php-location-shadowed",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	OnScope:    locationShadowed,
	Doc: analyzer.Doc{
		Summary: "a `^~` location keeps PHP scripts from PHP",
		What: "A `^~` location, without a location for scripts in it, stands beside one like `~ \\.php$` that passes scripts to PHP. `^~` says that no expression is asked for what begins so. " +
			"It is an error for `^~ /`, and where the location catches the script that a `try_files`, `error_page` or `rewrite` falls back to; a warning where the tree that was read has scripts below it.",
		Why:       "nginx sends such a script as a file: 200 with the PHP source. Nothing is logged as an error.",
		Gaps:      "Silent where the location passes on, answers or rewrites by itself, where an include was not read, and for locations that only hold files as far as is known (`^~ /uploads/`).",
		Remedy:    "Put a location for scripts, with its `fastcgi_pass`, into the `^~` location, or drop the `^~`.",
		FixSafety: "Whether scripts there should run is yours to say: for a folder of uploads they should not, and be denied.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#location"},
		Since:     "0.1.0",
	},
}

func locationShadowed(p *analyzer.Pass, s *stack.Scope) {
	for _, c := range s.Nginx {
		for b := range c.Blocks(catalog.Location) {
			if modifier, _ := b.Location(); modifier == "^~" {
				shadowed(p, s, b)
			}
		}
	}
}

func shadowed(p *analyzer.Pass, s *stack.Scope, b *nginx.Block) {
	_, prefix := b.Location()
	server := b.Enclosing(catalog.Server)
	files := s.Files(b.Config)
	// lost is the location that would pass a script on; nil where that is not kept from it, or not there.
	lost := func(uri string) (php *nginx.Block, there bool) {
		if strings.HasPrefix(uri, prefix) {
			php = scriptLocation(p.Work, b, uri)
		}
		if php == nil {
			return nil, false
		}
		at, certain := sendsSource(p.Work, s, b.Config, server, uri)
		if !certain || !at.Within(b) || files(at, uri) == nginx.Nothing {
			return nil, false
		}
		return php, files(at, uri) == nginx.File
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "scripts are kept from PHP, and sent as source",
		Notes:    []string{"requests end as 200 with the PHP source; no error is logged"},
		Remedy:   "put a location for scripts into this one, or drop the ^~",
		Fixes:    []diag.Fix{{Title: "put a location for scripts into this one, or drop the ^~", Safety: diag.Manual}},
	}
	report := func(php *nginx.Block, uri string) {
		f.Subject = label(b.Head(), "takes %s, and nothing here passes it to PHP: nginx sends the file itself", uri)
		f.Related = append(f.Related, label(php.Head(), "not asked: ^~ goes before all expressions"))
		p.Report(b.Ref(), nil, f)
	}
	type key struct{ *nginx.Block }
	for _, fallback := range stack.Once(s, key{server}, func() []fallback { return fallbacks(server) }) {
		if php, _ := lost(fallback.uri); php != nil {
			f.Related = append(f.Related, label(fallback.from.Head(), "falls back to it"))
			report(php, fallback.uri)
			return
		}
	}
	if prefix == "/" {
		if php, _ := lost("/index.php"); php != nil {
			report(php, "/index.php")
		}
		return
	}
	if s.Documents == nil {
		return
	}
	root, _, ok := b.Document(prefix)
	if !ok {
		return
	}
	for _, uri := range s.Documents.Scripts(p.Work, b.Config, root) {
		if php, there := lost(uri); there {
			f.Severity = diag.Warning
			f.Notes = append(f.Notes, uri+" lies in "+root)
			report(php, uri)
			return
		}
	}
}

// A fallback is a script that requests are sent to by a directive.
type fallback struct {
	uri  string
	from nginx.Ref
}

// fallbacks are those of a server and its locations.
func fallbacks(in *nginx.Block) (found []fallback) {
	if in == nil {
		return nil
	}
	for r := range in.All() {
		uri, ok := "", false
		switch r.Name() {
		case "try_files", "error_page":
			uri, ok = literalPath(r.Arg(r.NArgs() - 1))
		case "rewrite":
			uri, ok = literalPath(r.Arg(1))
			ok = ok && (r.NArgs() == 2 || r.Arg(2) == "last")
		}
		if ok && strings.HasSuffix(uri, ".php") {
			found = append(found, fallback{uri, r})
		}
	}
	for _, child := range in.Children {
		if child.Context&(catalog.Location|catalog.IfInLocation|catalog.IfInServer) != 0 {
			found = append(found, fallbacks(child)...)
		}
	}
	return slices.Clip(found)
}
