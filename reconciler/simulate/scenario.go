package simulate

import (
	"github.com/assay-dev/assay/sources/tests"
)

// KindScenario is the kind of a Scenario's document.
const KindScenario = "Scenario"

// Scenario is a world to try Assay's policy in: what there is, what breaks, what people do, and how Assay is set.
type Scenario struct {
	// APIVersion is assay.dev/v1alpha1.
	APIVersion string `json:"apiVersion"`
	// Kind is Scenario.
	Kind string `json:"kind"`
	// Metadata holds the scenario's name.
	Metadata ScenarioMeta `json:"metadata"`
	// Spec is the world.
	Spec ScenarioSpec `json:"spec"`
}

// ScenarioMeta names a Scenario.
type ScenarioMeta struct {
	// Name is lower case letters, digits and dashes.
	Name string `json:"name" jsonschema:"maxLength=63,pattern=^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"`
}

// ScenarioSpec is the world of a Scenario. What is left out has a default that is told with its field.
type ScenarioSpec struct {
	// Description says in a sentence what is tried.
	Description string `json:"description"`
	// Share is how many of all breakages this scenario gets, compared with others. Default 1.
	Share float64 `json:"share,omitempty" jsonschema:"exclusiveMinimum=0"`
	// World says what there is.
	World World `json:"world,omitzero"`
	// Operator says how Assay is set.
	Operator Operator `json:"operator,omitzero"`
	// Gate is merged into the spec of every Gate: any field of a Gate but after, exercises and suites.
	Gate map[string]any `json:"gate,omitempty"`
	// Tests say what the Suites are like.
	Tests Tests `json:"tests,omitzero"`
	// Commits say how configuration is changed while nothing is wrong.
	Commits Commits `json:"commits,omitzero"`
	// Syncs say how the GitOps engine works.
	Syncs Syncs `json:"syncs,omitzero"`
	// Breakages say what breaks.
	Breakages Breakages `json:"breakages"`
	// People say what people do about it.
	People People `json:"people,omitzero"`
	// Faults say how often what Assay stands on fails it.
	Faults Faults `json:"faults,omitzero"`
	// Goals must hold, or the simulation ends with exit code 1.
	Goals Goals `json:"goals,omitzero"`
}

// World is what there is: each app is a Target in each environment.
type World struct {
	// Repositories that hold configuration; apps are spread over them. Default 1.
	Repositories int `json:"repositories,omitempty" jsonschema:"minimum=1,maximum=9"`
	// Apps in each environment, with a Gate each. Default 4.
	Apps int `json:"apps,omitempty" jsonschema:"minimum=1,maximum=26"`
	// Environments that render the same base, each with settings of its own. Default: staging.
	Environments []string `json:"environments,omitempty" jsonschema:"minItems=1,maxItems=6"`
	// Settings of each app, each of which a commit can change; half are for all environments, half for one. Default 8.
	Settings int `json:"settings,omitempty" jsonschema:"minimum=2,maximum=64"`
	// Exercise is the share of Gates whose Suites go through a second app, which they exercise. Default 0.5.
	Exercise float64 `json:"exercise,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Overview adds a Gate that follows all apps and shares their first Suites. Default false.
	Overview bool `json:"overview,omitempty"`
}

// Operator is how Assay is set.
type Operator struct {
	// Mode is the boldest that is allowed: shadow, propose, merge (default) or commit.
	Mode tests.Mode `json:"mode,omitempty" jsonschema:"enum=shadow,enum=propose,enum=merge,enum=commit"`
	// LookEvery is how often Assay looks at an open Proposal. Default 10m.
	LookEvery tests.Duration `json:"lookEvery,omitzero"`
	// OpenProposals that are allowed at a time; 0 is no bound.
	OpenProposals int `json:"openProposals,omitempty" jsonschema:"minimum=0"`
	// PerDay Proposals that are allowed; 0 is no bound.
	PerDay int `json:"perDay,omitempty" jsonschema:"minimum=0"`
}

// Tests say what the Suites are like.
type Tests struct {
	// Cases of each Suite. Default 5 to 12.
	Cases Count `json:"cases,omitzero"`
	// Takes is how long a Run of a Suite takes. Default 20s to 4m.
	Takes Range `json:"takes,omitzero"`
	// Flaky is the share of cases that flake, each at one of rates. Default 0.
	Flaky float64 `json:"flaky,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Rates at which cases flake: the probability that one fails though nothing is wrong. Default 0.01.
	Rates []float64 `json:"rates,omitempty" jsonschema:"minItems=1,minimum=0,maximum=0.5"`
	// ChangeEvery is how often somebody changes the tests and breaks nothing. Default 24h to 96h.
	ChangeEvery Range `json:"changeEvery,omitzero"`
	// Control is the share of Gates with a control Suite, which fails with what its app needs besides its configuration. Default 0.
	Control float64 `json:"control,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Lost is the share of Runs that end without evidence: not started, killed, or without their report. Default 0.
	Lost float64 `json:"lost,omitempty" jsonschema:"minimum=0,maximum=0.9"`
}

// Commits say how configuration is changed while nothing is wrong.
type Commits struct {
	// Every is the time between two batches. Default 2h to 8h.
	Every Range `json:"every,omitzero"`
	// Batch is how many commits are pushed at a time. Default 1 to 3.
	Batch Count `json:"batch,omitzero"`
	// Apart is the share of commits in a batch that keep away from an app that another commit of the batch touches. Default 0.
	Apart float64 `json:"apart,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Refactors is the share of commits that change nothing that is rendered. Default 0.2.
	Refactors float64 `json:"refactors,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Merges is the share of commits that come in by a merge of a branch. Default 0.2.
	Merges float64 `json:"merges,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Shared is the share of commits that change what all apps of a repository render. Default 0.
	Shared float64 `json:"shared,omitempty" jsonschema:"minimum=0,maximum=1"`
}

