package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Mirrors are the Mirrors of a process: one a repository, however its URL is spelled. It is safe for concurrent use.
type Mirrors struct {
	dir     string
	auth    func(normalized string) Auth
	clock   clock.PassiveClock
	options []MirrorOption

	mu   sync.Mutex
	open map[string]*sharedMirror
}

// sharedMirror remembers where branches were, so that many who follow one branch cost one question.
type sharedMirror struct {
	*Mirror
	mu    sync.Mutex
	heads map[string]seenHead
}

type seenHead struct {
	head Hash
	err  error
	at   time.Time
}

// NewMirrors keeps Mirrors in folders of dir. auth is asked for the credentials of a repository by its normalised URL.
func NewMirrors(dir string, auth func(normalized string) Auth, clock clock.PassiveClock, options ...MirrorOption) *Mirrors {
	return &Mirrors{dir: dir, auth: auth, clock: clock, options: options, open: map[string]*sharedMirror{}}
}

// Mirror opens the Mirror of a repository, or gives the one that is open. The remote is not contacted.
func (m *Mirrors) Mirror(url string) (*Mirror, error) {
	shared, err := m.shared(url)
	if err != nil {
		return nil, err
	}
	return shared.Mirror, nil
}

func (m *Mirrors) shared(url string) (*sharedMirror, error) {
	name := Normalize(url)
	m.mu.Lock()
	defer m.mu.Unlock()
	if shared, there := m.open[name]; there {
		return shared, nil
	}
	sum := sha256.Sum256([]byte(name))
	mirror, err := OpenMirror(filepath.Join(m.dir, hex.EncodeToString(sum[:8])), url, m.auth(name), m.options...)
	if err != nil {
		return nil, err
	}
	shared := &sharedMirror{Mirror: mirror, heads: map[string]seenHead{}}
	m.open[name] = shared
	return shared, nil
}

// Head is where a branch of a repository is. What was seen at or after since is good enough; else the remote is asked, once for all who ask at
// the same time. The zero time always asks. An empty branch is the remote's default.
func (m *Mirrors) Head(ctx context.Context, url, branch string, since time.Time) (Hash, error) {
	shared, err := m.shared(url)
	if err != nil {
		return Hash{}, err
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if seen := shared.heads[branch]; !since.IsZero() && !seen.at.IsZero() && !seen.at.Before(since) {
		return seen.head, seen.err
	}
	seen := seenHead{at: m.clock.Now()}
	name := branch
	if name == "" {
		name, seen.err = shared.DefaultBranch(ctx)
	}
	if seen.err == nil {
		seen.head, _, seen.err = shared.Refresh(ctx, name)
	}
	if ctx.Err() == nil { // an answer that the asker cut short is nobody else's
		shared.heads[branch] = seen
	}
	return seen.head, seen.err
}
