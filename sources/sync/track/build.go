package track

import (
	"context"
	"errors"
	"fmt"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// Tree is that of a commit. The error is fetch.ErrUnderway while that is fetched, after which the Target is looked at again.
func (l *Look[T]) Tree(ctx context.Context, url, id string) (*git.TreeFS, error) {
	mirror, err := l.tracker.options.Mirrors.Mirror(url)
	if err != nil {
		return nil, err
	}
	hash, err := git.ParseHash(id)
	if err != nil {
		return nil, fmt.Errorf("commit %q of %s: %w", id, url, err)
	}
	commit, err := l.tracker.fetches.Commit(ctx, mirror, url, hash, l.Item)
	if err != nil {
		return nil, err
	}
	return git.FS(ctx, mirror.Repository(), commit.Tree), nil
}

// Build renders a Revision, and no more at a time than there are processors. The error is that of Tree or of render.Builder,
// *render.Error where it does not build.
func (l *Look[T]) Build(ctx context.Context, at syncs.Revision, settings render.Settings) (*render.Rendering, error) {
	tree, err := l.Tree(ctx, at.URL, at.Commit)
	if err != nil {
		return nil, err
	}
	select {
	case l.tracker.builds <- struct{}{}:
		defer func() { <-l.tracker.builds }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to build: %w", context.Cause(ctx))
	}
	return l.tracker.options.Builder.Build(ctx, tree, at.Path, settings)
}

// Digest is that of what a Revision renders, empty where it does not build here.
func (l *Look[T]) Digest(ctx context.Context, at syncs.Revision, settings render.Settings) (string, error) {
	rendering, err := l.Build(ctx, at, settings)
	var refusal *render.Error
	switch {
	case errors.As(err, &refusal):
		return "", nil
	case err != nil:
		return "", err
	}
	return rendering.Digest, nil
}
