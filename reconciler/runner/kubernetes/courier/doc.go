// Package courier carries what a Run needs to its pod, and what it leaves back, over HTTP. Into the pod goes one archive: the Order, and
// the Suite's files at their commit. Back come Parts, which are what the Run prints and its report files and artifacts, and at last the
// Completion, which lists every Part with its length and digest. Only what is complete is a result.
//
// Parts are sent in chunks, each with its offset, and the receiver says what it has: after a connection is lost, or after another Assay
// has taken over, the sender goes on from there. What is received is kept in a directory until the Run is forgotten.
//
//	GET   /runs/{run}/files                  the archive
//	PATCH /runs/{run}/parts/{part}?offset=n  a chunk; the answer, also to one that does not fit (409), is how much is there
//	POST  /runs/{run}/complete               the Completion; 409 where a Part is missing or not what it should be
//
// Each request bears the Run's token, which is good for this one Run in this one pod, until it is complete. An Assay that is not at the
// Run, because it is another one's or was not taken over yet, answers 503, and the pod asks again.
//
// The package knows nothing of Kubernetes, so that what runs in a pod stays light. It never judges what it carries.
package courier
