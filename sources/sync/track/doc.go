// Package track looks at the Targets of a GitOps engine in a cluster, thousands of them, and keeps what there is to tell of them. In go
// the kinds whose objects are Targets, as package watch follows them, each with the engine's own function that looks at one object; out
// comes what a sync.Source tells: their States, and which of them moved.
//
// A Target is looked at when its object has changed, or something else that the engine names; when a commit that it waits for was
// fetched; when its workloads may have moved on; and, where it could not be looked at, again and again after a time that grows. Many are
// looked at side by side, and none by two at a time. Until it was looked at, a Target is told of as one of which nothing is known.
//
// It knows nothing of any engine, decides nothing, and never writes to the cluster.
package track
