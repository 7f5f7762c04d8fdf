// Package spelling finds the known word that somebody probably meant.
package spelling

import (
	"iter"
	"slices"
)

// Nearest is the known word that is nearest to an unknown one, by insertions,
// deletions, replacements and swaps of bytes; "" where none is near: at most a third of
// the word may differ. Of several equally near ones it is the first.
func Nearest(word string, known iter.Seq[string]) string {
	best, least := "", len(word)/3+1
	for k := range known {
		if abs(len(k)-len(word)) >= least {
			continue
		}
		if d := distance(word, k, least); d < least {
			best, least = k, d
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours, in bytes, that make one of the other, or something from limit on
// where it is no less. No byte is edited twice (optimal string alignment).
func distance(a, b string, limit int) int {
	var space [3][64]int // enough for most words
	n := len(b) + 1
	rows := [3][]int{append(space[0][:0], make([]int, n)...), append(space[1][:0], make([]int, n)...), append(space[2][:0], make([]int, n)...)}
	before, last, row := rows[0], rows[1], rows[2]
	for j := range n {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost = 1 + min(last[j], last[j+1], row[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, before[j-1]+1)
			}
			row[j+1] = cost
			least = min(least, cost)
		}
		// A swap may go on from the row before.
		if least >= limit && slices.Min(last) >= limit-1 {
			return limit
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
