package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var fpmCommentHash = analyzer.Rule{
	ID:         "fpm-comment-hash",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe},
	Refused:    diag.PHPFPM,
	OnScope:    commentHash,
	Doc: analyzer.Doc{
		Summary: "a PHP-FPM line that starts with #, which starts no comment there",
		What:    "A line of a PHP-FPM file starts with `#`. Comments start with `;` there; `#` is a letter like others, so the line is taken for a key. Reported once per file, at its first such line.",
		Why: "php-fpm refuses the file and does not start. It prints `value is NULL for a ZEND_INI_PARSER_ENTRY` for plain words, `unknown entry '# name'` for a setting that is commented out, " +
			"and `syntax error` where brackets or quotes make the line unreadable. Since PHP 7.0 `#` starts no comment in INI files.",
		Gaps:      "A `#` behind a value is part of the value, and not looked for here.",
		Remedy:    "Start comments with `;`.",
		FixSafety: "Safe: php-fpm refuses the file as it is. All such lines of the file are changed at once.",
		Refs:      []string{"https://www.php.net/manual/en/migration70.incompatible.php#migration70.incompatible.other.ini-comments"},
		Since:     "0.1.0",
	},
}

func commentHash(p *analyzer.Pass, s *stack.Scope) {
	for _, m := range s.Masters {
		for _, in := range m.Files {
			marks := hashMarks(in)
			if len(marks) == 0 {
				continue
			}
			f := diag.Finding{
				Severity: diag.Error,
				Summary:  "# does not start a comment in PHP-FPM files",
				Subject:  label(marks[0], "php-fpm takes this line for a key"),
				Notes:    []string{"php-fpm refuses to start: ERROR: " + hashError(in, marks[0])},
				Remedy:   "start comments with ;",
			}
			fix := diag.Fix{Title: "start the comment with ;", Safety: diag.Safe}
			if more := len(marks) - 1; more > 0 {
				f.Subject.Text += fmt.Sprintf(", and %d more below", more)
				fix.Title = fmt.Sprintf("start the %d comments with ;", len(marks))
			}
			var causes analyzer.Causes
			for _, mark := range marks {
				causes = append(causes, analyzer.LineOf(mark))
				fix.Edits = append(fix.Edits, diag.Edit{Span: mark, NewText: ";"})
			}
			f.Fixes = []diag.Fix{fix}
			p.Report(nginx.Ref{}, causes, f)
		}
	}
}

// hashMarks are the `#` that begin a statement, in order: those read as a key
// and those on lines that cannot be read.
func hashMarks(in *syntax.INI) []source.Span {
	var marks []source.Span
	mark := func(at int) { marks = append(marks, source.Span{File: in.File, Start: at, End: at + 1}) }
	for _, e := range in.Lines {
		if e.Kind != syntax.Section && strings.HasPrefix(e.NameSpan().Text(), "#") {
			mark(e.NameSpan().Start)
		}
	}
	for _, e := range in.Errors {
		line := analyzer.LineOf(e.At)
		if text := strings.TrimLeft(strings.TrimPrefix(line.Text(), "\ufeff"), " \t"); strings.HasPrefix(text, "#") {
			mark(line.End - len(text))
		}
	}
	slices.SortFunc(marks, source.Span.Compare)
	return slices.Compact(marks)
}

// hashError is what php-fpm says about a line: it takes what stands before a
// sign that no key may have for a key without a value.
func hashError(in *syntax.INI, mark source.Span) string {
	i := slices.IndexFunc(in.Lines, func(e syntax.Entry) bool { return e.NameSpan().Start == mark.Start })
	switch {
	case i >= 0 && in.Lines[i].Kind == syntax.Item:
		return fmt.Sprintf("[%s] unknown directive '%s'", place(mark), in.Lines[i].Name)
	case i >= 0 && !in.Lines[i].Null:
		return fmt.Sprintf("[%s] unknown entry '%s'", place(mark), in.Lines[i].Name)
	}
	return fmt.Sprintf("[%s] value is NULL for a ZEND_INI_PARSER_ENTRY", place(mark))
}
