package git

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

const (
	// deepening is by how much each further attempt goes deeper.
	deepening = 4
	// deepest is the last depth that is tried before all of history.
	deepest = 10_000
	// everything asks for all of history.
	everything = math.MaxInt32
	// maxHaves bounds how many commits a fetch names as being here.
	maxHaves = 256
)

// Fetch makes commits present, with their trees. Those that a server does not
// give out by name are looked for in the history of its branches, deeper and
// deeper. [ErrNoCommit] says that the remote has no such commit, or hides it.
func (m *Mirror) Fetch(ctx context.Context, commits ...Hash) (err error) {
	ctx, end := m.operation(ctx, &err, "fetching commits")
	defer end()
	return m.fetch(ctx, commits)
}

func (m *Mirror) fetch(ctx context.Context, commits []Hash) error {
	if len(m.repo.missing(commits)) == 0 {
		return nil
	}
	release, err := m.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	absent := m.repo.missing(commits)
	if len(absent) == 0 {
		return nil
	}
	err = m.fetchExactly(ctx, absent)
	if errors.Is(err, errNotByName) {
		err = m.searchBranches(ctx, commits)
	}
	if err != nil {
		return err
	}
	for _, h := range absent {
		if err := m.pin(h); err != nil {
			return err
		}
	}
	return nil
}

// errNotByName marks a server that gives out the heads of branches only.
var errNotByName = errors.New("the server gives out no commits by name")

// fetchExactly asks for commits by name. The error is errNotByName where that
// settles nothing, ErrNoCommit where the server gives out whatever it has.
func (m *Mirror) fetchExactly(ctx context.Context, commits []Hash) error {
	talk, advertised, err := m.exchange.connect(ctx)
	if err != nil {
		return err
	}
	defer talk.Close()
	if !allowed(advertised, commits) {
		return errNotByName
	}
	err = talk.download(ctx, m.depth, commits...)
	if errors.Is(err, ErrNoCommit) && !advertised.Capabilities.Supports(capability.AllowReachableSHA1InWant) {
		return errNotByName
	}
	return err
}

// allowed reports whether a server says that it gives out these commits.
func allowed(advertised *packp.AdvRefs, commits []Hash) bool {
	if advertised.Capabilities.Supports(capability.AllowReachableSHA1InWant) || advertised.Capabilities.Supports(capability.AllowTipSHA1InWant) {
		return true
	}
	tips := map[Hash]bool{}
	for _, h := range advertised.References {
		tips[h] = true
	}
	for _, h := range commits {
		if !tips[h] {
			return false
		}
	}
	return true
}

// searchBranches fetches ever more history until commits are present: of the
// branches that the mirror follows, then all history of all branches and tags.
func (m *Mirror) searchBranches(ctx context.Context, commits []Hash) error {
	for depth := m.depth * deepening; len(m.repo.missing(commits)) > 0; depth *= deepening {
		talk, advertised, err := m.exchange.connect(ctx)
		if err != nil {
			return err
		}
		wants, err := m.followed(advertised)
		last := depth > deepest || len(wants) == 0
		if last {
			depth, wants = everything, tips(advertised)
		}
		if err == nil && len(wants) > 0 {
			err = talk.download(ctx, depth, wants...)
		}
		talk.Close()
		if err != nil {
			return err
		}
		if absent := m.repo.missing(commits); last && len(absent) > 0 {
			return fmt.Errorf("%w as %s on any branch; it may have been removed by a forced push", ErrNoCommit, absent[0])
		}
	}
	return nil
}

// followed returns where the branches that the mirror holds are at the remote.
func (m *Mirror) followed(advertised *packp.AdvRefs) ([]Hash, error) {
	refs, err := m.repo.refs.all()
	wants := map[Hash]bool{}
	for name := range refs {
		if h, ok := advertised.References[name]; ok {
			wants[h] = true
		}
	}
	return sortedHashes(wants), err
}

// tips returns the commits that branches and tags are at.
func tips(advertised *packp.AdvRefs) []Hash {
	wants := map[Hash]bool{}
	for name, h := range advertised.References {
		if strings.HasPrefix(name, "refs/heads/") || strings.HasPrefix(name, "refs/tags/") {
			wants[h] = true
		}
	}
	return sortedHashes(wants)
}

// History makes present every commit that to has in its history and from has
// not, and from itself. It fetches deeper history of to as long as one is
// missing. [ErrNotAncestor] says that from is not in the history of to.
func (m *Mirror) History(ctx context.Context, branch string, from, to Hash) (err error) {
	ctx, end := m.operation(ctx, &err, "fetching the history of branch %s from %.7s to %.7s", branch, from, to)
	defer end()
	if err := m.fetch(ctx, []Hash{to}); err != nil {
		return err
	}
	for depth := m.depth * deepening; ; depth *= deepening {
		span, err := between(ctx, m.repo, []Hash{to}, []Hash{from})
		if err != nil {
			return err
		}
		if span.met[from] && !span.cut {
			return nil
		}
		if !span.cut {
			return fmt.Errorf("%s: %w of %s", from, ErrNotAncestor, to)
		}
		if depth > deepest {
			depth = everything
		}
		if err := m.deepen(ctx, branch, to, depth); err != nil {
			return err
		}
	}
}

// deepen fetches history down to depth, from a commit where the server gives it
// out by name, else from the head of its branch.
func (m *Mirror) deepen(ctx context.Context, branch string, commit Hash, depth int) error {
	release, err := m.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	talk, advertised, err := m.exchange.connect(ctx)
	if err != nil {
		return err
	}
	defer talk.Close()
	if allowed(advertised, []Hash{commit}) {
		return talk.download(ctx, depth, commit)
	}
	head, ok := advertised.References["refs/heads/"+branch]
	if !ok {
		return absent(advertised)
	}
	return talk.download(ctx, depth, head)
}

// keep pins a head that a branch leaves behind, so that `git gc` spares it.
func (m *Mirror) keep(ctx context.Context, before, head Hash) error {
	if before == (Hash{}) {
		return nil
	}
	span, err := between(ctx, m.repo, []Hash{head}, []Hash{before})
	if err != nil || span.met[before] {
		return err
	}
	return m.pin(before)
}

// pin gives a commit that is on no branch a reference of its own.
func (m *Mirror) pin(h Hash) error {
	return m.repo.refs.set("refs/fetched/"+h.String(), h)
}
