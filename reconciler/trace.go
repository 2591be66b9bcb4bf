package reconciler

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

// changes traces what became of the Targets of a Verification since the Gate last passed.
func (l *Loop) changes(ctx context.Context, w *world, now, passed []history.TargetState) (changes []blame.Change, err error) {
	for _, t := range now {
		change, err := l.change(ctx, w, t, find(passed, t.Target))
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
	}
	for _, t := range passed {
		if find(now, t.Target) == nil {
			changes = append(changes, blame.Change{Target: t.Target, Before: identity(t),
				Untraceable: "it is gone from the gate since the last pass"})
		}
	}
	return changes, nil
}

// change traces what became of one Target since the last pass: through the commits of its sources, and where these do not explain it
// through those of its definition.
func (l *Loop) change(ctx context.Context, w *world, now history.TargetState, before *history.TargetState) (blame.Change, error) {
	c, err := l.sourceChange(ctx, w, now, before)
	if err != nil || before == nil || c.Before == c.After || c.OutsideGit == "" && c.Untraceable == "" {
		return c, err
	}
	return l.redefined(ctx, w, c, now, *before)
}

// sourceChange traces what became of one Target through the commits of its sources.
func (l *Loop) sourceChange(ctx context.Context, w *world, now history.TargetState, before *history.TargetState) (blame.Change, error) {
	c := blame.Change{Target: now.Target, After: identity(now)}
	if before == nil {
		c.Untraceable = "it was not among the gate's targets at the last pass"
		return c, nil
	}
	c.Before = identity(*before)
	if stateOf(now) == stateOf(*before) {
		return c, nil
	}
	if c.Before == c.After { // the same rendering, and one of the two syncs failed
		c.OutsideGit = "it renders the same as at the last pass, and its sync failed: " + now.Reason
		return c, nil
	}
	if len(now.Revisions) != len(before.Revisions) {
		c.Untraceable = "its sources are others than at the last pass"
		return c, nil
	}
	moved := false
	for i, to := range now.Revisions {
		from := before.Revisions[i]
		if from.Repository != to.Repository || from.Branch != to.Branch || from.Path != to.Path {
			c.Untraceable = fmt.Sprintf("it came from %s %s %s at the last pass, and comes from %s %s %s now",
				from.Repository, from.Branch, from.Path, to.Repository, to.Branch, to.Path)
			return c, nil
		}
		if from.Commit == to.Commit {
			continue
		}
		moved = true
		suspects, err := l.suspects(ctx, w, now.Target, from, to)
		var untraceable *rollback.Untraceable
		switch {
		case errors.As(err, &untraceable):
			c.Untraceable = untraceable.Reason
			return c, nil
		case err != nil:
			return c, err
		}
		c.Suspects = append(c.Suspects, suspects...)
	}
	if !moved {
		c.OutsideGit = "its rendering changed at the same commit"
		return c, nil
	}
	same, err := l.rendersStill(ctx, w, *before)
	if err != nil {
		return c, err
	}
	if !same {
		c.OutsideGit = "the commit of the last pass no longer renders what passed: the way it is built has changed"
	}
	return c, nil
}

// identity is what a Target was seen to render: its digest, or where that is not known its commits.
func identity(t history.TargetState) string { return cmp.Or(t.Digest, commitsOf(t)) }

// rendersStill tells whether the state of the last pass, built as the Target is built now, is what passed. Where it was never built here,
// files stand in for it, and there is nothing to compare.
func (l *Loop) rendersStill(ctx context.Context, w *world, before history.TargetState) (bool, error) {
	if before.Digest == "" || len(before.Revisions) != 1 {
		return true, nil
	}
	rendering, err := l.renders(ctx, w, before)
	var refusal *render.Error
	if errors.As(err, &refusal) {
		return false, nil
	}
	return err == nil && rendering.Digest == before.Digest, err
}

// renders builds what a Target of one Revision rendered, as it is built now. The error is a *render.Error where it does not build.
func (l *Loop) renders(ctx context.Context, w *world, at history.TargetState) (*render.Rendering, error) {
	r := at.Revisions[0]
	mirror, err := l.mirrors.Mirror(r.URL)
	if err != nil {
		return nil, err
	}
	hash, err := git.ParseHash(r.Commit)
	if err != nil {
		return nil, err
	}
	repository := mirror.Repository()
	commit, err := repository.Commit(ctx, hash)
	if err != nil {
		return nil, err
	}
	return l.builder.Build(ctx, git.FS(ctx, repository, commit.Tree), r.Path, w.toldOf(at.Target).BuildOf(r))
}

// suspects asks rollback which commits changed what the Target renders.
func (l *Loop) suspects(ctx context.Context, w *world, target sync.Target, from, to sync.Revision) ([]blame.Suspect, error) {
	return l.suspectsIn(ctx, l.build(w.toldOf(target), to), from, to)
}

// suspectsIn asks the same of one way to build.
func (l *Loop) suspectsIn(ctx context.Context, build rollback.Build, from, to sync.Revision) ([]blame.Suspect, error) {
	if to.Branch == "" {
		return nil, &rollback.Untraceable{Reason: "the source is pinned to a tag or a commit; the change is where the pin is written"}
	}
	mirror, err := l.mirrors.Mirror(to.URL)
	if err != nil {
		return nil, err
	}
	good, err := git.ParseHash(from.Commit)
	if err != nil {
		return nil, err
	}
	bad, err := git.ParseHash(to.Commit)
	if err != nil {
		return nil, err
	}
	found, err := rollback.Suspects(ctx, mirror, l.builder, build, to.Branch, good, bad)
	if err != nil {
		return nil, err
	}
	var out []blame.Suspect
	for _, s := range found {
		out = append(out, blame.Suspect{
			Repository: to.Repository, Branch: to.Branch, Commit: s.Commit.Hash.String(), Subject: s.Commit.Subject(),
			Author: s.Commit.Author.Name, When: s.Commit.Author.When, Targets: []sync.Target{build.Target}, Why: s.Why,
		})
	}
	return out, nil
}

// build is how a Target builds one of its Revisions.
func (l *Loop) build(state sync.State, r sync.Revision) rollback.Build {
	return rollback.Build{Target: state.Target, Path: r.Path, Settings: state.BuildOf(r)}
}
