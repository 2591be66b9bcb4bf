package reconciler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

// redefinition is a Target whose state follows from commits, at the last pass as at the failure, when how it is built is read where the
// Target itself is written.
type redefinition struct {
	build rollback.Build
	// written is where that is, and from and to are its commits of the two states.
	written  sync.Revision
	from, to git.Hash
	// together says that the Target's folder is on the same branch, so that each commit of it is a state of both.
	together bool
	// passed and failed are the trees of the folder where that is elsewhere.
	passed, failed render.Tree
}

// redefinition finds what explains two states of a Target, each by what it was seen to render: the commits that were seen may be of a
// moment at which the Target was not yet what its definition says. It is nil where nothing explains both.
func (l *Loop) redefinition(ctx context.Context, w *world, now, before history.TargetState) (*redefinition, error) {
	told := w.toldOf(now.Target)
	if told.Definition == nil || before.Definition == nil || before.Digest == "" || len(now.Revisions) != 1 || len(before.Revisions) != 1 {
		return nil, nil
	}
	d, then, own, was := told.Definition, before.Definition.Revision, now.Revisions[0], before.Revisions[0]
	if d.By != before.Definition.By || !sameBranch(d.Revision, then) || d.Revision.Path != then.Path || !sameBranch(own, was) {
		return nil, nil
	}
	r := &redefinition{written: d.Revision, together: sameBranch(own, d.Revision)}
	r.build = rollback.Build{Target: now.Target, Path: own.Path, Settings: told.BuildOf(own), Definition: &rollback.Definition{
		By: d.By, Path: d.Revision.Path, Settings: d.Build, Read: l.reader(w, now.Target, own.Repository),
	}}
	froms, tos := []string{then.Commit}, []string{d.Revision.Commit}
	if now.Definition != nil && now.Definition.By == d.By && sameBranch(now.Definition.Revision, d.Revision) {
		tos = append(tos, now.Definition.Revision.Commit)
	}
	var err error
	if r.together {
		froms, tos = append([]string{was.Commit}, froms...), append([]string{own.Commit}, tos...)
	} else if r.passed, err = l.treeOf(ctx, was.URL, was.Commit); err == nil {
		r.failed, err = l.treeOf(ctx, own.URL, own.Commit)
	}
	if err != nil {
		return nil, gone(err)
	}
	r.build.Definition.Elsewhere = r.passed
	if r.from, err = l.explains(ctx, r, froms, before, nil); err != nil || r.from.IsZero() {
		return nil, err
	}
	r.build.Definition.Elsewhere = r.failed
	if r.to, err = l.explains(ctx, r, tos, now, &sync.Build{Path: own.Path, Settings: told.BuildOf(own)}); err != nil || r.to.IsZero() {
		return nil, err
	}
	return r, nil
}

// explains is the first of some commits of the definition at which it has the Target render what was seen; zero where there is none. A
// state that does not build, and is not known by its digest, is known by how it is built.
func (l *Loop) explains(ctx context.Context, r *redefinition, commits []string, seen history.TargetState, build *sync.Build) (git.Hash, error) {
	for _, id := range commits {
		tree, err := l.treeOf(ctx, r.written.URL, id)
		if err != nil {
			if gone(err) == nil {
				continue
			}
			return git.Hash{}, err
		}
		rendering, err := r.build.Render(ctx, l.builder, tree)
		var refusal *render.Error
		switch {
		case errors.As(err, &refusal):
			if seen.Digest != "" || build == nil {
				continue
			}
			told, _, err := r.build.Definition.Of(ctx, l.builder, tree)
			if errors.As(err, &refusal) {
				continue
			}
			if err != nil {
				return git.Hash{}, err
			}
			if same, err := sameBuild(told, *build); err != nil || !same {
				return git.Hash{}, err
			}
		case err != nil:
			return git.Hash{}, err
		case rendering.Digest != seen.Digest:
			continue
		}
		return git.ParseHash(id)
	}
	return git.Hash{}, nil
}

// reader asks the Target's Source what an object says.
func (l *Loop) reader(w *world, target sync.Target, repository string) func(context.Context, *render.Object) (sync.Build, error) {
	return func(ctx context.Context, object *render.Object) (told sync.Build, err error) {
		err = errors.New("no source of its kind can tell")
		for _, source := range l.environments[w.key.Environment].sources() {
			definitions, can := source.(sync.Definitions)
			if !can {
				continue
			}
			if told, err = definitions.Defined(ctx, target, object); err == nil {
				break
			}
		}
		if err == nil && told.Repository != repository {
			err = fmt.Errorf("it comes from %s there, and from %s now", told.Repository, repository)
		}
		return told, err
	}
}

