package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// judge holds what Assay does against the truth. It reads what Assay recorded only to learn what it did.
type judge struct {
	world *world
	// acted are the Gates of which something was decided since the last look that is to be held against the truth.
	acted map[history.Key]bool
	// because are the breakages that made a Verification fail, by its ID.
	because map[string][]*breakage
	// blamed are those of all Verifications of an Incident.
	blamed map[string][]*breakage
	final  map[history.Key]string
	// proposals by repository and branch; records are the states of their records in the history, by ID.
	proposals map[string]*proposal
	order     []*proposal
	records   map[string]history.ProposalState
	recovered map[string]bool // Incidents, by ID

	reruns, runs int
	flakes       flakes
	violations   []string
	writes       writes
}

// proposal is a revert that Assay brought before people, or merged.
type proposal struct {
	repository *repository
	branch     string
	culprits   []git.Hash
	made       time.Time
	single     bool // the culprit was told apart from all other suspects
	byItself   bool // Assay may merge it, or did
	shadow     bool
	right      bool // a culprit is guilty of what was seen to fail
	guilty     []*breakage
	live       []*breakage // what was seen to fail
}

// story is what Assay made of a breakage.
type story struct {
	failed   bool // some Verification failed because of it
	proposed *proposal
	at       time.Time // of the Proposal
	answers  []answer
}

// answer is one thing that Assay said of a breakage other than by a Proposal.
type answer struct {
	of     string // Refused, Unknown, Inconclusive, Flake, Environment, Tests, Config
	reason string
}

// flakes counts what Assay made of failures for which nothing was to blame.
type flakes struct{ Failed, Told, Inconclusive, Blamed int }

func newJudge(w *world) *judge {
	return &judge{
		world: w, acted: map[history.Key]bool{}, because: map[string][]*breakage{}, blamed: map[string][]*breakage{},
		final: map[history.Key]string{}, proposals: map[string]*proposal{}, records: map[string]history.ProposalState{}, recovered: map[string]bool{},
	}
}

// inBetween are the Actions after which there is neither a Verdict nor an Incident nor a Proposal that was not there before.
var inBetween = []string{"Wait", "Verify", "Execute", "Schedule", "Retry", "Inherit", "Supersede"}

// heard is told of every Event of the Loop.
func (j *judge) heard(e reconciler.Event) {
	if e.Kind != reconciler.Decided {
		return
	}
	j.world.log("%s/%s: %s: %s", e.Key.Environment, e.Key.Gate, e.Action, e.Reason)
	if e.Reason == "" {
		j.violated("%s of %s/%s has no reason", e.Action, e.Key.Environment, e.Key.Gate)
	}
	if !slices.Contains(inBetween, e.Action) {
		j.acted[e.Key] = true
	}
}

// spent counts a Run.
func (w *world) spent(job runner.Job) {
	w.judge.runs++
	if job.Env["ASSAY_RERUN"] != "" {
		w.judge.reruns++
	}
}

// saw notes why a case of a Run failed.
func (w *world) saw(job runner.Job, because []*breakage) {
	id := verificationOf(job.ID)
	w.judge.because[id] = union(w.judge.because[id], because)
}

// verificationOf is the Verification that a Run is of: its ID begins with that one's.
func verificationOf(run string) string {
	verification, _, _ := strings.Cut(run, "-")
	return verification
}

