// Package demo tells the story of Assay on one machine: a good commit is verified, a bad one caught, its culprit named, a revert proposed,
// merged by a person, synced and verified again. In go the programs of bin/; out comes the story, as text for a person to follow.
//
// Nothing in it is staged. The repositories are real, the shop really runs, and the loop is the one of `assay run`, in a process of its own
// that knows nothing of the story: what is told is read from its history. Each step waits for what must come next, and when it does not
// come in time, or something else does, the story ends there and says so.
//
// It never touches a repository, a server or a file but its own, which lie in one temporary folder.
package demo
