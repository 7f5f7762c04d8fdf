package rules

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fpmLimitExtensions = analyzer.Rule{
	ID:         "fpm-limit-extensions",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnScope:    limitExtensions,
	Doc: analyzer.Doc{
		Summary: "extensions that the pool refuses, or all of them allowed",
		What: "`security.limit_extensions` of a pool with commas between the extensions (an error); empty, or switched off with none, off or false (a warning); " +
			"and a location of nginx whose own pattern sends scripts to the pool with an extension that is not in its list, which is `.php .phar` when nobody sets it (a warning).",
		Why: "The extensions are separated by blanks: `.php,.html` is one extension, and every script, `.php` ones too, is answered with 403 `Access denied.`; error.log has `FastCGI sent in stderr: \"Access to the script '/srv/x.php' has been denied (see security.limit_extensions)\"`. The same holds for an extension that is not listed; case matters. " +
			"With an empty value any file is executed: where nginx passes on `/upload/img.jpg/x.php`, PHP runs `img.jpg`.",
		Gaps:      "A location is judged only where its expression, or its exact path, says the extension and no other location takes such requests; not where it rewrites, returns or denies, nor where the script's name is built from other variables than the request's path.",
		Remedy:    "List the extensions with blanks between them, and only those that are PHP.",
		FixSafety: "Safe for commas, which become blanks: the scripts are refused as it is. The others are yours to decide.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#security-limit-extensions"},
		Since:     "0.1.0",
	},
}

const deniedLog = "FastCGI sent in stderr: \"Access to the script '%s' has been denied (see security.limit_extensions)\""

func limitExtensions(p *analyzer.Pass, s *stack.Scope) {
	hops := hopsOf(s)
	for _, m := range s.Masters {
		for _, pool := range m.Pools {
			v := pool.Get("security.limit_extensions")
			switch {
			case !v.Known || nginx.Opaque(v.Text):
			case strings.Contains(v.Text, ","):
				extensionCommas(p, v)
			case v.Set && v.Text == "":
				extensionsOff(p, v)
			default:
				allowed := strings.Fields(v.Text)
				for _, h := range hops[pool] {
					extensionRefused(p, h, pool, v, allowed)
				}
			}
		}
	}
}

func extensionCommas(p *analyzer.Pass, v fpm.Value) {
	list := strings.Join(strings.FieldsFunc(v.Text, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' }), " ")
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "commas between the extensions, which are separated by blanks",
		Subject:  label(v.Span, "to php-fpm a comma is part of the extension"),
		Notes:    []string{"scripts that end with none of these are answered with 403; error.log: " + fmt.Sprintf(deniedLog, "/srv/x.php")},
		Remedy:   "write blanks between them",
	}
	if entries := strings.Fields(v.Text); len(entries) == 1 {
		f.Subject.Text = fmt.Sprintf("to php-fpm this is one extension, %q: every script is refused", entries[0])
	}
	f.Fixes = []diag.Fix{{Title: "write " + list, Safety: diag.Safe, Edits: []diag.Edit{{Span: v.Span, NewText: list}}}}
	p.Report(nginx.Ref{}, nil, f)
}

func extensionsOff(p *analyzer.Pass, v fpm.Value) {
	at := v.Span
	if at.Text() == "" {
		at = v.Key
	}
	p.Report(nginx.Ref{}, nil, diag.Finding{
		Severity: diag.Warning,
		Summary:  "PHP-FPM executes files of any extension",
		Subject:  label(at, "an empty list allows all"),
		Notes:    []string{"where nginx passes on a path like /upload/img.jpg/x.php, PHP runs img.jpg"},
		Remedy:   "list the extensions of your scripts, or remove the line: .php and .phar are allowed without it",
		Fixes:    []diag.Fix{{Title: "write security.limit_extensions = .php", Safety: diag.Manual}},
	})
}

// extensionRefused reports an extension that a location certainly sends and its pool refuses.
func extensionRefused(p *analyzer.Pass, h *stack.Hop, pool *fpm.Pool, v fpm.Value, allowed []string) {
	ext, ok := sentBut(p.Work, h, allowed)
	if !ok || monitors(h.Target, pool) {
		return
	}
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "the pool refuses an extension that the location sends",
		Subject:  label(h.Target.Block.Head(), "sends %s scripts to pool %s, which takes %s", ext, pool.Name, strings.Join(allowed, " ")),
		Related:  []diag.Label{label(h.Target.Pass.Head(), "goes to pool %s", pool.Name)},
		Notes:    []string{"they are answered with 403; error.log: " + fmt.Sprintf(deniedLog, "/srv/x"+ext)},
		Remedy:   fmt.Sprintf("add %s to security.limit_extensions of pool %s, or let nginx serve such files itself", ext, pool.Name),
		Fixes:    []diag.Fix{{Title: fmt.Sprintf("write security.limit_extensions = %s %s in pool %s", strings.Join(allowed, " "), ext, pool.Name), Safety: diag.Manual}},
	}
	if v.Set {
		f.Related = append(f.Related, label(v.Span, "what the pool takes"))
	} else {
		f.Notes = append(f.Notes, "security.limit_extensions is not set: PHP-FPM's default is .php .phar")
	}
	p.Report(h.Target.Block.Ref(), nil, f)
}

