package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var websocketHTTP10 = analyzer.Rule{
	ID:         "websocket-http10",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	OnScope:    upgradeOverHTTP10,
	Doc: analyzer.Doc{
		Summary: "the Upgrade header is passed on by HTTP/1.0",
		What:    "`proxy_set_header Upgrade …` is in force where `proxy_pass` speaks HTTP/1.0: `proxy_http_version` is 1.0, or not set and nginx older than 1.29.7 (or of unknown version).",
		Why:     "The backend sees `GET /ws HTTP/1.0`. Switching protocols exists from HTTP/1.1 on only, and RFC 6455 has servers refuse a WebSocket handshake of a lower version: the browser's WebSocket does not open. nginx logs nothing.",
		Gaps:    "A backend that does not look at the version works all the same. Silent where a file that was not read may set the version, and where the header is set to nothing.",
		Remedy:  "Set `proxy_http_version 1.1;` beside the `proxy_pass`.",
		FixSafety: "Adding `proxy_http_version 1.1;` to the location is safe: it is nginx's own default since 1.29.7. " +
			"Unsafe where the location's file is included elsewhere, too. Where somebody wrote 1.0, the choice is yours.",
		Refs:  []string{"https://nginx.org/en/docs/http/websocket.html", "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version", "https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1"},
		Since: "0.1.0",
	},
}

// http11 is the first nginx whose default for proxy_http_version is 1.1.
var http11 = catalog.Version{Major: 1, Minor: 29, Patch: 7}

func upgradeOverHTTP10(p *analyzer.Pass, s *stack.Scope) {
	for _, t := range s.Targets {
		if t.Protocol != stack.HTTP {
			continue
		}
		upgrade := upgradeHeader(t.Block)
		version := t.Block.Value("proxy_http_version")
		written := version.Explicit() && version.Arg(0) == "1.0"
		byDefault := version.Unset && (t.Config.Version.IsZero() || t.Config.Version.Compare(http11) < 0)
		if upgrade.IsZero() || !written && !byDefault {
			continue
		}
		f := diag.Finding{
			Severity: diag.Warning,
			Summary:  "the Upgrade header is passed on by HTTP/1.0",
			Subject:  label(upgrade.Head(), "Upgrade has no meaning in HTTP/1.0"),
			Related:  []diag.Label{label(t.Pass.Head(), "nginx speaks HTTP/1.0 here, its default before %s", http11)},
			Notes:    []string{"the backend sees HTTP/1.0 and does not switch protocols: WebSockets do not open"},
			Remedy:   "set proxy_http_version 1.1",
		}
		if written {
			f.Related = []diag.Label{label(t.Pass.Head(), "passed on here"), label(version.From.Head(), "HTTP/1.0 is asked for here")}
			f.Fixes = []diag.Fix{{Title: "set proxy_http_version 1.1", Safety: diag.Manual}}
		} else {
			f.Fixes = []diag.Fix{speakHTTP11(t, upgrade)}
		}
		p.Report(upgrade, nil, f)
	}
}

// upgradeHeader is the proxy_set_header in force that passes Upgrade on; zero if none does.
func upgradeHeader(b *nginx.Block) nginx.Ref {
	headers, _ := b.ListOf("proxy_set_header", "Upgrade")
	for _, r := range headers {
		if r.Arg(1) != "" {
			return r
		}
	}
	return nginx.Ref{}
}

func speakHTTP11(t *stack.Target, upgrade nginx.Ref) diag.Fix {
	location := t.Block.Enclosing(catalog.Location)
	fix := diag.Fix{
		Title: "speak HTTP/1.1 in " + blockName(location), Safety: diag.Safe,
		Edits: []diag.Edit{addToLocation(t, "proxy_http_version 1.1;")},
	}
	// Where header and location stand in one file the driver compares its places.
	if n := t.Config.Placements(location.Place.Tree); n > 1 && upgrade.Tree() != location.Place.Tree {
		fix.Safety, fix.Risk = diag.Unsafe, fmt.Sprintf("the file is included in %d places", n)
	}
	return fix
}
