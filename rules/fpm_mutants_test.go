package rules_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// mutatedPools are whole main files that php-fpm accepts.
var mutatedPools = []string{`[global]
error_log = fpm.log
log_level = notice
log_limit = 4096
process.max = 40
process.priority = -5
process_control_timeout = 10s
emergency_restart_interval = 1m
daemonize = no
rlimit_core = unlimited
events.mechanism = epoll

; the shop
[shop]
user = www-data
group = www-data
listen = shop.sock
listen.owner = www-data
listen.mode = 0660
listen.backlog = 511
pm = dynamic
pm.max_children = 10
pm.start_servers = 4
pm.min_spare_servers = 2
pm.max_spare_servers = 6
pm.max_requests = 500
pm.status_path = /status
ping.path = /ping
ping.response = pong
access.log = access.log
access.format = "%R - %u %t \"%m %r%Q%q\" %s %f %{milli}d %{kilo}M %C%%"
slowlog = slow.log
request_slowlog_timeout = 5s
request_slowlog_trace_depth = 20
request_terminate_timeout = 30s
catch_workers_output = yes
clear_env = no
security.limit_extensions = .php
env[PATH] = /usr/bin:/bin
php_flag[display_errors] = off
php_admin_value[memory_limit] = 128M
php_admin_flag[log_errors] = on
`, `log_level = warning
[api]
user = www-data
listen = 127.0.0.1:9001
listen.allowed_clients = 127.0.0.1
pm = static
pm.max_children = 5
process.priority = 3
pm.status_path = /s
pm.status_listen = 127.0.0.1:9002
access.suppress_path[] = /ping
[jobs]
user = "www-data"
listen = '/tmp/jobs.sock'
pm = ondemand
pm.max_children = 3
pm.process_idle_timeout = 10s
request_slowlog_timeout = 0
rlimit_files = 1024
[global]
error_log = "fpm.log"
[API]
php_value[date.timezone] = "UTC"
`}

// mutant is a changed main file, with the lines that tell of the change.
type mutant struct {
	what, text string
	lines      []int
}

// values that a key of each kind may be set to by mistake, or at a boundary.
var values = strings.Split(`|0|1|-1|2|3|5|6|7|10|11|20|21|64|511|512|-19|-20|4294967296|2147483648|99999999999999999999|1.5|+5|abc|10k|-|--1|"5 "|yes|No|maybe|"Yes"|"on"|null|unlimited|UNLIMITED|5s|6m|1h|2d|30S|30sec|5w|-5s|1m30s|31s|10 s|static|Dynamic|ondemand|dynamc|select|epoll|kqueue|foo|debug|ERROR|warn|/|/a|/a b|/a?b|a|//|shop.sock|127.0.0.1:9001|9001|"%R %Z"|"%{x}C"|"%{kilo}M"|"%e"|"%{"|"%"|''|""|$pool|/$pool|x/$prefix|a;b|"a`, "|")

// mutants are count changes of a text; each seed gives others.
func mutants(text string, seed uint64, count int) []mutant {
	rng := rand.New(rand.NewPCG(seed, 1))
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var names []string
	for _, key := range catalog.FPMKeys() {
		if key.Array {
			names = append(names, key.Name+"[x]")
		} else if key.Name != "include" && key.Name != "chroot" && key.Name != "chdir" && key.Name != "prefix" {
			names = append(names, key.Name)
		}
	}
	made := make([]mutant, 0, count)
	for len(made) < count {
		i := rng.IntN(len(lines))
		changed := slices.Clone(lines)
		at := []int{i + 1}
		key, value, isKey := strings.Cut(changed[i], " = ")
		var what string
		switch kind := rng.IntN(12); {
		case changed[i] == "" || changed[i][0] == ';':
			continue
		case kind == 0:
			what = "delete"
			changed = slices.Delete(changed, i, i+1)
			at = nil
		case kind == 1:
			what = "double"
			changed = slices.Insert(changed, i, changed[i])
			at = append(at, i+2)
		case kind == 2 && i+1 < len(lines):
			what = "swap"
			changed[i], changed[i+1] = changed[i+1], changed[i]
			at = append(at, i+2)
		case kind == 3:
			what = "move"
			j := rng.IntN(len(lines))
			changed = slices.Insert(slices.Delete(changed, i, i+1), j, lines[i])
			at = []int{j + 1}
		case kind == 4 && isKey:
			what = "misspell key"
			changed[i] = misspell(rng, key) + " = " + value
		case kind == 5 && isKey && value != "":
			what = "misspell value"
			changed[i] = key + " = " + misspell(rng, value)
		case kind == 6:
			what = "section"
			changed = slices.Insert(changed, i, []string{"[global]", "[new]", "[SHOP]", "[api]", "[]", "[shop", "[jobs] # old"}[rng.IntN(7)])
			at = nil
		case kind == 7:
			what = "new key"
			changed = slices.Insert(changed, i+1, names[rng.IntN(len(names))]+" = "+values[rng.IntN(len(values))])
			at = []int{i + 2}
		case kind == 8 && isKey:
			what = "cut"
			changed[i] = []string{key, key + " =", "# " + changed[i], key + "[] = " + value, key + "[x] = " + value, strings.ReplaceAll(changed[i], "=", ":"), "x" + key}[rng.IntN(7)]
		case isKey:
			what = "value"
			changed[i] = key + " = " + values[rng.IntN(len(values))]
		default:
			continue
		}
		if strings.HasPrefix(lines[i], "[") {
			at = nil // its keys are elsewhere now
		}
		made = append(made, mutant{fmt.Sprintf("%s %d (%s)", what, i+1, lines[i]), strings.Join(changed, "\n") + "\n", at})
	}
	return made
}

