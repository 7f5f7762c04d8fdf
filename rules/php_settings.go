package rules

import (
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// A phpNumber is the value in force of a PHP setting that somebody wrote, for the requests of a hop.
type phpNumber struct {
	fpm.Setting
	name string
	// n is the value: bytes, seconds.
	n int64
	// over are the values that it replaces, the strongest first.
	over []fpm.Setting
}

// phpSize is a size in force, such as post_max_size. ok is false where it is not known or nobody wrote it.
func phpSize(h *stack.Hop, name string) (v phpNumber, ok bool) {
	settings, known := h.PHP(name)
	if !known || len(settings) == 0 || nginx.Opaque(settings[0].Text) {
		return v, false
	}
	v = phpNumber{Setting: settings[0], name: name, over: settings[1:]}
	v.n, ok = fpm.ParseSize(v.Text)
	return v, ok
}

// phpSeconds is a number of seconds in force, likewise.
func phpSeconds(h *stack.Hop, name string) (v phpNumber, ok bool) {
	v, ok = phpSize(h, name)
	return v, ok && strings.Trim(v.Text, "0123456789") == ""
}

// label says at the place of the value what it means.
func (v phpNumber) label(format string, args ...any) diag.Label {
	l := label(v.Span, format, args...)
	if len(v.over) > 0 && v.over[0].Text != v.Text {
		l.Text += "; replaces " + v.over[0].Text + " in " + place(v.over[0].Key)
	}
	return l
}
