package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/rogpeppe/go-internal/txtar"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/cmd/internal/render"
)

// textWidth is the column at which explanations are wrapped.
const textWidth = 80

// explain writes all that there is to know of a rule.
func (p *program) explain(o *options) error {
	r, err := p.rule(o.args[0])
	if err != nil {
		return err
	}
	e := explainer{w: bufio.NewWriter(p.Stdout), colored: p.colored(o.color, p.Stdout)}
	e.title(r.ID + ": " + r.Doc.Summary)
	fmt.Fprintln(e.w)
	severity := either(r.Severities)
	if r.Off {
		severity += "; off unless asked for"
	}
	if r.InfoOff {
		severity += "; info only where asked for"
	}
	e.fact("severity", severity)
	e.fact("fix", cmp.Or(either(r.Safeties), "none"))
	if r.Refused != "" {
		e.fact("refused by", string(r.Refused)+" -t")
	}
	for _, program := range r.RefusedPartly {
		e.fact("refused by", string(program)+" -t, some of it")
	}
	e.fact("since", r.Doc.Since)

	e.section("What is reported", r.Doc.What)
	e.section("What happens", r.Doc.Why)
	e.section("What to do", r.Doc.Remedy)
	e.section("How safe the fixes are", r.Doc.FixSafety)
	e.section("What is not seen", r.Doc.Gaps)
	if len(r.Options) > 0 {
		e.title("\nOptions")
		for _, option := range r.Options {
			fmt.Fprint(e.w, wrap(fmt.Sprintf("%s: %s (default %v, at least %v)", option.Name, option.Doc, option.Default, option.Min), "  "))
		}
	}
	if archive, ok := p.example(r.ID, "bad"); ok {
		e.example("Example that is reported", archive)
	}
	if archive, ok := p.example(r.ID, "good"); ok {
		e.example("Example that is fine", archive)
	}
	e.section("Proof", p.shown(r))
	if len(r.Doc.Refs) > 0 {
		e.title("\nReferences")
		for _, ref := range r.Doc.Refs {
			fmt.Fprintf(e.w, "  %s\n", ref)
		}
	}
	return e.w.Flush()
}

// shown is what the proofs of a rule show on real servers, or why there are none.
func (p *program) shown(r *analyzer.Rule) string {
	if r.NoProof != "" {
		return "None on running servers: " + r.NoProof + "."
	}
	var claims []string
	for _, proof := range p.proofs(r.ID) {
		claims = append(claims, proof.Claim)
	}
	return strings.Join(claims, "\n\n")
}

// described are the rules as reports describe them.
func described(rules []*analyzer.Rule) []render.Rule {
	out := make([]render.Rule, len(rules))
	for i, r := range rules {
		var help strings.Builder
		for _, section := range []struct{ title, text string }{
			{"What is reported", r.Doc.What},
			{"What happens", r.Doc.Why},
			{"What to do", r.Doc.Remedy},
			{"How safe the fixes are", r.Doc.FixSafety},
			{"What is not seen", r.Doc.Gaps},
			{"References", strings.Join(r.Doc.Refs, "\n\n")},
		} {
			if section.text != "" {
				fmt.Fprintf(&help, "## %s\n\n%s\n\n", section.title, strings.Trim(section.text, "\n"))
			}
		}
		out[i] = render.Rule{ID: r.ID, Summary: r.Doc.Summary, Level: slices.Max(r.Severities), Help: strings.TrimSpace(help.String())}
	}
	return out
}

type explainer struct {
	w       *bufio.Writer
	colored bool
}

func (e explainer) title(text string) {
	if e.colored {
		head := strings.TrimLeft(text, "\n")
		text = text[:len(text)-len(head)] + "\x1b[1m" + head + "\x1b[0m"
	}
	fmt.Fprintln(e.w, text)
}

func (e explainer) fact(name, value string) {
	if value != "" {
		fmt.Fprintf(e.w, "  %-12s%s\n", name, value)
	}
}

func (e explainer) section(title, text string) {
	if text != "" {
		e.title("\n" + title)
		fmt.Fprint(e.w, wrap(text, "  "))
	}
}

