package history

import (
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/sync"
)

// Key is what work is queued by.
type Key struct {
	Environment string `json:"environment"`
	Gate        string `json:"gate"`
}

// Occasion is why a Verification takes place, with what makes it one of a kind.
type Occasion struct {
	Kind OccasionKind `json:"kind"`
	// Value is the transition of digests, the tests' new digest, the due time, or the annotation's value.
	Value string `json:"value"`
}

// OccasionKind is one of the constants.
type OccasionKind string

// The occasions.
const (
	OnSync    OccasionKind = "Sync"    // a Target renders something else than before
	OnTests   OccasionKind = "Tests"   // the Gate, its Suites or their files changed
	OnDue     OccasionKind = "Due"     // the last Verdict is no longer good enough: `every`, or a backoff
	OnRequest OccasionKind = "Request" // somebody asked
	OnFailure OccasionKind = "Failure" // another Gate failed, and it may be an outage
)

// TargetState is one Target as a Verification saw it.
type TargetState struct {
	Target    sync.Target     `json:"target"`
	Revisions []sync.Revision `json:"revisions"`
	Digest    string          `json:"digest"`
	Outcome   sync.Outcome    `json:"outcome"`
	// Reason of a Failed Sync, and its kind.
	Reason  string       `json:"reason,omitempty"`
	Failure sync.Failure `json:"failure,omitempty"`
	// Requested is the value of the Target's request to be verified, as seen.
	Requested string `json:"requested,omitempty"`
	// Exercised says that the Gate only exercises the Target; it does not follow its Syncs.
	Exercised bool `json:"exercised,omitempty"`
	// Definition is where the Target itself was written, when another one applied it.
	Definition *Definition `json:"definition,omitempty"`
}

// Definition is a Target that another one applied, with what that one rendered last.
type Definition struct {
	By       sync.Target   `json:"by"`
	Revision sync.Revision `json:"revision"`
}

// TestsState is the tests as a Verification saw them.
type TestsState struct {
	Repository string `json:"repository"`
	Commit     string `json:"commit"`
	Digest     string `json:"digest"` // of the Gate, its Suites and their files
}

// Phase of a Verification.
type Phase string

// The phases, in order. A final one never changes again.
const (
	Running    Phase = "Running"    // its Suites run, or wait to
	Blaming    Phase = "Blaming"    // judged Failed; probes run
	Done       Phase = "Done"       // final, with a Verdict
	Superseded Phase = "Superseded" // final, without: the state moved while it ran
)

