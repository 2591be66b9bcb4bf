package flux

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

// rendered is what a Target renders in one state.
type rendered struct {
	state     renderedState
	revisions []sync.Revision
	build     render.Settings
	// digest is empty where it cannot be built here.
	digest string
}

// renderedState is what the rendering hangs on. Flux's own digest of it moves when the values of variables do.
type renderedState struct {
	attempt
	built string // by Flux: its digest, and the revision that it is of
	from  string // the origin, with what the source itself says
}

// render builds what a Kustomization renders, unless it is known already. The error is fetch.ErrUnderway while the commit is fetched.
func (s *Source) render(ctx context.Context, i item, t *tracked, k *kustomization, o origin, p progress) (r *rendered, err error) {
	state := renderedState{attempt{p.revision, p.origin, k.Generation}, k.built + " " + k.digest, fmt.Sprint(o)}
	if t.rendered != nil && t.rendered.state == state {
		return t.rendered, nil
	}
	r = &rendered{state: state, revisions: o.revisions, build: k.settings()}
	r.build.Ignore, r.build.Unknown = o.ignore, o.unknown
	if err = s.complete(ctx, k, &r.build); err != nil {
		return nil, err
	}
	switch {
	case len(o.revisions) != 1:
		r.digest = k.known(p)
	case o.folders != nil:
		err = s.prove(ctx, i, k, o, p, r)
	default:
		r.digest, err = s.digest(ctx, i, r.revisions[0], r.build)
	}
	if err != nil {
		return nil, err
	}
	t.rendered = r
	return r, nil
}

// complete adds what a build takes from the cluster.
func (s *Source) complete(ctx context.Context, k *kustomization, build *render.Settings) error {
	variables, unknown, err := s.variables(ctx, k)
	switch {
	case err != nil:
		return err
	case unknown != "":
		build.Unknown = unknown
	case variables != nil:
		build.PostBuild.From = variables
	}
	return nil
}

// known is the state by Flux's own digest, or where that is of another one by the revision of the artifact. It stands in where a Target is
// built from more than one repository, or from none.
func (k *kustomization) known(p progress) string {
	if k.digest != "" && k.built == p.revision {
		return "flux:" + k.digest
	}
	return "flux:" + p.revision
}

// digest is that of what a Revision renders, empty where it does not build here.
func (s *Source) digest(ctx context.Context, i item, at sync.Revision, build render.Settings) (string, error) {
	rendering, err := s.build(ctx, i, at, build)
	var refusal *render.Error
	switch {
	case errors.As(err, &refusal):
		return "", nil
	case err != nil:
		return "", err
	}
	return rendering.Digest, nil
}

// prove finds which folder of the repository is what Flux built, by Flux's own digest of it. Where it is none, or Flux has not built it
// yet, the build is not known.
func (s *Source) prove(ctx context.Context, i item, k *kustomization, o origin, p progress, r *rendered) error {
	plain := r.build
	plain.CommonMetadata = nil // Flux sets it on what it applies, and digests what it builds
	for _, folder := range o.folders {
		at := o.revisions[0]
		at.Path = folder
		rendering, err := s.build(ctx, i, at, plain)
		var refusal *render.Error
		switch {
		case errors.As(err, &refusal):
			continue
		case err != nil:
			return err
		}
		sum := sha256.Sum256(rendering.YAML())
		if k.built == p.revision && k.digest == "sha256:"+hex.EncodeToString(sum[:]) {
			r.revisions = []sync.Revision{at}
			r.digest, err = s.digest(ctx, i, at, r.build)
			return err
		}
	}
	r.build.Unknown = "which folder of the repository its source holds is not known"
	return nil
}

// build renders a Revision, and no more at a time than there are processors.
func (s *Source) build(ctx context.Context, i item, at sync.Revision, build render.Settings) (*render.Rendering, error) {
	mirror, err := s.mirrors.Mirror(at.URL)
	if err != nil {
		return nil, err
	}
	hash, err := git.ParseHash(at.Commit)
	if err != nil {
		return nil, err
	}
	commit, err := s.fetches.Commit(ctx, mirror, at.URL, hash, i)
	if err != nil {
		return nil, err
	}
	select {
	case s.builds <- struct{}{}:
		defer func() { <-s.builds }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to build: %w", context.Cause(ctx))
	}
	return s.builder.Build(ctx, git.FS(ctx, mirror.Repository(), commit.Tree), at.Path, build)
}
