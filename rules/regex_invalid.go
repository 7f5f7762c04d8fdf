package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/grammar"
	"nginx-lint/analyzer/source"
)

var regexInvalid = analyzer.Rule{
	ID:          "regex-invalid",
	Severities:  []diag.Severity{diag.Error},
	Refused:     diag.Nginx,
	YieldsTo:    []string{"missing-semicolon"},
	OnDirective: regexes,
	NoProof:     judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "a regular expression that PCRE does not take",
		What: "A regular expression with a parenthesis or bracket too many or too few, a quantifier with nothing to repeat, a range or bounds in the wrong order, a backslash at its end, a group whose name is missing, wrong or there twice, or a reference to a group that is not there. " +
			"Looked at are all places that take one: `location`, `server_name`, `rewrite`, `if`, `map`, `valid_referers`, `proxy_redirect`, `proxy_cookie_*`, `gzip_disable` and `fastcgi_split_path_info`.",
		Why:    "nginx does not start: `[emerg] pcre2_compile() failed: missing closing parenthesis in \"X\"`.",
		Gaps:   "Only what both PCRE and PCRE2 refuse is reported: nginx is built with either, before 1.21.5 with PCRE. Silent about properties, verbs, conditions, lookbehinds and what follows the option `x`, and for expressions that a program fills in.",
		Remedy: "Correct the expression; a character that stands for itself needs a backslash before it, and an expression with braces or a semicolon needs quotes around it.",
		Refs:   []string{"https://www.pcre.org/current/doc/html/pcre2pattern.html", "https://nginx.org/en/docs/http/ngx_http_core_module.html#location"},
		Since:  "0.2.0",
	},
}

func regexes(p *analyzer.Pass, x *analyzer.Directive) {
	if fault := x.Fault(); fault != nil && fault.Regex {
		p.Report(x.Ref, x.Ref, invalidRegex(fault, x.ArgSpan(fault.Arg)))
	}
	for r, fault := range rowFaults(x) {
		if fault.Regex {
			p.Report(r, r, invalidRegex(&fault, rowSpan(r, fault.Arg)))
		}
	}
}

func invalidRegex(fault *grammar.Fault, span source.Span) diag.Finding {
	return diag.Finding{
		Severity: diag.Error,
		Summary:  "a regular expression that PCRE does not take",
		Subject:  diag.Label{Span: span, Text: fault.Hint},
		Notes:    []string{"nginx says: " + fault.Message},
		Remedy:   "correct the expression",
	}
}
