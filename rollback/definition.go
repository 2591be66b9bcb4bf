package rollback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

// Definition is where a Target itself is written: one object of what another Target applies. A Build that has one is built in each tree as
// the object says there, so that a commit which changes the object counts like one that changes the folder.
type Definition struct {
	// By is the Target that applies the object, and Path and Settings render the object alone.
	By       sync.Target
	Path     string
	Settings render.Settings
	// Read tells how the object has its Target built; the error says why that is not known.
	Read func(ctx context.Context, object *render.Object) (sync.Build, error)
	// Elsewhere holds the Target's folder where that is not in the tree of the object: in another repository, or on another branch.
	Elsewhere render.Tree
}

// Render builds what the Target renders in a tree. The error is a *render.Error where it cannot be built.
func (b Build) Render(ctx context.Context, builder *render.Builder, tree render.Tree) (*render.Rendering, error) {
	if b.Definition == nil {
		return builder.Build(ctx, tree, b.Path, b.Settings)
	}
	told, read, err := b.Definition.Of(ctx, builder, tree)
	if err != nil {
		return nil, err
	}
	elsewhere := b.Definition.Elsewhere != nil
	if elsewhere {
		tree = b.Definition.Elsewhere
	}
	closure := func(files []string) []string {
		if elsewhere {
			return read
		}
		all := slices.Concat(read, files)
		slices.Sort(all)
		return slices.Compact(all)
	}
	rendering, err := builder.Build(ctx, tree, told.Path, told.Settings)
	var refusal *render.Error
	switch {
	case errors.As(err, &refusal):
		refused := *refusal
		refused.Files = closure(refusal.Files)
		return nil, &refused
	case err != nil:
		return nil, err
	}
	whole := *rendering
	whole.Files = closure(rendering.Files)
	return &whole, nil
}

// Of is how the object has its Target built in a tree, with the files that this hangs on. The error is a
// *render.Error where a tree does not tell.
func (d *Definition) Of(ctx context.Context, builder *render.Builder, tree render.Tree) (told sync.Build, files []string, err error) {
	written, err := builder.Build(ctx, tree, d.Path, d.Settings)
	if err != nil {
		return told, nil, err
	}
	refuse := func(reason render.Reason, detail string) error {
		return &render.Error{Reason: reason, Path: d.Path, Detail: detail, Files: written.Files}
	}
	if n := len(written.Objects); n != 1 {
		return told, nil, refuse(render.ReasonMissing, fmt.Sprintf("%s is to apply one object that defines the target, and applies %d", d.By, n))
	}
	told, err = d.Read(ctx, &written.Objects[0])
	switch {
	case ctx.Err() != nil:
		return told, nil, context.Cause(ctx)
	case err != nil:
		return told, nil, refuse(render.ReasonUnknown, fmt.Sprintf("how %s has its target built is not known: %v", &written.Objects[0], err))
	}
	return told, written.Files, nil
}

// without leaves out of a difference what other Builds answer for.
func without(d render.Difference, objects []render.ObjectRef) render.Difference {
	if len(objects) == 0 {
		return d
	}
	drop := func(diffs []render.ObjectDiff) []render.ObjectDiff {
		return slices.DeleteFunc(diffs, func(diff render.ObjectDiff) bool {
			return slices.ContainsFunc(objects, func(r render.ObjectRef) bool { return refersTo(r, diff.Object()) })
		})
	}
	d.Added, d.Removed, d.Changed = drop(d.Added), drop(d.Removed), drop(d.Changed)
	return d
}

// refersTo tells whether a reference names an object. One that names no namespace gets it when it is applied.
func refersTo(r render.ObjectRef, o *render.Object) bool {
	group, _, grouped := strings.Cut(o.APIVersion, "/")
	if !grouped {
		group = ""
	}
	return r.Group == group && r.Kind == o.Kind && r.Name == o.Name && (o.Namespace == "" || o.Namespace == r.Namespace)
}

// definitions say in a Proof what it rests on besides the tree.
func (p *planning) definitions() (reason string) {
	for _, b := range p.Builds {
		if d := b.Definition; d != nil {
			reason += fmt.Sprintf("; %s is built as %s has it in each of these commits", b.Target, d.By)
			if d.Elsewhere != nil {
				reason += ", from the folder that it builds elsewhere as that was when it failed"
			}
		}
	}
	return reason
}
