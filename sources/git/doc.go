// Package git reads, writes and follows Git repositories without ever checking
// one out.
//
// What comes in is a repository, either a path to one on this disk ([Open]) or the
// address of a remote one, of which a [Mirror] keeps a bare copy on disk
// ([OpenMirror], or [Mirrors] for many), or one that lives in memory ([Memory]).
// What goes out are commits, trees as [io/fs] file systems ([FS]), differences
// between trees ([Diff]), walks over history ([FirstParents], [IsAncestor],
// [MergeBase]), what changes have in common ([PatchID]), who signed ([Keyring]),
// new objects that are not stored yet ([Scratch]), pushes that succeed only if
// nobody was faster ([Mirror.Push]), and notes on commits, as git notes writes and
// shows them ([Notes], [Mirror.AddNotes]).
//
// The way through is always the same: [Mirrors.Head] or [Mirror.Refresh] says where
// a branch is, [Mirror.History] makes present what is to be looked at,
// [Mirror.Repository] reads it, a [Scratch] over that makes a commit,
// [Scratch.Flush] stores it, and [Mirror.Push] publishes it. Whoever has the
// repository on disk already starts at Repository.
//
// # Objects
//
// [Objects] is the one door to objects. [Repository] implements it with a
// reader of its own over loose objects, packs and alternates, because the
// storage of go-git is not safe for concurrent use, not even for reading.
// Opening costs nothing; a pack index is read when the first object is asked
// for; what is kept in memory is bounded. Packs that are added while a
// repository is open are found when an object is missed.
//
// # Mirrors
//
// A mirror holds the branches that were asked for, with as much history as was
// needed so far, over HTTPS, HTTP, SSH or from a path. Asking where a branch is
// takes one request while it does not move. What is written, be it fetched or
// flushed, is one pack, synced and then renamed, and references are replaced by
// way of Git's own lock files: a reader sees all or nothing, and so does whoever
// comes after a kill. A loss of power may take back the last renames, in any
// order; so a mirror is checked when it is opened, and a damaged one is emptied and
// fetched anew. It holds nothing that the remote has not, but for what was flushed
// and not pushed yet, which is made again from the same input under the same name.
//
// # Memory
//
// A repository and the mirrors that follow it can be in memory, where a fetch or a
// push takes microseconds: the same objects, references and errors, without packs,
// files and servers. Simulations and tests are made of these. Only what stores
// objects and references ([Repository]), and what carries them between a mirror and
// its remote, comes in two kinds; the rest knows no difference.
//
// # Trust
//
// Neither a remote nor what it sends is trusted. Names of entries that could leave
// a tree or reach into a .git folder make the tree unreadable, and symbolic links
// are followed only as far as the tree reaches. A pack is looked through for
// objects and deltas of excessive size before it is unpacked. Servers must prove
// who they are: by certificate, or by a key that is known beforehand. Credentials
// stay with the origin they are meant for, also when it redirects, and are never
// part of an error or a log. No address makes a program run. Addresses of paths
// are read with the rights of this process, and so are the alternates and .git
// files of a repository that is opened by path; a mirror has none, since nothing
// that a remote sends is stored outside of packs, references and the list of
// shallow commits.
//
// # What it never does
//
// It never runs the git program or any hook, never reads a working tree or an
// index, never writes to a repository except through [Scratch.Flush],
// [Repository.CreateBranch] and the references of a mirror and of what it pushes
// to, and never takes the edge of a shallow clone for the first commit
// ([ErrShallow]). Repositories that name objects by SHA-256 or keep references in
// a reftable are refused when they are opened.
package git
