package fpm

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/syntax"
)

// Refuses is the reason for which php-fpm refuses the value of a key as soon as
// it reads it, in its words; "" where it takes it, or where that depends on more
// than the value. Of booleans it is what all versions refuse: up to PHP 8.1 the
// quoted words are refused as well.
func Refuses(key *catalog.FPMKey, value string) string {
	const noNumber = "is not a valid number (greater or equal than zero)"
	switch key.Type {
	case "bool", "array bool":
		if !slices.Contains(boolWords, value) {
			return "invalid boolean value"
		}
	case "int":
		if !isInteger(value) {
			return noNumber
		}
	case `int|"unlimited"`:
		switch {
		case strings.EqualFold(value, "unlimited"):
		case !isInteger(value):
			return noNumber
		case syntax.Atoi(value) < 0:
			return "must be greater than zero or 'unlimited'"
		}
	case "time":
		if _, ok := ParseTime(value); value == "" {
			return "invalid time value"
		} else if !ok {
			return "unknown suffix used in time value"
		}
	case "enum", "loglevel":
		if !slices.ContainsFunc(key.Words, func(w string) bool { return strings.EqualFold(w, value) }) {
			return unknownWord[key.Name]
		}
	}
	return ""
}

var boolWords = []string{"1", "yes", "true", "on", "", "0", "no", "none", "false", "off"}

// unknownWord is what php-fpm says of a value that is none of the key's words.
// It looks at events.mechanism only when all is read.
var unknownWord = map[string]string{
	"log_level":       "invalid value for 'log_level'",
	"pm":              "invalid process manager (static, dynamic or ondemand)",
	"syslog.facility": "invalid value",
}

func isInteger(s string) bool { return strings.Trim(strings.TrimPrefix(s, "-"), "0123456789") == "" }

// logModifiers are the words that a token of access.format takes between its
// braces, and how php-fpm lists them.
var logModifiers = map[byte]struct{ words, allowed string }{
	'C': {"total user system", "'total', 'user' or 'system'"},
	'd': {"seconds milli milliseconds mili miliseconds micro microseconds", "'seconds', 'milli', 'milliseconds', 'micro' or 'microseconds'"},
	'M': {"bytes kilo kilobytes mega megabytes", "'bytes', 'kilo', 'kilobytes', 'mega' or 'megabytes'"},
}

// maxLogFormat is how much of access.format is certainly looked at: php-fpm stops at the end of its buffer.
const maxLogFormat = 1000

// RefusesLogFormat is the reason for which php-fpm refuses an access.format, in
// its words; "" where it takes it. It looks at it only beside an access.log.
func RefusesLogFormat(format string) string {
	if len(format) > maxLogFormat {
		return ""
	}
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		modifier := ""
		for i++; i < len(format) && format[i] == '{'; i++ {
			end := strings.IndexByte(format[i:], '}')
			if end < 0 || i+end == len(format)-1 {
				return "missing closing embrace in the access.format"
			}
			modifier, i = format[i+1:i+end], i+end
		}
		if i < len(format) {
			if why := refusesLogToken(format[i], modifier); why != "" {
				return why
			}
		}
	}
	return ""
}

func refusesLogToken(token byte, modifier string) string {
	switch {
	case strings.IndexByte("%flmnpPqQrRsu", token) >= 0:
		if modifier != "" {
			return fmt.Sprintf("embrace is not allowed for modifier %%%c", token)
		}
	case token == 'e' && modifier == "":
		return "the name of the environment variable must be set between embraces for %e"
	case token == 'o' && modifier == "":
		return "the name of the header must be set between embraces for %o"
	case strings.IndexByte("eotT", token) >= 0:
	case logModifiers[token].words == "":
		return fmt.Sprintf("Invalid token in the access.format (%%%c)", token)
	case modifier != "" && !slices.Contains(strings.Fields(logModifiers[token].words), strings.ToLower(modifier)):
		return fmt.Sprintf("only %s are allowed as a modifier for %%%c ('%s')", logModifiers[token].allowed, token, modifier)
	}
	return ""
}