// Verification is one Gate evaluated for one state of the world.
type Verification struct {
	// ID is made of environment, gate, state, tests and occasion: the same Verification has the same ID in every attempt.
	ID       string        `json:"id"`
	Key      Key           `json:"key"`
	Occasion Occasion      `json:"occasion"`
	Targets  []TargetState `json:"targets"`
	Tests    TestsState    `json:"tests"`
	// Previous is the ID of the Gate's Verification before this one; empty for the first.
	Previous string `json:"previous,omitempty"`
	Phase    Phase  `json:"phase"`
	// Asked are the Gates that were asked to be verified while it was blamed.
	Asked   []string      `json:"asked,omitempty"`
	Verdict *gate.Verdict `json:"verdict,omitempty"`
	Cause   *blame.Cause  `json:"cause,omitempty"`
	// Reason says why it was superseded, or what it waits for.
	Reason   string    `json:"reason,omitempty"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
}

// Purpose of a Run.
type Purpose string

// The purposes.
const (
	ToVerify   Purpose = "Verify"
	ToRerun    Purpose = "Rerun"
	ToOldTests Purpose = "OldTests" // the tests of the last pass, on the failed configuration
	ToControl  Purpose = "Control"  // the Gate's control Suites
	ToBisect   Purpose = "Bisect"   // what failed, on a state between the last pass and the failed one
)

// Trial is some Targets at another commit than the one that they follow.
type Trial struct {
	Commit  string        `json:"commit"`
	Targets []sync.Target `json:"targets"`
}

// Run is one execution of one Suite.
type Run struct {
	// ID is made of the Verification's, purpose, round, attempt, suite, shard and matrix; it is also the runner's Job ID.
	ID           string  `json:"id"`
	Verification string  `json:"verification"`
	Purpose      Purpose `json:"purpose"`
	// Round counts reruns from 1; 0 for the first time.
	Round int    `json:"round"`
	Suite string `json:"suite"`
	// Attempt counts from 1; a further one follows a Run that could not start or was lost.
	Attempt int `json:"attempt"`
	// Trial is the state that a Run of bisecting is of; nil for all others, which are of the Verification's own.
	Trial  *Trial            `json:"trial,omitempty"`
	Shard  int               `json:"shard"`
	Shards int               `json:"shards"`
	Matrix map[string]string `json:"matrix,omitempty"`
	// End is empty while it waits or runs.
	End      runner.End `json:"end,omitempty"`
	ExitCode int        `json:"exitCode"`
	Reason   string     `json:"reason,omitempty"`
	Started  time.Time  `json:"started,omitzero"`
	Finished time.Time  `json:"finished,omitzero"`
	// Output is the end of what it printed, in UTF-8, bounded and without secrets.
	Output string `json:"output,omitempty"`
	// Unreadable says of each report file that could not be read, which and why.
	Unreadable []string `json:"unreadable,omitempty"`
}

// IncidentState is one of the constants.
type IncidentState string

// The states of an Incident; all but Ongoing are final.
const (
	Ongoing    IncidentState = "Open"
	Recovered  IncidentState = "Recovered"
	Dismissed  IncidentState = "Dismissed"
	Unresolved IncidentState = "Unresolved"
)

// Incident is opened by a Failed Verdict, or by Inconclusive that lasts.
type Incident struct {
	ID  string `json:"id"` // made of the Verification that opened it
	Key Key    `json:"key"`
	// Verification that opened it, and the newest one that confirmed it.
	Verification string        `json:"verification"`
	Latest       string        `json:"latest"`
	State        IncidentState `json:"state"`
	// Cause is nil for an Inconclusive state that lasts.
	Cause *blame.Cause `json:"cause,omitempty"`
	// Reason is why it was opened, and after its end why it ended.
	Reason string `json:"reason"`
	// Broke is when the Verification began that failed first.
	Broke  time.Time `json:"broke,omitzero"`
	Opened time.Time `json:"opened"`
	Closed time.Time `json:"closed,omitzero"`
	// Recovery is the time from Broke until the Gate had passed again; zero where it has not.
	Recovery time.Duration `json:"recovery,omitempty"`
}

// ProposalState is one of the constants.
type ProposalState string

// The states of a Proposal.
const (
	ProposalPlanned  ProposalState = "Planned"  // recorded before anything is written outside; Reason says what it waits for, if anything
	ProposalOpen     ProposalState = "Open"     // the branch is pushed, the pull request open where the provider has one
	ProposalMerged   ProposalState = "Merged"   // the base holds the revert
	ProposalClosed   ProposalState = "Closed"   // by a person, or overtaken; final
	ProposalShadowed ProposalState = "Shadowed" // mode shadow: what would have been done
	ProposalRefused  ProposalState = "Refused"  // Reason says why
)

// Proposal is the revert pull request, or with the plain provider the pushed branch.
type Proposal struct {
	// ID is incident, repository, base and branch: Incidents that blame the same commits share the branch, and each follows it for itself.
	ID         string        `json:"id"`
	Incident   string        `json:"incident"`
	Key        Key           `json:"key"`
	Repository string        `json:"repository"`
	Base       string        `json:"base"`
	Branch     string        `json:"branch"`
	Culprits   []string      `json:"culprits"`
	PatchIDs   []string      `json:"patchIDs"`
	Head       string        `json:"head,omitempty"`
	Number     int64         `json:"number,omitempty"`
	URL        string        `json:"url,omitempty"`
	Title      string        `json:"title,omitempty"`
	State      ProposalState `json:"state"`
	// Proof is Restored, Removed or Unproven, with what it rests on.
	Proof       string `json:"proof,omitempty"`
	ProofReason string `json:"proofReason,omitempty"`
	// NotByItself are the reasons why only a person may merge it.
	NotByItself []string `json:"notByItself,omitempty"`
	// Joined says that it is a revert that people opened; Assay follows it, and merges nothing. Own is the number of its own pull request
	// until that is closed in favour of theirs.
	Joined bool  `json:"joined,omitempty"`
	Own    int64 `json:"own,omitempty"`
	// Left says why its page is to be closed, where somebody had stopped Assay when it ended; empty where there is none to close.
	Left string `json:"left,omitempty"`
	// Merged is the commit of the base that holds the revert.
	Merged string `json:"merged,omitempty"`
	// Reland is where the change was offered back, or why it was not; empty unless the revert was in vain. Relanding says
	// that it is about to be, or was.
	Reland    string    `json:"reland,omitempty"`
	Relanding bool      `json:"relanding,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
}

// OpenElsewhere tells whether other is the same branch, open for another Incident.
func (p Proposal) OpenElsewhere(other Proposal) bool {
	return other.ID != p.ID && other.Repository == p.Repository && other.Base == p.Base && other.Branch == p.Branch && other.State == ProposalOpen
}

// LastPassed is the state that a Gate last passed for.
type LastPassed struct {
	Verification string `json:"verification"`
	// Targets as they are now known to be good: commits move with inheritance, digests do not.
	Targets []TargetState `json:"targets"`
	Tests   TestsState    `json:"tests"`
	// Numbers of the last pass that was no flake.
	Numbers gate.Baseline `json:"numbers"`
	// RanAt is when it last passed by running.
	RanAt time.Time `json:"ranAt"`
}

// Decision is one thing that the loop decided for a Key, also to do nothing.
type Decision struct {
	Key    Key       `json:"key"`
	Action string    `json:"action"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	// Times counts how often the same was decided in a row; At is the first.
	Times int `json:"times"`
}