// treeOf is the tree of a commit, which is fetched where it is not there.
func (l *Loop) treeOf(ctx context.Context, url, id string) (render.Tree, error) {
	mirror, err := l.mirrors.Mirror(url)
	if err != nil {
		return nil, err
	}
	hash, err := git.ParseHash(id)
	if err != nil {
		return nil, err
	}
	if err := mirror.Fetch(ctx, hash); err != nil {
		return nil, err
	}
	commit, err := mirror.Repository().Commit(ctx, hash)
	if err != nil {
		return nil, err
	}
	return git.FS(ctx, mirror.Repository(), commit.Tree), nil
}

// gone leaves out that a commit is there no more, which explains nothing.
func gone(err error) error {
	if errors.Is(err, git.ErrNoCommit) {
		return nil
	}
	return err
}

// redefined traces a change that the folder's own commits do not explain through those of the definition, where these do. Otherwise the
// change stays as it is.
func (l *Loop) redefined(ctx context.Context, w *world, c blame.Change, now, before history.TargetState) (blame.Change, error) {
	r, err := l.redefinition(ctx, w, now, before)
	if err != nil || r == nil {
		return c, err
	}
	var suspects []blame.Suspect
	if own, was := now.Revisions[0], before.Revisions[0]; !r.together && own.Commit != was.Commit {
		if suspects, err = l.suspects(ctx, w, now.Target, was, own); untraceable(err) {
			return c, nil
		} else if err != nil {
			return c, err
		}
	}
	build, from, to := r.build, r.written, r.written
	build.Definition.Elsewhere = r.passed
	from.Commit, to.Commit = r.from.String(), r.to.String()
	found, err := l.suspectsIn(ctx, build, from, to)
	switch {
	case untraceable(err):
		return c, nil
	case err != nil:
		return c, err
	}
	for i := range found {
		found[i].Definition = true
	}
	if suspects = append(suspects, found...); len(suspects) == 0 {
		return c, nil
	}
	c.Suspects, c.OutsideGit, c.Untraceable = suspects, "", ""
	return c, nil
}

// definedIn are the Targets of the Gate that are written in a Proposal's repository, where one of its suspects was found by that. What was
// found so is reverted only while it is known how a Target is built before and after.
func (l *Loop) definedIn(ctx context.Context, w *world, p history.Proposal, suspects []blame.Suspect) (map[sync.Target]*redefinition, error) {
	if !byDefinition(suspects) {
		return nil, nil
	}
	defined := map[sync.Target]*redefinition{}
	for t := range w.states {
		now, before := find(w.past.Final.Targets, t), find(w.past.Passed.Targets, t)
		if now == nil || before == nil {
			continue
		}
		r, err := l.redefinition(ctx, w, *now, *before)
		if err != nil {
			return nil, err
		}
		if r != nil && r.written.Repository == p.Repository && r.written.Branch == p.Base {
			r.build.Good = r.from
			defined[t] = r
		}
	}
	for _, s := range suspects {
		if s.Definition && !slices.ContainsFunc(s.Targets, func(t sync.Target) bool { return defined[t] != nil }) {
			return nil, &rollback.Refusal{Rule: "unknown-targets", Later: true, Reason: fmt.Sprintf(
				"%.8s changed how %s is built, and what applies that cannot be held against it at present", s.Commit, s.Targets[0])}
		}
	}
	return defined, nil
}

// definitionsIn are the objects of a Build that define Targets of the Gate.
func definitionsIn(b rollback.Build, defined map[sync.Target]*redefinition) (objects []render.ObjectRef) {
	for _, r := range defined {
		if d := r.build.Definition; d.By == b.Target && r.written.Path == b.Path {
			objects = append(objects, d.Settings.Only...)
		}
	}
	return objects
}

func untraceable(err error) bool {
	var u *rollback.Untraceable
	return errors.As(err, &u)
}

func sameBranch(a, b sync.Revision) bool { return a.Repository == b.Repository && a.Branch == b.Branch }

// sameBuild compares what is told of two builds by what it would be written as.
func sameBuild(a, b sync.Build) (bool, error) {
	x, errX := json.Marshal(a.Settings)
	y, errY := json.Marshal(b.Settings)
	return a.Path == b.Path && bytes.Equal(x, y), errors.Join(errX, errY)
}

// byDefinition tells whether one of some Suspects was found where a Target is written.
func byDefinition(suspects []blame.Suspect) bool {
	return slices.ContainsFunc(suspects, func(s blame.Suspect) bool { return s.Definition })
}
