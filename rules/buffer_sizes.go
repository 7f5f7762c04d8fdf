package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
)

var bufferSizes = analyzer.Rule{
	ID:         "buffer-sizes",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe},
	Refused:    diag.Nginx,
	OnBlock:    buffers,
	In:         catalog.HTTP | catalog.Server | catalog.Location | catalog.IfInLocation | catalog.LimitExcept,
	Doc: analyzer.Doc{
		Summary: "buffer sizes that do not add up, so that nginx does not start",
		What: "For fastcgi, proxy, uwsgi and scgi, with the values in force in each server and location after inheritance: let S be the larger of `X_buffer_size` and one of the `X_buffers` (N of size Z). " +
			"Then N must be at least 2; `X_busy_buffers_size` (2·S unless set) at least S and at most (N−1)·Z; `X_temp_file_write_size` (2·S unless set) at least S; `X_max_temp_file_size` (1024m unless set) zero or at least S.",
		Why: "nginx refuses the whole configuration, also where nothing is passed to that family: `[emerg] \"fastcgi_busy_buffers_size\" must be less than the size of all \"fastcgi_buffers\" minus one buffer`. " +
			"It names the line of the closing brace of `http`, never the directive at fault. Two values that are right by themselves can break where one is inherited and the other is not; `proxy_buffer_size 16k;` alone does.",
		Gaps:      "Assumes memory pages of 4 KiB for values that nobody sets. Silent where an inherited value is not known.",
		Remedy:    "Change the value that the finding points at, or the others with it.",
		FixSafety: "Safe: nginx does not start today. The fix is the smallest change in the block that broke the sum: one more buffer, or a derived size written down.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_buffers", "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_busy_buffers_size"},
		Since:     "0.1.0",
	},
}

var bufferFamilies = [...]string{"fastcgi", "proxy", "uwsgi", "scgi"}

// comparedSizes are the directives of a family that have to add up.
var comparedSizes = []string{"_buffer_size", "_buffers", "_busy_buffers_size", "_temp_file_write_size", "_max_temp_file_size"}

// comparedOf are those of each family.
var comparedOf = sync.OnceValue(func() (of [len(bufferFamilies)]*nginx.NameSet) {
	for i, family := range bufferFamilies {
		var names []string
		for _, suffix := range comparedSizes {
			names = append(names, family+suffix)
		}
		of[i] = nginx.NewNameSet(names...)
	}
	return of
})

const (
	// pageSize is what nginx takes for one buffer on the usual machines, in bytes.
	pageSize = 4096
	// mostBuffers and mostBytes bound what is calculated with: far above what any
	// machine has, and their product does not overflow.
	mostBuffers, mostBytes = 1 << 20, 1 << 40
)

// A setting is one size in force in a block, with where it comes from.
type setting struct {
	name  string
	value nginx.Value
	bytes int64
	known bool
}

// sums are the sizes of one family in force in one block.
type sums struct {
	block        *nginx.Block
	family       string
	buffer       setting // X_buffer_size
	buffers      setting // X_buffers: size of one
	number       int64   // X_buffers: how many
	busy         setting // X_busy_buffers_size
	write        setting // X_temp_file_write_size
	maxTemp      setting // X_max_temp_file_size
	largest      int64   // S; of those that are known, where largestKnown is false
	largestKnown bool
}

// broken is one relation that does not hold.
type broken struct {
	// among are the settings that take part, the likeliest culprit first.
	among []setting
	// says is nginx's own message, sum the arithmetic behind it.
	says, sum string
	mend      func(*sums) []change
}

// A change sets one directive of the family to new arguments.
type change struct {
	name string
	args []string
}

func buffers(p *analyzer.Pass, b *nginx.Block) {
	if b.Context == catalog.HTTP && (!b.Config.Fragment || hasServer(b)) {
		return // nginx checks servers and locations only; a fragment without a server is for some server elsewhere
	}
	for i, family := range bufferFamilies {
		if !writesBuffers(b, comparedOf()[i]) {
			continue
		}
		s := read(b, family)
		bad, ok := s.check()
		if !ok {
			continue
		}
		guilty, found := innermost(bad.among)
		if !found || guilty.In != b && b.Context != catalog.Server {
			continue // inherited as a whole: reported for the server or location that broke it
		}
		told := s // kept apart, so that what adds up takes no memory
		p.Report(guilty.From, taking(bad.among), told.finding(bad, guilty))
	}
}

// writesBuffers reports whether anything stands in a block, or for a server
// around it, that may break a sum of a family.
func writesBuffers(b *nginx.Block, family *nginx.NameSet) bool {
	if b.Context != catalog.Server {
		return b.HasAny(family)
	}
	for ; b != nil; b = b.Parent {
		if b.HasAny(family) {
			return true
		}
	}
	return false
}

