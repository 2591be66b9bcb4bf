// Package reconciler is the loop: observe, decide, act. In go the Syncs of Targets, the tests of each Environment and what history remembers;
// out come Runs, Verdicts, Causes, Incidents and Proposals. It holds no rule of judging, blaming or reverting itself: those are gate's, blame's
// and rollback's.
//
// The loop is level-triggered. Each pass over one Environment and Gate reads the world ([Loop.observe]), decides one thing (decide, a pure
// function that always gives a reason), does it ([Action]) and records it; the pass repeats until there is nothing left to do but
// wait. Watches and polls only say "look again". Whatever an Action does is named by its inputs, so that a pass that was cut short by a crash is
// simply taken again.
//
// The order of the pass is that of decide.go and the files named after it; one file a kind of Action holds what it does.
package reconciler
