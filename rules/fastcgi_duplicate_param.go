package rules

import (
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fastcgiDuplicateParam = analyzer.Rule{
	ID:         "fastcgi-duplicate-param",
	Severities: []diag.Severity{diag.Info},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	OnScope:    duplicateParams,
	Doc: analyzer.Doc{
		Summary: "a FastCGI parameter that PHP does not see, because the same one follows",
		What: "A block sets the same `fastcgi_param` twice, also through an include, and passes to PHP-FPM: PHP sees the last one only. Reported is the one that has no effect, where it stands beside the other one, or before an include that sets it, too; " +
			"and one that says the same as an include.",
		Why:       "nginx sends both, and PHP-FPM keeps the last of a name. A SCRIPT_FILENAME before `include fastcgi.conf;` is lost to that file's own: PHP runs another script, or none (404, `Primary script unknown`).",
		Gaps:      "Silent where a parameter after an include sets anew what the include sets: that is how its values are changed. Silent for `if_not_empty` with a variable, after which the first may still count, and where an include was not read.",
		Remedy:    "Keep the one that is meant; after the include, if there is one.",
		FixSafety: "Safe for those that say the same as the one that counts. Which of two values is meant is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_param"},
		Since:     "0.1.0",
	},
}

func duplicateParams(p *analyzer.Pass, s *stack.Scope) {
	seen := map[*nginx.Block]bool{}
	for _, h := range s.Hops {
		if params := h.Target.Block.FastCGIParams(); params.Known && !seen[params.In] && servesPHP(h) {
			seen[params.In] = true
			duplicateParam(p, params)
		}
	}
}

func duplicateParam(p *analyzer.Pass, params nginx.Params) {
	keys := make([]string, len(params.All))
	for i, param := range params.All {
		keys[i] = param.Key()
	}
	if len(eachOnce(keys)) == len(params.All) {
		return
	}
	latest := map[string]int{}
	for i, param := range params.All {
		latest[param.Key()] = i
	}
	for i, param := range params.All {
		if latest[param.Key()] == i {
			continue
		}
		last, _, known := params.Get(param.Key())
		if !known || last == param {
			continue
		}
		same := last.Value() == param.Value() && last.IfNotEmpty() == param.IfNotEmpty()
		switch own := params.In.Place; {
		case param.Place == own, param.Place == last.Place && !param.StandIn():
			hasNoEffect(p, param, last, same)
		case last.Place == own && same && !param.StandIn():
			hasNoEffect(p, last, param, same)
		}
	}
}

// hasNoEffect reports a parameter beside the other one of its name.
func hasNoEffect(p *analyzer.Pass, param, other nginx.Param, same bool) {
	f := diag.Finding{
		Severity: diag.Info,
		Summary:  "a FastCGI parameter is set twice",
		Subject:  label(param.Head(), "has no effect: PHP takes the last %s", param.Key()),
		Remedy:   "keep the one that is meant",
		Fixes:    []diag.Fix{{Title: "remove one of the two", Safety: diag.Manual}},
	}
	if !other.StandIn() {
		f.Related = []diag.Label{label(other.Head(), "what PHP sees")}
	} else {
		f.Notes = []string{"the last one comes from " + strings.TrimPrefix(other.Tree().File.Path, "stock:")}
	}
	if same {
		f.Subject.Text = "says the same as the other one"
		f.Remedy = "remove it"
		if !other.StandIn() {
			f.Related[0].Text = "set here as well"
			f.Fixes = []diag.Fix{{Title: "remove it", Safety: diag.Safe, Edits: []diag.Edit{param.Tree().Delete(param.ID)}}}
		}
	}
	p.Report(param.Ref, nil, f)
}
