package sync

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// Follow names the Sites that there are, with the tree of the test repository that they were read from. Sites that did not change go on
// undisturbed; of those that are gone, or changed, the old ones are forgotten.
func (s *Sites) Follow(sites []*tests.Site, tree render.Tree) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := make(map[string]*followed, len(sites))
	for _, site := range sites {
		if known := s.sites[site.Name()]; known != nil && sameSite(known.site, site) {
			known.mu.Lock()
			known.tree = tree
			known.mu.Unlock()
			next[site.Name()] = known
			continue
		}
		next[site.Name()] = &followed{
			site: site, tree: tree, again: make(chan struct{}, 1),
			state: State{
				Target: Target{Kind: KindSite, Name: site.Name()}, Labels: site.Metadata.Labels,
				Build: site.Spec.Build.Settings(), Reason: "its probe was not asked yet",
			},
		}
	}
	for name, known := range s.sites {
		if next[name] != known && known.stop != nil {
			known.stop()
		}
	}
	s.sites = next
	select {
	case s.start <- struct{}{}:
	default:
	}
	s.signal()
}

// Moved says that branches of a repository moved, so that what was seen of them counts no more.
func (s *Sites) Moved(repository string) { s.mirrors.Moved(repository) }

func sameSite(a, b *tests.Site) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y) && a.Origin == b.Origin
}

// Run asks every Site's probe at its interval until ctx ends.
func (s *Sites) Run(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	for {
		s.mu.Lock()
		for _, f := range s.sites {
			if f.stop == nil {
				var own context.Context
				own, f.stop = context.WithCancel(ctx)
				watching.Go(func() { s.watch(own, f) })
			}
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-s.start:
		}
	}
}

func (s *Sites) watch(ctx context.Context, f *followed) {
	ticker := s.clock.NewTicker(f.site.Spec.Live.Interval.Duration)
	defer ticker.Stop()
	asked := false
	for {
		began := s.clock.Now()
		state := s.look(ctx, f)
		if ctx.Err() != nil {
			return
		}
		state.Seen = began
		if f.update(s.clock.Now(), state) || asked {
			s.signal()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
			asked = false
		case <-f.again:
			asked = true
		}
	}
}
