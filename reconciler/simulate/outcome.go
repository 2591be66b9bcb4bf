package simulate

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// outcome is what came of one world.
type outcome struct {
	scenario   string
	seed       uint64
	breakages  []told
	proposals  []proposal
	flakes     flakes
	runs       int
	reruns     int
	passes     int
	violations []string
}

// told is what became of one breakage.
type told struct {
	kind       kind
	ending     ending
	reason     string // where the ending has one
	proposal   time.Duration
	recovery   time.Duration
	byProposal bool
}

// ending is how a breakage ended for Assay.
type ending string

// The endings. The first three answer a breakage of configuration; the fourth says what is missing; the rest are misses.
const (
	proposedOne    ending = "proposed"       // a Proposal with the culprit alone
	proposedMany   ending = "not told apart" // one with the culprit among others
	refused        ending = "refused"        // the culprit was known, and a rule refused to revert it
	undecided      ending = "undecided"      // Unknown or Inconclusive, with what is missing
	called         ending = "called else"    // said to be something else
	overtaken      ending = "overtaken"      // repaired before there was a Verdict that counts
	wronglyBlamed  ending = "wrong commit"   // only others were proposed
	unnoticed      ending = "unnoticed"
	rightlyLeft    ending = "left alone" // not of configuration, and nothing was proposed
	wronglyStarted ending = "reverted"   // not of configuration, and something was
)

func (j *judge) outcome(scenario string, seed uint64) *outcome {
	o := &outcome{
		scenario: scenario, seed: seed, flakes: j.flakes, runs: j.runs, reruns: j.reruns, passes: j.world.passes, violations: j.violations,
	}
	for _, p := range j.order {
		o.proposals = append(o.proposals, *p)
	}
	for _, b := range j.world.breakages {
		if !b.began.IsZero() {
			o.breakages = append(o.breakages, j.tell(b))
		}
	}
	return o
}

func (j *judge) tell(b *breakage) told {
	t := told{kind: b.kind, recovery: b.ended.Sub(b.began)}
	t.ending, t.reason = j.ending(b)
	if p := b.told.proposed; p != nil {
		t.proposal, t.byProposal = b.told.at.Sub(b.began), true
	}
	return t
}

func (j *judge) ending(b *breakage) (ending, string) {
	has := func(of ...string) (string, bool) {
		i := slices.IndexFunc(b.told.answers, func(a answer) bool { return slices.Contains(of, a.of) })
		if i < 0 {
			return "", false
		}
		return b.told.answers[i].of + ": " + firstClause(b.told.answers[i].reason), true
	}
	wrong := slices.ContainsFunc(j.order, func(p *proposal) bool {
		return !p.right && slices.ContainsFunc(p.live, func(o *breakage) bool { return o == b })
	})
	if !b.kind.ofConfig() {
		if wrong {
			return wronglyStarted, ""
		}
		return rightlyLeft, ""
	}
	if p := b.told.proposed; p != nil {
		if p.single {
			return proposedOne, ""
		}
		return proposedMany, ""
	}
	if reason, is := has("Refused"); is {
		return refused, reason
	}
	if wrong {
		return wronglyBlamed, ""
	}
	if reason, is := has("Unknown", "Inconclusive"); is {
		return undecided, reason
	}
	if reason, is := has("Flake", "Environment", "Tests", "Passed"); is {
		return called, reason
	}
	if reason, is := has("Config"); is {
		return overtaken, reason
	}
	if b.ended.Sub(b.began) < time.Hour {
		return overtaken, ""
	}
	return unnoticed, ""
}

// firstClause is a reason without what is particular to one case, so that the same ones are counted together.
func firstClause(reason string) string {
	clause, _, _ := strings.Cut(reason, ":")
	clause, _, _ = strings.Cut(clause, "\n")
	return particular.ReplaceAllString(clause, "…")
}

// particular is what tells one case from another: commits, numbers, durations, files, what is in brackets.
var particular = regexp.MustCompile(`\([^)]*\)|\b[0-9a-f]{7,40}\b|[0-9][0-9a-z.]*|\S*/\S*`)
