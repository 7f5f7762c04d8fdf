package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"nginx-lint/analyzer/diag"
)

// githubLevels are the commands that annotate.
var githubLevels = map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Info: "notice"}

// GitHub writes a workflow command of GitHub Actions for each finding, and for each
// file that could not be checked: the runner shows them beside the lines.
// Columns count code points, the last one included; the runner takes them only
// where a place is within one line.
func GitHub(w io.Writer, r *diag.Report, o Options) error {
	b := bufio.NewWriter(w)
	for f := range shown(r, o.Severity) {
		at := f.Subject.Span
		fmt.Fprintf(b, "::%s ", githubLevels[f.Severity])
		if !at.IsZero() {
			start, end := at.File.Position(at.Start), at.File.Position(at.End)
			fmt.Fprintf(b, "file=%s,line=%d,endLine=%d,", githubProperty(Clean(at.File.Path)), start.Line, end.Line)
			if start.Line == end.Line {
				fmt.Fprintf(b, "col=%d,endColumn=%d,", start.Column, max(start.Column, end.Column-1))
			}
		}
		fmt.Fprintf(b, "title=%s::%s\n", githubProperty("nginx-lint "+Clean(f.Rule)), githubData(message(f)))
	}
	for _, f := range r.Failures {
		fmt.Fprintf(b, "::error file=%s,title=%s::%s\n", githubProperty(Clean(f.Path)), githubProperty("nginx-lint: not checked"), githubData(Clean(f.Err.Error())))
	}
	return b.Flush()
}

// The characters that end a command's text, and those that end one of its properties.
var (
	githubDataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubPropertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func githubData(text string) string     { return githubDataEscapes.Replace(text) }
func githubProperty(text string) string { return githubPropertyEscapes.Replace(text) }
