// Package simulate tells how often Assay is right. In go Scenarios: how many repositories, Targets and Gates there are, what breaks how
// often, what people do about it. Out comes a Result: what Assay made of each breakage, held against the truth.
//
// The loop, its decisions, blame, the revert engine, the test loader and the history are the real ones, and Git objects are real, in
// memory. Around them the world is simulated, on fake time: a GitOps engine that syncs, a runner whose tests look at what is live, a server
// with pull requests, and people who commit, merge, close, fix, revert and rewrite. The world knows the truth by content: a value of a
// setting is bad in an environment, alone or together with another, whoever brought it there and in whichever commit. So what Assay does is
// judged by what is live, and never by what it says.
//
// Everything in a world happens one after the other, in the order of fake time, and all chance comes from one seed: a seed replays exactly.
// Worlds share nothing but the cache of what was rendered.
//
// It never judges by Assay's own records where the world knows better, and never makes Assay's work easier than it is: what Assay cannot
// see in life, it is not told here.
package simulate
