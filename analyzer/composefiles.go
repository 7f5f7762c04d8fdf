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
	"nginx-lint/analyzer/stack"
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
		if f.foreign == nil {
			f.foreign = noOutline
		}
		p.wanted(f, why)
		return src
	}
}

// noOutline is that of files about which there are no findings.
func noOutline(*source.File) (comments, entries []source.Span) { return nil, nil }

// written says how the files of a project are written, and that they are part of a
// scope where it is one.
func (p *project) written(project *compose.Project, scope *stack.Scope) {
	note := func(src *source.File, o outline) {
		f := p.files.get(src.Path)
		if f.src != src { // a Dockerfile in a compose file
			return
		}
		f.foreign = o
		if scope != nil {
			f.scopes = append(f.scopes, scope)
		}
	}
	for _, src := range slices.Concat(project.Files, project.Extended) {
		note(src, compose.OutlineYAML)
	}
	for _, s := range project.Services {
		if s.Dockerfile != nil {
			note(s.Dockerfile.File, compose.OutlineDockerfile)
		}
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
