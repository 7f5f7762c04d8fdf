package render

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// TextOptions say how a report is shown to people.
type TextOptions struct {
	// Severity is the lowest that is shown and counted.
	Severity diag.Severity
	// Color is set where the reader understands ANSI colours.
	Color bool
	// Quiet leaves out the closing lines.
	Quiet bool
	// Listed is set where what could not be resolved is listed elsewhere.
	Listed bool
	// Short shows the worst findings first, and where they are many counts the rest.
	Short bool
	// Next is what may be done next; nil for no word on it.
	Next *Next
	// Fixed is what was done before, by file; a fix of two files is in it twice.
	Fixed []Fixed
	// Mended counts the fixes.
	Mended int
}

// maxLabel is the column up to which a label stands beside its underline; a longer one
// stands below it.
const maxLabel = 120

// Text writes a report for people: each finding with its source lines, then
// what was found in all, then what could not be resolved.
func Text(w io.Writer, r *diag.Report, o TextOptions) error {
	p := printer{w: bufio.NewWriter(w), palette: palette(o.Color)}
	if !o.Quiet {
		p.fixed(o.Fixed)
	}
	count := map[diag.Severity]int{}
	var all []*diag.Finding
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Severity >= o.Severity {
			count[f.Severity]++
			all = append(all, f)
		}
	}
	shown, counted := all, []group(nil)
	if o.Short {
		shown, counted = shorten(all)
	}
	for i, f := range shown {
		if i > 0 {
			fmt.Fprintln(p.w)
		}
		p.finding(f)
	}
	if len(shown) > 0 && (!o.Quiet || len(counted) > 0) {
		fmt.Fprintln(p.w)
	}
	if len(counted) > 0 {
		p.counts(counted)
	}
	if !o.Quiet {
		p.summary(r, count, o)
		p.unresolved(r, o.Listed)
		if o.Next != nil {
			p.next(all, o)
		}
	}
	return p.w.Flush()
}

// Details writes what was read and why, where each target leads, and each place that could not be resolved.
func Details(w io.Writer, r *diag.Report) error {
	b := bufio.NewWriter(w)
	for _, n := range r.Notes {
		fmt.Fprintf(b, "read %s: %s\n", Clean(n.Path), Clean(n.Why))
	}
	for _, t := range r.Accounts {
		what := t.What
		if t.Address != "" && !strings.HasSuffix(what, " "+t.Address) {
			what += " to " + t.Address
		}
		if t.Places > 1 {
			what += fmt.Sprintf(" in %d places", t.Places)
		}
		fmt.Fprintf(b, "target %s: %s: %s\n", place(t.Span), Clean(what), Clean(t.Leads))
	}
	met := map[diag.Reason]bool{}
	for _, u := range r.Unresolved {
		met[u.Reason] = true
		fmt.Fprintf(b, "not resolved %s: %s (%s)\n", place(u.Span), Clean(u.What), u.Reason)
	}
	for _, reason := range slices.Sorted(maps.Keys(met)) {
		fmt.Fprintf(b, "%s: %s\n", reason, reasonMeaning[reason])
	}
	return b.Flush()
}

// reasonMeaning says what a reason means, and what can be done about it.
var reasonMeaning = map[diag.Reason]string{
	diag.Variable:         "only a request, or a program at run time, gives it its value",
	diag.Environment:      "its value comes from the environment",
	diag.Template:         "a program fills it in before a server reads it",
	diag.MissingInclude:   "a file that is not here would tell; where absolute paths lie here is said by --path-map FROM=TO, or path-map in .nginx-lint.yaml",
	diag.DNSName:          "a name that DNS answers",
	diag.OutsideRoot:      "it lies outside of what is read; where it lies here is said by --root, --path-map, or path-map in .nginx-lint.yaml",
	diag.UnknownVersion:   "versions differ here; which one runs is said by --nginx-version, --php-version, or nginx and php in .nginx-lint.yaml",
	diag.UnknownDirective: "a module brings it that is not known; what it brings is said by nginx.directives in .nginx-lint.yaml",
	diag.LimitReached:     "more than is looked at",
}

type printer struct {
	w *bufio.Writer
	palette
	gutter int // columns of the line numbers of the current finding
}

