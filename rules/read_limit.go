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
		What:    "Blocks nested more than 1,000 deep, a file over 256 MiB, an include chain of more than 100 files, or more than 1,048,576 inclusions in one configuration.",
		Why:     "What was not read was not checked: the run ends with exit code 3, so that it is not taken for a clean one.",
		Gaps:    "The limits are far above what real trees need; they keep hostile ones from taking all memory.",
		Remedy:  "Split the file, mend the include, or leave the path out with `--exclude`.",
		Since:   "0.1.0",
	},
}