// example shows the files of an archive.
func (e explainer) example(title string, archive *txtar.Archive) {
	e.title("\n" + title)
	fmt.Fprint(e.w, wrap(string(archive.Comment), "  "))
	for _, f := range archive.Files {
		fmt.Fprintf(e.w, "\n  -- %s --\n", f.Name)
		for line := range strings.Lines(string(f.Data)) {
			fmt.Fprint(e.w, "  ", line)
		}
	}
}

// wrap breaks paragraphs at textWidth and indents them. Paragraphs are separated by
// empty lines; lines that start with white space stay as they are.
func wrap(text, indent string) string {
	var b strings.Builder
	var paragraph []string
	flush := func() {
		column := 0
		for _, word := range paragraph {
			switch {
			case column == 0:
				b.WriteString(indent)
				column = len(indent)
			case column+1+len(word) > textWidth:
				b.WriteString("\n" + indent)
				column = len(indent)
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += len(word)
		}
		if column > 0 {
			b.WriteByte('\n')
		}
		paragraph = paragraph[:0]
	}
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		line = strings.TrimRight(line, " \t\r")
		switch {
		case line == "":
			flush()
			b.WriteByte('\n')
		case line[0] == ' ' || line[0] == '\t':
			flush()
			fmt.Fprintf(&b, "%s%s\n", indent, line)
		default:
			paragraph = append(paragraph, strings.Fields(line)...)
		}
	}
	flush()
	return b.String()
}

// A ruleInfo is a rule in the JSON form of `nginx-lint rules`.
type ruleInfo struct {
	ID         string       `json:"id"`
	Summary    string       `json:"summary"`
	Severities []string     `json:"severities"`
	Fixes      []string     `json:"fixes"`
	RefusedBy  diag.Program `json:"refusedBy,omitempty"`
	// RefusedPartlyBy are the programs that refuse some of the findings.
	RefusedPartlyBy []diag.Program `json:"refusedPartlyBy,omitempty"`
	Always          bool           `json:"always"`
	Off             bool           `json:"off"`
	InfoOff         bool           `json:"infoOff"`
	Options         []optionInfo   `json:"options"`
	Since           string         `json:"since"`
	What            string         `json:"what"`
	Why             string         `json:"why"`
	Gaps            string         `json:"gaps"`
	Remedy          string         `json:"remedy"`
	FixSafety       string         `json:"fixSafety"`
	Refs            []string       `json:"refs"`
	Docs            string         `json:"docs"`
}

// An optionInfo is an option of a rule in the same form.
type optionInfo struct {
	Name    string  `json:"name"`
	Default float64 `json:"default"`
	Min     float64 `json:"min"`
	Doc     string  `json:"doc"`
}

// listRules writes all rules.
func (p *program) listRules(o *options) error {
	if o.format == "json" {
		infos := make([]ruleInfo, len(p.rules))
		for i, r := range p.rules {
			infos[i] = newRuleInfo(r)
		}
		return render.WriteJSON(p.Stdout, infos)
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tSEVERITY\tFIX\tSUMMARY")
	for _, r := range p.rules {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.ID, strings.Join(words(r.Severities), ", "), cmp.Or(strings.Join(words(r.Safeties), ", "), "-"), r.Doc.Summary)
	}
	return w.Flush()
}

func newRuleInfo(r *analyzer.Rule) ruleInfo {
	options := make([]optionInfo, len(r.Options))
	for i, o := range r.Options {
		options[i] = optionInfo(o)
	}
	return ruleInfo{
		ID:              r.ID,
		Summary:         r.Doc.Summary,
		Severities:      words(r.Severities),
		Fixes:           words(r.Safeties),
		RefusedBy:       r.Refused,
		RefusedPartlyBy: r.RefusedPartly,
		Always:          r.Always,
		Off:             r.Off,
		InfoOff:         r.InfoOff,
		Options:         options,
		Since:           r.Doc.Since,
		What:            r.Doc.What,
		Why:             r.Doc.Why,
		Gaps:            r.Doc.Gaps,
		Remedy:          r.Doc.Remedy,
		FixSafety:       r.Doc.FixSafety,
		Refs:            append([]string{}, r.Doc.Refs...),
		Docs:            "nginx-lint explain " + r.ID,
	}
}

// either writes values as "a, b or c".
func either[T fmt.Stringer](values []T) string { return or(words(values)) }

// or writes words as "a, b or c".
func or(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " or " + all[last]
}

func words[T fmt.Stringer](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return out
}
