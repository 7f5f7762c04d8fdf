package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
)

var readLimit = analyzer.Rule{
	ID:         analyzer.RuleReadLimit,
	Severities: []diag.Severity{diag.Error},
	Always:     true,
	Driver:     true,
	NoProof:    "it is about this program's own limits, not about a server",
	Doc: analyzer.Doc{
		Summary: "something was not read because a limit was reached",
		What: "Of one file: more than 256 MiB, or blocks nested more than 100 deep. Of includes: a chain of more than 100 files. " +
			"Of a run: 131,072 inclusions, 1,048,576 blocks and 16,777,216 directives of nginx, 50,000 inclusions and 2,097,152 keys of PHP-FPM, where a file counts as often as it is included; 262,144 ways from a `*_pass` to a server.",
		Why:    "What was not read was not checked: the run ends with exit code 3, so that it is not taken for a clean one.",
		Gaps:   "The limits are far above what real trees need; they keep hostile ones from taking all memory.",
		Remedy: "Split the file, mend the include, or leave the path out with `--exclude`.",
		Since:  "0.1.0",
	},
}
