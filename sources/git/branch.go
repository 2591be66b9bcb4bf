package git

import (
	"errors"
	"fmt"
)

// CreateBranch creates a branch at a commit. One that exists stays where it is,
// and the error matches [ErrStale].
func (r *Repository) CreateBranch(name string, at Hash) error {
	ref := "refs/heads/" + name
	err := r.refs.swap(ref, Hash{}, at)
	if stale := (*StaleError)(nil); errors.As(err, &stale) {
		return fmt.Errorf("branch %s exists already, at %.7s: choose another name: %w", name, stale.Actual, err)
	}
	return err
}
