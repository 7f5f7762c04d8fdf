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

var fastcgiAliasScript = analyzer.Rule{
	ID:         "fastcgi-alias-script",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	YieldsTo:   []string{"fastcgi-params-lost"},
	OnHop:      aliasScript,
	Doc: analyzer.Doc{
		Summary: "below alias PHP is asked for a path with the location's name in it",
		What:    "`alias` names the folder of a prefix location (not of `/`), and the `SCRIPT_FILENAME` that is sent from there, or from a location in it, is `$document_root$fastcgi_script_name`: the folder, and then the whole URI.",
		Why: "In `location /app/ { alias /srv/app/; … }` PHP is asked for /srv/app/app/index.php instead of /srv/app/index.php. Every script is answered with 404, `File not found.`; " +
			"error.log has `FastCGI sent in stderr: \"Primary script unknown\"`. Static files are found, as nginx leaves the location's name out for them.",
		Gaps: "A folder in which there is one more of the location's name works by chance. Silent where the alias may name a file (it has a variable, or a dot in its last element), in exact locations and below an expression's own alias: PHP finds a script that stands at the beginning of the path. " +
			"Silent as well where a `rewrite` or `fastcgi_split_path_info` may take the location's name away.",
		Remedy:    "Send `$request_filename`, which is the file that alias leads to.",
		FixSafety: "Safe: no script is found today. Where the parameter is inherited, all others are repeated beside the new one; yours to do where what is inherited is not complete itself. Unsafe in a file that is included elsewhere, too.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#alias", "https://nginx.org/en/docs/http/ngx_http_core_module.html#var_request_filename"},
		Since:     "0.1.0",
	},
}

// rootAndURI matches the usual value of SCRIPT_FILENAME, which is wrong below alias.
var rootAndURI = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\$(document_root|realpath_root)/?\$(fastcgi_script_name|uri|document_uri)$`)
})

func aliasScript(p *analyzer.Pass, h *stack.Hop) {
	b := h.Target.Block
	params := b.FastCGIParams()
	script, known := params.Script()
	if !known || !firstPHP(h) || !doubled(p.Work, b, script) {
		return
	}
	root, _ := b.Root()
	folder := root.From.Arg(0)
	_, prefix := root.In.Location()
	at := h.Target.Pass
	if params.In == b {
		at = nginx.Ref{Place: b.Place, ID: ownDirective(b, script.Ref)}
	}
	p.Report(at, h.Target.Pass, diag.Finding{
		Severity: diag.Error,
		Summary:  "below alias PHP is asked for a path with the location's name in it",
		Subject:  label(at.Head(), "%s is %s, and then all of the URI: %s%sindex.php", script.Key(), folder, folder, strings.TrimSuffix(prefix, "/")+"/"),
		Related:  []diag.Label{label(root.From.Head(), "stands for %s alone", prefix)},
		Notes:    []string{"every script is answered with 404, File not found.; error.log: FastCGI sent in stderr: \"Primary script unknown\""},
		Remedy:   "send $request_filename",
		Fixes:    []diag.Fix{sendFilename(h.Target, params, script)},
	})
}

// withoutBraces writes variables as $name.
var withoutBraces = strings.NewReplacer("${", "$", "}", "")

// doubled reports whether a script that is sent from a block has the name of a
// location in it that an alias stands for.
func doubled(w *nginx.Work, b *nginx.Block, script nginx.Param) bool {
	root, alias := b.Root()
	if !alias || nginx.Opaque(root.From.Arg(0)) || !rootAndURI().MatchString(withoutBraces.Replace(script.Value())) {
		return false
	}
	modifier, prefix := root.In.Location()
	return prefix != "/" && (modifier == "" || modifier == "^~") && namesFolder(root.From.Arg(0)) && !changesURI(w, b, prefix)
}

// namesFolder reports whether an alias certainly names a folder.
func namesFolder(alias string) bool {
	last := alias[strings.LastIndexByte(alias, '/')+1:]
	return !strings.ContainsAny(last, ".$")
}

// changesURI reports whether $fastcgi_script_name may not begin with the location's prefix.
func changesURI(w *nginx.Work, b *nginx.Block, prefix string) bool {
	for at := b; at != nil && at.Context != catalog.Server; at = at.Parent {
		if at.Missing || !w.Take(len(at.Children)) || len(at.Own("rewrite")) > 0 {
			return true
		}
		for _, child := range at.Children {
			if child.Context == catalog.IfInLocation && len(child.Own("rewrite")) > 0 {
				return true
			}
		}
	}
	split := b.Value("fastcgi_split_path_info")
	return split.Origin != nginx.Absent && !keepsPrefix(w, b.Config, split, prefix)
}

// keepsPrefix reports whether what a split takes for the script begins with the prefix.
func keepsPrefix(w *nginx.Work, c *nginx.Config, split nginx.Value, prefix string) bool {
	if split.From.IsZero() {
		return false
	}
	for _, rest := range []string{"/index.php", "/index.php/info"} {
		m, known := w.Submatches(c, split.From.Arg(0), strings.TrimSuffix(prefix, "/")+rest)
		if !known || len(m) > 1 && !strings.HasPrefix(m[1], prefix) {
			return false
		}
	}
	return true
}

// sendFilename makes $request_filename the script of a target.
func sendFilename(t *stack.Target, params nginx.Params, script nginx.Param) diag.Fix {
	const variable = "$request_filename"
	line := "fastcgi_param " + script.Key() + " " + variable + ";"
	fix := diag.Fix{Title: "send " + variable + " as " + script.Key(), Safety: diag.Safe}
	location := t.Block.Enclosing(catalog.Location)
	tree := location.Place.Tree
	switch {
	case params.In != location && len(params.All) > mostRepeated:
		return diag.Fix{Title: fix.Title + ", and repeat the other parameters", Safety: diag.Manual}
	case params.In != location && params.Lacks("REQUEST_METHOD"):
		return diag.Fix{Title: fix.Title + ", and set the usual parameters", Safety: diag.Manual}
	case params.In != location:
		for _, l := range append(repeat(params, func(name string) bool { return name == script.Key() }), line) {
			fix.Edits = append(fix.Edits, addToLocation(t, l))
		}
	case script.Place == location.Place:
		fix.Edits = []diag.Edit{tree.SetArg(script.ID, 1, variable)}
	default:
		fix.Edits = []diag.Edit{tree.InsertInto(location.ID, ownDirective(location, script.Ref), line)}
	}
	return fix
}
