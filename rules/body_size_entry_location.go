package rules

import (
	"path"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var bodySizeEntryLocation = analyzer.Rule{
	ID:         "body-size-entry-location",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Unsafe, diag.Manual},
	OnScope:    entryLocation,
	Doc: analyzer.Doc{
		Summary: "large bodies are refused before they reach the location that allows them",
		What: "`client_max_body_size` is raised in the location that passes to PHP, and requests enter through another one with a lower limit (`location / { try_files $uri /index.php; }`). " +
			"nginx compares the body with the limit of each location that a request comes to, the first one first.",
		Why:       "A larger body sent to a path of the application (not to the script itself) ends as 413; error.log has `client intended to send too large body: 3000000 bytes`.",
		Gaps:      "Silent where what lies between the two locations is not certain, and where a limit depends on a block that was not read. Whether forms are sent to such paths is not known.",
		Remedy:    "Set the limit in the server, or in the location through which requests enter, too.",
		FixSafety: "Unsafe: all locations of the server then allow as much.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size"},
		Since:     "0.1.0",
	},
}

const maxBody = "client_max_body_size"

func entryLocation(p *analyzer.Pass, s *stack.Scope) {
	raised := map[*nginx.Block]bool{} // servers with a location that has a limit of its own
	for _, t := range s.Targets {
		if t.Protocol == stack.FastCGI && len(t.Block.Own(maxBody)) > 0 {
			raised[t.Block.Enclosing(catalog.Server)] = true
		}
	}
	for _, c := range s.Nginx {
		for b := range c.Blocks(catalog.Location) {
			if server := b.Enclosing(catalog.Server); server != nil && raised[server] {
				enters(p, s, server, b)
			}
		}
	}
}

// enters reports a location whose requests go on to one that allows more.
func enters(p *analyzer.Pass, s *stack.Scope, server, b *nginx.Block) {
	uri, ok := pageOf(p.Work, b)
	if !ok {
		return
	}
	known := s.Pretty(b.Config, uri)
	route, certain := p.Work.Serve(server, uri, func(at *nginx.Block, name string) nginx.Presence {
		found := known(at, name)
		if found == 0 && path.Ext(name) == ".php" {
			return nginx.File // without the script that they go on to all such requests fail
		}
		return found
	})
	if !certain || route.Handler != nginx.Passed || route.Pass.Name() != "fastcgi_pass" || len(route.Locations) < 2 || route.Locations[0] != b {
		return
	}
	php := route.Location
	limit, raised := b.Value(maxBody), php.Value(maxBody)
	low, lowKnown := bodyLimit(limit)
	high, highKnown := bodyLimit(raised)
	if !lowKnown || !highKnown || raised.Origin != nginx.Here || low == 0 || high != 0 && high <= low {
		return
	}
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "large bodies are refused before they come here",
		Subject:  label(raised.From.Head(), "requests for %s enter through %s, which allows %s (%s)", uri, blockName(b), limit.Arg(0), origin(limit)),
		Related:  []diag.Label{label(b.Head(), "the limit of this location comes first")},
		Notes:    []string{"larger ones end as 413; error.log: client intended to send too large body"},
		Remedy:   "set the limit in the server",
	}
	if limit.Explicit() {
		f.Related = append(f.Related, label(limit.From.Head(), "the lower limit"))
	}
	fix := diag.Fix{Title: "move " + raised.From.Head().Text() + "; to the server", Safety: diag.Manual}
	if limit.Origin != nginx.Here && raised.From.Place == php.Place && php.Parent == server && server.Place == php.Place {
		fix.Safety, fix.Risk = diag.Unsafe, "all locations of the server then allow as much"
		fix.Edits = []diag.Edit{php.Place.Tree.Delete(raised.From.ID)}
		if own := server.Own(maxBody); len(own) > 0 {
			fix.Edits = append(fix.Edits, own[0].Tree().SetArg(own[0].ID, 0, raised.Arg(0)))
		} else {
			fix.Edits = append(fix.Edits, server.Place.Tree.InsertInto(server.ID, afterNames(server), raised.From.Head().Text()+";"))
		}
	}
	f.Fixes = []diag.Fix{fix}
	p.Report(raised.From, nil, f)
}

func bodyLimit(v nginx.Value) (bytes int64, ok bool) {
	if !v.Known() || len(v.Args) != 1 {
		return 0, false
	}
	return nginx.ParseSize(v.Args[0])
}

// pageOf is a path that a location is made for, and at which there is no file.
func pageOf(w *nginx.Work, b *nginx.Block) (uri string, ok bool) {
	modifier, pattern := b.Location()
	switch modifier {
	case "", "^~":
		return strings.TrimSuffix(pattern, "/") + "/some/page", strings.HasPrefix(pattern, "/")
	}
	examples := w.Examples(b)
	if len(examples) == 0 || strings.HasSuffix(examples[0], "/") {
		return "", false
	}
	return examples[0], true
}

// afterNames is the last of the directives that a server begins with, behind which a line may be added.
func afterNames(server *nginx.Block) syntax.ID {
	after := syntax.None
	for _, name := range []string{"listen", "server_name", "root"} {
		for _, r := range server.Own(name) {
			after = max(after, ownDirective(server, r))
		}
	}
	return after
}