// misspell deletes, doubles or replaces one byte, or swaps two.
func misspell(rng *rand.Rand, word string) string {
	i := rng.IntN(len(word))
	switch rng.IntN(4) {
	case 0:
		return word[:i] + word[i+1:]
	case 1:
		return word[:i] + word[i:i+1] + word[i:]
	case 2:
		return word[:i] + string("aex_.-9[=\"("[rng.IntN(11)]) + word[i+1:]
	}
	if i == 0 {
		return strings.ToUpper(word)
	}
	return word[:i-1] + word[i:i+1] + word[i-1:i] + word[i+1:]
}

// TestPoolMutants asks php-fpm -t about changed pools: it refuses those with a
// finding that says so, in its words, at the line that was changed. `make oracle` asks about all.
func TestPoolMutants(t *testing.T) {
	t.Parallel()
	o := newFPMRefusal(t)
	count, least := 80, 50
	if os.Getenv("NGINX_LINT_ORACLE") == "full" {
		count, least = 1500, 1000
	}
	var asked, refused, machine atomic.Int64
	apart := map[string]*atomic.Int64{}
	for kind := range mutantsApart {
		apart[kind] = &atomic.Int64{}
	}
	t.Run("mutants", func(t *testing.T) {
		for i, text := range mutatedPools {
			for part := range 4 {
				t.Run(fmt.Sprintf("%d-%d", i, part), func(t *testing.T) {
					t.Parallel()
					for _, m := range mutants(text, uint64(i*100+part), count/4) {
						c := ruleCase{files: source.Mem{"php-fpm.conf": m.text}, opts: analyzer.Options{Paths: []string{"."}, Kind: "php-fpm"}}
						c.opts.FS = c.files
						c.opts.Paths = []string{"php-fpm.conf"}
						ours := refusalsOf(t, c)
						message, ok := o.ask(t, c.files, "php-fpm.conf", ours)
						if !ok {
							machine.Add(1)
							continue
						}
						asked.Add(1)
						if message != "" {
							refused.Add(1)
						}
						why := judge(m, message, ours)
						if why == "" {
							continue
						}
						if kind := knownMutant(m, message); kind != "" {
							apart[kind].Add(1)
							continue
						}
						t.Errorf("%s: %s\n%s", m.what, why, numbered(m))
						for _, f := range ours {
							t.Logf("%s %q", describe(f), f.Notes)
						}
					}
				})
			}
		}
	})
	t.Logf("%d mutants, %d refused; %d about the machine", asked.Load(), refused.Load(), machine.Load())
	for kind, n := range apart {
		t.Logf("apart %d: %s", n.Load(), kind)
	}
	if asked.Load() < int64(2*least) || refused.Load() < int64(least/2) {
		t.Errorf("too few to say anything")
	}
}

// judge says how the findings differ from what php-fpm says.
func judge(m mutant, message string, ours []diag.Finding) string {
	if message == "" {
		if len(ours) > 0 {
			return "php-fpm accepts it"
		}
		return ""
	}
	quoted := slices.DeleteFunc(slices.Clone(ours), func(f diag.Finding) bool { return !quotes(f, message) })
	if len(quoted) == 0 {
		return fmt.Sprintf("php-fpm says %q, and no finding quotes it", message)
	}
	if len(m.lines) == 0 || slices.ContainsFunc(quoted, func(f diag.Finding) bool { return tells(f, m.lines) }) {
		return ""
	}
	return fmt.Sprintf("php-fpm says %q, which is not told at line %v", message, m.lines)
}

// tells reports whether a finding points at one of the lines, or at the head of a
// pool that lacks a key.
func tells(f diag.Finding, lines []int) bool {
	return strings.HasPrefix(f.Subject.Span.Text(), "[") || slices.Contains(lines, f.Subject.Span.Line()) ||
		slices.ContainsFunc(f.Related, func(l diag.Label) bool { return slices.Contains(lines, l.Span.Line()) })
}

func numbered(m mutant) string {
	var b strings.Builder
	for i, line := range strings.Split(m.text, "\n") {
		if slices.Contains(m.lines, i+1) || strings.HasPrefix(line, "[") {
			fmt.Fprintf(&b, "\t%d %s\n", i+1, line)
		}
	}
	return b.String()
}

// mutantsApart are the kinds of changes on which php-fpm and the linter differ, each with its reason.
var mutantsApart = map[string]func(m mutant, message string) bool{
	// The parser gives php-fpm what its memory holds by chance: NULL or an empty value.
	"'' is an empty value, or none": func(m mutant, _ string) bool { return strings.Contains(m.text, "= ''\n") },
}

func knownMutant(m mutant, message string) string {
	for kind, is := range mutantsApart {
		if is(m, message) {
			return kind
		}
	}
	return ""
}