func (p *printer) finding(f *diag.Finding) {
	paint := severityPaint[f.Severity]
	if !f.Subject.Span.IsZero() {
		fmt.Fprintf(p.w, "%s ", p.paint(bold, place(f.Subject.Span)))
	}
	fmt.Fprintf(p.w, "%s: %s\n", p.paint(paint, f.Severity.String()+" "+Clean(f.Rule)), p.paint(bold, Clean(f.Summary)))

	p.gutter = gutterWidth(f)
	p.subject(f, paint)
	for _, l := range f.Related {
		p.related(l)
	}
	if all := notes(f); len(all) > 0 {
		p.line("", "")
		for _, n := range all {
			p.note(n.kind, n.text)
			if n.fix != nil {
				p.fix(f, n.fix)
			}
		}
	}
}

// A note is a line below the source lines.
type note struct {
	kind, text string
	fix        *diag.Fix // shown below it
}

func notes(f *diag.Finding) []note {
	var all []note
	add := func(kind, text string) {
		if text != "" {
			all = append(all, note{kind: kind, text: text})
		}
	}
	if f.Subject.Span.IsZero() {
		add("note", f.Subject.Text)
	}
	for _, l := range f.Related {
		if l.Span.IsZero() {
			add("note", l.Text)
		}
	}
	switch f.RefusedBy {
	case diag.Nginx:
		add("refused", "nginx will not start: `nginx -t` refuses this")
	case diag.PHPFPM:
		add("refused", "PHP-FPM will not start: `php-fpm -t` refuses this")
	}
	for _, text := range f.Notes {
		add("note", text)
	}
	add("note", inclusion(f))
	for i := range f.Fixes {
		fix := &f.Fixes[i]
		if len(fix.Edits) == 0 && strings.HasPrefix(f.Remedy, fix.Title) {
			continue // the help says it
		}
		text := fix.Title
		if fix.Risk != "" {
			text += "; risk: " + fix.Risk
		}
		all = append(all, note{"fix (" + fix.Safety.String() + ")", text, fix})
	}
	add("help", f.Remedy)
	return all
}

// subject shows the guilty line below the head of the block that it stands in.
func (p *printer) subject(f *diag.Finding, paint string) {
	at := f.Subject.Span
	if at.IsZero() {
		return
	}
	p.line("", "")
	if c := f.Context; c.File == at.File && c.Line() < at.Line() {
		head := newSnippet(source.Span{File: c.File, Start: c.Start, End: c.Start})
		p.line(strconv.Itoa(head.line), head.text)
		if at.Line() > head.line+1 {
			fmt.Fprintf(p.w, "%s\n", p.paint(blue, "..."))
		}
	}
	p.label(f.Subject, "^", paint)
}

func (p *printer) related(l diag.Label) {
	if l.Span.IsZero() {
		return
	}
	p.line("", "")
	fmt.Fprintf(p.w, "%*s%s %s\n", p.gutter, "", p.paint(blue, "-->"), place(l.Span))
	p.line("", "")
	p.label(l, "-", blue)
}

// label shows the line of a place, underlined, with what is to be said about it.
func (p *printer) label(l diag.Label, mark, paint string) {
	s := newSnippet(l.Span)
	p.line(strconv.Itoa(s.line), s.text)
	text := Clean(l.Text)
	under := strings.Repeat(" ", s.from) + p.paint(paint, strings.Repeat(mark, s.to-s.from))
	switch {
	case text == "":
		p.line("", under)
	case s.to+1+width(text) <= maxLabel:
		p.line("", under+" "+p.paint(paint, text))
	default:
		p.line("", under)
		p.line("", strings.Repeat(" ", min(s.from, max(maxLabel-width(text), 0)))+p.paint(paint, text))
	}
}

func (p *printer) line(number, text string) {
	bar := p.paint(blue, fmt.Sprintf("%*s |", p.gutter, number))
	if text == "" {
		fmt.Fprintf(p.w, "%s\n", bar)
		return
	}
	fmt.Fprintf(p.w, "%s %s\n", bar, text)
}

func (p *printer) note(kind, text string) {
	fmt.Fprintf(p.w, "%*s %s %s: %s\n", p.gutter, "", p.paint(blue, "="), p.paint(bold, kind), Clean(text))
}

