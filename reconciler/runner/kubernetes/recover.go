package kubernetes

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Recover begins to watch. Jobs that an earlier Assay left are adopted when their Runs are asked for again; those that nobody asks for
// within Bounds.Orphan are deleted.
func (r *Runner) Recover(ctx context.Context) error {
	if err := r.watch.start(ctx); err != nil {
		return fmt.Errorf("recover runs: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sweeping != nil {
		return nil
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.sweeping, r.sweepDone = stop, make(chan struct{})
	go func() {
		defer close(r.sweepDone)
		r.sweep(running)
	}()
	return nil
}

// sweep deletes, until ctx ends, the Jobs that no Run is at for so long that none will come.
func (r *Runner) sweep(ctx context.Context) {
	ticker := time.NewTicker(r.options.Bounds.Orphan / 4)
	defer ticker.Stop()
	unclaimed := map[types.UID]time.Time{}
	for {
		unclaimed = r.sweepOnce(ctx, unclaimed)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// sweepOnce returns since when each Job is known to be nobody's.
func (r *Runner) sweepOnce(ctx context.Context, before map[types.UID]time.Time) map[types.UID]time.Time {
	now, unclaimed := r.options.Now(), map[types.UID]time.Time{}
	for _, job := range r.watch.all() {
		run := job.Annotations[annotationRun]
		if job.DeletionTimestamp != nil || r.isRunning(run) {
			continue
		}
		since, known := before[job.UID]
		if !known {
			since = now
		}
		if now.Sub(since) < r.options.Bounds.Orphan {
			unclaimed[job.UID] = since
			continue
		}
		if err := r.delete(ctx, job, inBackground); err != nil {
			unclaimed[job.UID] = since
			r.options.Log.Warn("a job that no run is at was not deleted", "job", job.Name, "namespace", job.Namespace, "run", run, "error", err)
			continue
		}
		r.options.Log.Info("deleted a job that no run is at", "job", job.Name, "namespace", job.Namespace, "run", run)
	}
	return unclaimed
}
