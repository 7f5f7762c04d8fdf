// Package supervisord reads which programs a supervisord starts.
package supervisord

import (
	"strings"

	"nginx-lint/analyzer/keyfile"
	"nginx-lint/analyzer/source"
)

// A Program is one [program:NAME] section.
type Program struct {
	Name string
	// Words are the command; nil where it cannot be read.
	Words []keyfile.Word
	// Dir is the working directory; "" where it is not known.
	Dir string
	// User is the value that says whom it runs as; without, it is whom supervisord does.
	User keyfile.Word
	// Off is set where it is not started by itself.
	Off bool
}

// A Config is what a file says.
type Config struct {
	Programs []Program
	// Includes are the patterns of the files that it includes.
	Includes []string
	// More is set where something else listens or is started: supervisord's own HTTP
	// server, event listeners, FastCGI programs with a socket.
	More bool
}

// Read reads a file.
func Read(f *source.File) (c Config) {
	at := map[string]int{}
	for _, line := range keyfile.Parse(f, keyfile.Supervisord) {
		if line.Section == "include" && line.Key == "files" {
			c.Includes = append(c.Includes, strings.Fields(line.Value)...)
			continue
		}
		kind, _, _ := strings.Cut(line.Section, ":")
		c.More = c.More || kind == "inet_http_server" || kind == "eventlistener" || kind == "fcgi-program"
		name, ok := strings.CutPrefix(line.Section, "program:")
		if !ok {
			continue
		}
		if _, known := at[name]; !known {
			at[name] = len(c.Programs)
			c.Programs = append(c.Programs, Program{Name: name})
		}
		p := &c.Programs[at[name]]
		switch line.Key {
		case "command":
			p.Words = nil
			if words, ok := keyfile.Words(line.Span, keyfile.Supervisord); ok {
				p.Words = words
			}
		case "directory":
			if !strings.Contains(line.Value, "%") && strings.HasPrefix(line.Value, "/") {
				p.Dir = line.Value
			}
		case "user":
			p.User = keyfile.Word{Text: line.Value, Span: line.Span}
		case "autostart":
			p.Off = strings.EqualFold(line.Value, "false") || strings.EqualFold(line.Value, "no") || line.Value == "0"
		}
	}
	return c
}
