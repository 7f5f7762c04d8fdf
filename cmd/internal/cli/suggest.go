package cli

import (
	"fmt"
	"slices"

	"nginx-lint/analyzer/spelling"
)

// didYouMean ends a message about an unknown word with the known one that was
// probably meant, if any is near.
func didYouMean(word string, known []string) string {
	if best := spelling.Nearest(word, slices.Values(known)); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}
