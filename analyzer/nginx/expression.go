package nginx

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// unshared matches what both languages take, and each for something else: back
// references and octal escapes, vertical blanks, and counts without a lower bound.
var unshared = regexp.MustCompile(`\\[1-9v]|\{,`)

// compile is translate, once for each pattern of the configuration: sites mostly have the same.
func (c *Config) compile(pattern string, caseless bool) *regexp.Regexp {
	if caseless {
		pattern = "(?i)" + pattern
	}
	e, again := c.expressions.Load(pattern)
	if !again {
		e, _ = c.expressions.LoadOrStore(pattern, translate(pattern))
	}
	known, _ := e.(*regexp.Regexp)
	return known
}

// translate is a PCRE pattern that lies within Go's language, where both mean the
// same; nil for others. The two differ on bytes beyond ASCII, and on a line feed
// at the end of the text, which `$` in PCRE does not see.
func translate(pattern string) *regexp.Regexp {
	if unshared.MatchString(pattern) || !isASCII(pattern) {
		return nil
	}
	e, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	return e
}

// agreeing reports whether a text is one on which both languages agree.
func agreeing(s string) bool { return isASCII(s) && !strings.Contains(s, "\n") }

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c >= 0x80 })
}

// MatchExpression matches a PCRE pattern that lies within Go's language, where
// both mean the same; known is false for others.
func (c *Config) MatchExpression(pattern string, caseless bool, s string) (matched, known bool) {
	e := c.compile(pattern, caseless)
	if e == nil || !agreeing(s) {
		return false, false
	}
	return e.MatchString(s), true
}

// Submatches are the text that a PCRE pattern matches and what its groups take of
// it; nil where it does not match, or that is not known.
func (c *Config) Submatches(pattern, s string) []string {
	e := c.compile(pattern, false)
	if e == nil || !agreeing(s) {
		return nil
	}
	return e.FindStringSubmatch(s)
}

// plainURI matches paths that mean the same as they are sent and as nginx looks
// at them, but for the segments `.` and `..`.
var plainURI = regexp.MustCompile(`^/([\w.~!$&'()*+,;=:@-]+/)*[\w.~!$&'()*+,;=:@-]*$`)

// maxExamples bounds how many URIs are made of one pattern.
const maxExamples = 32

// Examples are URIs that a location's own pattern certainly matches, one for each
// way to match that differs in more than repetition: `\.(php|html)$` gives
// /x.php and /x.html. Which location serves them is for SelectLocation to say.
// They are none where the pattern is not understood, and for named locations.
func (b *Block) Examples() []string {
	modifier, pattern := b.Location()
	switch {
	case modifier == "@" || Opaque(pattern):
		return nil
	case modifier != "~" && modifier != "~*":
		return []string{pattern}
	}
	e := b.Config.compile(pattern, modifier == "~*")
	if e == nil {
		return nil
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
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
			if plainURI.MatchString(uri) && !strings.Contains(uri+"/", "/./") && !strings.Contains(uri+"/", "/../") && e.MatchString(uri) {
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
		texts := []string{""}
		for range e.Min {
			texts = product(texts, examples(e.Sub[0]))
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
