package rollback

import (
	"time"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// Build is how a Target builds its folder of a config repository.
type Build struct {
	Target sync.Target
	// Environment is that of the Target where it is another one than the Gate's, whose own Gates look after it: the revert says that it
	// changes, too, and needs nobody's leave.
	Environment string
	Path        string
	Settings    render.Settings
	// Definition, when given, is where the repository says how the Target is built; Path and Settings are then those that are in force.
	Definition *Definition
	// Except are objects of it that other Builds answer for, of which they are the Definition: they change no Target but that one.
	Except []render.ObjectRef
	// Good is the commit at which this Target last passed, where that is another one than the Request's.
	Good git.Hash
}

// Request asks for the revert of some commits of one branch of one repository.
type Request struct {
	// Repository is the normalised URL; Branch the one that the Targets follow.
	Repository string
	Branch     string
	// Head is the newest commit of Branch, which the revert builds on.
	Head git.Hash
	// Culprits, in any order. More than one were not told apart.
	Culprits []git.Hash
	// Good is the commit that last passed.
	Good git.Hash
	// Failed is the commit that was verified and failed; zero is Head. A commit after it that changes what Builds render is judged first, for
	// as long as it is younger than Patience.
	Failed   git.Hash
	Patience time.Duration
	// Builds are the Targets of the Gate in this repository; Others are further Targets of it that are known.
	Builds []Build
	Others []Build
	// Protect is what no revert may touch, of the Gate and of the operator together.
	Protect tests.Protect
	// OtherTargets allows that Others render something else after the revert.
	OtherTargets bool
	// Author of the revert commits, with their time; Sign signs them, when given; Trailers end their messages, and tell those of one instance
	// of Assay from those of another.
	Author   git.Signature
	Sign     git.Signer
	Trailers []string
	// Limits of the operator, and what counts against them.
	Limits Limits
	Spent  Spent
	Now    time.Time
}

// Limits bound how much is proposed; 0 is no bound.
type Limits struct {
	OpenProposals int
	PerDay        int
	CulpritAge    time.Duration
}

// Spent is what counts against Limits, in this repository.
type Spent struct {
	OpenProposals int
	LastDay       int
}

// Plan is what would be written.
type Plan struct {
	Repository string
	// Base is the branch that the revert is for, as of BaseHead.
	Base     string
	BaseHead git.Hash
	// Branch of the Proposal, named by its culprits.
	Branch   string
	Culprits []git.Hash
	// PatchIDs of the culprits, by which the same change is known again.
	PatchIDs []string
	// Commits are in the repository's store, oldest first; Head is the last.
	Commits []git.Hash
	// Holds keep image automation from putting back what is reverted; each is a commit after the reverts.
	Holds []Hold
	Head  git.Hash
	Title string
	Proof Proof
	// Changes are what the Gate's Targets render after the revert against now; Others the same for further Targets that change.
	Changes []TargetChange
	Others  []TargetChange
	// NotByItself are the reasons why only a person may merge it; empty when policy may.
	NotByItself []string
	// Insist has the pull request opened for a branch that is there already: this instance pushed it before a crash, or another one that
	// pushed it was waited for in vain.
	Insist bool
}

// Hold is what keeps a robot from writing again what a Plan reverts.
type Hold struct {
	// Automation is the object that writes, and Path the file that it stands in.
	Automation, Path string
	// Lift says how people let it go on.
	Lift string
}

// name is the Target's, with its Environment where that is not the Gate's.
func (c TargetChange) name() string {
	if c.Environment != "" {
		return c.Target.String() + " of " + c.Environment
	}
	return c.Target.String()
}

// ProofKind is one of the constants.
type ProofKind string

// The kinds of Proofs, from strong to none.
const (
	Restored ProofKind = "Restored" // renders byte for byte what last passed
	Removed  ProofKind = "Removed"  // exactly the culprits' rendered change is undone, later ones are kept
	Unproven ProofKind = "Unproven" // Difference shows what is left to explain
)

// Proof says what the revert brings back.
type Proof struct {
	Kind   ProofKind
	Reason string
	// Difference to what would be proven, for people, with Secrets redacted; empty unless Unproven.
	Difference string
}

// TargetChange is what a revert changes in one Target.
type TargetChange struct {
	Target sync.Target
	// Environment of it, where it is another one than the Gate's.
	Environment string
	// Summary names the objects, or the files where it cannot be built.
	Summary string
	// Difference for people, with Secrets redacted.
	Difference string
	// HoldsData names objects that would be deleted and may hold data.
	HoldsData []string
	// Unknown says why it is not known what becomes of the Target's objects; empty where it is.
	Unknown string
}

// Refusal says why nothing is proposed.
type Refusal struct {
	// Rule is a short name, such as "protected-path".
	Rule string
	// Reason is what people read.
	Reason string
	// Later says that the reason may pass by itself, so that it is worth asking again.
	Later bool
}

// Error implements error.
func (r *Refusal) Error() string { return r.Reason }

// Untraceable says why a change cannot be traced to commits.
type Untraceable struct{ Reason string }

// Error implements error.
func (u *Untraceable) Error() string { return u.Reason }

// Suspect is a commit that changed what a Target renders, or that cannot be ruled out.
type Suspect struct {
	Commit *git.Commit
	// Why is for people: which objects it changed, or what is not known.
	Why string
}
