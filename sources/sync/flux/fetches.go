package flux

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/assay-dev/assay/sources/git"
)

// fetches brings commits into the mirrors, for each repository in turn, so that one that does not answer holds up nobody else.
type fetches struct {
	done func(item) // told once a fetch that an item waits for has ended

	mu      sync.Mutex
	ctx     context.Context // of all fetches; nil before begin and after end
	tasks   sync.WaitGroup
	waiting map[string]*fetching // by URL
}

// fetching is one repository from which commits are wanted.
type fetching struct {
	wanted map[git.Hash][]item
	failed map[item]error // of the last attempt for each; told once, and tried again after
}

// soon is why something is not known yet, and will be without being asked for.
type soon string

func (s soon) Error() string { return string(s) }

// errUnderway says that a commit is being fetched.
const errUnderway = soon("its commit is being fetched")

// fetchTimeout bounds one fetch.
const fetchTimeout = 10 * time.Minute

// begin lets fetches begin until ctx ends.
func (f *fetches) begin(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ctx, f.waiting = ctx, map[string]*fetching{}
}

// end waits for the fetches that began, whose ctx has ended.
func (f *fetches) end() {
	f.mu.Lock()
	f.ctx = nil
	f.mu.Unlock()
	f.tasks.Wait()
}

// commit is one of a mirror's. Where it is not here the error is errUnderway, and the item hears of the end; or that of the fetch before.
func (f *fetches) commit(ctx context.Context, mirror *git.Mirror, url string, h git.Hash, by item) (*git.Commit, error) {
	commit, err := mirror.Repository().Commit(ctx, h)
	if !errors.Is(err, git.ErrNotFound) {
		return commit, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx == nil {
		return nil, errUnderway // it has ended
	}
	now := f.waiting[url]
	if now == nil {
		now = &fetching{wanted: map[git.Hash][]item{}, failed: map[item]error{}}
		f.waiting[url] = now
	}
	if err := now.failed[by]; err != nil {
		delete(now.failed, by)
		return nil, err
	}
	idle := len(now.wanted) == 0
	now.wanted[h] = append(now.wanted[h], by)
	if idle {
		fetching := f.ctx
		f.tasks.Go(func() { f.fetch(fetching, mirror, now) })
	}
	return nil, errUnderway
}

// fetch brings what is wanted of one repository, one commit after the other, until nothing is.
func (f *fetches) fetch(ctx context.Context, mirror *git.Mirror, now *fetching) {
	for {
		h, more := f.first(now)
		if !more {
			return
		}
		limited, cancel := context.WithTimeout(ctx, fetchTimeout)
		err := mirror.Fetch(limited, h)
		cancel()
		f.mu.Lock()
		items := now.wanted[h]
		for _, i := range items {
			if err != nil {
				now.failed[i] = fmt.Errorf("fetch %.8s: %w", h, err)
			}
		}
		delete(now.wanted, h)
		f.mu.Unlock()
		for _, i := range items {
			f.done(i)
		}
	}
}

// first is a commit that is wanted. It stays wanted until it was fetched, so that there is one fetch at a time.
func (f *fetches) first(now *fetching) (git.Hash, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for h := range now.wanted {
		return h, true
	}
	return git.Hash{}, false
}
