// Package treemerge merges two trees that grew out of a third, as Git's default strategy (merge-ort) does it.
//
// In come three trees of a repository: base, ours and theirs. Out comes the merged tree, how each path that had to be
// merged was merged, and what conflicts. Where Git merges cleanly the tree is Git's; where Git reports a conflict, a
// text that structured data explains may still be settled by the function in [Options].
//
// It follows renames with Git's defaults: exact ones first, then files that kept their base name, then the most similar
// of the rest from 50% up, all of it only for files whose place or content the other side needs. A file that would have to move
// because the other side moved its folder is a conflict, as it is in Git (merge.directoryRenames=conflict). Attributes
// (merge drivers, text conversion) and configuration are not looked at. Git since 2.44 counts a last line without
// a newline when it measures how similar two files are; this package does not, like Git before that.
//
// It reads folders that differ and files that both sides changed, writes only merged files and folders, to the Store it
// is given, and never looks at history, references or a working tree.
package treemerge
