// Package kubernetes runs Suites as Jobs of a cluster. In goes a runner.Job; out comes the Job object, whose pod runs the Suite's
// command in the Suite's image, and at the end what the pod delivered. It never judges a Run, never reads a Secret, and never changes an
// object that it did not make.
//
// # One Job for each Run
//
// Each shard and each combination of a matrix is a Job of its own, and not one index of an Indexed Job: the loop asks for each by its own
// ID, reruns, counts and cancels each alone, and the limit of parallel Runs lets them start one by one. Indexes of a shared Job would tie
// them together: one could not be run again alone, and a Job that is half adopted and half asked for would have two owners.
//
// # Restarts
//
// A Job's name follows from the Run's ID, and an annotation holds a digest of what is asked for. Whoever asks for the Run again finds the
// Job and adopts it: after a restart, or as another replica that has taken over. Nothing is run twice, for the name can be there once. A
// pod whose Assay is gone waits for one with its result. Jobs that nobody asks for are deleted some time after Recover, finished ones go by
// their TTL, and the Secret with a pod's token goes with its Job.
//
// # Ends
//
// Only what a pod delivered whole is Exited. An image that cannot be pulled, a pod that no node takes, a configuration that cannot be are
// NotStarted; an eviction, a lost node, a deleted pod, a container out of memory are Killed; the Suite's timeout is TimedOut. Which is
// which follows from the states of the Job and its pod alone (see assess).
//
// # What a pod may do
//
// It runs as the restricted Pod Security Standard wants it, in a namespace that is for runs alone, without a service account's token unless
// the Suite asks for one and the operator allows that. It holds no credentials of Git's or of Assay's: its token is good for this one Run.
// Secrets are referred to by name, and the kubelet brings their values.
package kubernetes
