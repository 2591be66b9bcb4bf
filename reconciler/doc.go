// Package reconciler is the loop: observe, decide, act. In go the Syncs of Targets, the tests of each Environment and what history
// remembers; out come Runs, Verdicts, Causes, Incidents and Proposals. It holds no rule of judging, blaming or reverting itself: those are
// gate's, blame's and rollback's.
//
// The loop is level-triggered. Each pass over one Environment and Gate reads the world ([Loop.observe]), decides one thing (decide, a pure
// function that always gives a reason), does it ([Action]) and records it; the pass repeats until there is nothing left to do but wait.
// Watches and polls only say "look again". Whatever an Action does is named by its inputs, so that a pass that was cut short by a crash is
// simply taken again.
//
// # The files, in the order of a pass
//
// What a Loop is made of, and what has it look:
//
//	options.go, environment.go  what the operator says
//	loop.go, driver.go          watches, polls and workers; a simulation drives the passes itself
//	nudge.go                    what has it look before the time is up
//	in_force.go                 the tests in force in an Environment
//	pass.go                     one pass: observe, decide, act, again
//
// Observe reads into one world (world.go, states.go), which nothing changes afterwards:
//
//	observe.go            the Targets of the Gate, and their states
//	roster.go             which Gates a Target concerns
//	observe_open.go       how far the open Verification has got, round by round
//	observe_blame.go      what blame rests on: rounds.go (what Runs said), trace.go (which commits changed what), definition.go
//	                      (which changed how a Target is built, where the Target itself is written), peers.go (what other Gates show),
//	                      bisect.go (which states can be tried), ask_others.go (which Gates can be asked)
//	observe_proposals.go  what became of the Incident's Proposals; attend.go says what an open one calls for, stop.go who holds it back
//
// Decide reads the world and nothing else:
//
//	decide.go           the order of the questions
//	decide_open.go      brings the open Verification to its end; decide_blame.go asks blame for the next step
//	decide_verify.go    finds the occasion for a new one
//	decide_incident.go  looks after the Incident that the last one left, and its Proposals
//	describe.go         says for people what is waited for
//
// Act does it, an Action a type:
//
//	action.go    what an Action is, and the small ones
//	verify.go    opens, judges and ends a Verification
//	runs.go      schedules, retries and starts Runs; flights.go is where they are under way
//	incident.go  opens, confirms and concludes an Incident
//	propose.go   plans a revert (plan.go) and puts it before people (open.go, with the evidence of evidence.go); remote.go finds it again
//	join.go      follows a revert that people opened first
//	merge.go     merges what may be merged by itself, or leaves it to people
//	follow.go    records what became of a Proposal, or withdraws it
//	left.go      closes the page that could not be closed then
//	reland.go    offers back what was reverted in vain
//
// Beside the passes, in memory alone, so that a crash loses nothing that counts: flights.go (Runs under way), turns.go (one writer for each
// repository), answers.go (what providers said last), stumble.go (what failed last), event.go and announce.go (what listeners are told),
// alive.go (whether the workers get on). Package publish tells Verdicts outside.
package reconciler
