// Package linediff finds the lines in which two texts differ, as Git finds them.
//
// In come two texts, cut into lines by one [Lines], so that equal lines have
// equal numbers. Out come the [Change]s that turn one into the other, in order.
// There are many ways to tell two texts apart, and what is built on one of them
// (a patch id, a merge) is only Git's if the way is. Git has two:
//
//   - [Myers], which git diff shows: a short script, found by the linear-space
//     method of Myers, with runs of changed lines where their indentation says
//     that people would draw them;
//   - [Histogram], which merges start from: the longest run of common lines
//     around the rarest one, then the same above and below it, and the method of
//     Myers where every common line is frequent; runs are slid down as far as
//     they go.
//
// Both have Git's limits, beyond which a difference is no longer the shortest.
//
// The package reads and writes nothing, never changes a text, and knows no
// encodings, attributes or white space: lines end after \n, and a last line
// without one differs from the same line with one.
package linediff
