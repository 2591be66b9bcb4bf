package rollback

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// renderer builds trees of one repository.
type renderer struct {
	objects git.Objects
	builder *render.Builder
}

// rendered is what a Build came to in one tree: a Rendering, or the reason why there is none.
type rendered struct {
	*render.Rendering
	refusal *render.Error
}

func (r renderer) render(ctx context.Context, b Build, tree git.Hash) (rendered, error) {
	rendering, err := b.Render(ctx, r.builder, git.FS(ctx, r.objects, tree))
	var refusal *render.Error
	if errors.As(err, &refusal) {
		return rendered{refusal: refusal}, nil
	}
	if err != nil {
		return rendered{}, fmt.Errorf("render %s at tree %s: %w", b.Target, tree, err)
	}
	return rendered{Rendering: rendering}, nil
}

// change is what becomes of a Build from one tree to another.
type change struct {
	build      Build
	difference render.Difference
	// unknown says why the difference is not known; then touched are the paths that changed among those that stand in for it.
	unknown *render.Error
	touched []string
}

// none tells that the Build renders the same in both trees, for sure.
func (c *change) none() bool { return len(c.touched) == 0 && c.difference.Equal() }

// change compares a Build in two trees. Where one of them cannot be built, the files that the build is known to reach stand in.
func (r renderer) change(ctx context.Context, b Build, from, to git.Hash) (*change, error) {
	c := &change{build: b}
	if from == to {
		return c, nil
	}
	before, err := r.render(ctx, b, from)
	if err != nil {
		return nil, err
	}
	after, err := r.render(ctx, b, to)
	if err != nil {
		return nil, err
	}
	switch {
	case before.refusal == nil && after.refusal == nil:
		if before.Digest != after.Digest {
			c.difference = without(render.Compare(before.Rendering, after.Rendering), b.Except)
		}
		return c, nil
	case after.refusal != nil:
		c.unknown = after.refusal
	default:
		c.unknown = before.refusal
	}
	c.touched, err = r.touched(ctx, b, from, to, before, after)
	return c, err
}

// touched lists the paths that differ between two trees and that the Build reaches in one of them.
func (r renderer) touched(ctx context.Context, b Build, from, to git.Hash, before, after rendered) ([]string, error) {
	changes, err := git.Diff(ctx, r.objects, from, to)
	if err != nil {
		return nil, err
	}
	reachBefore, err := reach(ctx, r.objects, b, from, before)
	if err != nil {
		return nil, err
	}
	reachAfter, err := reach(ctx, r.objects, b, to, after)
	if err != nil {
		return nil, err
	}
	var touched []string
	for _, c := range changes {
		if reachBefore.covers(c.Path) || reachAfter.covers(c.Path) {
			touched = append(touched, c.Path)
		}
	}
	return touched, nil
}

// why says for people what changes.
func (c *change) why() string {
	if c.unknown != nil {
		return fmt.Sprintf("changes %s, which %s may render: it cannot be built here (%s)", some(c.touched), c.build.Target, c.unknown)
	}
	return c.summary() + " in " + c.build.Target.String()
}

// summary names what changes.
func (c *change) summary() string {
	if c.unknown != nil {
		return "changes " + some(c.touched) + ", and cannot be built here"
	}
	var parts []string
	add := func(verb string, diffs []render.ObjectDiff) {
		var names []string
		for _, d := range diffs {
			names = append(names, d.Object().String())
		}
		if len(names) > 0 {
			parts = append(parts, verb+" "+some(names))
		}
	}
	add("changes", c.difference.Changed)
	add("adds", c.difference.Added)
	add("removes", c.difference.Removed)
	return strings.Join(parts, ", ")
}

// some names the first few of many.
func some(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