func union(all, more []*breakage) []*breakage {
	for _, b := range more {
		if !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	return all
}

// after looks at what a pass did.
func (w *world) after(key history.Key) {
	j := w.judge
	j.checkWrites(key)
	if !j.acted[key] {
		return
	}
	delete(j.acted, key)
	state, err := w.history.Gate(w.ctx, key)
	must(err)
	if f := state.Final; f != nil && f.ID != j.final[key] {
		j.final[key] = f.ID
		j.verified(key, *f)
	}
	if i := state.Incident; i != nil {
		j.incident(*i)
		if i.State == history.Recovered && !j.recovered[i.ID] {
			j.recovered[i.ID] = true
			j.checkRecovered(key, state)
		}
		for _, p := range state.Proposals {
			j.recorded(key, state, p)
		}
	}
}

// verified learns what Assay made of a failure.
func (j *judge) verified(key history.Key, v history.Verification) {
	w := j.world
	because := j.because[v.ID]
	if len(v.Targets) > 0 && v.Verdict.Outcome == gate.Failed && len(v.Verdict.Suites) == 0 {
		because = union(because, w.whySync(w.environment(key.Environment), w.gate(key.Gate)))
		j.because[v.ID] = because
	}
	if v.Verdict.Outcome == gate.Passed && v.Cause == nil {
		return
	}
	of, reason := string(v.Verdict.Outcome), v.Verdict.Reason
	if v.Cause != nil {
		of, reason = string(v.Cause.Kind), v.Cause.Reason
	}
	if len(because) == 0 {
		j.flaked(of)
		return
	}
	for _, b := range because {
		b.told.failed = true
		b.told.answers = append(b.told.answers, answer{of, reason})
	}
}

func (j *judge) flaked(of string) {
	j.flakes.Failed++
	switch of {
	case string(blame.Flake):
		j.flakes.Told++
	case string(blame.Config):
		j.flakes.Blamed++
	case string(gate.Inconclusive):
		j.flakes.Inconclusive++
	}
}

// incident gathers what an Incident is about.
func (j *judge) incident(i history.Incident) {
	for _, v := range []string{i.Verification, i.Latest} {
		j.blamed[i.ID] = union(j.blamed[i.ID], j.because[v])
	}
}

// recorded follows a Proposal by its record.
func (j *judge) recorded(key history.Key, state history.GateState, p history.Proposal) {
	if j.records[p.ID] == p.State {
		return
	}
	before := j.records[p.ID]
	j.records[p.ID] = p.State
	switch p.State {
	case history.ProposalRefused:
		for _, b := range j.blamed[p.Incident] {
			b.told.answers = append(b.told.answers, answer{"Refused", p.Reason})
		}
	case history.ProposalOpen, history.ProposalShadowed, history.ProposalMerged:
		if before != history.ProposalOpen {
			j.checkProposed(key, state, p)
			j.proposed(key, *state.Incident.Cause, p)
		}
	}
}

// proposed holds a new Proposal against the truth.
func (j *judge) proposed(key history.Key, cause blame.Cause, p history.Proposal) {
	w := j.world
	r := w.repositoryAt(p.Repository)
	name := p.Repository + " " + p.Branch
	known := j.proposals[name]
	if known == nil {
		known = &proposal{repository: r, branch: p.Branch, made: w.schedule.now, single: cause.ToldApart(), shadow: p.State == history.ProposalShadowed}
		for _, c := range p.Culprits {
			h, err := git.ParseHash(c)
			must(err)
			known.culprits = append(known.culprits, h)
		}
		j.proposals[name] = known
		j.order = append(j.order, known)
	}
	mode := tests.Stricter(w.policy.Rollback.Mode, w.spec.Operator.Mode)
	if !known.shadow && len(p.NotByItself) == 0 && !cause.ToldApart() {
		j.violated("proposal %s of %s/%s may merge by itself, though its culprits were not told apart", p.Branch, key.Environment, key.Gate)
	}
	known.byItself = known.byItself || len(p.NotByItself) == 0 && (mode == tests.Merge || mode == tests.Commit)
	for _, b := range j.blamed[p.Incident] {
		known.live = union(known.live, []*breakage{b})
		for _, c := range known.culprits {
			if w.guilty(r, c, b) {
				known.right = true
				known.guilty = union(known.guilty, []*breakage{b})
			}
		}
	}
	for _, b := range known.guilty {
		if b.told.proposed == nil {
			b.told.proposed, b.told.at = known, w.schedule.now
		}
	}
	verdict := "right"
	if !known.right {
		verdict = "WRONG"
	}
	w.log("proposal %s %s in %s/%s (%d culprits, by itself: %t) is %s; live: %s",
		p.Branch, p.State, key.Environment, key.Gate, len(p.Culprits), known.byItself, verdict, describe(known.live))
}

func describe(all []*breakage) string {
	if len(all) == 0 {
		return "nothing"
	}
	var names []string
	for _, b := range all {
		names = append(names, fmt.Sprintf("breakage %d (%s)", b.number, b.kind))
	}
	return strings.Join(names, ", ")
}
