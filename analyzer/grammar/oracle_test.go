package grammar

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx/nginxtest"
)

// spellings are values to try, by the type of the directive.
var spellings = map[catalog.Type][]string{
	catalog.TypeFlag:     {"on", "off", "On", "OFF", "yes", "no", "true", "1", "0", `""`, "o", "onn", `"on "`, "$on", "none"},
	catalog.TypeNum:      numbers,
	catalog.TypeSize:     sizes,
	catalog.TypeOff:      sizes,
	catalog.TypeSizeVars: append([]string{"$x", "1$x", "${x}k"}, sizes...),
	catalog.TypeMsec:     times,
	catalog.TypeSec:      times,
	catalog.TypeBufs:     {"8 4k", "0 4k", "8 0", "-1 4k", "8 4", "8 4kb", "8 1g", "8 1m", "a b", "4k 8", "1 16k", `"" 4k`, `4 ""`, "8k 4k", "99999999999999999999 4k", "2 99999999999999999999"},
}

var (
	numbers = []string{
		"0", "1", "2", "5", "9", "10", "63", "64", "100", "127", "255", "256", "1000", "65535", "65536", "2147483647", "2147483648",
		"9223372036854775807", "9223372036854775808", "99999999999999999999", "-1", "+1", "1.5", "1k", "1m", "0x10", `""`, `" 1"`, `"1 "`, "a", "1a", "007",
		"on", "$x", "1_000", "1,000", "١", "300", "599", "600",
	}
	sizes = []string{
		"0", "1", "512", "1024", "4096", "1k", "1K", "1m", "1M", "1g", "1G", "64MB", "64mb", "1kb", "8b", "1.5m", "-1", "+1", `""`, `"8 m"`, `" 8"`, `"8 "`,
		"k", "m", "1t", "1kk", "9223372036854775807", "9223372036854775808", "9007199254740991k", "9007199254740992k", "8796093022207m", "8796093022208m",
		"8589934591g", "8589934592g", "16k", "32k", "64k", "100", "on", "off", "0k", "0x10",
	}
	times = []string{
		"0", "1", "60", "60s", "1m", "1h", "1d", "1w", "1M", "1y", "500ms", "1m30s", `"1m 30s"`, `"1h 30m"`, "30m1h", "1.5m", "60S", "60sec", "-1", `""`,
		`" 1"`, `"1 "`, `"1 2"`, `"2 1s"`, `"1 s"`, "s", "ms", "1ms5", "1s5", "1ss", "1y1M1w1d1h1m1s", "1w1d1h1m1s1ms", "2147483647", "2147483648", "9223372036854775",
		"9223372036854776", "9223372036854775807", "99999999999999999999", "106751991167d", "on", "off", "$x", "1h1ms", "00", "1mm",
	}
)

// sample takes one question in so many, unless NGINX_LINT_ORACLE=full.
const sample = 25

// TestValues asks nginx -t about values of each type for each directive of that
// type: it gives the same message, or accepts, or fails for a reason that is none
// of the value's.
func TestValues(t *testing.T) {
	t.Parallel()
	version := nginxtest.Version(t)
	type question struct {
		d     *catalog.Directive
		in    catalog.Context
		value string
	}
	var questions []question
	for d := range catalog.All() {
		in, ok := contextOf(d)
		if d.Section != catalog.Core || !d.ExistsIn(version) || !ok {
			continue
		}
		values := spellings[d.Type]
		if d.Type == catalog.TypeEnum || d.Type == catalog.TypeBitmask {
			values = wordSpellings(d)
		}
		for _, value := range values {
			h := fnv.New32a()
			fmt.Fprint(h, d.Name, int(in), value)
			if h.Sum32()%sample == 0 || os.Getenv("NGINX_LINT_ORACLE") == "full" {
				questions = append(questions, question{d, in, value})
			}
		}
	}
	counts := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan question)
	for range 2 * runtime.GOMAXPROCS(0) {
		dir := t.TempDir()
		wg.Go(func() {
			for q := range next {
				text := fmt.Sprintf(blocks[q.in], q.d.Name+" "+q.value+";")
				conf := filepath.Join(dir, "nginx.conf")
				if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
					t.Error(err)
				}
				message, _ := nginxtest.Test(t, conf)
				fault := Check(q.d, arguments(q.value), version)
				answer := "accepted"
				switch {
				case strings.Contains(message, "unknown directive"), strings.Contains(message, "is not allowed here"):
					answer = "not in this build"
				case fault != nil:
					answer = "refused"
					if fault.Message != message {
						t.Errorf("%s %s in %s: nginx says %q, we %q", q.d.Name, q.value, q.in, message, fault.Message)
					}
				case q.d.Type == catalog.TypeSizeVars && strings.Contains(q.value, "$"):
					answer = "a variable where only newer versions take one"
				case message != "":
					answer = "refused for another reason"
					if strings.Contains(message, "invalid value") || strings.Contains(message, "invalid number") || strings.HasPrefix(message, "value must be") {
						t.Errorf("%s %s in %s: nginx says %q, we accept it", q.d.Name, q.value, q.in, message)
					}
				}
				mu.Lock()
				counts[answer]++
				mu.Unlock()
			}
		})
	}
	for _, q := range questions {
		next <- q
	}
	close(next)
	wg.Wait()
	t.Logf("%d questions, answers %v", len(questions), counts)
	if counts["refused"] < 100 || counts["accepted"] < 100 {
		t.Errorf("the sample is too thin: %v", counts)
	}
}

func wordSpellings(d *catalog.Directive) []string {
	values := []string{"nosuchword", `""`, "on", "off", "0", "$x"}
	for _, w := range d.Words {
		values = append(values, w, strings.ToUpper(w), w+"x")
	}
	if d.Type == catalog.TypeBitmask && len(d.Words) > 1 {
		values = append(values, d.Words[0]+" "+d.Words[1], d.Words[0]+" nosuchword")
	}
	return values
}

// arguments are the words of a value as nginx receives them.
func arguments(value string) []string {
	if strings.HasPrefix(value, `"`) && strings.Count(value, `"`) == 2 && strings.HasSuffix(value, `"`) {
		return []string{strings.Trim(value, `"`)}
	}
	words := strings.Fields(value)
	for i := range words {
		words[i] = strings.Trim(words[i], `"`)
	}
	return words
}

var blocks = map[catalog.Context]string{
	catalog.Main:     "%s events {}",
	catalog.Events:   "events { %s }",
	catalog.HTTP:     "events {} http { %s }",
	catalog.Server:   "events {} http { server { %s } }",
	catalog.Location: "events {} http { server { location / { %s } } }",
	catalog.Upstream: "events {} http { upstream u { server 127.0.0.1; %s } }",
}

// contextOf is a context of the directive that every build has.
func contextOf(d *catalog.Directive) (catalog.Context, bool) {
	for _, c := range []catalog.Context{catalog.Location, catalog.Server, catalog.HTTP, catalog.Upstream, catalog.Events, catalog.Main} {
		if d.Contexts&c != 0 {
			return c, true
		}
	}
	return 0, false
}
