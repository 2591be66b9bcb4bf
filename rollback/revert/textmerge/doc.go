// Package textmerge merges two texts that grew out of a third, line by line, as Git's default merge strategy does it.
//
// In come three versions of one file: base, ours and theirs. Out comes the merged text, or the places where both sides
// changed the same lines in different ways, together with a rendering that holds both. Where Git merges cleanly, the
// result is Git's byte for byte; where Git reports a conflict, so does this package, never the other way round.
//
// What makes two line merges differ is not the merge itself but which of many equally short differences it starts from:
// here those of [linediff.Histogram]. Changes that touch or overlap conflict unless they are the same, and conflicts are
// narrowed to the lines in which the sides differ.
//
// The package reads and writes nothing, knows no attributes and no line-ending conversion: lines end after \n, and a
// last line without one differs from the same line with one.
package textmerge
