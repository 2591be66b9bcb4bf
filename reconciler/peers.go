package reconciler

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// How far back what other Gates showed says something about now: Gates that were verified because of the same batch of commits are at most
// a slow Suite apart. An outage that was already seen is looked at again after its own age, which within the hour is soon enough to count
// it as lasting.
const (
	sameTime  = 15 * time.Minute
	lastsLong = time.Hour
)

// peers are the other Gates of the Environment, as they were while this one failed.
func (l *Loop) peers(ctx context.Context, env *Environment, w *world, open *history.Verification, c *blame.Case) ([]blame.Peer, error) {
	recent, err := l.history.Recent(ctx, env.Name, "", open.Started.Add(-lastsLong))
	if err != nil {
		return nil, err
	}
	of := map[history.Key][]history.Verification{}
	for _, v := range recent {
		if v.Key != w.key && v.Phase != history.Superseded {
			of[v.Key] = append(of[v.Key], v)
		}
	}
	for _, name := range open.Asked {
		key := history.Key{Environment: env.Name, Gate: name}
		of[key] = of[key][:len(of[key]):len(of[key])] // there, though it may be empty
	}
	var peers []blame.Peer
	for _, key := range slices.SortedFunc(maps.Keys(of), func(a, b history.Key) int { return cmp.Compare(a.Gate, b.Gate) }) {
		seen := seenMeanwhile(of[key], open.Started)
		switch asked := slices.Contains(open.Asked, key.Gate); {
		case asked && (seen == nil || !during(*seen, open.Started)):
			peers = append(peers, blame.Peer{Gate: key.Gate, Unchanged: true}) // it has not begun
			continue
		case seen == nil:
			continue
		}
		peer, err := l.peer(ctx, w, *seen, open, c)
		if err != nil {
			return nil, err
		}
		peers = append(peers, peer)
	}
	return peers, nil
}

// seenMeanwhile is which of a Gate's Verifications, newest first, says most about it since a moment: one that failed since then, else one
// that is under way, else one that passed since, else one that failed before and was not seen to pass again. It is nil where nothing is
// known of that time.
func seenMeanwhile(all []history.Verification, since time.Time) *history.Verification {
	var best *history.Verification
	for i, v := range all {
		switch {
		case failedFirst(v) && during(v, since):
			return &all[i]
		case during(v, since):
			if best == nil || v.Verdict == nil {
				best = &all[i]
			}
		case best != nil:
			return best
		case v.Verdict.Outcome == gate.Failed && (v.Finished.After(since.Add(-sameTime)) || v.Cause != nil && v.Cause.Outage):
			return &all[i]
		default: // that it passed before says nothing of an outage that came then
			return nil
		}
	}
	return best
}

// during tells whether a Verification had not ended at a moment.
func during(v history.Verification, since time.Time) bool {
	return v.Finished.IsZero() || v.Finished.After(since)
}

// failedFirst tells whether the Suites of a Verification failed when they ran first, whatever came of it.
func failedFirst(v history.Verification) bool {
	return v.Verdict != nil && (v.Verdict.Outcome == gate.Failed || v.Cause != nil && v.Cause.Kind == blame.Flake)
}

// peer is what a Verification shows of its Gate. A flake that was over before this Gate's Runs began is a pass.
func (l *Loop) peer(ctx context.Context, w *world, v history.Verification, open *history.Verification, c *blame.Case) (blame.Peer, error) {
	p := blame.Peer{Gate: v.Key.Gate, Open: v.Phase == history.Blaming, Failures: 1}
	switch {
	case v.Verdict == nil:
	case failedFirst(v) && (during(v, open.Started) || v.Verdict.Outcome == gate.Failed):
		p.Outcome = gate.Failed
	default:
		p.Outcome = v.Verdict.Outcome
	}
	if p.Outcome == gate.Passed || p.Outcome == gate.Inconclusive {
		return p, nil
	}
	past, err := l.history.Gate(ctx, v.Key)
	if err != nil {
		return p, err
	}
	p.Unchanged = past.Passed != nil && sameState(v.Targets, past.Passed.Targets) && v.Tests.Digest == past.Passed.Tests.Digest
	p.Related = !p.Unchanged && l.related(ctx, w, v, past.Passed, c) || ofItsOwn(v, past, open.Started)
	if p.Related || p.Outcome == "" {
		return p, nil
	}
	p.Failing = blame.FailingCases(*v.Verdict)
	p.Failing = p.Failing[:min(len(p.Failing), mostCases)]
	p.SyncFailed = failedSync(v.Targets) != ""
	if p.Rates, err = l.history.Rates(ctx, v.Key, p.Failing, w.now); err != nil {
		return p, err
	}
	if v.Cause == nil || v.Cause.Kind != blame.Flake {
		p.Failures, err = l.failuresOf(ctx, v)
	}
	return p, err
}

// mostCases bounds of how many failing cases the rates are read; more of them only make a flake less likely still.
const mostCases = 10

// ofItsOwn tells whether a Gate fails for longer than this one may have something to do with, and not because of an outage.
func ofItsOwn(v history.Verification, past history.GateState, since time.Time) bool {
	i := past.Incident
	met := v.Cause != nil && v.Cause.Outage || i != nil && i.Cause != nil && i.Cause.Outage
	return i != nil && i.State == history.Ongoing && i.Opened.Before(since.Add(-lastsLong)) && !met
}

// failuresOf is how often in a row what failed in a Verification was seen to fail: the first time, and in each rerun that ended, since one
// that passes is told as a flake at once.
func (l *Loop) failuresOf(ctx context.Context, v history.Verification) (int, error) {
	runs, err := l.history.Runs(ctx, v.ID)
	if err != nil {
		return 0, err
	}
	ended := map[int]bool{}
	for _, run := range runs {
		if run.Purpose == history.ToRerun {
			before, there := ended[run.Round]
			ended[run.Round] = run.End != "" && (before || !there)
		}
	}
	failures := 1
	for _, all := range ended {
		if all {
			failures++
		}
	}
	return failures, nil
}

// related tells whether a Verification of another Gate has a change in common with the open one: new tests, a Target, or a commit. What
// cannot be traced now may be.
func (l *Loop) related(ctx context.Context, w *world, v history.Verification, passed *history.LastPassed, c *blame.Case) bool {
	if passed == nil || c.Passed == nil {
		return true
	}
	if v.Tests.Digest != passed.Tests.Digest && c.Tests != c.Passed.Tests {
		return true
	}
	var changed []blame.Change
	for _, t := range v.Targets {
		before := find(passed.Targets, t.Target)
		if before != nil && stateOf(*before) == stateOf(t) {
			continue
		}
		if slices.ContainsFunc(c.Changes, func(own blame.Change) bool { return own.Target == t.Target && own.Before != own.After }) {
			return true
		}
		change, err := l.change(ctx, w, t, before)
		if err != nil {
			return true
		}
		changed = append(changed, change)
	}
	own := blame.SuspectsOf(c.Changes)
	return slices.ContainsFunc(blame.SuspectsOf(changed), func(s blame.Suspect) bool {
		return slices.ContainsFunc(own, func(o blame.Suspect) bool { return o.Repository == s.Repository && o.Commit == s.Commit })
	})
}

// toldOf is what a Source tells of a Target of the Environment, whether the Gate names it or not.
func (w *world) toldOf(t sync.Target) sync.State {
	if state, named := w.states[t]; named {
		return state
	}
	for _, state := range w.others() {
		if state.Target == t {
			return state
		}
	}
	return sync.State{Target: t}
}
