package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

var includeMissing = analyzer.Rule{
	ID:            "include-missing",
	RefusedPartly: []diag.Program{diag.Nginx},
	Severities:    []diag.Severity{diag.Error, diag.Info},
	OnConfig:      missingFiles,
	NoProof:       judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "an included file that is not there",
		What: "An `include` names one file, without a pattern. An error where the file would lie in a folder that is read: relative to the main file, below the root of a host tree, or where `--path-map` leads. " +
			"Info where it may lie elsewhere on the host.",
		Why:    "nginx does not start: `[emerg] open() \"FILE\" failed (2: No such file or directory)`.",
		Gaps:   "Silent for patterns, which may match nothing, for paths with variables or parts that a program fills in, for what packages install beside nginx.conf (`mime.types`, `fastcgi_params` …), and for files that no main file includes, which may be meant for another folder. A file that is made when the configuration is rolled out is missed: silence the finding by a comment.",
		Remedy: "Correct the path, or add the file.",
		Refs:   []string{"https://nginx.org/en/docs/ngx_core_module.html#include"},
		Since:  "0.2.0",
	},
}

func missingFiles(p *analyzer.Pass, c *nginx.Config) {
	for _, m := range c.Missing {
		if c.Fragment || m.Ref == c.TooMany || m.Opaque || m.Name() != "include" || source.HasGlob(m.Pattern) || !p.Certain(m.Ref) || m.Tree().FilledIn(m.ID) {
			continue
		}
		f := diag.Finding{
			Severity: diag.Info,
			Summary:  "an included file is not among those that are read",
			Subject:  label(m.ArgSpan(0), "not found; what it sets is not known"),
			Remedy:   "add the file, or say with --root or --path-map where it lies",
		}
		switch {
		case m.Outside:
			f.Subject.Text = "it lies outside of what is read; what it sets is not known"
			f.Remedy = "check the folder that holds both, or say with --root or --path-map where it lies here"
		case m.At != "":
			f.Severity, f.RefusedBy = diag.Error, diag.Nginx
			f.Summary = "an included file is not there"
			f.Subject.Text = "there is no " + m.At
			f.Notes = []string{`nginx says: open() "FILE" failed (2: No such file or directory)`}
			f.Remedy = "correct the path, or add the file"
		}
		p.Report(m.Ref, m.Ref, f)
	}
}
