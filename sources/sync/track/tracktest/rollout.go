package tracktest

import (
	"context"
	"sync"

	"github.com/assay-dev/assay/sources/sync/rollout"
)

// Rollout is a track.Rollout whose answers the test chooses: by Result before anybody looks, by Answer then.
type Rollout struct {
	Result rollout.Result
	// Asked is what Finished was asked of last.
	Asked []rollout.Ref

	mu      sync.Mutex
	err     error
	changed chan struct{}
}

// Finished implements track.Rollout.
func (r *Rollout) Finished(_ context.Context, objects []rollout.Ref, _ string) (rollout.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Asked = objects
	return r.Result, r.err
}

// Changed implements track.Rollout.
func (r *Rollout) Changed() <-chan struct{} { return r.changed }

// Answer chooses what Finished says from now on, and has whoever looks hear of it.
func (r *Rollout) Answer(result rollout.Result, err error) {
	r.mu.Lock()
	r.Result, r.err = result, err
	r.mu.Unlock()
	r.changed <- struct{}{}
}
