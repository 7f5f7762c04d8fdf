package render

import (
	"encoding/xml"
	"io"

	"nginx-lint/analyzer/diag"
)

type checkstyleReport struct {
	XMLName xml.Name          `xml:"checkstyle"`
	Version string            `xml:"version,attr"`
	Files   []*checkstyleFile `xml:"file"`
}

type checkstyleFile struct {
	Name   string            `xml:"name,attr"`
	Errors []checkstyleError `xml:"error"`
}

type checkstyleError struct {
	Line     int    `xml:"line,attr"`
	Column   int    `xml:"column,attr"`
	Severity string `xml:"severity,attr"`
	Message  string `xml:"message,attr"`
	Source   string `xml:"source,attr"`
}

// checkstyleVersion is that of Checkstyle whose form of report this is.
const checkstyleVersion = "8.0"

// Checkstyle writes a report as Checkstyle does. Files without findings are not in
// it; it has no place for what could not be checked.
func Checkstyle(w io.Writer, r *diag.Report, o Options) error {
	out := checkstyleReport{Version: checkstyleVersion}
	for f := range shown(r, o.Severity) {
		name := fileOf(f)
		if n := len(out.Files); n == 0 || out.Files[n-1].Name != name {
			out.Files = append(out.Files, &checkstyleFile{Name: name})
		}
		entry := checkstyleError{Line: 1, Column: 1, Severity: f.Severity.String(), Message: brief(f), Source: "nginx-lint." + Clean(f.Rule)}
		if at := f.Subject.Span; !at.IsZero() {
			position := at.File.Position(at.Start)
			entry.Line, entry.Column = position.Line, position.Column
		}
		last := out.Files[len(out.Files)-1]
		last.Errors = append(last.Errors, entry)
	}
	return writeXML(w, out)
}

// writeXML writes a value as a document.
func writeXML(w io.Writer, value any) error {
	text, err := xml.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}
