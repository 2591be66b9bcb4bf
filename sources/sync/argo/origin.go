package argo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/assay-dev/assay/sources/git"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// origin is a source in Git with the commit of it that counts.
type origin struct {
	source
	at syncs.Revision
}

// origins finds the commits of the sources that lie in Git, in their order. The dry source stands in for a hydrated one.
func (s *Source) origins(ctx context.Context, l *look, a *application, p progress) ([]origin, error) {
	if a.hydrator != nil {
		one, err := s.dryOrigin(ctx, l, a, p)
		return []origin{one}, err
	}
	var all []origin
	for i, from := range p.sources {
		if from.Chart != "" {
			continue
		}
		at, err := s.revision(ctx, from, p.revisions[i], p.newest)
		if err != nil {
			return nil, err
		}
		all = append(all, origin{from, at})
	}
	return all, nil
}

// revision is a source at a commit. One that is not known is the newest of what the source followed at a time; the zero time says that it
// is known.
func (s *Source) revision(ctx context.Context, from source, commit string, newest time.Time) (syncs.Revision, error) {
	at := syncs.Revision{Repository: git.Normalize(from.RepoURL), URL: from.RepoURL, Commit: commit, Path: "."}
	if from.Path != "" {
		at.Path = path.Clean(from.Path)
	}
	var err error
	if at.Branch, err = s.branch(ctx, from); err != nil {
		return at, err
	}
	switch {
	case newest.IsZero() && commitID.MatchString(commit):
		return at, nil
	case newest.IsZero() || at.Branch == "":
		return at, fmt.Errorf("which commit of %s %s is, Argo CD does not say", from.RepoURL, from.TargetRevision)
	}
	head, err := s.mirrors.Head(ctx, from.RepoURL, at.Branch, newest)
	at.Commit = head.String()
	return at, err
}

// branch is the one that a source follows; empty when it is pinned to a tag or a commit, by itself or by a range of versions.
func (s *Source) branch(ctx context.Context, from source) (string, error) {
	revision := from.TargetRevision
	if name, found := strings.CutPrefix(revision, "refs/heads/"); found {
		return name, nil
	}
	if commitID.MatchString(revision) || strings.HasPrefix(revision, "refs/tags/") {
		return "", nil
	}
	mirror, err := s.mirrors.Mirror(from.RepoURL)
	if err != nil {
		return "", err
	}
	if revision == "" || revision == "HEAD" {
		return s.refs.defaultBranch(ctx, mirror, from.RepoURL)
	}
	found, err := s.refs.isBranch(ctx, mirror, from.RepoURL, revision)
	if err != nil || !found {
		return "", err
	}
	return revision, nil
}

// dryOrigin is the commit that a hydrated one was made from.
func (s *Source) dryOrigin(ctx context.Context, l *look, a *application, p progress) (origin, error) {
	dry, commit := a.hydrator.dry(), ""
	switch hydrated := p.revisions[0]; {
	case !commitID.MatchString(hydrated):
		commit = a.current.DrySHA
	case hydrated == a.dry.HydratedSHA:
		commit = a.dry.DrySHA
	default:
		var err error
		if commit, err = hydratedFrom(ctx, l, a.hydrator.hydrated(), hydrated); err != nil {
			return origin{}, err
		}
	}
	newest := p.newest
	if commit == "" {
		newest = a.looked()
	}
	at, err := s.revision(ctx, dry, commit, newest)
	return origin{dry, at}, err
}

// hydratedFrom reads the dry commit of a hydrated one from the file that Argo CD commits with it.
func hydratedFrom(ctx context.Context, l *look, from source, commit string) (string, error) {
	tree, err := l.Tree(ctx, from.RepoURL, commit)
	if err != nil {
		return "", err
	}
	for _, name := range []string{path.Join(from.Path, "hydrator.metadata"), "hydrator.metadata"} {
		data, err := fs.ReadFile(tree, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		var made struct {
			DrySHA string `json:"drySha"`
		}
		if err := json.Unmarshal(data, &made); err != nil || !commitID.MatchString(made.DrySHA) {
			return "", fmt.Errorf("%s of the hydrated commit %.8s names no dry commit", name, commit)
		}
		return made.DrySHA, nil
	}
	return "", fmt.Errorf("the hydrated commit %.8s does not say which dry commit it was made from", commit)
}

// goodRevisions are those of the last sync that succeeded whole.
func (s *Source) goodRevisions(ctx context.Context, a *application) ([]syncs.Revision, error) {
	if a.hydrator != nil {
		return nil, nil
	}
	var all []syncs.Revision
	for i, from := range a.good.sources {
		if from.Chart != "" || !commitID.MatchString(a.good.revisions[i]) {
			continue
		}
		at, err := s.revision(ctx, from, a.good.revisions[i], time.Time{})
		if err != nil {
			return nil, err
		}
		all = append(all, at)
	}
	return all, nil
}
