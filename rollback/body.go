package rollback

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/sources/sync"
)

// Evidence is what a Proposal tells the person who was woken.
type Evidence struct {
	Environment, Gate string
	Incident          string
	Verification      string
	// Notes of the Gate, in Markdown.
	Notes string
	// FailedAt is the state that failed, PassedAt the one that passed last, and when that ran.
	FailedAt, PassedAt []TargetAt
	LastPassed         time.Time
	// Failing are the first of the cases that fail; MoreFailing counts the others.
	Failing     []FailingCase
	MoreFailing int
	// Reruns says how often what failed was run again, and what came of it.
	Reruns string
	// RuledOut says what else it is not, and why.
	RuledOut []string
	Culprits []Culprit
	// ByItself says that this gate's policy lets Assay merge.
	ByItself bool
}

// TargetAt is a Target and the commit it was at.
type TargetAt struct {
	Target sync.Target
	Commit string
}

// FailingCase is a test case that fails.
type FailingCase struct {
	Suite, Name string
	// Lines are the first of what it says.
	Lines string
	// URL of its log; may be empty.
	URL string
}

// Culprit is a commit that the revert undoes.
type Culprit struct {
	Commit, Subject, Author string
	When                    time.Time
	// URL of the commit or its pull request; may be empty.
	URL string
	// Why it is to blame.
	Why string
}

// What a body shows of long things: together it stays within maxBody. Lengths are in bytes.
const (
	maxDiff   = 6_000 // of each rendered difference: the branch shows the rest
	maxDiffs  = 6     // targets whose difference is shown
	maxLines  = 1_000 // of what each case says
	maxCases  = 10
	maxNotes  = 2_000
	maxReason = 1_000

	maxTargets = 30 // that are listed as changed
	maxSummary = 300
)

// Body is the text of a Proposal, in Markdown that all providers take. Whatever comes from tests, commits and manifests stands in code,
// where it neither formats, nor mentions anyone, nor can be taken for a claim.
func Body(e Evidence, plan *Plan) string {
	b := findings(e, plan)
	b.section("What happens next", func(b *body) { b.next(e, plan) })
	b.line("%s", Claim{Environment: e.Environment, Gate: e.Gate, Incident: e.Incident, ByItself: e.ByItself && len(plan.NotByItself) == 0})
	return b.String()
}

// JoinBody is what [Join] tells people who opened a revert themselves: what a Proposal would say, but for what happens
// next, which is theirs to decide.
func JoinBody(e Evidence, plan *Plan) string {
	b := findings(e, plan)
	b.section("What happens next", func(b *body) {
		b.line("Assay does not merge this: people do. Once it is merged and synced, the gate runs again, and Assay says here what came of it.")
		b.origin(e)
	})
	b.line("%s", Claim{Environment: e.Environment, Gate: e.Gate, Incident: e.Incident})
	return b.String()
}

// findings are what is known of a failure and of the revert that a Plan makes.
func findings(e Evidence, plan *Plan) *body {
	b := &body{}
	b.line("**Gate %s fails in %s.**", code(e.Gate), code(e.Environment))
	b.line("%s", summary(plan))
	if e.Notes != "" {
		b.line("%s", quoted(clip(e.Notes, maxNotes)))
	}
	b.section("What fails", func(b *body) { b.failures(e) })
	b.section("Why this is reverted", func(b *body) { b.blame(e) })
	b.section("What it changes", func(b *body) { b.effect(plan) })
	return b
}

func summary(plan *Plan) string {
	what := "This reverts the commit that is to blame"
	if n := len(plan.Culprits); n > 1 {
		what = fmt.Sprintf("This reverts %d commits, which could not be told apart", n)
	}
	switch plan.Proof.Kind {
	case Restored:
		return what + ", and brings back exactly what last passed."
	case Removed:
		return what + ", and keeps what came after."
	}
	return what + ". **What it brings back is not proven.**"
}

// body is Markdown in the making: paragraphs with an empty line between them.
type body struct{ strings.Builder }

func (b *body) line(format string, args ...any) {
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(b, format+"\n", args...)
}

// section adds what fill writes, under a title, unless that is nothing.
func (b *body) section(title string, fill func(*body)) {
	inner := &body{}
	if fill(inner); inner.Len() > 0 {
		b.line("### %s", title)
		b.WriteString("\n" + inner.String())
	}
}

func (b *body) list(items []string) {
	if len(items) > 0 {
		b.line("- %s", strings.Join(items, "\n- "))
	}
}

func (b *body) failures(e Evidence) {
	var items []string
	for _, c := range e.Failing[:min(len(e.Failing), maxCases)] {
		item := code(withoutSecrets(c.Name)) + " of " + code(c.Suite)
		if c.URL != "" {
			item += fmt.Sprintf(" ([log](%s))", link(c.URL))
		}
		if c.Lines != "" {
			item += "\n" + indented(fenced("", clip(withoutSecrets(c.Lines), maxLines)))
		}
		items = append(items, item)
	}
	if more := e.MoreFailing + max(0, len(e.Failing)-maxCases); more > 0 {
		items = append(items, fmt.Sprintf("and %d more", more))
	}
	b.list(items)
	if e.Reruns != "" {
		b.line("%s", inert(e.Reruns))
	}
	b.states("It failed at", e.FailedAt)
	passed := "It last passed at"
	if !e.LastPassed.IsZero() {
		passed = "It last passed on " + e.LastPassed.UTC().Format(minutes) + " at"
	}
	b.states(passed, e.PassedAt)
}