func hasServer(http *nginx.Block) bool {
	return slices.ContainsFunc(http.Children, func(b *nginx.Block) bool { return b.Context == catalog.Server })
}

func read(b *nginx.Block, family string) sums {
	s := sums{block: b, family: family}
	s.buffer = s.setting("_buffer_size", pageSize)
	s.buffers, s.number = s.bufs()
	s.largestKnown = s.buffer.known && s.buffers.known
	for _, one := range []setting{s.buffer, s.buffers} {
		if one.known {
			s.largest = max(s.largest, one.bytes)
		}
	}
	s.busy = s.derived("_busy_buffers_size")
	s.write = s.derived("_temp_file_write_size")
	s.maxTemp = s.setting("_max_temp_file_size", 1<<30)
	return s
}

func (s *sums) setting(suffix string, fallback int64) setting {
	v := s.block.Value(s.family + suffix)
	out := setting{name: s.family + suffix, value: v, bytes: fallback}
	if v.Explicit() {
		out.bytes, out.known = nginx.ParseSize(v.Arg(0))
		out.known = out.known && out.bytes <= mostBytes
	} else {
		out.known = v.Unset
	}
	return out
}

func (s *sums) bufs() (setting, int64) {
	v := s.block.Value(s.family + "_buffers")
	out := setting{name: s.family + "_buffers", value: v, bytes: pageSize}
	if !v.Explicit() {
		out.known = v.Unset
		return out, 8
	}
	number, ok := nginx.ParseNumber(v.Arg(0))
	out.bytes, out.known = nginx.ParseSize(v.Arg(1))
	// No buffers, and buffers of no size, are invalid by themselves.
	out.known = out.known && ok && number > 0 && number <= mostBuffers && out.bytes > 0 && out.bytes <= mostBytes
	return out, number
}

// derived is a size that is twice the largest buffer unless somebody sets it.
func (s *sums) derived(suffix string) setting {
	out := s.setting(suffix, 2*s.largest)
	if !out.value.Explicit() {
		out.known = out.known && s.largestKnown
	}
	return out
}

// check finds the first relation that does not hold, in nginx's order.
func (s *sums) check() (broken, bool) {
	x := s.family
	atLeast := func(name string) string {
		return fmt.Sprintf("\"%s\" must be equal to or greater than the maximum of the value of \"%s_buffer_size\" and one of the \"%s_buffers\"", name, x, x)
	}
	tooSmall := func(one setting) string {
		return fmt.Sprintf("%s is less than %s", one, s.largestText())
	}
	switch {
	case s.buffers.known && s.number < 2:
		return broken{
			among: []setting{s.buffers},
			says:  fmt.Sprintf("there must be at least 2 \"%s_buffers\"", x),
			sum:   fmt.Sprintf("%s is %d buffer of %s, at least 2 are needed", s.buffers.name, s.number, size(s.buffers.bytes)),
			mend:  (*sums).moreBuffers,
		}, true
	case s.busy.known && s.largestKnown && s.busy.bytes < s.largest:
		return broken{
			among: []setting{s.busy, s.larger(), s.smaller()},
			says:  atLeast(s.busy.name),
			sum:   tooSmall(s.busy),
			mend:  (*sums).moreBusy,
		}, true
	case s.busy.known && s.buffers.known && s.busy.bytes > (s.number-1)*s.buffers.bytes:
		return broken{
			among: s.tooBusy(),
			says:  fmt.Sprintf("\"%s_busy_buffers_size\" must be less than the size of all \"%s_buffers\" minus one buffer", x, x),
			sum:   fmt.Sprintf("%s is more than %s, all %s but one (%d × %s)", s.busyText(), size((s.number-1)*s.buffers.bytes), s.buffers.name, s.number-1, size(s.buffers.bytes)),
			mend:  (*sums).moreBuffers,
		}, true
	case s.write.known && s.largestKnown && s.write.bytes < s.largest:
		return broken{
			among: []setting{s.write, s.larger(), s.smaller()},
			says:  atLeast(s.write.name),
			sum:   tooSmall(s.write),
			mend:  func(s *sums) []change { return []change{{s.write.name, []string{size(2 * s.largest)}}} },
		}, true
	case s.maxTemp.known && s.largestKnown && s.maxTemp.bytes != 0 && s.maxTemp.bytes < s.largest:
		return broken{
			among: []setting{s.maxTemp, s.larger(), s.smaller()},
			says: fmt.Sprintf("\"%s\" must be equal to zero to disable temporary files usage or must be equal to or greater than the maximum of the value of \"%s_buffer_size\" and one of the \"%s_buffers\"",
				s.maxTemp.name, x, x),
			sum:  tooSmall(s.maxTemp),
			mend: func(s *sums) []change { return []change{{s.maxTemp.name, []string{size(s.largest)}}} },
		}, true
	}
	return broken{}, false
}

