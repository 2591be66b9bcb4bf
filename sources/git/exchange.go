package git

import (
	"context"
	"io"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// exchange is how a mirror and its remote give each other what they lack: as packs
// (*packs), or, where both are in memory, object by object (*copies).
type exchange interface {
	// connect opens a conversation about fetching, which the caller closes, and
	// listens to what the remote has.
	connect(ctx context.Context) (conversation, *packp.AdvRefs, error)
	// push moves references of the remote, all of which must be at Old, and sends
	// what this takes.
	push(ctx context.Context, updates []RefUpdate) error
}

// conversation is about fetching.
type conversation interface {
	// download makes commits present, with no less than depth generations of
	// history as far as there are so many.
	download(ctx context.Context, depth int, wants ...Hash) error
	io.Closer
}
