// Package history remembers what happened: Syncs, Verifications and their Runs, cases and metrics, Incidents, Proposals, and every decision
// with its reason. In go records of the loop, each named by its inputs, so that writing one twice is writing it once; out come the open
// work after a restart, the last Passed state, flake rates, and what people ask about. It decides nothing, and it never forgets silently: a
// damaged or full disk is an error, and retention is counted.
package history
