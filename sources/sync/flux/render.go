package flux

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// rendered is what a Target renders in one state.
type rendered struct {
	state     renderedState
	revisions []syncs.Revision
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
func (s *Source) render(ctx context.Context, l *look, k *kustomization, o origin, p progress) (*rendered, error) {
	state := renderedState{attempt{p.revision, p.origin, k.Generation}, k.built + " " + k.digest, fmt.Sprint(o)}
	if known := l.Remembered.rendered; known != nil && known.state == state {
		return known, nil
	}
	r, err := s.rendering(ctx, l, k, o, p)
	if err != nil {
		return nil, err
	}
	r.state, l.Remembered.rendered = state, r
	return r, nil
}

// rendering builds what a Kustomization renders.
func (s *Source) rendering(ctx context.Context, l *look, k *kustomization, o origin, p progress) (r *rendered, err error) {
	r = &rendered{revisions: o.revisions, build: k.settings()}
	r.build.Ignore, r.build.Unknown = o.ignore, o.unknown
	if err = s.complete(ctx, k, &r.build); err != nil {
		return nil, err
	}
	switch {
	case len(o.revisions) != 1:
		r.digest = k.known(p)
	case o.folders != nil:
		err = k.prove(ctx, l, o, p, r)
	default:
		r.digest, err = l.Digest(ctx, r.revisions[0], r.build)
	}
	return r, err
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

// prove finds which folder of the repository is what Flux built, by Flux's own digest of it. Where it is none, or Flux has not built it
// yet, the build is not known.
func (k *kustomization) prove(ctx context.Context, l *look, o origin, p progress, r *rendered) error {
	plain := r.build
	plain.CommonMetadata = nil // Flux sets it on what it applies, and digests what it builds
	for _, folder := range o.folders {
		at := o.revisions[0]
		at.Path = folder
		rendering, err := l.Build(ctx, at, plain)
		var refusal *render.Error
		switch {
		case errors.As(err, &refusal):
			continue
		case err != nil:
			return err
		}
		sum := sha256.Sum256(rendering.YAML())
		if k.built == p.revision && k.digest == "sha256:"+hex.EncodeToString(sum[:]) {
			r.revisions = []syncs.Revision{at}
			r.digest, err = l.Digest(ctx, at, r.build)
			return err
		}
	}
	r.build.Unknown = "which folder of the repository its source holds is not known"
	return nil
}
