package rules

import (
	"path"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

var fpmOpenBasedir = analyzer.Rule{
	ID:         "fpm-open-basedir",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	YieldsTo:   []string{"fastcgi-params-lost", "fastcgi-alias-script", "fpm-chroot-script"},
	OnHop:      openBasedir,
	Doc: analyzer.Doc{
		Summary:   "the pool's open_basedir does not hold the scripts that nginx asks for",
		What:      "The `open_basedir` in force in a pool (of its own `php_admin_value` or `php_value`, of php.ini, or of a .user.ini in the root) lists absolute folders, and none of them holds the literal `root` (or path) that `SCRIPT_FILENAME` begins with in a location that the pool serves.",
		Why:       "PHP may not open the script: the request ends as 404 with the body `No input file specified.`, and error.log has `Unable to open primary script: /srv/shop/index.php (Operation not permitted)`. A folder is matched whole: /srv/www does not hold /srv/www2.",
		Gaps:      "PHP follows links before it compares: a root that is a link into one of the folders works. Silent where the tree has a link on the way to the root or to one of the folders, where one of the folders is relative or lies below the root, where `PHP_VALUE` or `PHP_ADMIN_VALUE` may set another, and for status and ping pages. Which php.ini belongs to a pool is known in the layouts of Debian, Red Hat, Alpine, Arch and the official images only.",
		Remedy:    "Add the root to open_basedir, or correct the one that is out of date.",
		FixSafety: "What PHP may open is a matter of security: yours to say.",
		Refs:      []string{"https://www.php.net/manual/en/ini.core.php#ini.open-basedir"},
		Since:     "0.1.0",
	},
}

func openBasedir(p *analyzer.Pass, h *stack.Hop) {
	pool := h.Pool()
	if pool == nil || h.Target.Protocol != stack.FastCGI || monitors(h.Target, pool) {
		return
	}
	allowed, ok := basedir(h)
	scripts, known := scriptsOf(h.Target)
	if !ok || !known {
		return
	}
	// PHP follows links on both sides before it compares.
	linked := func(name string) bool {
		return h.Scope.Documents != nil && h.Scope.Documents.Linked(h.Target.Config, path.Clean(name))
	}
	for folder := range strings.SplitSeq(allowed.Text, ":") {
		if !path.IsAbs(folder) || source.Below(scripts.path, folder) || source.Below(folder, scripts.path) || linked(folder) {
			return
		}
	}
	if linked(scripts.path) {
		return
	}
	p.Report(nginx.Ref{}, h.Target.Pass, diag.Finding{
		Severity: diag.Warning,
		Summary:  "open_basedir does not hold the scripts that nginx asks for",
		Subject:  label(allowed.Span, "PHP may not open scripts in %s", scripts.folder()),
		Related:  append([]diag.Label{scripts.from}, passedOn([]*stack.Target{h.Target}, "goes to pool "+pool.Name)...),
		Notes: []string{
			"requests end as 404, No input file specified.; error.log: Unable to open primary script: " + scripts.example() + " (Operation not permitted)",
			"unless " + scripts.folder() + " is a link into one of the folders",
		},
		Remedy: "add " + scripts.folder() + " to open_basedir",
		Fixes:  []diag.Fix{{Title: "add " + scripts.folder() + " to open_basedir", Safety: diag.Manual}},
	})
}

// basedir is the open_basedir in force where php.ini, the pool or .user.ini sets it.
func basedir(h *stack.Hop) (s fpm.Setting, ok bool) {
	settings, known := h.PHP("open_basedir")
	if !known || len(settings) == 0 {
		return s, false
	}
	s = settings[0]
	return s, s.Layer != fpm.ParamLayer && s.Layer != fpm.AdminParamLayer && !nginx.Opaque(s.Text)
}