func (p *printer) summary(r *diag.Report, count map[diag.Severity]int, o TextOptions) {
	var parts []string
	for s := diag.Error; s >= diag.Info; s-- {
		if n := count[s]; n > 0 {
			parts = append(parts, p.paint(severityPaint[s], plural(n, s.String())))
		}
	}
	text := strings.Join(parts, ", ")
	if text == "" {
		text = p.paint(green, nothing(o.Severity))
	}
	text += " in " + plural(len(r.Files), "file")
	if o.Mended > 0 {
		text += "; " + p.paint(green, fmt.Sprintf("%d fixed", o.Mended))
	}
	if r.Suppressed > 0 {
		text += "; " + plural(r.Suppressed, "finding") + " silenced by comments"
	}
	if r.Parked > 0 {
		text += "; " + plural(r.Parked, "finding") + " in the baseline"
	}
	if n := len(r.Failures); n > 0 {
		text += "; " + p.paint(red, fmt.Sprintf("%d could not be checked", n))
	}
	fmt.Fprintln(p.w, text)
}

// nothing says that there are no findings of a severity or above.
func nothing(lowest diag.Severity) string {
	switch {
	case lowest >= diag.Error:
		return "no errors"
	case lowest == diag.Warning:
		return "no errors or warnings"
	default:
		return "no problems"
	}
}

// unresolved says in one line how much the linter is silent about, and why.
func (p *printer) unresolved(r *diag.Report, listed bool) {
	places := len(r.Unresolved)
	if places == 0 && r.UnresolvedTargets == 0 {
		return
	}
	targets := fmt.Sprintf("%d of %s", r.UnresolvedTargets, plural(r.Targets, "*_pass target"))
	var text string
	switch {
	case r.UnresolvedTargets == 0:
		text = plural(places, "place") + " could not be resolved"
	case places > r.UnresolvedTargets:
		text = plural(places, "place") + " could not be resolved, among them " + targets
	default:
		text = targets + " could not be resolved"
	}
	if places > 0 {
		about := "them"
		if places == 1 {
			about = "it"
		}
		text += " (" + reasons(r.Unresolved) + "), and nothing is said about " + about
		if !listed {
			text += "; -v lists them"
		}
	}
	fmt.Fprintln(p.w, text)
}

// reasons counts the reasons, the most frequent first.
func reasons(unresolved []diag.Unresolved) string {
	count := map[diag.Reason]int{}
	for _, u := range unresolved {
		count[u.Reason]++
	}
	order := slices.SortedFunc(maps.Keys(count), func(a, b diag.Reason) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(a, b))
	})
	parts := make([]string, len(order))
	for i, reason := range order {
		parts[i] = fmt.Sprintf("%s: %d", reason, count[reason])
	}
	return strings.Join(parts, ", ")
}

// inclusion says how the finding's file comes to be read.
func inclusion(f *diag.Finding) string {
	var from []string
	for _, span := range slices.Backward(f.IncludeChain) {
		from = append(from, lineOf(span))
	}
	chain := strings.Join(from, ", from ")
	switch {
	case f.Places > 1 && chain != "":
		return fmt.Sprintf("included in %d places, for example from %s", f.Places, chain)
	case f.Places > 1:
		return fmt.Sprintf("included in %d places", f.Places)
	case chain != "":
		return "included from " + chain
	default:
		return ""
	}
}

func gutterWidth(f *diag.Finding) int {
	last := f.Subject.Span.Line()
	for _, l := range f.Related {
		last = max(last, l.Span.Line())
	}
	for i := range f.Fixes {
		for _, l := range fixLines(&f.Fixes[i]) {
			last = max(last, l.line)
		}
	}
	return len(strconv.Itoa(last))
}

// place is where a span starts, as path:line:column.
func place(s source.Span) string {
	if s.IsZero() {
		return "-"
	}
	at := s.File.Position(s.Start)
	name := s.File.Path
	if commands(name) {
		name = "./" + name
	}
	return fmt.Sprintf("%s:%d:%d", Clean(name), at.Line, at.Column)
}

func lineOf(s source.Span) string {
	if s.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%s:%d", Clean(s.File.Path), s.Line())
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// A palette says whether to colour.
type palette bool

// SGR parameters.
const (
	bold  = "1"
	red   = "1;31"
	green = "32"
	blue  = "34"
	cyan  = "36"
)

var severityPaint = map[diag.Severity]string{
	diag.Error:   red,
	diag.Warning: "1;33",
	diag.Info:    "1;36",
}

func (on palette) paint(sgr, text string) string {
	if !on || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}
