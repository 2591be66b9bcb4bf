package git

import (
	"context"
	"fmt"
	"os"
	"time"
)

// lockRetry is how often a lock that another process holds is asked for again.
const lockRetry = 50 * time.Millisecond

// lockFile waits for the lock on path, creating the file if need be, and returns
// what releases it. It excludes other processes and other holders in this one.
func lockFile(ctx context.Context, path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	retry := time.NewTicker(lockRetry)
	defer retry.Stop()
	for {
		locked, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if locked {
			return func() { f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("waiting for the lock %s, which somebody else holds: %w", path, context.Cause(ctx))
		case <-retry.C:
		}
	}
}
