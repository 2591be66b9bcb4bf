package simulate

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Result is what came of a simulation: a Tally for each Scenario, and one in all.
type Result struct {
	Seed      uint64  `json:"seed"`
	Scenarios []Tally `json:"scenarios"`
	All       Tally   `json:"all"`
	// Missed are the goals that were missed, for people.
	Missed []string `json:"missed,omitempty"`
}

// Tally counts what Assay did, against the truth.
type Tally struct {
	Scenario  string      `json:"scenario"`
	Breakages int         `json:"breakages"`
	Kinds     []KindTally `json:"kinds"`
	// Config are the breakages that commits brought.
	Config ConfigTally `json:"config"`
	// Single are the commits of Proposals with one culprit; ByItself those of them that Assay may merge by itself.
	Single   RevertTally `json:"single"`
	ByItself RevertTally `json:"byItself"`
	// Several are Proposals with several culprits, which were not told apart.
	Several SeveralTally `json:"several"`
	// Flakes are failures with nothing to blame.
	Flakes FlakeTally `json:"flakes"`
	// ToProposal and ToRecovery are of the breakages that ended in a Proposal with the culprit, in seconds from when they were live.
	ToProposal Quantiles `json:"toProposal"`
	ToRecovery Quantiles `json:"toRecovery"`
	Runs       int       `json:"runs"`
	Reruns     int       `json:"reruns"`
	Passes     int       `json:"passes"`
	// Reasons are what breakages of configuration without a Proposal ended in, most frequent first.
	Reasons []ReasonTally `json:"reasons,omitempty"`
	// Violations of what must always hold.
	Violations []Violation `json:"violations,omitempty"`

	toProposal, toRecovery []time.Duration
}

// KindTally counts the breakages of one true cause by how they ended.
type KindTally struct {
	Kind      string         `json:"kind"`
	Breakages int            `json:"breakages"`
	Endings   map[string]int `json:"endings"`
}

// ConfigTally counts breakages of configuration by how they ended.
type ConfigTally struct {
	Breakages int `json:"breakages"`
	// Proposed in a Proposal with the culprit, alone or among several.
	Proposed int `json:"proposed"`
	// Explained by a reason that names what is missing or in the way.
	Explained int `json:"explained"`
	// Overtaken by people before there was a Verdict that counts.
	Overtaken int `json:"overtaken"`
	// Missed otherwise.
	Missed int `json:"missed"`
}

// RevertTally counts commits that were proposed for revert, and the innocent among them.
type RevertTally struct {
	Commits int      `json:"commits"`
	Bad     int      `json:"bad"`
	Rate    Interval `json:"interval"`
}

// SeveralTally counts Proposals of several commits.
type SeveralTally struct {
	Proposals int `json:"proposals"`
	Commits   int `json:"commits"`
	// Without counts those that hold no culprit at all.
	Without int `json:"without"`
}

// FlakeTally counts Verifications that failed with nothing to blame, by what Assay said.
type FlakeTally struct {
	Failed       int `json:"failed"`
	Told         int `json:"told"`
	Inconclusive int `json:"inconclusive"`
	Blamed       int `json:"blamed"`
}

// Quantiles of durations, in seconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

// ReasonTally counts one reason.
type ReasonTally struct {
	Kind   string `json:"kind"`
	Ending string `json:"ending"`
	Reason string `json:"reason,omitempty"`
	Times  int    `json:"times"`
}

// Violation is a truth that did not hold, with the seed that shows it again.
type Violation struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Text     string `json:"text"`
}

// add counts what came of one world.
func (t *Tally) add(o *outcome) {
	for _, b := range o.breakages {
		t.addBreakage(b)
	}
	for _, p := range o.proposals {
		t.addProposal(p)
	}
	t.Flakes.Failed += o.flakes.Failed
	t.Flakes.Told += o.flakes.Told
	t.Flakes.Inconclusive += o.flakes.Inconclusive
	t.Flakes.Blamed += o.flakes.Blamed
	t.Runs, t.Reruns, t.Passes = t.Runs+o.runs, t.Reruns+o.reruns, t.Passes+o.passes
	for _, text := range o.violations {
		t.Violations = append(t.Violations, Violation{o.scenario, o.seed, text})
	}
}

