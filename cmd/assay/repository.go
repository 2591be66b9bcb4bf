package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/sources/git"
)

// repositoryFlags say which repository a command works on.
type repositoryFlags struct {
	location    string
	credentials string
}

func addRepository(cmd *cobra.Command, f *repositoryFlags, def string) {
	cmd.Flags().StringVar(&f.location, "repo", def, "repository: a `folder`, bare or not, or a URL, which is mirrored in the user's cache")
	cmd.Flags().StringVar(&f.credentials, "credentials", "",
		"`folder` with the credentials for a URL, in files as Flux names them: "+strings.Join(settings.CredentialFiles, ", "))
}

// repository is one on this disk, or a mirror of a remote one.
type repository struct {
	*git.Repository
	mirror *git.Mirror // nil for a local one
}

// open opens the repository. A remote one is mirrored in a cache of its own, never in the current folder.
func (f repositoryFlags) open() (*repository, error) {
	if f.local() {
		repo, err := git.Open(f.location)
		if err != nil {
			return nil, unusable(err)
		}
		return &repository{Repository: repo}, nil
	}
	var auth git.Auth
	if f.credentials != "" {
		read, err := settings.ReadCredentials(f.credentials)
		if err != nil {
			return nil, unusable(err)
		}
		auth = read.Git(f.location)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, unusable(fmt.Errorf("find a place for the mirror of %s: %w", git.Redact(f.location), err))
	}
	mirrors := git.NewMirrors(filepath.Join(cache, "assay", "mirrors"), func(string) git.Auth { return auth }, clock.RealClock{})
	mirror, err := mirrors.Mirror(f.location)
	if err != nil {
		return nil, unusable(err)
	}
	return &repository{Repository: mirror.Repository(), mirror: mirror}, nil
}

// local tells a folder from a URL, as git clone does: what is there is a folder, whatever it looks like.
func (f repositoryFlags) local() bool {
	if _, err := os.Stat(f.location); err == nil {
		return true
	}
	host, _, colon := strings.Cut(f.location, ":")
	return !colon || strings.Contains(host, "/")
}

// commit finds the commit that a revision names, and makes it present.
func (r *repository) commit(ctx context.Context, rev string) (*git.Commit, error) {
	if r.mirror != nil {
		name, steps := rev, ""
		if at := strings.IndexAny(rev, "~^"); at >= 0 {
			name, steps = rev[:at], rev[at:]
		}
		found, err := r.fetch(ctx, name)
		if err != nil {
			return nil, unusable(fmt.Errorf("revision %q of %s: %w", rev, r.mirror, err))
		}
		rev = found + steps
	}
	hash, err := r.Resolve(ctx, rev)
	if err != nil {
		return nil, unusable(err)
	}
	commit, err := r.Commit(ctx, hash)
	return commit, unusable(err)
}

// fetch asks the remote for what a name stands for, and returns how the mirror knows it.
func (r *repository) fetch(ctx context.Context, name string) (string, error) {
	if hash, err := git.ParseHash(name); err == nil {
		return name, r.mirror.Fetch(ctx, hash)
	}
	refs, err := r.mirror.Refs(ctx, "refs/")
	if err != nil {
		return "", err
	}
	for _, full := range []string{name, "refs/tags/" + name, "refs/heads/" + name} {
		hash, there := refs[full]
		branch, isBranch := strings.CutPrefix(full, "refs/heads/")
		switch {
		case there && isBranch:
			head, _, err := r.mirror.Refresh(ctx, branch)
			return head.String(), err
		case there:
			return hash.String(), r.mirror.Fetch(ctx, hash)
		}
	}
	branch, err := r.mirror.DefaultBranch(ctx)
	if err != nil {
		return "", err
	}
	head, _, err := r.mirror.Refresh(ctx, branch)
	if err != nil || name == "HEAD" || name == "@" {
		return head.String(), err
	}
	if _, err := r.Resolve(ctx, name); errors.Is(err, git.ErrNotFound) {
		return "", fmt.Errorf("it is no branch or tag, and no commit that is known here: give all 40 digits of a commit: %w", err)
	}
	return name, nil
}
