package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// schemaVersion is raised when a field is renamed, removed or given another meaning.
const schemaVersion = 1

type jsonReport struct {
	SchemaVersion int              `json:"schemaVersion"`
	Tool          jsonTool         `json:"tool"`
	Files         []string         `json:"files"`
	Findings      []jsonFinding    `json:"findings"`
	Suppressed    int              `json:"suppressed"`
	Unresolved    []jsonUnresolved `json:"unresolved"`
	Summary       jsonSummary      `json:"summary"`
}

type jsonTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type jsonFinding struct {
	Rule         string       `json:"rule"`
	Severity     string       `json:"severity"`
	Summary      string       `json:"summary"`
	Message      string       `json:"message"`
	Notes        []string     `json:"notes"`
	Remedy       string       `json:"remedy"`
	File         string       `json:"file"`
	Range        jsonRange    `json:"range"`
	IncludeChain []jsonPlace  `json:"includeChain"`
	Places       int          `json:"places"`
	Related      []jsonLabel  `json:"related"`
	Fixes        []jsonFix    `json:"fixes"`
	RefusedBy    diag.Program `json:"refusedBy,omitempty"`
	Docs         string       `json:"docs"`
	Fingerprint  string       `json:"fingerprint"`
}

type jsonPlace struct {
	File  string    `json:"file"`
	Range jsonRange `json:"range"`
}

type jsonLabel struct {
	Message string `json:"message"`
	jsonPlace
}

type jsonFix struct {
	Title  string     `json:"title"`
	Safety string     `json:"safety"`
	Risk   string     `json:"risk"`
	Edits  []jsonEdit `json:"edits"`
}

type jsonEdit struct {
	jsonPlace
	NewText string `json:"newText"`
}

type jsonUnresolved struct {
	jsonPlace
	Reason diag.Reason `json:"reason"`
}

type jsonRange struct {
	Start jsonPosition `json:"start"`
	End   jsonPosition `json:"end"`
}

type jsonPosition struct {
	Offset int `json:"offset"`
	Line   int `json:"line"`
	Column int `json:"column"`
}

type jsonSummary struct {
	Files    int `json:"files"`
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Infos    int `json:"infos"`
	// Fixable counts the findings that a safe fix would mend.
	Fixable int `json:"fixable"`
	Fixed   int `json:"fixed"`
}

// JSON writes a report for programs. Lists are never null. Offsets count bytes of
// the files as they are; a byte of a text that is no valid UTF-8 is shown as U+FFFD.
func JSON(w io.Writer, r *diag.Report, o Options) error {
	out := jsonReport{
		SchemaVersion: schemaVersion,
		Tool:          jsonTool{Name: "nginx-lint", Version: o.Version},
		Files:         make([]string, len(r.Files)),
		Findings:      []jsonFinding{},
		Suppressed:    r.Suppressed,
		Unresolved:    make([]jsonUnresolved, len(r.Unresolved)),
		Summary:       jsonSummary{Files: len(r.Files), Fixed: o.Fixed},
	}
	for i, f := range r.Files {
		out.Files[i] = f.Path
	}
	slices.Sort(out.Files)
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity < o.Severity {
			continue
		}
		out.Summary.count(f)
		out.Findings = append(out.Findings, newJSONFinding(f))
	}
	for i, u := range r.Unresolved {
		out.Unresolved[i] = jsonUnresolved{newJSONPlace(u.Span), u.Reason}
	}
	return WriteJSON(w, out)
}

// WriteJSON writes a value indented and with all that is not visible escaped.
func WriteJSON(w io.Writer, value any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(escapeInvisible(b.Bytes()))
	return err
}

// escapeInvisible writes the characters that Clean would escape, and that JSON takes
// as they are, as JSON escapes. They occur only in strings, so the value stays the same.
func escapeInvisible(text []byte) []byte {
	var b []byte
	done := 0 // up to here text is in b
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r >= 0x7f && !unicode.IsPrint(r) || r == '#' && obeyed(text[i:]) {
			b = append(b, text[done:i]...)
			if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
				b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
			} else {
				b = fmt.Appendf(b, `\u%04x`, r)
			}
			done = i + size
		}
		i += size
	}
	return append(b, text[done:]...)
}

func (s *jsonSummary) count(f *diag.Finding) {
	switch f.Severity {
	case diag.Error:
		s.Errors++
	case diag.Warning:
		s.Warnings++
	case diag.Info:
		s.Infos++
	}
	if slices.ContainsFunc(f.Fixes, func(fix diag.Fix) bool { return fix.Safety == diag.Safe }) {
		s.Fixable++
	}
}

func newJSONFinding(f *diag.Finding) jsonFinding {
	subject := newJSONPlace(f.Subject.Span)
	out := jsonFinding{
		Rule:         f.Rule,
		Severity:     f.Severity.String(),
		Summary:      f.Summary,
		Message:      f.Subject.Text,
		Notes:        append([]string{}, f.Notes...),
		Remedy:       f.Remedy,
		File:         subject.File,
		Range:        subject.Range,
		IncludeChain: make([]jsonPlace, len(f.IncludeChain)),
		Places:       f.Places,
		Related:      make([]jsonLabel, len(f.Related)),
		Fixes:        make([]jsonFix, len(f.Fixes)),
		RefusedBy:    f.RefusedBy,
		Docs:         "nginx-lint explain " + f.Rule,
		Fingerprint:  f.Fingerprint,
	}
	for i, span := range f.IncludeChain {
		out.IncludeChain[i] = newJSONPlace(span)
	}
	for i, l := range f.Related {
		out.Related[i] = jsonLabel{l.Text, newJSONPlace(l.Span)}
	}
	for i, fix := range f.Fixes {
		edits := make([]jsonEdit, len(fix.Edits))
		for j, edit := range fix.Edits {
			edits[j] = jsonEdit{newJSONPlace(edit.Span), edit.NewText}
		}
		out.Fixes[i] = jsonFix{fix.Title, fix.Safety.String(), fix.Risk, edits}
	}
	return out
}

func newJSONPlace(s source.Span) jsonPlace {
	if s.IsZero() {
		return jsonPlace{}
	}
	return jsonPlace{s.File.Path, jsonRange{jsonPosition(s.File.Position(s.Start)), jsonPosition(s.File.Position(s.End))}}
}
