package nginx

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx/nginxtest"
)

// TestExpressionsAgree asks nginx, that is PCRE, whether patterns match: those
// that are understood do so where this package says it, and their examples do.
func TestExpressionsAgree(t *testing.T) {
	t.Parallel()
	const patterns = 1500
	random := rand.New(rand.NewPCG(5, 6))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	var text strings.Builder
	text.WriteString("server_names_hash_max_size 4096;\n")
	for i := range patterns {
		var pattern strings.Builder
		pattern.WriteString(one("", "^/", "^"))
		for j := range random.IntN(4) + 1 {
			if random.IntN(4) == 0 { // what no quantifier may follow
				pattern.WriteString(one(`\b`, "(?=a)", "(?!b)", "(?#x)", "a++", "a+?", "a{2}", "a{,2}", "(b|)*", fmt.Sprintf("(?P<n%d>a)", j), fmt.Sprintf("(?<m%d>a)", j)))
				continue
			}
			pattern.WriteString(one("a", "b", `\.`, "[a-c]", "[^/]", ".", `\d`, `\w`, "(a|b)", "(?:a|php)", "[[:alpha:]]", "(?i:A)", `\/`, "(?>a)",
				`\Qa.\E`, `\x61`, `\v`, `\h`, `[\w-]`, `[]a]`, `\141`, "(a)", "/", "(?s:.)", `\N`, "[^a]", `(|a)`, `\S`, "()") + one("", "", "", "?", "*"))
		}
		pattern.WriteString(one("", "", "$", `\z`, "(/|$)", `(?:$|/)`))
		fmt.Fprintf(&text, "server { listen unix:s.sock; server_name s%d.test; location %s \"%s\" { add_header X-Id yes; return 204; } location / { add_header X-Id no; return 204; } }\n",
			i, one("~", "~*"), strings.NewReplacer(`\`, `\\`).Replace(pattern.String()))
	}
	conf := nginxtest.Conf(text.String())
	n := nginxtest.Start(t, conf)
	c := load4test(t, false, map[string]string{"nginx.conf": conf})
	understood, compared, made := 0, 0, 0
	i := -1
	for b := range c.Blocks(catalog.Server) {
		i++
		location := b.Children[0]
		modifier, pattern := location.Location()
		examples := NewWork(1 << 20).Examples(location)
		made += len(examples)
		for j, uri := range append(examples, "/a", "/A.php", "/x/b.a/php", "/ab"+string(rune('a'+random.IntN(3)))) {
			matched, known := NewWork(1<<20).Match(c, pattern, modifier == "~*", uri)
			if !known {
				break
			}
			if compared++; j == 0 {
				understood++
			}
			said := answerOf(t, n, fmt.Sprintf("s%d.test", i), strings.ReplaceAll(uri, "%", "%25"))
			if matched != strings.HasPrefix(said, "yes") || j < len(examples) && !matched {
				t.Errorf("%s %q on %q: %v, PCRE says %s", modifier, pattern, uri, matched, said)
			}
		}
	}
	t.Logf("%d of %d patterns understood, %d examples, %d matches compared", understood, patterns, made, compared)
	if understood < patterns/3 || made < understood {
		t.Error("too few are understood")
	}
}
