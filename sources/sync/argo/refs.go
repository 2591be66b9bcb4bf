package argo

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
)

const (
	// refsAge is how long what a repository said of its branches, or that it said nothing, is taken for true.
	refsAge = time.Minute
	// refsLimit bounds how long it is asked.
	refsLimit = 20 * time.Second
)

// references remembers what repositories say of their branches, since every Application of one asks the same.
type references struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	known map[string]*told // by URL and what was asked
}

// told is one answer, or the question that is under way.
type told struct {
	once   sync.Once
	asked  time.Time
	answer string
	err    error
}

func newReferences(clock clock.PassiveClock) *references {
	return &references{clock: clock, known: map[string]*told{}}
}

// ask asks a repository, or takes a young answer. Those who ask the same at the same time wait for one answer.
func (r *references) ask(ctx context.Context, key string, question func(context.Context) (string, error)) (string, error) {
	now := r.clock.Now()
	r.mu.Lock()
	known := r.known[key]
	if known == nil || now.Sub(known.asked) > refsAge {
		known = &told{asked: now}
		r.known[key] = known
	}
	r.mu.Unlock()
	known.once.Do(func() {
		limited, cancel := context.WithTimeout(ctx, refsLimit)
		defer cancel()
		known.answer, known.err = question(limited)
	})
	return known.answer, known.err
}

func (r *references) defaultBranch(ctx context.Context, mirror *git.Mirror, url string) (string, error) {
	return r.ask(ctx, url, mirror.DefaultBranch)
}

// isBranch tells whether a name is a branch's. A tag of the same name does not count, as Argo CD has it.
func (r *references) isBranch(ctx context.Context, mirror *git.Mirror, url, name string) (bool, error) {
	ref := "refs/heads/" + name
	answer, err := r.ask(ctx, url+" "+ref, func(ctx context.Context) (string, error) {
		refs, err := mirror.Refs(ctx, ref)
		if err != nil {
			return "", err
		}
		if _, found := refs[ref]; found {
			return ref, nil
		}
		return "", nil
	})
	return answer != "", err
}
