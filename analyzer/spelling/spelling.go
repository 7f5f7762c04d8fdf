// Package spelling finds the known word that somebody probably meant.
package spelling

import "iter"

// Nearest is the known word that is nearest to an unknown one, by insertions,
// deletions and replacements of bytes; "" where none is near: at most a third of
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

// distance is the Levenshtein distance in bytes, or something from limit on where it is no less.
func distance(a, b string, limit int) int {
	var space [64]int // enough for most words
	row := append(space[:0], make([]int, len(b)+1)...)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
			least = min(least, cost)
		}
		if least >= limit {
			return limit
		}
	}
	return row[len(b)]
}
