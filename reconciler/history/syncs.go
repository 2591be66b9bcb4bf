package history

import (
	"context"

	"github.com/assay-dev/assay/sources/sync"
)

// Syncs lists those that were seen, newest first. A Sync is of an Environment, not of a Gate: the Filter's Gate does not count.
func (s *Store) Syncs(ctx context.Context, f Filter) ([]sync.Sync, error) {
	since, limit := f.bounds()
	return documents[sync.Sync](ctx, s.reader,
		`SELECT document FROM syncs WHERE (? = '' OR environment = ?) AND at >= ? ORDER BY seq DESC LIMIT ?`, f.Environment, f.Environment, since, limit)
}
