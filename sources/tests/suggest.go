package tests

import (
	"fmt"
	"strings"
)

// suggest says what may have been meant by a name that is not known.
func suggest(name string, known []string) string {
	best := Nearest(name, known, len(name)/3+1)
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %s?", best)
	case len(known) == 0:
		return "there are none"
	case len(known) > 20:
		return fmt.Sprintf("known are %s, and %d more", strings.Join(known[:20], ", "), len(known)-20)
	}
	return "known are " + strings.Join(known, ", ")
}

// Nearest is what was probably meant by a misspelt name: the first of the known names that are reached with the fewest changes of a letter,
// upper and lower case being the same, or "" where each takes more than most changes.
func Nearest(name string, known []string, most int) string {
	best, least := "", most+1
	for _, candidate := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(candidate)); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is how many bytes must be added, removed, replaced or swapped with the next to come from a to b (optimal string alignment).
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := before
		before, row = row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replace := before[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(replace, before[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], last[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
