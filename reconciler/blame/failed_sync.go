package blame

import (
	"time"

	"github.com/assay-dev/assay/sources/sync"
)

// unreachable is of Syncs that failed because nobody reached the source, or what it is applied to: no commit's fault.
func (i *inquiry) unreachable() *Decision {
	for _, s := range i.FailedSyncs {
		if s.Failure == sync.Unreachable {
			return i.cause(Environment, "%s could not be synced because something was not reached: %s", s.Target, s.Reason)
		}
	}
	return nil
}

// lasting is step 4 for failed Syncs. Their engine keeps trying, so that a rerun is one more deadline: a state that becomes healthy
// meanwhile is verified in place of this one. A build does not change its mind.
func (i *inquiry) lasting() *Decision {
	if len(i.FailedSyncs) == 0 || i.builds() {
		return nil
	}
	limit := i.Gate.Spec.Deadline.Duration
	if until := i.FailedAt.Add(limit); i.Now.Before(until) {
		return i.await(until, "the sync failed, and has until %s to come about all the same: it may be slow, or meet an outage",
			until.UTC().Format(time.TimeOnly))
	}
	i.note("not slow: the sync had twice the deadline of %s", limit)
	return nil
}

// builds tells whether every failed Sync failed at its build.
func (c Case) builds() bool {
	for _, s := range c.FailedSyncs {
		if s.Failure != sync.BuildFailed {
			return false
		}
	}
	return true
}

// reproduced keeps a failed build from being blamed on a commit unless it fails here as well, where nothing but the commit can be at fault.
func (i *inquiry) reproduced() *Decision {
	for _, s := range i.FailedSyncs {
		switch {
		case s.Failure != sync.BuildFailed:
		case !s.Reproduced:
			return i.unknown("the build of %s failed, which cannot be reproduced here: %s", s.Target, s.NotReproduced)
		default:
			i.note("%s does not build here either, and built at the last pass", s.Target)
		}
	}
	if len(i.FailedSyncs) > 0 && i.builds() {
		i.notEnvironment = true
	}
	return nil
}
