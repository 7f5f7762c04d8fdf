package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var phpValueLeaks = analyzer.Rule{
	ID:         "php-value-leaks",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Manual},
	OnScope:    valueLeaks,
	Doc: analyzer.Doc{
		Summary: "a PHP setting that nginx sends in some locations stays in force in others",
		What:    "`fastcgi_param PHP_VALUE` or `PHP_ADMIN_VALUE` sets a PHP setting in one location, and another location that reaches the same pool does not set it.",
		Why: "PHP-FPM changes the setting in the child that serves the request, and never back: whatever the child serves later has it, too. " +
			"A raised limit meant for an upload page then holds for every page, now and then, and so does another site's open_basedir or auto_prepend_file. Nothing is logged.",
		Gaps:      "Silent for pools with `pm.max_requests = 1`, where the parameter holds a variable that could name settings, where an include that was not read may set it, and for status and ping pages.",
		Remedy:    "Set it in the pool (a pool of its own for such locations), or send it in every location that reaches the pool.",
		FixSafety: "Which value the other locations should have is yours to say.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#install.fpm.configuration.php-values"},
		Since:     "0.1.0",
	},
}

func valueLeaks(p *analyzer.Pass, s *stack.Scope) {
	hops := hopsOf(s)
	for _, m := range s.Masters {
		for _, pool := range m.Pools {
			if once := pool.Get("pm.max_requests"); once.Known && once.Text != "1" {
				leaksIn(p, pool, hops[pool])
			}
		}
	}
}

// senders are the targets that send the same PHP settings to a pool.
type senders struct {
	*stack.Settings
	targets []*stack.Target
}

func leaksIn(p *analyzer.Pass, pool *fpm.Pool, hops []*stack.Hop) {
	var all []*senders
	by := map[*stack.Settings]*senders{}
	seen := map[*stack.Target]bool{}
	setters := map[string]int{}
	for _, h := range hops {
		sent := h.Target.Sent()
		if !sent.Known || seen[h.Target] || monitors(h.Target, pool) {
			continue
		}
		seen[h.Target] = true
		if by[sent] == nil {
			by[sent] = &senders{Settings: sent}
			all = append(all, by[sent])
		}
		by[sent].targets = append(by[sent].targets, h.Target)
	}
	for _, s := range all {
		for name := range s.Of {
			setters[name] += len(s.targets)
		}
	}
	without := map[string][]diag.Label{}
	for name, n := range setters {
		if n < len(seen) {
			without[name] = lacking(all, name)
		}
	}
	for _, from := range all {
		leaking := map[nginx.Ref][]string{}
		for name, sent := range from.Of {
			if without[name] != nil {
				param := sent[len(sent)-1].Param
				leaking[param] = append(leaking[param], name)
			}
		}
		for param, names := range leaking {
			slices.Sort(names)
			list := strings.Join(names, ", ")
			p.Report(param, nil, diag.Finding{
				Severity: diag.Warning,
				Summary:  "a PHP setting stays in force in other locations",
				Subject:  label(param.Head(), "a child of pool %s keeps %s for all it serves later", pool.Name, list),
				Related:  without[names[0]],
				Notes:    []string{fmt.Sprintf("php-fpm does not take %s back after the request; nothing is logged", list)},
				Remedy:   "set it in a pool of its own, or in every location that reaches pool " + pool.Name,
				Fixes:    []diag.Fix{{Title: "set it in the pool, or in every location that reaches it", Safety: diag.Manual}},
			})
		}
	}
}

// lacking are labels for the first locations that do not send a setting.
func lacking(all []*senders, name string) []diag.Label {
	const most = 3
	var labels []diag.Label
	for _, s := range all {
		if s.Of[name] != nil {
			continue
		}
		for _, t := range s.targets {
			if labels = append(labels, label(t.Pass.Head(), "goes to the same pool without it")); len(labels) == most {
				return labels
			}
		}
	}
	return labels
}
