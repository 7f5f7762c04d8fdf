// Package rules holds the rules: one file each, named after the rule's id.
package rules

import "nginx-lint/analyzer"

// All lists every rule, sorted by id.
func All() []*analyzer.Rule {
	return []*analyzer.Rule{
		&bufferSizes,
		&ignoreComment,
		&includeCycle,
		&readLimit,
		&socketPermission,
		&syntaxRule,
		&targetNoListener,
		&targetPortMissing,
		&timeoutFPMKillsFirst,
		&timeoutNginxGivesUpFirst,
		&timeoutRace,
	}
}
