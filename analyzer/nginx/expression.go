package nginx

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
)

// unshared matches what both languages take, and each for something else: back
// references and octal escapes, vertical blanks, and counts without a lower bound.
var unshared = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\[1-9v]|\{,`) })

// Limits on expressions, in steps of the program that one is compiled to.
const (
	// maxExpression is how long that of one may be: longer ones are not understood.
	maxExpression = 1 << 14
	// maxKept is how much of them is kept for a configuration: sites mostly have the same.
	maxKept = 1 << 18
)

// An expression is a PCRE pattern that lies within Go's language, where both mean
// the same.
type expression struct {
	*regexp.Regexp // nil for others
	size           int
}

type pattern struct {
	text     string
	caseless bool
}

// compile is translate, once for each pattern of the configuration as far as they are kept.
func (c *Config) compile(p pattern) expression {
	if e, again := c.expressions.Load(p); again {
		return e.(expression) //nolint:forcetypeassert // nothing else is stored
	}
	e := translate(p)
	if c.kept.Add(int64(e.size)) <= maxKept {
		c.expressions.Store(p, e)
	}
	return e
}

// translate compiles a pattern. The two languages differ on bytes beyond ASCII, and on
// a line feed at the end of the text, which `$` in PCRE does not see.
func translate(p pattern) expression {
	none := expression{size: 1}
	if len(p.text) > maxExpression || unshared().MatchString(p.text) || !isASCII(p.text) {
		return none
	}
	tree, err := syntax.Parse(p.text, syntax.Perl)
	if err != nil {
		return none
	}
	size := sizeOf(tree)
	if size > maxExpression {
		return none
	}
	text := p.text
	if p.caseless {
		text = "(?i)" + text
	}
	e, err := regexp.Compile(text)
	if err != nil {
		return none
	}
	return expression{e, size}
}

// sizeOf is about how long the program of an expression is: counts repeat what they follow.
func sizeOf(e *syntax.Regexp) int {
	size := 1 + len(e.Rune)
	for _, sub := range e.Sub {
		size = min(size+sizeOf(sub), 2*maxExpression)
	}
	if e.Op == syntax.OpRepeat {
		size *= max(e.Min, e.Max, 1)
	}
	return min(size, 2*maxExpression)
}

// expression is what a pattern means, as far as there is work left to match it with a text.
func (w *Work) expression(c *Config, text string, caseless bool, s string) expression {
	if !w.Take(20 + len(text)/8) {
		return expression{}
	}
	e := c.compile(pattern{text, caseless})
	if !w.Take(e.size*(10+len(s))/4) || !agreeing(s) {
		return expression{}
	}
	return e
}

// agreeing reports whether a text is one on which both languages agree.
func agreeing(s string) bool { return isASCII(s) && !strings.Contains(s, "\n") }

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c >= 0x80 })
}

// Match matches a PCRE pattern that lies within Go's language, where both mean the
// same; known is false for others.
func (w *Work) Match(c *Config, pattern string, caseless bool, s string) (matched, known bool) {
	e := w.expression(c, pattern, caseless, s)
	if e.Regexp == nil {
		return false, false
	}
	return e.MatchString(s), true
}

// Submatches are the text that a PCRE pattern matches and what its groups take of
// it; nil where it does not match. known is as for Match.
func (w *Work) Submatches(c *Config, pattern, s string) (groups []string, known bool) {
	e := w.expression(c, pattern, false, s)
	if e.Regexp == nil {
		return nil, false
	}
	return e.FindStringSubmatch(s), true
}

// plainURI matches paths that mean the same as they are sent and as nginx looks
// at them, but for the segments `.` and `..`.
var plainURI = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^/([\w.~!$&'()*+,;=:@-]+/)*[\w.~!$&'()*+,;=:@-]*$`) })

// maxExamples bounds how many URIs are made of one pattern.
const maxExamples = 32

// Examples are URIs that a location's own pattern certainly matches, one for each
// way to match that differs in more than repetition: `\.(php|html)$` gives
// /x.php and /x.html. Which location serves them is for SelectLocation to say.
// They are none where the pattern is not understood, and for named locations.
func (w *Work) Examples(b *Block) []string {
	modifier, text := b.Location()
	switch {
	case modifier == "@" || Opaque(text):
		return nil
	case modifier != "~" && modifier != "~*":
		return []string{text}
	}
	e := w.expression(b.Config, text, modifier == "~*", text)
	if e.Regexp == nil || !w.Take(e.size*e.size/16) { // each piece is joined with what comes before it
		return nil
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil
	}
	var uris []string
	for _, text := range examples(tree) {
		forms := []string{text, "/" + text, "/x" + text}
		if strings.HasPrefix(text, ".") {
			forms = []string{"/x" + text, "/" + text} // an extension: of a file that has a name, too
		}
		for _, uri := range forms {
			if plainURI().MatchString(uri) && !strings.Contains(uri+"/", "/./") && !strings.Contains(uri+"/", "/../") && e.MatchString(uri) {
				uris = append(uris, uri)
				break
			}
		}
	}
	return slices.Compact(uris)
}

// examples are texts that an expression may match; anchors are left out of account.
func examples(e *syntax.Regexp) []string {
	switch e.Op {
	case syntax.OpLiteral:
		return []string{string(e.Rune)}
	case syntax.OpCharClass:
		return []string{string(typical(e.Rune))}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return []string{"x"}
	case syntax.OpCapture, syntax.OpPlus:
		return examples(e.Sub[0])
	case syntax.OpQuest:
		return append([]string{""}, examples(e.Sub[0])...)
	case syntax.OpRepeat:
		texts, sub := []string{""}, examples(e.Sub[0])
		for range e.Min {
			texts = product(texts, sub)
		}
		return texts
	case syntax.OpConcat:
		texts := []string{""}
		for _, sub := range e.Sub {
			texts = product(texts, examples(sub))
		}
		return texts
	case syntax.OpAlternate:
		var texts []string
		for _, sub := range e.Sub {
			texts = append(texts, examples(sub)...)
		}
		return texts[:min(len(texts), maxExamples)]
	case syntax.OpNoMatch:
		return nil
	case syntax.OpEmptyMatch, syntax.OpStar, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
	}
	return []string{""}
}

// product joins each of the first with each of the second.
func product(first, second []string) []string {
	var joined []string
	for _, a := range first {
		for _, b := range second {
			if len(joined) < maxExamples {
				joined = append(joined, a+b)
			}
		}
	}
	return joined
}

// typical is a character of a class that may stand in any path: a letter or
// digit, where it has one. The class is a list of ranges.
func typical(class []rune) rune {
	for _, c := range "x1aA-_./" {
		for i := 0; i+1 < len(class); i += 2 {
			if class[i] <= c && c <= class[i+1] {
				return c
			}
		}
	}
	return class[0]
}
