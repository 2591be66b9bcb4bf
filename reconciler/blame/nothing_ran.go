package blame

import "github.com/assay-dev/assay/sources/sync"

// nothingRan is step 1. Where a Suite could not run, the Verdict is not Failed and does not get here; a Sync that waits for another Target
// is the same for a Sync: nothing was tried yet.
func (i *inquiry) nothingRan() *Decision {
	for _, s := range i.FailedSyncs {
		if s.Failure == sync.Waiting {
			return i.inconclusive("%s waits for another target, which is no failure of its own: %s", s.Target, s.Reason)
		}
	}
	return nil
}
