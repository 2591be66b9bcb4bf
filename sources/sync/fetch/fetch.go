// Package fetch brings commits into mirrors for those who look at many Targets at a time. In goes a commit that somebody wants to look at;
// out comes the commit, or that it is being fetched, and then the word when it is worth to look again. One repository that does not answer
// holds up nobody who needs another. It never tries anything again by itself.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/assay-dev/assay/sources/git"
)

// Queue fetches what is wanted of each repository in turn. T names who wants it. It is safe for concurrent use.
type Queue[T comparable] struct {
	done func(T)

	mu      sync.Mutex
	ctx     context.Context // Run's, while it lasts
	tasks   sync.WaitGroup
	waiting map[string]*wanted[T] // by URL
}

// wanted is what is to be fetched from one repository.
type wanted[T comparable] struct {
	mirror  *git.Mirror
	commits map[git.Hash][]T
	failed  map[T]error // of the last attempt for each; told once, and tried again after
}

// ErrUnderway says that a commit is being fetched.
var ErrUnderway = errors.New("its commit is being fetched")

// limit bounds one fetch.
const limit = 10 * time.Minute

// New makes a Queue that tells done who should look again.
func New[T comparable](done func(T)) *Queue[T] {
	return &Queue[T]{done: done, waiting: map[string]*wanted[T]{}}
}

// Run lets fetches begin until ctx ends, and waits for those that did.
func (q *Queue[T]) Run(ctx context.Context) {
	q.mu.Lock()
	q.ctx = ctx
	for _, early := range q.waiting {
		q.begin(early)
	}
	q.mu.Unlock()
	<-ctx.Done()
	q.mu.Lock()
	q.ctx = nil
	q.mu.Unlock()
	q.tasks.Wait()
}

// Commit is one of a mirror's. Where it is not here the error is ErrUnderway, and whoever asks hears of the end; or that of the fetch
// before.
func (q *Queue[T]) Commit(ctx context.Context, mirror *git.Mirror, url string, h git.Hash, by T) (*git.Commit, error) {
	commit, err := mirror.Repository().Commit(ctx, h)
	if !errors.Is(err, git.ErrNotFound) {
		return commit, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.waiting[url]
	if now == nil {
		now = &wanted[T]{mirror: mirror, commits: map[git.Hash][]T{}, failed: map[T]error{}}
		q.waiting[url] = now
	}
	if err := now.failed[by]; err != nil {
		delete(now.failed, by)
		return nil, err
	}
	idle := len(now.commits) == 0
	now.commits[h] = append(now.commits[h], by)
	if idle {
		q.begin(now)
	}
	return nil, ErrUnderway
}

// begin has what is wanted of a repository fetched. Before Run, and after it, that waits.
func (q *Queue[T]) begin(now *wanted[T]) {
	if lasting := q.ctx; lasting != nil {
		q.tasks.Go(func() { q.fetch(lasting, now) })
	}
}

// fetch brings what is wanted of one repository, one commit after the other, until nothing is.
func (q *Queue[T]) fetch(ctx context.Context, now *wanted[T]) {
	for {
		h, more := q.first(now)
		if !more {
			return
		}
		limited, cancel := context.WithTimeout(ctx, limit)
		err := now.mirror.Fetch(limited, h)
		cancel()
		q.mu.Lock()
		waiting := now.commits[h]
		for _, who := range waiting {
			if err != nil {
				now.failed[who] = fmt.Errorf("fetch %.8s: %w", h, err)
			}
		}
		delete(now.commits, h)
		q.mu.Unlock()
		for _, who := range waiting {
			q.done(who)
		}
	}
}

// first is a commit that is wanted. It stays wanted until it was fetched, so that there is one fetch at a time.
func (q *Queue[T]) first(now *wanted[T]) (git.Hash, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for h := range now.commits {
		return h, true
	}
	return git.Hash{}, false
}
