package git

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// ParseHash reads the full name of an object, 40 hexadecimal digits; anything
// else is an error.
func ParseHash(name string) (Hash, error) {
	if !plumbing.IsHash(name) {
		return Hash{}, fmt.Errorf("%.80q is no full commit id, which has 40 hexadecimal digits", name)
	}
	return plumbing.NewHash(name), nil
}

func sortedHashes(set map[Hash]bool) []Hash {
	return slices.SortedFunc(maps.Keys(set), func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
}
