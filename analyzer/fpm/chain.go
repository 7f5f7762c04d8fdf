package fpm

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// A Layer is one of the places that a PHP setting may be written in. Where none
// is said to be stronger below, a higher one goes before a lower one (measured on
// PHP 8.2).
type Layer uint8

// The layers.
const (
	// INILayer is php.ini.
	INILayer Layer = iota + 1
	// ScanLayer is a file of the scan directory (conf.d): the last one in byte order wins.
	ScanLayer
	// ValueLayer is php_value or php_flag of the pool: the first one written wins.
	ValueLayer
	// AdminLayer is php_admin_value or php_admin_flag, likewise; .user.ini does not go before it.
	AdminLayer
	// ParamLayer is a line of fastcgi_param PHP_VALUE: it goes even before AdminLayer.
	ParamLayer
	// AdminParamLayer is a line of PHP_ADMIN_VALUE; .user.ini does not go before it.
	AdminParamLayer
	// UserLayer is a .user.ini.
	UserLayer
)

// A Setting is a PHP setting as it is written in one place.
type Setting struct {
	Layer Layer
	// Text is the value as PHP receives it ("1" or "" for a boolean word).
	Text string
	// Known reports whether Text is certain.
	Known bool
	// Key and Span are the places of the key and of its value.
	Key, Span source.Span
}

// PHP lists what is written about a PHP setting where a child of the pool reads
// it when it starts, the one in force first: those behind it are overridden. known
// is false where something that was not read may say otherwise. A setting that
// nobody writes has PHP's own default, which depends on its build and version.
func (p *Pool) PHP(name string) (settings []Setting, known bool) {
	if p.index == nil {
		return p.php(name)
	}
	type answer struct {
		settings []Setting
		known    bool
	}
	if a, again := p.settings.Load(name); again {
		a := a.(answer) //nolint:forcetypeassert // nothing else is stored
		return a.settings, a.known
	}
	settings, known = p.php(name)
	p.settings.Store(name, answer{settings, known})
	return settings, known
}

// MaxSettings is how many of a setting are listed.
const MaxSettings = 100

func (p *Pool) php(name string) (settings []Setting, known bool) {
	admin, values, known := p.own(name)
	ini, iniKnown := p.Master.PHP.ini(name)
	settings = slices.Concat(admin, values, ini)
	settings = slices.Clip(settings[:min(len(settings), MaxSettings)])
	if len(admin) == 0 && len(values) == 0 {
		known = known && iniKnown
	}
	return settings, known && (len(settings) == 0 || settings[0].Known)
}

// own lists what the pool itself says about a PHP setting.
func (p *Pool) own(name string) (admin, values []Setting, known bool) {
	known = len(p.Master.Missing) == 0
	for _, e := range p.entries {
		if e.Kind != syntax.Item || !strings.HasPrefix(e.Name, "php_") {
			continue
		}
		if strings.ContainsAny(e.NameSpan().Text(), "$") {
			known = false // the name of the setting depends on the environment
		}
		if e.Offset != name {
			continue
		}
		v := p.value(e)
		s := Setting{Layer: ValueLayer, Text: v.Text, Known: v.Known, Key: v.Key, Span: v.Span}
		switch e.Name {
		case "php_value", "php_flag":
			values = append(values, s)
		case "php_admin_value", "php_admin_flag":
			s.Layer = AdminLayer
			admin = append(admin, s)
		}
	}
	return admin, values, known
}

func reversed(s []Setting) []Setting {
	slices.Reverse(s)
	return s
}

// ParseSize reads a size as PHP does: the leading whole number times what the
// last letter says, K, M or G in any case. `64MB` is 64 bytes, `1.5G` 1 GiB. ok is
// false for what PHP's versions read differently (octal, blanks at the end) and
// for what is no number.
func ParseSize(s string) (bytes int64, ok bool) {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	digits := strings.TrimPrefix(s, "-")
	end := 0
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
		end++
	}
	if end == 0 || digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	n, err := strconv.ParseInt(s[:len(s)-len(digits)+end], 10, 64)
	if err != nil {
		return 0, false
	}
	if end == len(digits) {
		return n, true
	}
	unit := int64(1)
	switch last := s[len(s)-1]; last | 0x20 {
	case 'k':
		unit = 1 << 10
	case 'm':
		unit = 1 << 20
	case 'g':
		unit = 1 << 30
	default:
		if last|0x20 < 'a' || last|0x20 > 'z' {
			return 0, false
		}
	}
	if n > math.MaxInt64/unit || n < math.MinInt64/unit {
		return 0, false
	}
	return n * unit, true
}
