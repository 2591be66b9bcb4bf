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

// deployment is what was deployed last, and how that went.
type deployment struct {
	commit  git.Hash  // tried last
	digest  string    // of what it renders; empty when it does not build
	began   time.Time // when it was tried first, or was live no more; zero while it is live
	failure string    // of the last attempt; empty when it succeeded
}

// bring deploys the head of the Site's branch when it renders something else than what was deployed last. A deployment that fails is tried
// again at each look, for as long as it takes. It returns false when the state is told already: a deployment failed, or cannot be.
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
		*d = deployment{commit: head, failure: "it does not build: " + refusal.Error()}
		state.Sync = f.sync(head, Failed, "")
		state.Sync.Reason, state.Sync.Failure = d.failure, BuildFailed
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
		*d = deployment{digest: rendering.Digest, began: s.clock.Now()}
	}
	d.commit = head
	s.announce(f)
	s.deploy(ctx, f, rendering)
	if d.failure != "" {
		state.Pending = f.pending(DeployFailed, "its deployment is tried again: "+d.failure)
		return false
	}
	return true
}

// pending is the Sync of the deployment that is under way, with what it has come to if it never ends.
func (f *followed) pending(failure Failure, why string) *Sync {
	p := f.sync(f.deploy.commit, Failed, f.deploy.digest)
	p.At, p.Reason, p.Failure = f.deploy.began, why, failure
	return p
}

// announce has the world know that a deployment is under way.
func (s *Sites) announce(f *followed) {
	under := f.pending(DeployFailed, "its deployment is under way")
	f.mu.Lock()
	f.state.Pending = under
	f.mu.Unlock()
	s.signal()
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

// deploy runs the Site's command for one revision.
func (s *Sites) deploy(ctx context.Context, f *followed, rendering *render.Rendering) {
	spec := f.site.Spec.Deploy
	_, err := s.command(ctx, Command{
		Site: f.site, Tree: f.files(), Folder: path.Dir(f.site.Origin.File), Args: spec.Command, Env: spec.Env,
		Variables: map[string]string{"ASSAY_SITE": f.site.Name(), "ASSAY_REVISION": f.deploy.commit.String()},
		Manifests: rendering.YAML(), Timeout: spec.Timeout.Duration,
	})
	f.deploy.failure = ""
	if err != nil {
		f.deploy.failure = err.Error()
	}
}

// awaitLive tells the state of a Site whose deployment succeeded, and which is not live: something else is (live), or what is live cannot
// be told (err).
func (s *Sites) awaitLive(f *followed, live *Sync, err error, state *State) {
	if f.deploy.began.IsZero() {
		f.deploy.began = s.clock.Now()
	}
	why := "it is deployed and not live: " + fmt.Sprint(err)
	if err == nil {
		why = fmt.Sprintf("it is deployed and not live: %.8s is", live.Revisions[0].Commit)
	}
	state.Pending = f.pending(NotHealthy, why)
}
