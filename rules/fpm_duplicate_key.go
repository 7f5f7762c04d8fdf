package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

var fpmDuplicateKey = analyzer.Rule{
	ID:         "fpm-duplicate-key",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	YieldsTo:   []string{"fpm-config", "fpm-listen-syntax", "fpm-pool-redefined"},
	OnPool:     duplicateKey,
	Doc: analyzer.Doc{
		Summary: "a key stands twice in one pool with different values",
		What: "A key that takes one value is set more than once in one section of a file, to different values. The last one is in force. " +
			"An error where the key is `listen` and nginx connects to an address that lost, else a warning.",
		Why: "php-fpm says nothing, and `php-fpm -t` neither: the earlier line looks as if it were in force and is not. A `listen` that lost is never listened on, so requests to it end as 502.",
		Gaps: "Keys with brackets (`php_admin_value[x]`, `env[x]`) are not looked at: they may stand several times, and several `disable_functions` all apply. A key that another file sets again is not reported here, " +
			"since that is how a drop-in file works; neither are values from the environment.",
		Remedy:    "Keep the line that you mean.",
		FixSafety: "Safe: the lines that lose are removed, and what is in force stays. Where nginx connects to a `listen` that lost, that line may be the one that was meant, and the choice is yours.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php"},
		Since:     "0.1.0",
	},
}

func duplicateKey(p *analyzer.Pass, pool *fpm.Pool) {
	type section struct {
		head source.Span
		key  string
	}
	entries := scalars(pool)
	if !anyTwice(entries) {
		return
	}
	written, in := map[section][]*syntax.Entry{}, headsOf(pool)
	for _, e := range entries {
		if key, ok := catalog.FPMKeyNamed(e.Name, catalog.FPMPool); ok && !key.Array {
			at := section{in.of(e.Span()), key.Name}
			written[at] = append(written[at], e)
		}
	}
	for at, entries := range written {
		if slices.ContainsFunc(entries, func(e *syntax.Entry) bool { return !e.Known }) {
			continue
		}
		wins := entries[len(entries)-1]
		lost := slices.DeleteFunc(entries, func(e *syntax.Entry) bool { return e.Value == wins.Value })
		if len(lost) > 0 {
			reportDuplicate(p, pool, at.key, lost, wins)
		}
	}
}

// anyTwice reports whether two entries may be of one key.
func anyTwice(entries []*syntax.Entry) bool {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.ToLower(e.Name)
	}
	return len(eachOnce(names)) < len(entries)
}

func reportDuplicate(p *analyzer.Pass, pool *fpm.Pool, key string, lost []*syntax.Entry, wins *syntax.Entry) {
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "a key stands twice in one pool with different values",
		Subject:  label(lost[0].Span(), "has no effect: line %d sets %s again", wins.Span().Line(), key),
		Related:  []diag.Label{label(wins.Span(), "in force, since it is the last one")},
		Remedy:   "keep the line that you mean",
	}
	fix := diag.Fix{Title: "remove the line that has no effect", Safety: diag.Safe}
	values := make([]string, 0, len(lost))
	for i, e := range lost {
		fix.Edits = append(fix.Edits, syntax.DeleteLine(e.Span()))
		values = append(values, strings.ReplaceAll(e.Value, "$pool", pool.Name))
		if i > 0 && i < 3 {
			f.Related = append(f.Related, label(e.Span(), "has no effect either"))
		}
	}
	if len(lost) > 1 {
		fix.Title = fmt.Sprintf("remove the %d lines that have no effect", len(lost))
	}
	var causes analyzer.Causes
	for _, e := range lost { // one that php-fpm refuses is not without effect
		causes = append(causes, analyzer.LineOf(e.Span()))
	}
	if key == "listen" {
		missed := missedBy(p.Scope, values)
		causes = append(causes, speakFor(pool, missed)...)
		if len(missed) > 0 {
			f.Severity = diag.Error
			f.Related = append(f.Related, connectsHere(missed)...)
			fix = diag.Fix{Title: "keep the listen that nginx connects to", Safety: diag.Manual}
		}
	}
	f.Fixes = []diag.Fix{fix}
	p.Report(nginx.Ref{}, causes, f)
}
