package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// trial is what somebody wants to see live on a Site for a while.
type trial struct {
	commit git.Hash
	by     string
	since  time.Time
}

func (t *trial) told(reason string) *Trial {
	return &Trial{Commit: t.commit.String(), By: t.by, Since: t.since, Reason: reason}
}

// triable tells whether the Site lets itself be brought to other commits of its branch.
func (f *followed) triable() bool {
	deploy := f.site.Spec.Deploy
	return deploy != nil && deploy.Bisect && f.site.Spec.Repository.Revision == ""
}

// Try implements Trials.
func (s *Sites) Try(t Target, commit git.Hash, by string) error {
	f := s.site(t)
	if f == nil || !f.triable() {
		return fmt.Errorf("%s is no site that may be bisected", t)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.trial != nil && f.trial.by != by:
		return ErrTaken
	case f.trial != nil && f.trial.commit == commit:
		return nil
	}
	f.trial, f.away = &trial{commit: commit, by: by, since: s.clock.Now()}, true
	f.state.Trial = f.trial.told("it is about to be deployed")
	f.lookAgain()
	return nil
}

// Release implements Trials.
func (s *Sites) Release(by string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.sites {
		f.release(by, s.clock.Now())
	}
}

// release has nobody take the Site for what it was before the trial until it was seen to be that again.
func (f *followed) release(by string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.trial == nil || f.trial.by != by {
		return
	}
	f.trial, f.state.Trial = nil, nil
	if home := f.state.Sync; home != nil {
		back := *home
		back.Outcome, back.At, back.Reason, back.Failure = Failed, now, "it goes back to what it follows, after another commit was tried", DeployFailed
		f.state.Sync, f.state.Pending = nil, &back
	}
	f.lookAgain()
}

func (f *followed) lookAgain() {
	select {
	case f.again <- struct{}{}:
	default:
	}
}

// wanted is the trial that the Site is to be in; nil for none.
func (f *followed) wanted() *trial {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trial
}

// stale tells whether a state was looked for before a trial began, was changed or ended, which f.mu guards.
func (f *followed) stale(next State) bool {
	if f.trial == nil || next.Trial == nil {
		return f.trial != nil || next.Trial != nil
	}
	return next.Trial.By != f.trial.by || next.Trial.Commit != f.trial.commit.String()
}

// tryOut brings the commit of a trial live in place of the branch's head, and tells how far that is.
func (s *Sites) tryOut(ctx context.Context, f *followed, mirror *git.Mirror, t *trial, state *State) {
	state.Trial = t.told("")
	if f.home == "" {
		f.home = f.deploy.digest
	}
	state.Trial.Overtaken = s.overtaken(ctx, f, mirror)
	if d := &f.deploy; d.commit != t.commit || d.failure != "" {
		if err := mirror.Fetch(ctx, t.commit); err != nil {
			state.Trial.Reason = err.Error()
			return
		}
		rendering, err := s.render(ctx, mirror, t.commit, f.site)
		if err != nil {
			state.Trial.Reason = err.Error()
			return
		}
		*d = deployment{commit: t.commit, digest: rendering.Digest, began: s.clock.Now()}
		if s.deploy(ctx, f, rendering); d.failure != "" {
			state.Trial.Reason = "its deployment is tried again: " + d.failure
			return
		}
	}
	live, err := s.seeLive(ctx, f, mirror)
	switch {
	case err != nil:
		state.Trial.Reason = "it is deployed and not live: " + err.Error()
	case live.Digest != f.deploy.digest:
		state.Trial.Reason = fmt.Sprintf("it is deployed and not live: %.8s is", live.Revisions[0].Commit)
	default:
		state.Trial.Live = true
	}
}

// overtaken says where the branch has moved to since it was last followed; empty where that renders what it did, or is not known.
func (s *Sites) overtaken(ctx context.Context, f *followed, mirror *git.Mirror) string {
	head, err := s.head(ctx, f, mirror)
	if err != nil {
		return ""
	}
	rendering, err := s.render(ctx, mirror, head, f.site)
	var refusal *render.Error
	if err != nil && !errors.As(err, &refusal) || err == nil && rendering.Digest == f.home {
		return ""
	}
	return fmt.Sprintf("%.8s is the newest commit of %s", head, f.branch)
}
