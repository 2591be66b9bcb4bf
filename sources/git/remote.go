package git

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// Errors of remotes, to be found with errors.Is.
var (
	// ErrNoBranch: the remote has no such branch (deleted, or never there).
	ErrNoBranch = errors.New("no such branch")
	// ErrEmpty: the remote repository holds no commit at all.
	ErrEmpty = errors.New("the repository is empty")
	// ErrNoCommit: the remote does not give out that commit.
	ErrNoCommit = errors.New("no such commit")
	// ErrStale: a ref that was to be pushed is not where it was expected.
	ErrStale = errors.New("the remote ref has moved")
	// ErrRejected: the remote takes no such update, because the branch is protected
	// or a hook says no.
	ErrRejected = errors.New("the remote rejected the update")
	// ErrDenied: the remote refused the credentials, or asks for some.
	ErrDenied = errors.New("access denied")
	// ErrNoRepository: there is no repository at the URL, or it hides from these
	// credentials.
	ErrNoRepository = errors.New("repository not found")
	// ErrDumbHTTP: the server only serves files, it does not speak Git.
	ErrDumbHTTP = errors.New("the server does not speak Git's smart HTTP protocol")
	// ErrStalled: the server fell silent.
	ErrStalled = errors.New("the connection stalled")
)

// remote opens conversations with one repository. Each is about fetching or
// about pushing, begins with the advertised refs, and is closed by the caller.
type remote interface {
	fetching(ctx context.Context) (fetchSession, error)
	pushing(ctx context.Context) (pushSession, error)
}

type fetchSession interface {
	AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error)
	UploadPack(ctx context.Context, request *packp.UploadPackRequest) (*packp.UploadPackResponse, error)
	io.Closer
}

type pushSession interface {
	AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error)
	ReceivePack(ctx context.Context, request *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error)
	io.Closer
}

// maxListing is the longest list of references that is read, in bytes: about a
// million of them.
const maxListing = 64 << 20

// listing reads a list of references and fails where it goes on for too long.
type listing struct {
	from io.Reader
	left int
}

func (l *listing) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, fmt.Errorf("the server lists more than %d bytes of references", maxListing)
	}
	n, err := l.from.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// newRemote returns the transport for l.
func newRemote(l location, auth Auth, idle time.Duration) (remote, error) {
	switch l.scheme {
	case "file":
		return localRemote{path: l.path}, nil
	case "memory":
		return nil, errors.New("no repository in memory goes by that name here: use https, http, ssh, file or a path")
	}
	auth = auth.at(l)
	roots, err := auth.roots()
	if err != nil {
		return nil, err
	}
	proxy, err := auth.proxy()
	if err != nil {
		return nil, err
	}
	d := &dialer{idle: idle, proxy: proxy, tls: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	if l.scheme == "ssh" {
		return newSSHRemote(l, auth, d)
	}
	return newHTTPRemote(l, auth, d)
}
