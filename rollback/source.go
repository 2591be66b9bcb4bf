package rollback

import (
	"context"

	"github.com/assay-dev/assay/sources/git"
)

// Source is where the commits of a config repository are read. A *git.Mirror is one.
type Source interface {
	// Repository holds the objects, and takes those of a Plan.
	Repository() *git.Repository
	// History makes present every commit that to has in its history and from has not, and from itself. The errors are those of
	// git.Mirror.
	History(ctx context.Context, branch string, from, to git.Hash) error
}
