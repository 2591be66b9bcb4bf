package sync

import (
	"errors"
	"time"

	"github.com/assay-dev/assay/sources/git"
)

// Trials is what a Source offers besides when some of its Targets can be tried at another commit than the one that they follow, for a
// while: those whose State says Triable. A trial lives as long as the process at most; after a restart every Target follows what it always
// did.
type Trials interface {
	// Try begins to bring a Target to a commit of its repository, in the name of by, and returns at once: State.Trial tells how far it got.
	// Asked again for the same, it changes nothing. The error is ErrTaken while somebody else tries the Target.
	Try(t Target, commit git.Hash, by string) error
	// Release ends all trials in a name: the Targets go back to what they follow.
	Release(by string)
}

// ErrTaken says that somebody else tries a Target.
var ErrTaken = errors.New("another trial is under way")

// Trial is a Target that is at another commit than the one that it follows, or on its way there. State.Sync stays what it was before.
type Trial struct {
	Commit string
	// By is in whose name it takes place.
	By string
	// Since is when it began.
	Since time.Time
	// Live says that the commit is what is live; until then Reason says what it waits for.
	Live   bool
	Reason string
	// Overtaken says that what the Target follows has moved meanwhile, and where to: the trial is of no use any more.
	Overtaken string
}
