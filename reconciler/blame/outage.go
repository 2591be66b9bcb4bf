package blame

import (
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
)

// An outage is many Gates that fail at the same time though nothing that changed is common to them. Three is the least that is many: two commits that
// break two Gates within the same minutes are rare, but do happen in a batch, and a third one, where commits break one Gate in ten, is a
// thousand times rarer than an outage that takes all of them. Half of those that ran is the least share, because in an Environment of a hundred Gates
// three failures at a time are an ordinary day.
const fewestGates = 3

// outage is step 3, before any rerun: what passes again once a short outage is over would else be learnt as a flake.
func (i *inquiry) outage() *Decision {
	o := i.others()
	if !o.many(len(o.failing)) {
		if o.passing > 0 {
			i.note("not an outage: %d other gates that share no change with this one ran meanwhile, and %d of them failed", o.ran(), len(o.failing))
		}
		return nil
	}
	return i.outageOf("an outage: %d of the %d gates that ran at the same time failed, and share no change: %s, and this one",
		len(o.failing)+1, o.ran()+1, strings.Join(o.failing, ", "))
}

// awaitOthers keeps Config from being said while other Gates are not told yet, which together with those that are would make an outage. It is bounded
// by the Gate's deadline.
func (i *inquiry) awaitOthers() *Decision {
	o := i.others()
	until := i.FailedAt.Add(i.Gate.Spec.Deadline.Duration)
	if len(o.open) == 0 || !o.many(len(o.failing)+len(o.open)) || !i.Now.Before(until) {
		return nil
	}
	return i.await(until, "it may be an outage: %s, which share no change with this gate, are not told yet (waiting until %s at the latest)",
		strings.Join(o.open, ", "), until.UTC().Format(time.TimeOnly))
}

// others are the Gates that share no change with this one.
type others struct {
	passing int
	failing []string // by more than what their flake rates explain
	open    []string // that may turn out to be failing
}

func (i *inquiry) others() (o others) {
	for _, p := range i.Peers {
		switch {
		case p.Related:
		case p.Outcome == gate.Failed && p.flaky() <= unlikely:
			o.failing = append(o.failing, p.Gate)
		case p.Outcome == "", p.Outcome == gate.Failed && p.Open:
			o.open = append(o.open, p.Gate)
		case p.Outcome == gate.Passed:
			o.passing++
		}
	}
	return o
}

// ran counts those whose Runs are evidence.
func (o others) ran() int { return o.passing + len(o.failing) }

// many tells whether so many failing Gates, besides this one, would be an outage.
func (o others) many(failing int) bool {
	return failing+1 >= fewestGates && 2*(failing+1) >= o.passing+failing+1
}

// unlikely is the chance below which a Gate's failure is not put down to flakes when outages are looked for. The Gate asks for far more before it
// blames a commit; here, two others must be as unlikely at the same time.
const unlikely = 0.05

// flaky is the chance that all that fails in the Gate are flakes. Cases count as independent; where they are not, an outage is what they share.
func (p Peer) flaky() float64 {
	switch {
	case p.SyncFailed:
		return 0
	case len(p.Failing) == 0: // a condition that does not hold
		return Rate{}.Chance(p.Failures)
	}
	chance := 1.0
	for _, id := range p.Failing {
		chance *= p.Rates[id].Chance(p.Failures)
	}
	return chance
}
