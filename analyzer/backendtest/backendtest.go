// Package backendtest is what the tests of the readers of programs behind nginx share.
package backendtest

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer/keyfile"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// Words are those of a command as systemd splits it.
func Words(command string) []keyfile.Word {
	words, _ := keyfile.Words(source.Span{File: source.NewFile("unit", command), End: len(command)}, keyfile.Systemd)
	return words
}

// Describe is a line on what was read of a program: a text for each of its
// listeners, "more?" where there may be others, and its limits that are known.
func Describe(b *stack.Backend, listeners []*stack.Listener, text func(*stack.Listener) string) string {
	var parts []string
	for _, l := range listeners {
		part := text(l)
		if l.Maybe {
			part += " maybe"
		}
		parts = append(parts, part)
	}
	if !b.Complete {
		parts = append(parts, "more?")
	}
	if b.Kill.Known {
		parts = append(parts, fmt.Sprint("kill ", b.Kill.Time))
	}
	if b.Idle.Known {
		parts = append(parts, fmt.Sprint("idle ", b.Idle.Time))
	}
	if b.Buffer.Known {
		parts = append(parts, fmt.Sprint("buffer ", b.Buffer.Bytes))
	}
	return strings.Join(parts, ", ")
}
