package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
)

var ignoreComment = analyzer.Rule{
	ID:         analyzer.RuleIgnoreComment,
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	Always:     true,
	Driver:     true,
	NoProof:    "it is about comments, which no server reads",
	Doc: analyzer.Doc{
		Summary: "a silencing comment without reason, with an unknown rule, or that silences nothing",
		What: "`# nginx-lint:ignore RULE[,RULE] reason` (`;` in INI files) silences findings: on a line of its own for the next directive and all in its block, at the end of a line for that directive. " +
			"`# nginx-lint:ignore-file RULE[,RULE] reason` does so for the file. " +
			"In compose files and those of other programs they stand where the program takes comments, and hold for the next entry: a key with all below it, a section, an instruction, a statement. Comments that start with `nginx-lint:` and do not do what they say are reported.",
		Why:       "A comment without a reason cannot be judged by the next reader, one with a misspelled rule silences nothing, and one whose finding is gone hides the next fault of its kind.",
		Gaps:      "A comment is called unused only where the rule ran and all that its finding depends on was read: the main file, every include and, for rules that look at more than one block, nginx's side and PHP-FPM's; in files of other programs, nginx's side and all that runs beside it.",
		Remedy:    "Write the reason, correct the rule's name, or remove the comment.",
		FixSafety: "Safe: a comment that silences nothing is removed, or the rule is taken out of its list; no server reads comments. Only where the rule ran and all was read that it depends on; lines that a program fills in are left alone. Manual where `# escape=`, `# syntax=` or `# check=` of a Dockerfile, which count before all other comments only, would come into force.",
		Since:     "0.1.0",
	},
}
