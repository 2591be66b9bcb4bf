package git

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// Mirror follows a remote repository, and is a bare one itself: on disk
// ([OpenMirror]), or in memory where the remote is ([Memory.Mirror]). It holds the
// branches that were asked for under the names they have there, and as much of
// their history as was needed so far. Reading through [Mirror.Repository] goes on
// while a Mirror writes; writers take turns, also across processes.
//
// What talks to the remote fails with [ErrDenied], [ErrNoRepository],
// [ErrDumbHTTP] or [ErrStalled], besides the errors that its own comment names.
type Mirror struct {
	location location
	exchange exchange
	repo     *Repository
	turn     chan struct{} // held by the goroutine that writes
	// exclude waits until no other process writes.
	exclude func(context.Context) (release func(), err error)
	depth   int
	timeout time.Duration
	idle    time.Duration
}

// MirrorOption changes how a Mirror talks to its remote.
type MirrorOption func(*Mirror)

// WithDepth sets how many generations of commits a fetch brings at once, 50 if
// not set. History brings more where more is asked for.
func WithDepth(commits int) MirrorOption {
	return func(m *Mirror) { m.depth = max(commits, 1) }
}

// WithTimeouts sets after what time a whole operation is given up, and after
// what time without a byte from the server: 10 minutes and 1 minute if not set.
func WithTimeouts(operation, idle time.Duration) MirrorOption {
	return func(m *Mirror) { m.timeout, m.idle = operation, idle }
}

// OpenMirror opens the mirror of the repository at url that is kept in dir. A
// folder that is absent or empty becomes one; a damaged mirror, or one of
// another repository, is emptied to be fetched anew. A folder with anything else in
// it is refused, as is an address that is not understood or credentials that do
// not fit it. The remote is not contacted.
func OpenMirror(dir, url string, auth Auth, options ...MirrorOption) (*Mirror, error) {
	at, err := parseLocation(url)
	if err != nil {
		return nil, err
	}
	m := newMirror(at, options)
	if err := m.open(dir, auth); err != nil {
		return nil, fmt.Errorf("mirror of %s in %s: %w", at, dir, err)
	}
	return m, nil
}

func newMirror(of location, options []MirrorOption) *Mirror {
	m := &Mirror{
		location: of,
		turn:     make(chan struct{}, 1),
		depth:    50,
		timeout:  10 * time.Minute,
		idle:     time.Minute,
	}
	for _, option := range options {
		option(m)
	}
	return m
}

// open makes m a mirror on disk.
func (m *Mirror) open(path string, auth Auth) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	remote, err := newRemote(m.location, auth, m.idle)
	if err != nil {
		return err
	}
	if err := claim(path); err != nil {
		return err
	}
	dir := mirrorDir{path, m.location}
	m.exclude = dir.lock
	ctx, cancel := context.WithTimeout(context.Background(), m.timeout)
	defer cancel()
	release, err := m.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	if m.repo, err = dir.prepare(ctx); err != nil {
		return err
	}
	m.repo.turn = m.lock
	m.exchange = &packs{dir: path, of: m.location, remote: remote, repo: m.repo}
	return nil
}

// Repository reads what the mirror holds.
func (m *Mirror) Repository() *Repository { return m.repo }

// String is the remote's address without credentials.
func (m *Mirror) String() string { return m.location.String() }

// Refs asks the remote for its references whose full name begins with prefix
// ("refs/heads/", or "" for all). What an annotated tag is of stands under its
// name and "^{}". An empty repository has none.
func (m *Mirror) Refs(ctx context.Context, prefix string) (refs map[string]Hash, err error) {
	ctx, end := m.operation(ctx, &err, "listing the references")
	defer end()
	talk, advertised, err := m.exchange.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer talk.Close()
	refs = map[string]Hash{}
	for name, h := range advertised.References {
		if strings.HasPrefix(name, prefix) {
			refs[name] = h
		}
	}
	for name, h := range advertised.Peeled {
		if strings.HasPrefix(name, prefix) {
			refs[name+"^{}"] = h
		}
	}
	return refs, nil
}

// DefaultBranch asks the remote which branch its HEAD names. The error is
// [ErrEmpty] for a repository without commits, [ErrNoBranch] where HEAD names no
// branch that exists.
func (m *Mirror) DefaultBranch(ctx context.Context) (branch string, err error) {
	ctx, end := m.operation(ctx, &err, "finding the default branch")
	defer end()
	talk, advertised, err := m.exchange.connect(ctx)
	if err != nil {
		return "", err
	}
	defer talk.Close()
	if len(advertised.References) == 0 {
		return "", ErrEmpty
	}
	if branch := defaultBranch(advertised); branch != "" {
		return branch, nil
	}
	return "", fmt.Errorf("HEAD: %w", ErrNoBranch)
}