func (t *Tally) addBreakage(b told) {
	t.Breakages++
	i := slices.IndexFunc(t.Kinds, func(k KindTally) bool { return k.Kind == string(b.kind) })
	if i < 0 {
		t.Kinds = append(t.Kinds, KindTally{Kind: string(b.kind), Endings: map[string]int{}})
		i = len(t.Kinds) - 1
	}
	t.Kinds[i].Breakages++
	t.Kinds[i].Endings[string(b.ending)]++
	if b.byProposal {
		t.toProposal, t.toRecovery = append(t.toProposal, b.proposal), append(t.toRecovery, b.recovery)
	}
	if !b.kind.ofConfig() {
		return
	}
	t.Config.Breakages++
	switch b.ending {
	case proposedOne, proposedMany:
		t.Config.Proposed++
		return
	case refused, undecided:
		t.Config.Explained++
	case overtaken:
		t.Config.Overtaken++
	default:
		t.Config.Missed++
	}
	t.addReason(ReasonTally{string(b.kind), string(b.ending), b.reason, 1})
}

func (t *Tally) addReason(r ReasonTally) {
	for i, known := range t.Reasons {
		if known.Kind == r.Kind && known.Ending == r.Ending && known.Reason == r.Reason {
			t.Reasons[i].Times += r.Times
			return
		}
	}
	t.Reasons = append(t.Reasons, r)
}

func (t *Tally) addProposal(p proposal) {
	if !p.single {
		t.Several.Proposals++
		t.Several.Commits += len(p.culprits)
		if !p.right {
			t.Several.Without++
		}
		return
	}
	t.Single.count(p)
	if p.byItself {
		t.ByItself.count(p)
	}
}

func (r *RevertTally) count(p proposal) {
	r.Commits++
	if !p.right {
		r.Bad++
	}
}

// join adds another Tally.
func (t *Tally) join(o Tally) {
	t.Breakages += o.Breakages
	for _, k := range o.Kinds {
		i := slices.IndexFunc(t.Kinds, func(known KindTally) bool { return known.Kind == k.Kind })
		if i < 0 {
			t.Kinds = append(t.Kinds, KindTally{Kind: k.Kind, Endings: map[string]int{}})
			i = len(t.Kinds) - 1
		}
		t.Kinds[i].Breakages += k.Breakages
		for _, ending := range slices.Sorted(maps.Keys(k.Endings)) {
			t.Kinds[i].Endings[ending] += k.Endings[ending]
		}
	}
	t.Config.Breakages += o.Config.Breakages
	t.Config.Proposed += o.Config.Proposed
	t.Config.Explained += o.Config.Explained
	t.Config.Overtaken += o.Config.Overtaken
	t.Config.Missed += o.Config.Missed
	for _, pair := range []struct{ into, from *RevertTally }{{&t.Single, &o.Single}, {&t.ByItself, &o.ByItself}} {
		pair.into.Commits += pair.from.Commits
		pair.into.Bad += pair.from.Bad
	}
	t.Several.Proposals += o.Several.Proposals
	t.Several.Commits += o.Several.Commits
	t.Several.Without += o.Several.Without
	t.Flakes.Failed += o.Flakes.Failed
	t.Flakes.Told += o.Flakes.Told
	t.Flakes.Inconclusive += o.Flakes.Inconclusive
	t.Flakes.Blamed += o.Flakes.Blamed
	t.Runs, t.Reruns, t.Passes = t.Runs+o.Runs, t.Reruns+o.Reruns, t.Passes+o.Passes
	t.toProposal, t.toRecovery = append(t.toProposal, o.toProposal...), append(t.toRecovery, o.toRecovery...)
	for _, r := range o.Reasons {
		t.addReason(r)
	}
	t.Violations = append(t.Violations, o.Violations...)
}

// finish works out what follows from the counts.
func (t *Tally) finish() {
	t.Single.Rate, t.ByItself.Rate = interval(t.Single.Bad, t.Single.Commits), interval(t.ByItself.Bad, t.ByItself.Commits)
	t.ToProposal, t.ToRecovery = quantiles(t.toProposal), quantiles(t.toRecovery)
	slices.SortFunc(t.Kinds, func(a, b KindTally) int {
		return slices.Index(kinds, kind(a.Kind)) - slices.Index(kinds, kind(b.Kind))
	})
	slices.SortFunc(t.Reasons, func(a, b ReasonTally) int {
		return cmp.Or(b.Times-a.Times, cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Ending, b.Ending), cmp.Compare(a.Reason, b.Reason))
	})
}

// quantiles by the nearest rank.
func quantiles(all []time.Duration) Quantiles {
	if len(all) == 0 {
		return Quantiles{}
	}
	sorted := slices.Sorted(slices.Values(all))
	rank := func(share float64) float64 { return sorted[int(share*float64(len(sorted)-1)+0.5)].Seconds() }
	return Quantiles{P50: rank(0.5), P95: rank(0.95)}
}
