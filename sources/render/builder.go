package render

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
)

// Builder builds folders of trees and remembers what it built. It is safe for concurrent use.
type Builder struct {
	key   []byte
	cache *cache
}

// NewBuilder makes a Builder. The key keeps digests and redacted output from revealing what Secrets hold: keep it secret,
// and keep it the same where digests are compared over time. With an empty key the Builder makes up its own, and its
// digests compare only among themselves.
func NewBuilder(key []byte) *Builder {
	if len(key) == 0 {
		key = make([]byte, 32)
		rand.Read(key) // never fails, by its contract
	}
	return &Builder{key: bytes.Clone(key), cache: newCache(cacheBytes)}
}

// Build renders the folder at path in the tree. The same folder with the same settings is not built again while the files
// that the build looked at are unchanged, in this tree or another. An *Error says that this tree cannot be built; other
// errors may pass.
func (b *Builder) Build(ctx context.Context, tree Tree, folder string, s Settings) (*Rendering, error) {
	dir := path.Clean(strings.TrimPrefix(folder, "/"))
	if !fs.ValidPath(dir) {
		return nil, &Error{Reason: ReasonMissing, Path: folder, Detail: "the path leads out of the repository; name a folder inside it"}
	}
	fingerprint, err := s.fingerprint()
	if err != nil {
		return nil, err
	}
	key := cacheKey{dir: dir, settings: fingerprint}
	if known, err := b.cache.find(key, tree); known != nil || err != nil {
		return known.answer(err)
	}
	f := newFilesystem(ctx, tree, &s)
	rendering, err := b.build(f, dir)
	var refusal *Error
	if errors.As(err, &refusal) {
		refusal.Path, refusal.Files = dir, f.seen.files()
	}
	if (err == nil || refusal != nil) && !f.unsettled {
		b.cache.add(key, &outcome{rendering: rendering, refusal: refusal, seen: f.seen})
	}
	return rendering, err
}

// build runs the stages of a build. Kustomize panics on some invalid input.
func (b *Builder) build(f *filesystem, dir string) (rendering *Rendering, err error) {
	defer func() {
		if r := recover(); r != nil {
			rendering, err = nil, &Error{Reason: ReasonInvalid, Detail: fmt.Sprintf("Kustomize panicked: %v", r)}
		}
	}()
	if err := f.enter(dir); err != nil {
		return nil, err
	}
	built, err := f.objects()
	if err != nil {
		return nil, err
	}
	if err := f.ctx.Err(); err != nil {
		return nil, fmt.Errorf("after the build: %w", err)
	}
	if f.settings.Unknown != "" {
		return nil, &Error{Reason: ReasonUnknown, Detail: f.settings.Unknown}
	}
	return b.rendering(f, built)
}

// objects are what the engine makes of the folder.
func (f *filesystem) objects() ([]*resource.Resource, error) {
	if f.settings.Engine == ArgoCD {
		return f.argo()
	}
	built, err := f.kustomize()
	if err != nil {
		return nil, err
	}
	return built.Resources(), postBuild(f.settings, built)
}

// enter makes dir the folder that is built.
func (f *filesystem) enter(dir string) error {
	confirmed, base, err := f.CleanedAbs(path.Join(mount, dir))
	switch {
	case f.stop != nil:
		return f.stop
	case err != nil || base != "":
		return missingFolder()
	}
	if f.build, err = inTree(confirmed.String()); err != nil {
		return fmt.Errorf("enter %s: %w", dir, err)
	}
	if f.settings.Engine != Kustomize {
		return nil
	}
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if f.Exists(path.Join(mount, f.build, name)) {
			return nil
		}
	}
	if f.stop != nil {
		return f.stop
	}
	return missingKustomization()
}
