package reconciler

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// definitionOf is what history keeps of where a Target is written; nil where nobody applied it, as far as is known.
func definitionOf(state sync.State) *history.Definition {
	if state.Definition == nil {
		return nil
	}
	return &history.Definition{By: state.Definition.By, Revision: state.Definition.Revision}
}

func find(states []history.TargetState, t sync.Target) *history.TargetState {
	for i := range states {
		if states[i].Target == t {
			return &states[i]
		}
	}
	return nil
}

// moved tells whether commits moved while the digests did not.
func moved(before, now []history.TargetState) bool {
	for _, t := range now {
		if b := find(before, t.Target); b != nil && commitsOf(*b) != commitsOf(t) {
			return true
		}
	}
	return false
}

func failedSync(targets []history.TargetState) string {
	var out []string
	for _, t := range targets {
		if t.Outcome == sync.Failed {
			out = append(out, fmt.Sprintf("%s: %s", t.Target, t.Reason))
		}
	}
	return strings.Join(out, "; ")
}

// sameState tells whether two observations are of the same Targets in the same state. Commits do not count, digests do; a Failed Sync
// whose rendering is not known counts by its commits.
func sameState(a, b []history.TargetState) bool {
	return slices.EqualFunc(a, b, func(a, b history.TargetState) bool {
		return a.Target == b.Target && a.Exercised == b.Exercised && stateOf(a) == stateOf(b)
	})
}

func stateOf(t history.TargetState) string {
	if t.Digest != "" {
		return string(t.Outcome) + " " + t.Digest
	}
	return string(t.Outcome) + " " + commitsOf(t)
}

func commitsOf(t history.TargetState) string {
	var out []string
	for _, r := range t.Revisions {
		out = append(out, r.Repository+"@"+r.Commit)
	}
	return strings.Join(out, ",")
}

// transition is what makes a change of state one of a kind.
func transition(from, to []history.TargetState) string {
	return digestOfStates(from) + "->" + digestOfStates(to)
}

func digestOfStates(states []history.TargetState) string {
	if len(states) == 0 {
		return "nothing"
	}
	h := sha256.New()
	for _, t := range states {
		fmt.Fprintf(h, "%s %t %s\n", t.Target, t.Exercised, stateOf(t))
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
