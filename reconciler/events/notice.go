package events

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// The bounds of what one Event of the loop comes to.
const (
	maxNote    = 1024 // bytes, as the API server has it
	maxTargets = 20   // of a Gate that follows more, those that are suspected come first
)

// notice is what is said about some Targets.
type notice struct {
	targets []sync.Target
	reason  string // one word
	action  string // one word: what Assay did
	kind    string // corev1.EventTypeNormal or corev1.EventTypeWarning
	note    string
	// about is what makes it one of a kind: the same reason about the same is said once, and then counted.
	about string
	// verified is the annotation's value by Target; nil where it stays as it is.
	verified map[sync.Target]string
}

// noticeOf is what there is to say about an Event of the loop; false when that is nothing.
func noticeOf(e reconciler.Event) (notice, bool) {
	if e.Verification == nil {
		return notice{}, false
	}
	n := notice{targets: targetsOf(*e.Verification), kind: corev1.EventTypeNormal}
	of := fmt.Sprintf("gate %s of environment %s", e.Key.Gate, e.Key.Environment)
	switch e.Kind {
	case reconciler.Verified:
		v := e.Verification.Verdict
		n.reason, n.action = "Verification"+string(v.Outcome), "Verify"
		n.note = fmt.Sprintf("%s: %s: %s", of, v.Outcome, v.Reason)
		if v.Outcome != gate.Passed {
			n.kind = corev1.EventTypeWarning
		}
		n.about = of + stateOf(e.Verification.Targets)
		n.verified = verified(e.Key, *e.Verification)
	case reconciler.IncidentChanged:
		n.reason, n.action = "Incident"+incidentWord(e.Incident.State), "Watch"
		n.note = fmt.Sprintf("%s: incident %s: %s", of, strings.ToLower(incidentWord(e.Incident.State)), e.Incident.Reason)
		if e.Incident.State == history.Ongoing || e.Incident.State == history.Unresolved {
			n.kind = corev1.EventTypeWarning
		}
		n.about = e.Incident.ID
	case reconciler.ProposalChanged:
		word := proposalWord(e.Proposal.State)
		if word == "" {
			return n, false
		}
		n.reason, n.action = "Proposal"+word, "Propose"
		n.note = fmt.Sprintf("%s: revert %s: %s", of, strings.ToLower(word), describe(e.Proposal))
		n.about = e.Proposal.ID
	default:
		return n, false
	}
	n.note = shorten(n.note)
	return n, len(n.targets) > 0
}

func incidentWord(state history.IncidentState) string {
	if state == history.Ongoing {
		return "Opened"
	}
	return string(state)
}

// proposalWord is the state for people; empty for one that nobody need hear of.
func proposalWord(state history.ProposalState) string {
	switch state {
	case history.ProposalPlanned:
		return ""
	case history.ProposalOpen:
		return "Opened"
	}
	return string(state)
}

func describe(p history.Proposal) string {
	where := cmp.Or(p.URL, p.Branch+" in "+p.Repository)
	if p.Reason == "" {
		return where
	}
	return where + ": " + p.Reason
}

// targetsOf are those that a Verification followed; those that are suspected first, and no more than maxTargets.
func targetsOf(v history.Verification) []sync.Target {
	suspected := map[sync.Target]bool{}
	if v.Cause != nil {
		for _, suspect := range v.Cause.Suspects {
			for _, t := range suspect.Targets {
				suspected[t] = true
			}
		}
	}
	var first, rest []sync.Target
	for _, t := range v.Targets {
		switch {
		case t.Exercised || t.Target.Kind == sync.KindSite:
		case suspected[t.Target]:
			first = append(first, t.Target)
		default:
			rest = append(rest, t.Target)
		}
	}
	all := slices.Concat(first, rest)
	return all[:min(len(all), maxTargets)]
}

// stateOf tells states apart that a Verification may be of.
func stateOf(targets []history.TargetState) string {
	var b strings.Builder
	for _, t := range targets {
		fmt.Fprintf(&b, "\n%s %s", t.Digest, commits(t))
	}
	return b.String()
}

// verified is what the annotation says: the commits, the Verdict on them, and whose it is.
func verified(key history.Key, v history.Verification) map[sync.Target]string {
	values := map[sync.Target]string{}
	for _, t := range v.Targets {
		values[t.Target] = fmt.Sprintf("%s %s %s/%s", commits(t), v.Verdict.Outcome, key.Environment, key.Gate)
	}
	return values
}

func commits(t history.TargetState) string {
	var all []string
	for _, r := range t.Revisions {
		all = append(all, r.Commit)
	}
	return strings.Join(all, ",")
}

// shorten cuts a note to what the API server takes, between two characters.
func shorten(note string) string {
	const more = "..."
	if len(note) <= maxNote {
		return note
	}
	cut := maxNote - len(more)
	for !utf8.RuneStart(note[cut]) {
		cut--
	}
	return note[:cut] + more
}
