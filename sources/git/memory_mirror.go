package git

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// Mirror returns a mirror of m that is in memory too and starts out empty. It takes
// url for its remote's address, memory://NAME or any other, so that the world sees
// what it would see of a server. An address that is not understood is an error.
func (m *Memory) Mirror(url string, options ...MirrorOption) (*Mirror, error) {
	at, err := parseLocation(url)
	if err != nil {
		return nil, err
	}
	mirror := newMirror(at, options)
	mirror.exclude = alone
	mirror.repo = newRepository(newMemoryObjects(), newMemoryRefs())
	mirror.exchange = &copies{far: m, near: mirror.repo}
	return mirror, nil
}

// alone is the lock of what no other process can reach.
func alone(context.Context) (release func(), err error) { return func() {}, nil }

// copies is the exchange between a mirror and a remote that are in memory: objects,
// which never change, are in both.
type copies struct {
	far  *Memory
	near *Repository
}

// connect implements exchange.
func (c *copies) connect(context.Context) (conversation, *packp.AdvRefs, error) {
	if err := c.far.ask(OpFetch); err != nil {
		return nil, nil, err
	}
	advertised, err := c.far.refs.now().advertised()
	return c, advertised, err
}

// Close implements conversation.
func (c *copies) Close() error { return nil }

// download implements conversation, with all of history.
func (c *copies) download(ctx context.Context, _ int, wants ...Hash) error {
	err := transfer(ctx, c.far.repo, c.near, wants)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNoCommit, err)
	}
	return err
}

// push implements exchange.
func (c *copies) push(ctx context.Context, updates []RefUpdate) error {
	if err := c.far.ask(OpPush); err != nil {
		return err
	}
	if err := checkStale(c.far.Refs(), updates); err != nil {
		return err
	}
	var wants []Hash
	for _, u := range updates {
		if u.New != (Hash{}) {
			wants = append(wants, u.New)
		}
	}
	if err := transfer(ctx, c.near, c.far.repo, wants); err != nil {
		return fmt.Errorf("commits of the mirror: %w", err)
	}
	err := c.far.Update(ctx, updates...)
	if err == nil {
		err = c.far.ask(OpPushed)
	}
	if err != nil {
		return lostRace(ctx, c, err, updates)
	}
	return nil
}

// transfer copies commits that to lacks, with their history. What it has it has
// with all that belongs to it.
func transfer(ctx context.Context, from, to *Repository, wants []Hash) error {
	var commits []*Commit
	seen := map[Hash]bool{}
	for len(wants) > 0 {
		h := wants[len(wants)-1]
		wants = wants[:len(wants)-1]
		if seen[h] || to.present(h) {
			continue
		}
		seen[h] = true
		commit, err := from.Commit(ctx, h)
		if err != nil {
			return err
		}
		commits = append(commits, commit)
		wants = append(wants, commit.Parents...)
	}
	if len(commits) == 0 {
		return ctx.Err()
	}
	hashes, err := gather(ctx, from, commits)
	if err != nil {
		return err
	}
	return to.store.add(ctx, hashes, from.store.get)
}
