package rules

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// origin says where a value in force comes from: "nginx's default", "from http, nginx.conf:22".
func origin(v nginx.Value) string {
	switch v.Origin {
	case nginx.Here:
		return "set here"
	case nginx.Outer:
		return "from " + blockName(v.In) + ", " + place(v.From.Head())
	case nginx.Default:
		return "nginx's default"
	case nginx.Absent:
		return "not set"
	case nginx.Unknown:
	}
	return "unknown"
}

// blockName names a block as people do: "http", "server", "location /api".
func blockName(b *nginx.Block) string {
	if name := b.Name(); name != "" {
		return strings.TrimSpace(name + " " + strings.Join(b.Args(), " "))
	}
	if b.Context == catalog.Main {
		return "the main level"
	}
	return b.Context.String()
}

// place is a span as file:line.
func place(s source.Span) string {
	return s.File.Path + ":" + strconv.Itoa(s.Line())
}

// seconds writes a duration as nginx takes it: whole seconds where it is, else milliseconds.
func seconds(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d/time.Millisecond)
}

// ceilSeconds rounds up to whole seconds.
func ceilSeconds(d time.Duration) time.Duration {
	return time.Duration(math.Ceil(d.Seconds())) * time.Second
}

// size writes bytes as nginx takes them.
func size(n int64) string {
	switch {
	case n > 0 && n%(1<<20) == 0:
		return strconv.FormatInt(n>>20, 10) + "m"
	case n > 0 && n%(1<<10) == 0:
		return strconv.FormatInt(n>>10, 10) + "k"
	}
	return strconv.FormatInt(n, 10)
}

// ownDirective is what stands for a directive of a block in the file that the
// block is written in: itself, or the include that brings it. Behind it a line
// can be added; in an included snippet it could stand twice elsewhere.
func ownDirective(b *nginx.Block, r nginx.Ref) syntax.ID {
	place, d := r.Place, r.ID
	for ; place != b.Place; place = place.Parent {
		d = place.At
	}
	return d
}

func label(s source.Span, format string, args ...any) diag.Label {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return diag.Label{Span: s, Text: format}
}
