// Package revert undoes commits in a tree, without a checkout.
//
// In come a repository's objects, the commit to build on, and the culprits. Out come one revert commit for each culprit,
// newest first, with the message that git revert writes, and what happened to every path; or the conflicts, and no
// commit. Nothing is stored: the commits are in the git.Scratch, for the caller to flush and push.
//
// Per path: where the file is still as the culprit left it, the version before the culprit is put back ("blob"). Where
// it changed since, the lines are merged as Git's default strategy does it, following renames ("text"). Where lines
// conflict in a YAML file, its structure is merged ("structural"). What is left is a conflict, reported with both sides.
// A merge is undone in favour of its first parent, a root commit in favour of the empty tree.
//
// A culprit that changes nothing any more makes no commit. The package asks neither whether a commit should be reverted
// nor whether the result is any good: it reverts reverts, too.
package revert
