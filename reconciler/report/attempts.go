package report

import "time"

// attempts is for tools that report each attempt at a case as an entry of its own (gotestsum, `go test` through a
// rerunner). It holds unsuccessful cases back: further attempts that fail add nothing, one that passes makes the case a
// flaky pass. Only names that failed before are looked up, so a name that passes twice counts twice, and when more names
// fail than are held, the rest counts as it comes: a failure then stays one whatever follows.
type attempts struct {
	to    *recorder
	held  []Case
	index map[string]int // into held
}

func newAttempts(to *recorder) *attempts { return &attempts{to: to, index: map[string]int{}} }

// failed takes an unsuccessful case; key tells it from others.
func (a *attempts) failed(key string, c Case) {
	if _, known := a.index[key]; known {
		return
	}
	if len(a.held) == a.to.limits.FailingCases {
		a.to.add(c)
		return
	}
	a.index[key] = len(a.held)
	c.Message, c.Detail = a.to.bound(c.Message, a.to.limits.Message), a.to.bound(c.Detail, a.to.limits.Detail)
	a.held = append(a.held, c)
}

// passed tells whether the case had failed before and is a flaky pass now; if not, the caller records it.
func (a *attempts) passed(key []byte, d time.Duration) bool {
	i, known := a.index[string(key)]
	if !known {
		return false
	}
	if c := &a.held[i]; c.Status != Passed {
		c.Status, c.Flaky, c.Duration = Passed, true, d
	}
	return true
}

// flush records what is held.
func (a *attempts) flush() {
	for _, c := range a.held {
		a.to.add(c)
	}
	a.held = a.held[:0]
	clear(a.index)
}
