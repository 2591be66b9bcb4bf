package cluster

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// Orphans are what an earlier Assay left: a Run that is asked for again adopts its own, and the rest is removed. It is for what nobody
// watches, which would have to be listed again and again to be swept again and again, as Jobs are.
type Orphans struct {
	// What they are, for the log.
	What string
	// After is how long they may be there unasked for.
	After time.Duration
	// Asked tells whether the Run of that ID was asked for meanwhile.
	Asked func(id string) bool
	Log   *slog.Logger
}

// Sweep waits, and then removes what nobody has asked for, each by the ID of its Run. It gives up when ctx ends.
func (o Orphans) Sweep(ctx context.Context, left map[string]func(context.Context) error) {
	timer := time.NewTimer(o.After)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		if o.Asked(id) {
			continue
		}
		switch err := left[id](ctx); {
		case err == nil:
			o.Log.Info("removed "+o.What+" that no run has asked for", "run", id)
		case ctx.Err() == nil:
			o.Log.Error(o.What+" that no run has asked for cannot be removed", "run", id, "error", err)
		}
	}
}
