package rules

import (
	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
)

var syntaxRule = analyzer.Rule{
	ID:            analyzer.RuleSyntax,
	Severities:    []diag.Severity{diag.Error},
	Safeties:      []diag.Safety{diag.Safe},
	RefusedPartly: []diag.Program{diag.Nginx, diag.PHPFPM},
	YieldsTo:      []string{"fpm-comment-hash"},
	Always:        true,
	Driver:        true,
	Doc: analyzer.Doc{
		Summary: "a file that the server's own reader refuses",
		What: "The words, quotes, braces and semicolons of nginx files are read byte for byte as nginx's tokenizer reads them, and those of PHP-FPM files line by line as php-fpm does. " +
			"What they refuse is reported at the place of the mistake (the quote that was never closed, the block that was never ended), with the server's own message and, where it differs, the place where the server notices. A brace that is missing behind `server` or `location`, or that a regular expression without quotes has, is told as that, and what follows from it is not. The rest of the file is still read.",
		Why:       "The server does not start: nginx prints `[emerg] unexpected \"}\" in FILE:LINE` or alike, php-fpm `failed to load configuration file`. On a reload nginx keeps the old configuration, and php-fpm ends.",
		Gaps:      "Only the first error of a file is certain to be the server's own: it stops there, the others were found by reading on. Directive names, contexts and values are not this rule's. Files that a template engine fills in are not judged.",
		Remedy:    "Mend the place that the finding points at.",
		FixSafety: "Safe where there is one way only: a missing `;` before a closing brace, a missing `{` behind the head of a block that is alone on its line, a closing brace too many that stands alone on its line. The file is refused as it is, so nothing that works can change.",
		Refs:      []string{"https://nginx.org/en/docs/beginners_guide.html#conf_structure", "https://www.php.net/manual/en/install.fpm.configuration.php"},
		Since:     "0.1.0",
	},
}
