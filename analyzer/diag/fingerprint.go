package diag

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
)

// Fingerprints gives each finding a name that stays the same when lines are added
// above it, its block is moved, or a folder is renamed. It is the first 16
// hexadecimal digits of the SHA-256 of these, each followed by a NUL:
//
//   - the rule,
//   - the base name of the file,
//   - the text of the subject, with each run of white space as one blank,
//   - the text of the context likewise (the head of the enclosing block),
//   - the ordinal, from 0, among findings that agree in all of these.
//
// The findings must be all that were made, in the order of the report: leaving some
// out before may change the ordinals of others. The driver sets Finding.Fingerprint
// so, and whoever filters afterwards keeps what it set.
func Fingerprints(findings []Finding) []string {
	seen := map[string]int{}
	prints := make([]string, len(findings))
	for i := range findings {
		f := &findings[i]
		base := ""
		if !f.Subject.Span.IsZero() {
			base = path.Base(f.Subject.Span.File.Path)
		}
		key := strings.Join([]string{f.Rule, base, normalize(f.Subject.Span.Text()), normalize(f.Context.Text()), ""}, "\x00")
		sum := sha256.Sum256(fmt.Appendf(nil, "%s%d\x00", key, seen[key]))
		seen[key]++
		prints[i] = hex.EncodeToString(sum[:8])
	}
	return prints
}

func normalize(text string) string { return strings.Join(strings.Fields(text), " ") }
