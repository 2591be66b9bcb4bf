package reconciler

import (
	"sync"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
)

// answers are what providers last said of open Proposals. A pass is taken whenever anything changes, and must not cost a question each
// time.
type answers struct {
	mu sync.Mutex
	of map[string]answer // by the Proposal's ID
}

type answer struct {
	at     time.Time
	asked  question
	status rollback.State
	calls  attention
	err    error
}

// question is the Proposal as it was when it was asked about: what nobody knew of a planned one says nothing of the open one that it
// became.
type question struct {
	state  history.ProposalState
	number int64
	head   string
}

func questionOf(p history.Proposal) question { return question{p.State, p.Number, p.Head} }

func newAnswers() *answers { return &answers{of: map[string]answer{}} }

// get is what was last heard of a Proposal as it is now.
func (a *answers) get(p history.Proposal) (answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, there := a.of[p.ID]
	return known, there && known.asked == questionOf(p)
}

func (a *answers) put(p history.Proposal, heard answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	heard.asked = questionOf(p)
	a.of[p.ID] = heard
}

func (a *answers) forget(p history.Proposal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.of, p.ID)
}

// forgetAll has everything asked anew.
func (a *answers) forgetAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.of)
}
