package rules

import (
	"path"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

var fpmChrootScript = analyzer.Rule{
	ID:         "fpm-chroot-script",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	YieldsTo:   []string{"fastcgi-params-lost", "fastcgi-alias-script"},
	OnHop:      chrootScript,
	Doc: analyzer.Doc{
		Summary: "a pool in a chroot is sent script paths from outside of it",
		What:    "The pool that serves a location has `chroot`, and the `SCRIPT_FILENAME` that nginx sends begins with a path in that folder as seen from outside: a literal `root` (or a literal path) below the chroot.",
		Why: "PHP looks for the script below the chroot once more (/srv/shop/srv/shop/www/index.php). Every request ends as 404 with the body `File not found.`, and error.log has `FastCGI sent in stderr: \"Primary script unknown\"`. " +
			"Both servers' own tests accept it.",
		Gaps:      "A link or mount in the chroot that leads its own outer path back to it makes it work; that cannot be seen. Silent where the root is not a literal, below an `alias` that does not end with a slash, for status and ping pages, and for pools without `user` (their master does not run as root and cannot chroot).",
		Remedy:    "Send the path as it is inside: `fastcgi_param SCRIPT_FILENAME /www$fastcgi_script_name;`",
		FixSafety: "What else uses the path (DOCUMENT_ROOT, the application's own settings) is yours to look at.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#chroot"},
		Since:     "0.1.0",
	},
}

func chrootScript(p *analyzer.Pass, h *stack.Hop) {
	pool := h.Pool()
	if pool == nil || h.Target.Protocol != stack.FastCGI || monitors(h.Target, pool) {
		return
	}
	chroot := pool.Get("chroot")
	scripts, ok := scriptsOf(h.Target)
	if !ok || !chroot.Set || !chroot.Known || !path.IsAbs(chroot.Text) || nginx.Opaque(chroot.Text) || !pool.Get("user").Set {
		return
	}
	folder := path.Clean(chroot.Text)
	if folder == "/" || !source.Below(scripts.path, folder) {
		return
	}
	inside := strings.TrimPrefix(scripts.path, folder)
	if !scripts.file {
		inside += "$fastcgi_script_name"
	}
	p.Report(nginx.Ref{}, h.Target.Pass, diag.Finding{
		Severity: diag.Warning,
		Summary:  "a pool in a chroot is sent script paths from outside of it",
		Subject:  label(chroot.Span, "PHP looks for %s below it: %s", scripts.example(), folder+scripts.example()),
		Related:  append([]diag.Label{scripts.from}, passedOn([]*stack.Target{h.Target}, "goes to pool "+pool.Name)...),
		Notes:    []string{"every request ends as 404, File not found.; error.log: FastCGI sent in stderr: \"Primary script unknown\""},
		Remedy:   "send the path as it is inside: fastcgi_param SCRIPT_FILENAME " + inside,
		Fixes:    []diag.Fix{{Title: "leave " + folder + " out of SCRIPT_FILENAME", Safety: diag.Manual}},
	})
}
