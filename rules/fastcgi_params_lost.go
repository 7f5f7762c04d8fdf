package rules

import (
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var fastcgiParamsLost = analyzer.Rule{
	ID:         "fastcgi-params-lost",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	OnHop:      paramsLost,
	Doc: analyzer.Doc{
		Summary: "PHP-FPM is not sent what it needs to run a script",
		What: "A location passes requests to PHP-FPM, and of the `fastcgi_param` in force there none is REQUEST_METHOD, or none is SCRIPT_FILENAME or PATH_TRANSLATED. " +
			"Most often the location has a `fastcgi_param` of its own: with it, it inherits none of those further out. It is a warning where a stock file is not part of what was read (`include fastcgi_params;`): yours may set more.",
		Why: "Without REQUEST_METHOD PHP-FPM answers every request with 200 and an empty page, and logs nothing. " +
			"Without a script it is 404 with the body `File not found.`; error.log has `FastCGI sent in stderr: \"Primary script unknown\"`. The same goes for the pool's status and ping pages.",
		Gaps:   "Silent where an include was not read, or a file stands alone whose outer blocks may set parameters, and where neither a pool that was read nor the names in the location say that it is PHP-FPM which answers.",
		Remedy: "Repeat the outer parameters in the location, or `include fastcgi_params;` and set SCRIPT_FILENAME.",
		FixSafety: "Safe: no request to the location runs a script today. What the location lost is repeated before its own parameters, which go on to win; what nobody sets is what nginx's own `fastcgi_params` sets (by an include where the file is there), and the script below the root. " +
			"Unsafe in a file that is included elsewhere, too.",
		Refs:  []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_param"},
		Since: "0.1.0",
	},
}

func paramsLost(p *analyzer.Pass, h *stack.Hop) {
	params := h.Target.Block.FastCGIParams()
	method := params.Lacks("REQUEST_METHOD")
	script := params.Lacks("SCRIPT_FILENAME") && params.Lacks("PATH_TRANSLATED")
	if !method && !script || !firstPHP(h) {
		return
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "PHP-FPM is not sent what it needs to run a script",
		Remedy:   "set SCRIPT_FILENAME",
	}
	what := "SCRIPT_FILENAME"
	if method {
		what = "REQUEST_METHOD"
		f.Notes = []string{"every request here ends as 200 with an empty page; nothing is logged"}
		f.Remedy = "include fastcgi_params, and set SCRIPT_FILENAME"
	} else {
		f.Notes = []string{"every request here ends as 404, File not found.; error.log: FastCGI sent in stderr: \"Primary script unknown\""}
	}
	if slices.ContainsFunc(params.All, nginx.Param.StandIn) {
		f.Severity = diag.Warning
		f.Notes = append(f.Notes, "unless a stock file that was not read, and differs from that of the usual packages, sets it")
	}
	at := h.Target.Pass
	dropped := droppedBy(params)
	switch {
	case params.In == nil:
		f.Subject = label(at.Head(), "no fastcgi_param is in force here")
	case len(dropped.All) > 0:
		at = nginx.Ref{Place: params.In.Place, ID: ownDirective(params.In, params.All[0].Ref)}
		f.Subject = label(at.Head(), "no %s is sent: with a fastcgi_param of its own, %s inherits none", what, blockName(params.In))
		lost := dropped.In.Place.Tree.HeadSpan(ownDirective(dropped.In, dropped.All[0].Ref))
		f.Related = append(f.Related, label(lost, "not in force there, nor any other of %s", blockName(dropped.In)))
		f.Remedy = "repeat the outer parameters before those of " + blockName(params.In)
	case params.In == h.Target.Block.Enclosing(catalog.Location):
		f.Subject = label(at.Head(), "no %s is sent", what)
	default:
		at = nginx.Ref{Place: params.In.Place, ID: ownDirective(params.In, params.All[0].Ref)}
		f.Subject = label(at.Head(), "no %s among the parameters", what)
	}
	if at != h.Target.Pass {
		f.Related = append(f.Related, label(h.Target.Pass.Head(), "passed to PHP-FPM here"))
	}
	f.Fixes = []diag.Fix{completeParams(p.Work, h.Target, params, dropped)}
	var cause any
	if params.In == nil || params.In == h.Target.Block.Enclosing(catalog.Location) {
		cause = h.Target.Pass // elsewhere the fix does not reach what else is wrong in the location
	}
	p.Report(at, cause, f)
}
