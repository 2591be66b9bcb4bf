package blame

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
)

// An outage is many Gates that fail at the same time though nothing that changed is common to them. Three is the least that is many: two
// commits that break two Gates within the same minutes are rare, but do happen in a batch, and a third one, where commits break one Gate in
// ten, is a thousand times rarer than an outage that takes all of them. Half of those that ran is the least share, because in an
// Environment of a hundred Gates three failures at a time are an ordinary day. A Gate for which nothing changed since it passed is as good
// as a control Suite: it has nothing but the environment to fail for, and counts for as many.
const fewestGates = 3

// outage is step 3, before any rerun: what passes again once a short outage is over would else be learnt as a flake.
func (i *inquiry) outage() *Decision {
	o := i.others()
	if !o.many(o.failing) {
		if o.passing > 0 {
			i.note("not an outage: %d other gates that share no change with this one ran meanwhile, and %d of them failed",
				o.ran(), len(o.failing.gates))
		}
		return nil
	}
	return i.outageOf("an outage: %d of the %d gates that ran at the same time failed, and share no change: %s, and this one",
		len(o.failing.gates)+1, o.ran()+1, strings.Join(o.failing.gates, ", "))
}

// awaitOthers keeps Config from being said while other Gates are not told yet, which together with those that are would make an outage. It
// is bounded by the Gate's deadline.
func (i *inquiry) awaitOthers() *Decision {
	o := i.others()
	if !o.many(o.failing.with(o.open)) {
		return nil
	}
	return i.awaitOpen(o, "it may be an outage: others, which share no change with this gate, are not told yet")
}

// awaitOpen waits for Gates that are not told yet, until the Gate's deadline after the failure.
func (i *inquiry) awaitOpen(o others, why string, args ...any) *Decision {
	until := i.FailedAt.Add(i.Gate.Spec.Deadline.Duration)
	if len(o.open.gates) == 0 || !i.Now.Before(until) {
		return nil
	}
	return i.await(until, "%s: %s (waiting until %s at the latest)",
		fmt.Sprintf(why, args...), strings.Join(o.open.gates, ", "), until.UTC().Format(time.TimeOnly))
}

// others are the Gates that share no change with this one.
type others struct {
	passing int
	failing group // by more than what their flake rates explain
	open    group // that may turn out to be failing
}

// group is some Gates, with what they weigh when it comes to how many are many.
type group struct {
	gates  []string
	weight int
}

func (g group) with(o group) group {
	return group{gates: slices.Concat(g.gates, o.gates), weight: g.weight + o.weight}
}

func (g *group) add(p Peer) {
	g.gates = append(g.gates, p.Gate)
	g.weight++
	if p.Unchanged {
		g.weight = max(g.weight, fewestGates)
	}
}

func (i *inquiry) others() (o others) {
	for _, p := range i.Peers {
		switch {
		case p.Related:
		case p.Outcome == gate.Failed && p.flaky() <= unlikely:
			o.failing.add(p)
		case p.Outcome == "", p.Outcome == gate.Failed && p.Open:
			o.open.add(p)
		case p.Outcome == gate.Passed:
			o.passing++
		}
	}
	return o
}

// ran counts those whose Runs are evidence.
func (o others) ran() int { return o.passing + len(o.failing.gates) }

// many tells whether some failing Gates, and this one, would be an outage.
func (o others) many(failing group) bool {
	n := len(failing.gates) + 1
	return failing.weight+1 >= fewestGates && 2*n >= o.passing+n
}

// unlikely is the chance below which a Gate's failure is not put down to flakes when outages are looked for. The Gate asks for far more
// before it blames a commit; here, two others must be as unlikely at the same time.
const unlikely = 0.05

// flaky is the chance that all that fails in the Gate are flakes. Cases count as independent; where they are not, an outage is what they
// share.
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
