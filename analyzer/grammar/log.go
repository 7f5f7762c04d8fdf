package grammar

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
)

func (u use) accessLog() *Fault {
	path := u.arg(0)
	if path == "off" {
		if len(u.args) > 1 {
			return said(1, "nothing behind off", `invalid parameter "%s"`, u.arg(1))
		}
		return nil
	}
	syslog := strings.HasPrefix(path, "syslog:")
	if syslog {
		if f := syslogParameters(strings.TrimPrefix(path, "syslog:")); f != nil {
			return f
		}
	} else if f := script(0, path); f != nil {
		return f
	}
	if u.stream() && len(u.args) < 2 {
		return said(-1, "a path, then the name of a log_format", "log format is not specified")
	}
	var buffered, flushed bool
	for i, value := range u.args {
		if i < 2 {
			continue
		}
		name, setting, is := strings.Cut(value, "=")
		switch {
		case name == "buffer" && is:
			if n, ok := nginx.ParseSize(setting); !ok || n == 0 {
				return said(i, "a number of bytes, with k or m for more", `invalid buffer size "%s"`, setting)
			}
			buffered = true
		case name == "flush" && is:
			if n, ok := nginx.ParseMilliseconds(setting); !ok || n == 0 {
				return said(i, "a time such as 1m", `invalid flush time "%s"`, setting)
			}
			flushed = true
		case name == "gzip":
			if n, ok := nginx.ParseNumber(setting); is && (!ok || n < 1 || n > 9) {
				return said(i, "a level from 1 to 9", `invalid compression level "%s"`, setting)
			}
			buffered = true
		case name == "if" && is:
			if f := script(i, setting); f != nil {
				return f
			}
		default:
			return u.unknownParameter(i, value)
		}
	}
	switch {
	case flushed && !buffered:
		return said(-1, "", `no buffer is defined for access_log "%s"`, path)
	case buffered && syslog:
		return said(-1, "", "logs to syslog cannot be buffered")
	case buffered && strings.Contains(path, "$"):
		return said(-1, "", "buffered logs cannot have variables in name")
	}
	return nil
}

// debugLevels may stand side by side; the last of the mail module had another name once.
var debugLevels = []string{"debug_core", "debug_alloc", "debug_mutex", "debug_event", "debug_http", "debug_mail", "debug_stream"}

func (u use) errorLog() *Fault {
	if parameters, ok := strings.CutPrefix(u.arg(0), "syslog:"); ok {
		if f := syslogParameters(parameters); f != nil {
			return f
		}
	} else if strings.HasPrefix(u.arg(0), "memory:") {
		return nil // depends on how nginx is built
	}
	levels := topic("log levels")
	debug, level := false, false
	for i, value := range u.args {
		switch {
		case i == 0:
		case slices.Contains(levels, value) && !level && !debug:
			level = true
		case slices.Contains(levels, value):
			return said(i, "one level", `duplicate log level "%s"`, value)
		case slices.Contains(debugLevels, value) && !level:
			debug = true
		case value == "json" && !u.atMost(measured):
		default:
			return said(i, oneOf(levels), `invalid log level "%s"`, value)
		}
	}
	return nil
}

// syslogParameters checks what follows "syslog:".
func syslogParameters(s string) *Fault {
	seen := map[string]bool{}
	for parameter := range strings.SplitSeq(s, ",") {
		name, setting, is := strings.Cut(parameter, "=")
		if is && seen[name] && (name == "server" || name == "facility" || name == "severity" || name == "tag") {
			return said(0, "", `duplicate syslog "%s"`, name)
		}
		seen[name] = is
		switch {
		case name == "server" && is:
			if _, fault := parseAddress(setting, toConnect); fault != "" {
				return said(0, "", `%s in syslog server "%s"`, fault, setting)
			}
		case (name == "facility" || name == "severity") && is:
			if known := topic("syslog " + name); !slices.Contains(known, setting) {
				return said(0, "the "+name+" "+oneOf(known), `unknown syslog %s "%s"`, name, setting)
			}
		case name == "tag" && is:
			if len(setting) > 32 {
				return said(0, "", "syslog tag length exceeds 32")
			}
			if !isName(setting) {
				return said(0, "", `syslog "tag" only allows alphanumeric characters and underscore`)
			}
		case parameter == "nohostname":
		default:
			return said(0, "server=, facility=, severity=, tag= or nohostname", `unknown syslog parameter "%s"`, parameter)
		}
	}
	if !seen["server"] {
		return said(0, "server=address behind syslog:", "no syslog server specified")
	}
	return nil
}

// topic is a list of the grammar.
func topic(name string) []string {
	t, ok := catalog.TopicNamed(name)
	if !ok {
		panic("no list " + name) // the tables hold it
	}
	return t.Words
}

func (u use) logFormat() *Fault {
	for i, text := range u.args {
		escape, ok := strings.CutPrefix(text, "escape=")
		switch {
		case i == 0:
		case i == 1 && ok:
			if escape != "default" && escape != "json" && escape != "none" {
				return said(i, "escape=default, json or none", `unknown log format escaping "%s"`, escape)
			}
		default:
			if name, at, open := badVariable(text); open {
				return said(i, "a } behind the name of the variable", `the closing bracket in "%s" variable is missing`, name)
			} else if at >= 0 {
				return said(i, "the name of a variable behind each $", `invalid parameter "%s"`, text[at:])
			}
		}
	}
	return nil
}