// Refresh asks the remote where branch is, which is all that happens while it
// does not move. When it has moved since the mirror last looked (moved), the new
// commits are fetched. [ErrNoBranch] says that the branch is deleted or was never
// there, and, together with [ErrEmpty], that the repository has no commits yet.
func (m *Mirror) Refresh(ctx context.Context, branch string) (head Hash, moved bool, err error) {
	ctx, end := m.operation(ctx, &err, "refreshing branch %s", branch)
	defer end()
	return m.refresh(ctx, "refs/heads/"+branch)
}

// refresh asks where a reference is.
func (m *Mirror) refresh(ctx context.Context, name string) (head Hash, moved bool, err error) {
	talk, advertised, err := m.exchange.connect(ctx)
	if err != nil {
		return Hash{}, false, err
	}
	defer talk.Close()
	head, ok := advertised.References[name]
	if !ok {
		return Hash{}, false, absent(advertised)
	}
	if known, err := m.repo.refs.get(name); err == nil && known == head {
		return head, false, nil
	}
	release, err := m.lock(ctx)
	if err != nil {
		return Hash{}, false, err
	}
	defer release()
	moved, err = m.follow(ctx, talk, advertised, name, head)
	return head, moved, err
}

// follow brings the reference name to head. The lock is held.
func (m *Mirror) follow(ctx context.Context, talk conversation, advertised *packp.AdvRefs, name string, head Hash) (moved bool, err error) {
	known, err := m.repo.refs.get(name)
	if err != nil || known == head {
		return false, err
	}
	if !m.repo.present(head) {
		if err := talk.download(ctx, m.depth, head); err != nil {
			return false, err
		}
	}
	if err := m.keep(ctx, known, head); err != nil {
		return false, err
	}
	if err := m.dropDeleted(advertised); err != nil {
		return false, err
	}
	if err := m.repo.refs.set(name, head); err != nil {
		return false, err
	}
	if branch := defaultBranch(advertised); branch != "" {
		// For people and programs that look into the mirror by themselves.
		return true, m.repo.refs.pointHEAD(branch)
	}
	return true, nil
}

// dropDeleted lets go of branches that the remote has deleted, whose names may be
// in the way of new ones. Their commits are kept.
func (m *Mirror) dropDeleted(advertised *packp.AdvRefs) error {
	refs, err := m.repo.refs.all()
	if err != nil {
		return err
	}
	for name, h := range refs {
		_, there := advertised.References[name]
		if there || !strings.HasPrefix(name, "refs/heads/") {
			continue
		}
		if err := m.pin(h); err != nil {
			return err
		}
		if err := m.repo.refs.swap(name, h, Hash{}); err != nil {
			return err
		}
	}
	return nil
}

// absent is the error for a branch that is not among the references.
func absent(advertised *packp.AdvRefs) error {
	if len(advertised.References) == 0 {
		return fmt.Errorf("%w: %w", ErrNoBranch, ErrEmpty)
	}
	return ErrNoBranch
}

// defaultBranch is what HEAD names. Servers that do not say so are guessed at:
// the usual names first, if they are where HEAD is.
func defaultBranch(advertised *packp.AdvRefs) string {
	for _, symref := range advertised.Capabilities.Get("symref") {
		if branch, ok := strings.CutPrefix(symref, "HEAD:refs/heads/"); ok {
			return branch
		}
	}
	for _, usual := range []string{"main", "master"} {
		h, ok := advertised.References["refs/heads/"+usual]
		if ok && advertised.Head != nil && h == *advertised.Head {
			return usual
		}
	}
	return ""
}

// operation bounds everything that talks to the remote. What it returns ends
// it, and adds to an error what was being done to which remote.
func (m *Mirror) operation(ctx context.Context, err *error, doing string, args ...any) (context.Context, func()) {
	ctx, cancel := context.WithTimeoutCause(ctx, m.timeout, fmt.Errorf("%w: gave up after %s", ErrStalled, m.timeout))
	return ctx, func() {
		if *err != nil {
			*err = fmt.Errorf("%s of %s: %w", fmt.Sprintf(doing, args...), m.location, explain(ctx, *err))
		}
		cancel()
	}
}

// lock waits until no other goroutine or process writes to the mirror.
func (m *Mirror) lock(ctx context.Context) (release func(), err error) {
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another fetch: %w", context.Cause(ctx))
	}
	others, err := m.exclude(ctx)
	if err != nil {
		<-m.turn
		return nil, err
	}
	return func() { others(); <-m.turn }, nil
}

// explain replaces the transports' errors by those of this package.
func explain(ctx context.Context, err error) error {
	if hidden := (*plumbing.UnexpectedError)(nil); errors.As(err, &hidden) {
		err = hidden.Err // it has no Unwrap
	}
	switch {
	case ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)):
		return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed):
		return fmt.Errorf("%w, check the credentials: %w", ErrDenied, err)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fmt.Errorf("%w, check the URL and what the credentials may see", ErrNoRepository)
	}
	return err
}
