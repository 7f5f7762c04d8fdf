package grammar

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx/nginxtest"
)

// seeds are what expressions to try are made of: some as people write them, and
// some of each construct.
var seeds = slices.Concat(regexes, []string{
	`^/(app|api)/v\d{1,3}(/.*)?$`, `\.(?:jpe?g|png|gif|ico)$`, `^/([^/]+)/index\.php(/|$)`, `(?i)^(bot|crawl)[a-z_-]+`, `^(?<name>[\w.-]+)\.test$`, `^(.+\.php)(/.+)$`, `^/(?!admin|login).*$`,
	`(?<a>x)(?P<b>y)\k<a>(?P=b)`, `[[:alpha:]_\-][^]a-z]+?`, `a{2,3}b{,4}c{5}d{6,}`, `(?=b)(?!c)(?<=d)(?<!e)(?>f)`, `\Qa.b\E\d\w\s\x41\x{42}\o{101}\cA`, `(?#x)a`, `(?|a|b)(?(1)a|b)(?R)(?1)(?&a)\g{1}\g1`,
	`(?x) a # c`, `(?-i)a(?s-m:.)(?U)b*`, `\p{L}\PL\X\R\N\h\A\z\b`, `(*UTF8)a`, `[\Q]\E]`, `[a-\d]`, `[\x2f-9]`, `[\045-4\t-~]`, `x{65535}`, `\011\8`, `(?'n'a)\k'n'`, `(?:a|b)?+`, `\E*`,
})

// TestExpressions asks nginx -t about regular expressions with small mistakes
// made at random: none that it takes is refused, and few that it refuses are missed.
func TestExpressions(t *testing.T) {
	t.Parallel()
	version := nginxtest.Version(t)
	d, _ := catalog.Find("location", catalog.Server, version)
	number := 500
	if os.Getenv("NGINX_LINT_ORACLE") == "full" {
		number = 20_000
	}
	random := rand.New(rand.NewPCG(1, 2))
	var questions []question
	for range number {
		questions = append(questions, question{d, catalog.Server, "location ~ " + quoted(mistake(random)) + " {}"})
	}
	counts := ask(t, questions, func(q question, message string) string {
		fault := Check(d, words(q.text), q.in, version)
		switch {
		case message == "" && fault != nil:
			t.Errorf("nginx takes %s, we say %q", q.text, fault.Message)
			return "different"
		case fault == nil && message == "":
			return "accepted"
		case fault == nil:
			return "missed"
		}
		return "refused"
	})
	if counts["accepted"] < number/5 || counts["refused"] < 4*counts["missed"] {
		t.Errorf("too little is found: %v", counts)
	}
}

// mistake changes a seed in one to three places.
func mistake(random *rand.Rand) string {
	piece := func() string {
		s := seeds[random.IntN(len(seeds))]
		from := random.IntN(len(s))
		return s[from:min(len(s), from+1+random.IntN(4))]
	}
	s := seeds[random.IntN(len(seeds))]
	for range 1 + random.IntN(3) {
		at := random.IntN(len(s) + 1)
		end := min(len(s), at+random.IntN(3))
		if random.IntN(3) == 0 {
			s = s[:at] + s[end:]
		} else {
			s = s[:at] + piece() + s[end:]
		}
	}
	return s
}

// quoted writes a word in quotes.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// TestOneLibrary: what PCRE, or an older or newer PCRE2 than the installed one,
// takes is no mistake.
func TestOneLibrary(t *testing.T) {
	t.Parallel()
	for text, taken := range map[string]string{
		`^/\y$`:              "PCRE",
		`[\w-.]`:             "PCRE",
		`(?X)a`:              "PCRE",
		`(?P<>a)`:            "PCRE",
		`(?''a)`:             "PCRE",
		`(?<*a)b`:            "PCRE2",
		`a*\E+`:              "PCRE2",
		`(?[a-z])`:           "PCRE2 10.45",
		`(a)(?1(1))`:         "PCRE2 10.47",
		`(?n)(a)`:            "PCRE2",
		`(?<` + long + `>a)`: "PCRE2 10.44",
	} {
		if p := parsePattern(text); p.mistake != "" {
			t.Errorf("%s takes %s, we say %q", taken, text, p.mistake)
		}
	}
}

var long = strings.Repeat("a", 40)
