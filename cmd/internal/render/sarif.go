package render

import (
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// sarifFingerprint names our fingerprints and the version of how they are made.
const sarifFingerprint = "nginxLint/v1"

var sarifLevels = map[diag.Severity]string{diag.Error: sarif.LevelError, diag.Warning: sarif.LevelWarning, diag.Info: sarif.LevelNote}

// SARIF writes a report in the Static Analysis Results Interchange Format, version
// 2.1.0: columns count UTF-16 code units, messages link to the other places, and the
// rules with findings bring their help. Fixes that are only shown are in the messages.
func SARIF(w io.Writer, r *diag.Report, o Options) error {
	run := sarif.NewRun().WithColumnKind("utf16CodeUnits")
	driver := sarif.NewToolComponent().WithName("nginx-lint").WithVersion(o.Version)
	run.Tool = sarif.NewTool().WithDriver(driver)
	index := map[string]int{} // of the rules in the report
	for f := range shown(r, o.Severity) {
		at, ok := index[f.Rule]
		if !ok {
			at = len(driver.Rules)
			index[f.Rule] = at
			driver.AddRule(sarifRule(f.Rule, o.Rules))
		}
		run.AddResult(sarifResult(f).WithRuleIndex(at))
	}
	invocation := sarif.NewInvocation().WithExecutionSuccessful(len(r.Failures) == 0 && !r.LimitReached)
	for _, f := range r.Failures {
		place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(sarifURI(f.Path)))
		invocation.AddToolExecutionNotification(sarif.NewNotification().WithLevel(sarif.LevelError).
			WithMessage(sarif.NewTextMessage(sarifText(Clean(f.Err.Error())))).
			AddLocation(sarif.NewLocationWithPhysicalLocation(place)))
	}
	run.AddInvocation(invocation)
	return WriteJSON(w, sarif.NewReport().AddRun(run))
}

func sarifRule(id string, rules []Rule) *sarif.ReportingDescriptor {
	out := sarif.NewReportingDescriptor().WithID(Clean(id))
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return out
	}
	r := rules[i]
	text := func(s string) *sarif.MultiformatMessageString {
		return sarif.NewMultiformatMessageString().WithText(s)
	}
	return out.WithName(r.ID).WithShortDescription(text(r.Summary)).WithFullDescription(text(r.Summary)).
		WithHelp(text(r.Help).WithMarkdown(r.Help)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevels[r.Level]))
}

func sarifResult(f *diag.Finding) *sarif.Result {
	// A related place has the number by which the message links to it.
	link := func(i int) string {
		return "[" + linkEscapes.Replace(place(f.Related[i].Span)) + "](" + strconv.Itoa(i+1) + ")"
	}
	lines := sentences(f, link, sarifText)
	out := sarif.NewResult().WithRuleID(Clean(f.Rule)).WithLevel(sarifLevels[f.Severity]).
		WithMessage(sarif.NewTextMessage(strings.Join(lines, "\n"))).
		WithPartialFingerprints(map[string]string{sarifFingerprint: f.Fingerprint})
	if !f.Subject.Span.IsZero() {
		out.AddLocation(sarifLocation(f.Subject.Span))
	}
	for i, l := range f.Related {
		if !l.Span.IsZero() {
			out.AddRelatedLocation(sarifLocation(l.Span).WithID(i + 1).WithMessage(sarif.NewTextMessage(sarifText(Clean(l.Text)))))
		}
	}
	for i := range f.Fixes {
		if fix := &f.Fixes[i]; fix.Safety != diag.Manual && len(fix.Edits) > 0 && isText(fix) {
			out.AddFixe(sarifFix(fix))
		}
	}
	return out
}

// isText reports whether SARIF can hold a fix: its texts are Unicode.
func isText(fix *diag.Fix) bool {
	return !slices.ContainsFunc(fix.Edits, func(e diag.Edit) bool { return !utf8.ValidString(e.NewText) })
}

// sarifFix has one change for each file.
func sarifFix(fix *diag.Fix) *sarif.Fix {
	title := fix.Safety.String() + ": " + Clean(fix.Title)
	if fix.Risk != "" {
		title += "; risk: " + Clean(fix.Risk)
	}
	out := sarif.NewFix().WithDescription(sarif.NewTextMessage(sarifText(title)))
	changes := map[*source.File]*sarif.ArtifactChange{}
	for _, e := range fix.Edits {
		change := changes[e.Span.File]
		if change == nil {
			change = sarif.NewArtifactChange().WithArtifactLocation(sarif.NewSimpleArtifactLocation(sarifURI(e.Span.File.Path)))
			changes[e.Span.File] = change
			out.AddArtifactChange(change)
		}
		change.AddReplacement(sarif.NewReplacement().WithDeletedRegion(sarifRegion(e.Span)).
			WithInsertedContent(sarif.NewArtifactContent().WithText(e.NewText)))
	}
	return out
}

func sarifLocation(at source.Span) *sarif.Location {
	return sarif.NewLocationWithPhysicalLocation(sarif.NewPhysicalLocation().
		WithArtifactLocation(sarif.NewSimpleArtifactLocation(sarifURI(at.File.Path))).WithRegion(sarifRegion(at)))
}

func sarifRegion(at source.Span) *sarif.Region {
	return sarif.NewRegion().
		WithStartLine(at.File.Line(at.Start)).WithStartColumn(at.File.UTF16Column(at.Start)).
		WithEndLine(at.File.Line(at.End)).WithEndColumn(at.File.UTF16Column(at.End))
}

// sarifURI is a path as a URI: an absolute one names a file of this host, another
// is relative to where the program ran.
func sarifURI(name string) string {
	uri := url.URL{Path: name}
	if source.IsAbs(name) {
		uri.Scheme, uri.Path = "file", source.URIPath(name)
	}
	return uri.String()
}

var (
	messageEscapes = strings.NewReplacer("{", "{{", "}", "}}", "](", `\](`)
	linkEscapes    = strings.NewReplacer("{", "{{", "}", "}}", "[", `\[`, "]", `\]`, `\`, `\\`)
)

// sarifText is a text as messages hold it: braces stand for placeholders otherwise,
// and brackets before a parenthesis for links.
func sarifText(text string) string { return messageEscapes.Replace(text) }
