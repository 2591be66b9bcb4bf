package reconciler_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// board is a server that shows statuses.
type board struct {
	mu    sync.Mutex
	shown map[string]gitprovider.CommitStatus // by commit
	said  map[string][]string                 // all that was ever set, by commit
	fails func(commit string) error           // nil is never
}

func newBoard() *board {
	return &board{shown: map[string]gitprovider.CommitStatus{}, said: map[string][]string{}}
}

// boarded is a provider with a board.
type boarded struct {
	gitprovider.Provider
	*board
}

func (p boarded) SetStatus(_ context.Context, commit git.Hash, s gitprovider.CommitStatus) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails != nil {
		if err := p.fails(commit.String()); err != nil {
			return err
		}
	}
	p.shown[commit.String()] = s
	p.said[commit.String()] = append(p.said[commit.String()], fmt.Sprintf("%s: %s", s.State, s.Description))
	return nil
}

func (b *board) at(commit string) (shown gitprovider.CommitStatus, said []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shown[commit], slices.Clone(b.said[commit])
}

func (b *board) fail(with func(commit string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails = with
}

// showOn has the Assay show statuses on a board.
func (a *assay) showOn(b *board) {
	a.with(func(o *reconciler.Options) {
		env := o.Environments[0]
		env.Statuses, env.StatusURL = true, "https://assay.example.com/{environment}/{gate}/{verification}"
		for name, repository := range maps.Clone(env.Writable) {
			repository.Provider = boarded{repository.Provider, b}
			env.Writable[name] = repository
		}
	})
}

// with changes what the Assay is made of, besides what was changed before.
func (a *assay) with(change func(*reconciler.Options)) {
	before := a.adjust
	a.adjust = func(o *reconciler.Options) {
		if before != nil {
			before(o)
		}
		change(o)
	}
}

// shows waits for the status of a commit, and returns it.
func (s *shop) shows(b *board, commit string, state gitprovider.StatusState) (shown gitprovider.CommitStatus) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("status %s of %.8s", state, commit), func() bool {
		shown, _ = b.at(commit)
		return shown.State == state
	})
	return shown
}

func TestVerifiedCommitsGetStatuses(t *testing.T) {
	s, b := newShop(t), newBoard()
	s.showOn(b)
	s.start()
	good := s.deploy("Sell at 7", price("7"))
	passed := s.shows(b, good, gitprovider.StatusSuccess)
	require.Equal(t, "assay/staging/shop", passed.Context)
	v := s.verified("shop", good)
	require.Equal(t, v.Verdict.Reason, passed.Description)
	require.Equal(t, "https://assay.example.com/staging/shop/"+v.ID, passed.URL)
	_, said := b.at(good)
	require.Len(t, said, 2, said)
	require.Equal(t, "Pending: verifying: this gate was never verified", said[0])

	same := s.deploy("Write a README", map[string]string{"README.md": "words"})
	require.Equal(t, fmt.Sprintf("renders the same as %.8s: %s", good, v.Verdict.Reason), s.shows(b, same, gitprovider.StatusSuccess).Description)

	bad := s.deploy("Sell for nothing", price("0"))
	require.Contains(t, s.shows(b, bad, gitprovider.StatusFailure).Description, "Config: ")
}

func TestAServerThatIsDownHoldsUpNothingAndHearsTheLatest(t *testing.T) {
	s, b := newShop(t), newBoard()
	s.showOn(b)
	b.fail(func(string) error { return fmt.Errorf("set status: %w", gitprovider.ErrUnavailable) })
	s.start()
	good := s.deploy("Sell at 7", price("7"))
	s.verified("shop", good)
	bad := s.deploy("Sell for nothing", price("0"))
	s.proposed(history.ProposalOpen)
	require.Empty(t, b.said)

	b.fail(nil)
	s.shows(b, good, gitprovider.StatusSuccess)
	s.shows(b, bad, gitprovider.StatusFailure)
	for _, commit := range []string{good, bad} {
		_, said := b.at(commit)
		require.Len(t, said, 1, "what was overtaken is not told: %v", said)
	}
}

func TestOneCommitThatIsRefusedKeepsNoOtherFromItsStatus(t *testing.T) {
	s, b := newShop(t), newBoard()
	s.showOn(b)
	good := s.config.push("Sell at 7", price("7"))
	b.fail(func(commit string) error {
		if commit == good {
			return fmt.Errorf("no such commit: %w", gitprovider.ErrNotFound)
		}
		return nil
	})
	s.setLive(good)
	s.start()
	s.verified("shop", good)
	s.shows(b, s.deploy("Sell at 8", price("8")), gitprovider.StatusSuccess)
	_, said := b.at(good)
	require.Empty(t, said)
}

func TestPlainRepositoriesAreAskedForNoStatusTwice(t *testing.T) {
	s, b := newShop(t), newBoard()
	s.showOn(b)
	asked := 0
	b.fail(func(string) error { asked++; return fmt.Errorf("plain: %w", gitprovider.ErrUnsupported) })
	s.start()
	s.verified("shop", s.deploy("Sell at 7", price("7")))
	s.verified("shop", s.deploy("Sell at 8", price("8")))
	s.stop()
	require.Equal(t, 1, asked)
}

// TestStatusesSurviveACrash cuts an Assay off while a server takes nothing; what it could not tell, the next one tells once.
func TestStatusesSurviveACrash(t *testing.T) {
	s, b := newShop(t), newBoard()
	s.showOn(b)
	b.fail(func(string) error { return fmt.Errorf("set status: %w", gitprovider.ErrUnavailable) })
	s.start()
	good := s.deploy("Sell at 7", price("7"))
	v := s.verified("shop", good)
	s.stop()

	b.fail(nil)
	s.start()
	s.shows(b, good, gitprovider.StatusSuccess)
	s.stop()
	s.start()
	bad := s.deploy("Sell for nothing", price("0"))
	s.shows(b, bad, gitprovider.StatusFailure)
	_, said := b.at(good)
	require.Equal(t, []string{"Success: " + v.Verdict.Reason}, said, "told once")
}
