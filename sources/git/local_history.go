package git

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// cutting is history as a client with shallow history will have it. It
// implements Objects, without the commits beyond the cut.
type cutting struct {
	Objects
	had     map[Hash]int // what the client has, by generation
	levels  map[Hash]int // what it wants
	commits []*Commit    // what it lacks
	update  packp.ShallowUpdate
}

// cutHistory works out what a request leads to: which commits to send, and where
// history is cut off (depth generations down, 0 for no limit).
func cutHistory(ctx context.Context, o Objects, request *packp.UploadPackRequest, depth int) (*cutting, error) {
	if depth == 0 && len(request.Shallows) == 0 {
		span, err := between(ctx, o, request.Wants, request.Haves)
		if err != nil {
			return nil, err
		}
		return &cutting{Objects: o, commits: span.commits}, nil
	}
	shallow := map[Hash]bool{}
	for _, h := range request.Shallows {
		shallow[h] = true
	}
	c := &cutting{Objects: o}
	var err error
	c.had, err = descend(ctx, o, request.Haves, func(commit *Commit, _ int) bool { return shallow[commit.Hash] })
	if err != nil {
		return nil, err
	}
	c.levels, err = descend(ctx, o, request.Wants, func(commit *Commit, level int) bool {
		edge := depth > 0 && level >= depth && len(commit.Parents) > 0
		switch {
		case edge:
			c.update.Shallows = append(c.update.Shallows, commit.Hash)
		case shallow[commit.Hash]:
			c.update.Unshallows = append(c.update.Unshallows, commit.Hash)
		}
		if c.had[commit.Hash] == 0 {
			c.commits = append(c.commits, commit)
		}
		return edge
	})
	return c, err
}

// Commit implements Objects.
func (c *cutting) Commit(ctx context.Context, h Hash) (*Commit, error) {
	if c.levels != nil && c.levels[h] == 0 && c.had[h] == 0 {
		return nil, fmt.Errorf("commit %s: %w", h, ErrShallow)
	}
	return c.Objects.Commit(ctx, h)
}

// descend goes from tips to their parents, generation by generation, but not
// below commits at which stop says so. It returns the generation of each, from 1.
// Tips that are not present are passed over.
func descend(ctx context.Context, o Objects, tips []Hash, stop func(commit *Commit, level int) bool) (map[Hash]int, error) {
	levels := map[Hash]int{}
	for level := 1; len(tips) > 0; level++ {
		var parents []Hash
		for _, h := range tips {
			if levels[h] != 0 {
				continue
			}
			commit, err := o.Commit(ctx, h)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			levels[h] = level
			if !stop(commit, level) {
				parents = append(parents, commit.Parents...)
			}
		}
		tips = parents
	}
	return levels, nil
}
