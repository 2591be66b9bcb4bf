// Package rollback is everything that Assay writes to a config repository. In go the commits that are to blame, the state that last passed and
// how the Targets build; out come the suspects among commits, a Plan with its Proof or a Refusal with its reason, and the Proposal that
// carries the Plan to people. It never decides that something is broken, and it never writes what it cannot prove or say.
//
// The way through: [Suspects] finds the commits that changed what a Target renders; [NewPlan] refuses, or reverts them in memory and proves
// what that comes to; [Open] pushes the branch and opens the pull request; [Status] says what became of it; [Merge] merges it. Every write is a
// compare-and-swap, named by what it is about, so that it can be repeated after a crash.
package rollback
