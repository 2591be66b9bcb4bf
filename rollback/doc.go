// Package rollback is everything that Assay writes to a config repository. In go the commits that are to blame, the state that last passed
// and how the Targets build; out come the suspects among commits, a Plan with its Proof or a Refusal with its reason, and the Proposal that
// carries the Plan to people. How a Target builds may itself lie in the repository ([Definition]), and then each tree is built as it says.
// It never decides that something is broken, and it never writes what it cannot prove or say.
//
// The way through: [Suspects] finds the commits that changed what a Target renders; [NewPlan] refuses, or reverts them in memory and proves
// what that comes to; [FindRevert] looks whether people were faster, and [Join] tells them what is known; else [Open] pushes the branch and
// opens the pull request. From then on [Status] says what became of it, [Stands] whether its base still takes it, and [Obstacle] what keeps
// [Merge] from merging it. What is no longer needed is taken back ([Withdraw], [Tidy]); what was reverted in vain is offered back
// ([NewReland]). Every write is a compare-and-swap, or noted where it was made, and named by what it is about, so that it can be repeated
// after a crash.
package rollback
