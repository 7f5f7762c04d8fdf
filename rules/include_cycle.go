package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
)

var includeCycle = analyzer.Rule{
	ID:            analyzer.RuleIncludeCycle,
	Severities:    []diag.Severity{diag.Error},
	RefusedPartly: []diag.Program{diag.Nginx, diag.PHPFPM},
	Always:        true,
	Driver:        true,
	Doc: analyzer.Doc{
		Summary: "a file that includes itself, directly or through others",
		What:    "An `include` whose file, or a file that its pattern matches, is already on the chain of includes that leads to it.",
		Why: "nginx opens the files again and again until the process may open no more, and refuses the configuration: `[emerg] open() \"FILE\" failed (24: Too many open files)`; where very many may be opened it crashes before. " +
			"A pattern that cannot be looked up then counts as one that matches nothing, so with wildcards nginx may start, with all that the file holds in force hundreds of times. PHP-FPM gives up at the fifth level: `failed to include more than 5 files recursively`.",
		Gaps: "Files are told apart by path: a cycle through a symbolic link is seen at its second turn. " +
			"A snippet that the main file beside it does not include is not in force: a cycle in it is reported only where the snippet itself is named. " +
			"Of one without a main file it is reported, since it fails wherever it is included.",
		Remedy: "Remove the include, or narrow the pattern so that it does not match its own file.",
		Refs:   []string{"https://nginx.org/en/docs/ngx_core_module.html#include"},
		Since:  "0.1.0",
	},
}
