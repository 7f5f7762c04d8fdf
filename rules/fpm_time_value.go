package rules

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fpmTimeValue = analyzer.Rule{
	ID:         "fpm-time-value",
	Severities: []diag.Severity{diag.Error, diag.Info},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnScope:    timeValues,
	Doc: analyzer.Doc{
		Summary: "a time that PHP-FPM reads as another than people do",
		What: "A time (`request_terminate_timeout`, `request_slowlog_timeout`, `pm.process_idle_timeout`, and those of `[global]`) is not a whole number with at most one unit, s, m, h or d. " +
			"php-fpm takes the digits in front for the number and the last letter for the unit, and nothing else: `1m30s` is 1 second, `30ms` is 30 seconds, `1.5m` is 60. " +
			"For information only where the value means what it says, as `30 s` does.",
		Why:       "`php-fpm -t` accepts it. With `request_terminate_timeout = 1m30s` a request of 4 seconds was killed after 1.24: the client gets 502, error.log has `recv() failed (104: Connection reset by peer) while reading response header from upstream`, PHP-FPM's log `execution timed out, terminating`.",
		Gaps:      "Values that php-fpm itself refuses (`30sec`, `30S`, an empty one) are not this rule's.",
		Remedy:    "Write one number, in the unit that fits: 90s for a minute and a half.",
		FixSafety: "Safe for a sum of units: it becomes the number of seconds that is written; and for a value that only loses its blanks. Otherwise it is not certain what was meant.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#request-terminate-timeout"},
		Since:     "0.1.0",
	},
}

func timeValues(p *analyzer.Pass, s *stack.Scope) {
	for _, m := range s.Masters {
		for _, key := range catalog.FPMKeys() {
			switch {
			case key.Type != "time":
			case key.Section == catalog.FPMGlobal:
				timeValue(p, key.Name, m.Global.Get(key.Name))
			default:
				for _, pool := range m.Pools {
					timeValue(p, key.Name, pool.Get(key.Name))
				}
			}
		}
	}
}

func timeValue(p *analyzer.Pass, key string, v fpm.Value) {
	n, ok := fpm.ParseTime(v.Text)
	if !v.Set || !v.Known || !ok || fpm.TimeExact(v.Text) {
		return
	}
	read := seconds(time.Duration(n) * time.Second)
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "php-fpm reads this time as another than is written",
		Subject:  label(v.Span, "php-fpm reads this as %s", read),
		Notes:    []string{"php-fpm takes the digits in front for the number and the last letter for the unit"},
		Remedy:   "write one whole number with one unit: s, m, h or d",
	}
	var cause any = v.Span
	to, sum := sumOfUnits(v.Text)
	plain := skipped.Replace(v.Text)
	switch same, _ := fpm.ParseTime(plain); {
	case fpm.TimeExact(plain) && same == n:
		f.Severity, cause = diag.Info, nil
		f.Summary = "a time with characters that php-fpm skips"
		sum, to = true, plain
	case sum:
		f.Notes = append(f.Notes, fmt.Sprintf("%s = %s looks like %s", key, v.Text, to))
	}
	if sum {
		f.Fixes = []diag.Fix{{Title: "write " + to, Safety: diag.Safe, Edits: []diag.Edit{{Span: v.Span, NewText: to}}}}
	} else {
		f.Fixes = []diag.Fix{{Title: "write the time that was meant in one unit", Safety: diag.Manual}}
	}
	p.Report(nginx.Ref{}, cause, f)
}

// skipped drops the characters that php-fpm skips.
var skipped = strings.NewReplacer(" ", "", "\t", "", "+", "")

var (
	unitSum  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:\d+[smhd][ \t]*){2,}$`) })
	unitPart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(\d+)([smhd])`) })
)

// sumOfUnits reads a time such as 1m30s as people do, and writes it in seconds.
func sumOfUnits(s string) (text string, ok bool) {
	if !unitSum().MatchString(s) {
		return "", false
	}
	var sum int64
	for _, part := range unitPart().FindAllStringSubmatch(s, -1) {
		n, err := strconv.ParseInt(part[1], 10, 32)
		if err != nil {
			return "", false
		}
		sum += n * map[string]int64{"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}[part[2]]
	}
	return strconv.FormatInt(sum, 10) + "s", sum <= math.MaxInt32
}
