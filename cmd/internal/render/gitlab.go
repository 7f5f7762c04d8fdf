package render

import (
	"io"

	"nginx-lint/analyzer/diag"
)

// A gitlabIssue is an entry of GitLab's Code Quality report, with the fields that
// GitLab documents.
type gitlabIssue struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
}

// gitlabSeverities are GitLab's words; it also has minor and blocker.
var gitlabSeverities = map[diag.Severity]string{diag.Error: "critical", diag.Warning: "major", diag.Info: "info"}

// GitLab writes a Code Quality report, which merge requests show. It has no place
// for what could not be checked.
func GitLab(w io.Writer, r *diag.Report, o Options) error {
	issues := []gitlabIssue{}
	for f := range shown(r, o.Severity) {
		issues = append(issues, gitlabIssue{
			Description: brief(f),
			CheckName:   Clean(f.Rule),
			Fingerprint: f.Fingerprint,
			Severity:    gitlabSeverities[f.Severity],
			Location:    gitlabLocation{fileOf(f), gitlabLines{max(f.Subject.Span.Line(), 1)}},
		})
	}
	return WriteJSON(w, issues)
}
