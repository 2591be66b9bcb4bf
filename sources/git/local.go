package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// localRemote is a repository on a disk of this machine. It is read and written
// by this process, without a git program; hooks are not run.
type localRemote struct{ path string }

func (r localRemote) fetching(context.Context) (fetchSession, error) { return r.open() }

func (r localRemote) pushing(context.Context) (pushSession, error) { return r.open() }

func (r localRemote) open() (*localSession, error) {
	at, err := findLayout(r.path)
	var repo *Repository
	if err == nil {
		repo, err = at.open()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: open %s: %w", ErrNoRepository, r.path, err)
	}
	return &localSession{at, repo}, nil
}

// localSession plays the server's side of a conversation.
type localSession struct {
	at   layout
	repo *Repository
}

func (s *localSession) Close() error { return s.repo.Close() }

func (s *localSession) AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error) {
	advertised := packp.NewAdvRefs()
	for _, c := range []capability.Capability{capability.Shallow, capability.AllowReachableSHA1InWant, capability.ReportStatus, capability.DeleteRefs} {
		if err := advertised.Capabilities.Set(c); err != nil {
			return nil, err
		}
	}
	refs, err := s.repo.refs.all()
	if err != nil {
		return nil, err
	}
	advertised.References = refs
	for name, h := range refs {
		if commit, err := s.repo.peel(h); err == nil && commit != h {
			advertised.Peeled[name] = commit
		}
	}
	branch, err := s.checkedOut()
	if h, ok := refs[branch]; ok {
		advertised.Head = &h
		err = advertised.AddReference(plumbing.NewSymbolicReference(plumbing.HEAD, plumbing.ReferenceName(branch)))
	}
	return advertised, err
}

// checkedOut returns the full name of the branch that HEAD names.
func (s *localSession) checkedOut() (string, error) {
	head, err := os.ReadFile(filepath.Join(s.at.gitDir, "HEAD"))
	name, _ := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: ")
	return name, err
}

// UploadPack sends what the request wants and does not have, down to its depth.
func (s *localSession) UploadPack(ctx context.Context, request *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	for _, want := range request.Wants {
		if _, err := s.repo.Commit(ctx, want); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoCommit, err)
		}
	}
	depth, _ := request.Depth.(packp.DepthCommits)
	cut, err := cutHistory(ctx, s.repo, request, int(depth))
	if err != nil {
		return nil, err
	}
	hashes, err := gather(ctx, cut, cut.commits)
	if err != nil {
		return nil, err
	}
	response := packp.NewUploadPackResponseWithPackfile(request, packing(ctx, s.repo.store.get, hashes))
	response.ShallowUpdate = cut.update
	return response, nil
}

// ReceivePack stores the objects and moves the references, each by itself.
func (s *localSession) ReceivePack(ctx context.Context, request *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	if request.Packfile != nil {
		defer request.Packfile.Close()
		if _, err := receivePack(ctx, s.at.objects(), request.Packfile); err != nil {
			return nil, err
		}
	}
	var errs []error
	for _, command := range request.Commands {
		errs = append(errs, s.update(command))
	}
	return nil, errors.Join(errs...)
}

func (s *localSession) update(command *packp.Command) error {
	branch, err := s.checkedOut()
	if err != nil {
		return err
	}
	if worktree := filepath.Base(s.at.gitDir) == ".git"; worktree && branch == command.Name.String() {
		return fmt.Errorf("%s is checked out in %s, whose files a push would not change: push to a bare repository", command.Name, filepath.Dir(s.at.gitDir))
	}
	return s.repo.refs.swap(command.Name.String(), command.Old, command.New)
}
