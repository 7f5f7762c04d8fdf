package rules

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var phpSizeValue = analyzer.Rule{
	ID:         "php-size-value",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe, diag.Manual},
	OnScope:    sizeValues,
	Doc: analyzer.Doc{
		Summary: "a size that PHP reads as bytes, whatever its unit says",
		What: "A size setting of PHP (`post_max_size`, `upload_max_filesize`, `memory_limit`, `realpath_cache_size`, `opcache.jit_buffer_size`) has a unit that does not end in K, M or G. " +
			"PHP looks at the last letter only and knows no other: `64MB` is 64 bytes. php.ini and the files of its scan directory count, pools (`php_value`, `php_admin_value`), `fastcgi_param PHP_VALUE` and .user.ini.",
		Why: "With `post_max_size = 64MB` every form longer than 64 bytes arrives empty; PHP's log has `POST Content-Length of 1000 bytes exceeds the limit of 64 bytes`. With `upload_max_filesize = 64MB` every upload fails, and `memory_limit = 512MB` has no effect at all. " +
			"Since 8.2 PHP warns when it starts: `Invalid quantity \"64MB\": unknown multiplier \"B\", interpreting as \"64\" for backwards compatibility`.",
		Gaps:      "Silent for a plain number of bytes, also with a unit that says so (`64B`), where the value depends on the environment, and for a php.ini of which it is not certain that PHP-FPM reads it.",
		Remedy:    "Write K, M or G.",
		FixSafety: "Safe for KB, MB and GB (and KiB, MiB, GiB): a few bytes are of no use to anybody. What other units stand for is yours to say.",
		Refs:      []string{"https://www.php.net/manual/en/faq.using.php#faq.using.shorthandbytes"},
		Since:     "0.1.0",
	},
}

// phpSizes are the settings that PHP reads so.
var phpSizes = []string{"post_max_size", "upload_max_filesize", "memory_limit", "realpath_cache_size", "opcache.jit_buffer_size"}

func sizeValues(p *analyzer.Pass, s *stack.Scope) {
	read := map[*syntax.INI]bool{nil: true}
	once := func(f *syntax.INI) {
		if !read[f] {
			read[f] = true
			sizesIn(p, f)
		}
	}
	for _, m := range s.Masters {
		if m.PHP != nil {
			for _, f := range m.PHP.Files {
				once(f)
			}
		}
		for _, pool := range m.Pools {
			for _, array := range [...]string{"php_value", "php_admin_value"} {
				for v := range pool.Items(array) {
					sizeValue(p, nginx.Ref{}, v.Offset, fpm.Setting{Text: v.Text, Known: v.Known, Span: v.Span})
				}
			}
		}
	}
	seen := map[*stack.Settings]bool{}
	for _, t := range s.Targets {
		once(t.UserINI)
		sent := t.Sent()
		if seen[sent] {
			continue
		}
		seen[sent] = true
		for _, name := range phpSizes {
			for _, v := range sent.Of[name] {
				sizeValue(p, v.Param, v.Name, v.Setting)
			}
		}
	}
}

func sizesIn(p *analyzer.Pass, f *syntax.INI) {
	for _, e := range f.Lines {
		if e.Kind == syntax.Key && !e.Null {
			sizeValue(p, nginx.Ref{}, e.Name, fpm.Setting{Text: e.Value, Known: e.Known, Span: e.ValueSpan()})
		}
	}
}

// sizeForm is a number with a unit that is not K, M or G alone.
var sizeForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([1-9][0-9]*)[ \t]*([A-Za-z]*[ABCDEFHIJLNOPQRSTUVWXYZabcdefhijlnopqrstuvwxyz])$`)
})

func sizeValue(p *analyzer.Pass, at nginx.Ref, name string, v fpm.Setting) {
	if !v.Known || !slices.Contains(phpSizes, name) {
		return
	}
	m := sizeForm().FindStringSubmatch(v.Text)
	if m == nil {
		return
	}
	number, unit := m[1], strings.ToLower(m[2])
	if unit == "b" || unit == "byte" || unit == "bytes" {
		return
	}
	fix := diag.Fix{Title: "write K, M or G", Safety: diag.Manual}
	remedy := "write K, M or G"
	if (unit[1:] == "b" || unit[1:] == "ib") && strings.IndexByte("kmg", unit[0]) >= 0 {
		to := number + strings.ToUpper(unit[:1])
		remedy = "write " + to
		if strings.Trim(v.Span.Text(), `"'`) == v.Text {
			fix = diag.Fix{Title: "write " + to, Safety: diag.Safe, Edits: []diag.Edit{{Span: v.Span, NewText: to}}}
		}
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "PHP reads this size as another than is written",
		Subject:  label(v.Span, "PHP reads %s as %s bytes", name, number),
		Notes:    []string{"PHP looks at the last letter only, and knows K, M and G"},
		Remedy:   remedy,
		Fixes:    []diag.Fix{fix},
	}
	if name == "memory_limit" {
		f.Notes = append(f.Notes, "PHP refuses a limit that it has passed already: memory_limit stays what it was")
	}
	p.Report(at, v.Span, f)
}
