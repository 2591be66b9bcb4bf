package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// Mirrors are the mirrors of a process: one of each repository, however its
// address is spelled. It is safe for concurrent use.
type Mirrors struct {
	dir     string
	auth    func(normalized string) Auth
	clock   clock.PassiveClock
	options []MirrorOption

	mu     sync.Mutex
	shared map[mirrorKey]*sharedMirror
	served map[string]*Memory // by normalized address
}

// mirrorKey tells mirrors apart. The scheme is part of it, so that who writes
// https is never served by what somebody else wrote http for. Mirrors that differ
// by scheme alone share a folder.
type mirrorKey struct{ scheme, normalized string }

// sharedMirror remembers where branches were, so that many who follow one branch
// cost one question.
type sharedMirror struct {
	opening sync.Mutex
	mirror  *Mirror // nil until it could be opened

	turn  chan struct{} // held by who asks the remote
	heads map[string]seenHead
	moved atomic.Pointer[time.Time] // nil: nobody said that it did
}

// good tells whether what was seen at a time still counts for who takes what was
// seen at since.
func (s *sharedMirror) good(at, since time.Time) bool {
	moved := s.moved.Load()
	return !since.IsZero() && !at.Before(since) && (moved == nil || at.After(*moved))
}

type seenHead struct {
	head Hash
	err  error
	at   time.Time
}

// NewMirrors keeps mirrors in folders of dir, which is made when it is needed.
// auth is asked for the credentials of a repository when its mirror is opened, by
// the address as [Normalize] spells it. The options go for all mirrors.
func NewMirrors(dir string, auth func(normalized string) Auth, clock clock.PassiveClock, options ...MirrorOption) *Mirrors {
	return &Mirrors{dir: dir, auth: auth, clock: clock, options: options, shared: map[mirrorKey]*sharedMirror{}, served: map[string]*Memory{}}
}

// Serve has from stand in for the repository at url, memory://NAME or any other,
// however it is spelled: its mirror is in memory, and no server is asked. It must be
// called before the address is first used.
func (m *Mirrors) Serve(url string, from *Memory) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.served[Normalize(url)] = from
}

// Mirror opens the mirror of a repository, or returns the one that is open. The
// remote is not contacted. The errors are those of [OpenMirror], which the next
// call tries again.
func (m *Mirrors) Mirror(url string) (*Mirror, error) {
	shared, err := m.find(url)
	if err != nil {
		return nil, err
	}
	return shared.mirror, nil
}

// Head is where a branch of a repository is; an empty branch is the remote's
// default. What was seen at since or later is good enough, be it a head or an
// error, unless [Mirrors.Moved] was told since. Otherwise the remote is asked, by one of those who want to know while the
// others wait for what it hears; with the zero since each asks for itself. The
// errors are those of [Mirror.DefaultBranch] and [Mirror.Refresh]. An asker that
// gives up keeps its error to itself.
func (m *Mirrors) Head(ctx context.Context, url, branch string, since time.Time) (Hash, error) {
	shared, err := m.find(url)
	if err != nil {
		return Hash{}, err
	}
	select {
	case shared.turn <- struct{}{}:
		defer func() { <-shared.turn }()
	case <-ctx.Done():
		return Hash{}, fmt.Errorf("waiting for somebody else to ask %s for branch %q: %w", shared.mirror, branch, context.Cause(ctx))
	}
	seen, known := shared.heads[branch]
	if known && shared.good(seen.at, since) {
		return seen.head, seen.err
	}
	seen = seenHead{at: m.clock.Now()}
	seen.head, seen.err = ask(ctx, shared.mirror, branch)
	if ctx.Err() == nil {
		shared.heads[branch] = seen
	}
	return seen.head, seen.err
}

// Moved says that branches of a repository moved, however its address is spelled:
// what [Mirrors.Head] saw of them until now is good enough for nobody any more.
func (m *Mirrors) Moved(url string) {
	normalized, now := Normalize(url), m.clock.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, shared := range m.shared {
		if key.normalized == normalized {
			shared.moved.Store(&now)
		}
	}
}

func ask(ctx context.Context, mirror *Mirror, branch string) (head Hash, err error) {
	if branch == "" {
		if branch, err = mirror.DefaultBranch(ctx); err != nil {
			return Hash{}, err
		}
	}
	head, _, err = mirror.Refresh(ctx, branch)
	return head, err
}

// find returns an open mirror. While it is being opened, those of other
// repositories are found all the same.
func (m *Mirrors) find(url string) (*sharedMirror, error) {
	at, err := parseLocation(url)
	if err != nil {
		return nil, err
	}
	key := mirrorKey{at.scheme, Normalize(url)}
	shared, memory := m.place(key)
	shared.opening.Lock()
	defer shared.opening.Unlock()
	if shared.mirror == nil {
		shared.mirror, err = m.open(url, key, memory)
	}
	return shared, err
}

func (m *Mirrors) open(url string, key mirrorKey, memory *Memory) (*Mirror, error) {
	if memory != nil {
		return memory.Mirror(url, m.options...)
	}
	sum := sha256.Sum256([]byte(key.normalized))
	dir := filepath.Join(m.dir, hex.EncodeToString(sum[:8]))
	return OpenMirror(dir, url, m.auth(key.normalized), m.options...)
}

// place returns where a mirror is or will be, and what stands in for its remote.
func (m *Mirrors) place(key mirrorKey) (*sharedMirror, *Memory) {
	m.mu.Lock()
	defer m.mu.Unlock()
	shared, there := m.shared[key]
	if !there {
		shared = &sharedMirror{turn: make(chan struct{}, 1), heads: map[string]seenHead{}}
		m.shared[key] = shared
	}
	return shared, m.served[key.normalized]
}
