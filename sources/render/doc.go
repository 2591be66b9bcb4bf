// Package render builds what a Target renders.
//
// In comes a Tree (a commit's files, see sources/git, or a plain directory), the path of a folder in it, and Settings:
// what the Target itself says about building (patches, images, variables, ...). Out comes a Rendering: the objects, a
// digest of them, and the closure, every file that was looked at, present or absent. What cannot be built is an *Error
// that carries the reason, the file and the field.
//
// Argo CD's charts and plain folders are built in memory likewise, by Helm's own engine (see argo.go).
//
// Kustomize runs in memory on the tree as it lies in the object store; nothing is checked out and nothing is copied that
// the build does not read. An overlay whose closure is unchanged is not built again.
//
// What a build may read is bounded (see limits.go): no repository can take all memory, or minutes, with aliases or nesting.
//
// It never opens a connection, starts a process, reads outside the tree or writes anywhere: remote bases, charts and
// plugins are refused before Kustomize sees them. It never shows what a Secret holds: Redacted and Unified replace values
// by keyed marks, and values enter digests keyed.
package render
