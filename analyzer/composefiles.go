package analyzer

import (
	"path"
	"regexp"
	"slices"
	"sync"

	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

// topServices is the key of a compose file under which the services stand.
var topServices = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^(services|include):`) })

// isCompose reports whether a named file is a compose file, by its name or else its content.
func (p *project) isCompose(name string) bool {
	if compose.IsFile(path.Base(name)) {
		return true
	}
	if !source.Match("*.y*ml", path.Base(name)) {
		return false
	}
	f := p.files.read(p.files.get(name))
	return f != nil && topServices().MatchString(f.Text)
}

// opener reads what the compose files of a folder name, and notes that it was read.
func (p *project) opener(dir string) func(name string) *source.File {
	return func(name string) *source.File {
		src := p.open(name)
		if src == nil {
			return nil
		}
		why := "named by the compose files in " + dir
		if compose.IsFile(path.Base(name)) {
			why = "a compose file"
		}
		f := p.files.get(src.Path)
		f.foreign = true
		p.wanted(f, why)
		return src
	}
}

// composeProblems reports the compose files that could not be read: as a finding
// where compose refuses them too, else as what is not resolved.
func (d *driver) composeProblems() {
	var seen []source.Span
	for _, problem := range d.services.problems {
		if slices.Contains(seen, problem.Span) { // of a file that is laid over several others
			continue
		}
		seen = append(seen, problem.Span)
		file := problem.Span.File
		switch {
		case problem.Limit:
			d.limit(problem.Span, problem.Text)
		case problem.Refused != "" && !isTemplate(file.Path, file.Text):
			d.add(nginx.Ref{}, diag.Finding{
				Rule: RuleSyntax, Severity: diag.Error, Summary: "no valid YAML",
				Subject: diag.Label{Span: problem.Span, Text: problem.Text},
				Notes:   []string{"docker compose says: " + problem.Refused, "what this file starts is not known, and not judged"},
			})
		default:
			u := diag.Unresolved{Span: problem.Span, Reason: diag.MissingInclude, What: "services: " + problem.Text}
			if isTemplate(file.Path, file.Text) {
				u.Reason = diag.Template
			}
			d.report.Unresolved = append(d.report.Unresolved, u)
		}
	}
}
