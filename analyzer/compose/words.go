package compose

import (
	"encoding/json"
	"path"
	"strings"
)

// jsonWords reads the form of an instruction that is a list of strings.
func jsonWords(text string) (words []string, ok bool) {
	if !strings.HasPrefix(text, "[") {
		return nil, false
	}
	err := json.Unmarshal([]byte(text), &words)
	return words, err == nil
}

// program is the name of what a command starts, without shells and wrappers that
// only start it; "" where that is not to be told.
func (c *Command) program() string {
	if c == nil || !c.Known {
		return ""
	}
	words := c.Words
	for len(words) > 0 {
		switch name := path.Base(words[0]); name {
		case "exec", "tini", "dumb-init", "--", "gosu", "su-exec":
			words = words[1:]
		case "sh", "bash", "ash":
			if len(words) > 2 && words[1] == "-c" {
				return inShell(words[2:])
			}
			return ""
		default:
			return name
		}
	}
	return ""
}

// inShell is the program that a line for a shell ends in, as a container's does.
func inShell(words []string) string {
	line := strings.Join(words, " ")
	if strings.ContainsAny(line, "&|`(") && !strings.Contains(line, "&&") {
		return ""
	}
	last := line
	for _, sep := range []string{"&&", ";"} {
		for part := range strings.SplitSeq(last, sep) {
			if strings.TrimSpace(part) != "" {
				last = part
			}
		}
	}
	fields := strings.Fields(strings.Trim(last, `"' `))
	if len(fields) > 0 && fields[0] == "exec" {
		fields = fields[1:]
	}
	if len(fields) == 0 {
		return ""
	}
	return path.Base(fields[0])
}
