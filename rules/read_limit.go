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
		What: "Of one file: more than 256 MiB, blocks nested more than 100 deep, more than 8,388,608 words and signs, or 524,288 sections and keys of PHP-FPM. Of includes: a chain of more than 100 files. " +
			"Of a run: files that take more than about 384 MiB of memory; 131,072 inclusions, 524,288 blocks and 8,388,608 directives of nginx, 50,000 inclusions and 2,097,152 keys of PHP-FPM, where a file counts as often as it is included; " +
			"16,777,216 names compared with patterns; 131,072 ways from a `*_pass` to a server, and 4,194,304 names of servers, each on all its addresses.",
		Why:    "What was not read was not checked: the run ends with exit code 3, so that it is not taken for a clean one.",
		Gaps:   "The limits are far above what real trees need; they keep hostile ones from taking all memory.",
		Remedy: "Split the file, mend the include, or leave the path out with `--exclude`.",
		Since:  "0.1.0",
	},
}