// Syncs say how the GitOps engine works.
type Syncs struct {
	// Interval between two looks at a repository. Default 5m.
	Interval tests.Duration `json:"interval,omitzero"`
	// Rollout is how long a change takes to become healthy. Default 10s to 3m.
	Rollout Range `json:"rollout,omitzero"`
}

// Breakages say what breaks, and how often. The weights of the kinds tell how often one comes compared with the others; the first ones are
// to be answered with a Proposal, and the later ones never.
type Breakages struct {
	// Every is the time from when all is well to the next breakage. Default 3h to 24h.
	Every Range `json:"every,omitzero"`
	// Overlap is the probability that a breakage comes though one is not over yet. Default 0.
	Overlap float64 `json:"overlap,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Batch is how many commits are pushed at a time with a bad one among them. Default 1 to 3.
	Batch Count `json:"batch,omitzero"`

	// Commit is bad wherever it is rendered.
	Commit float64 `json:"commit,omitempty" jsonschema:"minimum=0"`
	// OneEnvironment is a commit that is bad in one environment only.
	OneEnvironment float64 `json:"oneEnvironment,omitempty" jsonschema:"minimum=0"`
	// Together are two commits to two apps, each of which is good alone.
	Together float64 `json:"together,omitempty" jsonschema:"minimum=0"`
	// Exercised is a commit to an app that only another app's Gate notices, which exercises it.
	Exercised float64 `json:"exercised,omitempty" jsonschema:"minimum=0"`
	// Shared is a commit to what all apps of a repository render.
	Shared float64 `json:"shared,omitempty" jsonschema:"minimum=0"`
	// Data is a bad commit that also adds a volume claim, which its revert would delete.
	Data float64 `json:"data,omitempty" jsonschema:"minimum=0"`
	// Build is a commit after which an app cannot be built.
	Build float64 `json:"build,omitempty" jsonschema:"minimum=0"`
	// Unhealthy is a commit after which an app never becomes healthy.
	Unhealthy float64 `json:"unhealthy,omitempty" jsonschema:"minimum=0"`
	// Image is a bad image that a robot wrote, and writes again when it is reverted.
	Image float64 `json:"image,omitempty" jsonschema:"minimum=0"`

	// Rewritten is a bad commit in a history that was rewritten at the same time.
	Rewritten float64 `json:"rewritten,omitempty" jsonschema:"minimum=0"`
	// Definition is a bad change of how a Target is built, in the cluster and not in Git.
	Definition float64 `json:"definition,omitempty" jsonschema:"minimum=0"`
	// Tests is a change that breaks tests.
	Tests float64 `json:"tests,omitempty" jsonschema:"minimum=0"`
	// TestsAndCommits is a change that breaks tests while good commits arrive.
	TestsAndCommits float64 `json:"testsAndCommits,omitempty" jsonschema:"minimum=0"`
	// Outage is of what all tests need.
	Outage float64 `json:"outage,omitempty" jsonschema:"minimum=0"`
	// Dependency is an outage of what the tests of one app need.
	Dependency float64 `json:"dependency,omitempty" jsonschema:"minimum=0"`
	// Drift is a certificate of one app that expires a week after the last change; a harmless commit arrives afterwards.
	Drift float64 `json:"drift,omitempty" jsonschema:"minimum=0"`
	// Undeclared is a bad commit to an app that breaks what the Gate of another one tests, without a word in that Gate about it.
	Undeclared float64 `json:"undeclared,omitempty" jsonschema:"minimum=0"`

	// OutageTakes is how long an outage lasts. Default 5m to 6h.
	OutageTakes Range `json:"outageTakes,omitzero"`
	// DuringCommits is the probability that good commits arrive while an outage begins. Default 0.5.
	DuringCommits float64 `json:"duringCommits,omitempty" jsonschema:"minimum=0,maximum=1"`
	// DriftNoticed is how long after the drift the harmless commit arrives. Default 1h to 72h.
	DriftNoticed Range `json:"driftNoticed,omitzero"`
}

// People say what people do, by weights. Whoever looks at a Proposal does one of the first; whoever is faster than Assay, or finds no
// Proposal, one of the second.
type People struct {
	// AnswersAfter is how long a Proposal waits for a person. Default 5m to 8h.
	AnswersAfter Range `json:"answersAfter,omitzero"`
	// Merge a Proposal by a merge commit. Default 6.
	Merge float64 `json:"merge,omitempty" jsonschema:"minimum=0"`
	// Squash it. Default 0.
	Squash float64 `json:"squash,omitempty" jsonschema:"minimum=0"`
	// Close it, and repair by hand. Default 0.
	Close float64 `json:"close,omitempty" jsonschema:"minimum=0"`
	// Ignore it. Default 0.
	Ignore float64 `json:"ignore,omitempty" jsonschema:"minimum=0"`
	// Hold is the probability that a person stops Assay by .assay/stop or the label assay/stop while a Proposal is open, for some hours.
	Hold float64 `json:"hold,omitempty" jsonschema:"minimum=0,maximum=1"`

	// RepairsAfter is how long a breakage lasts before somebody repairs it without Assay. Default 12h to 24h.
	RepairsAfter Range `json:"repairsAfter,omitzero"`
	// FixForward by a commit that sets another value. Default 1.
	FixForward float64 `json:"fixForward,omitempty" jsonschema:"minimum=0"`
	// RevertByHand as git revert does. Default 0.
	RevertByHand float64 `json:"revertByHand,omitempty" jsonschema:"minimum=0"`
	// ForcePush a history without the bad commit. Default 0.
	ForcePush float64 `json:"forcePush,omitempty" jsonschema:"minimum=0"`
}

// Faults say how often what Assay stands on fails it; each is the probability of one request to fail.
type Faults struct {
	// Provider is the server's API.
	Provider float64 `json:"provider,omitempty" jsonschema:"minimum=0,maximum=0.9"`
	// Git is fetching and pushing.
	Git float64 `json:"git,omitempty" jsonschema:"minimum=0,maximum=0.9"`
}

// Goals must hold. Rates are held against the upper end of their 95% interval, so that they take enough breakages to show.
type Goals struct {
	// BadMergeRate is the most that may be innocent of the commits that Assay may revert by itself. Default: none.
	BadMergeRate float64 `json:"badMergeRate,omitempty" jsonschema:"exclusiveMinimum=0,maximum=1"`
	// BadRevertRate is the same for all Proposals with one culprit. Default: none.
	BadRevertRate float64 `json:"badRevertRate,omitempty" jsonschema:"exclusiveMinimum=0,maximum=1"`
	// Proposed is the least share of configuration breakages that end in a Proposal with the culprit. Default: none.
	Proposed float64 `json:"proposed,omitempty" jsonschema:"minimum=0,maximum=1"`
	// Answered is the least share of those that end in a Proposal with the culprit, or in a reason that says what is missing. Default: none.
	Answered float64 `json:"answered,omitempty" jsonschema:"minimum=0,maximum=1"`
}

// Range is a duration from one to another, every order of magnitude as likely as the next.
type Range struct {
	// From is the shortest.
	From tests.Duration `json:"from"`
	// To is the longest.
	To tests.Duration `json:"to"`
}

// Count is a whole number from one to another.
type Count struct {
	// From is the least.
	From int `json:"from" jsonschema:"minimum=0,maximum=100"`
	// To is the most.
	To int `json:"to" jsonschema:"minimum=0,maximum=100"`
}
