package sync

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// deployAttempts is how often a deployment is tried before its Sync counts as Failed: one that fails for once proves nothing.
const deployAttempts = 3

// deployment is what was deployed last, and how that went.
type deployment struct {
	commit   git.Hash // tried last
	digest   string   // of what it renders
	attempts int
	failure  string    // of the last attempt; empty when it succeeded
	at       time.Time // when it succeeded
}

// bring deploys the head of the Site's branch when it renders something else than what was deployed last. It returns false when the state is
// told already: a deployment failed, is to be tried again, or cannot be.
func (s *Sites) bring(ctx context.Context, f *followed, mirror *git.Mirror, state *State) (done bool) {
	head, err := s.head(ctx, f, mirror)
	if err != nil {
		state.Reason = err.Error()
		return false
	}
	d := &f.deploy
	if d.commit.IsZero() {
		s.adopt(ctx, f, mirror)
	}
	if head == d.commit && d.failure == "" {
		return true
	}
	rendering, err := s.render(ctx, mirror, head, f.site)
	var refusal *render.Error
	switch {
	case errors.As(err, &refusal):
		*d = deployment{commit: head, attempts: deployAttempts, failure: "it does not build: " + refusal.Error()}
		state.Sync = f.sync(head, Failed, "")
		state.Sync.Reason = d.failure
		return false
	case err != nil:
		state.Reason = fmt.Sprintf("what %.8s renders is not known: %v", head, err)
		return false
	}
	if rendering.Digest == d.digest && d.failure == "" {
		d.commit = head // renders the same: nothing to deploy
		return true
	}
	if rendering.Digest != d.digest {
		*d = deployment{digest: rendering.Digest}
	}
	d.commit = head
	if d.attempts < deployAttempts {
		s.deploy(ctx, f, head, rendering)
	}
	switch {
	case d.failure == "":
		return true
	case d.attempts < deployAttempts:
		state.Pending = fmt.Sprintf("%.8s, whose deployment is tried again: %s", head, d.failure)
	default:
		state.Sync = f.sync(head, Failed, rendering.Digest)
		state.Sync.Reason = d.failure
	}
	return false
}

// adopt takes what is live when Assay begins to look as deployed, so that a restart deploys nothing twice. Where the probe cannot tell,
// nothing is.
func (s *Sites) adopt(ctx context.Context, f *followed, mirror *git.Mirror) {
	commit, err := s.live(ctx, f, mirror)
	if err != nil {
		return
	}
	if rendering, err := s.render(ctx, mirror, commit, f.site); err == nil {
		f.deploy = deployment{commit: commit, digest: rendering.Digest}
	}
}

// deploy runs the Site's command for one revision, and has the world know that it is under way.
func (s *Sites) deploy(ctx context.Context, f *followed, head git.Hash, rendering *render.Rendering) {
	f.mu.Lock()
	f.state.Pending = fmt.Sprintf("%.8s", head)
	f.mu.Unlock()
	s.signal()
	spec := f.site.Spec.Deploy
	_, err := s.command(ctx, Command{
		Site: f.site, Tree: f.files(), Folder: path.Dir(f.site.Origin.File), Args: spec.Command, Env: spec.Env,
		Variables: map[string]string{"ASSAY_SITE": f.site.Name(), "ASSAY_REVISION": head.String()},
		Manifests: rendering.YAML(), Timeout: spec.Timeout.Duration,
	})
	f.deploy.attempts++
	f.deploy.failure, f.deploy.at = "", s.clock.Now()
	if err != nil {
		f.deploy.failure = err.Error()
	}
}

// awaitLive tells the state of a Site whose deployment succeeded, and which is not live: something else is (live), or what is live cannot be
// told (err). It may take as long as a deployment may; then the Sync has failed.
func (s *Sites) awaitLive(f *followed, live *Sync, err error, state *State) {
	d := &f.deploy
	why := fmt.Sprint(err)
	if err == nil {
		why = fmt.Sprintf("%.8s is live", live.Revisions[0].Commit)
	}
	if limit := f.site.Spec.Deploy.Timeout.Duration; s.clock.Now().Sub(d.at) >= limit {
		state.Sync = f.sync(d.commit, Failed, d.digest)
		state.Sync.Reason = fmt.Sprintf("deployed, and not live %s later: %s", limit, why)
		return
	}
	state.Pending = fmt.Sprintf("%.8s, which is deployed and not live yet: %s", d.commit, why)
}