// scriptFromPath matches what makes the script's name end like the request's path.
var scriptFromPath = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\$(?:fastcgi_script_name|uri|document_uri|request_filename)$`)
})

// extensionsIn matches what follows an escaped dot in an expression: php, or (php|html).
var extensionsIn = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\\.(?:\((?:\?:)?)?([A-Za-z0-9|]+)`) })

// sentBut is an extension that the hop's location certainly sends and that is
// not among the allowed ones: that of a script that is written out, or one in
// the location's own pattern for which nginx chooses this location and no other.
func sentBut(w *nginx.Work, h *stack.Hop, allowed []string) (ext string, found bool) {
	location := h.Target.Block
	param, known := location.FastCGIParams().Script()
	script := param.Value()
	if !known || location.Context != catalog.Location || location.Missing {
		return "", false
	}
	refused := func(ext string) bool {
		if !w.Take(len(allowed)) {
			return false
		}
		// A longer entry such as .php.txt may still fit some of the scripts.
		return ext != "" && !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasSuffix(ext, a) || strings.HasSuffix(a, ext) })
	}
	if name := path.Base(script); !strings.Contains(name, "$") {
		return path.Ext(name), refused(path.Ext(name))
	}
	server := location.Enclosing(catalog.Server)
	if server == nil || !scriptFromPath().MatchString(script) || rewrites(location) {
		return "", false
	}
	for _, sent := range pathsOf(location) {
		if ext := path.Ext(sent); refused(ext) {
			if serves, certain := w.SelectLocation(server, sent); certain && serves == location {
				return ext, true
			}
		}
	}
	return "", false
}

// rewrites reports whether a location may send another script than the request's path says, or none.
func rewrites(location *nginx.Block) bool {
	for _, name := range []string{"rewrite", "return", "deny", "internal"} {
		if len(location.Own(name)) > 0 {
			return true
		}
	}
	return slices.ContainsFunc(location.Own("fastcgi_split_path_info"), func(r nginx.Ref) bool {
		return !strings.Contains(r.Arg(0), `\.php`) // a split at .php leaves other paths whole
	})
}

// pathsOf are paths that a location is made for, one for each extension in its pattern.
func pathsOf(location *nginx.Block) (paths []string) {
	modifier, pattern := location.Location()
	switch modifier {
	case "=":
		return []string{pattern}
	case "~", "~*":
		for _, m := range extensionsIn().FindAllStringSubmatch(pattern, -1) {
			for ext := range strings.SplitSeq(m[1], "|") {
				paths = append(paths, "/index."+ext)
			}
		}
	}
	return paths
}