func (s *sums) larger() setting {
	if s.buffer.bytes > s.buffers.bytes {
		return s.buffer
	}
	return s.buffers
}

func (s *sums) smaller() setting {
	if s.buffer.bytes > s.buffers.bytes {
		return s.buffers
	}
	return s.buffer
}

func (s *sums) tooBusy() []setting {
	if s.busy.value.Explicit() {
		return []setting{s.busy, s.buffers}
	}
	return []setting{s.larger(), s.buffers, s.smaller()}
}

func (s *sums) busyText() string {
	if s.busy.value.Explicit() {
		return s.busy.String()
	}
	return fmt.Sprintf("%s (twice %s)", s.busy, s.largestText())
}

func (s *sums) largestText() string {
	if s.buffer.bytes > s.buffers.bytes {
		return s.buffer.String()
	}
	return "one of the " + s.buffers.String()
}

func (s setting) String() string { return s.name + " " + size(s.bytes) }

// moreBuffers is the smallest number of buffers that holds what may be busy.
func (s *sums) moreBuffers() []change {
	number := max(2, (s.busy.bytes+s.buffers.bytes-1)/s.buffers.bytes+1)
	return []change{{s.buffers.name, []string{strconv.FormatInt(number, 10), size(s.buffers.bytes)}}}
}

// moreBusy is twice the largest buffer, as without the directive, or as much of
// it as the buffers allow.
func (s *sums) moreBusy() []change {
	busy := min(2*s.largest, (s.number-1)*s.buffers.bytes)
	if busy >= s.largest {
		return []change{{s.busy.name, []string{size(busy)}}}
	}
	s.busy.bytes = s.largest
	return append(s.moreBuffers(), change{s.busy.name, []string{size(s.largest)}})
}

// innermost is the written setting of the deepest block: the one that broke what held outside.
func innermost(among []setting) (nginx.Value, bool) {
	var best nginx.Value
	for _, s := range among {
		if s.value.Explicit() && (best.In == nil || s.value.In != best.In && s.value.In.Within(best.In)) {
			best = s.value
		}
	}
	return best, best.In != nil
}

// taking are the directives that take part: none of them is without effect.
func taking(among []setting) analyzer.Causes {
	var causes analyzer.Causes
	for _, s := range among {
		if s.value.Explicit() {
			causes = append(causes, whereWritten(s.value.From))
		}
	}
	return causes
}

func (s *sums) finding(bad broken, guilty nginx.Value) diag.Finding {
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "these buffer sizes do not add up",
		Subject:  diag.Label{Span: guilty.From.Head(), Text: bad.sum},
		Notes:    []string{"nginx: [emerg] " + bad.says + " (at the closing brace of http)"},
	}
	for _, t := range bad.among {
		if t.value.Explicit() && t.value.From != guilty.From && !slices.ContainsFunc(f.Related, func(l diag.Label) bool { return l.Span == t.value.From.Head() }) {
			f.Related = append(f.Related, label(t.value.From.Head(), "in force, set in %s", blockName(t.value.In)))
		}
	}
	for _, t := range []setting{s.buffer, s.buffers} {
		if t.value.Unset && slices.ContainsFunc(bad.among, func(o setting) bool { return o.name == t.name }) {
			f.Notes = append(f.Notes, s.written(t)+" is nginx's default")
		}
	}
	fix := diag.Fix{Safety: diag.Safe}
	var lines []string
	for _, c := range bad.mend(s) {
		line := c.name + " " + strings.Join(c.args, " ")
		lines = append(lines, "`"+line+"`")
		fix.Edits = append(fix.Edits, c.edits(guilty, line)...)
	}
	fix.Title = "set " + strings.Join(lines, " and ")
	f.Remedy = fix.Title + ", or change the other sizes"
	f.Fixes = []diag.Fix{fix}
	return f
}

// written is a setting as a directive has it.
func (s *sums) written(t setting) string {
	if t.name == s.buffers.name {
		return fmt.Sprintf("%s %d %s", t.name, s.number, size(t.bytes))
	}
	return t.String()
}

// edits change the directive where the guilty block has it, else add a line behind the guilty one.
func (c change) edits(guilty nginx.Value, line string) []diag.Edit {
	in := guilty.In
	own := in.Own(c.name)
	if len(own) == 0 {
		return []diag.Edit{in.Place.Tree.InsertInto(in.ID, ownDirective(in, guilty.From), line+";")}
	}
	var edits []diag.Edit
	last := own[len(own)-1]
	for i, arg := range c.args {
		if last.Arg(i) != arg {
			edits = append(edits, last.Tree().SetArg(last.ID, i, arg))
		}
	}
	return edits
}
