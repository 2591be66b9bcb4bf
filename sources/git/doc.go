// Package git reads, writes and follows Git repositories without ever checking
// one out.
//
// What comes in is a path to a repository ([Open]) or the address of a remote
// one, kept as a bare mirror on disk. What goes out are commits, trees as
// [io/fs] file systems ([FS]), differences between trees ([Diff]), walks over
// history ([FirstParents], [IsAncestor], [MergeBase]), new objects made in
// memory ([Scratch]), and pushes that succeed only if nobody was faster.
//
// # Reading
//
// [Objects] is the one door to objects. [Repository] implements it with a
// reader of its own over loose objects, packs and alternates, because the
// storage of go-git is not safe for concurrent use, not even for reading.
// Opening costs nothing; a pack index is read when the first object is asked
// for; what is kept in memory is bounded. Packs that are added while a
// repository is open are found when an object is missed.
//
// Trees are not trusted. An entry whose name could leave the tree or reach into
// a .git folder makes its tree unreadable, and symbolic links are followed only
// as far as the tree reaches.
//
// # What it never does
//
// It never runs the git program or any hook, never reads a working tree or an
// index, never writes to a repository except through [Scratch.Flush] and the
// references of a mirror, and never takes the edge of a shallow clone for the
// first commit ([ErrShallow]). Repositories that name objects by SHA-256 or
// keep references in a reftable are refused when they are opened.
package git