// minutes is how a body writes times.
const minutes = "2006-01-02 15:04 UTC"

func (b *body) states(what string, targets []TargetAt) {
	var names []string
	for _, t := range targets {
		names = append(names, fmt.Sprintf("%s (%s)", code(short(t.Commit)), code(t.Target.String())))
	}
	if len(names) > 0 {
		b.line("%s %s.", what, strings.Join(names, ", "))
	}
}

func (b *body) blame(e Evidence) {
	var items []string
	for _, c := range e.Culprits {
		commit := code(short(c.Commit))
		if c.URL != "" {
			commit = fmt.Sprintf("[%s](%s)", commit, link(c.URL))
		}
		item := fmt.Sprintf("%s %s\n  by %s on %s", commit, code(c.Subject), code(c.Author), c.When.UTC().Format(minutes))
		if c.Why != "" {
			item += "\n  It " + inert(clip(c.Why, maxReason)) + "."
		}
		items = append(items, item)
	}
	b.list(items)
	items = nil
	for _, reason := range e.RuledOut {
		items = append(items, inert(clip(reason, maxReason)))
	}
	if len(items) > 0 {
		b.line("Why it is nothing else:")
		b.list(items)
	}
}

func (b *body) effect(plan *Plan) {
	b.line("**%s:** %s.", plan.Proof.Kind, inert(clip(plan.Proof.Reason, maxReason)))
	b.reach(plan)
	b.holds(plan.Holds)
	if plan.Proof.Difference != "" {
		b.diff("Difference to what last passed", plan.Proof.Difference)
	}
	all := slices.Concat(plan.Changes, plan.Others)
	for i, c := range all[:min(len(all), maxDiffs)] {
		title := c.name()
		if i >= len(plan.Changes) {
			title += ", which the gate does not follow"
		}
		b.diff(title, c.Difference)
	}
	if more := len(all) - maxDiffs; more > 0 {
		b.line("And %d more targets change.", more)
	}
}

// reach says how far it goes: each target that renders something else with it.
func (b *body) reach(plan *Plan) {
	var items []string
	for i, c := range slices.Concat(plan.Changes, plan.Others) {
		whose := ""
		if i >= len(plan.Changes) {
			whose = ", **which the gate does not follow**"
		}
		if i == maxTargets {
			items = append(items, fmt.Sprintf("and %d more", len(plan.Changes)+len(plan.Others)-maxTargets))
			break
		}
		items = append(items, fmt.Sprintf("%s%s: it %s", code(c.name()), whose, inert(clip(c.Summary, maxSummary))))
	}
	switch {
	case len(items) == 0:
		return
	case len(plan.Others) == 0:
		b.line("It changes no target but the gate's:")
	default:
		b.line("It changes more targets than the gate's:")
	}
	b.list(items)
}

// holds says which robots are kept from writing again what is reverted, and how people let them go on.
func (b *body) holds(all []Hold) {
	if len(all) == 0 {
		return
	}
	b.line("A robot wrote what is reverted, and would write it again. So this holds the robot as well (the proof covers the revert alone):")
	var items []string
	for _, h := range all {
		items = append(items, fmt.Sprintf("%s in %s. To let it go on: %s.", code(h.Automation), code(h.Path), inert(h.Lift)))
	}
	b.list(items)
}

// diff folds a difference away under its title.
func (b *body) diff(title, text string) {
	b.line("<details><summary>%s</summary>\n\n%s\n</details>", escapeHTML(title), fenced("diff", clip(text, maxDiff)))
}

func (b *body) next(e Evidence, plan *Plan) {
	switch {
	case len(plan.NotByItself) > 0:
		b.line("Only a person may merge this, since:")
		var items []string
		for _, reason := range plan.NotByItself {
			items = append(items, inert(clip(reason, maxReason)))
		}
		b.list(items)
	case e.ByItself:
		b.line("Assay merges this once the required checks pass.")
	default:
		b.line("A person merges this.")
	}
	b.line("Then:")
	b.list([]string{
		"Once this is merged and synced, the gate runs again, and Assay says here what came of it.",
		"If the gate passes again before that, Assay closes this.",
	})
	b.line("To stop it:")
	b.list([]string{
		"Close this. That is final: the same change is not proposed again.",
		"Put the label " + code(StopLabel) + " on this: Assay keeps away until you take it off.",
		"To stop more than this, commit a file " + code(stopFile) + " to the base branch, or run " + code("assay hold") + ".",
	})
	b.origin(e)
}

// origin says where to read more.
func (b *body) origin(e Evidence) {
	if e.Verification != "" {
		b.line("Verification %s, incident %s.", code(e.Verification), code(e.Incident))
	}
}
