package git

import (
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// ParseHash reads a full object id: 40 hexadecimal digits.
func ParseHash(id string) (Hash, error) {
	if !plumbing.IsHash(id) || len(id) != 40 {
		return Hash{}, fmt.Errorf("%.80q is not a full commit id of 40 hexadecimal digits", id)
	}
	return plumbing.NewHash(id), nil
}
