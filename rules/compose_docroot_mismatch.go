package rules

import (
	"path"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

var composeDocrootMismatch = analyzer.Rule{
	ID:         "compose-docroot-mismatch",
	Severities: []diag.Severity{diag.Warning},
	OnHop:      docrootMismatch,
	Doc: analyzer.Doc{
		Summary: "nginx and PHP-FPM have the same folder at different paths",
		What: "A folder of the tree is mounted in nginx's container at the document root, and in the container of PHP-FPM at another path. SCRIPT_FILENAME is made of nginx's root, and there is no such folder in the container of PHP-FPM: " +
			"no mount, and nothing that its Dockerfile copies there.",
		Why:    "PHP-FPM answers `File not found.` with 404; nginx's error.log: `FastCGI sent in stderr: \"Primary script unknown\"`.",
		Gaps:   "Only for the official image of PHP, which has no scripts of its own, and where both folders are mounts of the same source. Silent for pools with `chroot`.",
		Remedy: "Mount the folder at the same path in both services, or write the path in PHP-FPM's container in SCRIPT_FILENAME.",
		Refs:   []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_param"},
		Since:  "0.1.0",
	},
}

func docrootMismatch(p *analyzer.Pass, h *stack.Hop) {
	from, pool := h.Service(), h.Pool()
	if from == nil || pool == nil || h.Target.Protocol != stack.FastCGI || pool.Get("chroot").Set {
		return
	}
	c := h.Scope.Containers
	php := c.Masters[pool.Master]
	root, alias := h.Target.Block.Root()
	script, known := h.Target.Block.FastCGIParams().Script()
	if php == nil || php == from || !root.Explicit() || alias || !known || !path.IsAbs(root.Arg(0)) {
		return
	}
	folder := path.Clean(root.Arg(0))
	if at, ok := h.Target.Block.Path(script); !ok || !source.Below(at.Base, folder) {
		return
	}
	view, its := c.Views[from], c.Views[php]
	mounted, ok := view.Store(folder)
	own, known := its.Store(folder)
	if !ok || !known || !strings.HasPrefix(mounted, "bind:") || view.At(folder).Kind != compose.Folder || !strings.HasPrefix(own, "container:") ||
		its.Image == nil || its.Image.Name != "php" || its.Changed(folder) {
		return
	}
	for _, target := range its.MountTargets() {
		store, ok := its.Store(target)
		rest, below := strings.CutPrefix(mounted+"/", strings.TrimSuffix(store, "/")+"/")
		if !ok || !below {
			continue
		}
		at := path.Join(target, rest)
		p.Report(root.From, pool, diag.Finding{
			Severity: diag.Warning,
			Summary:  "the document root is elsewhere in the container of PHP-FPM",
			Subject:  label(root.From.ArgSpan(0), "in service %s this folder is at %s, and there is no %s", php.Name, at, folder),
			Related:  []diag.Label{label(h.Target.Pass.Head(), "goes to service %s", php.Name), readBy(from), label(php.Key, "runs PHP-FPM")},
			Notes:    []string{"requests for PHP fail with 404 `File not found.`; error.log: FastCGI sent in stderr: \"Primary script unknown\""},
			Remedy:   "mount the folder at " + folder + " in service " + php.Name + " as well",
		})
		return
	}
}
