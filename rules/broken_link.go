package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
)

var brokenLink = analyzer.Rule{
	ID:         analyzer.RuleBrokenLink,
	Severities: []diag.Severity{diag.Warning},
	Driver:     true,
	Doc: analyzer.Doc{
		Summary: "a symbolic link that leads nowhere",
		What: "A symbolic link that an `include` matches, or that stands beside files whose main file is not known, and that leads to nothing or back to itself. " +
			"An absolute link of a host tree is followed below that tree (`--root`, `--path-map` and the `scopes` of the settings say where it is), not on the machine that the check runs on.",
		Why: "Both servers open what an include matches, be it a link: nginx refuses the configuration with `[emerg] open() \"FILE\" failed (2: No such file or directory)`, PHP-FPM with `ERROR: failed to open configuration file`. " +
			"A site that was removed from `sites-available` only is the usual cause; the server notices at its next restart.",
		Gaps: "Silent about links to parts of a host that are not kept in its tree, such as Debian's `modules-enabled`: reported is a target that would have to be in the link's own configuration, in a folder that is there, or on the machine itself. " +
			"Links that no server reads are not looked at.",
		Remedy: "Remove the link, or bring back the file that it leads to.",
		Refs:   []string{"https://nginx.org/en/docs/ngx_core_module.html#include", "https://man7.org/linux/man-pages/man7/symlink.7.html"},
		Since:  "0.1.0",
	},
}
